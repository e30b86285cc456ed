/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_ASK_H
#define SUPCTL_ASK_H

/*
 * What commands ask the daemon, and what becomes of its answers. Whatever fails on the way is said
 * on standard error where it fails; a command hands the exit status on.
 */

#include "supctl/command.h"
#include "wire/hello.h"

/* ---- connect.c ---- */

/* Connects. 0 or an exit status with the message printed. */
int context_connect(struct context *context);
/* The same, but where there is no daemon nothing is printed: -errno. */
int context_try(struct context *context);
/* Nobody listens at the socket, or there is none. */
bool is_no_daemon(int error);
/* -s, or SUP_SOCKET, says which daemon. */
bool context_names_daemon(const struct context *context);
/* The next frame, or an exit status with the message printed. */
int context_receive(struct context *context, struct wire_frame *ret_frame);
/*
 * The next frame of any kind, with status 0; -ETIMEDOUT where the deadline has passed; or an exit
 * status with the message printed. A reply about the connection itself counts as its error.
 */
int context_take(struct context *context, struct mono deadline, struct wire_frame *ret_frame);
/* Prints what an -errno or a client_error of the connection means; returns its exit status. */
int context_failed(const struct context *context, int error);
/* Ends a request. 0 or an exit status with the message printed. */
int context_end(struct context *context);
/* The exit status of a reply; its error, where it has one, is printed. */
int reply_status(const struct wire_frame *reply);
/* The same, of a request whose name is not the command's: that is what its error names. */
int reply_status_to(const struct context *context, const char *request,
		    const struct wire_frame *reply);
void context_fini(struct context *context);

/* Connects and begins a request. NULL: the exit status is in *ret_status. */
struct wire_encoder *context_begin(struct context *context, const char *request, uint64_t *ret_ref,
				   int *ret_status);

/* ---- inside.c: the actor for which a command acts ---- */

struct identity {
	uint64_t pid;
	uint8_t token[HELLO_TOKEN_SIZE];
};

/* Inside an actor, and the daemon that is meant is that actor's own. */
bool inside_an_actor(const struct context *context);
/* Which one. 0 or an exit status with the message printed. */
int identity_read(struct identity *ret_identity);

/* ---- each.c ---- */

/* Appends the fields that a request has beside its target. */
typedef void fill_request(const struct context *context, struct wire_encoder *e);

/* Sends one request; target and fill may be NULL. 0 or an exit status with the message printed. */
int ask(struct context *context, const char *request, const char *target, fill_request *fill);

/*
 * One request for each word of the command line, as its target. The success of each is a line: the
 * name, then `done` ("stopped"). The first failure decides the exit status; the others are done all
 * the same.
 */
int run_each(struct context *context, const char *request, const char *done, fill_request *fill);
/* The same; where it takes long, standard error tells every now and then which processes of the
 * targets do not go. */
int run_each_end(struct context *context, const char *request, const char *done,
		 fill_request *fill);
/* ---- left.c ---- */

/* Which processes of the command's words should be gone, and are not; nothing where there are none.
 */
void say_what_is_left(const struct context *context);

/* ---- each.c ---- */

/*
 * The same for requests with rows: all of them in one table, as JSON, or as blocks. Where there are
 * no words, one request without a target.
 */
enum rows_form { ROWS_TABLE, ROWS_BLOCKS };
int print_rows(struct context *context, const char *request, enum rows_form form,
	       fill_request *fill);

/*
 * A request without rows, and its reply. fill may be NULL. 0 or an exit status with the message
 * printed; *ret_reply is borrowed until the next frame is taken.
 */
int ask_reply(struct context *context, const char *request, fill_request *fill,
	      struct wire_frame *ret_reply);
/* The same, and prints that text field of the reply, or all of it as JSON; shown NULL: nothing. */
int ask_and_print(struct context *context, const char *request, fill_request *fill,
		  const char *shown);
/* The first word of the command line as the request's target, as its name. */
fill_request fill_target, fill_name;

/* ---- child_text.c: a new child as the text of a configuration ---- */

/*
 * "[service PATH]" with KEY=VALUE lines out of words, or what --file names. Appended to out.
 * 0 or an exit status with the message printed.
 */
int child_text(const struct context *context, const char *path, char **words, int n_words,
	       struct buf *out);

/* As reply_status_to(), for the reply to such a text: what is wrong in it is named as the user
 * knows it.
 */
int child_reply_status(const struct context *context, const char *request,
		       const struct wire_frame *reply);

#endif
