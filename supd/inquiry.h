/* SPDX-License-Identifier: MIT */
#ifndef SUPD_INQUIRY_H
#define SUPD_INQUIRY_H

/*
 * One question to one service, by whatever means its configuration names, asked again and again,
 * one at a time.
 */

#include "supd/caller.h"
#include "supd/probe.h"
#include "supd/processes.h"

struct command;

struct inquiry {
	struct daemon *daemon;         /* borrowed */
	const struct exec_probe *what; /* borrowed */
	struct endpoint asked;         /* PROBE_TCP, PROBE_HTTP, PROBE_UNIX */
	uint32_t slot;                 /* of the service */
	struct probe probe;
	struct outgoing_call call;
	struct loop_timer timer; /* of a call */
	actor_pid whom;          /* ... to this one */
	bool waits;              /* ... for its answer */
	struct command *command; /* borrowed; PROBE_COMMAND: that runs; NULL: none does */
	struct span timeout;
	/* As a probe's. */
	void (*done)(void *owner, enum probe_outcome outcome, const char *detail);
	void *owner; /* borrowed */
};

/* Its done and owner are set by the caller. 0; or nothing to free and -ENOMEM, or -ENAMETOOLONG or
 * -EINVAL where its path or address is none with that service's name. */
int inquiry_init(struct inquiry *q, struct daemon *d, const struct exec_probe *what,
		 const struct child_view *service);
void inquiry_fini(struct inquiry *q);
/* Asks; its end may be told before this returns. Not while it runs. */
void inquiry_start(struct inquiry *q, struct span timeout);
void inquiry_stop(struct inquiry *q);                   /* without an outcome */
const char *inquiry_waits_for(const struct inquiry *q); /* as probe_waits_for() */

#endif
