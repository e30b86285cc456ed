/* SPDX-License-Identifier: MIT */

/*
 * A log that takes nothing: said once, tried again after a while that doubles, and said once more
 * when it is over. A disk that is full takes a line now and then: it is over when it has been for a
 * while. A keeper that comes after another one that was in trouble is told so, and goes on there.
 */

#include "suplog/notice.h"
#include "suplog/pump.h"
#include "suplog/stream.h"

#define RETRY_FIRST SPAN_MS(100)
#define RETRY_LAST SPAN_S(5)
#define BETTER_AFTER SPAN_S(2)

void trouble_begin(struct keeper *k, struct stream *s, const struct fault *fault)
{
	struct trouble *t = &s->trouble;

	if (!t->told)
		notice_trouble(k, s, fault);
	if (!t->on)
		t->wait = RETRY_FIRST;
	else if (t->wait.ns < RETRY_LAST.ns)
		t->wait.ns = MIN_OF(t->wait.ns * 2, RETRY_LAST.ns);
	t->on = t->told = true;
	t->better_at.ns = 0;
	t->retry_at = mono_add(mono_now(), t->wait);
}

void trouble_end(struct keeper *k, struct stream *s)
{
	s->trouble.on = false;
	s->trouble.better_at = mono_add(mono_now(), BETTER_AFTER);
	hand_sweep_at(k, s->trouble.better_at);
}

void trouble_sweep(struct keeper *k, struct stream *s, struct mono now)
{
	struct mono due = s->trouble.better_at;

	if (due.ns == 0)
		return;
	if (due.ns > now.ns && !k->finishing) {
		hand_sweep_at(k, due);
		return;
	}
	s->trouble = (struct trouble){0};
	notice_simple(k, KEEPER_BETTER, s);
}
