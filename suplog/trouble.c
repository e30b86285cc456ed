/* SPDX-License-Identifier: MIT */

/*
 * A log that takes nothing: said once, tried again after a while that doubles, and said once more
 * when it is over.
 */

#include "suplog/notice.h"
#include "suplog/pump.h"
#include "suplog/stream.h"

#define RETRY_FIRST SPAN_MS(100)
#define RETRY_LAST SPAN_S(5)

void trouble_begin(struct keeper *k, struct stream *s, const struct fault *fault)
{
	if (!s->trouble.on) {
		notice_trouble(k, s, fault);
		s->trouble = (struct trouble){.on = true, .wait = RETRY_FIRST};
	} else if (s->trouble.wait.ns < RETRY_LAST.ns) {
		s->trouble.wait.ns = MIN_OF(s->trouble.wait.ns * 2, RETRY_LAST.ns);
	}
	s->trouble.retry_at = mono_add(mono_now(), s->trouble.wait);
}

void trouble_end(struct keeper *k, struct stream *s)
{
	s->trouble = (struct trouble){0};
	notice_simple(k, KEEPER_BETTER, s);
}
