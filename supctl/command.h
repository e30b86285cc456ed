/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_COMMAND_H
#define SUPCTL_COMMAND_H

/*
 * A command of supctl: one file, one constant, one row of the table in table.c. Parsing, -h and the
 * test of the manual page all read these.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "lib/client.h"
#include "wire/hello.h"

/* INTERFACE: the exit statuses. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOPROC = 3,
	EXIT_REFUSED = 4,
	EXIT_TIMEOUT = 5,
	EXIT_NO_DAEMON = 6,
	EXIT_DIED = 7,
};

struct option_spec {
	const char *name; /* "--timeout"; NULL ends a list */
	const char *arg;  /* "SPAN"; NULL: it takes none */
	const char *help;
};

#define OPTIONS_MAX 8

struct context;

/* As whom a command speaks to the daemon (SEMANTICS D20). */
enum command_as {
	AS_GUEST,      /* as the user who runs it */
	AS_ACTOR,      /* inside an actor for that one, else as a guest */
	AS_ACTOR_ONLY, /* outside an actor it makes no sense: a usage error */
};

struct command {
	const char *name;
	const char *args;                  /* what follows the name in the usage line */
	const char *usage;                 /* one line: what it does */
	const char *help;                  /* more of it; may be "" */
	const struct option_spec *options; /* its own; NULL: none */
	int min_args, max_args;            /* of the words that are no options; -1: any number */
	bool takes_signal;                 /* a word like -HUP or -9 goes to context.unix_signal */
	const char *repeats; /* the option that may stand there more than once; NULL: none */
	enum command_as as;
	int (*run)(struct context *context);
};

/* One run of one command. */
struct context {
	const struct command *command;
	bool json;
	const char *socket;              /* -s; NULL: found out */
	const char *values[OPTIONS_MAX]; /* by the command's options; "" for one without argument;
					    NULL: not given */
	const char **list; /* owned; the arguments of command.repeats, in their order */
	size_t n_list;
	const char *unix_signal;
	char **args; /* borrowed; n_args words */
	int n_args;
	char **rest;           /* what came after "--", ends with NULL; NULL: no "--" */
	struct mono deadline;  /* of --timeout, where the command has it */
	struct client *client; /* owned; NULL: not connected */
	char *path;            /* owned; the socket's */
};

/* ---- table.c ---- */

extern const struct command *const commands[]; /* ends with NULL */
const struct command *command_find(const char *name);
const char *command_suggest(const char *name); /* NULL: nothing near */

/* ---- options.c ---- */

/* Fills the context out of the words after the command's name. 0, or EXIT_USAGE with the message
 * printed. */
int options_parse(struct context *context, int argc, char **argv);
/* That long from now. */
struct mono deadline_in(struct span span);
/* The value of one of the command's own options: NULL where not given. */
const char *option_value(const struct context *context, const char *name);
bool command_has_option(const struct command *command, const char *name);
void help_print(void);
void help_print_command(const struct command *command);
/* Prints "supctl: ..." on standard error. */
void complain(const char *format, ...) PRINTF(1, 2);
/* The same and the usage line; returns EXIT_USAGE. */
int complain_usage(const struct context *context, const char *format, ...) PRINTF(2, 3);

/* ---- connect.c ---- */

/* Connects. 0 or an exit status with the message printed. */
int context_connect(struct context *context);
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

/* As reply_status(), for the reply to such a text: what is wrong in it is named as the user knows
 * it.
 */
int child_reply_status(const struct context *context, const struct wire_frame *reply);

/* ---- table of commands' constants ---- */

extern const struct command ack_command, add_command, call_command, check_command, child_command,
	demonitor_command, events_command, exit_command, ignore_command, info_command, kill_command,
	link_command, mailbox_command, monitor_command, names_command, ping_command, ready_command,
	recv_command, register_command, remove_command, reply_command, restart_command,
	self_command, send_command, shutdown_command, start_command, status_command, stop_command,
	sync_command, trap_command, tree_command, unlink_command, unregister_command,
	version_command, wait_command, watchdog_command, whereis_command, why_command;

#endif
