/* SPDX-License-Identifier: MIT */
#ifndef SUPD_PROCESS_ACTOR_H
#define SUPD_PROCESS_ACTOR_H

/*
 * What makes a process an actor: its mailbox's socket, at SUP_FD, and the token that its helpers
 * show, in SUP_TOKEN. Both belong to one incarnation. mailbox = none gives neither.
 *
 * A token is 128 random bits. It is good only while the main process lives, and only in the hands
 * of the Unix user that this runs as; it is never printed.
 */

#include "supd/conn.h"
#include "supd/processes.h"
#include "wire/hello.h"

/* SUP_TOKEN's digits and the final NUL. */
#define PROCESS_ACTOR_TOKEN_TEXT (2 * HELLO_TOKEN_SIZE + 1)

/* What a start hands over; its process has begun or has not, then process_actor_begin() or
 * process_actor_abandon().
 */
struct process_actor_start {
	struct conn *conn; /* owned; NULL: without a mailbox */
	int fd;            /* owned; the process's end; 0: none */
	uint8_t token[HELLO_TOKEN_SIZE];
	char token_text[PROCESS_ACTOR_TOKEN_TEXT];
};

/* 0, or -errno: nothing is left of it. */
int process_actor_prepare(struct daemon *d, const struct conn_actor *actor,
			  struct process_actor_start *start);
void process_actor_abandon(struct process_actor_start *start);
/* The process p runs, as who->uid with its groups. The core hears of it. */
void process_actor_begin(struct process *p, struct process_actor_start *start,
			 const struct spawn_identity *who);
/* All that p's process and its helpers have sent; before its death is told. */
void process_actor_drain(struct process *p);
/* Its death was told: nobody speaks for it any more. */
void process_actor_end(struct process *p);

#endif
