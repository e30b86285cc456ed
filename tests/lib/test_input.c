/* SPDX-License-Identifier: MIT */

/* What comes from the other side, damaged in every way: refused, or taken for what it says, and
 * after a refusal the connection is closed for good. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "peer.h"

/* A datagram with a frame of every kind that may come. */
static void put_every_kind(struct peer *p)
{
	static const uint8_t ops[] = {WIRE_MESSAGE, WIRE_CALL, WIRE_RESPONSE, WIRE_EXIT,  WIRE_DOWN,
				      WIRE_DONE,    WIRE_ROW,  WIRE_REPLY,    WIRE_WINDOW};

	for (size_t i = 0; i < sizeof(ops); i++)
		for (uint64_t number = 0; number < 2; number++) {
			struct wire_frame frame = wire_frame(ops[i], "tag", 70 + i);

			if (ops[i] == WIRE_ROW || ops[i] == WIRE_REPLY)
				frame.tag_size = 0;
			frame.from = 9;
			frame.to = number ? i + 1 : 0;
			peer_put(p, frame, "payload", ops[i] == WIRE_REPLY ? 0 : 7);
		}
	peer_op(p, WIRE_QUEUED, 0, 3, "");
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Takes all there is; what was damaged ends the connection and is told as such. */
static int take_all(struct peer *p)
{
	struct sup_message *m;
	int r;

	while ((r = sup_receive(p->sup, NULL, 0, 0, 0, &m)) == 0) {
		cr_assert(m->kind >= SUP_MESSAGE && m->kind <= SUP_DOWN);
		cr_assert_eq(((const char *)m->payload)[m->size], '\0');
		cr_assert_leq(strlen(m->tag), SUP_TAG_MAX);
		sup_message_free(m);
	}
	return r;
}

Test(input, every_kind_is_taken_or_dropped)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);

	put_every_kind(p);
	peer_send(p);
	cr_expect_eq(take_all(p), -ETIMEDOUT);
	cr_expect_eq(take_all(p), -ETIMEDOUT);
	peer_end(p);
}

Test(input, damaged_datagrams)
{
	uint64_t state = 1;
	unsigned refused = 0;

	for (int round = 0; round < 2000; round++) {
		struct peer *p = peer_new(PEER_WINDOW, 0);
		int r;

		put_every_kind(p);
		for (int i = 0; i < 4; i++)
			p->out.data[next_random(&state) % p->out.size] = (char)next_random(&state);
		if (next_random(&state) % 4 == 0)
			p->out.size -= next_random(&state) % 100;
		peer_send(p);
		r = take_all(p);
		cr_assert(r == -EPROTO || r == -ETIMEDOUT || r == -EPROTONOSUPPORT, "round %d: %d",
			  round, r);
		if (r != -ETIMEDOUT) {
			refused++;
			cr_assert_eq(take_all(p), -EPIPE);
			cr_assert_eq(sup_send(p->sup, (sup_pid){9}, "", SUP_NOTHING, 0), -EPIPE);
		}
		peer_end(p);
	}
	cr_expect(refused > 500 && refused < 2000, "%u", refused);
}

Test(input, datagrams_that_are_none)
{
	static const char *const texts[] = {"x", "GET / HTTP/1.0\r\n\r\n",
					    "01234567890123456789012345678901234567890123456789"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct peer *p = peer_new(PEER_WINDOW, 0);

		cr_assert_eq(send(p->fd, texts[i], strlen(texts[i]), 0), (ssize_t)strlen(texts[i]));
		cr_expect_eq(take_all(p), -EPROTO);
		cr_expect_eq(take_all(p), -EPIPE);
		peer_end(p);
	}
}
