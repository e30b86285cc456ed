/* SPDX-License-Identifier: MIT */

/*
 * Limits, written into folders that stand in for cgroups: plain files have the names of the
 * kernel's and keep what was written last.
 */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/cgroup_control.h"

/* OWN, our folder in it, a service's in that. */
struct stand_in {
	char path[128];
	int own, ours, service;
	struct cgroup_control control;
};

static void put(int at, const char *name, const char *text)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	cr_assert_geq(fd, 0, "%s: %s", name, strerror(errno));
	cr_assert_geq(dprintf(fd, "%s", text), 0);
	close(fd);
}

static const char *get(int at, const char *name, char out[256])
{
	int fd = openat(at, name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, out, 255);

	if (fd >= 0)
		close(fd);
	out[n < 0 ? 0 : n] = '\0';
	return n < 0 ? "(none)" : out;
}

static int make(int at, const char *name)
{
	int fd;

	cr_assert_eq(mkdirat(at, name, 0700), 0);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	return fd;
}

static void stand_in_init(struct stand_in *s, const char *offered, const char *handed_on)
{
	static const char *const files[] = {"memory.max", "memory.high", "cpu.max", "pids.max",
					    "io.weight"};
	char self[32];

	snprintf(s->path, sizeof(s->path), "/tmp/supd-test-XXXXXX");
	cr_assert_not_null(mkdtemp(s->path));
	s->own = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->ours = make(s->own, "supd-1-x");
	s->service = make(s->ours, "a.service");
	snprintf(self, sizeof(self), "%d\n", (int)getpid());
	put(s->own, "cgroup.controllers", offered);
	put(s->own, "cgroup.subtree_control", handed_on);
	put(s->own, "cgroup.procs", self);
	put(s->own, "cgroup.events", "populated 1\n");
	put(s->ours, "cgroup.subtree_control", "");
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		put(s->service, files[i], "max\n");
	s->control = (struct cgroup_control){.own_fd = s->own, .fd = s->ours, .name = "supd-1-x"};
}

static void stand_in_fini(struct stand_in *s)
{
	char command[160];

	close(s->own), close(s->ours), close(s->service);
	snprintf(command, sizeof(command), "rm -r %s", s->path);
	cr_assert_eq(system(command), 0);
}

static const struct exec_resources all = {
	.memory_max = 10 << 20,
	.memory_high = 9 << 20,
	.cpu_max = 1500,
	.tasks_max = 20,
	.io_weight = 50,
};
static const struct exec_resources none = {
	.memory_max = UINT64_MAX, .memory_high = UINT64_MAX, .tasks_max = UINT32_MAX};

#define EVERY "cpuset cpu io memory hugetlb pids\n"

/* Handed on already: nothing of OWN is touched. */
Test(cgroup_control, values)
{
	int errors[RESOURCE_N];
	struct stand_in s;
	char text[256];

	stand_in_init(&s, EVERY, "cpu io memory pids\n");
	cr_expect_eq(cgroup_control_apply(&s.control, s.service, &all, errors), 0);
	cr_expect_str_eq(get(s.service, "memory.max", text), "10485760");
	cr_expect_str_eq(get(s.service, "memory.high", text), "9437184");
	cr_expect_str_eq(get(s.service, "cpu.max", text), "150000 100000");
	cr_expect_str_eq(get(s.service, "pids.max", text), "20");
	cr_expect_str_eq(get(s.service, "io.weight", text), "default 50");
	cr_expect_str_eq(get(s.own, "cgroup.subtree_control", text), "cpu io memory pids\n");
	cr_expect_not(s.control.moved);
	stand_in_fini(&s);
}

Test(cgroup_control, what_is_not_asked_for_is_not_written)
{
	int errors[RESOURCE_N];
	struct stand_in s;
	char text[256];

	stand_in_init(&s, EVERY, "");
	cr_expect_eq(cgroup_control_apply(&s.control, s.service, &none, errors), 0);
	for (int i = 0; i < RESOURCE_N; i++) {
		cr_expect_not(resource_is_asked(&none, (enum resource)i));
		cr_expect(resource_is_asked(&all, (enum resource)i));
	}
	cr_expect_str_eq(get(s.service, "memory.max", text), "max\n");
	cr_expect_str_eq(get(s.ours, "cgroup.subtree_control", text), "");
	stand_in_fini(&s);
}

static int daemon_folder(const struct stand_in *s, const char *name)
{
	return openat(s->own, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* OWN is ours alone: we make room, and go back at the end. */
Test(cgroup_control, moves_away_where_it_must)
{
	struct exec_resources memory = none;
	int errors[RESOURCE_N];
	struct stand_in s;
	char text[256];
	int fd;

	stand_in_init(&s, EVERY, "");
	/* A stand-in's new folder has no files of its own. */
	fd = make(s.own, "made");
	put(fd, "cgroup.procs", "");
	close(fd);
	memory.memory_max = 4096;
	cr_expect_eq(cgroup_control_apply(&s.control, s.service, &memory, errors), 1);
	cr_expect_eq(errors[RESOURCE_MEMORY_MAX], -ENOENT);
	cr_expect_lt(daemon_folder(&s, "supd-1-x.daemon"), 0, "it stays where nobody is in it");
	cr_expect_eq(renameat(s.own, "made", s.own, "supd-1-x.daemon"), 0);
	s.control.tried[CONTROLLER_MEMORY] = false;
	s.control.moved = true;
	cr_expect_eq(cgroup_control_apply(&s.control, s.service, &memory, errors), 0);
	cr_expect_str_eq(get(s.own, "cgroup.subtree_control", text), "+memory");
	cr_expect_str_eq(get(s.ours, "cgroup.subtree_control", text), "+memory");
	cr_expect_str_eq(get(s.service, "memory.max", text), "4096");
	cr_expect_eq(unlinkat(s.own, "supd-1-x.daemon/cgroup.procs", 0), 0);
	cgroup_control_undo(&s.control);
	cr_expect_str_eq(get(s.own, "cgroup.subtree_control", text), "-memory");
	cr_expect_str_eq(get(s.own, "cgroup.procs", text), "0");
	cr_expect_not(s.control.moved);
	cr_expect_lt(daemon_folder(&s, "supd-1-x.daemon"), 0);
	stand_in_fini(&s);
}

Test(cgroup_control, what_is_in_the_way)
{
	static const struct {
		const char *name, *offered, *handed_on, *others;
		bool without_us, root;
		int memory, cpu;
	} rows[] = {
		{"no controllers", "hugetlb\n", "", NULL, false, false, -ENOENT, -ENOENT},
		{"none at all", "", "", NULL, false, false, -ENOENT, -ENOENT},
		{"names that begin alike", "memory2 cpuset\n", "", NULL, false, false, -ENOENT,
		 -ENOENT},
		{"one of two", "memory hugetlb\n", "memory\n", NULL, false, false, 0, -ENOENT},
		{"others are there", EVERY, "", "1\n", false, false, -EBUSY, -EBUSY},
		{"only others", EVERY, "", "1\n", true, false, -EBUSY, -EBUSY},
		{"nobody is", EVERY, "", "", true, false, -EBUSY, -EBUSY},
		{"the root", EVERY, "", NULL, false, true, -EPERM, -EPERM},
		{"the root, handed on", EVERY, "memory cpu\n", "2\n", false, true, 0, 0},
	};
	struct exec_resources asked = none;

	asked.memory_max = 4096;
	asked.cpu_max = 500;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int errors[RESOURCE_N];
		struct stand_in s;
		char text[256];

		stand_in_init(&s, rows[i].offered, rows[i].handed_on);
		if (rows[i].others) {
			snprintf(text, sizeof(text), "%d\n%s", (int)getpid(), rows[i].others);
			put(s.own, "cgroup.procs", rows[i].without_us ? rows[i].others : text);
		}
		if (rows[i].root)
			cr_assert_eq(unlinkat(s.own, "cgroup.events", 0), 0);
		for (int again = 0; again < 2; again++) {
			cgroup_control_apply(&s.control, s.service, &asked, errors);
			cr_expect_eq(errors[RESOURCE_MEMORY_MAX], rows[i].memory, "%s: %d",
				     rows[i].name, errors[RESOURCE_MEMORY_MAX]);
			cr_expect_eq(errors[RESOURCE_CPU_MAX], rows[i].cpu, "%s: %d", rows[i].name,
				     errors[RESOURCE_CPU_MAX]);
			cr_expect_eq(errors[RESOURCE_IO_WEIGHT], 0);
		}
		cr_expect_str_eq(get(s.own, "cgroup.subtree_control", text), rows[i].handed_on,
				 "%s", rows[i].name);
		stand_in_fini(&s);
	}
}

/* The kernel says no to a value, or a file is missing. */
Test(cgroup_control, a_value_that_can_not_be_written)
{
	int errors[RESOURCE_N];
	struct stand_in s;

	stand_in_init(&s, EVERY, "cpu io memory pids\n");
	cr_assert_eq(unlinkat(s.service, "pids.max", 0), 0);
	cr_expect_eq(cgroup_control_apply(&s.control, s.service, &all, errors), 1);
	cr_expect_eq(errors[RESOURCE_TASKS_MAX], -ENOENT);
	cr_expect_eq(errors[RESOURCE_MEMORY_MAX], 0);
	cr_expect_str_eq(resource_names[RESOURCE_TASKS_MAX], "tasks_max");
	stand_in_fini(&s);
}
