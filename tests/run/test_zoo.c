/* SPDX-License-Identifier: MIT */

/*
 * Services that are unkind (tests/programs/zoo.c). Whatever they do, a stop, a crash, a restart and
 * the end of supd leave nothing of them; with cgroups, and without. Their processes are known by
 * their working directory, which none of them leaves.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(zoo);

#define DEN_MAX 256

enum {
	/* Neither session nor environment tell whose its processes are: without a cgroup they
	   end with supd. */
	UNKNOWN = 1,
	/* The kernel shows its end to nobody else before its tracer has ended. */
	UNSEEN = 2,
	NEEDS_ROOT = 4,
	/* It ends at once, and is not started again. */
	SHORT_LIVED = 8,
};

struct den {
	pid_t os_pids[DEN_MAX];
	size_t n;
};

static bool is_in(const char *place, const char *os_pid)
{
	char path[64], cwd[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.16s/cwd", os_pid);
	n = readlink(path, cwd, sizeof(cwd) - 1);
	cwd[n < 0 ? 0 : n] = '\0';
	return strcmp(cwd, place) == 0;
}

/* All processes that are in the den now; zombies are nowhere. */
static struct den look_into(struct node *n)
{
	const char *place = keep(realpath(node_path(n, "den"), NULL));
	DIR *dir = opendir("/proc");
	struct den den = {.n = 0};
	struct dirent *entry;

	while ((entry = readdir(dir)) && den.n < DEN_MAX) {
		if (isdigit((unsigned char)entry->d_name[0]) && is_in(place, entry->d_name))
			den.os_pids[den.n++] = (pid_t)atoi(entry->d_name);
	}
	closedir(dir);
	return den;
}

static void check_empty(struct node *n, const char *after)
{
	struct den den = look_into(n);

	cr_assert_eq(den.n, 0, "%zu are left after %s, OS pid %d: %s\n%s", den.n, after,
		     (int)den.os_pids[0], proc_words(den.os_pids[0]), node_log(n));
}

static void wait_gone(const struct den *den)
{
	for (size_t i = 0; i < den->n; i++)
		proc_wait_gone(den->os_pids[i]);
}

/* Whatever decided outside of the core would show: played again, its effects are others. */
static void end_recorded(struct node *n)
{
	const char *recording = node_path(n, "recording");
	struct output replay;

	node_end(n);
	replay = shell("%s %s", build_path("tests/replay"), recording);
	cr_assert_eq(replay.status, 0, "the replay is another: %s%s", replay.out, replay.err);
	cr_assert_gt(strlen(node_read(n, "recording")), 1000);
}

static void record(struct node *n)
{
	n->extra_args = keep_printf("--record %s", node_path(n, "recording"));
}

static struct node *open_den(const char *kind, const char *cgroup, int flags)
{
	struct node *n = node_new();

	if (flags & NEEDS_ROOT)
		need_root();
	cr_assert_eq(mkdir(node_path(n, "den"), 0755), 0);
	node_config(n, keep_printf("cgroup = %s\n[supervisor /]\nintensity = 100\n"
				   "[service a]\ncommand = %s %s\nworking_directory = @folder/den\n"
				   "ready = notify\nshutdown = 200ms\nstdout = null\n"
				   "restart = %s\n",
				   cgroup, build_path("tests/zoo"), kind,
				   flags & SHORT_LIVED ? "temporary" : "permanent"));
	record(n);
	node_start(n);
	return n;
}

static void crash(struct node *n, int flags)
{
	struct watch *w = watch_open(n);
	struct den den = look_into(n);

	kill(os_pid_of(n, "a"), SIGKILL);
	watch_until(w, "ready a");
	watch_close(w);
	if (!(flags & UNKNOWN))
		wait_gone(&den);
}

static void visit(struct node *n, int flags)
{
	sync_tree(n);
	cr_assert_gt(look_into(n).n, 0);
	if (!(flags & UNSEEN))
		crash(n, flags);
	ctl(n, "restart a");
	ctl(n, "stop a");
	if (!(flags & UNKNOWN))
		check_empty(n, "a stop");
	ctl(n, "start a");
}

static void keep_one(const char *kind, bool cgroup, int flags)
{
	struct node *n = open_den(kind, cgroup ? "auto" : "no", flags);
	const char *containment = json_get(ctl(n, "status --json a"), "containment");

	if (cgroup && strcmp(containment, "cgroup") != 0) {
		node_end(n);
		cr_skip_test("there is no cgroup v2 that the test may write to");
	}
	if (cgroup)
		flags &= ~UNKNOWN;
	if (flags & SHORT_LIVED) {
		struct den den = look_into(n);

		sync_tree(n);
		wait_gone(&den);
		ctl(n, "start a");
	} else {
		visit(n, flags);
	}
	end_recorded(n);
	check_empty(n, "the end of supd");
}

#define ZOO(kind, flags)                       \
	Test(zoo, kind##_with_a_cgroup)        \
	{                                      \
		keep_one(#kind, true, flags);  \
	}                                      \
	Test(zoo, kind##_without)              \
	{                                      \
		keep_one(#kind, false, flags); \
	}

ZOO(quiet, 0)
ZOO(forks_a_lot, 0)
ZOO(runs_away, 0)
ZOO(double_forks, 0)
ZOO(ignores, 0)
ZOO(changes_group_and_session, 0)
ZOO(stops_itself, 0)
ZOO(closes_its_fds, 0)
ZOO(floods_its_output, 0)
ZOO(dies_while_it_is_stopped, 0)
ZOO(leaves_holders_of_its_output, 0)
ZOO(exits_before_its_child_is_ready, SHORT_LIVED)
ZOO(clears_its_environment, UNKNOWN)
ZOO(renames_itself, UNKNOWN)
ZOO(traces, 0)
ZOO(is_traced, UNSEEN)
ZOO(is_traced_from_afar, UNSEEN)
ZOO(has_a_pid_namespace, NEEDS_ROOT)

/* ---- the whole zoo ---- */

static const char *const kinds[] = {"quiet",
				    "forks_a_lot",
				    "runs_away",
				    "double_forks",
				    "ignores",
				    "changes_group_and_session",
				    "stops_itself",
				    "closes_its_fds",
				    "floods_its_output",
				    "dies_while_it_is_stopped",
				    "leaves_holders_of_its_output",
				    "exits_before_its_child_is_ready"};

static const char *cage(const char *kind)
{
	return keep_printf("[service zoo/%s]\ncommand = %s %s\nworking_directory = @folder/den\n"
			   "ready = notify\nshutdown = 200ms\nstdout = null\nrestart = %s\n",
			   kind, build_path("tests/zoo"), kind,
			   strncmp(kind, "exits", 5) == 0 ? "temporary" : "permanent");
}

/* All of them at once, in one tree, one dying after the other. */
Test(zoo, a_run_of_all_is_recorded_and_replays)
{
	struct node *n = node_new();
	const char *config = "[supervisor /]\nintensity = 100\n[supervisor zoo]\n"
			     "strategy = rest_for_one\nintensity = 100\nstart = parallel\n";

	cr_assert_eq(mkdir(node_path(n, "den"), 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		config = keep_printf("%s%s", config, cage(kinds[i]));
	node_config(n, config);
	record(n);
	node_start(n);
	sync_tree(n);
	for (size_t i = 1; i < ARRAY_LEN(kinds); i += 3) {
		const char *path = keep_printf("zoo/%s", kinds[i]);

		ctl(n, "kill -KILL %s", path);
		ctl(n, "wait %s --for ready", path);
		sync_tree(n);
	}
	ctl(n, "restart zoo");
	ctl(n, "stop zoo/ignores");
	end_recorded(n);
	check_empty(n, "the end of supd");
}
