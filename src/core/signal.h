/* SPDX-License-Identifier: MIT */
#ifndef CORE_SIGNAL_H
#define CORE_SIGNAL_H

/*
 * Exit signals, and what the doom and the end of an actor mean to those tied to it.
 *
 * Nothing here follows a chain of links by calling itself: an actor that was doomed, or has ended,
 * goes onto core.signals, and signal_run() works that list off, before any supervisor acts.
 */

#include "core/actor.h"
#include "core/edge.h"
#include "wire/frame.h"

/* Monitors and calls of one actor, with the answers in its mailbox: they are memory of the daemon
 * that no limit of the mailbox bounds. */
#define SIGNAL_REFS_MAX 100000

/* An exit signal that somebody sends, not one of a link. */
struct exit_signal {
	actor_pid from; /* none: an operator */
	const struct reason *reason;
	struct cause cause; /* of what it leads to */
};

/* 0; -ENOMEM: nothing has happened. Rules 32 to 37 of SEMANTICS, as numbered in signal.c. */
int signal_exit(struct actor *to, const struct exit_signal *signal);
/* Its verdict is fixed, and known before its end. */
void signal_doomed(struct actor *actor);
/* It has ended: its reason is that of its last end. */
void signal_ended(struct actor *actor);
/* The record goes: what was still to be told is told now. */
void signal_fini(struct actor *actor);
void signal_run(struct core *core);
/* Tells what could not be told before, for want of memory. */
void signal_retry(struct core *core);

/* An EXIT message from its supervisor, "shutdown" (D14). 0, -ENOMEM. */
int signal_stop(struct actor *actor);

/* What actors ask for: ask.c. 0, -ENOMEM. */
int signal_link(struct actor *one, struct actor *other, struct cause cause);
/* A link to what is gone: noproc, as a message or an end (SEMANTICS 25). 0, -ENOMEM. */
int signal_link_noproc(struct actor *one, actor_pid gone);
/* A call is over without an answer: its DOWN, with that reason. */
void signal_fail_call(struct actor *caller, uint64_t ref, const struct reason *reason);
/* Its mailbox is full, and its policy is to end by that (D2). */
void signal_overflow(struct actor *actor, struct cause cause);
/* The connection goes: calls whose answers it alone waits for are over. */
void signal_leave(struct source *source);
void signal_unlink(struct actor *one, struct actor *other, struct cause cause);
/* By a MONITOR or CALL frame, its ref not refused; target NULL: nobody. 0, -ENOMEM. */
int signal_monitor(struct source *source, struct actor *target, const struct wire_frame *frame,
		   const char *name);
/* NULL, or why the owner can make no monitor or call with that ref. */
const char *signal_refuses_ref(const struct actor *owner, uint64_t ref);
/* True where it was active. With flush a DOWN that still waits goes too. */
bool signal_cancel(struct actor *owner, uint64_t ref, bool flush);

#endif
