/* SPDX-License-Identifier: MIT */

/*
 * What is told and not kept: signals that reached somebody, mailboxes that are full, what was found
 * of a service's health, Unix signals of an operator. They explain, but change nothing of a child;
 * in its chain they would only take the place of what does.
 *
 * There may be any number of them in a step (an actor that a thousand others monitor ends), and
 * whoever keeps the last events would keep nothing else. So only so many are told at once, with
 * room for ten more each second, and of those beyond that their number, a second later. Health and
 * what an operator does are not counted there: each is an event of its own.
 */

#include "core/mailbox.h"
#include "core/model.h"

#define ROOM_EACH SPAN_MS(100)
#define DUE SPAN_S(1)

static struct cause told_add(struct core *core, const struct actor *to, const struct link *link)
{
	struct effect *e = effect_add(core, FX_NOTICE, to->child);

	e->pid = to->pid;
	e->link = *link;
	e->link.seq = core->next_seq++;
	e->link.at = core->now;
	e->link.pid = to->pid;
	e->link.reason = reason_copy(&link->reason);
	return (struct cause){.seq = e->link.seq, .slot = e->slot};
}

/* seq 0: there was no room. */
static struct cause told_try(const struct actor *to, const struct link *link)
{
	struct told *told = &to->core->told;

	if (told->room) {
		told->room--;
		return told_add(to->core, to, link);
	}
	if (!told->left_out++)
		told->due = mono_add(to->core->now, DUE);
	return cause_origin(ORIGIN_NONE);
}

void told_begin(struct core *core)
{
	struct told *told = &core->told;
	int64_t n = mono_between(told->at, core->now).ns / ROOM_EACH.ns;
	struct link link = {.kind = LINK_LEFT_OUT, .cause = cause_origin(ORIGIN_SELF)};

	if (n >= TOLD_ROOM - (int64_t)told->room) {
		told->room = TOLD_ROOM;
		told->at = core->now;
	} else if (n > 0) {
		told->room += (uint32_t)n;
		told->at.ns += n * ROOM_EACH.ns;
	}
	if (told->due.ns > core->now.ns)
		return;
	link.code = (int32_t)MIN_OF(told->left_out, (uint32_t)INT32_MAX);
	told->left_out = 0;
	told->due = MONO_NEVER;
	told_add(core, &core->root->actor, &link);
}

void told_signal(const struct actor *to, enum link_kind kind, struct cause cause,
		 const struct reason *reason, actor_pid from)
{
	(void)told_try(to, &(struct link){.kind = kind,
					  .cause = cause,
					  .from = from,
					  .reason = reason ? *reason : REASON(REASON_NONE)});
}

/* ---- health ---- */

void told_health(struct core *core, const struct event *event)
{
	struct actor *actor = actor_find(core, event->pid);
	struct child *c = actor ? actor->child : NULL;
	struct link link = {.kind = LINK_FAILING, .reason = event->reason};

	if (!c || c->sup || c->state != CHILD_RUNNING)
		return;
	link.cause = c->found.seq ? c->found : cause_origin(ORIGIN_WATCH);
	if (event->code == HEALTH_WORD_HEALTHY)
		link.kind = LINK_HEALTHY;
	else if (event->code == HEALTH_WORD_UNHEALTHY)
		link.kind = LINK_UNHEALTHY;
	else
		link.code = event->code - HEALTH_WORD_FAILING;
	c->found = told_add(core, actor, &link);
	if (link.kind == LINK_HEALTHY)
		c->found = cause_origin(ORIGIN_WATCH);
}

/* ---- an operator's Unix signals ---- */

void told_unix_signal(struct core *core, const struct event *event)
{
	struct actor *actor = actor_find(core, event->pid);
	struct child *c = actor ? actor->child : NULL;
	const struct link link = {.kind = LINK_UNIX_SIGNAL,
				  .cause = cause_origin(ORIGIN_OPERATOR),
				  .reason = {.kind = REASON_SIGNAL, .code = event->code}};

	if (!c || c->sup || !c->live)
		return;
	c->sent = told_add(core, actor, &link);
	c->sent_at = core->now;
	c->sent_signal = event->code;
}

/* ---- full mailboxes ---- */

static bool is_power_of_ten(uint64_t n)
{
	while (n > 9 && n % 10 == 0)
		n /= 10;
	return n == 1;
}

struct cause told_overflow(struct mailbox *m, const struct actor *from)
{
	struct cause cause = cause_origin(ORIGIN_SELF);

	m->overflows++;
	if (!is_power_of_ten(m->overflows))
		return cause;
	cause = told_try(m->actor,
			 &(struct link){.kind = LINK_OVERFLOW,
					.cause = cause_origin(ORIGIN_ACTOR),
					.code = (int32_t)MIN_OF(m->overflows, (uint64_t)INT32_MAX),
					.from = from->pid});
	return cause.seq ? cause : cause_origin(ORIGIN_SELF);
}

void told_overflow_end(struct mailbox *m)
{
	struct link link = {.kind = LINK_OVERFLOW_END,
			    .cause = cause_origin(ORIGIN_SELF),
			    .code = (int32_t)MIN_OF(m->overflows, (uint64_t)INT32_MAX)};

	m->overflows = 0;
	(void)told_try(m->actor, &link);
}
