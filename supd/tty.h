/* SPDX-License-Identifier: MIT */
#ifndef SUPD_TTY_H
#define SUPD_TTY_H

/*
 * A pseudo-terminal as a service's standard input, output and error (key tty): programs that look
 * whether they write to a terminal do so line by line. What comes out of it is passed on to where
 * the service's standard output goes. Nothing waits: where that place is full no more is read, and
 * the service waits as it would before a full pipe. What the service has written before its end is
 * passed on after it, as far as there is room before its next start.
 */

#include "supd/processes.h"

struct tty;

/*
 * Where v's service asks for one: opens it, and has preparation.request use it. 0, or -errno with
 * *ret_step and preparation.object.
 */
int tty_open(struct daemon *d, struct process *p, const struct child_view *v,
	     enum start_step *ret_step);
/* Its process was started, or was not. */
void tty_started(struct process *p, bool good);
/* Nothing of p's incarnation is left to write to it. */
void tty_end(struct process *p);
void tty_free(struct tty *tty); /* takes NULL */

#endif
