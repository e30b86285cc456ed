/* SPDX-License-Identifier: MIT */

#include "supd/health.h"

#include <stdio.h>
#include <string.h>

const char *const health_state_names[] = {"none", "starting", "healthy", "unhealthy", NULL};

/* ---- when ---- */

/* The next of a sequence (splitmix64). */
static uint64_t draw(struct health *h)
{
	uint64_t x = h->random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static void ask_at(struct health *h, struct mono at)
{
	loop_timer_start(h->inquiry.daemon->loop, &h->timer, at);
}

/* The first time anywhere in the interval; then an interval after the last one, up to a tenth more
 * or less. */
static void ask_first(struct health *h)
{
	uint64_t interval = (uint64_t)h->probes->health_interval.ns;

	ask_at(h, mono_add(h->since, (struct span){(int64_t)(draw(h) % interval)}));
}

static void ask_again(struct health *h)
{
	int64_t tenth = h->probes->health_interval.ns / 10;
	int64_t jitter = (int64_t)(draw(h) % (uint64_t)(2 * tenth + 1)) - tenth;
	struct span wait = {h->probes->health_interval.ns + jitter};

	ask_at(h, mono_add(h->asked, wait));
}

/* ---- what is answered ---- */

static bool is_pardoned(const struct health *h)
{
	return h->state == HEALTH_STARTING &&
	       mono_between(h->since, loop_now()).ns < h->probes->health_start_period.ns;
}

static void failed(struct health *h, const char *detail)
{
	snprintf(h->detail, sizeof(h->detail), "%s", detail);
	if (is_pardoned(h)) {
		ask_again(h);
		return;
	}
	if (++h->failures < h->probes->health_retries)
		ask_again(h);
	else
		h->state = HEALTH_ILL;
	h->changed(h->owner);
}

static void passed(struct health *h)
{
	bool is_news = h->state != HEALTH_WELL || h->failures;

	h->failures = 0;
	*h->detail = '\0';
	h->state = HEALTH_WELL;
	ask_again(h);
	if (is_news)
		h->changed(h->owner);
}

static void on_answer(void *owner, enum probe_outcome outcome, const char *detail)
{
	struct health *h = owner;

	switch (outcome) {
	case PROBE_WELL:
		passed(h);
		return;
	case PROBE_FAILED:
		failed(h, detail);
		return;
	case PROBE_SHORT: /* our own affair: it says nothing of the service */
		ask_again(h);
		return;
	}
}

static void ask(void *owner)
{
	struct health *h = owner;

	h->asked = loop_now();
	inquiry_start(&h->inquiry, h->probes->health_timeout);
}

/* ---- life ---- */

int health_prepare(struct health *h, struct daemon *d, const struct child_view *service)
{
	const struct exec *exec = service->spec->exec;
	int r;

	h->state = HEALTH_NONE;
	h->failures = 0;
	*h->detail = '\0';
	h->probes = NULL;
	if (exec->probes->health.kind == PROBE_NONE)
		return 0;
	r = inquiry_init(&h->inquiry, d, &exec->probes->health, service);
	if (r < 0)
		return r;
	h->inquiry.done = on_answer;
	h->inquiry.owner = h->timer.owner = h;
	h->timer.call = ask;
	h->probes = exec->probes;
	return 0;
}

void health_begin(struct health *h, actor_pid pid)
{
	if (!h->probes || h->state != HEALTH_NONE)
		return;
	h->state = HEALTH_STARTING;
	h->random = pid.n;
	h->since = loop_now();
	ask_first(h);
}

void health_stop(struct health *h)
{
	if (!h->probes || h->state == HEALTH_NONE)
		return;
	inquiry_stop(&h->inquiry);
	loop_timer_stop(h->inquiry.daemon->loop, &h->timer);
	if (h->state != HEALTH_ILL)
		h->state = HEALTH_NONE;
}

void health_fini(struct health *h)
{
	health_stop(h);
	if (h->probes)
		inquiry_fini(&h->inquiry);
	h->probes = NULL;
}
