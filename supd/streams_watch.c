/* SPDX-License-Identifier: MIT */

/*
 * Lines that are waited for. The keeper is asked before the process is started, and has answered by
 * then: it knows from which byte of the pipe on lines count. What it tells bears the number of the
 * question, so that a match of one that is given up is nobody else's.
 */

#include <string.h>

#include "supd/keeping.h"
#include "supd/streams.h"

static bool is_its_own(const struct stream *s)
{
	return s && !s->watch && strcmp(s->name, STREAM_OTHERS) != 0;
}

bool streams_match(struct process *p, struct stream_match *match)
{
	bool any = false;

	memset(match->places, 0, sizeof(match->places));
	for (int i = 0; i < 2; i++) {
		struct match_place *place = &match->places[i];
		struct stream *s = p->streams[i];

		if (!is_its_own(s) || (i == 1 && p->streams[0] == s))
			continue;
		*place = (struct match_place){s, match, ++s->keeper->ref, false};
		s->watch = place;
		keeper_say_later(s, SAY_STREAM);
		any = true;
	}
	match->waits = any;
	return any;
}

void streams_forget_match(struct stream_match *match)
{
	for (int i = 0; i < 2; i++) {
		struct stream *s = match->places[i].stream;

		match->places[i].stream = NULL;
		if (!s)
			continue;
		s->watch = NULL;
		keeper_say_later(s, SAY_STREAM);
	}
	match->waits = false;
}

static struct match_place *find_watch(const struct stream *s, uint64_t ref)
{
	return s->watch && s->watch->ref == ref ? s->watch : NULL;
}

void stream_watching(struct stream *s, uint64_t ref)
{
	struct match_place *place = find_watch(s, ref);
	struct stream_match *match = place ? place->match : NULL;

	if (!match)
		return;
	place->heard = true;
	for (int i = 0; i < 2; i++)
		if (match->places[i].stream && !match->places[i].heard)
			return;
	if (!match->waits)
		return;
	match->waits = false;
	match->watching(match->owner);
}

void stream_matched(struct stream *s, uint64_t ref)
{
	struct match_place *place = find_watch(s, ref);
	struct stream_match *match = place ? place->match : NULL;

	if (!match)
		return;
	streams_forget_match(match);
	match->found(match->owner);
}
