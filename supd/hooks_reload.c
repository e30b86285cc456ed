/* SPDX-License-Identifier: MIT */

/*
 * A reload: the row of reload_command, or reload_signal. With ready = notify what the service says
 * counts as well: where it has said RELOADING=1 since, the reload is over when it says READY=1, for
 * which it has the time of a command. After a Unix signal it is given a moment to say the first.
 */

#include <string.h>

#include "supd/hooks_row.h"
#include "supd/log.h"
#include "supd/mainpid.h"

#define RELOAD_HEAR SPAN_MS(500)

void reload_forget(struct hooks *h)
{
	if (h->awaits)
		said_forget_reload(&h->waiter);
	h->awaits = false;
	h->reload = 0;
}

static void reload_log(const struct hooks *h, const char *failure)
{
	struct log_about about = {.event = "reload", .os_pid = h->p->os_pid};
	struct child_view v;

	if (!core_view(h->d->core, h->p->slot, &v))
		return;
	about.name = v.path;
	if (failure)
		log_about(LOG_AT_WARNING, &about, "not reloaded: %s", failure);
	else
		log_about(LOG_AT_INFO, &about, "reloaded");
}

void reload_end(struct hooks *h, const char *failure)
{
	struct reply reply = {.id = h->reload, .answer = ANSWER_OK, .slot = h->p->slot};

	reload_forget(h);
	if (!reply.id)
		return;
	reload_log(h, failure);
	if (failure) {
		reply.answer = ANSWER_START_FAILED;
		reply.reason = hooks_reason(HOOK_RELOAD, failure);
	}
	control_on_reply(h->d->control, &reply);
	reason_fini(&reply.reason);
}

/* The service has said READY=1, or has ended. */
static void on_told(struct reload_waiter *waiter, bool done)
{
	struct hooks *h = CONTAINER_OF(waiter, struct hooks, waiter);

	h->awaits = false;
	if (h->command || h->kind != HOOK_RELOAD)
		return;
	loop_timer_stop(h->d->loop, &h->timer);
	h->kind = HOOK_N_KINDS;
	reload_end(h, done ? NULL : "ended");
}

static void await(struct hooks *h, const struct spec *spec)
{
	if (spec->ready != READY_NOTIFY)
		return;
	h->waiter.call = on_told;
	h->waiter.since = loop_now();
	h->awaits = said_await_reload(h->d, h->p, &h->waiter) == 0;
}

static void go_on_waiting(struct hooks *h, struct span time)
{
	h->kind = HOOK_RELOAD;
	h->heard = h->waiter.begun;
	loop_timer_start(h->d->loop, &h->timer, mono_add(loop_now(), time));
}

void reload_commands_over(struct hooks *h, const char *failure)
{
	if (!failure && h->awaits && h->waiter.begun)
		go_on_waiting(h, row_timeout(h, HOOK_RELOAD));
	else
		reload_end(h, failure);
}

void reload_time_passed(struct hooks *h)
{
	if (!h->heard && h->waiter.begun) {
		go_on_waiting(h, row_timeout(h, HOOK_RELOAD));
		return;
	}
	h->kind = HOOK_N_KINDS;
	reload_end(h, h->heard ? "timeout" : NULL);
}

void hooks_reload(struct process *p, uint64_t id)
{
	struct hooks *h = p->hooks;
	struct child_view v;

	if (!h || !core_view(h->d->core, p->slot, &v))
		return;
	h->reload = id;
	await(h, v.spec);
	if (row_exists(h, HOOK_RELOAD)) {
		row_begin(h, HOOK_RELOAD);
		return;
	}
	mainpid_signal(p, v.spec->exec->hooks->reload_signal, false);
	if (h->awaits)
		go_on_waiting(h, RELOAD_HEAR);
	else
		reload_end(h, NULL);
}
