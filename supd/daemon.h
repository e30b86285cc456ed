/* SPDX-License-Identifier: MIT */
#ifndef SUPD_DAEMON_H
#define SUPD_DAEMON_H

/*
 * The daemon's state, and the one way into the core: daemon_step(). Whatever happens in the world
 * is turned into an event by the file that owns that part of the world, goes through daemon_step(),
 * and the effects are carried out by run.c before it returns to the loop. Effects that lead to
 * events at once (a start that fails, say) queue them: daemon_step() is not re-entered.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "core/core.h"
#include "supd/limits.h"
#include "supd/loop.h"
#include "supd/options.h"
#include "supd/settings.h"

struct cgroups;    /* cgroups.c: a cgroup for each service */
struct control;    /* control.c: the control socket, its guests, their requests */
struct processes;  /* process.c: services' OS processes */
struct events;     /* events.c: what has happened */
struct on_events;  /* on_event.c: commands that are run at events */
struct listen;     /* listen.c: sockets that are held for services */
struct notify;     /* notify.c: the notify socket */
struct recorder;   /* recorder.c: --record */
struct reports;    /* reports.c: of crashes */
struct schedule;   /* schedule.c: runs at their time */
struct run;        /* run.c: events that wait, the core's timer */
struct foreground; /* foreground.c: the service that has our terminal */
struct keeper;     /* keeper.c: the log keeper, and the streams that it reads */
struct run_table;  /* run_table.c: what runs, for the daemon after us */

struct daemon {
	struct loop *loop;             /* owned */
	struct core *core;             /* owned */
	struct config *config;         /* borrowed; settings of [supd] */
	const struct options *options; /* borrowed */
	struct control *control;       /* owned */
	struct notify *notify;         /* owned */
	struct events *events;         /* owned */
	struct on_events *on_event;    /* owned */
	struct listen *listen;         /* owned; NULL until there is one */
	struct recorder *recorder;     /* owned; NULL: not recording */
	struct reports *reports;       /* owned; NULL: none */
	struct run_table *run_table;   /* owned; NULL: none */
	struct processes *processes;   /* owned */
	struct cgroups *cgroups;       /* owned; NULL: services have none */
	struct schedule *schedule;     /* owned; NULL until there is one */
	struct run *run;               /* owned */
	struct limits limits;
	struct foreground *foreground; /* owned; NULL: none */
	struct keeper *keeper;         /* owned; NULL: no logs are kept */
	struct loop_signal signals[6]; /* signals.c's */
	struct mono told_to_end;       /* when a Unix signal last said so */
	bool has_terminal;             /* it was started from one, and had it then */
	char *run_dir;                 /* owned; absolute; NULL: none, and no control socket */
	bool made_run_dir;             /* ... by us */
	char *supctl;                  /* owned; see daemon_supctl(); NULL: the usual */
	struct mono started;
	enum settings_source source;
	bool again;      /* ... the daemon is to be opened anew, with what its file says now */
	int exit_status; /* of supd, once halted */
	bool halted;
};

/* How supctl is called for this daemon, as one would type it; borrowed. */
static inline const char *daemon_supctl(const struct daemon *d)
{
	return d->supctl ? d->supctl : "supctl";
}

/* Steps the core with event at the present time, then carries out every effect (run.c). */
void daemon_step(struct daemon *d, const struct event *event);

/* run.c, for daemon.c: the first step, whose failure is told; and what run.c keeps. 0 or -ENOMEM.
 */
int daemon_boot(struct daemon *d, const struct event *boot);
int run_open(struct daemon *d);
void run_close(struct daemon *d); /* takes a daemon without */

/* What run.c calls in control.c, for each FX_REPLY and FX_FORGET, in order. */
void control_on_reply(struct control *control, const struct reply *reply);
void control_on_forget(struct control *control, uint32_t slot);

/* ... and for FX_JOINED, FX_FRAMES and FX_DROP. */
void control_on_joined(struct control *control, uint64_t source, actor_pid pid);
void control_on_frames(struct control *control, uint64_t source, const void *data, size_t size);
void control_on_drop(struct control *control, uint64_t source, const char *text, bool ended);
/* The core needs a payload in a memfd no more. */
void control_release(struct control *control, uint32_t memfd);

/* control.c: listens on run_dir/control. 0 or -errno. */
int control_open(struct daemon *d, struct control **ret_control);
void control_close(struct control *control); /* takes NULL; removes the socket */

/* What control.c asks of process.c. */
pid_t process_os_pid(const struct daemon *d, uint32_t slot); /* 0: no process */
/* A Unix signal to the main OS process, or with `all` to its whole group. 0, -ESRCH, -EINVAL. */
int process_signal(struct daemon *d, uint32_t slot, int unix_signal, bool all);
/* The hook that is under way: "start_pre", "start_post", "stop_command", "stop_post", "reload";
 * NULL: none. Static. */
const char *process_activity(const struct daemon *d, uint32_t slot);
/* "cgroup", "session" or "ancestry": what tells which processes belong to it; static. */
const char *process_containment(const struct daemon *d, uint32_t slot);
/* The exit status of the last incarnation as waitid gave it: "0", "3", "SIGTERM"; "" where none. */
const char *process_exit_text(const struct daemon *d, uint32_t slot, char buf[24]);

#endif
