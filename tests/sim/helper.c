/* SPDX-License-Identifier: MIT */

/*
 * Helpers: commands inside a service that take messages for it one by one, by RECEIVE, and
 * acknowledge each, or go without a word, so that it comes back to its place: post.h.
 */

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "tests/sim/post.h"
#include "wire/clause.h"

struct helper *helper_of_source(const struct sim *sim, uint64_t source)
{
	for (uint32_t i = 0; i < sim->post->n_helpers; i++)
		if (sim->post->helpers[i].source == source)
			return &sim->post->helpers[i];
	return NULL;
}

bool helper_asks(const struct sim *sim, actor_pid pid)
{
	for (uint32_t i = 0; i < sim->post->n_helpers; i++)
		if (sim->post->helpers[i].pid.n == pid.n && sim->post->helpers[i].ref)
			return true;
	return false;
}

static struct helper *random_helper(struct sim *sim)
{
	struct post *post = sim->post;

	return post->n_helpers ? &post->helpers[rng_below(&sim->rng, post->n_helpers)] : NULL;
}

/* ---- what it gets ---- */

/* It had taken that, and did not say that it has written it out. */
static void give_back(struct helper *helper)
{
	for (uint32_t i = 0; i < helper->n_held; i++) {
		struct held *held = &helper->held[i];

		held->pair->letters[held->number - 1] = LETTER_BACK;
		held->pair->low = MIN_OF(held->pair->low, held->number - 1);
	}
}

void helper_gone(struct sim *sim, struct helper *helper)
{
	give_back(helper);
	*helper = sim->post->helpers[--sim->post->n_helpers];
}

/* A DONE, and the message right behind it. */
void helper_take(struct sim *sim, struct helper *helper, const struct wire_frame *frame)
{
	struct pair *pair;
	uint64_t number;

	if (frame->op == WIRE_DONE && frame->ref == helper->ref) {
		helper->ref = 0;
		helper->coming = frame->to;
		return;
	}
	if (frame->op != WIRE_MESSAGE && frame->op != WIRE_CALL)
		return;
	if (!helper->coming || frame->to != helper->coming)
		sim_fail(sim, "a helper of pid %llu: message %llu, and %llu was announced",
			 (unsigned long long)helper->pid.n, (unsigned long long)frame->to,
			 (unsigned long long)helper->coming);
	helper->coming = 0;
	pair = post_pair(sim, (actor_pid){frame->from}, helper->pid);
	number = post_take_letter(sim, post_player(sim, helper->pid), frame, LETTER_HELD);
	if (number && helper->n_held < HELD_MAX)
		helper->held[helper->n_held++] = (struct held){
			pair, number, frame->to, frame->op == WIRE_CALL ? frame->ref : 0};
}

/* ---- what it does ---- */

static void helper_send(struct sim *sim, const struct helper *helper,
			const struct wire_frame *frame)
{
	const struct player as = {.source = helper->source};

	actors_send(sim, &as, frame);
}

static void helper_join(struct sim *sim, const struct player *player)
{
	struct post *post = sim->post;
	struct event event = {.kind = EVENT_JOIN, .role = ROLE_HELPER, .pid = player->pid};

	if (player->slot == SLOT_NONE || post->n_helpers == HELPERS_MAX ||
	    !post_is_well(sim, player))
		return;
	event.source = post->next_source++;
	post->helpers[post->n_helpers++] =
		(struct helper){.source = event.source, .pid = player->pid};
	actors_event(sim, event.source, &event);
}

static void helper_receive(struct sim *sim, struct helper *helper)
{
	struct buf clauses CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame frame = {.op = WIRE_RECEIVE, .ref = sim->post->next_ref++};
	bool now = rng_chance(&sim->rng, 40);

	if (helper->ref || helper->n_held == HELD_MAX)
		return;
	if (clause_put(&clauses, &(struct clause){.kind = CLAUSE_MESSAGE}) < 0 ||
	    clause_put(&clauses, &(struct clause){.kind = CLAUSE_CALL}) < 0)
		abort();
	frame.flags = WIRE_IN_ORDER | (now ? WIRE_NOW : 0);
	frame.payload = clauses.data;
	frame.payload_size = clauses.size;
	helper->ref = frame.ref;
	helper_send(sim, helper, &frame);
}

/* Where its actor is on its way to the end, or the connection breaks, that is not heard. */
static void helper_acknowledge(struct sim *sim, struct helper *helper)
{
	const struct player *player = post_player(sim, helper->pid);
	uint64_t source = helper->source;
	struct held held;
	uint32_t i;

	if (!helper->n_held || !post_is_well(sim, player))
		return;
	held = helper->held[helper->n_held - 1];
	helper_send(sim, helper, &(struct wire_frame){.op = WIRE_ACK, .ref = held.box});
	/* In the same step it may have got another one. */
	helper = helper_of_source(sim, source);
	for (i = 0; helper && i < helper->n_held && helper->held[i].box != held.box;)
		i++;
	if (!helper || i == helper->n_held)
		return;
	helper->held[i] = helper->held[--helper->n_held];
	held.pair->letters[held.number - 1] = LETTER_TAKEN;
	if (held.ref)
		post_ask(sim, held.pair->to, held.pair->from, held.ref);
}

static void helper_leave(struct sim *sim, struct helper *helper)
{
	uint64_t source = helper->source;

	helper_gone(sim, helper);
	sim_step(sim, &(struct event){.kind = EVENT_LEAVE, .source = source});
}

void helper_move(struct sim *sim, struct player *player)
{
	struct helper *helper = random_helper(sim);
	uint32_t what = rng_below(&sim->rng, 100);

	if (!helper || what < 20)
		helper_join(sim, player);
	else if (what < 60)
		helper_receive(sim, helper);
	else if (what < 90)
		helper_acknowledge(sim, helper);
	else
		helper_leave(sim, helper);
}

void helper_rest(struct sim *sim)
{
	struct post *post = sim->post;

	for (uint32_t i = 0; i < post->n_helpers && !sim_failed(sim); i++)
		for (uint32_t n = 0; n < HELD_MAX && i < post->n_helpers; n++)
			helper_acknowledge(sim, &post->helpers[i]);
}

void helper_end_all(struct sim *sim)
{
	while (sim->post->n_helpers && !sim_failed(sim))
		helper_leave(sim, &sim->post->helpers[0]);
}
