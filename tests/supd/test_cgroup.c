/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/cgroup_folder.h"
#include "supd/cgroups.h"
#include "supd/loop.h"
#include "supd/spawn.h"

/* ---- where it is ---- */

#define HYBRID                                                                          \
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw\n"                    \
	"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:1 - cgroup cgroup rw,cpu\n" \
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
#define UNIFIED "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
/* A container's, without a cgroup namespace. */
#define PART "30 23 0:26 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup ro\n"

Test(cgroup, found_where_it_is_mounted)
{
	static const struct {
		const char *name, *cgroup, *mountinfo, *path; /* NULL: there is none */
	} rows[] = {
		{"unified", "0::/user.slice/a.scope\n", UNIFIED,
		 "/sys/fs/cgroup/user.slice/a.scope"},
		{"the root", "0::/\n", UNIFIED, "/sys/fs/cgroup"},
		{"hybrid", "9:name=systemd:/x\n1:cpu:/y\n0::/z", HYBRID,
		 "/sys/fs/cgroup/unified/z"},
		{"version 1 alone", "1:cpu:/y\n", HYBRID, NULL},
		{"not mounted", "0::/z\n", "", NULL},
		{"part, in it", "0::/docker/1/x\n", PART, "/sys/fs/cgroup/x"},
		{"part, its root", "0::/docker/1\n", PART, "/sys/fs/cgroup"},
		{"part, elsewhere", "0::/docker/12\n", PART, NULL},
		{"the second place", "0::/docker/12\n", PART UNIFIED, "/sys/fs/cgroup/docker/12"},
		{"outside of the namespace", "0::/../x\n", UNIFIED, NULL},
		{"removed", "0::/x (deleted)\n", UNIFIED, NULL},
		{"an awkward place", "0::/a b\n", "1 2 0:3 / /c\\040d rw - cgroup2 x rw\n",
		 "/c d/a b"},
		{"nothing", "", "", NULL},
		{"garbage", "0::\n0:x\n\n", "- cgroup2 \n1 2 - cgroup2 x\n - \n", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf path = BUF_INIT;
		int r = cgroup_find(rows[i].cgroup, rows[i].mountinfo, &path);

		cr_expect_eq(r, rows[i].path ? 0 : -ENOENT, "%s: %d", rows[i].name, r);
		if (rows[i].path)
			cr_expect_str_eq(buf_text(&path), rows[i].path, "%s", rows[i].name);
		buf_fini(&path);
	}
}

Test(cgroup, names)
{
	char name[256], other[256], path[600];

	cr_expect_str_eq(cgroups_name("web/api", 7, false, name), "web!api.service");
	cr_expect_str_eq(cgroups_name("memory.max", 7, false, name), "memory.max.service");
	cr_expect_str_eq(cgroups_name("<0.1.7>", 7, false, name), "<0.1.7>.service");
	cr_expect_str_eq(cgroups_name("a b\n", 7, false, name), "a%20b%0a.service");
	cr_expect_str_eq(cgroups_name("web/api", 7, true, name), "web!api=7.service");
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	cgroups_name(path, 1, false, name);
	cgroups_name(path, 4000000000U, false, other);
	cr_expect_str_neq(name, other);
	cr_expect_leq(strlen(other), CGROUP_NAME_MAX);
	memset(path, ' ', sizeof(path) - 1);
	cr_expect_leq(strlen(cgroups_name(path, 4000000000U, false, name)), CGROUP_NAME_MAX);
}

/* ---- a real one ---- */

static char folder[4096];

/* Makes it below our own; skips the test where that can not be. */
static int make_folder(void)
{
	struct buf own = BUF_INIT;
	int fd;

	if (cgroup_find_own(&own) < 0)
		cr_skip_test("there is no cgroup v2");
	snprintf(folder, sizeof(folder), "%s/test-%d", buf_text(&own), (int)getpid());
	buf_fini(&own);
	if (mkdir(folder, 0755) < 0)
		cr_skip_test("no cgroup can be made below the test's own");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	cr_assert(cgroup_is_folder(fd));
	return fd;
}

static pid_t start_in(struct spawner *spawner, int fd, char *script)
{
	static char path[] = "/bin/sh", name[] = "sh", option[] = "-c";
	char *programs[] = {path, NULL}, *none[] = {NULL};
	char *argv[] = {name, option, script, NULL};
	const struct spawn_request request = {.programs = programs,
					      .argv = argv,
					      .envp = none,
					      .umask = -1,
					      .stdin_fd = -1,
					      .cgroup_fd = fd};
	struct spawn_failure failure;
	pid_t os_pid;
	int r = spawn(spawner, &request, &os_pid, &failure);

	cr_assert_eq(r, 0, "step %s: %s", start_step_name(failure.step), strerror(-r));
	return os_pid;
}

static bool find_one(void *owner, pid_t os_pid)
{
	pid_t *wanted = owner;

	if (os_pid == *wanted)
		*wanted = 0;
	return *wanted != 0;
}

/* Both ways into it: born there, and moved. */
Test(cgroup, spawned_into_it_and_killed)
{
	static char script[] = "exec sleep 1000";
	int at = make_folder();
	struct spawner spawner;

	cr_assert_eq(spawner_init(&spawner), 0);
	for (int moves = 0; moves < 2; moves++) {
		pid_t os_pid, seen;
		int fd, status;

		cr_assert_eq(mkdirat(at, "x", 0755), 0);
		cr_assert_eq(mkdirat(at, "x/below", 0755), 0);
		fd = openat(at, "x/below", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (moves)
			spawner.moves = true;
		else
			spawner_try(&spawner, fd);
		seen = os_pid = start_in(&spawner, fd, script);
		cr_expect_eq(cgroup_is_populated(at, "x"), 1);
		cr_expect_eq(cgroup_each(at, "x", find_one, &seen), 0);
		cr_expect_eq(seen, 0, "it is not there");
		cr_expect_eq(cgroup_remove(at, "x"), -EBUSY);
		cr_expect_not(cgroup_await_empty(at, "x", loop_now()));
		cr_expect_eq(cgroup_kill(at, "x"), 0);
		cr_expect_eq(waitpid(os_pid, &status, 0), os_pid);
		cr_expect_eq(status, SIGKILL);
		cr_expect(cgroup_await_empty(at, "x", mono_add(loop_now(), SPAN_S(60))));
		cr_expect_eq(cgroup_is_populated(at, "x"), 0);
		cr_expect_eq(cgroup_remove(at, "x"), 0);
		cr_expect_eq(cgroup_remove(at, "x"), 0, "what is not there is removed");
		cr_expect_eq(cgroup_is_populated(at, "x"), 0);
		cr_expect_eq(cgroup_kill(at, "x"), 0);
		close(fd);
	}
	spawner_fini(&spawner);
	close(at);
	cr_expect_eq(rmdir(folder), 0);
}

/* Into one that is none: the step says so, and nothing runs. */
Test(cgroup, what_is_no_cgroup_is_refused)
{
	static char path[] = "/bin/true";
	char *programs[] = {path, NULL}, *argv[] = {path, NULL}, *none[] = {NULL};
	struct spawn_request request = {
		.programs = programs, .argv = argv, .envp = none, .umask = -1, .stdin_fd = -1};
	struct spawner spawner;
	struct spawn_failure failure;
	pid_t os_pid;

	cr_assert_eq(spawner_init(&spawner), 0);
	request.cgroup_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int moves = 0; moves < 2; moves++) {
		spawner.moves = moves;
		cr_expect_lt(spawn(&spawner, &request, &os_pid, &failure), 0);
		cr_expect_eq(failure.step, STEP_CGROUP);
	}
	cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1);
	close(request.cgroup_fd);
	spawner_fini(&spawner);
}
