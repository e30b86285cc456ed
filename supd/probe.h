/* SPDX-License-Identifier: MIT */
#ifndef SUPD_PROBE_H
#define SUPD_PROBE_H

/*
 * One question to a service from outside: does it take connections (tcp, unix), does it answer
 * (http)? Nothing waits here: the loop tells when the other side has done something, and a timer
 * ends it. What the other side sends is looked at up to a fixed number of bytes; the rest of an
 * answer is read for a moment, as a polite client does, and thrown away.
 *
 * A connection that the kernel made of the probe with itself, which it may for a port of loopback
 * where nobody listens, is none. A daemon that is short of fds or memory has asked nothing: that is
 * an outcome of its own.
 */

#include "config/endpoint.h"
#include "core/exec_probes.h"
#include "supd/loop.h"

#define PROBE_DETAIL_MAX 130

enum probe_outcome {
	PROBE_WELL,
	PROBE_FAILED,
	PROBE_SHORT, /* of fds or memory: nothing was asked */
};

/* How many run at a time, of all services: each has an fd. */
struct probe_pool {
	unsigned running, max;
};

enum probe_stage { PROBE_IDLE, PROBE_CONNECTS, PROBE_SENDS, PROBE_READS, PROBE_DRAINS };

/* In its owner's memory; zeroed but for loop, pool, done and owner. */
struct probe {
	struct loop *loop;       /* borrowed */
	struct probe_pool *pool; /* borrowed */
	/* It has ended; also before probe_start() returns. Detail is why it failed, "" else, and
	 * borrowed for the call. */
	void (*done)(void *owner, enum probe_outcome outcome, const char *detail);
	void *owner; /* borrowed */

	enum probe_stage stage;
	const struct exec_probe *what; /* borrowed while it runs */
	const struct endpoint *whom;   /* likewise */
	struct span timeout;
	struct loop_fd watcher;
	bool watched; /* by it, as it waits */
	struct loop_timer timer;
	int fd;          /* owned, unless PROBE_IDLE */
	size_t sent;     /* of the request */
	size_t n_read;   /* bytes that have come */
	size_t n_answer; /* ... and are in answer */
	char answer[48]; /* how the answer begins */
};

/* Asks; not while it runs. what->kind is PROBE_TCP, PROBE_UNIX or PROBE_HTTP. */
void probe_start(struct probe *probe, const struct exec_probe *what, const struct endpoint *whom,
		 struct span timeout);
/* Ends it without an outcome, where it runs. */
void probe_stop(struct probe *probe);
static inline bool probe_runs(const struct probe *probe)
{
	return probe->stage != PROBE_IDLE;
}

/* What it waits for, where it runs: "no answer yet"; else "". */
const char *probe_waits_for(const struct probe *probe);

#endif
