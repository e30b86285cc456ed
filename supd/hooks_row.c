/* SPDX-License-Identifier: MIT */

/*
 * A row of commands: each is started when the one before has succeeded, or may fail. Where the host
 * is short of something for a moment, start_pre gives the start back to the core, which tries
 * again; start_post and stop_post try again themselves for as long as one command may take; the
 * others have failed.
 */

#include "supd/hooks_row.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "supd/command.h"
#include "supd/log.h"

/* Between SIGTERM and SIGKILL where a command's time is up. */
#define HOOK_GRACE SPAN_S(2)
#define HOOK_RETRY SPAN_MS(100)

/* ---- what is known ---- */

/* Good until the next step. NULL: it has none, or is no more. */
static const struct exec_hooks *hooks_spec(const struct hooks *h, struct child_view *v)
{
	if (!core_view(h->d->core, h->p->slot, v) || !v->spec->exec)
		return NULL;
	return v->spec->exec->hooks;
}

bool row_exists(const struct hooks *h, enum hook_kind kind)
{
	struct child_view v;
	const struct exec_hooks *hooks = hooks_spec(h, &v);

	return hooks && hooks->of[kind].n > 0;
}

static const struct exec_command *row_command(const struct hooks *h)
{
	struct child_view v;
	const struct exec_hooks *hooks = hooks_spec(h, &v);

	return hooks && h->index < hooks->of[h->kind].n ? &hooks->of[h->kind].commands[h->index]
							: NULL;
}

/* A stop has no more time than the service has for it. */
struct span row_timeout(const struct hooks *h, enum hook_kind kind)
{
	struct child_view v;
	const struct exec_hooks *hooks = hooks_spec(h, &v);
	struct span timeout = hooks ? hooks->of[kind].timeout : EXEC_HOOK_TIMEOUT;

	if (kind == HOOK_STOP && v.spec->shutdown == SHUTDOWN_SPAN)
		timeout.ns = MIN_OF(timeout.ns, v.spec->shutdown_span.ns);
	return timeout;
}

/* ---- failures ---- */

static void row_log(const struct hooks *h, const char *text, bool passed_over)
{
	const struct exec_command *command = row_command(h);
	struct log_about about = {.event = hook_names[h->kind]};
	char pid[ACTOR_PID_TEXT_MAX];
	struct child_view v;

	if (!command || !core_view(h->d->core, h->p->slot, &v))
		return;
	about.name = v.path;
	about.pid = actor_pid_format(h->pid, pid);
	log_about(passed_over ? LOG_AT_INFO : LOG_AT_WARNING, &about, "%s %s: %s%s",
		  hook_names[h->kind], command->argv[0], text,
		  passed_over ? ", which is passed over" : "");
}

/* The command at hand has failed; where it is a condition, an exit status is an answer. True: the
 * row goes on all the same. */
static bool row_passes_over(struct hooks *h, const char *why, bool answered)
{
	const struct exec_command *command = row_command(h);
	bool beside = h->kind == HOOK_START_POST || h->kind == HOOK_RELOAD;
	bool wanted = !h->killed && !h->stop_told && (!beside || h->p->os_pid);
	bool passed_over = wanted && command && command->may_fail;

	if (wanted && !(answered && h->kind == HOOK_START_IF))
		row_log(h, why, passed_over);
	return passed_over;
}

static const char *end_shown(const struct hooks *h, const struct command_end *end,
			     char text[SPAN_TEXT_MAX + 32])
{
	char name[SPAN_TEXT_MAX];

	if (end->timed_out)
		snprintf(text, SPAN_TEXT_MAX + 32, "not done within %s",
			 span_format(row_timeout(h, h->kind), name));
	else if (end->by_signal)
		snprintf(text, SPAN_TEXT_MAX + 32, "ended by SIG%s",
			 text_signal_name(end->code, name));
	else
		snprintf(text, SPAN_TEXT_MAX + 32, "exit status %d", (int)end->code);
	return text;
}

static void on_end(void *owner, const struct command_end *end)
{
	struct hooks *h = owner;
	const struct exec_command *command = row_command(h);
	bool wanted = command && (end->code != 0) == command->negated;
	bool good = !end->by_signal && wanted && !end->timed_out && !h->stop_told && !h->killed;
	char shown[SPAN_TEXT_MAX + 32], text[32];

	h->command = NULL;
	if (good ||
	    row_passes_over(h, end_shown(h, end, shown), !end->by_signal && !end->timed_out)) {
		h->index++;
		row_go_on(h);
		return;
	}
	hooks_row_end(h, command_end_text(end, text));
}

/* The second half of a reason: "exec:ENOENT". */
static const char *start_failure(enum start_step step, int error, char text[64])
{
	char name[16];

	snprintf(text, 64, "%s:%s", start_step_name(step), text_errno_name(error, name));
	return text;
}

/* ... and for the log. */
static const char *start_failure_shown(const struct hooks *h, enum start_step step, int error,
				       char text[512])
{
	const char *object = command_object(h->d);

	snprintf(text, 512, "%s%s%.400s: %s", start_step_name(step), *object ? " " : "", object,
		 strerror(error));
	return text;
}

/* What stop_post is told of the main process. */
struct end_texts {
	char reason[REASON_FORMAT_MAX + 16], code[32], status[32];
	char *list[4];
};

static char *const *end_variables(const struct hooks *h, struct end_texts *t)
{
	const struct process *p = h->p;
	char text[REASON_FORMAT_MAX], name[16];
	struct child_view v;
	size_t n = 0;

	if (h->kind != HOOK_STOP_POST || !core_view(h->d->core, p->slot, &v))
		return NULL;
	snprintf(t->reason, sizeof(t->reason), "SUP_REASON=%s",
		 reason_format(v.verdict.kind != REASON_NONE ? &v.verdict : &h->reason, text));
	t->list[n++] = t->reason;
	if (h->ran) {
		snprintf(t->code, sizeof(t->code), "EXIT_CODE=%s",
			 p->dumped      ? "dumped"
			 : p->by_signal ? "killed"
					: "exited");
		if (p->by_signal)
			snprintf(t->status, sizeof(t->status), "EXIT_STATUS=%s",
				 text_signal_name(p->code, name));
		else
			snprintf(t->status, sizeof(t->status), "EXIT_STATUS=%d", (int)p->code);
		t->list[n++] = t->code;
		t->list[n++] = t->status;
	}
	t->list[n] = NULL;
	return t->list;
}

static int row_start(struct hooks *h, const struct exec_command *command, enum start_step *ret_step)
{
	struct end_texts texts;
	const struct command_what what = {
		.slot = h->p->slot,
		.argv = command->argv,
		.variables = end_variables(h, &texts),
		.timeout = row_timeout(h, h->kind),
		.grace = HOOK_GRACE,
		.stays = h->kind == HOOK_STOP || h->kind == HOOK_STOP_POST,
		.call = on_end,
		.owner = h,
	};

	return command_start(h->d, &what, &h->command, ret_step);
}

/* True: it is tried again in a moment, or by the core. */
static bool row_waits(struct hooks *h, int error)
{
	if (!spawn_is_shortage(error))
		return false;
	if (h->kind == HOOK_START_IF || h->kind == HOOK_START_PRE) {
		h->kind = HOOK_N_KINDS;
		process_end_directories(h->d->processes, h->p);
		daemon_step(h->d,
			    &(struct event){.kind = EVENT_SHORTAGE, .pid = h->pid, .code = error});
		return true;
	}
	if ((h->kind != HOOK_START_POST && h->kind != HOOK_STOP_POST) ||
	    loop_now().ns >= h->patience.ns)
		return false;
	loop_timer_start(h->d->loop, &h->timer, mono_add(loop_now(), HOOK_RETRY));
	return true;
}

/* A start that has failed is still timed by the core: not at the cost of stop_post. */
static void row_extend(const struct hooks *h)
{
	struct event event = {
		.kind = EVENT_EXTEND, .pid = h->pid, .budget = row_timeout(h, h->kind)};

	if (h->kind != HOOK_STOP_POST || !h->failed)
		return;
	if (!span_is_infinite(event.budget))
		event.budget.ns += 2 * HOOK_GRACE.ns;
	daemon_step(h->d, &event);
}

void row_go_on(struct hooks *h)
{
	const struct exec_command *command;
	enum start_step step;
	char shown[512], text[64];

	while ((command = row_command(h))) {
		int r = row_start(h, command, &step);

		if (r == 0)
			row_extend(h);
		if (r == 0 || row_waits(h, -r))
			return;
		if (!row_passes_over(h, start_failure_shown(h, step, -r, shown), false)) {
			hooks_row_end(h, start_failure(step, -r, text));
			return;
		}
		h->index++;
	}
	hooks_row_end(h, NULL);
}

void row_begin(struct hooks *h, enum hook_kind kind)
{
	loop_timer_stop(h->d->loop, &h->timer);
	h->kind = kind;
	h->index = 0;
	h->killed = false;
	h->patience = mono_add(loop_now(), row_timeout(h, h->kind));
	row_go_on(h);
}
