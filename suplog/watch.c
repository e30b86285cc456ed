/* SPDX-License-Identifier: MIT */

#include "suplog/watch.h"

#include <stdatomic.h>
#include <string.h>

#include "suplog/notice.h"
#include "suplog/stream.h"
#include "wire/field.h"

/* Of record_slot.watch_left: the line has come. */
#define FOUND UINT64_MAX

static void tell(struct keeper *k, enum keeper_notice kind, const struct stream *s)
{
	struct notice n;

	notice_begin(&n, kind, s);
	field_put_int(&n.encoder, 0, "ref", (int64_t)s->watch.ref);
	notice_send(k, &n);
}

void watch_end(struct watch *w)
{
	if (w->live)
		regfree(&w->regex);
	w->live = false;
}

/* A crash between two of these leaves no watch that means something else. */
static void note(struct record_slot *slot, uint64_t ref, uint64_t left)
{
	*(volatile uint64_t *)&slot->watch = 0;
	atomic_thread_fence(memory_order_release);
	slot->watch_left = left;
	atomic_thread_fence(memory_order_release);
	*(volatile uint64_t *)&slot->watch = ref;
}

void watch_ask(struct keeper *k, struct stream *s, uint64_t ref, const char *pattern)
{
	struct record_slot *slot = record_slot(&k->record, s->number);

	watch_end(&s->watch);
	s->watch.ref = ref;
	if (!pattern) {
		note(slot, 0, 0);
		return;
	}
	if (slot->watch != ref)
		note(slot, ref, stream_waiting(k, s));
	s->watch.from = s->taken + slot->watch_left;
	tell(k, KEEPER_WATCHING, s);
	if (slot->watch_left == FOUND)
		tell(k, KEEPER_MATCHED, s);
	else
		s->watch.live = regcomp(&s->watch.regex, pattern, REG_EXTENDED | REG_NOSUB) == 0;
}

void watch_look(struct keeper *k, struct stream *s, const char *data, size_t size)
{
	uint64_t old = s->watch.from > s->taken ? s->watch.from - s->taken : 0;

	if (!s->watch.live || old >= size)
		return;
	for (size_t at = (size_t)old, end; at < size; at = end + 1) {
		const char *newline = memchr(data + at, '\n', size - at);
		regmatch_t where;

		end = newline ? (size_t)(newline - data) : size;
		where = (regmatch_t){.rm_so = 0, .rm_eo = (regoff_t)(end - at)};
		if (regexec(&s->watch.regex, data + at, 1, &where, REG_STARTEND) == 0) {
			watch_end(&s->watch);
			record_slot(&k->record, s->number)->watch_left = FOUND;
			tell(k, KEEPER_MATCHED, s);
			return;
		}
	}
}

void watch_pass(struct keeper *k, const struct stream *s, size_t n)
{
	struct record_slot *slot = record_slot(&k->record, s->number);

	if (!s->detached && slot->watch_left != FOUND)
		slot->watch_left -= MIN_OF((uint64_t)n, slot->watch_left);
}
