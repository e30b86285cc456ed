/* SPDX-License-Identifier: MIT */

/*
 * What a child's death leads to. The numbered rules, in the order in which they are asked:
 *
 *   1. permanent: restart. transient: restart unless it ended normally. temporary: never (116 to
 * 118).
 *   2. no restart: the child is retired; a significant one may end its supervisor (188 to 195).
 *   3. a restart counts; one too many and the supervisor gives up (132 to 139): it ends (escalate),
 * or the child alone is given up (hold, D6).
 *   4. the range: the child (one_for_one, simple_one_for_one), all (one_for_all), it and those
 * after it (rest_for_one) (121 to 124).
 *   5. with a restart_delay the range is stopped at once and started later, together (D7).
 *   6. a start that fails is tried again after everything already in the queue, and counts (143 to
 * 147).
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/model.h"

/* ---- intensity ---- */

int window_init(struct window *w, uint32_t intensity)
{
	*w = (struct window){.capacity = intensity + 1};
	w->times = calloc(w->capacity, sizeof(*w->times));
	return w->times ? 0 : -ENOMEM;
}

void window_fini(struct window *w)
{
	free(w->times);
	*w = (struct window){0};
}

bool window_add(struct window *w, struct mono now, struct span period)
{
	w->times[w->next] = now;
	w->next = (w->next + 1) % w->capacity;
	w->used = MIN_OF(w->used + 1, w->capacity);
	/* The oldest of as many as are too many: time never runs backwards. */
	return w->used == w->capacity && now.ns - w->times[w->next].ns <= period.ns;
}

uint32_t window_count(const struct window *w, struct mono now, struct span period)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i <= w->used; i++)
		n += now.ns - w->times[(w->next + w->capacity - i) % w->capacity].ns <= period.ns;
	return n;
}

/* ---- delay ---- */

static uint64_t strategy_random(struct core *core)
{
	uint64_t x = core->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	core->random = x;
	return x * 0x2545F4914F6CDD1Du;
}

/* The wait before this restart; counts it. Doubles up to the maximum, plus up to a quarter (D7). */
static struct span strategy_delay(struct child *c)
{
	const struct spec *spec = c->spec;
	int64_t ns = spec->restart_delay.ns;

	if (!ns)
		return (struct span){0};
	if (c->was_ready && mono_between(c->ready_at, c->core->now).ns >= spec->restart_reset.ns)
		c->delays = 0;
	for (uint32_t i = 0; i < c->delays && ns < spec->restart_delay_max.ns; i++)
		ns = ns > INT64_MAX / 4 ? INT64_MAX / 4 : ns * 2;
	ns = MIN_OF(ns, spec->restart_delay_max.ns);
	ns = MAX_OF(ns, (int64_t)1);
	ns = MIN_OF(ns, INT64_MAX / 4);
	c->delays += c->delays < 64;
	return (struct span){ns + (int64_t)(strategy_random(c->core) % ((uint64_t)ns / 4 + 1))};
}

/* The longest wait that children of the range still have before them. */
static struct span strategy_remaining(struct supervisor *s, struct child *first)
{
	struct span longest = {0};

	for (struct child *c = first; c; c = tree_next_kid(s, c))
		if (c->state == CHILD_BACKOFF && c->timer)
			longest.ns = MAX_OF(longest.ns, mono_between(c->core->now, c->deadline).ns);
	return longest;
}

/* ---- ranges ---- */

struct child *strategy_first(struct supervisor *s, struct child *c)
{
	return s->self->spec->strategy == STRATEGY_ONE_FOR_ALL ? tree_next_kid(s, NULL) : c;
}

static void strategy_group_restart(struct supervisor *s, struct child *c, struct span delay,
				   struct cause cause)
{
	struct child *first = strategy_first(s, c);
	struct span remaining = strategy_remaining(s, first);

	job_stop_range(s, JOB_GROUP_STOP, first, cause);
	s->culprit = c;
	s->delay = (struct span){MAX_OF(delay.ns, remaining.ns)};
}

/* ---- giving up ---- */

static void strategy_hold(struct supervisor *s, struct child *c)
{
	struct cause cause = chain_add(c, LINK_FAILED, chain_last(c), &c->reason, 0);

	child_settle(c, CHILD_FAILED);
	if (supervisor_is_independent(s))
		return;
	job_stop_range(s, JOB_PARK, strategy_first(s, c), cause);
	s->culprit = c;
}

/*
 * The supervisor ends because of c. Under one_for_one others may still be starting for the first
 * time (D8), where OTP would have finished that start first: so it was up, and this is its end.
 */
static void strategy_end(struct supervisor *s, struct child *c, enum link_kind kind)
{
	struct cause cause;

	if (s->job == JOB_INIT)
		child_supervisor_ready(s->self);
	cause = chain_add(s->self, kind, chain_last(c), NULL, 0);
	supervisor_retire(s, c);
	supervisor_shut_down(s, &REASON(REASON_SHUTDOWN), cause);
}

static void strategy_give_up(struct supervisor *s, struct child *c)
{
	if (s->self->spec->give_up == GIVE_UP_HOLD)
		strategy_hold(s, c);
	else
		strategy_end(s, c, LINK_GAVE_UP);
}

/* ---- restart ---- */

void strategy_restart(struct supervisor *s, struct child *c, struct cause cause)
{
	const struct spec *spec = s->self->spec;
	struct window *w = spec->give_up == GIVE_UP_HOLD ? &c->window : &s->window;
	struct span delay;

	if (window_add(w, c->core->now, spec->period)) {
		strategy_give_up(s, c);
		return;
	}
	delay = strategy_delay(c);
	if (!supervisor_is_independent(s)) {
		strategy_group_restart(s, c, delay, cause);
	} else if (delay.ns) {
		child_backoff(c, delay, chain_last(c));
	} else {
		c->restarting = true;
		child_start(c, cause);
	}
}

/* A delay is over; the restart was counted when it was decided. */
void strategy_resume(struct supervisor *s, struct child *c, struct cause cause)
{
	if (supervisor_is_independent(s)) {
		c->restarting = true;
		child_start(c, cause);
		return;
	}
	strategy_group_restart(s, c, (struct span){0}, cause);
}

/* ---- deaths ---- */

static bool strategy_wants_restart(const struct child *c)
{
	if (c->spec->on_demand && reason_is_normal_child(&c->reason))
		return false;
	switch (c->spec->restart) {
	case RESTART_PERMANENT:
		return true;
	case RESTART_TRANSIENT:
		return !reason_is_normal_child(&c->reason);
	case RESTART_TEMPORARY:
	case RESTART_N_TYPES:
		break;
	}
	return false;
}

/* OTP: its pid is not undefined. What waits for another (D16) is on its way as well. */
static bool strategy_has_pid(const struct child *c)
{
	return c->live || c->restarting || c->state == CHILD_DEAD || c->parked ||
	       (c->parent->suspended && c->state == CHILD_WAITING);
}

static bool strategy_is_last_significant(const struct supervisor *s, const struct child *c)
{
	LIST_EACH (l, &s->kids) {
		const struct child *other = LIST_ENTRY(l, struct child, link);

		if (other != c && other->listed && other->spec->significant &&
		    strategy_has_pid(other))
			return false;
	}
	return true;
}

static bool strategy_is_trigger(const struct supervisor *s, const struct child *c)
{
	switch (s->self->spec->auto_shutdown) {
	case AUTO_ANY_SIGNIFICANT:
		return c->spec->significant;
	case AUTO_ALL_SIGNIFICANT:
		return c->spec->significant && strategy_is_last_significant(s, c);
	case AUTO_NEVER:
	case AUTO_N:
		break;
	}
	return false;
}

static void strategy_auto_shutdown(struct supervisor *s, struct child *c)
{
	struct core *core = c->core;

	if (!s->self->parent) {
		core->halt = HALT_AUTO_SHUTDOWN;
		core->halt_slot = c->slot;
		reason_fini(&core->halt_reason);
		core->halt_reason = reason_copy(&c->reason);
	}
	strategy_end(s, c, LINK_AUTO_SHUTDOWN);
}

void strategy_exit(struct supervisor *s, struct child *c)
{
	if (strategy_wants_restart(c))
		strategy_restart(s, c, chain_last(c));
	else if (strategy_is_trigger(s, c))
		strategy_auto_shutdown(s, c);
	else
		supervisor_retire(s, c);
}

/* ---- failed starts ---- */

static void strategy_retry_alone(struct supervisor *s, struct child *c)
{
	chain_add(c, LINK_RETRY, chain_last(c), NULL, 0);
	c->retry_item.kind = ITEM_RETRY;
	child_backoff(c, (struct span){0}, chain_last(c));
	supervisor_enqueue(s, &c->retry_item);
}

static void strategy_init_failed(struct supervisor *s, struct child *c)
{
	char why[REASON_FORMAT_MAX];
	char text[REASON_TEXT_MAX + 1];
	struct cause cause = chain_last(c);
	struct reason reason;

	snprintf(text, sizeof(text), "failed_to_start_child(%s,%s)", c->spec->name,
		 reason_format(&c->reason, why));
	reason = reason_shutdown_text(text);
	child_settle(c, CHILD_FAILED);
	supervisor_shut_down(s, &reason, cause);
	reason_fini(&reason);
}

void strategy_start_failed(struct supervisor *s, struct child *c)
{
	bool hold = s->self->spec->give_up == GIVE_UP_HOLD;

	if (s->job == JOB_INIT && c->awaited && !hold) {
		strategy_init_failed(s, c);
	} else if (s->job == JOB_INIT && hold && c->spec->restart == RESTART_TEMPORARY) {
		job_arrived(c);
		supervisor_retire(s, c);
	} else if (supervisor_is_independent(s) || !c->awaited) {
		job_arrived(c);
		strategy_retry_alone(s, c);
	} else {
		job_arrived(c);
		s->cursor = NULL;
		job_release_parked(s);
		if (!s->failed || c->place < s->failed->place)
			s->failed = c;
	}
}
