/* SPDX-License-Identifier: MIT */

/* Messages, calls and credit of actors: post.h. */

#include <stdlib.h>
#include <string.h>

#include "tests/sim/post.h"
#include "wire/number.h"

/* ---- messages ---- */

static void put_message(struct sim *sim, struct player *player, struct pair *pair, uint32_t most,
			struct buf *bytes)
{
	static uint8_t payload[4096];
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, "m", 0);

	frame.to = pair->to.n;
	frame.payload = payload;
	frame.payload_size = 8 + rng_below(&sim->rng, most);
	number_store(payload, post_letter(pair), 8);
	player->sent_bytes += WIRE_HEADER_SIZE + frame.tag_size + frame.payload_size;
	actors_put_frame(bytes, &frame);
}

/* To the dead and to those without a mailbox, too; but not where nobody can say what comes of it.
 */
static void send_messages(struct sim *sim, struct player *player, actor_pid target, uint32_t n)
{
	struct buf bytes CLEANUP(buf_fini) = BUF_INIT;
	struct pair *pair = post_pair(sim, player->pid, target);
	const struct player *to = post_player(sim, target);
	bool lost = !to || to->no_box || to->dead;
	uint32_t most = rng_chance(&sim->rng, 70) ? 100 : 4000;

	if (!lost && (!post_is_well(sim, to) || !post_is_well(sim, player)))
		return;
	for (uint32_t i = 0; i < n && player->sent_bytes < player->window && bytes.size < 60000;
	     i++)
		put_message(sim, player, pair, most, &bytes);
	if (!bytes.size)
		return;
	pair->sent_at = sim->n_events + 1;
	actors_send_bytes(sim, player, &bytes);
	pair->unsure |= lost;
}

void mail_message(struct sim *sim, struct player *player)
{
	send_messages(sim, player, actors_target(sim), 1);
}

/* Until mailboxes are full, and outboxes after them; and back. */
void mail_flood(struct sim *sim, struct player *player)
{
	actor_pid target = actors_target(sim), self = player->pid;
	uint32_t n = 1 + rng_below(&sim->rng, 40);

	for (uint32_t i = rng_below(&sim->rng, 8); i-- && player->source && !sim_failed(sim);) {
		struct player *other = post_player(sim, target);

		send_messages(sim, player, target, n);
		if (other && other->source && rng_chance(&sim->rng, 50))
			send_messages(sim, other, self, n);
	}
}

/* ---- calls ---- */

void mail_call(struct sim *sim, struct player *player)
{
	actor_pid target = actors_target(sim), self = player->pid;
	const struct player *to = post_player(sim, target);
	struct pair *pair = post_pair(sim, self, target);
	bool direct = rng_chance(&sim->rng, 30);
	uint8_t number[8];
	struct wire_frame frame = {.op = WIRE_CALL,
				   .to = target.n,
				   .payload = number,
				   .payload_size = sizeof(number),
				   .flags = direct ? WIRE_DIRECT : 0,
				   .ref = sim->post->next_ref++};

	if (!to || to->no_box || to->dead || !to->lossless ||
	    player->sent_bytes >= player->window || !post_is_well(sim, to) ||
	    !post_is_well(sim, player))
		return;
	number_store(number, post_letter(pair), 8);
	pair->sent_at = sim->n_events + 1;
	player->sent_bytes += WIRE_HEADER_SIZE + sizeof(number);
	post_watch(sim, BOND_CALL, self, target, frame.ref)->direct = direct;
	actors_send(sim, player, &frame);
}

/* Whether the caller still waits, or not. */
void mail_answer(struct sim *sim, struct player *player)
{
	struct post *post = sim->post;
	struct wire_frame frame = {.op = WIRE_RESPONSE};
	struct question q = {.ref = 0};
	struct bond *bond;

	for (uint32_t i = 0; i < post->n_questions && !q.ref; i++) {
		if (post->questions[i].server.n != player->pid.n)
			continue;
		q = post->questions[i];
		if (rng_chance(&sim->rng, 90))
			post->questions[i] = post->questions[--post->n_questions];
	}
	if (!q.ref || player->sent_bytes >= player->window || !post_is_well(sim, player))
		return;
	bond = post_bond(sim, q.caller, q.ref);
	if (bond && !bond->due) {
		bond->due = bond->answered = true;
		bond->after = post_pair(sim, player->pid, q.caller)->sent;
	}
	if (bond)
		bond->unsure = true;
	frame.to = q.caller.n;
	frame.ref = q.ref;
	player->sent_bytes += WIRE_HEADER_SIZE;
	if (actors_send(sim, player, &frame) && (bond = post_bond(sim, q.caller, q.ref)))
		bond->unsure = false;
}

void mail_credit(struct sim *sim, struct player *player)
{
	if (player->full || rng_chance(&sim->rng, 5)) {
		player->full = !player->full;
		sim_step(sim, &(struct event){.kind = player->full ? EVENT_FULL : EVENT_ROOM,
					      .source = player->source});
		return;
	}
	actors_give_credit(sim, player, rng_below(&sim->rng, 20));
}
