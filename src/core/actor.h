/* SPDX-License-Identifier: MIT */
#ifndef CORE_ACTOR_H
#define CORE_ACTOR_H

/*
 * Actors: whoever has a pid. The record of a service or supervisor lies in its struct child and
 * stands for the present or last incarnation; a guest's stands alone, for as long as it is
 * connected. An actor speaks over connections, here called sources: its process's own, those of
 * helpers, or a guest's only one.
 *
 * An actor is alive from its start to its end; a doomed one is on its way to that end and counts as
 * gone for whoever sends to it or looks for it, but keeps its names (SEMANTICS 10, 11, 73).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/pid.h"
#include "core/event.h"
#include "core/rights.h"
#include "wire/frame.h"

struct child;
struct core;

struct actor {
	struct core *core;      /* borrowed */
	struct child *child;    /* borrowed: the record it lies in; NULL: a guest */
	actor_pid pid;          /* of the present or the last incarnation */
	uint32_t uid;           /* RIGHTS_NO_UID until it is known */
	bool admin;             /* may do everything */
	bool gone;              /* a guest that has ended; freed at the next step */
	bool trap;              /* trap_exit */
	bool closed;            /* it has closed its mailbox: counts as not trapping (D14) */
	uint32_t n_refs;        /* monitors and calls of its own, their letters too */
	uint32_t n_names;       /* of names */
	uint32_t n_spawned;     /* processes that it has spawned and that have not ended */
	bool ended;             /* those tied to it have not been told yet ... */
	actor_pid ended_pid;    /* ... who that was: it may be another one by then ... */
	struct cause ended_why; /* ... and the link that tells of it */
	struct reason verdict;  /* owned; a guest that is doomed, or has ended: why */
	struct list edges_out;  /* owned struct edge that it is the owner of */
	struct list edges_in;   /* struct edge that it is the target of */
	struct list letters;    /* owned struct edge, for which there was no memory yet */
	struct list in_signals; /* core.signals */
	struct list unsent;     /* core.unsent, while it has letters */
	struct list names;      /* owned struct name, registered at run time */
	struct list lanes; /* owned struct lane: what it has sent and others have no room for */
	uint64_t outbox_weight;  /* bytes of that */
	bool cycle_told;         /* since that was empty */
	struct mailbox *mailbox; /* owned; NULL: nothing was ever sent to it */
	struct list sources;     /* owned struct source */
	struct list in_core;     /* a guest: core.guests, or core.gone */
};

/* A connection. */
struct source {
	struct list link;    /* actor.sources */
	struct core *core;   /* borrowed */
	struct actor *actor; /* borrowed; NULL while it joins */
	uint64_t id;
	enum role role;
	bool full;           /* it is to be handed out no more messages for now */
	bool is_starved;     /* there was no memory for what it is owed: it is to be closed */
	struct buf out;      /* frames for it */
	size_t sent;         /* of those: given out in this step */
	uint32_t memfds;     /* payloads in memfds, handed out in this step */
	uint64_t sent_bytes; /* messages that came from it, ever */
	uint64_t window;     /* how many of those it may send */
	struct buf held; /* numbers, 8 bytes each, of messages that a helper has not acknowledged */
	struct list in_flushes; /* core.flushes */
};

/* A name in the registry: registered, or an alias that is reserved for a child of the tree. */
struct name {
	struct list link;    /* actor.names or child.aliases */
	struct actor *actor; /* borrowed; who has it, or whom it is reserved for */
	bool alias;
	char text[];
};

/* ---- actor.c ---- */

void actor_init(struct actor *actor, struct core *core, struct child *child);
/* A new incarnation: another pid, nothing of the last one. 0; room is reserved with the record. */
int actor_begin(struct actor *actor);
/* The end: names are free from now on; everybody tied to it is told before any supervisor acts
 * (SEMANTICS 8, 9). */
void actor_end(struct actor *actor);
/* A guest's, whose verdict is fixed; text, where it is still connected; ended: as in FX_DROP. */
void actor_end_guest(struct actor *actor, const char *text, bool ended);
/* The record goes, and its pid with it. */
void actor_fini(struct actor *actor);
struct actor *actor_find(const struct core *core, actor_pid pid); /* also a dead one; or NULL */
bool actor_is_alive(const struct actor *actor);
bool actor_is_doomed(const struct actor *actor); /* alive, but not for long */
bool actor_traps(const struct actor *actor);
/* Its rights, and what it is to those of others. */
struct rights_who actor_who(const struct actor *actor);
struct rights_whom actor_whom(const struct actor *actor);
void actor_free_guests(struct core *core, struct list *guests);

/* The invariants of all of them; NULL, or what is broken (actor_check.c). */
const char *actor_check_all(const struct core *core);

/* ---- source.c ---- */

void source_join(struct core *core, const struct event *event);
void source_leave(struct core *core, const struct event *event);
void source_set_full(struct core *core, uint64_t id, bool full);
struct source *source_find(const struct core *core, uint64_t id); /* NULL: none */
/* The connection that an actor takes its messages from; NULL: none. */
struct source *source_of(const struct actor *actor);
/* A frame for this connection. 0; -ENOMEM: nothing of it. */
int source_append(struct source *source, const struct wire_frame *frame);
/* The same, where it is owed to it: without memory the connection is closed in the next step. */
int source_put(struct source *source, const struct wire_frame *frame);
void source_starve(struct source *source);
/* Its buffer has grown. */
void source_has_output(struct source *source);
/* At a step's end, and the start of the next one. */
void source_flush_all(struct core *core);
void source_clear_all(struct core *core);
bool source_has_more(const struct core *core); /* some did not fit into this step */
/* It broke the rules, or its actor has ended. text is static. */
void source_drop(struct source *source, const char *text, bool ended);
/* The same, where it broke the rules: a guest ends by that. */
void source_expel(struct source *source, const char *text);
void source_free(struct source *source);

/* ---- dispatch.c ---- */

void dispatch_frames(struct core *core, const struct event *event); /* EVENT_FRAMES */

/* ---- registry.c ---- */

/* That one actor may register: they are memory of the daemon. */
#define REGISTRY_NAMES_MAX 10000

/* Who has that name or path now, doomed or not; NULL: nobody who lives. */
struct actor *registry_holder(const struct core *core, const char *name);
/* As send, monitor and whereis see it: the holder if it is not doomed; name or pid (SEMANTICS 73).
 */
struct actor *registry_find(const struct core *core, const char *text);
/* The same, where that is a child or was spawned. */
struct child *registry_find_child(const struct core *core, const char *text);
/* Whose durable mailbox has that name, whether it runs or not (SEMANTICS D3). */
struct actor *registry_find_durable(const struct core *core, const char *name);
/* Reserves the aliases of a child's spec: memory only, then the names. */
int registry_reserve(struct child *c);
/* Its path and aliases are its own now; false where someone else has one (SEMANTICS 76). */
bool registry_claim(struct child *c);
void registry_pass_aliases(struct child *from, struct child *to); /* of the same spec */
void registry_unreserve(struct child *c);                         /* takes a half-built child */
void registry_release(struct actor *actor); /* all that were registered at run time */
void registry_request(struct core *core, const struct request *request);

/* ---- ask.c: what actors ask for ---- */

void ask_request(struct core *core, const struct request *request);
/* Answers, with a pid where there is one. */
void ask_answer(struct core *core, const struct request *request, enum answer answer,
		actor_pid pid);
void ask_refuse(struct core *core, const struct request *request, enum answer answer,
		const char *text);
/* The living, undoomed actor that asks; NULL after an answer that there is none. */
struct actor *ask_asker(struct core *core, const struct request *request);
/* True, after the answer that says why, where the asker may not do that to target. */
bool ask_is_refused(struct core *core, const struct request *request, const struct actor *asker,
		    const struct actor *target, enum rights_act act);

#endif
