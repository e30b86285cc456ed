/* SPDX-License-Identifier: MIT */

/*
 * What only the dead process tells, while it is a zombie, and what holds until its end is published
 * only: who is tied to it. The kernel counts the memory of what a process was before its exec for
 * its own, and that was us: so the peak is never below what supd had in use at that start.
 */

#include "supd/reporting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "config/expand.h"
#include "core/look.h"
#include "supd/cgroup_folder.h"
#include "supd/cgroups.h"

/* ---- the zombie ---- */

static struct span span_of(struct timeval t)
{
	return (struct span){(int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_usec * 1000};
}

/* Of its children too, where it has waited for them. One that another parent has told of can not be
 * asked. */
static void take_usage(struct facts *facts, pid_t os_pid)
{
	struct rusage usage;
	siginfo_t info = {.si_pid = 0};

	if (syscall(SYS_waitid, P_PID, os_pid, &info, WEXITED | WNOHANG | WNOWAIT, &usage) < 0 ||
	    info.si_pid != os_pid)
		return;
	facts->used = true;
	facts->user = span_of(usage.ru_utime);
	facts->system = span_of(usage.ru_stime);
	facts->memory = (int64_t)usage.ru_maxrss * 1024;
}

/* "Uid:\t1000\t...": the first of them is the real one. */
static uint64_t find_id(const char *status, const char *key, uint64_t otherwise)
{
	const char *found = strstr(status, key);

	return found ? strtoull(found + strlen(key), NULL, 10) : otherwise;
}

/* What the name of a core is made of. A zombie has that of its first thread, and who it was. */
static void take_identity(struct facts *facts, pid_t os_pid)
{
	static const char name[] = "Name:\t";
	char path[64], status[1024];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)os_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
	if (fd >= 0)
		close(fd);
	status[MAX_OF(n, (ssize_t)0)] = '\0';
	if (strncmp(status, name, sizeof(name) - 1) == 0)
		snprintf(facts->comm, sizeof(facts->comm), "%.*s",
			 (int)strcspn(status + sizeof(name) - 1, "\n"), status + sizeof(name) - 1);
	facts->uid = (uid_t)find_id(status, "\nUid:\t", geteuid());
	facts->gid = (gid_t)find_id(status, "\nGid:\t", getegid());
}

static int64_t parse_number(const char *text, size_t size)
{
	char digits[24];
	uint64_t number;

	snprintf(digits, sizeof(digits), "%.*s", (int)size, text);
	return text_parse_u64(digits, INT64_MAX, &number) < 0 ? -1 : (int64_t)number;
}

/* Both count all that has happened since its cgroup was made. */
static void take_cgroup(struct facts *facts, const struct daemon *d, const struct process *p)
{
	static const char key[] = "\noom_kill ";
	char text[512] = "\n";
	const char *found;

	facts->cgroup_memory = facts->oom_kills = -1;
	if (!p->in_cgroup || !p->cgroup)
		return;
	if (cgroup_read(cgroups_folder(d), p->cgroup, "memory.peak", text, sizeof(text)) > 0)
		facts->cgroup_memory = parse_number(text, strcspn(text, "\n"));
	text[0] = '\n';
	if (cgroup_read(cgroups_folder(d), p->cgroup, "memory.events", text + 1,
			sizeof(text) - 1) <= 0)
		return;
	found = strstr(text, key);
	if (found)
		facts->oom_kills = parse_number(found + sizeof(key) - 1,
						strcspn(found + sizeof(key) - 1, "\n"));
}

void facts_take(struct draft *draft, struct daemon *d, struct process *p, const siginfo_t *info)
{
	struct facts *facts = &draft->facts;

	facts->os_pid = p->os_pid;
	facts->code = info->si_status;
	facts->by_signal = info->si_code != CLD_EXITED;
	facts->dumped = info->si_code == CLD_DUMPED;
	take_usage(facts, p->os_pid);
	take_cgroup(facts, d, p);
	if (facts->dumped)
		take_identity(facts, p->os_pid);
}

/* ---- ties ---- */

static void add_tie(struct texts *texts, const struct core *core, actor_pid pid, bool link)
{
	char text[ACTOR_PID_TEXT_MAX];
	struct buf line CLEANUP(buf_fini) = BUF_INIT;
	struct actor_view v;

	actor_pid_format(pid, text);
	if (!core_view_actor(core, text, &v))
		return;
	buf_puts(&line, v.path ? v.path : text);
	if (!link)
		buf_puts(&line, ": was sent DOWN");
	else if (v.trap || v.kind == ACTOR_SUPERVISOR)
		buf_puts(&line, ": was sent EXIT, a message: it traps exits");
	else
		buf_puts(&line, ": was ended by its exit signal");
	texts_add(texts, buf_text(&line));
}

static void add_ties(struct texts *texts, const struct core *core, const struct child_view *v,
		     enum actor_tie tie)
{
	struct child_view parent = {.pid = ACTOR_PID_NONE};
	char text[64];
	actor_pid pids[TIES_MAX];
	size_t n = core_ties(core, v->pid, tie, pids, TIES_MAX);

	core_view(core, v->parent, &parent);
	for (size_t i = 0; i < n && i < TIES_MAX; i++)
		if (pids[i].n != parent.pid.n)
			add_tie(texts, core, pids[i], tie == TIE_LINK);
	if (n > TIES_MAX) {
		snprintf(text, sizeof(text), "and %zu more", n - TIES_MAX);
		texts_add(texts, text);
	}
}

void facts_take_ties(struct draft *draft, const struct daemon *d, const struct child_view *v)
{
	add_ties(&draft->linked, d->core, v, TIE_LINK);
	add_ties(&draft->monitors, d->core, v, TIE_MONITORED_BY);
}

/* ---- its core ---- */

static uint64_t core_limit(const struct exec *exec)
{
	struct rlimit limit;

	if (exec && exec->setup && exec->setup->limits[LIMIT_CORE].given)
		return exec->setup->limits[LIMIT_CORE].soft;
	if (getrlimit(RLIMIT_CORE, &limit) < 0)
		return 0;
	return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : (uint64_t)limit.rlim_cur;
}

/* As its start had it; NULL: it is not known. */
static char *expand(const char *text, const char *path)
{
	char *expanded = NULL;

	return text && config_expand(text, &(struct expand_vars){.path = path}, &expanded) == 0
		       ? expanded
		       : NULL;
}

void facts_place_core(struct draft *draft, const struct child_view *v)
{
	const struct facts *facts = &draft->facts;
	const struct exec *exec = v->spec->exec;
	char *directory CLEANUP(cleanup_free) = NULL, *root CLEANUP(cleanup_free) = NULL;
	char own[4096];
	ssize_t n;
	struct core_of of = {
		.os_pid = facts->os_pid,
		.uid = facts->uid,
		.gid = facts->gid,
		.unix_signal = facts->code,
		.comm = facts->comm,
	};

	if (!facts->dumped || !exec)
		return;
	n = readlink("/proc/self/cwd", own, sizeof(own) - 1);
	own[MAX_OF(n, (ssize_t)0)] = '\0';
	directory = expand(exec->working_directory, v->path);
	root = exec->setup ? expand(exec->setup->chroot, v->path) : NULL;
	of.limit = core_limit(exec);
	of.chroot = root;
	of.directory = directory ? directory : root ? "/" : own;
	of.exe = exec->argv && exec->argv[0][0] == '/' ? exec->argv[0] : NULL;
	draft->has_core = core_place_find_here(&of, &draft->core) == 0;
}
