/* SPDX-License-Identifier: MIT */
#ifndef SUPD_PROCESSES_H
#define SUPD_PROCESSES_H

/*
 * Between the files that know services' OS processes: process.c (records, start), process_signal.c
 * (Unix signals), processes.c (all of them), reap.c (ends), sweep.c (what is left elsewhere),
 * notify.c (whose words count).
 *
 * A record belongs to a slot and holds what is known of its present or last incarnation. The life
 * of that: started (os_pid, group); its main process dead and reaped (os_pid 0, group while the
 * group may have members); nothing of it left (EVENT_GONE told).
 *
 * An OS pid, and with it a group's id, is not used again by the kernel while it is that of a child
 * we have not reaped, or of a group with members. So: signals to a main process while os_pid is not
 * 0, to its group only until the main process is reaped, and never again after.
 */

#include <signal.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/map.h"
#include "supd/prepare.h"
#include "supd/probe.h"
#include "supd/process.h"
#include "supd/window.h"
#include "wire/hello.h"

struct process {
	actor_pid pid; /* 0: never started */
	uint32_t slot;
	pid_t os_pid; /* of the main process; 0: there is none, or it has been reaped */
	pid_t group;  /* 0: seen empty, or nobody asks */
	int32_t code; /* of the last end: exit status or Unix signal */
	bool remains; /* a oneshot that has ended well and is up until it is stopped (key remain) */
	bool by_signal, has_ended;
	bool untold;      /* it has ended, and is not said to have: its last words are looked at */
	bool dumped;      /* by_signal, and it has left a core */
	bool stopped;     /* told to stop: gone only where a sweep finds nothing of it */
	bool left;        /* the last sweep has found something of it */
	bool in_cgroup;   /* this incarnation was born in its cgroup */
	bool cgroup_busy; /* something was started in its folder since that was seen empty */
	bool cgroup_idle; /* its folder was seen without a use */
	bool cgroup_killed;   /* it was ended by cgroup.kill: not to be used again */
	bool limited;         /* the limits of its keys are in its cgroup */
	uint8_t not_enforced; /* ... but for these (resources.h) */
	bool shares_session;  /* with us: it leads a group only */
	uint8_t stop_signal, kill_mode, notify_access; /* as its start had them */
	bool has_token;
	uint32_t setup_not_enforced; /* as not_enforced, of its set-up (spawn_setup.h) */
	pid_t leader;                /* the main process's OS pid, kept after its end */
	uid_t uid;                   /* it runs as */
	char *cgroup;        /* owned; the name of its service's folder, while that is there */
	struct mono end_due; /* it has had SIGKILL, or has ended, since; 0: neither */
	uint8_t token[HELLO_TOKEN_SIZE];
	struct directories *directories; /* owned; to be removed; NULL: none (directories.h) */
	struct stream *streams[2]; /* counts of theirs; standard output's and error's (streams.h) */
	struct tty *tty;           /* owned; NULL: it has none of ours (tty.h) */
	struct hooks *hooks;       /* owned; NULL: its spec has none (hooks.h) */
	struct command *commands;  /* owned; beside its main process (command.h) */
	struct probing *probing;   /* owned; NULL: it is asked nothing (probing.h) */
	struct said *said;         /* owned; NULL: no more than that it is ready (said.h) */
	struct list conns;         /* of struct conn: its own and its helpers', while it lives */
	struct list ending;        /* processes.ending, from the main process's end to EVENT_GONE */
};

/* Main processes that have ended lately, for sweeps. */
#define ENDED_MAX 256

struct ended {
	actor_pid pid;
	uint64_t ticks; /* when, as in struct proc_stat */
	pid_t session;  /* 0: none */
};

struct processes {
	struct daemon *daemon;    /* borrowed */
	struct process **by_slot; /* owned, as is what they point to; NULL: never started */
	size_t n_slots;
	size_t n_records;
	size_t n_moved; /* further places in by_os_pid (mainpid.c) */
	struct map by_os_pid;
	struct map by_command; /* struct command by the OS pid of those that run */
	struct list commands;  /* struct command: dead, with a group that is not empty yet */
	struct list ending;
	struct spawner spawner;
	struct window window;
	struct preparation preparation;
	struct probe_pool probes;
	struct caller *caller;                 /* owned; NULL: nobody was called yet */
	char *control_socket;                  /* owned; SUP_SOCKET; NULL: there is none */
	struct remover *remover;               /* owned; NULL: nothing was to be removed yet */
	const struct process_streams *streams; /* borrowed; NULL: none are at hand */
	bool unrecorded;                       /* told that the run table has no room */
	int null_fd;
	int signal_fd;
	struct loop_fd signal_watcher;
	struct loop_timer more; /* a look at all children that is still to come */
	bool more_due;
	struct loop_timer recheck; /* of what is ending and tells us nothing */
	struct span recheck_after;
	struct loop_timer sweep; /* of what crashed services have left */
	struct span sweep_after;
	bool sweep_due;
	struct ended ended[ENDED_MAX]; /* a ring */
	size_t next_ended;
	size_t swept_ended; /* next_ended at the last sweep */
	pid_t *strangers;   /* owned; children that we had before the first start */
	size_t n_strangers;
};

/* ---- process.c ---- */

struct process *process_find(const struct daemon *d, uint32_t slot); /* NULL: never started */
/* What others keep of p ends; what they hold of its commands is not used any more. */
void process_let_go(struct process *p);
void process_free(struct process *p); /* takes NULL */
/* Of that incarnation, where nothing newer has taken its record; else NULL. */
struct process *process_of(const struct daemon *d, actor_pid pid);
/*
 * From a service's spec to processes.preparation.request, for its main process or a command. The
 * caller has set what is its own in what: pid, args, token, mailbox_fd, and of a command argv,
 * variables and main_os_pid. As prepare().
 */
int process_prepare(struct daemon *d, const struct child_view *v, struct prepare_what *what,
		    enum start_step *ret_step);
/* Of no service's own: path and exec are set too, notify_socket where it is to have one. */
int process_prepare_beside(struct daemon *d, struct prepare_what *what, enum start_step *ret_step);
/* As spawn(), of that request: into the cgroup of v's service, where it has one. */
int process_spawn(struct daemon *d, struct process *p, const struct child_view *v,
		  pid_t *ret_os_pid, struct spawn_failure *ret_failure);
/* FX_START, from where start_pre has succeeded. */
void process_launch(struct daemon *d, uint32_t slot, actor_pid pid);
/* ... and the log keeper looks for the line that it waits for (ready = log:). */
void process_launch_watched(struct daemon *d, actor_pid pid);
/* A condition of its start does not hold: as if it had said ignore (SEMANTICS 94). */
void process_pass_over(struct daemon *d, actor_pid pid, const char *unmet);
/* The stop signal and SIGCONT, by kill_mode; its main process runs. */
void process_signal_stop(struct daemon *d, struct process *p);
/* Nothing of p's incarnation is left: tells. p may be started anew or freed meanwhile. */
void process_gone(struct processes *ps, struct process *p);

/* ---- process_directories.c ---- */

/* Makes what v's service asks for, if anything. 0, or -errno with preparation.object. */
int process_make_directories(struct daemon *d, struct process *p, const struct child_view *v,
			     enum start_step *ret_step);
/* p's incarnation has ended, or has not begun: removes what is not to outlive a restart. */
void process_end_directories(struct processes *ps, struct process *p);
/* Another incarnation of its service has made them too, and sees to them from now on. */
void process_pass_directories(struct process *p);
/* p is forgotten, or its service is down for good: removes what is not to be kept. */
void process_drop_directories(struct processes *ps, struct process *p);

/* ---- reap.c ---- */

/* Watches SIGCHLD. 0 or -errno. */
int reap_open(struct processes *ps);
void reap_close(struct processes *ps);
/* A child has ended, as waitid() has told without reaping it; or a main process of another parent.
 */
void reap_one(struct processes *ps, const siginfo_t *info);
/* Looks again at what is ending, after a while. */
/* What remains of p is to be no more: its end is told. */
void reap_remains(struct processes *ps, struct process *p);
void reap_recheck_later(struct processes *ps);

/* Tells of every service of which nothing is left by now. */
void reap_settle(struct processes *ps);

/* ---- sweep.c ---- */

void sweep_open(struct processes *ps);
void sweep_close(struct processes *ps);
/*
 * Kills what ended incarnations have left among our own children, and marks those in ps->ending of
 * which it has found something. True where it has found anything: a SIGCHLD will tell of its end.
 */
bool sweep_now(struct processes *ps);
/* True where another sweep, soon, will serve p, which was told to stop and has ended. */
bool sweep_can_wait(const struct processes *ps, const struct process *p);
/* A sweep in a moment, one for all who ask. */
void sweep_later(struct processes *ps);
/* p's main process, and so the leader of that session, has ended. */
void sweep_note_end(struct processes *ps, const struct process *p, pid_t session);
void sweep_forget_stranger(struct processes *ps, pid_t os_pid); /* it has been reaped */
/* Every child that there is but strangers: kills them until none is left, or time is up. */
void sweep_everything(struct processes *ps);

#endif
