/* SPDX-License-Identifier: MIT */

/*
 * Its cgroup tells who they are. Without one they are the main process, what is in its group or
 * session, and of our own children those whose environment has its pid. All of /proc is looked at
 * for that, but only where something is late, and somebody asks.
 */

#include "supd/left.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/exec_hooks.h"
#include "supd/cgroup_folder.h"
#include "supd/cgroups.h"
#include "supd/proc.h"

#define LATE SPAN_S(1)

struct search {
	const struct process *p;
	struct texts *texts;
	struct buf environment;
	size_t n;
};

/* "4242 (sleep, D)". */
static void describe(pid_t os_pid, char out[96])
{
	char path[64], text[512], *name, *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)os_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[MAX_OF(n, (ssize_t)0)] = '\0';
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || strlen(end) < 3)
		snprintf(out, 96, "%d", (int)os_pid);
	else
		snprintf(out, 96, "%d (%.*s, %c)", (int)os_pid, (int)MIN_OF(end - name - 1, 32),
			 name + 1, end[2]);
}

static bool note(void *owner, pid_t os_pid)
{
	struct search *s = owner;
	char text[96];

	if (os_pid == s->p->os_pid && s->n > 0)
		return true;
	if (s->n++ < LEFT_MAX) {
		describe(os_pid, text);
		texts_add(s->texts, text);
	}
	return true;
}

static bool has_its_pid(struct search *s, pid_t os_pid)
{
	const char *text;
	actor_pid pid;

	if (proc_environment(os_pid, &s->environment) < 0)
		return false;
	text = proc_variable(&s->environment, "SUP_PID");
	return text && actor_pid_parse(text, &pid) == 0 && pid.n == s->p->pid.n;
}

static bool look_at(void *owner, pid_t os_pid)
{
	struct search *s = owner;
	struct proc_stat stat;

	if (proc_stat(os_pid, &stat) < 0)
		return true;
	if (stat.group == s->p->leader || stat.session == s->p->leader ||
	    (stat.parent == getpid() && !stat.dead && has_its_pid(s, os_pid)))
		note(s, os_pid);
	return true;
}

bool left_only_stop_post(const struct daemon *d, uint32_t slot)
{
	return process_activity(d, slot) == hook_names[HOOK_STOP_POST];
}

static bool is_late(const struct process *p)
{
	return p && p->pid.n && (p->os_pid || !list_is_empty(&p->ending)) && p->end_due.ns > 0 &&
	       mono_between(p->end_due, loop_now()).ns >= LATE.ns;
}

size_t left_find(const struct daemon *d, const struct process *p, struct texts *ret_texts)
{
	struct search s = {.p = p, .texts = ret_texts, .environment = BUF_INIT};

	/* First: a zombie is in no cgroup. */
	if (p->os_pid)
		note(&s, p->os_pid);
	if (p->in_cgroup && p->cgroup)
		cgroup_each(cgroups_folder(d), p->cgroup, note, &s);
	else
		proc_each(look_at, &s);
	buf_fini(&s.environment);
	return s.n;
}

void left_print(const struct daemon *d, uint32_t slot, struct buf *out)
{
	const struct process *p = process_find(d, slot);
	struct texts texts = {.bytes = BUF_INIT};
	char **list;
	size_t n;

	if (!p || !p->pid.n)
		return;
	n = left_find(d, p, &texts);
	list = texts_list(&texts);
	for (size_t i = 0; list && list[i]; i++)
		buf_printf(out, "%s%s", i ? ", " : "", list[i]);
	if (n > LEFT_MAX)
		buf_printf(out, " and %zu more", n - LEFT_MAX);
	texts_fini(&texts);
}

void left_put(struct wire_encoder *e, const struct daemon *d, uint32_t slot)
{
	const struct process *p = process_find(d, slot);
	struct texts texts = {.bytes = BUF_INIT};
	char **list;

	if (!is_late(p) || left_only_stop_post(d, slot)) {
		field_put_null(e, FIELD_DETAIL, "left");
		return;
	}
	left_find(d, p, &texts);
	list = texts_list(&texts);
	if (list)
		field_put_list(e, FIELD_DETAIL, "left", list);
	else
		field_put_null(e, FIELD_DETAIL, "left");
	texts_fini(&texts);
}
