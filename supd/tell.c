/* SPDX-License-Identifier: MIT */

/*
 * What the log says of a change of state. Normal life is terse: a start is one line, when it has
 * succeeded; the rest of its steps are for log_level = debug. What nobody asked for is a warning,
 * what needs somebody is an error.
 */

#include "supd/tell.h"

#include <string.h>

#include "base/text.h"
#include "supd/foreground.h"
#include "supd/left.h"
#include "supd/log.h"
#include "supd/rows.h"
#include "supd/said.h"

/* A notice being told. */
struct telling {
	const struct daemon *d;
	const struct link *link;
	struct child_view v;
	const struct spec *spec;
	struct log_about about;
	char pid[ACTOR_PID_TEXT_MAX];
	char reason[REASON_FORMAT_MAX];
};

/* ---- starts ---- */

static void tell_ready(struct telling *t)
{
	const struct spec *spec = t->spec;
	const char *word = spec->ready == READY_EXEC ? "running" : "ready";
	const char *again = t->link->code > 1 ? " again" : "";

	if (spec->type == CHILD_SUPERVISOR) {
		log_about(LOG_AT_INFO, &t->about, "ready%s", again);
		return;
	}
	if (spec->ready == READY_EXIT) {
		log_about(LOG_AT_INFO, &t->about, "done%s", again);
		return;
	}
	t->about.os_pid = process_os_pid(t->d, t->v.slot);
	log_about(LOG_AT_INFO, &t->about, "%s%s, OS pid %d", word, again, (int)t->about.os_pid);
}

static void tell_start_failed(struct telling *t)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	/* Stopped before it got ready, because somebody wanted so. */
	if (t->link->reason.kind == REASON_SHUTDOWN) {
		log_about(LOG_AT_INFO, &t->about, "stopped before it was ready");
		return;
	}
	row_explain(&text, &t->link->reason, t->spec);
	said_explain(&text, t->d, t->v.slot, t->link->pid, false);
	log_about(LOG_AT_WARNING, &t->about, "start failed: %s", buf_text(&text));
}

static void tell_shortage(struct telling *t)
{
	log_about(LOG_AT_WARNING, &t->about, "not started for now, the host is short: %s",
		  strerror(t->link->code));
}

static void tell_backoff(struct telling *t)
{
	char delay[SPAN_TEXT_MAX];

	log_about(LOG_AT_INFO, &t->about, "is started again in %s",
		  span_format(SPAN_MS(t->link->code), delay));
}

/* ---- ends ---- */

static void tell_exit(struct telling *t)
{
	bool asked = t->link->reason.kind == REASON_SHUTDOWN;
	/* Our own exit status tells how a COMMAND has ended. */
	bool normal =
		reason_is_normal_child(&t->link->reason) || foreground_is_command(t->d, t->spec);
	struct buf said CLEANUP(buf_fini) = BUF_INIT;
	char status[24];
	const char *exit;

	if (asked) {
		log_about(LOG_AT_INFO, &t->about, "stopped");
		return;
	}
	if (t->spec->type == CHILD_SERVICE && t->spec->ready == READY_EXIT && normal) {
		log_about(LOG_AT_DEBUG, &t->about, "ended: %s", t->reason);
		return;
	}
	exit = t->spec->type == CHILD_SERVICE ? process_exit_text(t->d, t->v.slot, status) : "";
	if (!normal)
		said_explain(&said, t->d, t->v.slot, t->link->pid, true);
	if (t->link->reason.kind == REASON_TEXT && *exit)
		log_about(LOG_AT_WARNING, &t->about, "ended: %s (%s %s)%s", t->reason,
			  *exit == 'S' ? "by" : "exit status", exit, buf_text(&said));
	else
		log_about(normal ? LOG_AT_INFO : LOG_AT_WARNING, &t->about, "ended: %s%s",
			  t->reason, buf_text(&said));
}

static void tell_killing(struct telling *t)
{
	char span[SPAN_TEXT_MAX];

	if (t->v.state == CHILD_STOPPING && t->spec->shutdown == SHUTDOWN_SPAN &&
	    t->spec->shutdown_span.ns &&
	    mono_between(t->v.since, t->link->at).ns >= t->spec->shutdown_span.ns)
		log_about(LOG_AT_WARNING, &t->about, "killed: it has not stopped within %s",
			  span_format(t->spec->shutdown_span, span));
	else
		log_about(LOG_AT_DEBUG, &t->about, "SIGKILL");
}

static void tell_gave_up(struct telling *t)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	row_explain_intensity(&text, t->spec);
	log_about(LOG_AT_ERROR, &t->about, "gave up: %s", buf_text(&text));
}

static void tell_failed(struct telling *t)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct child_view parent;

	if (!core_view(t->d->core, t->v.parent, &parent))
		return;
	row_explain_intensity(&text, parent.spec);
	buf_puts(&text, "; ");
	buf_puts(&text, daemon_supctl(t->d));
	log_about(LOG_AT_ERROR, &t->about, "failed: %s start %s tries again", buf_text(&text),
		  t->v.path);
}

static void tell_waiting(struct telling *t)
{
	struct child_view because;

	/* Where an earlier change of its own is the cause, the model knows whom it waits for. */
	uint32_t slot = t->link->cause.slot == t->v.slot ? t->v.waits_for : t->link->cause.slot;

	if (t->link->cause.seq && core_view(t->d->core, slot, &because))
		log_about(LOG_AT_WARNING, &t->about, "waits for %s", because.path);
	else
		log_about(LOG_AT_WARNING, &t->about, "waits");
}

static void tell_budget(struct telling *t)
{
	if (t->link->code < 100)
		log_about(LOG_AT_WARNING, &t->about,
			  "%d %% of shutdown_timeout is over: all that is left is told to stop",
			  (int)t->link->code);
	else
		log_about(LOG_AT_WARNING, &t->about,
			  "shutdown_timeout is over: all that is left is killed");
}

static void tell_ignored(struct telling *t)
{
	if (t->link->reason.kind == REASON_NONE)
		log_about(LOG_AT_INFO, &t->about, "not started: it said ignore");
	else
		log_about(LOG_AT_INFO, &t->about, "not started: %s does not hold", t->reason);
}

static void tell_doomed(struct telling *t)
{
	const char *found = reason_object(&t->link->reason);

	if (found)
		log_about(LOG_AT_WARNING, &t->about, "will end: %s: %s", t->reason, found);
	else
		log_about(LOG_AT_INFO, &t->about, "will end: %s", t->reason);
}

static void tell_lingers(struct telling *t)
{
	struct buf left CLEANUP(buf_fini) = BUF_INIT;

	/* Which begins when nothing else is left. */
	if (left_only_stop_post(t->d, t->v.slot)) {
		log_about(LOG_AT_DEBUG, &t->about, "nothing of it is left: stop_post still runs");
		return;
	}
	left_print(t->d, t->v.slot, &left);
	log_about(LOG_AT_WARNING, &t->about,
		  "its main process has ended, but not all that it has started%s%s",
		  left.size ? ": " : "", buf_text(&left));
}

static void tell_held(struct telling *t)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct child_view parent;

	/* Nothing is left of a copy when it has been stopped. */
	if (core_view(t->d->core, t->v.parent, &parent) &&
	    parent.spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE)
		return;
	buf_puts(&text, daemon_supctl(t->d));
	log_about(LOG_AT_INFO, &t->about, "held down: %s start %s lets it go", buf_text(&text),
		  t->v.path);
}

/* ---- what is only told ---- */

static const char *tell_sender(const struct telling *t, char text[ACTOR_PID_TEXT_MAX])
{
	struct child_view from;

	if (t->link->from.n &&
	    (core_view(t->d->core, core_find_pid(t->d->core, t->link->from), &from) ||
	     core_view(t->d->core, t->link->cause.slot, &from)))
		return from.path;
	return t->link->from.n ? actor_pid_format(t->link->from, text) : "an operator";
}

static void tell_signal(struct telling *t)
{
	static const char *const words[LINK_N_KINDS] = {
		[LINK_EXIT_SIGNAL] = "an exit signal came as a message, from",
		[LINK_EXIT_IGNORED] = "an exit signal was ignored, from",
		[LINK_DOWN] = "was told of the end of",
		[LINK_LINKED] = "linked by",
		[LINK_UNLINKED] = "unlinked by",
		[LINK_MONITORED] = "monitored by",
		[LINK_DEMONITORED] = "no longer monitored by",
	};
	char from[ACTOR_PID_TEXT_MAX];
	bool has_reason = t->link->reason.kind != REASON_NONE;

	log_about(LOG_AT_DEBUG, &t->about, "%s %s%s%s", words[t->link->kind], tell_sender(t, from),
		  has_reason ? ": " : "", has_reason ? t->reason : "");
}

static void tell_overflow(struct telling *t)
{
	char from[ACTOR_PID_TEXT_MAX];

	if (t->link->code == 1)
		log_about(LOG_AT_WARNING, &t->about,
			  "its mailbox is full: a message of %s, with %s", tell_sender(t, from),
			  t->spec ? mailbox_overflow_names[t->spec->mailbox_overflow] : "block");
	else
		log_about(LOG_AT_WARNING, &t->about,
			  "its mailbox is full: %d messages have found it so", (int)t->link->code);
}

static void tell_overflow_end(struct telling *t)
{
	log_about(LOG_AT_INFO, &t->about, "its mailbox has room again: %d messages found it full",
		  (int)t->link->code);
}

static void tell_failing(struct telling *t)
{
	const char *found = reason_object(&t->link->reason);

	log_about(LOG_AT_INFO, &t->about, "asked whether it is well: %s",
		  found ? found : "it failed");
}

static void tell_left_out(struct telling *t)
{
	log_about(LOG_AT_DEBUG, &t->about, "%d signals were too many to be told one by one",
		  (int)t->link->code);
}

/* ---- all of them ---- */

/* A text, or what needs more than that. */
static const struct {
	void (*tell)(struct telling *t);
	enum log_level level;
	const char *text;
} rows[LINK_N_KINDS] = {
	[LINK_START] = {NULL, LOG_AT_DEBUG, "starting"},
	[LINK_READY] = {.tell = tell_ready},
	[LINK_START_FAILED] = {.tell = tell_start_failed},
	[LINK_IGNORED] = {.tell = tell_ignored},
	[LINK_STOPPING] = {NULL, LOG_AT_DEBUG, "told to stop"},
	[LINK_KILLING] = {.tell = tell_killing},
	[LINK_DOOMED] = {.tell = tell_doomed},
	[LINK_EXITED] = {.tell = tell_exit},
	[LINK_BACKOFF] = {.tell = tell_backoff},
	[LINK_RETRY] = {NULL, LOG_AT_DEBUG, "its start is tried again"},
	[LINK_SHORTAGE] = {.tell = tell_shortage},
	[LINK_GAVE_UP] = {.tell = tell_gave_up},
	[LINK_FAILED] = {.tell = tell_failed},
	[LINK_WAITING] = {.tell = tell_waiting},
	[LINK_AUTO_SHUTDOWN] = {NULL, LOG_AT_INFO, "shuts down: what it was for has ended"},
	[LINK_HELD] = {.tell = tell_held},
	[LINK_RELEASED] = {NULL, LOG_AT_DEBUG, "no longer held down"},
	[LINK_REMOVED] = {NULL, LOG_AT_INFO, "removed"},
	[LINK_LINGERS] = {.tell = tell_lingers},
	[LINK_BUDGET] = {.tell = tell_budget},
	[LINK_IDLE] = {NULL, LOG_AT_DEBUG, "waits until it is wanted"},
	[LINK_REPLACES] = {NULL, LOG_AT_INFO, "takes the place of the old one"},
	[LINK_CYCLE] = {NULL, LOG_AT_WARNING,
			"it and others wait for room in each other's mailboxes: who of them reads "
			"on?"},
	[LINK_EXIT_SIGNAL] = {.tell = tell_signal},
	[LINK_EXIT_IGNORED] = {.tell = tell_signal},
	[LINK_DOWN] = {.tell = tell_signal},
	[LINK_LINKED] = {.tell = tell_signal},
	[LINK_UNLINKED] = {.tell = tell_signal},
	[LINK_MONITORED] = {.tell = tell_signal},
	[LINK_DEMONITORED] = {.tell = tell_signal},
	[LINK_OVERFLOW] = {.tell = tell_overflow},
	[LINK_OVERFLOW_END] = {.tell = tell_overflow_end},
	[LINK_FAILING] = {.tell = tell_failing},
	[LINK_UNHEALTHY] = {NULL, LOG_AT_DEBUG, "unhealthy"},
	[LINK_HEALTHY] = {NULL, LOG_AT_INFO, "healthy"},
	[LINK_LEFT_OUT] = {.tell = tell_left_out},
	/* Whoever sends it says so, with the OS pid. */
	[LINK_UNIX_SIGNAL] = {NULL, LOG_AT_DEBUG, "was sent a Unix signal"},
};

void tell_notice(const struct daemon *d, uint32_t slot, const struct link *link)
{
	struct telling t = {.d = d, .link = link};

	/* A guest is no child: only what it is told comes here. */
	if (!core_view(d->core, slot, &t.v) && slot != SLOT_NONE)
		return;
	t.spec = t.v.spec;
	t.about = (struct log_about){.name = t.v.path, .event = link_kind_names[link->kind]};
	if (link->pid.n)
		t.about.pid = actor_pid_format(link->pid, t.pid);
	if (link->reason.kind != REASON_NONE)
		t.about.reason = reason_format(&link->reason, t.reason);
	if (rows[link->kind].tell)
		rows[link->kind].tell(&t);
	else
		log_about(rows[link->kind].level, &t.about, "%s", rows[link->kind].text);
}

void tell_halt(const struct daemon *d, enum halt_kind halt, uint32_t slot,
	       const struct reason *reason)
{
	char text[REASON_FORMAT_MAX];
	struct child_view v;

	switch (halt) {
	case HALT_ORDERLY:
		if (!d->again)
			log_line(LOG_AT_INFO, "all has stopped; ends with status %d",
				 d->exit_status);
		return;
	case HALT_GAVE_UP:
		log_line(LOG_AT_ERROR, "the root has ended (%s); ends with status %d",
			 reason_format(reason, text), d->exit_status);
		return;
	case HALT_AUTO_SHUTDOWN:
		log_line(LOG_AT_INFO, "%s has ended (%s), and supd with it: status %d",
			 core_view(d->core, slot, &v) ? v.path : "a significant service",
			 reason_format(reason, text), d->exit_status);
		return;
	}
}
