/* SPDX-License-Identifier: MIT */

/* What services may use, and what they do. */

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

RUN_SUITE(resources);

static const char *field(struct node *n, const char *name, const char *key)
{
	return json_get(ctl(n, "status --json %s", name), key);
}

/* Without cgroups: nothing is enforced, and that is said once for each key. */
Test(resources, not_enforced)
{
	struct node *n = node_run("cgroup = no\n[service a]\ncommand = @puppet/a\n"
				  "memory_max = 100M\nmemory_high = 90M\ncpu_max = 50%\n"
				  "tasks_max = 100\nio_weight = 10\n"
				  "[service b]\ncommand = @puppet/b\n");
	const char *log;

	cr_expect_str_eq(
		field(n, "a", "not_enforced"),
		"[\"memory_max\",\"memory_high\",\"cpu_max\",\"tasks_max\",\"io_weight\"]");
	cr_expect_str_eq(field(n, "b", "not_enforced"), "null");
	journal_until(n, "a start *");
	order(n, "a", "exit:3");
	journal_until(n, "a start *");
	sync_tree(n);
	log = strstr(node_log(n), "cpu_max is not enforced: it has no cgroup of its own");
	cr_assert_not_null(log, "%s", node_log(n));
	cr_expect_null(strstr(log + 1, "cpu_max is not enforced"), "%s", node_log(n));
	node_end(n);
}

Test(resources, enforced_or_not_started)
{
	struct node *n = node_run("cgroup = no\n[service a]\ncommand = @puppet/a\n"
				  "autostart = no\ntasks_max = 100\nenforce = yes\n");

	cr_expect_str_eq(
		ctl_fails(n, 1, "start a"),
		"supctl: a did not start: cgroup tasks_max: it has no cgroup of its own\n");
	cr_expect_eq(journal_count(n, "a start *"), 0);
	node_end(n);
}

/* Where there is a controller the limit holds; where there is none, status says so. */
Test(resources, with_a_cgroup)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\ntasks_max = 50\n");
	const char *containment = field(n, "a", "containment");
	const char *left = field(n, "a", "not_enforced");

	if (strcmp(containment, "cgroup") != 0)
		cr_expect_str_eq(left, "[\"tasks_max\"]");
	else if (strcmp(left, "[]") == 0)
		cr_expect_eq(shell("grep -qx 50 $(cat %s)/a.service/pids.max",
				   node_path(n, "run/cgroup"))
				     .status,
			     0);
	else
		cr_expect_not_null(strstr(node_log(n), "tasks_max is not enforced: "));
	node_end(n);
}

static int64_t number(struct node *n, const char *name, const char *key)
{
	const char *text = field(n, name, key);

	cr_assert(text && *text >= '0' && *text <= '9', "%s is %s", key, text);
	return strtoll(text, NULL, 10);
}

static void check_usage(const char *use)
{
	struct node *n = node_run(keep_printf("cgroup = %s\n"
					      "[service a]\ncommand = @puppet/a child child\n"
					      "[service b]\ncommand = @puppet/b\n",
					      use));

	journal_until(n, "a child *");
	journal_until(n, "a child *");
	journal_find(n, "b start *");
	cr_expect_eq(number(n, "a", "tasks"), 3);
	cr_expect_eq(number(n, "b", "tasks"), 1);
	cr_expect_gt(number(n, "a", "memory"), number(n, "b", "memory"));
	cr_expect_gt(number(n, "a", "fds"), number(n, "b", "fds"));
	cr_expect_geq(number(n, "b", "cpu_time"), 0);
	cr_expect_str_eq(json_get(ctl(n, "info --json a"), "tasks"), "3");
	cr_expect_eq(
		fnmatch("*\nmemory: *[0-9] ([0-9]*.[0-9][KM])\n*", ctl(n, "status --long a"), 0), 0,
		"for people, too");
	ctl(n, "stop b");
	cr_expect_str_eq(field(n, "b", "tasks"), "null");
	cr_expect_str_eq(field(n, "/", "memory"), "null");
	node_end(n);
}

Test(resources, used_by_all_of_a_cgroup)
{
	check_usage("auto");
}

Test(resources, used_by_all_below_it)
{
	check_usage("no");
}

/* A plain status does not make the daemon look. */
Test(resources, only_where_asked_for)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\n");

	cr_expect_null(strstr(ctl(n, "status a"), "TASKS"));
	cr_expect_not_null(strstr(ctl(n, "status --long a"), "tasks:"));
	node_end(n);
}
