/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supd/remover.h"
#include "tests/supd/folder.h"

struct place {
	struct loop *loop;
	struct remover *remover;
	char path[64];
	int fd;
};

static void place_init(struct place *p)
{
	strcpy(p->path, "/tmp/supd-remover-XXXXXX");
	cr_assert_not_null(mkdtemp(p->path));
	p->fd = open(p->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(loop_new(&p->loop), 0);
	p->remover = remover_new(p->loop);
	cr_assert_not_null(p->remover);
}

/* True where nothing is left in it. */
static bool place_fini(struct place *p)
{
	bool empty;

	remover_free(p->remover);
	loop_free(p->loop);
	close(p->fd);
	empty = rmdir(p->path) == 0;
	return empty;
}

static int run(const char *command, const char *path)
{
	char text[512];

	snprintf(text, sizeof(text), "cd %s && %s", path, command);
	return system(text);
}

Test(remover, what_is_not_there_or_no_directory_or_not_that_users)
{
	struct place p;

	place_init(&p);
	cr_assert_eq(run("mkdir other && : >file && ln -s other link", p.path), 0);
	cr_expect_eq(remover_add(p.remover, p.fd, "none", geteuid(), "x"), -ENOENT);
	cr_expect_eq(remover_add(p.remover, p.fd, "file", geteuid(), "x"), -ENOTDIR);
	cr_expect_lt(remover_add(p.remover, p.fd, "link", geteuid(), "x"), 0);
	cr_expect_eq(remover_add(p.remover, p.fd, "other", geteuid() + 1, "x"), -EPERM);
	cr_assert_eq(run("test -d other && rm -r other file link", p.path), 0);
	cr_expect(place_fini(&p));
}

/* For a loop that is to run until nothing is left. */
static void stop_when_done(void *owner)
{
	struct place *p = owner;
	static struct loop_timer again;

	if (run("test -z \"$(ls -A)\"", p->path) == 0) {
		loop_stop(p->loop);
		return;
	}
	again.call = stop_when_done;
	again.owner = p;
	loop_timer_start(p->loop, &again, mono_add(loop_now(), SPAN_MS(20)));
}

/* Deeper than paths or fds reach, and with names like those that are given while moving. */
Test(remover, deep)
{
	struct place p;
	int fd;

	place_init(&p);
	cr_assert_eq(mkdirat(p.fd, "top", 0755), 0);
	fd = openat(p.fd, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(mkdirat(fd, "0", 0755), 0);
	cr_assert_eq(mkdirat(fd, "0/full", 0755), 0);
	for (int i = 0; i < 3000; i++) {
		int below;

		cr_assert_eq(mkdirat(fd, "a directory with a name", 0755), 0);
		below = openat(fd, "a directory with a name", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(openat(below, "1", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
		close(fd);
		fd = below;
	}
	close(fd);
	cr_assert_eq(remover_add(p.remover, p.fd, "top", geteuid(), "top"), 0);
	cr_expect_neq(faccessat(p.fd, "top", F_OK, 0), 0, "its name is free at once");
	cr_assert_eq(mkdirat(p.fd, "top", 0755), 0);
	cr_assert_eq(unlinkat(p.fd, "top", AT_REMOVEDIR), 0);
	stop_when_done(&p);
	loop_run(p.loop);
	cr_expect(place_fini(&p));
}

/* Several, in turns of the loop. */
Test(remover, many_in_slices)
{
	struct place p;

	place_init(&p);
	cr_assert_eq(
		run("for d in a b; do mkdir -p $d/x/y && (cd $d/x && touch $(seq 1500) && cd y "
		    "&& mkdir $(seq 1500)); done",
		    p.path),
		0);
	cr_assert_eq(remover_add(p.remover, p.fd, "a", geteuid(), "a"), 0);
	cr_assert_eq(remover_add(p.remover, p.fd, "b", geteuid(), "b"), 0);
	stop_when_done(&p);
	loop_run(p.loop);
	cr_expect(place_fini(&p));
}

/* What is mounted in it is nobody's to remove, on whatever file system. */
Test(remover, mounts_stay)
{
	struct place p;
	pid_t child;
	int status;

	if (geteuid() != 0)
		cr_skip_test("only root can mount");
	place_init(&p);
	cr_assert_eq(run("mkdir -p keep t/m/n t/b && : >keep/file && : >t/m/x", p.path), 0);
	child = fork();
	if (child == 0) {
		char from[128], to[128];

		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
			_exit(77);
		snprintf(from, sizeof(from), "%s/keep", p.path);
		snprintf(to, sizeof(to), "%s/t/b", p.path);
		if (mount(from, to, NULL, MS_BIND, NULL) < 0)
			_exit(77);
		snprintf(to, sizeof(to), "%s/t/m/n", p.path);
		if (mount("none", to, "tmpfs", 0, NULL) < 0 || run("touch t/m/n/file", p.path) != 0)
			_exit(77);
		/* A new mount has made our fd one of the old place. */
		p.fd = open(p.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (remover_add(p.remover, p.fd, "t", geteuid(), "t") < 0)
			_exit(1);
		remover_free(p.remover);
		if (run("test -e keep/file && test ! -e .supd*/m/x && test -d .supd*/b", p.path))
			_exit(2);
		_exit(run("find . -name file | grep -q supd-removed", p.path) ? 3 : 0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	run("rm -rf keep t .supd-removed*", p.path);
	cr_expect(place_fini(&p));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip_test("mounting is not possible here");
	cr_expect_eq(status, 0, "%d", status >> 8);
}
