/* SPDX-License-Identifier: MIT */

/*
 * Ending what a daemon left that was killed. None of these processes is a child of ours: any of
 * them may end, and its number be somebody else's, at any moment. So each is looked at again after
 * a pidfd holds it, and only the pidfd is used. A process is the dead daemon's where
 *   1. its OS pid and the time of its start are those of an entry;
 *   2. its session or group is that of an entry whose process 1. has found;
 *   3. its environment has our SUP_SOCKET and a SUP_PID.
 * Ourselves and those above us are never among them.
 *
 * Main processes are told to stop as their services say, and waited for; then all that is left is
 * killed, until a look at all processes finds no more.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/map.h"
#include "supd/proc.h"
#include "supd/run_table.h"

#define PATIENCE_MAX SPAN_S(10)
#define KILL_LIMIT SPAN_S(10)
/* A start that took longer than this is no proof of anything. */
#define START_MAX_NS INT64_C(60000000000)
#define TICK_NS INT64_C(10000000)
#define ANCESTORS_MAX 64

struct found {
	pid_t os_pid;
	uint64_t start_ticks;
	const struct run_entry *entry; /* of a main process; NULL: another one */
};

struct hunt {
	const char *socket;
	struct map entries; /* by OS pid; const struct run_entry */
	pid_t above[ANCESTORS_MAX];
	size_t n_above;
	struct buf environment;
	struct found *found; /* owned */
	size_t n_found, capacity;
};

/* ---- whose is it ---- */

/* 1. */
static bool is_main(const struct run_entry *entry, const struct proc_stat *stat)
{
	const struct spawn_stamp *stamp = &entry->stamp;

	return stamp->latest_ns >= stamp->earliest_ns &&
	       stamp->latest_ns - stamp->earliest_ns <= START_MAX_NS && stamp->earliest_ns >= 0 &&
	       stat->start_ticks >= (uint64_t)(stamp->earliest_ns / TICK_NS) &&
	       stat->start_ticks <= (uint64_t)(stamp->latest_ns / TICK_NS);
}

/* 2. */
static bool is_led_by_main(const struct hunt *hunt, pid_t leader)
{
	const struct run_entry *entry =
		leader > 0 ? map_get(&hunt->entries, (uint64_t)leader) : NULL;
	struct proc_stat stat;

	return entry && proc_stat(leader, &stat) == 0 && is_main(entry, &stat);
}

/* 3. */
static bool says_so(struct hunt *hunt, pid_t os_pid)
{
	const char *socket, *text;
	actor_pid pid;

	if (proc_environment(os_pid, &hunt->environment) < 0)
		return false;
	socket = proc_variable(&hunt->environment, "SUP_SOCKET");
	text = proc_variable(&hunt->environment, "SUP_PID");
	return socket && text && strcmp(socket, hunt->socket) == 0 &&
	       actor_pid_parse(text, &pid) == 0;
}

static bool is_above(const struct hunt *hunt, pid_t os_pid)
{
	for (size_t i = 0; i < hunt->n_above; i++) {
		if (hunt->above[i] == os_pid)
			return true;
	}
	return false;
}

/* An entry of its own is noted. */
static bool is_ours(struct hunt *hunt, const struct proc_stat *stat, struct found *found)
{
	const struct run_entry *entry = map_get(&hunt->entries, (uint64_t)found->os_pid);

	if (stat->dead || is_above(hunt, found->os_pid))
		return false;
	found->entry = entry && is_main(entry, stat) ? entry : NULL;
	return found->entry || is_led_by_main(hunt, stat->session) ||
	       is_led_by_main(hunt, stat->group) || says_so(hunt, found->os_pid);
}

static bool look_at(void *owner, pid_t os_pid)
{
	struct hunt *hunt = owner;
	struct found one = {.os_pid = os_pid};
	struct proc_stat stat;
	struct found *found;
	size_t capacity;

	if (proc_stat(os_pid, &stat) < 0 || !is_ours(hunt, &stat, &one))
		return true;
	one.start_ticks = stat.start_ticks;
	if (hunt->n_found == hunt->capacity) {
		capacity = MAX_OF(hunt->capacity * 2, (size_t)64);
		found = reallocarray(hunt->found, capacity, sizeof(*found));
		if (!found)
			return false; /* the next look goes on */
		hunt->found = found;
		hunt->capacity = capacity;
	}
	hunt->found[hunt->n_found++] = one;
	return true;
}

static void look(struct hunt *hunt)
{
	hunt->n_found = 0;
	proc_each(look_at, hunt);
}

/* ---- ending them ---- */

/* A pidfd of the very process that was found, or -1: it is gone. */
static int hold(const struct found *found)
{
	int fd = (int)syscall(SYS_pidfd_open, found->os_pid, 0);
	struct proc_stat stat;

	if (fd >= 0 && proc_stat(found->os_pid, &stat) == 0 && !stat.dead &&
	    stat.start_ticks == found->start_ticks)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void send(const struct found *found, int unix_signal)
{
	int fd = hold(found);

	if (fd < 0)
		return;
	syscall(SYS_pidfd_send_signal, fd, unix_signal, NULL, 0);
	if (unix_signal != SIGKILL)
		syscall(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0);
	close(fd);
}

/* How many of the found are still there at that time. */
static unsigned await(const struct hunt *hunt, bool mains_only, struct mono until)
{
	unsigned left = 0;

	for (size_t i = 0; i < hunt->n_found; i++) {
		struct pollfd end = {.events = POLLIN};
		struct span rest = mono_between(loop_now(), until);

		if (mains_only && !hunt->found[i].entry)
			continue;
		end.fd = hold(&hunt->found[i]);
		if (end.fd < 0)
			continue;
		if (poll(&end, 1, (int)(rest.ns / 1000000)) != 1)
			left++;
		close(end.fd);
	}
	return left;
}

/* As their services say. */
static void stop_mains(struct hunt *hunt)
{
	int64_t patience = 0;

	for (size_t i = 0; i < hunt->n_found; i++) {
		const struct run_entry *entry = hunt->found[i].entry;
		int64_t its;

		if (!entry || entry->patience_ms <= 0)
			continue;
		send(&hunt->found[i], entry->stop_signal);
		its = MIN_OF(SPAN_MS(entry->patience_ms).ns, PATIENCE_MAX.ns);
		patience = MAX_OF(patience, its);
	}
	await(hunt, true, mono_add(loop_now(), (struct span){patience}));
}

/* What was found before the main processes ended may not be known for ours any more after. */
static void kill_all(struct hunt *hunt, struct predecessors *found)
{
	struct mono end = mono_add(loop_now(), KILL_LIMIT);

	while (hunt->n_found > 0 && found->left == 0) {
		for (size_t i = 0; i < hunt->n_found; i++)
			send(&hunt->found[i], SIGKILL);
		found->left = await(hunt, false, end);
		found->ended += (unsigned)hunt->n_found - found->left;
		look(hunt);
	}
}

/* Ourselves and our parents. */
static void find_above(struct hunt *hunt)
{
	pid_t os_pid = getpid();
	struct proc_stat stat;

	while (os_pid > 0 && hunt->n_above < ANCESTORS_MAX) {
		hunt->above[hunt->n_above++] = os_pid;
		os_pid = proc_stat(os_pid, &stat) == 0 ? stat.parent : 0;
	}
}

void predecessors_end(const struct run_entry *entries, size_t n, const char *socket,
		      struct predecessors *found)
{
	struct hunt hunt = {.socket = socket, .environment = BUF_INIT};

	for (size_t i = 0; i < n; i++) {
		union {
			const struct run_entry *entry;
			void *value;
		} entry = {.entry = &entries[i]};

		if (entries[i].stamp.os_pid > 0)
			map_set(&hunt.entries, (uint64_t)entries[i].stamp.os_pid, entry.value);
	}
	find_above(&hunt);
	look(&hunt);
	stop_mains(&hunt);
	kill_all(&hunt, found);
	buf_fini(&hunt.environment);
	map_fini(&hunt.entries);
	free(hunt.found);
}
