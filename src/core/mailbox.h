/* SPDX-License-Identifier: MIT */
#ifndef CORE_MAILBOX_H
#define CORE_MAILBOX_H

/*
 * Mailboxes, and what waits to get into them (ARCHITECTURE 5, SEMANTICS D1 to D3).
 *
 * A message goes from its sender's connection into its receiver's mailbox; where that is full and
 * its policy is `block` it waits in a lane: one queue for each pair of a sender and a receiver, so
 * that their order holds. What is no message (exit signals, DOWNs, answers) is never refused; it
 * first moves its sender's lane in, over the limit.
 *
 * From a mailbox messages are handed out by credit to the actor's own connection, or to whoever
 * waits in a RECEIVE, who comes first. A helper's message stays in its place, held, until the
 * helper says that it has written it out; one that was sent to the path of a durable mailbox is
 * kept, held, until it is acknowledged.
 *
 *   put      lane -> mailbox, or straight into it; the mailbox goes onto core.mailboxes
 *   run      at a step's end: RECEIVEs, then credit, then the lanes, as far as there is room
 */

#include "core/actor.h"
#include "core/clause.h"
#include "core/frames.h"

/* With that many payloads in memfds, each an open file of the daemon, a mailbox is full, too. */
#define MAILBOX_MEMFDS_MAX 32

/* A guest's, and the least that an outbox is. */
#define MAILBOX_LIMIT ((uint64_t)64 << 20)
#define OUTBOX_LIMIT_MIN ((uint64_t)64 << 10)

/* Messages of one actor to another that wait for room. */
struct lane {
	struct list at_sender;   /* sender.lanes */
	struct list at_receiver; /* mailbox.lanes */
	struct actor *sender;    /* borrowed */
	struct mailbox *to;      /* borrowed */
	struct frames frames;    /* `from` is the source that it came on */
};

/* A RECEIVE that was not answered yet. */
struct receive {
	struct list link;      /* mailbox.receives */
	struct source *source; /* borrowed */
	uint64_t ref;
	bool in_order;
	bool now;
	/* how far it has come: all clauses are tried up to `at`; the pass in hand ends with `last`,
	 * and its clause at `cursor` is tried up to `clause_at` */
	bool is_scanning;
	size_t cursor;
	uint64_t at, last, clause_at;
	size_t size; /* of the clauses, as they came */
	uint8_t clauses[];
};

/* A clause that matches nothing up to that number. */
struct tried {
	uint64_t number;
	uint8_t *clause; /* owned; NULL: the place is free */
	size_t size;
};

#define TRIED_MAX 64

struct mailbox {
	struct actor *actor; /* borrowed */
	struct frames frames;
	struct list lanes;    /* of struct lane, the one whose turn it is first */
	struct list receives; /* owned struct receive, oldest first */
	struct list in_core;  /* core.mailboxes, while there may be something to do */
	/* of the actor's own connection, in this incarnation */
	uint64_t credit, handed; /* messages by credit: may be, were handed out */
	uint64_t out, consumed;  /* all that were handed out to it; those it has done with */
	bool has_passed;         /* messages went past the queue in this step */
	uint64_t dropped;        /* by its policy, ever */
	uint64_t overflows;      /* messages that found it full, since it last had room */
	uint64_t stop_number;    /* of its supervisor's EXIT (D14); 0: none */
	struct buf unacked;      /* numbers of kept messages that helpers have written out */
	struct tried *tried;     /* owned array of TRIED_MAX; NULL: none yet */
	unsigned next_tried;
};

/* ---- mailbox.c ---- */

/* Whose it is, made where there is none. NULL: no memory. */
struct mailbox *mailbox_of(struct actor *actor);
void mailbox_free(struct mailbox *m); /* takes NULL; its lanes are gone already */
void mailbox_wake(struct mailbox *m);
/* Appends a message as it is to be handed out: whatever the limit. 0, -ENOMEM. */
int mailbox_put(struct actor *actor, const struct wire_frame *frame, uint8_t state);
uint64_t mailbox_limit(const struct actor *actor);
/* That many bytes more do not overfill it. */
bool mailbox_has_room(const struct mailbox *m, uint64_t weight, bool foreign);
enum mailbox_overflow mailbox_policy(const struct mailbox *m);
bool mailbox_is_durable(const struct actor *actor);
/* The message there goes, and its memfd with it. */
void mailbox_kill(struct mailbox *m, struct place place);
/* Back to its place, marked so. */
void mailbox_give_back(struct mailbox *m, uint64_t number);
/* An answer or DOWN with that ref is there, queued or held. */
bool mailbox_has_answer(const struct actor *actor, uint64_t ref);
/* It goes, where it is queued; the queued EXITs of that actor. */
void mailbox_flush_ref(struct actor *actor, uint64_t ref);
void mailbox_flush_exits(struct actor *actor, actor_pid from);
/* The incarnation ends: what is not kept goes. */
void mailbox_end(struct actor *actor);
/* Its supervisor's EXIT was taken and is done with (D14). */
bool mailbox_stop_is_taken(const struct actor *actor);
/* What waits and what was handed out and is not done with. */
uint64_t mailbox_length(const struct actor *actor);
/* A memfd's number that came with a frame. 0, -ENOMEM. */
int mailbox_reserve_memfd(struct core *core);
/* It stands in one frame more: a copy that is to be sent. 0, -ENOMEM. Takes 0, which is none. */
int mailbox_hold_memfd(struct core *core, uint32_t number);
/* It stands in one frame less; the daemon is told where that was the last. Takes 0. */
void mailbox_release_memfd(struct core *core, uint32_t number);
/* The same, as a frames_lose. */
void mailbox_lose_memfd(void *core, uint32_t number);
/* The work of a step; what is left of it goes on in the next one. */
void mailbox_run_all(struct core *core);
/* The invariants of all of it; NULL, or what is broken. */
const char *mailbox_check_all(const struct core *core);
/* As mailbox_put(), into any queue. */
int frames_put(struct frames *f, const struct wire_frame *frame, uint8_t state);

/* ---- outlet.c: from the mailbox to connections ---- */

/* CREDIT, RECEIVE, ACK. NULL, or how it broke the rules. */
const char *outlet_take(struct source *source, const struct wire_frame *frame);
/* True: a RECEIVE with that ref waited, and was taken back. */
bool outlet_cancel(struct source *source, uint64_t ref);
/*
 * A run of plain messages goes past the queue where nothing is in it and there is credit for all of
 * them: they need not be copied twice. False: not so.
 */
bool outlet_pass(struct mailbox *m, const void *frames, size_t size, actor_pid from);
/* Hands out what may be. True: it is to be called again in the next step. */
bool outlet_run(struct mailbox *m);
/* The connection goes: what it held comes back, what it waited for is waited for no more. */
void outlet_leave(struct source *source);

/* ---- receive.c: which message ---- */

enum scan { SCAN_FOUND, SCAN_NOTHING, SCAN_MORE };

/* Of all scans of one step, in units of about a nanosecond: nobody waits longer for others. */
#define SCAN_WORK_MAX 2000000

/* Goes on with it; SCAN_MORE: it would take too long in this step. */
enum scan receive_scan(struct mailbox *m, struct receive *r, struct place *ret_place);
/* A number is back in the queue, or all are gone. */
void receive_rewind(struct mailbox *m, uint64_t number);
void receive_forget(struct mailbox *m);

/* ---- outbox.c: from connections to mailboxes ---- */

/* Whom a message is for. */
struct address {
	struct actor *actor; /* NULL: nobody */
	bool is_name;        /* by name or path, not by pid */
};

/* A MESSAGE, a CALL. NULL, or how it broke the rules. */
const char *outbox_send(struct source *source, const struct wire_frame *frame,
			const struct address *to);
/* A RESPONSE. NULL, or how it broke the rules. */
const char *outbox_answer(struct source *source, const struct wire_frame *frame);
/* A run of plain messages to one actor, whole frames side by side. False: not so; one by one. */
bool outbox_send_run(struct source *source, const void *frames, size_t size, size_t last_size);
/* True: a message to be confirmed with that ref waited, and was taken back. */
bool outbox_cancel(struct actor *sender, uint64_t ref);
/* What one has sent the other and still waits goes in, whatever the limit. */
void outbox_hurry(struct actor *sender, struct actor *receiver);
/* The sender ends: all of it goes in. */
void outbox_hurry_all(struct actor *sender);
/* The lanes' heads, as far as there is room. True: it is to be called again in the next step. */
bool outbox_let_in(struct mailbox *m);
/* The receiver's incarnation ends: what waits for it waits no more, but for what is kept. */
void outbox_end_lanes(struct mailbox *m);
/* How much of what it has sent may wait; what its connections may send follows from that. */
uint64_t outbox_limit(const struct actor *sender);
/* A connection begins with the window in its HELLO, and is told where there is room for more. */
void outbox_open(struct source *source);
/* Whom it waits for; none: nobody. */
actor_pid outbox_blocked_on(const struct actor *sender);
void outbox_free(struct actor *actor); /* its lanes at both ends */

#endif
