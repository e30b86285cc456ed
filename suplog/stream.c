/* SPDX-License-Identifier: MIT */

/*
 * Streams. The tail is what a crash report shows: only as many lines as that may ask for are kept,
 * so that ten thousand quiet services cost little.
 */

#include "suplog/stream.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "logs/keeper.h"
#include "suplog/watch.h"

/* Of a pipe that nobody has changed. */
#define PIPE_SIZE_COMMON ((size_t)65536)

/* The formatter for the settings; what it knows of the line at hand stays. */
static void set_format(struct stream *s)
{
	const struct settings *is = s->settings;

	s->format.kind = is->format;
	s->format.name = is->name;
	s->format.line_max = is->line_max;
	s->shown.name = is->name;
	rate_init(&s->rate, is->rate, is->rate_span);
}

struct stream *stream_new(uint32_t number, struct settings *settings, int pipe,
			  const struct place_root *root)
{
	struct stream *s = calloc(1, sizeof(*s));
	int size = fcntl(pipe, F_GETPIPE_SZ);

	if (!s) {
		settings_free(settings);
		close(pipe);
		return NULL;
	}
	s->number = number;
	s->settings = settings;
	s->pipe = pipe;
	s->pipe_size = size > 0 ? (size_t)size : PIPE_SIZE_COMMON;
	/* As a keeper before has left it. */
	s->grown = s->pipe_size > PIPE_SIZE_COMMON ? s->pipe_size - PIPE_SIZE_COMMON : 0;
	s->place = (struct place){.root = root, .fd = -1};
	s->tail = BUF_INIT;
	s->partial_since = MONO_NEVER;
	s->told_at = (struct mono){0};
	list_init(&s->busy);
	list_init(&s->marks);
	if (settings->file && place_init(&s->place, root, settings->file) < 0) {
		stream_free(s);
		return NULL;
	}
	set_format(s);
	return s;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	LIST_EACH (node, &s->marks)
		free(LIST_ENTRY(node, struct mark, link));
	watch_end(&s->watch);
	list_unlink(&s->busy);
	place_fini(&s->place);
	buf_fini(&s->tail);
	settings_free(s->settings);
	settings_free(s->next);
	close(s->pipe);
	free(s);
}

/* What is still to come to an end when its process does. */
static bool is_open(const struct stream *s)
{
	const struct format_state *state = &s->format.state;

	return s->settings->format != FORMAT_RAW && (state->open || state->split || state->fill);
}

void stream_taking(struct keeper *k, const struct stream *s)
{
	if (!s->detached)
		record_taking(&k->record, s->number);
}

void stream_took(struct keeper *k, const struct stream *s)
{
	if (!s->detached)
		record_taken(&k->record, s->number, s->taken, is_open(s));
}

void stream_restore(struct stream *s, const struct record_slot *slot)
{
	s->taken = slot->progress.word >> 1;
	s->format.state = slot->state;
	s->recovered = slot->ino == 0;
}

/* A line that is open when the format changes is left as it is: the next begins anew. */
void stream_adopt(struct keeper *k, struct stream *s)
{
	struct settings *before = s->settings;
	const char *file = s->next->file;

	if (!file != !before->file || (file && strcmp(file, before->file) != 0)) {
		place_fini(&s->place);
		if (!file || place_init(&s->place, &k->root, file) < 0)
			s->place = (struct place){.root = &k->root, .fd = -1};
		s->recovered = true;
	}
	s->reformatted |= s->next->format != before->format;
	s->settings = TAKE(s->next);
	set_format(s);
	settings_free(before);
}

uint64_t stream_waiting(const struct keeper *k, const struct stream *s)
{
	int waiting = 0;

	ioctl(s->pipe, FIONREAD, &waiting);
	return (uint64_t)waiting + (k->calling == s ? k->held : 0);
}

void stream_finish(struct keeper *k, struct stream *s, struct mono now)
{
	struct mark *mark = calloc(1, sizeof(*mark));

	s->last = true;
	if (!mark)
		return;
	mark->told = true;
	mark->target = s->taken + stream_waiting(k, s);
	list_append(&s->marks, &mark->link);
	hand_look_at(k, s, now);
}

uint64_t count_lines(const char *data, size_t size)
{
	const char *end = data + size;
	uint64_t n = 0;

	while ((data = memchr(data, '\n', (size_t)(end - data)))) {
		n++;
		data++;
	}
	return n;
}

/* Where the last `lines` lines of data begin; the last may be without its end. */
static size_t last_lines(const char *data, size_t size, size_t lines)
{
	size_t at = size;

	if (at > 0 && data[at - 1] == '\n')
		at--;
	while (at > 0 && lines > 0) {
		const char *end = memrchr(data, '\n', at);

		if (!end)
			return 0;
		at = (size_t)(end - data);
		lines--;
	}
	return lines == 0 ? at + 1 : 0;
}

size_t stream_tail_from(const char *tail, size_t size, size_t lines)
{
	return lines == 0 ? size : last_lines(tail, size, lines);
}

void stream_note_tail(struct stream *s, const char *data, size_t size)
{
	size_t from;

	if (size > KEEPER_TAIL_MAX) {
		data += size - KEEPER_TAIL_MAX;
		size = KEEPER_TAIL_MAX;
	}
	from = last_lines(data, size, KEEPER_TAIL_LINES);
	if (from > 0)
		buf_clear(&s->tail);
	buf_append(&s->tail, data + from, size - from);
	if (s->tail.error) {
		buf_clear(&s->tail);
		return;
	}
	from = last_lines(s->tail.data, s->tail.size, KEEPER_TAIL_LINES);
	if (s->tail.size - from > KEEPER_TAIL_MAX)
		from = s->tail.size - KEEPER_TAIL_MAX;
	buf_consume(&s->tail, from);
}
