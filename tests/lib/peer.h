/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIB_PEER_H
#define TESTS_LIB_PEER_H

/*
 * The other end of a libsup connection, played by the test itself. What the daemon sends by itself
 * is written beforehand. What it answers is written by the steps of a script: whenever the library
 * waits, that is calls poll(), the next step runs first, reads what was sent and answers it. So
 * nothing happens at the same time, and no test depends on how long anything takes. In a wait
 * without a step a RECEIVE that does not wait is answered with none.
 */

#include <criterion/criterion.h>

#include "lib/sup.h"
#include "wire/clause.h"
#include "wire/field.h"
#include "wire/frame.h"
#include "wire/hello.h"

#define PEER_SELF 5
/* What the library gives at once. */
#define PEER_CREDIT 1024
#define PEER_WINDOW (1 << 20)

struct peer {
	struct sup *sup; /* owned */
	int fd;
	struct buf out;      /* of the datagram under construction */
	size_t size, cursor; /* of the datagram at hand */
	int fds[8];
	size_t n_fds;
	struct buf kept; /* frames that were read in a wait without a step */
	size_t kept_cursor;
	void (*const *steps)(struct peer *p); /* the next one; NULL at the end */
	bool interrupts; /* the poll() that the step was for returns with EINTR */
	uint8_t datagram[WIRE_DATAGRAM_MAX];
};

/* A main process whose mailbox the test plays; its HELLO and first CREDIT are taken already. */
struct peer *peer_new(uint64_t window, uint32_t flags);
/* One without a connection, for a script that makes it. */
struct peer *peer_alloc(void);
/* All that the library has sent has been taken; nothing is left allocated. */
void peer_end(struct peer *p);

/* Steps for the waits to come; NULL is the last. Those before must all have run. */
void peer_script(struct peer *p, void (*const *steps)(struct peer *p));

/* ---- to the library ---- */

/* Appends a frame to the datagram. */
void peer_put(struct peer *p, struct wire_frame frame, const void *payload, size_t size);
void peer_message(struct peer *p, uint64_t number, const char *tag, const char *payload);
void peer_op(struct peer *p, enum wire_op op, uint64_t to, uint64_t ref, const char *tag);
/* It goes, with fds. */
void peer_send(struct peer *p);
void peer_send_fd(struct peer *p, int fd);
/* A REPLY with a status, and a field where name is not NULL; sent at once. */
void peer_reply(struct peer *p, uint64_t ref, int64_t status, const char *name, const char *value);
/* n messages, numbered from `first`, in as few datagrams as it takes, QUEUED behind each. */
void peer_flood(struct peer *p, uint64_t first, uint64_t n, const char *tag, uint64_t queued);

/* ---- from the library ---- */

/* The next frame; false: there is none. */
bool peer_look(struct peer *p, struct wire_frame *frame);
/* The next frame but CREDIT is one of these. */
struct wire_frame peer_take(struct peer *p, enum wire_op op);
struct wire_frame peer_take_request(struct peer *p, const char *command);
/* The next frame is a CREDIT, and there are no more: the last one. */
struct wire_frame peer_last_credit(struct peer *p);
void peer_nothing(struct peer *p); /* but CREDIT */

/* ---- what the tests ask of the library ---- */

/* What a receive takes, as "KIND TAG PAYLOAD"; or the errno's name. Good until the next one. */
const char *peer_receive(struct peer *p, const struct sup_clause *clauses, size_t n, unsigned flags,
			 int64_t timeout_ms);

#endif
