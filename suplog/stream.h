/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_STREAM_H
#define SUPLOG_STREAM_H

/* One stream: made, changed, ended. */

#include "suplog/keeper.h"

/* Takes settings and pipe over, also on failure; NULL: no memory. */
struct stream *stream_new(uint32_t number, struct settings *settings, int pipe,
			  const struct place_root *root);
void stream_free(struct stream *s);

/* Goes on where the record says that a predecessor was. */
void stream_restore(struct stream *s, const struct record_slot *slot);
/* The settings that wait for it become its own. The hand's. */
void stream_adopt(struct keeper *k, struct stream *s);

/* Some of its pipe is about to be taken out; all that was to be is, and counted in taken: supd is
 * to know (logs/keeper.h). */
void stream_taking(struct keeper *k, const struct stream *s);
void stream_took(struct keeper *k, const struct stream *s);

/* What of its pipe is not taken yet, be it on its way to where it is dropped. */
uint64_t stream_waiting(const struct keeper *k, const struct stream *s);

/* The keeper ends: all that is in the pipe now is to be written. */
void stream_finish(struct keeper *k, struct stream *s, struct mono now);

/* It has a file to write. */
static inline bool stream_has_file(const struct stream *s)
{
	return s->place.file != NULL && s->place.root->path != NULL;
}

/* Notes the last lines of what came, for a report. */
void stream_note_tail(struct stream *s, const char *data, size_t size);
/* The last lines of the tail: where they begin in it. */
size_t stream_tail_from(const char *tail, size_t size, size_t lines);

/* The number of ends of lines in data. */
uint64_t count_lines(const char *data, size_t size);

#endif
