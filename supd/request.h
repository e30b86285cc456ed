/* SPDX-License-Identifier: MIT */
#ifndef SUPD_REQUEST_H
#define SUPD_REQUEST_H

/*
 * Requests of guests: one table of commands (request.c), each with the right it needs and what it
 * does. Those that the core decides wait as a struct pending for its answer; the others answer at
 * once.
 *
 * Fields of the requests: sup(7).
 */

#include "core/event.h"
#include "supd/control.h"

/* Exit statuses of supctl, which every reply carries (INTERFACE 3). */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_NOPROC = 3,
	STATUS_REFUSED = 4,
	STATUS_TIMEOUT = 5,
	STATUS_DIED = 7,
};

/* Who may ask besides those who have the right. */
enum request_for {
	FOR_NOBODY_ELSE,
	FOR_ACTORS,      /* processes and their helpers, too: the core judges */
	FOR_ACTORS_ONLY, /* ... and no guest, whatever its rights (SEMANTICS D20) */
};

struct request_command {
	const char *name; /* the tag of its frames */
	enum right right;
	enum request_kind kind; /* for those that the core decides */
	bool has_target;        /* asks for the text field "target" */
	void (*take)(struct conn *conn, const struct request_command *command,
		     const struct wire_frame *frame);
	/* Appends the fields of the reply, status first; rows go before. NULL: answered in take. */
	void (*answer)(struct pending *pending, const struct reply *reply);
	enum request_for whom;
};

/* A request that is answered later, by control_on_reply() with this id. 0: refused, and told. */
uint64_t request_hold(struct conn *conn, const struct request_command *command,
		      const struct wire_frame *frame);
/* Hands a request to the core; its id is set here. The answer comes through request_answer(). */
void request_submit(struct conn *conn, const struct request_command *command,
		    const struct wire_frame *frame, struct request *request);
void request_answer(struct pending *pending, const struct reply *reply);

/* Replies with an error in a sentence: printf-like. */
void request_fail(struct conn *conn, uint64_t ref, enum status status, const char *format, ...)
	PRINTF(4, 5);

/* It is a template's, but for the @ behind it. */
bool request_names_template(const struct daemon *d, const char *target);
/* Why nobody of that name or pid was found: there is none, it is down, it is about to end. */
const char *request_absence(const struct daemon *d, const char *target);
/* Replies with that. */
void request_fail_absent(struct conn *conn, uint64_t ref, const char *target);

/* ---- request_operator.c ---- */

void request_take_operator(struct conn *conn, const struct request_command *command,
			   const struct wire_frame *frame);
void request_take_exit(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame);
void request_take_kill(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame);
void request_take_wait(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame);
void request_take_shutdown(struct conn *conn, const struct request_command *command,
			   const struct wire_frame *frame);
void request_answer_operator(struct pending *pending, const struct reply *reply);
/* Its status; what is wrong, in words, is appended to error. */
enum status request_answer_words(const struct pending *pending, const struct reply *reply,
				 struct buf *error);

/* ---- request_reload.c ---- */

void request_take_reload(struct conn *conn, const struct request_command *command,
			 const struct wire_frame *frame);
void request_answer_reload(struct pending *pending, const struct reply *reply);

/* ---- request_actor.c ---- */

void request_take_self(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame);
void request_take_actor(struct conn *conn, const struct request_command *command,
			const struct wire_frame *frame);
void request_take_name(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame);
void request_take_trap(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame);
void request_take_exit_self(struct conn *conn, const struct request_command *command,
			    const struct wire_frame *frame);
void request_take_state(struct conn *conn, const struct request_command *command,
			const struct wire_frame *frame);
void request_answer_actor(struct pending *pending, const struct reply *reply);

/* ---- request_spawn.c ---- */

void request_take_spawn(struct conn *conn, const struct request_command *command,
			const struct wire_frame *frame);
void request_answer_spawn(struct pending *pending, const struct reply *reply);
/* The fds that a request names are closed: it is refused. */
void request_drop_fds(struct conn *conn, const struct wire_frame *frame);

/* ---- request_info.c ---- */

void request_take_names(struct conn *conn, const struct request_command *command,
			const struct wire_frame *frame);
void request_take_info(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame);
void request_take_mailbox(struct conn *conn, const struct request_command *command,
			  const struct wire_frame *frame);
/* The next message of a listing of a mailbox; its end where there is none. */
void listing_write_message(struct conn *conn, struct listing *listing);
/* A row of a listing of names, where somebody still has that one. */
void listing_write_name(struct conn *conn, const struct listing *listing, const char *name);

/* ---- request_child.c ---- */

void request_take_add(struct conn *conn, const struct request_command *command,
		      const struct wire_frame *frame);
void request_take_child(struct conn *conn, const struct request_command *command,
			const struct wire_frame *frame);
void request_answer_child(struct pending *pending, const struct reply *reply);

/* ---- request_what_if.c ---- */

void request_take_what_if(struct conn *conn, const struct request_command *command,
			  const struct wire_frame *frame);

/* ---- request_look.c ---- */

/* A listing of the children that a request means: its target, with all below it where that is so,
 * or all. NULL: refused, and told. */
struct listing *listing_begin(struct conn *conn, const struct wire_frame *frame, bool below);
void request_take_status(struct conn *conn, const struct request_command *command,
			 const struct wire_frame *frame);
void request_take_report(struct conn *conn, const struct request_command *command,
			 const struct wire_frame *frame);
void request_take_version(struct conn *conn, const struct request_command *command,
			  const struct wire_frame *frame);

/* ---- events_watch.c ---- */

void request_take_events(struct conn *conn, const struct request_command *command,
			 const struct wire_frame *frame);

/* ---- request_why.c ---- */

void request_take_why(struct conn *conn, const struct request_command *command,
		      const struct wire_frame *frame);
/* The next event of a chain of causes. */
void listing_write_why(struct conn *conn, struct listing *listing);

/* ---- request_logs.c ---- */

void request_take_logs(struct conn *conn, const struct request_command *command,
		       const struct wire_frame *frame);
/* A row of a listing of logs, where that is a service. */
void listing_write_log(struct conn *conn, const struct listing *listing, uint32_t slot);
void request_take_rotate(struct conn *conn, const struct request_command *command,
			 const struct wire_frame *frame);
void request_answer_rotate(struct pending *pending, const struct reply *reply);
/* Whoever asked for it has gone; it goes on. Takes NULL. */
void rotating_forget(struct rotating *rotating);

#endif
