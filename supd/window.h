/* SPDX-License-Identifier: MIT */
#ifndef SUPD_WINDOW_H
#define SUPD_WINDOW_H

/*
 * A child that is cloned gets a copy of each of our fds, which is closed again at its exec: with
 * thousands of services, each with a pipe and a mailbox, that is half of what a start takes. So
 * where there are many, the child shares our table of fds at first, and takes a copy of the lowest
 * part of it alone as its own (close_range(2), CLOSE_RANGE_UNSHARE). What it is to be handed is put
 * there before: into fds that were taken at the daemon's start, while low numbers were free, and
 * that lead to /dev/null otherwise.
 */

#include "supd/spawn.h"

#define WINDOW_SIZE 8
/* CLOSE_RANGE_UNSHARE, which C libraries have had later than kernels. */
#define WINDOW_UNSHARE 2U

struct window {
	int fds[WINDOW_SIZE]; /* owned */
	int nothing;          /* owned; what they lead to while nothing is shown */
	int above;            /* all of them are below; 0: there is no window */
	int highest;          /* of all fds that were handed to anybody so far */
};

/* A request as its child is to see it. */
struct window_view {
	struct spawn_request request;
	struct spawn_fd fds[WINDOW_SIZE];
	int from[WINDOW_SIZE]; /* which fd is shown at each place */
	int n;
};

/* Where that can not be, on this kernel or for want of fds, there is none: the child's fds are
 * copied. */
void window_open(struct window *w);
void window_close(struct window *w);

/* Shows what the request hands over, where that pays. False: it does not, or can not be. */
bool window_show(struct window *w, const struct spawn_request *request,
		 struct window_view *ret_view);
/* The child has its own. */
void window_hide(const struct window *w, const struct window_view *view);

#endif
