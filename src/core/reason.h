/* SPDX-License-Identifier: MIT */
#ifndef CORE_REASON_H
#define CORE_REASON_H

/*
 * Exit reasons: why an actor ended (SEMANTICS 48 to 57). A reason is a small value; its free text,
 * where it has one, is shared and counted, so that copying a reason never allocates.
 */

#include <stdbool.h>
#include <stdint.h>

enum reason_kind {
	REASON_NONE, /* no reason: still alive, or never started */
	REASON_NORMAL,
	REASON_SHUTDOWN,
	REASON_SHUTDOWN_TEXT, /* shutdown:TEXT */
	REASON_EXIT,          /* exit:N, code is N */
	REASON_SIGNAL,        /* signal:NAME, code is the Unix signal */
	REASON_KILLED,
	REASON_KILL, /* told by the actor itself, or asked for; SEMANTICS 39 */
	REASON_NOPROC,
	REASON_NOCONNECTION,
	REASON_TIMEOUT_START, /* timeout:start */
	REASON_EXEC,          /* exec:ERRNO, code is the errno, step names what failed */
	REASON_WATCHDOG,
	REASON_UNHEALTHY,
	REASON_MAILBOX_OVERFLOW,
	REASON_ALREADY_REGISTERED, /* of a start: someone else has its name (SEMANTICS 76) */
	REASON_TEXT,               /* what a process gave, as it is */
	REASON_N_KINDS,
};

/* The step of a start that failed; REASON_EXEC only. */
enum start_step {
	STEP_NONE,
	STEP_SPAWN,   /* clone */
	STEP_PREPARE, /* reading what the spec names: environment file, user, ... */
	STEP_USER,
	STEP_GROUPS,
	STEP_CHDIR,
	STEP_STDIN,
	STEP_STDOUT,
	STEP_STDERR,
	STEP_SESSION,
	STEP_EXEC,
	STEP_LIMIT,
	STEP_MAILBOX,
	STEP_NICE,
	STEP_IO_CLASS,
	STEP_CPU_AFFINITY,
	STEP_OOM_SCORE_ADJ,
	STEP_CGROUP,
	STEP_DIRECTORIES,
	STEP_LISTEN, /* its sockets, which the daemon opens */
	STEP_READY,  /* how it is to be found out that it is ready, or well */
	STEP_CHROOT,
	STEP_CAPABILITIES,
	STEP_AMBIENT_CAPABILITIES,
	STEP_NO_NEW_PRIVILEGES,
	STEP_TTY,
	STEP_N,
};

/* Longest free text of a reason, in bytes; what is longer is cut at a character's border. */
#define REASON_TEXT_MAX 255

struct reason_text; /* shared, counted */

struct reason {
	uint8_t kind; /* enum reason_kind */
	uint8_t step; /* enum start_step */
	int32_t code;
	struct reason_text *text; /* owned: one count of it; NULL for most */
};

#define REASON(k) ((struct reason){.kind = (k)})
#define REASON_EXIT_CODE(n) ((struct reason){.kind = REASON_EXIT, .code = (n)})

/* Room for any reason's text, the final NUL included. */
#define REASON_FORMAT_MAX (REASON_TEXT_MAX + 32)

/* A copy that owns a count of its own. Never fails. */
struct reason reason_copy(const struct reason *reason);
void reason_fini(struct reason *reason); /* leaves REASON_NONE */

/* Writes "exit:3", "shutdown:bye", ...; returns buf. The step is not part of the text. */
char *reason_format(const struct reason *reason, char buf[REASON_FORMAT_MAX]);

/*
 * Reads any text as a reason: the known words and forms, else free text. 0, -EINVAL for an empty
 * text, -ENOMEM. A control character or invalid UTF-8 is -EINVAL.
 */
int reason_parse(const char *text, struct reason *ret_reason);

/* shutdown:TEXT out of a format; plain shutdown where memory is short. */
struct reason reason_shutdown_text(const char *text);

/*
 * exec:ERRNO of a step that failed with errno `error`. object is what it was about ("/srv/api",
 * "/var/log/api (a FIFO)"), NULL: nothing; it is no part of the text, and left out where memory is
 * short.
 */
struct reason reason_exec(enum start_step step, int error, const char *object);
/* timeout:start, unhealthy or watchdog; object is what was found, as for reason_exec(). */
struct reason reason_found(enum reason_kind kind, const char *object);
/* What a failed step was about, or what was found; borrowed; NULL: not known, or another kind. */
const char *reason_object(const struct reason *reason);

/* Two reasons print alike. */
bool reason_equal(const struct reason *a, const struct reason *b);

/* Normal to a transient child's supervisor: normal, shutdown, shutdown:TEXT (SEMANTICS 54, 117). */
bool reason_is_normal_child(const struct reason *reason);
/* Normal to a link: normal alone (SEMANTICS 54). */
bool reason_is_normal_link(const struct reason *reason);

/* "chdir", "exec", ...; and back (STEP_NONE where unknown). */
const char *start_step_name(enum start_step step);
enum start_step start_step_parse(const char *name);

#endif
