/* SPDX-License-Identifier: MIT */

/*
 * Exit signals, in the order in which the rules are asked (SEMANTICS 32 to 46):
 *
 *   1. to what has ended: nothing
 *   2. kill, sent: SIGKILL, reason killed; to the doomed too, whose reason stays (37, 46)
 *   3. to a supervisor: nothing; it traps, and knows only its children's (112)
 *   4. to the doomed: nothing (46)
 *   5. to one who traps: a message, and no more (33, 36)
 *   6. normal: nothing (32), but from oneself it is an end (34)
 *   7. else it is doomed with that reason (35)
 *
 * Over a link there is no rule 2: a reason kill is one like others there (39).
 */

#include "core/signal.h"

#include <errno.h>
#include <string.h>

#include "core/mailbox.h"
#include "core/model.h"

/* ---- letters ---- */

/* The frame for a letter; text is room for the reason. */
static struct wire_frame signal_frame(const struct edge *letter, char text[REASON_FORMAT_MAX])
{
	struct wire_frame frame = {
		.op = letter->kind == EDGE_LINK ? WIRE_EXIT : WIRE_DOWN,
		.from = letter->from.n,
		.ref = letter->kind == EDGE_LINK ? 0 : letter->ref,
		.tag = letter->name,
		.tag_size = (uint16_t)strlen(letter->name),
		.payload = reason_format(&letter->reason, text),
	};

	frame.payload_size = strlen(text);
	return frame;
}

/* 0, -ENOMEM. */
static int signal_deliver(struct actor *actor, const struct edge *letter)
{
	char text[REASON_FORMAT_MAX];
	struct wire_frame frame = signal_frame(letter, text);
	struct source *source;

	if (!letter->direct)
		return mailbox_put(actor, &frame, 0);
	source = source_find(actor->core, letter->source);
	return source ? source_append(source, &frame) : 0;
}

/* In order, as far as there is memory. */
static void signal_send_letters(struct actor *actor)
{
	LIST_EACH (l, &actor->letters) {
		struct edge *letter = LIST_ENTRY(l, struct edge, at_owner);
		if (signal_deliver(actor, letter) < 0) {
			if (list_is_empty(&actor->unsent))
				list_append(&actor->core->unsent, &actor->unsent);
			return;
		}
		edge_remove(letter);
	}
	list_unlink(&actor->unsent);
}

void signal_retry(struct core *core)
{
	LIST_EACH (l, &core->unsent) {
		signal_send_letters(LIST_ENTRY(l, struct actor, unsent));
	}
}

/* ---- doom ---- */

static bool signal_reaches(const struct actor *to)
{
	return actor_is_alive(to) && !actor_is_doomed(to) && !(to->child && to->child->sup);
}

static void signal_doom(struct actor *to, const struct reason *reason, actor_pid from,
			struct cause cause)
{
	if (to->child) {
		child_doom(to->child, reason, cause, from);
		return;
	}
	to->verdict = reason_copy(reason);
	signal_doomed(to);
}

static void signal_note(const struct actor *to, enum link_kind kind,
			const struct exit_signal *signal)
{
	told_signal(to, kind, signal->cause, signal->reason, signal->from);
}

int signal_exit(struct actor *to, const struct exit_signal *signal)
{
	struct child *c = to->child;
	struct reason killed = REASON(REASON_KILLED);
	char text[REASON_FORMAT_MAX];
	struct wire_frame frame = {.op = WIRE_EXIT, .from = signal->from.n};
	int r;

	if (!actor_is_alive(to)) /* 1 */
		return 0;
	if (signal->reason->kind == REASON_KILL) { /* 2 */
		if (c)
			child_kill(c, signal->cause, signal->from);
		else if (signal_reaches(to))
			signal_doom(to, &killed, signal->from, signal->cause);
		return 0;
	}
	if (!signal_reaches(to)) { /* 3, 4 */
		if (!actor_is_doomed(to))
			signal_note(to, LINK_EXIT_IGNORED, signal);
		return 0;
	}
	if (actor_traps(to)) { /* 5 */
		frame.payload = reason_format(signal->reason, text);
		frame.payload_size = strlen(text);
		r = mailbox_put(to, &frame, 0);
		if (r == 0)
			signal_note(to, LINK_EXIT_SIGNAL, signal);
		return r;
	}
	if (reason_is_normal_link(signal->reason) &&
	    (signal->from.n != to->pid.n || !signal->from.n)) { /* 6 */
		signal_note(to, LINK_EXIT_IGNORED, signal);
		return 0;
	}
	signal_doom(to, signal->reason, signal->from, signal->cause); /* 7 */
	return 0;
}

int signal_stop(struct actor *actor)
{
	static const char reason[] = "shutdown";
	const struct wire_frame frame = {
		.op = WIRE_EXIT,
		.from = actor->child->parent ? actor->child->parent->self->actor.pid.n : 0,
		.payload = reason,
		.payload_size = sizeof(reason) - 1,
	};

	if (mailbox_put(actor, &frame, 0) < 0)
		return -ENOMEM;
	actor->mailbox->stop_number = actor->mailbox->frames.next_number - 1;
	return 0;
}

/* ---- the list ---- */

static void signal_enlist(struct actor *actor)
{
	if (list_is_empty(&actor->in_signals))
		list_append(&actor->core->signals, &actor->in_signals);
}

void signal_doomed(struct actor *actor)
{
	signal_enlist(actor);
}

static struct cause signal_cause(const struct actor *actor)
{
	if (actor->ended)
		return actor->ended_why;
	return actor->child ? chain_last(actor->child) : cause_origin(ORIGIN_LINK);
}

/* A child that had no process may have been started again in the same step. */
static actor_pid signal_pid(const struct actor *actor)
{
	return actor->ended ? actor->ended_pid : actor->pid;
}

void signal_ended(struct actor *actor)
{
	actor->ended = false;
	actor->ended_why = signal_cause(actor);
	actor->ended_pid = actor->pid;
	actor->ended = true;
	signal_enlist(actor);
}

static const struct reason *signal_reason(const struct actor *actor)
{
	const struct child *c = actor->child;

	return !c ? &actor->verdict : actor->ended ? &c->reason : &c->verdict;
}

/* The closure (SEMANTICS 45): whoever is linked and does not trap goes down with it at once. */
static void signal_spread(struct actor *actor, struct list *edges, bool out)
{
	const struct reason *reason = signal_reason(actor);

	LIST_EACH (l, edges) {
		struct edge *edge = out ? LIST_ENTRY(l, struct edge, at_owner)
					: LIST_ENTRY(l, struct edge, at_target);
		struct actor *other = edge_other(edge, actor);

		if (edge->kind == EDGE_LINK && signal_reaches(other) && !actor_traps(other))
			signal_doom(other, reason, actor->pid, signal_cause(actor));
	}
}

static void signal_tell_link(struct actor *actor, struct edge *link)
{
	const struct reason *reason = signal_reason(actor);
	struct actor *other = edge_other(link, actor);

	if (signal_reaches(other) && actor_traps(other)) {
		told_signal(other, LINK_EXIT_SIGNAL, signal_cause(actor), reason,
			    signal_pid(actor));
		edge_to_letter(link, other, signal_pid(actor), reason);
		signal_send_letters(other);
		return;
	}
	edge_remove(link);
	if (signal_reaches(other) && reason_is_normal_link(reason))
		told_signal(other, LINK_EXIT_IGNORED, signal_cause(actor), reason,
			    signal_pid(actor));
	else if (signal_reaches(other))
		signal_doom(other, reason, signal_pid(actor), signal_cause(actor));
}

static void signal_tell(struct actor *actor, struct edge *edge)
{
	struct actor *owner = edge->owner;

	if (edge->kind == EDGE_LINK) {
		signal_tell_link(actor, edge);
	} else if (owner == actor || !signal_reaches(owner)) {
		edge_remove(edge);
	} else {
		told_signal(owner, LINK_DOWN, signal_cause(actor), signal_reason(actor),
			    signal_pid(actor));
		edge_to_letter(edge, owner, signal_pid(actor), signal_reason(actor));
		signal_send_letters(owner);
	}
}

/* Exit signals and DOWNs to everybody in one step; after that nothing ties it (SEMANTICS 9). */
static void signal_tell_all(struct actor *actor)
{
	struct list *l;

	while ((l = actor->edges_out.next) != &actor->edges_out)
		signal_tell(actor, LIST_ENTRY(l, struct edge, at_owner));
	while ((l = actor->edges_in.next) != &actor->edges_in)
		signal_tell(actor, LIST_ENTRY(l, struct edge, at_target));
	while ((l = actor->letters.next) != &actor->letters)
		edge_remove(LIST_ENTRY(l, struct edge, at_owner));
	list_unlink(&actor->unsent);
	actor->ended = false;
}

static void signal_work(struct actor *actor)
{
	if (actor->ended) {
		signal_tell_all(actor);
	} else if (!actor->child) {
		actor_end_guest(actor, "an exit signal has ended it", true);
	} else if (!reason_is_normal_link(signal_reason(actor))) {
		signal_spread(actor, &actor->edges_out, true);
		signal_spread(actor, &actor->edges_in, false);
	}
}

void signal_run(struct core *core)
{
	struct list *l;

	while ((l = list_take_first(&core->signals)))
		signal_work(LIST_ENTRY(l, struct actor, in_signals));
}

void signal_fini(struct actor *actor)
{
	list_unlink(&actor->in_signals);
	signal_tell_all(actor);
}

/* ---- edges ---- */

int signal_link(struct actor *one, struct actor *other, struct cause cause)
{
	const struct child *c = one->child, *d = other->child;
	bool by_birth = (c && c->parent && &c->parent->self->actor == other) ||
			(d && d->parent && &d->parent->self->actor == one);

	if (one == other || by_birth || edge_find_link(one, other)) /* 26, 22 */
		return 0;
	if (!edge_add_link(one, other))
		return -ENOMEM;
	told_signal(other, LINK_LINKED, cause, NULL, one->pid);
	return 0;
}

int signal_link_noproc(struct actor *one, actor_pid gone)
{
	return signal_exit(one, &(struct exit_signal){.from = gone,
						      .reason = &REASON(REASON_NOPROC),
						      .cause = cause_origin(ORIGIN_LINK)});
}

void signal_unlink(struct actor *one, struct actor *other, struct cause cause)
{
	struct edge *link = edge_find_link(one, other);

	if (!link)
		return;
	told_signal(other, LINK_UNLINKED, cause, NULL, one->pid);
	edge_remove(link);
}

const char *signal_refuses_ref(const struct actor *owner, uint64_t ref)
{
	size_t answers = owner->mailbox ? owner->mailbox->frames.answers.used : 0;

	if (edge_find_ref(owner, ref) || mailbox_has_answer(owner, ref))
		return "it used a ref twice";
	return owner->n_refs + answers < SIGNAL_REFS_MAX
		       ? NULL
		       : "it has too many monitors, calls and answers that it does not take";
}

int signal_monitor(struct source *source, struct actor *target, const struct wire_frame *frame,
		   const char *name)
{
	struct actor *owner = source->actor;
	enum edge_kind kind = frame->op == WIRE_CALL ? EDGE_CALL : EDGE_MONITOR;
	struct edge *edge;

	if (target)
		edge = edge_add_monitor(owner, target, kind, frame->ref, name);
	else
		edge = edge_new_letter(owner, kind, frame->ref, name);
	if (!edge)
		return -ENOMEM;
	edge->direct = frame->flags & WIRE_DIRECT;
	edge->source = edge->direct ? source->id : 0;
	if (target && kind == EDGE_MONITOR)
		told_signal(target, LINK_MONITORED, cause_origin(ORIGIN_ACTOR), NULL, owner->pid);
	if (target)
		return 0;
	edge->from = (actor_pid){frame->to};
	edge->reason = REASON(REASON_NOPROC);
	if (kind == EDGE_MONITOR)
		told_signal(owner, LINK_DOWN, cause_origin(ORIGIN_LINK), &edge->reason, edge->from);
	signal_send_letters(owner);
	return 0;
}

void signal_fail_call(struct actor *caller, uint64_t ref, const struct reason *reason)
{
	struct edge *edge = edge_find_ref(caller, ref);

	if (!edge || !edge->target)
		return;
	edge_to_letter(edge, caller, edge_other(edge, caller)->pid, reason);
	signal_send_letters(caller);
}

void signal_overflow(struct actor *actor, struct cause cause)
{
	if (signal_reaches(actor))
		signal_doom(actor, &REASON(REASON_MAILBOX_OVERFLOW), actor->pid, cause);
}

void signal_leave(struct source *source)
{
	LIST_EACH (l, &source->actor->edges_out) {
		struct edge *edge = LIST_ENTRY(l, struct edge, at_owner);

		if (edge->direct && edge->source == source->id)
			edge_remove(edge);
	}
}

bool signal_cancel(struct actor *owner, uint64_t ref, bool flush)
{
	struct edge *edge = edge_find_ref(owner, ref);
	bool active = edge && edge->target;

	if (active && edge->kind == EDGE_MONITOR)
		told_signal(edge->target, LINK_DEMONITORED, cause_origin(ORIGIN_ACTOR), NULL,
			    owner->pid);
	if (flush)
		mailbox_flush_ref(owner, ref);
	if (edge && (active || flush))
		edge_remove(edge);
	if (list_is_empty(&owner->letters))
		list_unlink(&owner->unsent);
	return active;
}
