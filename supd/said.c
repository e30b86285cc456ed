/* SPDX-License-Identifier: MIT */

#include "supd/said.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "supd/fdstore.h"
#include "supd/log.h"
#include "supd/mainpid.h"
#include "supd/said_text.h"
#include "supd/watchdog.h"

const char *const activity_names[] = {
	[ACTIVITY_NONE] = "none",
	[ACTIVITY_RELOADING] = "reloading",
	[ACTIVITY_STOPPING] = "stopping",
	[ACTIVITY_N] = NULL,
};

/* ---- the record ---- */

struct said *said_of(struct daemon *d, struct process *p)
{
	struct said *said = p->said;

	if (said)
		return said;
	said = calloc(1, sizeof(*said));
	if (!said)
		return NULL;
	said->daemon = d;
	said->process = p;
	list_init(&said->reloads);
	p->said = said;
	return said;
}

/* Of one incarnation. */
static void forget_words(struct said *said)
{
	free(TAKE(said->text));
	said->error = 0;
	said->activity = ACTIVITY_NONE;
	said->complained = 0;
}

void said_begin(struct daemon *d, struct process *p, const struct exec *exec)
{
	if (p->said) {
		forget_words(p->said);
		watchdog_free(d, TAKE(p->said->watchdog));
	}
	if (exec->notify)
		watchdog_begin(d, p, exec->notify);
}

static void end_reloads(struct said *said, bool done)
{
	struct list *l;

	while ((l = list_take_first(&said->reloads))) {
		struct reload_waiter *waiter = LIST_ENTRY(l, struct reload_waiter, link);

		waiter->call(waiter, done);
	}
}

void said_end(struct process *p)
{
	struct said *said = p->said;

	if (!said)
		return;
	said->activity = ACTIVITY_NONE;
	watchdog_stop(said->daemon, said->watchdog);
	end_reloads(said, false);
}

void said_free(struct process *p)
{
	struct said *said = p->said;

	if (!said)
		return;
	mainpid_forget(said->daemon->processes, p);
	p->said = NULL;
	end_reloads(said, false);
	watchdog_free(said->daemon, said->watchdog);
	fdstore_free(said->fds);
	free(said->text);
	free(said);
}

/* ---- words ---- */

void said_complain(struct daemon *d, struct process *p, enum complaint complaint,
		   const char *format, ...)
{
	struct said *said = said_of(d, p);
	struct log_about about = {.event = "notify", .os_pid = p->os_pid};
	struct child_view v;
	char text[512];
	va_list args;

	if (!said || said->complained & 1u << complaint || !core_view(d->core, p->slot, &v))
		return;
	said->complained |= 1u << complaint;
	about.name = v.path;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_about(LOG_AT_WARNING, &about, "%s", text);
}

void said_text(struct daemon *d, struct process *p, const char *text)
{
	char clean[SAID_TEXT_MAX + 1];
	struct said *said;

	if (!*text) {
		if (p->said)
			free(TAKE(p->said->text));
		return;
	}
	if (!said_clean(text, clean, sizeof(clean))) {
		said_complain(
			d, p, COMPLAINT_VALUE,
			"its status text is not UTF-8, and is not shown: send STATUS= in UTF-8");
		return;
	}
	said = said_of(d, p);
	if (!said || (said->text && strcmp(said->text, clean) == 0))
		return;
	free(said->text);
	said->text = strdup(clean);
}

void said_on_notice(struct daemon *d, uint32_t slot, enum link_kind kind)
{
	struct process *p = kind == LINK_READY ? process_find(d, slot) : NULL;

	if (p && p->said)
		watchdog_start(d, p->said->watchdog);
}

void said_explain(struct buf *out, const struct daemon *d, uint32_t slot, actor_pid pid,
		  bool only_error)
{
	const struct process *p = process_find(d, slot);
	const struct said *said = p && p->pid.n == pid.n ? p->said : NULL;
	char error[16];

	if (!said || (!said->error && (only_error || !said->text)))
		return;
	buf_puts(out, " (it said");
	if (said->error)
		buf_printf(out, " %s", text_errno_name(said->error, error));
	if (said->text)
		buf_printf(out, ": %s", said->text);
	buf_puts(out, ")");
}

void said_put(struct wire_encoder *e, const struct daemon *d, uint32_t slot)
{
	const struct process *p = process_find(d, slot);
	const struct said *said = p ? p->said : NULL;
	struct span watchdog = watchdog_span(said ? said->watchdog : NULL);
	const char *activity = process_activity(d, slot);
	char error[16];

	if (!activity && said && said->activity)
		activity = activity_names[said->activity];
	field_put_text(e, FIELD_DETAIL, "activity", activity);
	field_put_text(e, FIELD_DETAIL, "status_text", said ? said->text : NULL);
	field_put_text(e, FIELD_DETAIL, "status_error",
		       said && said->error ? text_errno_name(said->error, error) : NULL);
	if (span_is_infinite(watchdog))
		field_put_null(e, FIELD_DETAIL, "watchdog");
	else
		field_put_span(e, FIELD_DETAIL, "watchdog", watchdog);
	field_put_int(e, FIELD_DETAIL, "fds_stored", p ? (int64_t)fdstore_count(p) : 0);
}

/* ---- reloads ---- */

int said_await_reload(struct daemon *d, struct process *p, struct reload_waiter *waiter)
{
	struct said *said = said_of(d, p);

	if (!said)
		return -ENOMEM;
	list_init(&waiter->link);
	list_append(&said->reloads, &waiter->link);
	waiter->begun = false;
	return 0;
}

void said_forget_reload(struct reload_waiter *waiter)
{
	list_unlink(&waiter->link);
}

void said_reloading(struct said *said, struct mono at)
{
	said->activity = ACTIVITY_RELOADING;
	LIST_EACH (it, &said->reloads) {
		struct reload_waiter *waiter = LIST_ENTRY(it, struct reload_waiter, link);

		waiter->begun |= at.ns >= waiter->since.ns;
	}
}

/* A waiter that is called may be the last reason why others wait: the list is begun anew. */
void said_ready(struct process *p)
{
	struct said *said = p->said;
	struct list done;

	if (!said)
		return;
	if (said->activity == ACTIVITY_RELOADING)
		said->activity = ACTIVITY_NONE;
	list_init(&done);
	LIST_EACH (it, &said->reloads) {
		if (!LIST_ENTRY(it, struct reload_waiter, link)->begun)
			continue;
		list_unlink(it);
		list_append(&done, it);
	}
	for (struct list *l; (l = list_take_first(&done));) {
		struct reload_waiter *waiter = LIST_ENTRY(l, struct reload_waiter, link);

		waiter->call(waiter, true);
	}
}
