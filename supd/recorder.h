/* SPDX-License-Identifier: MIT */
#ifndef SUPD_RECORDER_H
#define SUPD_RECORDER_H

/*
 * --record: every event that enters the core, with its time and its effects, as core/record.h
 * writes them. Written when the daemon has nothing else to do, at the end at the latest. Where it
 * can not be written any more the recording stops, with a line in the log, and the daemon goes on.
 */

#include "core/event.h"
#include "supd/loop.h"

struct recorder;

/* The file is made anew, for its owner alone. Writes by the loop's timer. 0 or -errno. */
int recorder_open(const char *path, struct loop *loop, struct recorder **ret_recorder);
void recorder_close(struct recorder *recorder); /* takes NULL */

/* Both take NULL: nothing is recorded then. */
void recorder_event(struct recorder *recorder, const struct event *event, struct mono now);
void recorder_effect(struct recorder *recorder, const struct effect *effect);

#endif
