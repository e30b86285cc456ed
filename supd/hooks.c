/* SPDX-License-Identifier: MIT */

/* What the moments of a service lead to, and what the end of a row of commands means. */

#include "supd/hooks_row.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "supd/command.h"
#include "supd/log.h"

/* ---- what is known ---- */

const char *hooks_activity(const struct process *p)
{
	const struct hooks *h = p->hooks;

	if (!h || h->kind == HOOK_N_KINDS)
		return NULL;
	return h->kind == HOOK_RELOAD ? "reload" : hook_names[h->kind];
}

bool hooks_are_starting(const struct process *p)
{
	const struct hooks *h = p->hooks;

	return h && (h->kind == HOOK_START_IF || h->kind == HOOK_START_PRE || h->failed);
}

/* ---- the end of a row ---- */

/* "start_pre:exit:3" */
struct reason hooks_reason(enum hook_kind kind, const char *what)
{
	struct reason reason = REASON(REASON_NONE);
	char text[96];

	snprintf(text, sizeof(text), "%s:%s", hook_names[kind], what);
	if (reason_parse(text, &reason) < 0)
		reason = REASON_EXIT_CODE(1);
	return reason;
}

static void fail_start(struct hooks *h, const struct reason *reason)
{
	struct processes *ps = h->d->processes;

	h->failed = true;
	reason_fini(&h->reason);
	h->reason = reason_copy(reason);
	if (list_is_empty(&h->p->ending))
		list_append(&ps->ending, &h->p->ending);
	if (!h->p->commands && !h->p->cgroup_busy && !h->p->stopped)
		process_gone(ps, h->p);
	else
		reap_recheck_later(ps);
}

/* What the condition at hand was, in the configuration's words. */
static const char *condition_text(const struct hooks *h, const struct child_view *v)
{
	char *const *text = v->spec->exec->when->start_if;
	size_t n = 0;

	for (; *text; text++)
		if (strncmp(*text + (**text == '!'), "command:", 8) == 0 && n++ == h->index)
			return *text;
	return "command:";
}

static bool begin_start_pre(struct hooks *h)
{
	if (!row_exists(h, HOOK_START_PRE))
		return false;
	row_begin(h, HOOK_START_PRE);
	return true;
}

static void end_start_if(struct hooks *h, const char *failure)
{
	struct child_view v;

	if (h->stop_told) {
		fail_start(h, &REASON(REASON_SHUTDOWN));
	} else if (failure && core_view(h->d->core, h->p->slot, &v)) {
		process_end_directories(h->d->processes, h->p);
		process_pass_over(h->d, h->pid, condition_text(h, &v));
	} else if (!begin_start_pre(h)) {
		process_launch(h->d, h->p->slot, h->pid);
	}
}

static void end_start_pre(struct hooks *h, const char *failure)
{
	struct reason reason = REASON(REASON_SHUTDOWN);

	if (!failure && !h->stop_told) {
		process_launch(h->d, h->p->slot, h->pid);
		return;
	}
	if (!h->stop_told)
		reason = hooks_reason(HOOK_START_PRE, failure);
	fail_start(h, &reason);
	reason_fini(&reason);
}

/* What has ended meanwhile is told by its end. */
static void end_start_post(struct hooks *h, const char *failure)
{
	struct event event = {.kind = EVENT_READY, .pid = h->pid};

	if (!h->p->os_pid)
		return;
	if (failure) {
		event.kind = EVENT_FAULT;
		event.reason = hooks_reason(HOOK_START_POST, failure);
	}
	daemon_step(h->d, &event);
	reason_fini(&event.reason);
}

/* failure: NULL where all went well. Last of all: h may be about another incarnation after it. */
void hooks_row_end(struct hooks *h, const char *failure)
{
	enum hook_kind kind = h->kind;

	h->kind = HOOK_N_KINDS;
	h->command = NULL;
	switch (kind) {
	case HOOK_START_IF:
		end_start_if(h, failure);
		return;
	case HOOK_START_PRE:
		end_start_pre(h, failure);
		return;
	case HOOK_START_POST:
		end_start_post(h, failure);
		return;
	case HOOK_STOP:
		if (h->p->remains || (h->p->os_pid && !h->killed))
			process_signal_stop(h->d, h->p);
		return;
	case HOOK_STOP_POST:
		h->over = true;
		sweep_later(h->d->processes);
		reap_recheck_later(h->d->processes);
		return;
	case HOOK_RELOAD:
		reload_commands_over(h, failure);
		return;
	case HOOK_N_KINDS:
		return;
	}
}

/* It is not waited for any more. */
static void row_give_up(struct hooks *h, const char *why)
{
	loop_timer_stop(h->d->loop, &h->timer);
	if (h->command)
		command_abandon(h->command);
	h->command = NULL;
	h->kind = HOOK_N_KINDS;
	reload_end(h, why);
}

/* ---- its moments ---- */

static void begin_start_post(struct hooks *h)
{
	struct child_view v;

	if (h->posted || !h->p->os_pid || h->kind != HOOK_N_KINDS ||
	    !core_view(h->d->core, h->p->slot, &v) || v.state != CHILD_STARTING)
		return;
	h->posted = true;
	row_begin(h, HOOK_START_POST);
}

static void on_timer(void *owner)
{
	struct hooks *h = owner;

	if (h->kind == HOOK_RELOAD)
		reload_time_passed(h);
	else if (h->kind != HOOK_N_KINDS)
		row_go_on(h);
	else
		begin_start_post(h);
}

int hooks_begin(struct daemon *d, struct process *p)
{
	struct hooks *h = p->hooks;

	if (h && h->pid.n == p->pid.n)
		return 0;
	if (!h)
		h = p->hooks = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	if (h->d)
		row_give_up(h, "gone");
	reason_fini(&h->reason);
	*h = (struct hooks){.d = d, .p = p, .pid = p->pid, .kind = HOOK_N_KINDS};
	h->timer.call = on_timer;
	h->timer.owner = h;
	return 0;
}

void hooks_free(struct process *p)
{
	struct hooks *h = p->hooks;

	if (!h)
		return;
	p->hooks = NULL;
	reload_forget(h);
	loop_timer_stop(h->d->loop, &h->timer);
	reason_fini(&h->reason);
	free(h);
}

bool hooks_start(struct process *p)
{
	struct hooks *h = p->hooks;

	if (!h || !row_exists(h, HOOK_START_IF))
		return h && begin_start_pre(h);
	row_begin(h, HOOK_START_IF);
	return true;
}

void hooks_started(struct process *p)
{
	struct hooks *h = p->hooks;
	struct child_view v;

	if (!h)
		return;
	h->ran = true;
	if (!core_view(h->d->core, p->slot, &v) || !v.spec->start_post)
		return;
	if (v.spec->ready == READY_EXEC)
		begin_start_post(h);
	else if (v.spec->ready == READY_DELAY)
		loop_timer_start(h->d->loop, &h->timer, mono_add(loop_now(), v.spec->ready_delay));
}

bool hooks_start_failed(struct process *p, const struct reason *reason)
{
	struct hooks *h = p->hooks;

	if (!h || !row_exists(h, HOOK_STOP_POST))
		return false;
	fail_start(h, reason);
	return true;
}

bool hooks_ready(struct process *p)
{
	struct hooks *h = p->hooks;
	struct child_view v;

	if (!h || !core_view(h->d->core, p->slot, &v) || !v.spec->start_post)
		return false;
	if (v.spec->ready != READY_EXEC && v.spec->ready != READY_DELAY)
		begin_start_post(h);
	return true;
}

/* As systemd has it, stop_command is for what was ready. */
bool hooks_stop(struct process *p)
{
	struct hooks *h = p->hooks;
	struct child_view v;

	if (!h)
		return false;
	if ((h->kind == HOOK_START_IF || h->kind == HOOK_START_PRE) && h->command) {
		h->stop_told = true;
		command_stop(h->command);
		return true;
	}
	if (h->kind == HOOK_STOP || (!p->os_pid && !p->remains))
		return true;
	if (h->kind != HOOK_STOP_POST)
		row_give_up(h, "stopped");
	if (!row_exists(h, HOOK_STOP) || !core_view(h->d->core, p->slot, &v) || !v.ready ||
	    (v.spec->shutdown == SHUTDOWN_SPAN && v.spec->shutdown_span.ns <= 0))
		return false;
	row_begin(h, HOOK_STOP);
	return true;
}

void hooks_kill(struct process *p)
{
	struct hooks *h = p->hooks;

	if (!h || h->kind == HOOK_N_KINDS)
		return;
	h->killed = true;
	h->stop_told |= h->kind == HOOK_START_IF || h->kind == HOOK_START_PRE;
	if (h->kind == HOOK_START_POST)
		row_give_up(h, "killed");
	else if (!h->command)
		hooks_row_end(h, "killed");
}

bool hooks_hold_end(struct process *p)
{
	struct hooks *h = p->hooks;

	if (!h || h->over)
		return false;
	if (h->kind == HOOK_STOP_POST)
		return true;
	row_give_up(h, "ended");
	/* When everything is killed nothing new is begun. */
	if (!row_exists(h, HOOK_STOP_POST) || core_is_killing_all(h->d->core))
		h->over = true;
	else
		row_begin(h, HOOK_STOP_POST);
	return !h->over;
}

bool hooks_tell_end(struct process *p)
{
	struct hooks *h = p->hooks;
	struct event event = {.kind = EVENT_START_FAILED, .pid = p->pid};

	if (!h || !h->failed)
		return false;
	h->failed = false;
	event.reason = h->reason;
	h->reason = REASON(REASON_NONE);
	daemon_step(h->d, &event);
	reason_fini(&event.reason);
	return true;
}
