/* SPDX-License-Identifier: MIT */
#ifndef LIB_CONNECTION_H
#define LIB_CONNECTION_H

/*
 * What is behind a struct sup. Frames come in through input.c, which never sends anything: messages
 * go to the queue, answers to the waiter that waits for them. Frames go out through output.c, which
 * reads while it waits, so that two actors that send to each other never wait for each other.
 *
 *   handed    how many messages have come by credit
 *   consumed  how many messages the program has taken, however they came
 *   credit    how many may come by credit, as the daemon was last told
 *   mean      bytes of a message, of those that came lately
 *
 * A main process or guest keeps room for up to CREDIT_WINDOW messages that no receive has looked at
 * yet; what a receive has passed over does not count (the queue's n_fresh). A helper has no credit:
 * each of its receives asks for one message.
 */

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "lib/queue.h"
#include "lib/sup.h"
#include "wire/frame.h"

#define CREDIT_WINDOW 1024
#define CREDIT_WINDOW_MIN 16
/* ... but of large ones for no more than fit here, by what came lately. */
#define CREDIT_BYTES ((size_t)512 * 1024)
/* A payload above it travels in a memfd. */
#define INLINE_MAX ((size_t)60 * 1024)
/* Fds that one datagram may bring. */
#define FDS_MAX 253

enum role { ROLE_MAIN, ROLE_HELPER, ROLE_GUEST };

/* Somebody on whose stack this lies waits for the answer with that ref. */
struct waiter {
	struct list link; /* sup.waiters */
	uint64_t ref;
	bool done;
	bool receives;           /* a RECEIVE */
	struct letter *letter;   /* owned: the answer to a DIRECT call */
	struct wire_frame frame; /* of the DONE or REPLY; tag and payload lie in bytes */
	struct buf bytes;        /* owned */
	/* Takes a ROW, which is borrowed; what it returns, when not 0, is the request's result. */
	int (*row)(void *argument, const struct wire_frame *row);
	void *argument;
	int error; /* of row */
};

struct sup {
	int fd;
	enum role role;
	bool closed;  /* nothing more comes, nothing more is sent */
	bool greeted; /* the daemon's HELLO has come */
	bool durable;
	sup_pid pid; /* n is 0: a guest's that has not asked yet */
	uint64_t next_ref;
	struct list waiters; /* struct waiter, borrowed */
	struct queue queue;

	/* credit */
	uint64_t handed, consumed, credit;
	size_t mean;
	uint64_t told_consumed;
	uint64_t queued;   /* so many were left in the daemon when it last told */
	uint64_t promised; /* a number: that message answers a RECEIVE; 0: none */
	uint64_t unacked;  /* a number: that message was taken and is to be acknowledged; 0: none */

	/* out */
	struct buf out;
	unsigned corked;
	uint64_t sent, window; /* bytes of messages, so far and at most */

	/* in: how long a read waits, in milliseconds, and the datagram at hand */
	int patience;
	size_t size, cursor;
	int fds[FDS_MAX]; /* owned from n_fds_taken on */
	size_t n_fds, n_fds_taken;

	struct buf error, reason; /* sup_error(), sup_reason() */

	/* server.c */
	struct buf stop_reason;
	uint64_t n_unexpected;

	uint8_t datagram[WIRE_DATAGRAM_MAX];
};

/* ---- clock ---- */

/* The end of a timeout that begins now. */
struct mono deadline_in(int64_t timeout_ms);
bool deadline_is_over(struct mono deadline);
/* The timeout that is left of it. */
int64_t deadline_left(struct mono deadline);
/* What poll() is told. */
int deadline_patience(struct mono deadline);

/* ---- input.c ---- */

/* Takes what has come, without waiting: as many as were taken, 0: nothing; or -errno. */
int input_take(struct sup *sup);
/*
 * The same, waiting for as many milliseconds (below 0: without end) where nothing is there; 0:
 * still nothing, or the socket does not wait. -EINTR, -errno.
 */
int input_wait(struct sup *sup, int patience);
/* The same as input_take(), until there is nothing more. 0 or -errno; 0 also where the connection
 * is closed. */
int input_drain(struct sup *sup);

/* ---- wait.c ---- */

void waiter_add(struct sup *sup, struct waiter *waiter, uint64_t ref);
void waiter_remove(struct waiter *waiter); /* also frees what it has */
/*
 * Sends what is to be sent, then waits for something to come and takes it. 0, -ETIMEDOUT, -EINTR,
 * -EPIPE, ...
 */
int wait_input(struct sup *sup, struct mono deadline);
/* Until the waiter is done, whatever Unix signals come. 0, -ETIMEDOUT, -EPIPE, ... */
int wait_for(struct sup *sup, struct waiter *waiter, struct mono deadline);

/* ---- output.c ---- */

/* Appends a frame without payload. 0 or -ENOMEM. */
int output_put(struct sup *sup, const struct wire_frame *frame);
/* Ends a frame that was begun in sup->out. 0, -ENOMEM, -EMSGSIZE: nothing of it is left. */
int output_end(struct sup *sup, struct wire_encoder *e);
/* What was appended goes out, unless corked. 0 or -errno; waits. */
int output_commit(struct sup *sup);
/* Everything goes out. With wait false -EAGAIN where that would take waiting. */
int output_flush(struct sup *sup, bool wait);
/* Everything, and with its last datagram, which is the frame that begins at `from`, the fds. */
int output_flush_with(struct sup *sup, size_t from, const int *fds, size_t n_fds, bool wait);

/* ---- send.c ---- */

/* What is to be sent, and how. */
struct sending {
	struct wire_frame frame; /* but for the tag */
	const char *name;        /* the receiver's, or NULL: frame.to is it */
	const char *tag;         /* NULL: none */
	struct sup_bytes payload;
	bool nowait;
	char bytes[SUP_TAG_MAX]; /* name, NUL and tag, for the frame */
};

int send_frame(struct sup *sup, struct sending *what);
/* The same for what is no message, and so in no window, and has no payload. */
int send_signal(struct sup *sup, struct sending *what);
uint64_t ref_new(struct sup *sup);

/* ---- receive.c ---- */

/* Appends what the daemon should know of credit and acknowledgements. 0 or -ENOMEM. */
int receive_report(struct sup *sup);
/* Of credit alone. Not for helpers. */
int receive_put_credit(struct sup *sup);
/* From now on whatever comes is taken in, however much lies at hand already. 0 or -ENOMEM. */
int receive_all(struct sup *sup);
/* sup_receive() with one clause, for a message of our own: what the program has taken, and not
 * acknowledged yet, stays so. */
int receive_aside(struct sup *sup, const struct sup_clause *clause, int64_t timeout_ms,
		  struct sup_message **ret_message);
/* Drops what is at hand of that kind, from that pid, with that ref; 0: whatever. 0 or -ENOMEM. */
int receive_drop(struct sup *sup, enum sup_kind kind, sup_pid from, sup_ref ref);

/* ---- open.c ---- */

/* Returns r. Where that is a failure supd has said nothing of it, and what it said of an earlier
 * one is forgotten; what it said when it closed the connection, -EPIPE, stays. */
int fail_without_words(struct sup *sup, int r);

/* ---- request.c ---- */

/* A request: begun, its fields appended to e, then asked. */
struct request {
	struct sup *sup;
	struct wire_encoder e;
	struct waiter waiter; /* its frame is the reply */
};

void request_begin(struct request *q, struct sup *sup, const char *command);
/*
 * Sends it, with fds where n_fds is not 0, and waits for the reply, which is there until
 * request_fini(). 0, or the reply's status as -errno: -ESRCH, -EPERM, -EOPNOTSUPP, -ETIMEDOUT,
 * -ECONNRESET, for a mere failure -EREMOTEIO; sup_error() and sup_reason() say more.
 */
int request_ask(struct request *q, const int *fds, size_t n_fds);
void request_fini(struct request *q);
/* A request with up to one text field, NULL: none, to its end. */
int request_simple(struct sup *sup, const char *command, const char *field, const char *value);
/* The reply's field of that name as a pid. 0 or -EPROTO. */
int request_pid(const struct request *q, const char *field, sup_pid *ret_pid);

#endif
