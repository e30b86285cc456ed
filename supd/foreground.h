/* SPDX-License-Identifier: MIT */
#ifndef SUPD_FOREGROUND_H
#define SUPD_FOREGROUND_H

/*
 * The one service that has the daemon's place: `supd -- COMMAND` and PID 1's emergency command. It
 * gets the daemon's own standard input, output and error, and is a process group in the daemon's
 * session, so that the terminal is its own: the foreground process group, where the daemon's was.
 *
 * A terminal stops the command's group (Ctrl-Z) and knows nothing of the daemon. Whoever started
 * that, a shell, waits for it to stop: so the daemon takes the terminal back and stops its own
 * group, and lets the command go on when it is continued itself. Where nobody could continue it (no
 * shell above, the first process) the kernel refuses that stop, and the command goes on at once.
 *
 * The COMMAND is sent every Unix signal that the daemon gets and that can be sent on, as long as it
 * runs: to its main process alone, the rest of its group being that one's own. What it ends by
 * makes the daemon end.
 */

#include <stdbool.h>

#include "supd/daemon.h"
#include "supd/spawn.h"

/* How it is called in the tree. */
#define FOREGROUND_COMMAND "main"
#define FOREGROUND_EMERGENCY "emergency"

/*
 * name's child of the root is the one; before standard input becomes another. `forwards`: as above.
 * 0 or -errno.
 */
int foreground_open(struct daemon *d, const char *name, bool forwards);
void foreground_close(struct daemon *d); /* takes a daemon without */

/* All of these take a daemon without one, and do nothing then. */

/* Watches Unix signals for it; false: it is not sent any. */
bool foreground_watch(struct daemon *d);
/* What its start needs; no other service's is changed. */
void foreground_request(struct daemon *d, const struct spec *spec, struct spawn_request *request);
/* It was started, as that OS process. */
void foreground_started(struct daemon *d, pid_t os_pid);
/* A start of slot has failed. */
void foreground_failed(struct daemon *d, enum start_step step, int error);
/* Some child has stopped or ended: is it this one? */
void foreground_look(struct daemon *d);
/* That OS process has ended. */
void foreground_ended(struct daemon *d, pid_t os_pid);
/* It is the COMMAND behind --. */
bool foreground_is_command(const struct daemon *d, const struct spec *spec);
/* What supd ends with where the root gave up: status, unless the command could not be started. */
int foreground_exit_status(const struct daemon *d, int status);

#endif
