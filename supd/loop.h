/* SPDX-License-Identifier: MIT */
#ifndef SUPD_LOOP_H
#define SUPD_LOOP_H

/*
 * The event loop: all of libev stays behind this header. Watchers live in their owner's memory
 * (each has room enough for libev's own) and call back with the owner's pointer. A watcher must be
 * stopped before its memory goes; stopping one that does not run does nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct loop;

/* libev's largest; each service has one. */
#define LOOP_WATCHER_SIZE 48

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop_fd {
	_Alignas(16) unsigned char opaque[LOOP_WATCHER_SIZE];
	void (*call)(void *owner, int fd, int events);
	void *owner; /* borrowed */
};

/* Called at the end of each turn, when all that has happened was dealt with. */
struct loop_turn {
	_Alignas(16) unsigned char opaque[LOOP_WATCHER_SIZE];
	void (*call)(void *owner);
	void *owner; /* borrowed */
};

struct loop_timer {
	_Alignas(16) unsigned char opaque[LOOP_WATCHER_SIZE];
	void (*call)(void *owner);
	void *owner; /* borrowed */
};

struct loop_signal {
	_Alignas(16) unsigned char opaque[LOOP_WATCHER_SIZE];
	void (*call)(void *owner, int unix_signal);
	void *owner; /* borrowed */
};

int loop_new(struct loop **ret_loop); /* 0, -ENOMEM or the errno of epoll */
void loop_free(struct loop *loop);
void loop_run(struct loop *loop); /* until loop_stop() */
void loop_stop(struct loop *loop);
struct mono loop_now(void); /* CLOCK_MONOTONIC, read afresh */

void loop_fd_start(struct loop *loop, struct loop_fd *w, int fd, int events);
/* The same; it comes before all others that are due in a turn. */
void loop_fd_start_first(struct loop *loop, struct loop_fd *w, int fd, int events);
void loop_fd_change(struct loop *loop, struct loop_fd *w, int events);
void loop_fd_stop(struct loop *loop, struct loop_fd *w);
/* Stops it for good and closes its fd, which nobody else watches: see loop.c. */
void loop_fd_close(struct loop *loop, struct loop_fd *w, int fd);
void loop_fd_end(struct loop *loop, struct loop_fd *w, int fd); /* the same, but for the close */
/* Once, at that time; a running timer is moved. MONO_NEVER stops it. */
void loop_timer_start(struct loop *loop, struct loop_timer *w, struct mono at);
void loop_timer_stop(struct loop *loop, struct loop_timer *w);
void loop_turn_start(struct loop *loop, struct loop_turn *w);
void loop_turn_stop(struct loop *loop, struct loop_turn *w);
void loop_signal_start(struct loop *loop, struct loop_signal *w, int unix_signal);
void loop_signal_stop(struct loop *loop, struct loop_signal *w);

#endif
