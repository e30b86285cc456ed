/* SPDX-License-Identifier: MIT */
#ifndef SUPD_PROCESS_H
#define SUPD_PROCESS_H

/*
 * Services' OS processes, by slot: run.c's hands (FX_START, FX_STOP, FX_KILL, FX_FORGET) on one
 * side, the kernel on the other. What happens to them becomes events through daemon_step(); inside
 * an effect, where that is not re-entered, daemon_step() queues them.
 *
 * In main, after the loop and its Unix signals are there and before EVENT_BOOT: limits_raise(),
 * run_table_open(), run_table_end_predecessors(), notify_open(), processes_open(). At the end:
 * processes_close(), notify_close(), run_table_close().
 */

#include "supd/daemon.h"

/*
 * Becomes a child subreaper, watches SIGCHLD, puts /dev/null on standard input and wherever
 * standard output or error is closed. 0 or -errno.
 */
int processes_open(struct daemon *d);
/* Ends whatever still descends from us and waits for it, for a few seconds at most; takes NULL. */
void processes_close(struct daemon *d);

/*
 * What the process of that spec, which is about to be started, is given as its standard input,
 * output and error, where they are not -1. Borrowed, until it is taken back by NULL.
 */
struct process_streams {
	const struct spec *spec; /* borrowed */
	int fd[3];
	uint32_t spawner; /* whose log its own output goes to; SLOT_NONE: a guest's */
};
void process_hand(struct daemon *d, const struct process_streams *streams);

/* FX_START: leads to EVENT_STARTED, EVENT_START_FAILED or EVENT_SHORTAGE before it returns; with
 * hooks, later. */
void process_start(struct daemon *d, uint32_t slot, actor_pid pid);
/* The service has said that it is ready, or was found to be: in its time this becomes EVENT_READY.
 */
void process_ready(struct daemon *d, actor_pid pid);
/* A start of it is under way, and no main process runs yet, or its failure is not told yet. */
bool process_is_starting(const struct daemon *d, uint32_t slot);
/* FX_STOP: stop signal and SIGCONT, by kill_mode; after stop_command. */
void process_stop(struct daemon *d, uint32_t slot);
void process_kill(struct daemon *d, uint32_t slot);    /* FX_KILL */
void process_noticed(struct daemon *d, uint32_t slot); /* FX_NOTICE: its state may be another */
void process_forget(struct daemon *d, uint32_t slot); /* FX_FORGET; nothing of it is left by then */

#endif
