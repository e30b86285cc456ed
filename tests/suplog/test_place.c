/* SPDX-License-Identifier: MIT */

/* What is left of a batch that failed is never followed by the same batch once more. */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suplog/place.h"

struct scene {
	char folder[32];
	struct place_root root;
	struct place place;
	struct fault fault;
};

/* On a file system of the test's own, which knows files that can only grow. */
static void scene_init(struct scene *s)
{
	*s = (struct scene){.folder = "/tmp/place-XXXXXX", .root = {-1, NULL, (gid_t)-1}};
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		cr_skip_test("it needs a mount namespace of its own");
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_not_null(mkdtemp(s->folder));
	cr_assert_eq(mount("small", s->folder, "tmpfs", 0, "size=1m,mode=755"), 0);
	s->root.path = strdup(s->folder);
	cr_assert_eq(place_root_open(&s->root, &s->fault), 0);
	cr_assert_eq(place_init(&s->place, &s->root, "sub/a.log"), 0);
	cr_assert_eq(place_look(&s->place, &s->fault), 0);
	cr_assert_eq(place_write(&s->place, "first\n", 6, &s->fault), 0);
}

static void scene_fini(struct scene *s)
{
	place_fini(&s->place);
	place_root_close(&s->root);
	umount(s->folder);
	rmdir(s->folder);
}

/* A file that only grows is not to be cut. */
static void let_grow_only(const struct scene *s, bool on)
{
	long flags = 0;

	cr_assert_eq(ioctl(s->place.fd, FS_IOC_GETFLAGS, &flags), 0);
	flags = on ? flags | FS_APPEND_FL : flags & ~FS_APPEND_FL;
	cr_assert_eq(ioctl(s->place.fd, FS_IOC_SETFLAGS, &flags), 0);
}

static void let_files_have(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void expect_file(const struct scene *s, const char *ought)
{
	char is[64] = {0};

	cr_assert_geq(pread(s->place.fd, is, sizeof(is) - 1, 0), 0);
	cr_assert_str_eq(is, ought);
}

/* A batch of which a part was written, and which was not to be taken back. */
static void tear(struct scene *s)
{
	let_grow_only(s, true);
	let_files_have(10);
	cr_assert_eq(place_write(&s->place, "second\n", 7, &s->fault), -EFBIG);
	let_files_have(RLIM_INFINITY);
	expect_file(s, "first\nseco");
}

Test(place, a_batch_that_failed_is_cut_off_before_the_next)
{
	struct scene s;

	scene_init(&s);
	tear(&s);
	cr_assert_eq(place_look(&s.place, &s.fault), -EPERM);
	cr_assert_eq(place_look(&s.place, &s.fault), -EPERM);
	let_grow_only(&s, false);
	cr_assert_eq(place_look(&s.place, &s.fault), 0);
	cr_assert_eq(s.place.offset, 6);
	cr_assert_eq(place_write(&s.place, "second\n", 7, &s.fault), 0);
	expect_file(&s, "first\nsecond\n");
	scene_fini(&s);
}

Test(place, a_torn_file_that_is_removed_is_made_anew)
{
	struct scene s;
	char path[64];

	scene_init(&s);
	tear(&s);
	let_grow_only(&s, false);
	snprintf(path, sizeof(path), "%s/sub/a.log", s.folder);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(place_look(&s.place, &s.fault), 0);
	cr_assert_eq(place_write(&s.place, "second\n", 7, &s.fault), 0);
	expect_file(&s, "second\n");
	scene_fini(&s);
}

/* ... and one that somebody else has cut meanwhile goes on at its end. */
Test(place, a_torn_file_that_is_cut_goes_on_at_its_end)
{
	struct scene s;

	scene_init(&s);
	tear(&s);
	let_grow_only(&s, false);
	cr_assert_eq(ftruncate(s.place.fd, 2), 0);
	cr_assert_eq(place_look(&s.place, &s.fault), 0);
	cr_assert_eq(s.place.offset, 2);
	scene_fini(&s);
}

/* An empty file has no age, whoever has emptied it. */
Test(place, a_file_that_was_emptied_is_as_new)
{
	struct scene s;

	scene_init(&s);
	s.place.since = 12345;
	cr_assert_eq(ftruncate(s.place.fd, 0), 0);
	cr_assert_eq(place_look(&s.place, &s.fault), 0);
	cr_expect_eq(s.place.offset, 0);
	cr_expect_eq(s.place.since, 0);
	scene_fini(&s);
}
