/* SPDX-License-Identifier: MIT */
#ifndef SUPD_SPAWN_H
#define SUPD_SPAWN_H

/*
 * Starting one OS process: everything it needs in, its OS pid or an errno and the step that failed
 * out. Nothing here knows of services.
 *
 * The child is a vfork-style clone on a stack of its own: it shares our memory, and we stand still,
 * until it has executed the program or ended. So what failed in it comes back through memory, and
 * between clone and exec it does nothing but bounded system calls: whatever allocates, reads files
 * or looks up names was done by the caller. All Unix signals are blocked meanwhile.
 *
 * The steps in the child, in order: its cgroup, Unix signals to their defaults, a session of its
 * own (or a process group in ours, with our terminal), umask, groups and user, working directory,
 * standard input, output and error, the fds that it is handed, limits, an empty signal mask,
 * execve. Every fd but 0, 1, 2 and those handed is close-on-exec from birth; that is the whole
 * daemon's rule.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "core/reason.h"

/*
 * Who was started and when, in CLOCK_BOOTTIME: before the clone, and in the child's first moments.
 * The child itself notes its OS pid, last, so that a record in shared memory is right even where
 * the daemon is killed before the clone returns.
 */
struct spawn_stamp {
	int64_t earliest_ns;
	int64_t latest_ns;
	int32_t os_pid; /* 0: nobody */
};

/* Where standard output or error goes. */
enum spawn_output {
	SPAWN_AS_IT_IS, /* ours */
	SPAWN_TO_FD,
	SPAWN_TO_FILE,
	SPAWN_TO_STDOUT, /* standard error: where standard output goes */
};

struct spawn_stream {
	enum spawn_output kind;
	int fd;           /* borrowed */
	const char *path; /* borrowed; opened as the service's user, at its end; a regular file */
};

/*
 * One of ours that the process gets at a number of its own. Numbers are 3 or more, here and there,
 * and no two of a request's have the same one there; one of ours may be in several places.
 */
struct spawn_fd {
	int fd;               /* borrowed */
	int target;           /* its number there */
	int at;               /* where the child has it meanwhile */
	enum start_step step; /* what has failed where this fails */
};

/* SUP_OS_PID, and those of other protocols: LISTEN_PID, WATCHDOG_PID. */
#define SPAWN_OS_PID_TEXTS 3

struct spawn_identity {
	bool set_groups, set_gid, set_uid;
	bool for_user; /* groups and gid come with the user: so does a refusal of them */
	gid_t *groups; /* borrowed */
	size_t n_groups;
	gid_t gid;
	uid_t uid;
};

struct spawn_setup; /* spawn_setup.h */
struct window;

/* All pointers are borrowed for the call. */
struct spawn_request {
	char *const
		*programs; /* what to execute: the first of them that there is; ends with NULL */
	char *const *argv;
	char *const *envp;
	/* in envp: rooms for 11 bytes where the child writes its OS pid; NULL: no more */
	char *os_pid_texts[SPAWN_OS_PID_TEXTS];
	const char *directory; /* NULL: ours */
	int umask;             /* -1: ours */
	struct spawn_identity identity;
	bool shares_session; /* a process group of its own in our session, not a session */
	int terminal;        /* ... to which this terminal is given; 0: none */
	int stdin_fd;        /* -1: ours */
	struct spawn_stream output, error;
	struct spawn_fd *fds; /* in any order */
	size_t n_fds;
	const struct rlimit *nofile, *nproc; /* NULL: ours */
	const struct spawn_setup *setup;     /* NULL: nothing beyond all this */
	struct spawn_stamp *stamp;           /* NULL: not wanted */
	int cgroup_fd; /* a folder of cgroup v2 that it is born in; may be O_PATH; 0: ours */
};

struct spawn_failure {
	enum start_step step;
	int error;           /* the errno, positive */
	int which;           /* of a set-up: the enum exec_limit_kind; the capability, -1: none */
	const char *program; /* borrowed from the request: STEP_EXEC: the one that was there */
};

struct spawner {
	void *stack; /* owned; a guard page, then stack */
	size_t stack_size;
	bool looked;           /* reset is known */
	uint64_t resets;       /* bit N - 1: Unix signal N is not at its default here */
	bool moves;            /* the kernel has no CLONE_INTO_CGROUP: children move themselves */
	struct window *window; /* borrowed; NULL: each child gets a copy of all fds (window.h) */
};

/* 0 or -errno. */
int spawner_init(struct spawner *spawner);
void spawner_fini(struct spawner *spawner);

/* Finds out whether children can be born into that cgroup. */
void spawner_try(struct spawner *spawner, int cgroup_fd);

/* 0, or -errno with *ret_failure; a child that failed has been reaped. The daemon's handlers of
 * Unix signals are in place before the first call. */
int spawn(struct spawner *spawner, const struct spawn_request *request, pid_t *ret_os_pid,
	  struct spawn_failure *ret_failure);

/* Such an errno is the daemon's or the host's shortage, not the service's failure. */
bool spawn_is_shortage(int error);

#endif
