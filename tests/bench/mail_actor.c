/* SPDX-License-Identifier: MIT */

/*
 * An actor of the stage under supd: it does with libsup what the one of cast_actor.c does over a
 * bare socket, and as a program would: it receives with clauses.
 *
 *     bench-actor STAGE INDEX
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "lib/sup.h"
#include "tests/bench/stage.h"

#define ANSWER_MS 60000

struct player {
	struct stage *stage;
	uint32_t i;
	struct sup *sup;
	char *data; /* a message */
	size_t size;
	struct stage_count counts; /* of this round */
};

static const struct sup_clause messages[] = {{.kind = SUP_MESSAGE, .tag = "m"}};
static const struct sup_clause calls[] = {{.kind = SUP_CALL}};

static void check(const struct player *p, int r, const char *what)
{
	if (r < 0)
		stage_fail(p->stage, "actor %u: %s: %s", p->i, what, strerror(-r));
}

static sup_pid pid_of(const struct player *p, uint32_t i)
{
	return (sup_pid){p->stage->actors[i].pid};
}

static void send_one(struct player *p, uint32_t k)
{
	stage_head_put(p->stage, p->data, p->i, k);
	check(p,
	      sup_send(p->sup, pid_of(p, stage_target(&p->stage->round, p->i, k)), "m",
		       sup_bytes(p->data, p->stage->round.size), 0),
	      "sup_send");
}

/* True: there was one. A timeout of 0: of what has come. */
static bool receive_one(struct player *p, int64_t timeout_ms)
{
	struct sup_message *message;
	int r = sup_receive(p->sup, messages, ARRAY_LEN(messages), timeout_ms ? 0 : SUP_AT_HAND,
			    timeout_ms, &message);

	if (r == -ETIMEDOUT)
		return false;
	check(p, r, "sup_receive");
	stage_count(p->stage, &p->counts, message->payload, message->size);
	sup_message_free(message);
	return true;
}

static void receive_all(struct player *p)
{
	const uint32_t expected = stage_expected(p->stage, p->i);

	while (p->counts.total < expected)
		if (!receive_one(p, ANSWER_MS))
			stage_fail(p->stage, "actor %u: %u messages of %u have come", p->i,
				   p->counts.total, expected);
}

static void send_all(struct player *p, bool corked)
{
	if (corked)
		sup_cork(p->sup);
	for (uint32_t k = 0; k < p->stage->round.count; k++)
		send_one(p, k);
	if (corked)
		check(p, sup_uncork(p->sup), "sup_uncork");
}

static void send_at_random(struct player *p)
{
	const struct stage_round *round = &p->stage->round;

	for (uint32_t k = 0; k < round->count;) {
		sup_cork(p->sup);
		for (uint32_t i = 0; i < STAGE_BURST && k < round->count; i++)
			send_one(p, k++);
		check(p, sup_uncork(p->sup), "sup_uncork");
		while (receive_one(p, 0)) {
		}
	}
	receive_all(p);
}

static void ask(struct player *p)
{
	const struct stage_round *round = &p->stage->round;
	struct sup_message *reply;

	for (uint32_t k = 0; k < round->count; k++) {
		stage_head_put(p->stage, p->data, p->i, k);
		check(p,
		      sup_call(p->sup, pid_of(p, 1), "get", sup_bytes(p->data, round->size),
			       ANSWER_MS, &reply),
		      "sup_call");
		stage_count(p->stage, &p->counts, reply->payload, reply->size);
		sup_message_free(reply);
	}
}

static void answer(struct player *p)
{
	struct sup_message *call;

	for (uint32_t k = 0; k < p->stage->round.count; k++) {
		check(p, sup_receive(p->sup, calls, 1, 0, ANSWER_MS, &call), "sup_receive");
		stage_count(p->stage, &p->counts, call->payload, call->size);
		check(p,
		      sup_reply(p->sup, call->from, call->ref, "",
				sup_bytes(call->payload, call->size), 0),
		      "sup_reply");
		sup_message_free(call);
	}
}

/* A payload of many MiB, and a word back; reads one byte of each page. */
static void receive_large(struct player *p)
{
	struct sup_message *message;
	uint64_t sum = 0;

	for (uint32_t k = 0; k < p->stage->round.count; k++) {
		check(p, sup_receive(p->sup, messages, 1, 0, ANSWER_MS, &message), "sup_receive");
		for (size_t at = 0; at < message->size; at += 4096)
			sum += ((const unsigned char *)message->payload)[at];
		stage_count(p->stage, &p->counts, message->payload, message->size);
		check(p, sup_send(p->sup, message->from, "ok", sup_bytes(&sum, 1), 0), "sup_send");
		sup_message_free(message);
	}
}

static void send_large(struct player *p)
{
	static const struct sup_clause ok[] = {{.tag = "ok"}};
	struct sup_message *word;

	for (uint32_t k = 0; k < p->stage->round.count; k++) {
		send_one(p, k);
		check(p, sup_receive(p->sup, ok, 1, 0, ANSWER_MS, &word), "sup_receive");
		sup_message_free(word);
	}
}

static void play(struct player *p)
{
	const struct stage_round *round = &p->stage->round;
	const bool sends = p->i < round->senders;

	switch (round->task) {
	case STAGE_SEND:
	case STAGE_CORKED:
		if (sends)
			send_all(p, round->task == STAGE_CORKED);
		else
			receive_all(p);
		break;
	case STAGE_CALL:
		(sends ? ask : answer)(p);
		break;
	case STAGE_MAP:
		(sends ? send_large : receive_large)(p);
		break;
	case STAGE_RANDOM:
		send_at_random(p);
		break;
	}
}

static void make_room(struct player *p)
{
	const size_t size = p->stage->round.size;

	if (p->size >= size)
		return;
	free(p->data);
	p->data = malloc(size);
	if (!p->data)
		stage_fail(p->stage, "no memory");
	memset(p->data, 'x', size);
	p->size = size;
}

int main(int argc, char **argv)
{
	struct player p = {.i = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0};
	sup_pid self;

	p.stage = argc == 3 ? stage_open(argv[1]) : NULL;
	if (!p.stage || p.i >= STAGE_ACTORS_MAX)
		return 2;
	check(&p, sup_open(&p.sup), "sup_open");
	check(&p, sup_self(p.sup, &self), "sup_self");
	p.stage->actors[p.i].pid = self.n;
	for (;;) {
		stage_wait(p.stage, p.i);
		memset(&p.counts, 0, sizeof(p.counts));
		make_room(&p);
		if (p.i < p.stage->round.senders + p.stage->round.receivers)
			play(&p);
	}
}
