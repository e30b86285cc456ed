/* SPDX-License-Identifier: MIT */
#ifndef SUPD_PREPARE_H
#define SUPD_PREPARE_H

/*
 * From a service's struct exec to a struct spawn_request: all that needs memory, files or names is
 * done here, before the clone. The memory is the daemon's and used for every start; what is kept
 * for each service is its spec and no more.
 *
 * The environment, each going before the ones above it:
 *   1. what pass_environment names of the daemon's own (PATH LANG TZ)
 *   2. HOME, USER, LOGNAME, SHELL of the service's user; a daemon's own only where 1. has none
 *   3. environment_file, in order
 *   4. environment
 *   5. SUP_NAME, SUP_PID, SUP_SOCKET, SUP_OS_PID; NOTIFY_SOCKET unless notify_access = none; SUP_FD
 *      and SUP_TOKEN where it has a mailbox; RUNTIME_DIRECTORY and its like (directories.h)
 *      LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES where it has sockets
 *      a command beside the main process: no SUP_OS_PID, NOTIFY_SOCKET with notify_access = group
 *      only, MAINPID, and what variables has
 */

#include "base/pid.h"
#include "supd/handed.h"
#include "supd/identity.h"
#include "supd/spawn_setup.h"
#include "supd/texts.h"

/* Who is to be started. All is borrowed for the call. */
struct prepare_what {
	const char *path; /* "web/api" */
	bool unnamed;     /* that is no name of its own: no SUP_NAME */
	actor_pid pid;    /* ACTOR_PID_NONE: it is nobody's */
	const struct exec *exec;
	char *const *args; /* further arguments; NULL */
	/* Of a command beside the main process; argv is NULL for that one itself. */
	char *const *argv;
	char *const *variables;     /* further NAME=VALUE; NULL */
	pid_t main_os_pid;          /* 0: there is none */
	const char *control_socket; /* NULL: there is none */
	const char *notify_socket;  /* NULL: none */
	char *const *environment;   /* the daemon's own */
	const char *token;          /* NULL: it has no mailbox */
	int mailbox_fd;             /* where it has one */
	int null_fd;
};

struct preparation {
	struct spawn_request request; /* what prepare() makes; borrows from the rest */
	struct identity identity;
	struct texts environment, argv, programs;
	struct handed handed;
	struct spawn_setup setup;            /* where the service has any */
	uint32_t setup_not_enforced;         /* of the last start (spawn_setup.h) */
	struct buf directory, output, error; /* paths, expanded */
	struct buf chroot, input;            /* likewise */
	struct buf file;                     /* an environment file */
	struct buf object;                   /* what a failure was about */
};

void preparation_fini(struct preparation *p);
/*
 * Fills p->request, but for its limits and stamp; it holds until the next call. What the process
 * gets of fds is in p->handed by then, but for its mailbox, which goes to the first free number.
 * 0, or -errno with *ret_step, and p->object for a failure that is not a shortage.
 */
int prepare(struct preparation *p, const struct prepare_what *what, enum start_step *ret_step);
/* What a failed spawn() of p->request was about, with what is wrong with it; "": nothing to tell.
 */
const char *prepare_explain(struct preparation *p, const struct spawn_failure *failure);

/* environment_file.c: adds its settings. 0, -errno; -EINVAL with *ret_line. */
int environment_file_read(const char *path, struct buf *file, struct texts *environment,
			  unsigned *ret_line);

#endif
