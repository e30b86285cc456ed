/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUN_ACTOR_H
#define TESTS_RUN_ACTOR_H

/*
 * Actors made of bare frames: the test speaks for itself, byte by byte, over the mailbox socket
 * that a puppet has lent it, as a helper with a puppet's token, or as a guest. Whoever is right or
 * wrong on the wire is so here without a library in between.
 */

#include "internal.h"
#include "wire/hello.h"

struct actor_end {
	struct node *node;
	int fd;
	uint64_t pid; /* of a puppet whose socket or token it is; 0: a guest */
	uint8_t token[HELLO_TOKEN_SIZE];
	uint64_t next_ref;
	struct hello_more hello; /* the daemon's */
	int fds[64];             /* that came with the last datagram; owned until taken */
	size_t n_fds;
	size_t size, cursor; /* of the datagram at hand */
	uint8_t datagram[WIRE_DATAGRAM_MAX];
};

/* The mailbox socket of a puppet, lent to the test; it has said HELLO, unless mute. */
struct actor_end *actor_borrow(struct node *n, const char *puppet, bool mute);
/* A guest; one that has not said HELLO; a helper of another end. */
struct actor_end *actor_guest(struct node *n);
struct actor_end *actor_connect(struct node *n);
struct actor_end *actor_helper(const struct actor_end *of);
void actor_close(struct actor_end *a);

/* Sends bytes as one datagram, with fds. */
void actor_send_bytes(struct actor_end *a, const void *data, size_t size, const int *fds,
		      size_t n_fds);
/* Sends one frame. */
void actor_send(struct actor_end *a, const struct wire_frame *frame, const void *payload,
		size_t size);
/* MESSAGE to a pid. */
void actor_tell(struct actor_end *a, uint64_t to, const char *tag, const char *payload);
void actor_credit(struct actor_end *a, uint64_t n);
/* The next frame, but for WINDOW and QUEUED; the test fails where none comes. */
struct wire_frame actor_receive(struct actor_end *a);
/* The next of that op, passing over others. */
struct wire_frame actor_receive_op(struct actor_end *a, enum wire_op op);
/* True where its connection ends, whatever comes before that. */
bool actor_is_cut_off(struct actor_end *a);
/* Begins a request in out; actor_ask() sends it and gives the reply, actor_ask_row() the first
 * frame that comes. */
struct wire_encoder *actor_begin_request(struct actor_end *a, const char *command);
struct wire_frame actor_ask(struct actor_end *a);
struct wire_frame actor_ask_row(struct actor_end *a);
struct wire_frame actor_ask_with(struct actor_end *a, const int *fds, size_t n_fds);
/* The status of a request with at most two text fields (NULL: none). */
int actor_request(struct actor_end *a, const char *command, const char *field, const char *value,
		  const char *field2, const char *value2);
/* The last reply's text field, "" where it has none. */
const char *actor_reply(const struct actor_end *a, const char *field);

/* Waits until supd's log has that text. */
void wait_log(struct node *n, const char *text);

#endif
