/* SPDX-License-Identifier: MIT */
#ifndef SUP_H
#define SUP_H

/*
 * libsup: a program as an actor under supd(8), with a pid, a mailbox, links and monitors. All of it
 * is described in sup(3); the words and the rules are those of Erlang/OTP, sup(7) has them.
 *
 * Every function that returns an int returns 0 or a count, or a negative errno; outputs are
 * untouched where it fails. Nothing here aborts, prints, or keeps a global variable. -EPIPE: the
 * connection to supd is closed; -ENOMEM and -EPROTO (the other side is no supd) may come from
 * everywhere.
 *
 * A connection belongs to one thread at a time, and to the process that opened it: a child of
 * fork() must neither use nor close it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An actor's id; n is 0 for none. Never an OS pid. Compare n. */
typedef struct {
	uint64_t n;
} sup_pid;

/* Names a call or a monitor; n is 0 for none. */
typedef struct {
	uint64_t n;
} sup_ref;

#define SUP_PID_TEXT_MAX 32
/* Longest tag, without its final NUL; longest payload. */
#define SUP_TAG_MAX 255
#define SUP_PAYLOAD_MAX ((size_t)1 << 30)

/* Writes "<0.L.H>"; returns text. */
char *sup_pid_format(sup_pid pid, char text[SUP_PID_TEXT_MAX]);
/* Takes "<0.L.H>" and "0.L.H". 0 or -EINVAL. */
int sup_pid_parse(const char *text, sup_pid *ret_pid);

/* ---- connections ---- */

struct sup;

/*
 * Connects this process to its mailbox. The main process of a service, or of what was spawned, uses
 * the socket SUP_FD, which is close-on-exec from then on; any other process inside an actor acts
 * for that one by SUP_SOCKET, SUP_PID and SUP_TOKEN. -ENOTCONN: this process is no actor's; -EBUSY:
 * its mailbox has been opened already; -EKEYREJECTED: supd does not know the token;
 * -EPROTONOSUPPORT: supd speaks another version.
 */
int sup_open(struct sup **ret_sup);
/*
 * Connects as a guest: an actor for as long as the connection lasts. path NULL: the socket of the
 * daemon that supctl(1) would take.
 */
int sup_open_guest(const char *path, struct sup **ret_sup);
/* Takes NULL. What was sent has been sent; messages not taken are lost with the mailbox. */
void sup_close(struct sup *sup);

/*
 * For an event loop: turns readable when there may be a message. Then receive with SUP_AT_HAND and
 * a timeout of 0 until -ETIMEDOUT, and before the first wait, too. -EPIPE: the connection is
 * closed.
 */
int sup_fd(const struct sup *sup);
/* One's own pid. */
int sup_self(struct sup *sup, sup_pid *ret_pid);
/* What supd said of the last call that failed: a sentence for a person, or "". Borrowed. */
const char *sup_error(const struct sup *sup);
/* The exit reason behind the last failure: why the server of a call has ended. "" or borrowed. */
const char *sup_reason(const struct sup *sup);

/* ---- messages ---- */

enum sup_kind {
	SUP_ANY = 0, /* in a clause: whatever kind */
	SUP_MESSAGE = 1,
	SUP_CALL = 2,  /* wants a sup_reply() */
	SUP_REPLY = 3, /* to a sup_call_begin() */
	SUP_EXIT = 4,  /* an exit signal, where exits are trapped; payload: the reason, a text */
	SUP_DOWN = 5,  /* of a monitor; payload: the reason, a text */
};

/* A message that was received. Owned by who took it: sup_message_free(). */
struct sup_message {
	enum sup_kind kind;
	bool redelivered; /* it has been handed out before (durable mailboxes, helpers) */
	sup_pid from;     /* who sent it, or has ended; 0: a name that nobody had */
	sup_ref ref;      /* SUP_CALL: for its reply; SUP_REPLY, SUP_DOWN: of the call, monitor */
	uint64_t number;  /* its place in the mailbox, for sup_ack() */
	const char *tag;  /* "" where it has none; SUP_DOWN: the name that was monitored, or "" */
	const void *payload; /* never NULL; a NUL follows that size does not count */
	size_t size;
};

void sup_message_free(struct sup_message *message); /* takes NULL */

/* What a message carries, as it is handed to the functions that send. Borrowed. */
struct sup_bytes {
	const void *data;
	size_t size;
};

#define SUP_NOTHING ((struct sup_bytes){NULL, 0})

struct sup_bytes sup_bytes(const void *data, size_t size);
struct sup_bytes sup_text(const char *text); /* without its final NUL */

/* ---- sending ---- */

/* Flags of sup_send(), sup_send_name(), sup_reply(), sup_call_begin(). */
#define SUP_NOWAIT 1u /* -EAGAIN, and nothing is sent, where it would have to wait */

/*
 * Messages to one receiver arrive in the order sent. Waits only where so much waits for receivers
 * with full mailboxes that supd takes no more for now. To a pid that is gone: 0, and nothing
 * happens. -EMSGSIZE: tag or payload too long.
 */
int sup_send(struct sup *sup, sup_pid to, const char *tag, struct sup_bytes payload,
	     unsigned flags);
/*
 * To whom the name belongs; returns when the message is in the mailbox. -ESRCH: nobody has the
 * name; -ENOBUFS: the mailbox is full and takes no more; -ENAMETOOLONG: name and tag together.
 */
int sup_send_name(struct sup *sup, const char *name, const char *tag, struct sup_bytes payload,
		  unsigned flags);

/* From here to sup_uncork() what is sent is collected and sent together; may be nested. */
void sup_cork(struct sup *sup);
int sup_uncork(struct sup *sup);

/* ---- receiving ---- */

/* What a message must be like; what is left out, and so 0 or NULL, matches anything. */
struct sup_clause {
	enum sup_kind kind;
	const char *tag; /* a pattern: * is any text, ? one byte, the rest itself */
	sup_pid from;
	sup_ref ref;
};

#define SUP_CLAUSES_MAX 1024
/* A timeout without end. Timeouts are milliseconds and run from the entry into the function. */
#define SUP_FOREVER (-1)

/* Flags of sup_receive(): the first message that matches any clause, as in Erlang. */
#define SUP_IN_ORDER 2u
/* With a timeout of 0: looks at what has come and asks supd nothing; what comes later makes
 * sup_fd() readable. */
#define SUP_AT_HAND 16u

/*
 * Takes a message out of the mailbox: the first that matches the first clause, wherever it lies;
 * where none does the first that matches the second; and so on. With SUP_IN_ORDER the first that
 * matches any. Without clauses the first there is. What matches nothing stays, in its order.
 *
 * -ETIMEDOUT; a timeout of 0 looks at the whole mailbox once. -EINTR: the handler of a Unix signal
 * ran while it waited. Receiving acknowledges what was received before, see sup_ack().
 */
int sup_receive(struct sup *sup, const struct sup_clause *clauses, size_t n_clauses, unsigned flags,
		int64_t timeout_ms, struct sup_message **ret_message);
/* Waits and takes no message: Erlang's receive without clauses. 0, or -EINTR. */
int sup_sleep(struct sup *sup, int64_t timeout_ms);
/*
 * It is done with, and need not come again should this process end. Without this, that is so when
 * the next message is received, or a call is replied to. Only durable mailboxes, and processes that
 * are not the actor's main one, have messages come again.
 */
int sup_ack(struct sup *sup, const struct sup_message *message);

/* ---- calls ---- */

/*
 * Sends a call and waits for its reply. -ETIMEDOUT: the server lives, and is slow; its reply is
 * dropped should it still come. -ESRCH: there is no such actor. -ECONNRESET: it has ended without a
 * reply, sup_reason() says why. -EDEADLK: a call of oneself.
 */
int sup_call(struct sup *sup, sup_pid to, const char *tag, struct sup_bytes payload,
	     int64_t timeout_ms, struct sup_message **ret_reply);
int sup_call_name(struct sup *sup, const char *name, const char *tag, struct sup_bytes payload,
		  int64_t timeout_ms, struct sup_message **ret_reply);
/*
 * Sends a call and goes on. Its reply comes as a SUP_REPLY with that ref or, where there will be
 * none, a SUP_DOWN. sup_demonitor() gives it up.
 */
int sup_call_begin(struct sup *sup, sup_pid to, const char *tag, struct sup_bytes payload,
		   unsigned flags, sup_ref *ret_ref);
/* Answers a call: to and ref are its from and ref. Nothing happens where the caller is gone. */
int sup_reply(struct sup *sup, sup_pid to, sup_ref ref, const char *tag, struct sup_bytes payload,
	      unsigned flags);

/* ---- links, monitors, exit signals ---- */

/*
 * Ties both: whoever ends first sends the other an exit signal with its reason. To link to who is
 * gone is no error; the exit signal is noproc then.
 */
int sup_link(struct sup *sup, sup_pid pid);
/* No exit signal of that link comes any more, and none that came is left in the mailbox. */
int sup_unlink(struct sup *sup, sup_pid pid);

/* A SUP_DOWN with that ref comes once, when it ends; at once, with noproc, where it is gone. */
int sup_monitor(struct sup *sup, sup_pid pid, sup_ref *ret_ref);
/* The same, of who has the name now, whatever becomes of the name. */
int sup_monitor_name(struct sup *sup, const char *name, sup_ref *ret_ref);

/* Flags of sup_demonitor(). */
#define SUP_FLUSH 4u /* a SUP_DOWN or SUP_REPLY with that ref that is in the mailbox goes, too */

/*
 * Ends a monitor, or gives up a sup_call_begin(). 1: it was active; 0: its SUP_DOWN or SUP_REPLY
 * had been sent already, or there was none.
 */
int sup_demonitor(struct sup *sup, sup_ref ref, unsigned flags);

/* Whether exit signals become messages, SUP_EXIT, instead of ending the actor. What it was: 1, 0.
 */
int sup_trap_exit(struct sup *sup, bool on);
/* An exit signal. -ESRCH: there is no such actor; -EPERM: it is another user's. */
int sup_exit(struct sup *sup, sup_pid pid, const char *reason);
/* One's own end, with that reason: the process has its shutdown time to go. */
int sup_exit_self(struct sup *sup, const char *reason);

/* ---- names ---- */

/* Gives pid, n 0: oneself, a name. -EEXIST: it is taken; -EINVAL: it can not be one. */
int sup_register(struct sup *sup, const char *name, sup_pid pid);
int sup_unregister(struct sup *sup, const char *name);
/* Who has the name, path or alias. -ESRCH: nobody. */
int sup_whereis(struct sup *sup, const char *name, sup_pid *ret_pid);

/* What supd knows of an actor. A number that it does not know is -1, a text "". */
struct sup_info {
	sup_pid pid;
	const char *name, *kind, *state;
	int64_t os_pid, uid;
	bool trap_exit;
	int64_t message_queue_len, mailbox_bytes, mailbox_limit;
	int64_t memory;      /* bytes */
	int64_t cpu_time_ns; /* nanoseconds */
	sup_pid blocked_on;  /* whose full mailbox its messages wait for; n 0: nobody's */
	const sup_pid *links, *monitors, *monitored_by;
	size_t n_links, n_monitors, n_monitored_by;
	const char *const *names; /* ends with NULL */
	size_t n_names;
};

int sup_info(struct sup *sup, sup_pid pid, struct sup_info **ret_info);
void sup_info_free(struct sup_info *info); /* takes NULL */

/* ---- processes ---- */

/* A command to be started; what is left out, and so NULL, is as supd has it. */
struct sup_command {
	const char *const *argv;        /* ends with NULL */
	const char *const *environment; /* further variables, NAME=VALUE; ends with NULL */
	const char *directory;
	const int *fds; /* for its fds 0, 1, 2; -1: as supd has it */
};

/*
 * Starts a process that is an actor, too, and on no supervisor's list. Where the program can not be
 * executed that is the errno, as -ENOENT, and nobody was started. Link and monitor are made with
 * it, in one step. ret_pid may be NULL.
 */
int sup_spawn(struct sup *sup, const struct sup_command *command, sup_pid *ret_pid);
int sup_spawn_link(struct sup *sup, const struct sup_command *command, sup_pid *ret_pid);
int sup_spawn_monitor(struct sup *sup, const struct sup_command *command, sup_pid *ret_pid,
		      sup_ref *ret_ref);

/* ---- the service that this process is ---- */

/* The start is done, as with READY=1 on the notify socket. */
int sup_ready(struct sup *sup);
/* Instead of that: this service is not needed, and is about to exit with status 0. */
int sup_ignore(struct sup *sup);
/* It is well: for a service with a watchdog, as WATCHDOG=1 on the notify socket. */
int sup_watchdog(struct sup *sup);

/* ---- servers ---- */

/* What a server's functions return, besides a negative errno, which ends it as SUP_STOP does. */
enum {
	SUP_CONTINUE = 0,
	SUP_STOP = 1,
	SUP_UNEXPECTED = 2, /* the message is none of those that it knows */
};

/*
 * A server, as OTP's gen_server: functions that sup_server_run() calls, one at a time; state is
 * the caller's. What is NULL is left out.
 */
struct sup_server {
	/* Once, before all. SUP_STOP: it is not needed. Else it is ready when this returns. */
	int (*init)(struct sup *sup, void *state);
	/* A SUP_CALL; replies at once or later. */
	int (*handle_call)(struct sup *sup, void *state, const struct sup_message *call);
	/* A SUP_MESSAGE. */
	int (*handle_cast)(struct sup *sup, void *state, const struct sup_message *cast);
	/* A SUP_REPLY, a SUP_DOWN, or a SUP_EXIT but of one's own supervisor, which ends it. */
	int (*handle_info)(struct sup *sup, void *state, const struct sup_message *info);
	/* Nothing came for timeout_ms, which is not 0. */
	int (*handle_timeout)(struct sup *sup, void *state);
	/* Once, after all; not where init failed. */
	void (*terminate)(struct sup *sup, void *state, const char *reason);
	/* A message that nothing above was for, before it is dropped: for a log. */
	void (*unexpected)(struct sup *sup, void *state, const struct sup_message *message);
	/* Exits are trapped from before init on: terminate is called when it is to be stopped. */
	bool trap_exit;
	int64_t timeout_ms;
	/* What is to be handled before what: as for sup_receive(). n 0: in order of arrival. */
	const struct sup_clause *clauses;
	size_t n_clauses;
};

/*
 * Runs it to its end, then tells supd the reason, unless that is "normal". 0, or the negative errno
 * that ended it; -EPIPE: supd has gone.
 */
int sup_server_run(struct sup *sup, const struct sup_server *server, void *state);
/* The reason for the SUP_STOP that follows. SUP_STOP, or -ENOMEM. */
int sup_server_stop(struct sup *sup, const char *reason);
/* How many messages were unexpected, over all runs. */
uint64_t sup_server_unexpected(const struct sup *sup);

/* ---- tasks ---- */

/* A command whose standard output is wanted, as Elixir's Task. */
struct sup_task;

#define SUP_RESULT_MAX ((size_t)64 << 20)

/* Starts it, linked and monitored. Its standard output is the task's, whatever command->fds says.
 */
int sup_async(struct sup *sup, const struct sup_command *command, struct sup_task **ret_task);
sup_pid sup_task_pid(const struct sup_task *task);
/*
 * Waits for its end. 0 with what it has printed, which is the task's, and a NUL follows it, where
 * it ended normally; -ECONNRESET where it did not, sup_reason() says why; -EMSGSIZE: it has printed
 * more than SUP_RESULT_MAX. -ETIMEDOUT: it did not end in time, and is told to. -EINVAL: its end
 * has been told already.
 */
int sup_await(struct sup_task *task, int64_t timeout_ms, struct sup_bytes *ret_result);
/* The same, but that after -ETIMEDOUT it goes on, and can be waited for again. */
int sup_yield(struct sup_task *task, int64_t timeout_ms, struct sup_bytes *ret_result);
/*
 * Ends it: tells it to, and kills it after timeout_ms. -ECANCELED; or as sup_await() where it had
 * ended by itself before.
 */
int sup_task_shutdown(struct sup_task *task, int64_t timeout_ms, struct sup_bytes *ret_result);
/* Forgets it, which ends nothing: where it runs it stays linked. Takes NULL. */
void sup_task_free(struct sup_task *task);

/* ---- children of supervisors ---- */

/*
 * The child API of OTP's supervisors. A supervisor is named by its path, or its pid as text, a
 * child by the last part of its path, under a simple_one_for_one by its pid. OTP's words for a
 * refusal, which sup_error() tells, are these:
 *
 *   -ESRCH        noproc: no such supervisor     -EALREADY     already_started
 *   -ENOENT       not_found: no such child       -EEXIST       already_present
 *   -ENOTDIR      not_supervisor                 -EBUSY        running
 *   -EINVAL       bad_spec, bad_combination      -EINPROGRESS  restarting
 *   -ENOTUNIQ     simple_one_for_one             -EDQUOT       max_children
 *   -ECHILD       start: it failed, with sup_reason()
 */

/*
 * Adds a child and starts it. path is its name, text its section, as in supd.conf(5), with those of
 * what is below it. 0 with its pid, n 0: it said that it is not needed; also with -EALREADY.
 */
int sup_start_child(struct sup *sup, const char *supervisor, const char *path, const char *text,
		    sup_pid *ret_pid);
/* Under a simple_one_for_one: a copy of its template, with further arguments; NULL: none. */
int sup_start_copy(struct sup *sup, const char *supervisor, const char *const *arguments,
		   sup_pid *ret_pid);
int sup_terminate_child(struct sup *sup, const char *supervisor, const char *child);
int sup_restart_child(struct sup *sup, const char *supervisor, const char *child, sup_pid *ret_pid);
int sup_delete_child(struct sup *sup, const char *supervisor, const char *child);

struct sup_child {
	const char *id; /* "" under a simple_one_for_one */
	sup_pid pid;    /* n 0: it does not run */
	bool is_restarting;
	bool is_supervisor;
};

/*
 * Calls each for every child, the last one first; what is in the child is borrowed. Returns how
 * many there are, or the first result of each that is not 0. each must not use the connection.
 */
int sup_which_children(struct sup *sup, const char *supervisor,
		       int (*each)(void *argument, const struct sup_child *child), void *argument);

struct sup_child_counts {
	int64_t specs, active, supervisors, workers;
};

int sup_count_children(struct sup *sup, const char *supervisor,
		       struct sup_child_counts *ret_counts);

/* ---- registries ---- */

/*
 * A server that knows who has which key, and forgets who ends; as Elixir's Registry. Keys are
 * texts, with a value each. -ESRCH, -ECONNRESET and -ETIMEDOUT as of sup_call(): of the registry.
 */

#define SUP_DUPLICATE 8u /* a key may be had by any number; without: by one */

/* Runs one in this process, as sup_server_run() does. */
int sup_registry_run(struct sup *sup, unsigned flags);
/* Takes a key for oneself, or changes one's value. -EEXIST: somebody else has it. */
int sup_registry_register(struct sup *sup, sup_pid registry, const char *key,
			  struct sup_bytes value);
/* Gives one's key back. -ENOENT: one has not had it. */
int sup_registry_unregister(struct sup *sup, sup_pid registry, const char *key);
/* Calls each for all who have the key, the first one first. How many, or each's result not 0. */
int sup_registry_lookup(struct sup *sup, sup_pid registry, const char *key,
			int (*each)(void *argument, sup_pid pid, struct sup_bytes value),
			void *argument);
/* Sends a message to all who have the key. How many. */
int sup_registry_dispatch(struct sup *sup, sup_pid registry, const char *key, const char *tag,
			  struct sup_bytes payload);

#ifdef __cplusplus
}
#endif

#endif
