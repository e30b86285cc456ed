/* SPDX-License-Identifier: MIT */
#ifndef SUPD_HOOKS_H
#define SUPD_HOOKS_H

/*
 * A service's hooks (core/exec_hooks.h) at their moments:
 *
 *   start_if        FX_START, before all else; without success the start is passed over
 *   start_pre       FX_START; the main process is started when it has succeeded. While it runs the
 *                   core believes that the start is under way, which it is.
 *   start_post      the service is ready by its own means; EVENT_READY is told when that has
 *                   succeeded
 *   stop_command    FX_STOP, of what was ready; the stop signal follows it, where the main process
 *                   still runs
 *   stop_post       the main process has ended or a start has failed, and nothing of it is left;
 *                   EVENT_GONE or EVENT_START_FAILED is told when that is over
 *   reload_command  a request (request_reload.c)
 *
 * One hook of a service is under way at a time: a stop ends start_pre by SIGTERM, which is told as
 * its end; start_post and reload_command it gives up.
 *
 * All take a p that has none; only process.c makes the record, for a spec that has hooks.
 */

#include "supd/processes.h"

struct hooks;
struct reply;

/* 0 or -ENOMEM. Whatever was known of an incarnation other than p->pid is forgotten. */
int hooks_begin(struct daemon *d, struct process *p);
void hooks_free(struct process *p);

/* True: start_pre is run first, or has failed; process_launch() is called, or the failure told. */
bool hooks_start(struct process *p);
/* The main process runs: EVENT_STARTED was told. */
void hooks_started(struct process *p);
/* The start has failed. True: it is told when stop_post is over. */
bool hooks_start_failed(struct process *p, const struct reason *reason);
/* It is ready by its own means, as something from outside has told. True: no EVENT_READY yet. */
bool hooks_ready(struct process *p);
/* True: no Unix signal is sent now. */
bool hooks_stop(struct process *p);
/* SIGKILL goes to all of it: no row of commands goes on. */
void hooks_kill(struct process *p);
/* Nothing of it is left. True: not yet to be told, or told already (a start that has failed). */
bool hooks_hold_end(struct process *p);
bool hooks_tell_end(struct process *p);

/* Its start has not come to a main process yet, or its failure is not told yet. */
bool hooks_are_starting(const struct process *p);
/* The hook that is under way, NULL: none. */
const char *hooks_activity(const struct process *p);

/*
 * Runs its reload_command, or sends its reload_signal; it has one of them, and no hook is under
 * way. The end of that is told as a reply to the request of that id, here or later.
 */
void hooks_reload(struct process *p, uint64_t id);

#endif
