/* SPDX-License-Identifier: MIT */
#ifndef SUPD_ON_EVENT_H
#define SUPD_ON_EVENT_H

/*
 * Commands that are run at events (core/on_event.h). An event that some section wants waits in that
 * section's queue, as JSON and as settings of the environment, until its turn comes: so many runs
 * at a time, and so many begun in a span. Where too many wait the oldest are dropped and counted.
 *
 * A run is no service's: it is in a session of its own, not in the service's cgroup, and neither
 * holds up an end nor is ended by one. What it does or fails to do is no event, so that nothing
 * feeds back; what it has done by way of supctl may be one, and is bounded by the rate.
 *
 * Nothing is started where an event happens, which may be in the midst of another start, but as
 * soon as the loop has its turn.
 */

#include <signal.h>

#include "supd/daemon.h"

int on_event_open(struct daemon *d); /* after events_open(). 0 or -ENOMEM */
/* What waits or runs has five seconds; the loop runs no more. Before processes_close(). Takes a
 * daemon without. */
void on_event_close(struct daemon *d);

/* run.c: whose change is about to be told; SLOT_NONE: nobody's. Of a child that is about to be
 * forgotten the slot is all that leads to it. */
void on_event_look_at(struct daemon *d, uint32_t slot);

/* ---- for the files of processes.h ---- */

/* A child of ours that is a run, and the leader of its session. */
bool on_event_is_run(const struct daemon *d, pid_t os_pid);
/* It has ended and is a zombie, as waitid() has told. False: it was no run. */
bool on_event_ended(struct daemon *d, const siginfo_t *info);

#endif
