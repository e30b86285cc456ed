/* SPDX-License-Identifier: MIT */

#include "supd/notify_lines.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "supd/fdstore.h"
#include "supd/mainpid.h"
#include "supd/said.h"
#include "supd/watchdog.h"

/* The kernel's largest. */
#define ERRNO_MAX 4095

enum tag {
	TAG_MAINPID,
	TAG_NOTIFYACCESS,
	TAG_STATUS,
	TAG_ERRNO,
	TAG_WATCHDOG_USEC,
	TAG_WATCHDOG,
	TAG_FDSTORE,
	TAG_FDSTOREREMOVE,
	TAG_FDNAME,
	TAG_FDPOLL,
	TAG_READY,
	TAG_RELOADING,
	TAG_MONOTONIC_USEC,
	TAG_STOPPING,
	TAG_EXTEND_TIMEOUT_USEC,
	TAG_IGNORE,
	TAG_EXIT_REASON,
	TAG_N,
};

static const char *const tags[TAG_N] = {
	[TAG_MAINPID] = "MAINPID=",
	[TAG_NOTIFYACCESS] = "NOTIFYACCESS=",
	[TAG_STATUS] = "STATUS=",
	[TAG_ERRNO] = "ERRNO=",
	[TAG_WATCHDOG_USEC] = "WATCHDOG_USEC=",
	[TAG_WATCHDOG] = "WATCHDOG=",
	[TAG_FDSTORE] = "FDSTORE=",
	[TAG_FDSTOREREMOVE] = "FDSTOREREMOVE=",
	[TAG_FDNAME] = "FDNAME=",
	[TAG_FDPOLL] = "FDPOLL=",
	[TAG_READY] = "READY=",
	[TAG_RELOADING] = "RELOADING=",
	[TAG_MONOTONIC_USEC] = "MONOTONIC_USEC=",
	[TAG_STOPPING] = "STOPPING=",
	[TAG_EXTEND_TIMEOUT_USEC] = "EXTEND_TIMEOUT_USEC=",
	[TAG_IGNORE] = "IGNORE=",
	[TAG_EXIT_REASON] = "EXIT_REASON=",
};

/* One notification; a value that did not come is NULL. */
struct told {
	struct daemon *daemon;
	struct process *process;
	const char *value[TAG_N]; /* borrowed */
	int *fds;
	size_t n_fds;
};

static bool is_one(const struct told *told, enum tag tag)
{
	return told->value[tag] && strcmp(told->value[tag], "1") == 0;
}

static void refuse(struct told *told, enum tag tag)
{
	said_complain(told->daemon, told->process, COMPLAINT_VALUE,
		      "its notification %s means nothing, and is not heard", tags[tag]);
}

/* Microseconds; the largest number there is stands for infinity. False: it did not come, or is no
 * such number. */
static bool take_span(struct told *told, enum tag tag, struct span *ret_span)
{
	uint64_t number;

	if (!told->value[tag])
		return false;
	if (text_parse_u64(told->value[tag], UINT64_MAX, &number) < 0) {
		refuse(told, tag);
		return false;
	}
	*ret_span = SPAN_INFINITY;
	if (number < (uint64_t)INT64_MAX / 1000)
		ret_span->ns = (int64_t)number * 1000;
	return true;
}

/* ---- whom it is about ---- */

static void take_main_pid(struct told *told)
{
	const char *text = told->value[TAG_MAINPID];
	const char *why;
	uint64_t number;

	if (!text)
		return;
	if (text_parse_u64(text, INT32_MAX, &number) < 0) {
		refuse(told, TAG_MAINPID);
		return;
	}
	why = mainpid_move(told->daemon, told->process, (pid_t)number);
	if (why)
		said_complain(told->daemon, told->process, COMPLAINT_MAIN_PID,
			      "its notification MAINPID=%d is not heard: %s", (int)number, why);
}

/* In the words of systemd, and in ours. */
static void take_access(struct told *told)
{
	static const struct {
		const char *word;
		enum notify_access access;
	} rows[] = {
		{"main", NOTIFY_MAIN}, {"exec", NOTIFY_MAIN}, {"group", NOTIFY_GROUP},
		{"all", NOTIFY_GROUP}, {"none", NOTIFY_NONE},
	};
	const char *word = told->value[TAG_NOTIFYACCESS];

	for (size_t i = 0; word && i < ARRAY_LEN(rows); i++) {
		if (strcmp(word, rows[i].word) == 0) {
			told->process->notify_access = (uint8_t)rows[i].access;
			return;
		}
	}
	if (word)
		refuse(told, TAG_NOTIFYACCESS);
}

/* ---- what it is about ---- */

static void take_errno(struct told *told)
{
	uint64_t number;
	struct said *said;

	if (!told->value[TAG_ERRNO])
		return;
	if (text_parse_u64(told->value[TAG_ERRNO], ERRNO_MAX, &number) < 0) {
		refuse(told, TAG_ERRNO);
		return;
	}
	said = number || told->process->said ? said_of(told->daemon, told->process) : NULL;
	if (said)
		said->error = (int32_t)number;
}

static void take_watchdog(struct told *told)
{
	struct process *p = told->process;
	struct span span;

	if (take_span(told, TAG_WATCHDOG_USEC, &span))
		watchdog_set(told->daemon, p, span.ns ? span : SPAN_INFINITY);
	if (is_one(told, TAG_WATCHDOG) && p->said)
		watchdog_feed(p->said->watchdog);
}

static void keep_fd(struct told *told, int *fd, const char *name)
{
	const char *poll = told->value[TAG_FDPOLL];
	bool kept;
	int r = fdstore_add(told->daemon, told->process, *fd, name, !poll || strcmp(poll, "0") != 0,
			    &kept);

	if (r == -ENOSPC)
		said_complain(told->daemon, told->process, COMPLAINT_FDS,
			      "a file that it wants to store is not kept: fd_store_max is reached");
	else if (r < 0)
		said_complain(told->daemon, told->process, COMPLAINT_FDS,
			      "a file that it wants to store is not kept: %s", strerror(-r));
	else if (kept)
		*fd = -1;
}

/* As systemd has it: one that is to go must have a name, one that comes has one at least. */
static void take_fds(struct told *told)
{
	const char *name = told->value[TAG_FDNAME];

	if (name && !fdstore_name_is_valid(name)) {
		refuse(told, TAG_FDNAME);
		name = NULL;
	}
	if (is_one(told, TAG_FDSTOREREMOVE) && name)
		fdstore_remove(told->process, name);
	else if (is_one(told, TAG_FDSTOREREMOVE))
		refuse(told, TAG_FDSTOREREMOVE);
	if (!is_one(told, TAG_FDSTORE))
		return;
	for (size_t i = 0; i < told->n_fds; i++)
		keep_fd(told, &told->fds[i], name ? name : "stored");
}

/* A stop that it has begun by itself is shown, and no more: its end is what counts. */
static void take_activity(struct told *told)
{
	bool reloading = is_one(told, TAG_RELOADING);
	struct said *said;
	struct span at = SPAN_S(0);

	if (!reloading && !is_one(told, TAG_STOPPING))
		return;
	said = said_of(told->daemon, told->process);
	if (!said)
		return;
	if (reloading) {
		if (!take_span(told, TAG_MONOTONIC_USEC, &at))
			at = SPAN_INFINITY;
		said_reloading(said, (struct mono){at.ns});
	}
	if (is_one(told, TAG_STOPPING))
		said->activity = ACTIVITY_STOPPING;
}

/* ---- what the core is told ---- */

static void take_last_words(struct daemon *d, actor_pid pid, const char *text)
{
	struct event event = {.kind = EVENT_TOLD, .pid = pid};

	if (reason_parse(text, &event.reason) < 0)
		return;
	daemon_step(d, &event);
	reason_fini(&event.reason);
}

void notify_ready(struct daemon *d, actor_pid pid)
{
	struct process *p = process_of(d, pid);
	struct child_view v;

	if (p)
		said_ready(p);
	if (core_view(d->core, core_find_pid(d->core, pid), &v) && v.spec->ready == READY_NOTIFY)
		process_ready(d, pid);
}

/* A step may end the process, and its record with it. */
static void take_steps(struct told *told, actor_pid pid)
{
	struct daemon *d = told->daemon;
	const char *watchdog = told->value[TAG_WATCHDOG];
	struct event extend = {.kind = EVENT_EXTEND, .pid = pid};

	if (take_span(told, TAG_EXTEND_TIMEOUT_USEC, &extend.budget))
		daemon_step(d, &extend);
	if (is_one(told, TAG_IGNORE))
		daemon_step(d, &(struct event){.kind = EVENT_IGNORE, .pid = pid});
	if (watchdog && strcmp(watchdog, "trigger") == 0 && process_of(d, pid))
		watchdog_trigger(d, process_of(d, pid));
	if (told->value[TAG_EXIT_REASON])
		take_last_words(d, pid, told->value[TAG_EXIT_REASON]);
}

/* ---- the whole ---- */

static void take_line(struct told *told, const char *line)
{
	for (int tag = 0; tag < TAG_N; tag++) {
		size_t size = strlen(tags[tag]);

		if (strncmp(line, tags[tag], size) == 0)
			told->value[tag] = line + size;
	}
}

void notify_take(struct daemon *d, struct process *p, char *message, int *fds, size_t n_fds)
{
	struct told told = {.daemon = d, .process = p, .fds = fds, .n_fds = n_fds};
	actor_pid pid = p->pid;
	char *end;

	for (char *line = message; line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		take_line(&told, line);
	}
	take_main_pid(&told);
	take_access(&told);
	if (told.value[TAG_STATUS])
		said_text(d, p, told.value[TAG_STATUS]);
	take_errno(&told);
	take_watchdog(&told);
	take_fds(&told);
	/* READY=1 ends a reload; RELOADING=1 beside it begins the next one. */
	if (is_one(&told, TAG_READY))
		notify_ready(d, pid);
	told.process = process_of(d, pid);
	if (!told.process)
		return;
	take_activity(&told);
	take_steps(&told, pid);
}
