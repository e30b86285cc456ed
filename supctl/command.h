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

#define OPTIONS_MAX 12

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

/* ---- table of commands' constants ---- */

extern const struct command ack_command, add_command, call_command, check_command, child_command,
	demonitor_command, events_command, exit_command, ignore_command, info_command, kill_command,
	link_command, logs_command, mailbox_command, monitor_command, names_command, ping_command,
	ready_command, recv_command, register_command, reload_command, remove_command,
	reply_command, report_command, restart_command, scale_command, self_command, send_command,
	shutdown_command, spawn_command, start_command, status_command, stop_command, sync_command,
	trap_command, tree_command, unlink_command, unregister_command, version_command,
	wait_command, watchdog_command, what_if_command, whereis_command, why_command;

#endif
