/* SPDX-License-Identifier: MIT */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

/*
 * Events and effects as text, one line each, for recordings, replays and failing simulations.
 * A recording is a sequence of lines:
 *   ev TIME KIND key=value ...       an event (TIME: nanoseconds)
 *   spec DEPTH TYPE NAME key=value   follows an event with a spec: the tree, a line a spec, in
 * order fx KIND key=value ...            an effect that it had Values are percent-encoded. The
 * execution part of a spec (struct exec) decides nothing and is left out.
 */

#include "base/buf.h"
#include "core/event.h"

struct core;

/* Append the lines of an event (with its specs), of an effect. The buffer's error is sticky. */
void record_event(struct buf *out, const struct event *event, struct mono now);
void record_effect(struct buf *out, const struct effect *effect);

/*
 * Reads one event from text, advancing *cursor over its lines; "fx" lines before it are skipped.
 * 0 with what the event points to owned by *ret_event until record_event_fini(); 1 at the end of
 * the text; -EINVAL for a damaged line; -ENOMEM.
 */
struct recorded {
	struct event event;
	struct mono at;
	struct buf storage;
	char **args;
};
int record_parse(const char **cursor, struct recorded *ret_event);
void record_event_fini(struct recorded *event);

/*
 * Plays a recording through a new core; appends the whole of it again (events and effects) to out:
 * the same text where the core decides the same. 0, -EINVAL, -ENOMEM.
 */
int record_replay(const char *text, struct buf *out);

#endif
