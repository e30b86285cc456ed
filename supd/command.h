/* SPDX-License-Identifier: MIT */
#ifndef SUPD_COMMAND_H
#define SUPD_COMMAND_H

/*
 * A command beside a service's main process: a hook, a probe. It is a process of its own, in a
 * session and group of its own, with all that the service's set-up gives the main process (user,
 * groups, environment, working directory, limits, output), but for:
 *   - the mailbox, its token, SUP_OS_PID; NOTIFY_SOCKET unless notify_access = group
 *   - MAINPID is the main process's OS pid, where there is one
 *
 * When it ends, SIGKILL goes to what is left of its group; what it has moved into other sessions
 * ends with the service (sweep.c). When its time is up it gets SIGTERM, and SIGKILL when the grace
 * is over too, as systemd has it; without a grace, SIGKILL at once.
 *
 * When the service's main process ends, its commands are killed, but for those that are to stay.
 * Nothing of a service is told to be gone before its commands are.
 */

#include "supd/processes.h"

struct command; /* one that runs; a pointer to it is good until its end is told, or cancelled */

struct command_end {
	int32_t code; /* exit status or Unix signal */
	bool by_signal;
	bool timed_out;
};

struct command_what {
	uint32_t slot; /* of a service that was started at least once */
	char *const *argv;
	char *const *variables; /* further NAME=VALUE; NULL: none */
	struct span timeout;    /* SPAN_INFINITY: none */
	struct span grace;
	bool stays; /* the main process's end does not end it */
	/* Told once, never before command_start() has returned. */
	void (*call)(void *owner, const struct command_end *end);
	void *owner; /* borrowed */
};

/*
 * All of what is borrowed for the call. 0, or -errno with *ret_step: nothing runs, and
 * command_object() says what that was about.
 */
int command_start(struct daemon *d, const struct command_what *what, struct command **ret_command,
		  enum start_step *ret_step);
/* Of the last start that failed: "/srv/check (it is not executable)"; "". Borrowed. */
const char *command_object(const struct daemon *d);

/* SIGTERM and SIGCONT to its group, once; its end is told as ever. */
void command_stop(struct command *c);
void command_abandon(struct command *c); /* the same, and its end is not told any more */
void command_kill(struct command *c);    /* SIGKILL to its group; its end is told as ever */
/* SIGKILL to its group; its end is not told any more. Takes NULL. */
void command_cancel(struct command *c);

/* "exit:3", "signal:TERM", "timeout"; returns buf. */
char *command_end_text(const struct command_end *end, char buf[32]);

/* ---- for the files of processes.h ---- */

/* p's main process has ended: kills its commands but those that stay; with all, those too. */
void command_kill_all(const struct process *p, bool all);
struct command *command_find(const struct processes *ps, pid_t os_pid); /* NULL: no command */
struct process *command_process(const struct command *c);               /* whose it is */
/* It has ended and is a zombie, as waitid() has told. */
void command_ended(struct processes *ps, struct command *c, const siginfo_t *info);
/* Forgets those whose groups have become empty. */
void commands_settle(struct processes *ps);
/* All of our children have been reaped by somebody else: no more Unix signals. */
void commands_forget(struct processes *ps);
void commands_fini(struct processes *ps);

#endif
