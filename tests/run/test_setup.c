/* SPDX-License-Identifier: MIT */

/* Limits, priorities and CPUs of real processes, as they and the kernel see them. */

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(setup);

/* A node with a service a that waits, and has these keys. */
static struct node *run_a(const char *keys)
{
	struct node *n =
		node_run(keep_printf("[service a]\ncommand = @puppet/a say:here\n%s", keys));

	journal_until(n, "a here");
	return n;
}

static void check_limit(struct node *n, int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit limit;

	cr_assert_eq(prlimit(os_pid_of(n, "a"), (__rlimit_resource_t)resource, NULL, &limit), 0);
	cr_assert_eq(limit.rlim_cur, soft, "%llu", (unsigned long long)limit.rlim_cur);
	cr_assert_eq(limit.rlim_max, hard, "%llu", (unsigned long long)limit.rlim_max);
}

/* Hard limits that nobody has to raise: whatever the test runs under, these are below. */
static void have_limits(void *argument)
{
	static const int resources[] = {RLIMIT_CORE,   RLIMIT_CPU,        RLIMIT_DATA,
					RLIMIT_FSIZE,  RLIMIT_LOCKS,      RLIMIT_MSGQUEUE,
					RLIMIT_NOFILE, RLIMIT_NPROC,      RLIMIT_RSS,
					RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK};

	(void)argument;
	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++) {
		__rlimit_resource_t resource = (__rlimit_resource_t)resources[i];
		struct rlimit limit;

		getrlimit(resource, &limit);
		if (resource == RLIMIT_NOFILE)
			limit.rlim_cur = 400;
		setrlimit(resource, &limit);
	}
}

Test(setup, limits)
{
	static const struct {
		const char *key;
		int resource;
		rlim_t soft, hard;
	} rows[] = {
		{"limit_core = 0:64K", RLIMIT_CORE, 0, 65536},
		{"limit_cpu = 90s:1h", RLIMIT_CPU, 90, 3600},
#ifndef __SANITIZE_ADDRESS__ /* which maps more than any limit */
		{"limit_data = 1G:2G", RLIMIT_DATA, 1u << 30, 2u << 30},
#endif
		{"limit_fsize = 1M", RLIMIT_FSIZE, 1 << 20, 1 << 20},
		{"limit_locks = 7", RLIMIT_LOCKS, 7, 7},
		{"limit_memlock = 4K", RLIMIT_MEMLOCK, 4096, 4096},
		{"limit_msgqueue = 5K", RLIMIT_MSGQUEUE, 5120, 5120},
		{"limit_nice = 0", RLIMIT_NICE, 0, 0},
		{"limit_nofile = 100:200", RLIMIT_NOFILE, 100, 200},
		{"limit_nproc = 300:400", RLIMIT_NPROC, 300, 400},
		{"limit_rss = 1G", RLIMIT_RSS, 1 << 30, 1 << 30},
		{"limit_rtprio = 0", RLIMIT_RTPRIO, 0, 0},
		{"limit_rttime = 3ms:4ms", RLIMIT_RTTIME, 3000, 4000},
		{"limit_sigpending = 20:30", RLIMIT_SIGPENDING, 20, 30},
		{"limit_stack = 1M:4M", RLIMIT_STACK, 1 << 20, 4 << 20},
	};
	struct buf keys CLEANUP(buf_fini) = BUF_INIT;
	struct node *n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		buf_printf(&keys, "%s\n", rows[i].key);
	n = run_a(buf_text(&keys));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_limit(n, rows[i].resource, rows[i].soft, rows[i].hard);
	ctl(n, "kill -KILL a");
	journal_until(n, "a here");
	check_limit(n, RLIMIT_NOFILE, 100, 200);
	node_end(n);
}

/* The daemon raises its own soft limit; a service has that which the daemon was started with,
 * unless it has one itself; and others have that still. */
Test(setup, limit_on_files_goes_before_the_daemons)
{
	struct node *n = node_new();
	struct rlimit ours;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &ours), 0);
	node_config(n, "[service b]\ncommand = @puppet/b say:here\nlimit_nofile = 77:88\n"
		       "[service a]\ncommand = @puppet/a say:here\n");
	n->who.prepare = have_limits;
	node_start(n);
	journal_until(n, "a here");
	check_limit(n, RLIMIT_NOFILE, 400, ours.rlim_max);
	journal_find(n, "b here");
	node_end(n);
}

/* As no user may do, be it root without the capability. */
Test(setup, hard_limit_above_the_daemons)
{
	struct node *n;
	char *why;

	need_root();
	n = node_new();
	node_become(n, "nobody");
	node_config(
		n,
		"[service a]\ncommand = @puppet/a\nlimit_sigpending = 5:infinity\nenforce = yes\n"
		"autostart = no\n");
	node_start(n);
	cr_assert_not_null(strstr(node_log(n), "a: limit_sigpending \"infinity\": only a supd with "
					       "CAP_SYS_RESOURCE can raise this hard limit"),
			   "%s", node_log(n));
	why = ctl_fails(n, 1, "start a");
	cr_assert_str_eq(why,
			 "supctl: a did not start: limit sigpending 5:infinity (its hard limit "
			 "is above the daemon's, which takes CAP_SYS_RESOURCE): Operation not "
			 "permitted\n");
	node_end(n);
}

Test(setup, limit_beyond_what_the_kernel_allows)
{
	struct node *n = node_run(
		"[service a]\ncommand = @puppet/a\nlimit_nofile = infinity\nenforce = yes\n"
		"autostart = no\n");

	cr_assert_str_eq(ctl_fails(n, 1, "start a"),
			 "supctl: a did not start: limit nofile infinity (its hard limit is above "
			 "the daemon's or fs.nr_open, which takes CAP_SYS_RESOURCE): Operation not "
			 "permitted\n");
	node_end(n);
}

/* A limit on processes does not keep the service itself from starting, nor count as the daemon's
 * shortage. */
Test(setup, no_process_beside_its_own)
{
	struct node *n;

	need_root();
	n = node_new();
	cr_assert_eq(chmod(n->folder, 0777), 0);
	node_config(n, "[service a]\ncommand = sh -c '(:) && echo forked'\n"
		       "user = nobody\nlimit_nproc = 0\nready = exit\nrestart = temporary\n"
		       "stdout = file:@folder/out\nautostart = no\n");
	node_start(n);
	cr_assert_not_null(strstr(ctl_fails(n, 1, "start a"), "did not start: exit:"));
	cr_assert_null(strstr(node_read(n, "out"), "forked"), "%s", node_read(n, "out"));
	node_end(n);
}

Test(setup, priorities)
{
	struct node *n = run_a("nice = 7\nio_class = best-effort:6\noom_score_adj = 321\n"
			       "cpu_affinity = 0\n");
	pid_t os_pid = os_pid_of(n, "a");
	cpu_set_t cpus;

	cr_assert_eq(getpriority(PRIO_PROCESS, (id_t)os_pid), 7);
	cr_assert_eq(syscall(SYS_ioprio_get, 1, os_pid), 2 << 13 | 6);
	cr_assert_str_eq(shell("cat /proc/%d/oom_score_adj", (int)os_pid).out, "321\n");
	cr_assert_eq(sched_getaffinity(os_pid, sizeof(cpus), &cpus), 0);
	cr_assert_eq(CPU_COUNT(&cpus), 1);
	cr_assert(CPU_ISSET(0, &cpus));
	/* The daemon's own are as they were. */
	cr_assert_eq(getpriority(PRIO_PROCESS, (id_t)n->supd.os_pid), getpriority(PRIO_PROCESS, 0));
	cr_assert_str_eq(shell("cat /proc/%d/oom_score_adj", (int)n->supd.os_pid).out,
			 shell("cat /proc/self/oom_score_adj").out);
	node_end(n);
}

Test(setup, io_class_idle_and_cpus_that_are_not_there)
{
	struct node *n = run_a("io_class = idle\ncpu_affinity = 0,1000-1023\n");

	cr_assert_eq(syscall(SYS_ioprio_get, 1, os_pid_of(n, "a")), 3 << 13);
	node_end(n);
	n = node_run("[service a]\ncommand = @puppet/a\ncpu_affinity = 1000-1023\n"
		     "autostart = no\n");
	cr_assert_str_eq(ctl_fails(n, 1, "start a"),
			 "supctl: a did not start: cpu_affinity 1000-1023 (it may run on none of "
			 "these): Invalid argument\n");
	node_end(n);
}

static void lower_stack(void *argument)
{
	const struct rlimit limit = {8 << 20, 8 << 20};

	(void)argument;
	if (setrlimit(RLIMIT_STACK, &limit) < 0)
		_exit(97);
}

/* It runs without what it may not have, unless that is to be enforced. */
Test(setup, ordinary_user_may_not)
{
	static const struct {
		const char *key, *name, *why;
	} rows[] = {
		{"nice = -5", "nice", "nice -5 (that takes CAP_SYS_NICE): Permission denied"},
		{"io_class = realtime:1", "io_class",
		 "io_class realtime:1 (that takes CAP_SYS_ADMIN or CAP_SYS_NICE): Operation not "
		 "permitted"},
		{"oom_score_adj = -1000", "oom_score_adj",
		 "oom_score_adj -1000 (that takes CAP_SYS_RESOURCE): Permission denied"},
	};

	need_root();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct node *n = node_new();

		node_become(n, "nobody");
		node_config(n, keep_printf("[service a]\ncommand = @puppet/a\n%s\nenforce = yes\n"
					   "autostart = no\n"
					   "[service b]\ncommand = @puppet/b\n%s\n",
					   rows[i].key, rows[i].key));
		node_start(n);
		cr_assert_str_eq(ctl_fails(n, 1, "start a"),
				 keep_printf("supctl: a did not start: %s\n", rows[i].why));
		cr_expect_str_eq(state_of(n, "b"), "running");
		cr_expect_str_eq(json_get(ctl(n, "--json status b"), "not_enforced"),
				 keep_printf("[\"%s\"]", rows[i].name));
		cr_expect_not_null(
			strstr(node_log(n), keep_printf("%s is not enforced", rows[i].name)));
		node_end(n);
	}
}

/* A hard limit that can not be raised stays, and bounds the soft one. */
Test(setup, a_hard_limit_that_is_too_low)
{
	struct node *n = node_new();
	const char *row;

	need_root();
	node_become(n, "nobody");
	n->who.prepare = lower_stack;
	node_config(n, "[service a]\ncommand = @puppet/a\nlimit_stack = 2M:64M\n"
		       "[service b]\ncommand = @puppet/b\nlimit_stack = 64M\n");
	node_start(n);
	row = ctl(n, "--json status a");
	cr_expect_str_eq(json_get(row, "not_enforced"), "[\"limit_stack\"]");
	cr_expect_not_null(strstr(shell("cat /proc/%d/limits", (int)os_pid_of(n, "a")).out,
				  "2097152              8388608"));
	cr_expect_not_null(strstr(shell("cat /proc/%d/limits", (int)os_pid_of(n, "b")).out,
				  "8388608              8388608"));
	node_end(n);
}

/* What keeps a service in bounds keeps what it has started there too. */
Test(setup, spawned_processes_inherit)
{
	struct node *n = node_new();

	node_write(n, "a.sh",
		   "supctl() { \"$SUPCTL\" \"$@\"; }\n"
		   "supctl spawn --monitor -- sh -c "
		   "'cat /proc/self/limits; cat /proc/self/oom_score_adj; sleep 0'\n"
		   "supctl recv --match kind=down --timeout 60s >/dev/null\n");
	node_config(n, keep_printf("[service a]\ncommand = sh -eu @folder/a.sh\nready = exit\n"
				   "environment = SUPCTL=%s\nstdout = file:@folder/out\n"
				   "limit_nofile = 55:66\noom_score_adj = 456\nautostart = no\n"
				   "pass_environment = PATH ASAN_OPTIONS UBSAN_OPTIONS\n",
				   build_path("supctl")));
	node_start(n);
	ctl(n, "start a");
	cr_assert_not_null(strstr(node_read(n, "out"), "\n456\n"), "%s", node_read(n, "out"));
	cr_assert_not_null(strstr(shell("tr -s ' ' <%s", node_path(n, "out")).out,
				  "Max open files 55 66 files"),
			   "%s", node_read(n, "out"));
	node_end(n);
}

Test(setup, shown_in_the_spec)
{
	struct node *n = run_a("nice = 3\nlimit_nofile = 100:200\nlimit_rttime = 2ms:infinity\n"
			       "io_class = idle\ncpu_affinity = 0,2-3\noom_score_adj = 10\n");
	char *row = ctl(n, "child spec --json / a");

	cr_assert_not_null(strstr(row, "\"limits\":[\"nofile=100:200\",\"rttime=2ms:infinity\"]"),
			   "%s", row);
	cr_assert_str_eq(json_get(row, "nice"), "3");
	cr_assert_str_eq(json_get(row, "io_class"), "idle");
	cr_assert_str_eq(json_get(row, "cpu_affinity"), "0,2-3");
	cr_assert_str_eq(json_get(row, "oom_score_adj"), "10");
	node_end(n);
}
