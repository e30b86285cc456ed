/* SPDX-License-Identifier: MIT */

#include "supd/probing.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Probes at a time, however few fds there are. */
#define PROBES_MIN 8u
#define OBJECT_MAX (REASON_TEXT_MAX + 1)

/* What was asked may be long: what came of it is what matters. */
static const char *describe(char object[OBJECT_MAX], const char *before,
			    const struct exec_probe *what, const char *detail)
{
	snprintf(object, OBJECT_MAX, "%.44s%.80s: %.126s", before, what->text, detail);
	return object;
}

unsigned probing_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return PROBES_MIN;
	limit.rlim_cur = MIN_OF(limit.rlim_cur / 4, (rlim_t)INT_MAX);
	return MAX_OF((unsigned)limit.rlim_cur, PROBES_MIN);
}

/* ---- ready ---- */

static void on_ready(void *owner)
{
	const struct probing *g = owner;

	process_ready(g->daemon, g->pid);
}

static void on_watching(void *owner)
{
	struct probing *g = owner;

	g->waits = false;
	process_launch_watched(g->daemon, g->pid);
}

static void stop_readiness(struct probing *g)
{
	g->watches = false;
	readiness_stop(&g->readiness, g->daemon);
}

/* ---- well ---- */

static struct reason describe_failure(const struct probing *g, bool is_ill)
{
	const struct health *h = &g->health;
	char object[OBJECT_MAX], before[48] = "";

	if (is_ill && h->failures > 1)
		snprintf(before, sizeof(before), "%u failures in a row: ", h->failures);
	else if (!is_ill)
		snprintf(before, sizeof(before), "failure %u of %u: ", h->failures,
			 h->probes->health_retries);
	return reason_found(REASON_UNHEALTHY,
			    describe(object, before, &g->spec->exec->probes->health, h->detail));
}

/* The record may be gone when the core has been told. */
static void on_health(void *owner)
{
	const struct probing *g = owner;
	const struct health *h = &g->health;
	struct daemon *d = g->daemon;
	bool is_ill = h->state == HEALTH_ILL;
	struct event event = {.kind = EVENT_HEALTH, .pid = g->pid};

	if (is_ill)
		event.code = HEALTH_WORD_UNHEALTHY;
	else if (h->failures)
		event.code = (int32_t)MIN_OF(h->failures, (uint32_t)1000) + HEALTH_WORD_FAILING;
	if (h->failures)
		event.reason = describe_failure(g, is_ill);
	daemon_step(d, &event);
	event.kind = EVENT_FAULT;
	if (is_ill)
		daemon_step(d, &event);
	reason_fini(&event.reason);
}

const struct health *probing_health(const struct daemon *d, uint32_t slot)
{
	const struct process *p = process_find(d, slot);

	return p && p->probing && p->probing->health.probes ? &p->probing->health : NULL;
}

/* ---- the life of an incarnation ---- */

static void let_go(struct probing *g)
{
	g->seen = NULL;
	stop_readiness(g);
	health_fini(&g->health);
	spec_unref(g->spec);
	g->spec = NULL;
}

void probing_free(struct probing *g)
{
	if (!g)
		return;
	let_go(g);
	free(g);
}

static int prepare_both(struct probing *g, const struct child_view *v, struct handed *handed)
{
	int r = readiness_prepare(&g->readiness, g->daemon, v, handed);

	return r < 0 ? r : health_prepare(&g->health, g->daemon, v);
}

static void name_object(struct buf *object, const struct exec_probe *what, int error)
{
	const char *why = error == -EEXIST   ? " (a socket that it is handed is there)"
			  : error == -EINVAL ? " (that is no address with the name of this service)"
					     : "";

	buf_clear(object);
	if (what->text)
		buf_printf(object, "%s%s", what->text, why);
}

/* The record of that incarnation; NULL: memory is short. */
static struct probing *renew(struct daemon *d, struct process *p, const struct child_view *v,
			     actor_pid pid)
{
	struct probing *g = p->probing;

	if (!g)
		g = p->probing = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	let_go(g);
	g->daemon = d;
	/* A count of its own is no change of it. */
	g->spec = spec_ref((struct spec *)(uintptr_t)v->spec);
	g->pid = pid;
	g->readiness.watching = on_watching;
	g->readiness.done = on_ready;
	g->health.changed = on_health;
	g->readiness.owner = g->health.owner = g;
	return g;
}

int probing_watch(struct daemon *d, struct process *p, const struct child_view *v, actor_pid pid)
{
	struct probing *g;

	if (v->spec->ready != READY_LOG)
		return 0;
	g = renew(d, p, v, pid);
	if (!g)
		return -ENOMEM;
	g->waits = readiness_watch(&g->readiness, d, v);
	g->watches = true;
	return g->waits ? 1 : 0;
}

bool probing_is_waiting(const struct probing *g)
{
	return g && g->waits;
}

void probing_wait_no_more(struct probing *g)
{
	g->waits = false;
	probing_end(g);
}

int probing_prepare(struct daemon *d, struct process *p, const struct child_view *v, actor_pid pid,
		    struct preparation *preparation)
{
	struct probing *g = p->probing;
	int r;

	if (!v->spec->exec->probes) {
		probing_free(TAKE(p->probing));
		return 0;
	}
	if (!g || !g->watches)
		g = renew(d, p, v, pid);
	if (!g)
		return -ENOMEM;
	g->watches = false;
	r = prepare_both(g, v, &preparation->handed);
	if (r == 0)
		return 0;
	let_go(g);
	name_object(&preparation->object, &v->spec->exec->probes->ready, r);
	return r;
}

void probing_begin(struct probing *g)
{
	readiness_begin(&g->readiness, g->daemon);
}

void probing_drain(struct probing *g)
{
	readiness_drain(&g->readiness);
}

static void on_seen(void *owner)
{
	struct probing *g = owner;
	struct process *p = process_of(g->daemon, g->pid);
	void (*seen)(struct process * p) = g->seen;

	g->seen = NULL;
	if (p)
		seen(p);
}

bool probing_await_rest(struct probing *g, uint32_t slot, void (*seen)(struct process *p))
{
	bool waits = readiness_await_rest(&g->readiness, g->daemon, slot, on_seen);

	g->seen = waits ? seen : NULL;
	return waits;
}

/* What is still to be seen ends it in a while. */
void probing_end(struct probing *g)
{
	if (g->seen)
		return;
	stop_readiness(g);
	health_stop(&g->health);
}

struct reason probing_late(const struct probing *g)
{
	const struct exec_probe *what = g->spec ? &g->spec->exec->probes->ready : NULL;
	char object[OBJECT_MAX];

	if (!what || !what->text || !*g->readiness.detail)
		return REASON(REASON_NONE);
	return reason_found(REASON_TIMEOUT_START, describe(object, "", what, g->readiness.detail));
}

/* ---- what the core says ---- */

void probing_on_notice(struct daemon *d, uint32_t slot, const struct link *link)
{
	const struct process *p = process_find(d, slot);
	struct probing *g = p ? p->probing : NULL;

	if (!g || !g->spec || link->pid.n != g->pid.n)
		return;
	if (link->kind == LINK_READY) {
		*g->readiness.detail = '\0';
		/* It has ended already, and is about to be said to. */
		if (g->seen)
			return;
		stop_readiness(g);
		*g->readiness.detail = '\0';
		health_begin(&g->health, g->pid);
	} else if (link->kind == LINK_STOPPING || link->kind == LINK_DOOMED ||
		   link->kind == LINK_KILLING) {
		probing_end(g);
	}
}
