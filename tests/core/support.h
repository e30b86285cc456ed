/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CORE_SUPPORT_H
#define TESTS_CORE_SUPPORT_H

/*
 * A small world around the core, so that a rule reads as what it says. Processes do at once what
 * they are asked for: they start, get ready, and go by SIGTERM; a test says which of them do not,
 * and which end by themselves. Time stands still but for world_pass(). The core checks itself after
 * every event.
 *
 * A tree is written in one line: NAME(WORD ...){CHILD ...}, where braces make a supervisor and the
 * words are those of the configuration: a strategy, a restart type, a ready kind, intensity=2,
 * period=5s, shutdown=brutal_kill, hold, significant, ...
 *
 *   world_boot(&w, "/(one_for_all intensity=2){a b(transient) c(notify shutdown=1s)}");
 *
 * What happens is read as short marks, each before the name: > a start attempt, + ready, ! the
 * start failed, ~ it said ignore, - its end; t SIGTERM, k SIGKILL; everything else by its word, as
 * in "gave_up:web".
 */

#include "core/mailbox.h"
#include "core/model.h"
#include "wire/rule.h"
#include "tests/core/spec_text.h"

#define WORLD_SLOTS 64
#define WORLD_REQUESTS 64
#define WORLD_SOURCES 64

enum process {
	PROCESS_NONE,
	PROCESS_ASKED,
	PROCESS_SHORT,
	PROCESS_UP,
	PROCESS_EXITED,
};

/* How a service behaves, by its path; all false: well. */
struct manners {
	char path[64];
	bool mute;      /* its starts get no further: not started, or not ready */
	bool stubborn;  /* SIGTERM does not impress it */
	bool lingering; /* something of it stays when the main process is gone */
	bool ignores;   /* its starts say "ignore" */
	bool is_short;  /* the daemon has no room for it */
	unsigned fails; /* that many of its next starts end with 7 before they are ready */
	int code;       /* its exit status when it is told to stop; -1: by the signal itself */
};

struct world {
	struct core *core;
	struct mono now;
	enum process processes[WORLD_SLOTS];
	actor_pid pids[WORLD_SLOTS];
	bool told_stop[WORLD_SLOTS], told_kill[WORLD_SLOTS], unready[WORLD_SLOTS];
	struct manners manners[WORLD_SLOTS];
	unsigned n_manners;
	char marks[8192];                  /* since the last look */
	char told[8192];                   /* what world_marks() gave last */
	char answers[WORLD_REQUESTS][160]; /* by request; empty: none yet */
	actor_pid answer_pids[WORLD_REQUESTS];
	uint64_t n_requests;
	actor_pid sources[WORLD_SOURCES]; /* whose connection n + 1 is */
	char dropped[WORLD_SOURCES][96];  /* why connection n + 1 was closed; empty: it is not */
	char inbox[WORLD_SOURCES][4096];  /* since the last look */
	uint64_t windows[WORLD_SOURCES];  /* the last that it was told */
	uint64_t queued[WORLD_SOURCES];   /* likewise */
	uint64_t n_messages[WORLD_SOURCES], n_units[WORLD_SOURCES];
	bool no_credit; /* connections begin without */
	uint64_t n_sources;
	bool halted;
	enum halt_kind halt;
	long allocations;
};

void world_init(struct world *w);
/* Fails the test where memory was leaked. */
void world_fini(struct world *w);

void world_boot(struct world *w, const char *tree);

/* Any event, then everything that well-behaved processes do about its effects. */
void world_step(struct world *w, const struct event *event);
/* Its manners, to be changed; they hold from now on. */
struct manners *world_manners(struct world *w, const char *path);
/* Lets processes do what they have put off, after their manners were changed. */
void world_serve(struct world *w);

/* By itself. */
void world_exit(struct world *w, const char *path, int code);
void world_die(struct world *w, const char *path, int unix_signal);
void world_tell(struct world *w, const char *path, const char *reason);
/* Exit with 1, and all that follows. */
void world_crash(struct world *w, const char *path);
void world_pass(struct world *w, int64_t ms);
void world_shutdown(struct world *w);

/* Requests: the answer as text ("ok", "start_failed exit:7"), "" where there is none yet. */
const char *world_ask(struct world *w, enum request_kind kind, const char *target,
		      const char *child);
const char *world_start_child(struct world *w, const char *target, const char *tree);
const char *world_send(struct world *w, enum request_kind kind, const char *target,
		       const char *reason);
const char *world_request(struct world *w, struct request *request);
/* Of the last request but n. */
const char *world_answer(const struct world *w, uint64_t n);

/* A guest, a service's own connection, a helper's: its number, not 0. */
uint64_t world_guest(struct world *w, uint32_t uid);
uint64_t world_join(struct world *w, enum role role, const char *path);
void world_leave(struct world *w, uint64_t source, bool goodbye);
actor_pid world_source_pid(const struct world *w, uint64_t source);
/* Why it was closed, "" where it was not. */
const char *world_dropped(const struct world *w, uint64_t source);
/* What an actor asks: the answer as text; the pid in it: world_answer_pid(). */
const char *world_by(struct world *w, uint64_t source, enum request_kind kind, const char *target,
		     const char *child);
actor_pid world_answer_pid(const struct world *w); /* of the last request */
/* Frames: a monitor of a pid, or of a name; its cancelling. */
void world_monitor(struct world *w, uint64_t source, uint64_t ref, actor_pid pid, const char *name);
void world_cancel(struct world *w, uint64_t source, uint64_t ref);
/* Notes an FX_FRAMES: support.c alone. */
void world_note_frames(struct world *w, const struct effect *effect);
/* Any frame. */
void world_frame(struct world *w, uint64_t source, const struct wire_frame *frame);
void world_credit(struct world *w, uint64_t source, uint64_t n, uint64_t consumed);
/* A message to a pid in text, or to a name. */
void world_message(struct world *w, uint64_t source, const char *to, const char *tag,
		   size_t payload_size);
void world_call(struct world *w, uint64_t source, uint64_t ref, actor_pid to, const char *tag);
void world_answer_call(struct world *w, uint64_t source, actor_pid to, uint64_t ref,
		       const char *text);
/* A RECEIVE with a clause for each glob of tags; NULL: any message. */
void world_receive(struct world *w, uint64_t source, uint64_t ref, uint8_t flags,
		   const char *const *globs);
/* What it was sent since the last look: "TAG call7:TAG reply7:TEXT exit:REASON down7:REASON:NAME
 * done7:1:WHY"; "*" before what is redelivered. */
const char *world_inbox(struct world *w, uint64_t source);

/* The marks since the last look whose kind is in kinds ("+-"; "": all), with a blank between. */
const char *world_marks(struct world *w, const char *kinds);
/* "running", ... as status shows it. */
const char *world_state(const struct world *w, const char *path);
/* "a:running b:stopped": the children of one supervisor. */
const char *world_states(struct world *w, const char *path);
/* The reason of its last end. */
const char *world_reason(struct world *w, const char *path);
uint64_t world_starts(const struct world *w, const char *path);
struct child_view world_view(const struct world *w, const char *path);
struct child *world_child(const struct world *w, const char *path);

#endif
