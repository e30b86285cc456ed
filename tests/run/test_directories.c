/* SPDX-License-Identifier: MIT */

/*
 * Directories that are made for services. An ordinary user's daemon makes them in the node's
 * folder; what only root can do is done below /run, under names that nobody else has.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(directories);

/* A node of an ordinary user, with a folder that is its XDG directories. */
static struct node *ordinary_node(const char *config)
{
	struct node *n = node_new();

	if (geteuid() == 0)
		node_become(n, "nobody");
	n->extra_env = keep_printf("XDG_CACHE_HOME=%s/cache", n->folder);
	node_config(n, config);
	return n;
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int mode_of(const char *path)
{
	struct stat st;

	cr_assert_eq(lstat(path, &st), 0, "%s: %s", path, strerror(errno));
	return (int)(st.st_mode & 07777);
}

/* Removing goes on beside everything else. */
static void wait_until_gone(const char *path)
{
	struct timespec moment = {0, 5000000};

	for (int i = 0; i < PATIENCE * 200 && is_there(path); i++)
		nanosleep(&moment, NULL);
	cr_assert_not(is_there(path), "%s is still there", path);
}

Test(directories, made_told_and_removed_or_kept)
{
	struct node *n = ordinary_node(
		"[service web@7]\ncommand = @puppet/a report:r say:here\n"
		"runtime_directory = one two/three\nruntime_directory_mode = 0700\n"
		"state_directory = st\ncache_directory = c-%i\ncache_directory_mode = 2750\n"
		"logs_directory = %n\n");
	const char *three = node_path(n, "two/three");

	node_start(n);
	journal_until(n, "a here");
	cr_assert_eq(mode_of(node_path(n, "one")), 0700);
	cr_assert_eq(mode_of(node_path(n, "two")), 0755);
	cr_assert_eq(mode_of(three), 0700);
	cr_assert_eq(mode_of(node_path(n, "state/st")), 0755);
	cr_assert_eq(mode_of(node_path(n, "cache/c-7")), 02750);
	cr_assert_eq(mode_of(node_path(n, "state/log/web@7")), 0755);
	cr_assert_not_null(report_get(n, "r",
				      keep_printf("env.RUNTIME_DIRECTORY=%s/one:%s/two/three",
						  n->folder, n->folder)),
			   "%s", node_read(n, "r"));
	cr_assert_not_null(
		report_get(n, "r", keep_printf("env.STATE_DIRECTORY=%s/state/st", n->folder)));
	cr_assert_not_null(
		report_get(n, "r", keep_printf("env.CACHE_DIRECTORY=%s/cache/c-7", n->folder)));
	cr_assert_not_null(report_get(
		n, "r", keep_printf("env.LOGS_DIRECTORY=%s/state/log/web@7", n->folder)));
	ctl(n, "stop web@7");
	wait_until_gone(node_path(n, "one"));
	wait_until_gone(three);
	cr_assert(is_there(node_path(n, "two")));
	cr_assert(is_there(node_path(n, "state/st")));
	cr_assert(is_there(node_path(n, "cache/c-7")));
	cr_assert(is_there(node_path(n, "state/log/web@7")));
	node_end(n);
}

/* Whatever a service has left in it goes; what a link in it leads to does not. */
Test(directories, removed_with_all_that_is_in_it)
{
	struct node *n = ordinary_node("[service a]\ncommand = @puppet/a say:here\n"
				       "runtime_directory = rt\n");
	const char *rt = node_path(n, "rt");

	node_start(n);
	journal_until(n, "a here");
	cr_assert_eq(mkdir(node_path(n, "outside"), 0755), 0);
	node_write(n, "outside/keep", "me");
	cr_assert_eq(shell("cd %s && mkdir -p d/e/f g && for i in $(seq 700); do : >d/e/$i; mkdir "
			   "g/$i; done && ln -s %s/outside link && ln -s %s/outside d/e/f/link && "
			   "ln -s nowhere dangling && mkfifo fifo && chmod 0 d/e g",
			   rt, n->folder, n->folder)
			     .status,
		     0);
	if (geteuid() == 0)
		cr_assert_eq(shell("chown -R -h nobody %s", rt).status, 0);
	ctl(n, "kill -KILL a");
	journal_until(n, "a here");
	cr_assert(is_there(rt), "it has a new one");
	cr_assert_not(is_there(node_path(n, "rt/d")));
	ctl(n, "stop a");
	wait_until_gone(rt);
	node_end(n);
	cr_assert_str_eq(shell("ls -A %s | grep removed", n->folder).out, "");
	cr_assert_str_eq(node_read(n, "outside/keep"), "me");
}

Test(directories, preserve)
{
	struct node *n = ordinary_node("[service a]\ncommand = @puppet/a say:here\n"
				       "runtime_directory = stays\n"
				       "runtime_directory_preserve = yes\n"
				       "[service b]\ncommand = @puppet/b say:here\n"
				       "runtime_directory = over\n"
				       "runtime_directory_preserve = restart\n"
				       "restart_delay = 1h\nrestart_delay_max = 1h\n"
				       "[service c]\ncommand = @puppet/c say:here\n"
				       "runtime_directory = over-c\n"
				       "runtime_directory_preserve = restart\n");

	node_start(n);
	sync_tree(n);
	node_write(n, "stays/x", "");
	node_write(n, "over/x", "");
	node_write(n, "over-c/x", "");
	ctl(n, "kill -KILL c");
	ctl(n, "kill -KILL a");
	ctl(n, "kill -KILL b");
	ctl(n, "wait c --for ready");
	ctl(n, "wait b --for down");
	sync_allow_starting(n);
	cr_assert(is_there(node_path(n, "stays/x")));
	cr_assert(is_there(node_path(n, "over-c/x")));
	cr_assert(is_there(node_path(n, "over/x")));
	/* While its restart waits. */
	ctl(n, "stop b");
	wait_until_gone(node_path(n, "over"));
	node_end(n);
	cr_assert(is_there(node_path(n, "stays/x")));
	cr_assert_not(is_there(node_path(n, "over-c")));
}

/* The start fails and says why; check says it beforehand. */
Test(directories, something_in_the_way)
{
	static const char *const shapes[] = {
		": >%s/rt",
		"ln -s / %s/rt",
		"ln -s nowhere %s/rt",
		"mkfifo %s/rt",
	};
	static const char *const whys[] = {
		"there is a file in its place",
		"there is a symbolic link in its place",
		"there is a symbolic link in its place",
		"there is a file in its place",
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct node *n = ordinary_node("[service a]\ncommand = @puppet/a\n"
					       "runtime_directory = rt\nautostart = no\n"
					       "[service b]\ncommand = @puppet/b\n"
					       "runtime_directory = rt/below\nautostart = no\n");

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		cr_assert_eq(shell(shapes[i], n->folder).status, 0);
#pragma GCC diagnostic pop
		node_start(n);
		cr_assert_not_null(strstr(node_log(n), whys[i]), "%s", node_log(n));
		cr_assert_str_eq(ctl_fails(n, 1, "start a"),
				 keep_printf("supctl: a did not start: directories %s/rt (%s): Not "
					     "a directory\n",
					     n->folder, whys[i]));
		cr_assert_str_eq(ctl_fails(n, 1, "start b"),
				 keep_printf("supctl: b did not start: directories %s/rt/below "
					     "(%s): Not a directory\n",
					     n->folder, whys[i]));
		cr_assert(is_there(node_path(n, "rt")));
		node_end(n);
	}
}

Test(directories, what_percent_stands_for_is_judged_too)
{
	struct node *n = ordinary_node("[service a]\ncommand = @puppet/a\n"
				       "runtime_directory = good x%i\nautostart = no\n"
				       "[service b@..]\ncommand = @puppet/b\n"
				       "runtime_directory = %i\nautostart = no\n"
				       "[service c]\ncommand = @puppet/c\n"
				       "state_directory = %i\nautostart = no\n");
	char *why;

	node_start(n);
	why = ctl_fails(n, 1, "start b@..");
	cr_assert_not_null(strstr(why, "(with what % stands for it is no name): Invalid argument"),
			   "%s", why);
	why = ctl_fails(n, 1, "start c");
	cr_assert_not_null(strstr(why, "(with what % stands for it is no name): Invalid argument"),
			   "%s", why);
	ctl(n, "start a");
	cr_assert(is_there(node_path(n, "x")));
	node_end(n);
	cr_assert_not(is_there(node_path(n, "x")));
}

/* Where its program is missing nothing of it is left, as if it had never been started. */
Test(directories, removed_where_the_start_fails)
{
	struct node *n = ordinary_node("[service a]\ncommand = @folder/none\n"
				       "runtime_directory = rt\nautostart = no\n");

	node_start(n);
	ctl_fails(n, 1, "start a");
	wait_until_gone(node_path(n, "rt"));
	node_end(n);
}

/* ---- as root ---- */

static const char *unique_name(void)
{
	return keep_printf("supd-test-%d", (int)getpid());
}

Test(directories, as_root_for_a_user)
{
	const char *name = unique_name();
	struct person nobody;
	struct stat st;
	struct node *n;

	need_root();
	nobody = person_find("nobody");
	n = node_new();
	cr_assert_eq(chmod(n->folder, 0777), 0);
	node_config(n, keep_printf("[service a]\ncommand = @puppet/a report:r say:here\n"
				   "user = nobody\nruntime_directory = %s %s/sub/deep\n"
				   "runtime_directory_mode = 0750\n",
				   name, name));
	node_start(n);
	journal_until(n, "a here");
	cr_assert_eq(stat(keep_printf("/run/%s", name), &st), 0);
	cr_assert_eq(st.st_uid, nobody.uid);
	cr_assert_eq(st.st_gid, nobody.gid);
	cr_assert_eq(st.st_mode & 07777, 0750);
	cr_assert_eq(stat(keep_printf("/run/%s/sub/deep", name), &st), 0);
	cr_assert_eq(st.st_uid, nobody.uid);
	cr_assert_not_null(report_get(
		n, "r", keep_printf("env.RUNTIME_DIRECTORY=/run/%s:/run/%s/sub/deep", name, name)));
	node_end(n);
	cr_assert_not(is_there(keep_printf("/run/%s", name)));
}

Test(directories, of_another_user)
{
	const char *path = keep_printf("/run/%s", unique_name());
	struct person nobody, other;
	struct node *n;
	char *why;

	need_root();
	nobody = person_find("nobody");
	other = person_find("daemon");
	n = node_new();
	node_config(n, keep_printf("[service a]\ncommand = @puppet/a\nuser = nobody\n"
				   "runtime_directory = %s\nautostart = no\n"
				   "[service b]\ncommand = @puppet/b\nuser = nobody\n"
				   "runtime_directory = %s/x\nautostart = no\n",
				   unique_name(), unique_name()));
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert_eq(chown(path, other.uid, other.gid), 0);
	node_start(n);
	why = ctl_fails(n, 1, "start a");
	cr_expect_str_eq(why,
			 keep_printf("supctl: a did not start: directories %s (it belongs to "
				     "user %d, and the service runs as %d): Operation not "
				     "permitted\n",
				     path, (int)other.uid, (int)nobody.uid),
			 "%s", why);
	why = ctl_fails(n, 1, "start b");
	cr_expect_not_null(strstr(why, "(a directory above it belongs to another user): Operation "
				       "not permitted"),
			   "%s", why);
	cr_expect(is_there(path), "it is not ours to remove");
	rmdir(path);
	node_end(n);
}

/* A service's user may not have root change what lies outside. */
Test(directories, a_link_in_a_directory_of_its_own)
{
	const char *name = unique_name();
	struct node *n;
	struct stat st;
	char *why;

	need_root();
	n = node_new();
	cr_assert_eq(chmod(n->folder, 0777), 0);
	node_config(n, keep_printf("[service a]\ncommand = @puppet/a say:here\nuser = nobody\n"
				   "runtime_directory = %s\nruntime_directory_preserve = restart\n"
				   "[service b]\ncommand = @puppet/b\nuser = nobody\n"
				   "runtime_directory = %s/x\nautostart = no\n",
				   name, name));
	node_start(n);
	journal_until(n, "a here");
	cr_assert_eq(mkdir(node_path(n, "roots"), 0700), 0);
	cr_assert_eq(symlink(node_path(n, "roots"), keep_printf("/run/%s/x", name)), 0);
	why = ctl_fails(n, 1, "start b");
	cr_expect_not_null(strstr(why, "there is a symbolic link in its place"), "%s", why);
	cr_assert_eq(stat(node_path(n, "roots"), &st), 0);
	cr_expect_eq(st.st_uid, 0);
	node_end(n);
	cr_assert_eq(stat(node_path(n, "roots"), &st), 0);
	cr_assert_not(is_there(keep_printf("/run/%s", name)));
}
