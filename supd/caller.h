/* SPDX-License-Identifier: MIT */
#ifndef SUPD_CALLER_H
#define SUPD_CALLER_H

/*
 * The daemon as an actor that calls services (health = mailbox): to the core a guest, whose
 * connection leads nowhere. It joins when it is first needed.
 */

#include "base/list.h"
#include "supd/daemon.h"

struct caller;

/* Names of its connections; those of others count from 1. */
#define CALLER_SOURCES (UINT64_C(1) << 63)

/* In its owner's memory. */
struct outgoing_call {
	struct list link; /* of the caller's; empty: none is under way */
	uint64_t ref;
	/* It has been answered, or will never be, as the called has ended or takes none. */
	void (*done)(void *owner, bool answered);
	void *owner; /* borrowed */
};

void outgoing_call_init(struct outgoing_call *call);
/* Calls whom, with an empty payload. done may be called before this returns. 0 or -ENOMEM. Not
 * within an effect. */
int caller_call(struct daemon *d, struct outgoing_call *call, actor_pid whom, const char *tag);
/* Nobody waits for the answer any more. */
void caller_forget(struct outgoing_call *call);
void caller_free(struct caller *caller); /* takes NULL */

/* FX_FRAMES, FX_DROP of sources from CALLER_SOURCES on. */
void caller_on_frames(struct daemon *d, const void *data, size_t size);
void caller_on_drop(struct daemon *d);

#endif
