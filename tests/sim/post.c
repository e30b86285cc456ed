/* SPDX-License-Identifier: MIT */

/* The accounts of what actors are to get: post.h. */

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "core/mailbox.h"
#include "core/model.h"
#include "tests/sim/post.h"
#include "wire/number.h"

/* ---- records ---- */

static void *more(void *array, uint32_t n, uint32_t *capacity, size_t size)
{
	if (n < *capacity)
		return array;
	*capacity = 2 * n + 16;
	array = realloc(array, *capacity * size);
	if (!array)
		abort();
	return array;
}

void post_init(struct sim *sim)
{
	sim->post = calloc(1, sizeof(*sim->post));
	if (!sim->post)
		abort();
	sim->post->is_open = rng_chance(&sim->rng, 60);
	sim->post->next_source = sim->post->next_ref = 1;
	sim->post->next_id = POST_IDS;
}

void post_fini(struct sim *sim)
{
	struct post *post = sim->post;

	for (size_t i = 0; i < post->players.capacity; i++)
		free(post->players.slots[i].value);
	for (uint32_t i = 0; i < post->n_pairs; i++) {
		free(post->all_pairs[i]->letters);
		free(post->all_pairs[i]);
	}
	for (uint32_t i = 0; i < post->n_bonds; i++)
		reason_fini(&post->bonds[i].reason);
	map_fini(&post->players);
	map_fini(&post->pairs);
	free(post->alive);
	free(post->all_pairs);
	free(post->bonds);
	free(post->falling);
	free(post->questions);
	free(post);
	sim->post = NULL;
}

struct player *post_player(const struct sim *sim, actor_pid pid)
{
	return pid.n ? map_get(&sim->post->players, pid.n) : NULL;
}

struct player *post_player_of_source(const struct sim *sim, uint64_t source)
{
	for (uint32_t i = 0; i < sim->post->n_alive; i++)
		if (sim->post->alive[i]->source == source)
			return sim->post->alive[i];
	return NULL;
}

struct player *post_add(struct sim *sim, actor_pid pid, uint32_t slot)
{
	const struct spec *spec = slot == SLOT_NONE ? NULL : sim->seen[slot].spec;
	struct post *post = sim->post;
	struct player *player = calloc(1, sizeof(*player));

	if (!player || map_set(&post->players, pid.n, player) < 0)
		abort();
	*player = (struct player){.pid = pid, .slot = slot, .index = post->n_alive};
	player->window = OUTBOX_LIMIT_MIN;
	player->trap = spec && spec->trap_exit;
	player->lossless = !spec || spec->mailbox_overflow == OVERFLOW_BLOCK;
	player->no_box = spec && spec->mailbox == MAILBOX_NONE;
	post->alive =
		more(post->alive, post->n_alive, &post->alive_capacity, sizeof(struct player *));
	post->alive[post->n_alive++] = player;
	return player;
}

struct pair *post_pair(struct sim *sim, actor_pid from, actor_pid to)
{
	struct post *post = sim->post;
	uint64_t key = from.n << 32 | to.n;
	struct pair *pair = map_get(&post->pairs, key);

	if (pair)
		return pair;
	pair = calloc(1, sizeof(*pair));
	if (!pair || map_set(&post->pairs, key, pair) < 0)
		abort();
	pair->from = from;
	pair->to = to;
	post->all_pairs =
		more(post->all_pairs, post->n_pairs, &post->pairs_capacity, sizeof(struct pair *));
	post->all_pairs[post->n_pairs++] = pair;
	return pair;
}

bool post_is_well(const struct sim *sim, const struct player *player)
{
	struct child_view view;

	if (player->dead || player->slot == SLOT_NONE)
		return !player->dead;
	return core_view(sim->core, player->slot, &view) && view.pid.n == player->pid.n &&
	       (view.state == CHILD_RUNNING || view.state == CHILD_STARTING);
}

/* ---- ties ---- */

static struct bond *bond_add(struct sim *sim, enum bond_kind kind, actor_pid owner, actor_pid other)
{
	struct post *post = sim->post;

	post->bonds = more(post->bonds, post->n_bonds, &post->bonds_capacity, sizeof(struct bond));
	post->bonds[post->n_bonds] = (struct bond){.kind = kind, .owner = owner, .other = other};
	return &post->bonds[post->n_bonds++];
}

static void bond_remove(struct post *post, struct bond *bond)
{
	reason_fini(&bond->reason);
	*bond = post->bonds[--post->n_bonds];
}

static struct bond *link_find(const struct sim *sim, actor_pid one, actor_pid other)
{
	for (uint32_t i = 0; i < sim->post->n_bonds; i++) {
		struct bond *b = &sim->post->bonds[i];

		if (b->kind == BOND_LINK && ((b->owner.n == one.n && b->other.n == other.n) ||
					     (b->owner.n == other.n && b->other.n == one.n)))
			return b;
	}
	return NULL;
}

void post_link(struct sim *sim, actor_pid one, actor_pid other)
{
	if (one.n != other.n && !link_find(sim, one, other))
		bond_add(sim, BOND_LINK, one, other);
}

bool post_is_linked(const struct sim *sim, actor_pid one, actor_pid other)
{
	return link_find(sim, one, other) != NULL;
}

bool post_traps(const struct sim *sim, actor_pid pid)
{
	const struct player *player = post_player(sim, pid);

	return player && !player->dead && player->trap;
}

/* What has not come of it by now does not come any more (SEMANTICS 24). */
void post_unlink(struct sim *sim, actor_pid one, actor_pid other)
{
	struct bond *link = link_find(sim, one, other);
	struct pair *pair = post_pair(sim, other, one);

	if (link)
		bond_remove(sim->post, link);
	pair->exits_due = pair->exits_got;
}

struct bond *post_watch(struct sim *sim, enum bond_kind kind, actor_pid owner, actor_pid other,
			uint64_t ref)
{
	struct bond *bond = bond_add(sim, kind, owner, other);

	bond->ref = ref;
	return bond;
}

struct bond *post_bond(const struct sim *sim, actor_pid owner, uint64_t ref)
{
	for (uint32_t i = 0; i < sim->post->n_bonds; i++) {
		struct bond *b = &sim->post->bonds[i];

		if (b->kind != BOND_LINK && b->owner.n == owner.n && b->ref == ref)
			return b;
	}
	return NULL;
}

void post_cancel(struct sim *sim, actor_pid owner, uint64_t ref)
{
	struct bond *bond = post_bond(sim, owner, ref);

	if (bond)
		bond_remove(sim->post, bond);
}

/* ---- ends ---- */

static void fall(struct sim *sim, actor_pid pid, actor_pid from, bool is_certain)
{
	struct post *post = sim->post;

	post->falling =
		more(post->falling, post->n_falling, &post->falling_capacity, sizeof(struct fall));
	post->falling[post->n_falling++] = (struct fall){pid, from, is_certain};
}

static bool has_cause(const struct sim *sim, actor_pid pid, actor_pid from)
{
	const struct post *post = sim->post;

	for (uint32_t i = 0; i < post->n_falling; i++)
		if (post->falling[i].pid.n == pid.n && post->falling[i].from.n == from.n)
			return true;
	return post->sender.n == from.n || link_find(sim, pid, from) ||
	       (post->linking[0].n == pid.n && post->linking[1].n == from.n) ||
	       (post->linking[0].n == from.n && post->linking[1].n == pid.n);
}

void post_take_doom(struct sim *sim, const struct link *link)
{
	if (!link->from.n || link->from.n == link->pid.n || link->reason.kind == REASON_NOPROC)
		return;
	if (reason_is_normal_link(&link->reason))
		sim_fail(sim, "pid %llu: doomed by the normal end of %llu",
			 (unsigned long long)link->pid.n, (unsigned long long)link->from.n);
	else if (!has_cause(sim, link->pid, link->from))
		sim_fail(sim, "pid %llu: doomed by %llu, and not linked to it",
			 (unsigned long long)link->pid.n, (unsigned long long)link->from.n);
}

/* The tree stops: what was spawned takes nobody along any more. */
static bool is_let_go(const struct sim *sim, const struct player *one, const struct player *other)
{
	struct child_view root;

	return ((one && one->spawned) || (other && other->spawned)) &&
	       (sim->ending || !core_view(sim->core, 0, &root) ||
		(root.state != CHILD_STARTING && root.state != CHILD_RUNNING));
}

static void end_link(struct sim *sim, const struct bond *link, actor_pid dead,
		     const struct reason *reason)
{
	actor_pid other = link->owner.n == dead.n ? link->other : link->owner;
	const struct player *player = post_player(sim, other);

	if (!player || player->dead)
		return;
	if (player->trap)
		post_pair(sim, dead, other)->exits_due++;
	/* Where memory was short its connection may be closed in this step, and nothing traps then.
	 */
	if (!player->trap || sim->was_short)
		fall(sim, other, dead,
		     !player->trap && !is_let_go(sim, player, post_player(sim, dead)) &&
			     reason->kind != REASON_NONE && !reason_is_normal_link(reason));
}

static void end_bonds(struct sim *sim, actor_pid dead, const struct reason *reason)
{
	struct post *post = sim->post;

	for (uint32_t i = post->n_bonds; i--;) {
		struct bond *b = &post->bonds[i];

		if (b->due ? b->owner.n != dead.n : b->owner.n != dead.n && b->other.n != dead.n)
			continue;
		if (b->kind != BOND_LINK && b->owner.n != dead.n) {
			b->due = true;
			b->reason = reason_copy(reason);
			continue;
		}
		if (b->kind == BOND_LINK)
			end_link(sim, b, dead, reason);
		bond_remove(post, b);
	}
}

void post_never_was(struct sim *sim, actor_pid pid)
{
	struct post *post = sim->post;

	for (uint32_t i = post->n_bonds; i--;)
		if (post->bonds[i].owner.n == pid.n || post->bonds[i].other.n == pid.n)
			bond_remove(post, &post->bonds[i]);
	post_take_end(sim, pid, &REASON(REASON_NONE));
}

void post_take_end(struct sim *sim, actor_pid pid, const struct reason *reason)
{
	struct post *post = sim->post;
	struct player *player = post_player(sim, pid);

	if (player && player->dead)
		sim_fail(sim, "pid %llu has ended twice", (unsigned long long)pid.n);
	if (player) {
		player->dead = true;
		post->alive[player->index] = post->alive[--post->n_alive];
		post->alive[player->index]->index = player->index;
	}
	for (uint32_t i = 0; i < POST_NAMES; i++)
		if (post->names[i].n == pid.n)
			post->names[i] = ACTOR_PID_NONE;
	end_bonds(sim, pid, reason);
}

/* ---- what they get ---- */

/* Of who has ended all messages have come before. */
static void check_after_messages(struct sim *sim, const struct player *to, actor_pid from,
				 const char *what)
{
	struct pair *pair = map_get(&sim->post->pairs, from.n << 32 | to->pid.n);
	const struct player *dead = post_player(sim, from);

	if (to->lossless && pair && !pair->unsure && dead && dead->dead &&
	    !helper_asks(sim, to->pid) && post_letter_waits(pair, pair->sent, false))
		sim_fail(sim, "pid %llu: %s of %llu before its messages",
			 (unsigned long long)to->pid.n, what, (unsigned long long)from.n);
}

/* Its own supervisor's tells it to stop (D14): that it does, in its own time. */
static bool take_stop(struct sim *sim, const struct player *to, uint64_t from)
{
	struct child_view view, parent;

	if (to->slot == SLOT_NONE || !core_view(sim->core, to->slot, &view) ||
	    !core_view(sim->core, view.parent, &parent) || parent.pid.n != from)
		return false;
	if (view.pid.n == to->pid.n)
		sim->processes[to->slot].told_words = true;
	return true;
}

static void take_exit(struct sim *sim, const struct player *to, const struct wire_frame *frame)
{
	actor_pid from = {frame->from};
	struct pair *pair;

	if (!from.n || take_stop(sim, to, from.n))
		return;
	pair = post_pair(sim, from, to->pid);
	if (++pair->exits_got > pair->exits_due)
		sim_fail(sim, "pid %llu: %llu EXITs of %llu, of which %llu were due",
			 (unsigned long long)to->pid.n, (unsigned long long)pair->exits_got,
			 (unsigned long long)from.n, (unsigned long long)pair->exits_due);
	if (!pair->signalled)
		check_after_messages(sim, to, from, "EXIT");
}

static void take_down(struct sim *sim, const struct player *to, const struct wire_frame *frame)
{
	struct bond *bond = post_bond(sim, to->pid, frame->ref);
	char text[REASON_FORMAT_MAX];

	if (!bond || (!bond->unsure && (!bond->due || bond->answered))) {
		sim_fail(sim, "pid %llu: a DOWN with ref %llu, %s", (unsigned long long)to->pid.n,
			 (unsigned long long)frame->ref,
			 !bond            ? "that is no monitor's"
			 : bond->answered ? "and it was answered"
					  : "and that one lives");
		return;
	}
	if (frame->from != bond->other.n)
		sim_fail(sim, "pid %llu: a DOWN of somebody else", (unsigned long long)to->pid.n);
	reason_format(&bond->reason, text);
	if (bond->reason.kind != REASON_NONE &&
	    (strlen(text) != frame->payload_size ||
	     memcmp(text, frame->payload, frame->payload_size) != 0))
		sim_fail(sim, "pid %llu: DOWN says %.*s, it was %s", (unsigned long long)to->pid.n,
			 (int)frame->payload_size, (const char *)frame->payload, text);
	if (!bond->direct)
		check_after_messages(sim, to, bond->other, "DOWN");
	bond_remove(sim->post, bond);
}

void post_ask(struct sim *sim, actor_pid server, actor_pid caller, uint64_t ref)
{
	struct post *post = sim->post;

	post->questions = more(post->questions, post->n_questions, &post->questions_capacity,
			       sizeof(struct question));
	post->questions[post->n_questions++] = (struct question){server, caller, ref};
}

static void take_answer(struct sim *sim, const struct player *to, const struct wire_frame *frame)
{
	struct bond *bond = post_bond(sim, to->pid, frame->ref);
	const struct pair *pair = post_pair(sim, (actor_pid){frame->from}, to->pid);

	if (!bond || (!bond->answered && !bond->unsure)) {
		sim_fail(sim, "pid %llu: an answer with ref %llu, %s",
			 (unsigned long long)to->pid.n, (unsigned long long)frame->ref,
			 bond ? "and nobody has answered" : "and nobody waits for it");
		return;
	}
	if (frame->from != bond->other.n)
		sim_fail(sim, "pid %llu: an answer of somebody else",
			 (unsigned long long)to->pid.n);
	if (to->lossless && !bond->direct && !pair->unsure && pair->got < bond->after &&
	    !helper_asks(sim, to->pid))
		sim_fail(sim, "pid %llu: an answer before the messages sent before it",
			 (unsigned long long)to->pid.n);
	bond_remove(sim->post, bond);
}

static void take_frame(struct sim *sim, struct player *to, const struct wire_frame *frame)
{
	struct post *post = sim->post;

	if (frame->op == WIRE_WINDOW)
		to->window = frame->ref;
	if (frame->op == WIRE_DONE && post->done_is_due && frame->ref == post->done_ref) {
		post->done_is_due = false;
		if ((frame->to == 1) != post->done_was_active)
			sim_fail(sim, "pid %llu: a monitor was %s, and DONE says %llu",
				 (unsigned long long)to->pid.n,
				 post->done_was_active ? "active" : "not active",
				 (unsigned long long)frame->to);
	}
	if (frame->op < WIRE_MESSAGE || frame->op > WIRE_DOWN)
		return;
	/* What is direct has no number. */
	if (frame->to && ++to->out > to->credit)
		sim_fail(sim, "pid %llu: more messages than credit", (unsigned long long)to->pid.n);
	if (frame->op == WIRE_MESSAGE || frame->op == WIRE_CALL)
		post_take_letter(sim, to, frame, LETTER_TAKEN);
	if (frame->op == WIRE_CALL)
		post_ask(sim, to->pid, (actor_pid){frame->from}, frame->ref);
	else if (frame->op == WIRE_RESPONSE)
		take_answer(sim, to, frame);
	else if (frame->op == WIRE_EXIT)
		take_exit(sim, to, frame);
	else if (frame->op == WIRE_DOWN)
		take_down(sim, to, frame);
}

/* A connection that is owed something is closed in the step after. */
void post_doubt(struct sim *sim, actor_pid from)
{
	for (uint32_t i = 0; i < sim->post->n_pairs; i++) {
		struct pair *pair = sim->post->all_pairs[i];

		if (pair->from.n == from.n && pair->sent_at + 1 >= sim->n_events)
			pair->unsure = true;
	}
}

static void take_drop(struct sim *sim, uint64_t source, const char *why)
{
	struct player *player = post_player_of_source(sim, source);
	struct post *post = sim->post;
	bool is_fate;

	if (source == post->source)
		post->was_dropped = true;
	if (helper_of_source(sim, source))
		helper_gone(sim, helper_of_source(sim, source));
	if (!player)
		return;
	if (strstr(why, "short of memory"))
		post_doubt(sim, player->pid);
	player->source = 0;
	player->trap = false;
	if (player->slot != SLOT_NONE)
		return;
	is_fate = player->pid.n == post->victim.n && strstr(why, "exit signal");
	post_take_end(sim, player->pid, is_fate ? &post->fate : &REASON(REASON_NONE));
}

void post_take_effect(struct sim *sim, const struct effect *effect)
{
	struct player *to = post_player_of_source(sim, effect->out.source);
	struct helper *helper;
	struct wire_frame frame;
	size_t cursor = 0;

	if (effect->kind == FX_DROP)
		take_drop(sim, effect->out.source, effect->out.text);
	if (effect->kind == FX_JOINED) {
		to = post_add(sim, effect->pid, SLOT_NONE);
		to->source = effect->out.source;
		sim->top_pid = MAX_OF(sim->top_pid, effect->pid.n);
	}
	if (effect->kind != FX_FRAMES)
		return;
	helper = helper_of_source(sim, effect->out.source);
	if (!to && !helper)
		sim_fail(sim, "frames for a connection that is closed");
	while ((to || helper) &&
	       wire_decode(effect->out.data, effect->out.size, &cursor, &frame) == 1) {
		if (to)
			take_frame(sim, to, &frame);
		else
			helper_take(sim, helper, &frame);
	}
	if (helper && helper->coming)
		sim_fail(sim, "a helper of pid %llu: no message behind its DONE",
			 (unsigned long long)helper->pid.n);
}

void post_take_reply(struct sim *sim, const struct reply *reply)
{
	if (reply->id >= POST_SPAWN_IDS) {
		spawn_take_reply(sim, reply);
		return;
	}
	if (sim->post->answer != ANSWER_N || reply->id != sim->post->next_id - 1)
		sim_fail(sim, "an actor's request is answered twice, or late");
	sim->post->answer = reply->answer;
	sim->post->answer_pid = reply->pid;
}

/* ---- checks ---- */

void post_check_step(struct sim *sim)
{
	struct post *post = sim->post;

	for (uint32_t i = 0; i < post->n_falling; i++) {
		const struct fall *f = &post->falling[i];
		const struct player *player = f->is_certain ? post_player(sim, f->pid) : NULL;

		if (player && post_is_well(sim, player))
			sim_fail(sim, "pid %llu lives on, and does not trap",
				 (unsigned long long)player->pid.n);
	}
	post->n_falling = 0;
}

static bool can_get(const struct sim *sim, const struct player *player)
{
	return player && player->source && post_is_well(sim, player);
}

const char *post_is_owed(const struct sim *sim)
{
	const struct post *post = sim->post;

	for (uint32_t i = 0; i < post->n_bonds; i++)
		if (post->bonds[i].due && !post->bonds[i].unsure &&
		    can_get(sim, post_player(sim, post->bonds[i].owner)))
			return "a DOWN or an answer has not come";
	for (uint32_t i = 0; i < post->n_pairs; i++) {
		struct pair *pair = post->all_pairs[i];
		const struct player *to = post_player(sim, pair->to);

		if (!can_get(sim, to))
			continue;
		if (pair->exits_got != pair->exits_due)
			return "an EXIT has not come";
		if (to->lossless && !pair->unsure && post_letter_waits(pair, pair->sent, true))
			return "a message has not come";
	}
	return NULL;
}

void post_check_end(struct sim *sim)
{
	const struct core *core = sim->core;

	if (sim->post->n_alive)
		sim_fail(sim, "actors are left after the tree's end");
	if (core->edges.used || core->sources.used || core->n_guests)
		sim_fail(sim, "all are gone, and edges or connections are left");
}
