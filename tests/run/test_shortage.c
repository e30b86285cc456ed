/* SPDX-License-Identifier: MIT */

/*
 * What the daemon itself lacks is not the service's failure: it is retried, is not counted, and is
 * an event. And the daemon lives (ARCHITECTURE 4, at its end).
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net.h"
#include "support.h"

RUN_SUITE(shortage);

#define PUPPET(path, name) "[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n"

/* A user without a name, and so without other processes. */
#define NOBODY_ELSE 64321

struct limiting {
	pid_t os_pid;
	__rlimit_resource_t resource;
	rlim_t limit;
};

/* The soft limit alone; the other one is as it was. */
static int limit_process(void *argument)
{
	const struct limiting *l = argument;
	struct rlimit limit;

	if (prlimit(l->os_pid, l->resource, NULL, &limit) < 0)
		return errno;
	limit.rlim_cur = l->limit < limit.rlim_max ? l->limit : limit.rlim_max;
	return prlimit(l->os_pid, l->resource, &limit, NULL) < 0 ? errno : 0;
}

/* By one of supd's own user: root itself may not be allowed to in a container. */
static void limit_supd(struct node *n, __rlimit_resource_t resource, rlim_t limit)
{
	struct limiting l = {n->supd.os_pid, resource, limit};
	struct person who = n->who;

	who.prepare = NULL;
	cr_assert_eq(person_run(&who, limit_process, &l), 0);
}

static void unlimit_supd(struct node *n, __rlimit_resource_t resource)
{
	limit_supd(n, resource, RLIM_INFINITY);
}

/* Pages of its address space. */
#ifndef __SANITIZE_ADDRESS__
static rlim_t address_space(struct node *n)
{
	FILE *file = fopen(keep_printf("/proc/%d/statm", (int)n->supd.os_pid), "re");
	unsigned long pages = 0;

	cr_assert_not_null(file);
	cr_assert_eq(fscanf(file, "%lu", &pages), 1);
	fclose(file);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}
#endif

/* One above the highest descriptor that supd has open. */
static rlim_t highest_fd(struct node *n)
{
	DIR *fds = opendir(keep_printf("/proc/%d/fd", (int)n->supd.os_pid));
	struct dirent *entry;
	rlim_t highest = 0;

	cr_assert_not_null(fds);
	while ((entry = readdir(fds))) {
		rlim_t fd = (rlim_t)atoi(entry->d_name);

		highest = fd > highest ? fd : highest;
	}
	closedir(fds);
	return highest + 1;
}

Test(shortage, emfile_at_a_start)
{
	struct node *n = node_run("[supervisor s]\nintensity = 1\nperiod = 1h\n" PUPPET(
		"s/a", "a") "stdout = file:@folder/out\n");
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	limit_supd(n, RLIMIT_NOFILE, highest_fd(n));
	kill(os_pid_of(n, "s/a"), SIGKILL);
	watch_until(w, "shortage s/a");
	watch_until(w, "shortage s/a");
	watch_until(w, "shortage s/a");
	cr_assert_str_eq(state_of(n, "s/a"), "starting");
	cr_assert_str_eq(state_of(n, "s"), "running");
	unlimit_supd(n, RLIMIT_NOFILE);
	watch_until(w, "ready s/a");
	cr_assert_eq(watch_count(w, "gave_up *"), 0);
	cr_assert_eq(watch_count(w, "start_failed *"), 0, "%s", node_log(n));
	cr_assert_eq(look(n, "s/a").restarts, 1);
	node_end(n);
}

static void expect_none_or_held(struct node *n, const char *name)
{
	int fd = net_connect_unix(node_path(n, name), SOCK_STREAM);

	cr_expect(fd >= 0 || fd == -ENOENT, "%s: %s", name, strerror(-fd));
	if (fd >= 0)
		close(fd);
}

/* Wherever it happens, no socket stays that nobody listens on, and none is taken for another's. */
Test(shortage, emfile_at_listen)
{
	struct node *n = node_run(PUPPET("a", "a") "stdout = file:@folder/out\n"
						   "listen = unix:@folder/1\n"
						   "listen = unix:@folder/2\n");
	struct watch *w = watch_open(n);

	ctl(n, "stop a");
	for (int fds = 0; fds < 3; fds++) {
		limit_supd(n, RLIMIT_NOFILE, highest_fd(n) + (rlim_t)fds);
		ctl(n, "start a --no-wait");
		watch_until(w, "shortage a");
		watch_until(w, "shortage a");
		expect_none_or_held(n, "1");
		expect_none_or_held(n, "2");
		unlimit_supd(n, RLIMIT_NOFILE);
		watch_until(w, "ready a");
		ctl(n, "stop a");
	}
	cr_assert_eq(watch_count(w, "start_failed *"), 0, "%s", node_log(n));
	node_end(n);
}

/* start_pre is tried again with the start. */
Test(shortage, emfile_at_start_pre)
{
	struct node *n = node_run("[supervisor s]\nintensity = 1\nperiod = 1h\n" PUPPET(
		"s/a", "a") "stdout = file:@folder/out\nstart_pre = true\nstart_post = true\n");
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	limit_supd(n, RLIMIT_NOFILE, highest_fd(n));
	kill(os_pid_of(n, "s/a"), SIGKILL);
	watch_until(w, "shortage s/a");
	watch_until(w, "shortage s/a");
	unlimit_supd(n, RLIMIT_NOFILE);
	watch_until(w, "ready s/a");
	cr_assert_eq(watch_count(w, "start_failed *"), 0, "%s", node_log(n));
	cr_assert_eq(look(n, "s/a").restarts, 1);
	node_end(n);
}

/* stop_post waits by itself, and what waits for it goes on waiting. */
Test(shortage, emfile_at_stop_post)
{
	struct node *n = node_run(PUPPET("a", "a") "stdout = file:@folder/out\n"
						   "stop_post = sh -c 'echo ${SUP_REASON}'\n");
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	limit_supd(n, RLIMIT_NOFILE, highest_fd(n));
	kill(os_pid_of(n, "a"), SIGKILL);
	watch_until(w, "lingers a*");
	cr_assert_eq(watch_count(w, "exit a*"), 0);
	unlimit_supd(n, RLIMIT_NOFILE);
	watch_until(w, "exit a killed");
	watch_until(w, "ready a");
	cr_assert_str_eq(node_read(n, "out"), "killed\n");
	node_end(n);
}

/* Who is connected goes on; who comes waits, and gets in when there is room. */
Test(shortage, emfile_at_the_control_socket)
{
	struct node *n = node_run(PUPPET("a", "a"));
	struct program ping;

	sync_tree(n);
	limit_supd(n, RLIMIT_NOFILE, highest_fd(n));
	supctl_begin(n, &ping, "ping");
	for (int i = 0; i < 100; i++)
		cr_assert_str_eq(state_of(n, "a"), "running");
	unlimit_supd(n, RLIMIT_NOFILE);
	cr_assert_str_eq(program_end(&ping).out, "pong\n");
	node_end(n);
}

/* It can be stopped although it could not even be started. */
Test(shortage, a_start_that_lacks_something_can_be_stopped)
{
	struct node *n = node_run(PUPPET("a", "a") "stdout = file:@folder/out\n");
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	limit_supd(n, RLIMIT_NOFILE, highest_fd(n));
	kill(os_pid_of(n, "a"), SIGKILL);
	watch_until(w, "shortage a");
	kill(n->supd.os_pid, SIGTERM);
	cr_assert_eq(node_wait(n), 0);
	node_check_nothing_left(n);
}

Test(shortage, eagain_from_clone)
{
	struct node *n;
	struct watch *w;

	need_root();
	n = node_new();
	n->who = (struct person){.other = true, .uid = NOBODY_ELSE, .gid = NOBODY_ELSE};
	cr_assert_eq(chown(n->folder, NOBODY_ELSE, NOBODY_ELSE), 0);
	node_config(n, "[supervisor s]\nintensity = 0\n" PUPPET("s/a", "a") "autostart = no\n");
	node_start(n);
	sync_tree(n);
	w = watch_open(n);
	limit_supd(n, RLIMIT_NPROC, 1);
	ctl(n, "start --no-wait s/a");
	watch_until(w, "shortage s/a");
	watch_until(w, "shortage s/a");
	cr_assert_str_eq(state_of(n, "s/a"), "starting");
	unlimit_supd(n, RLIMIT_NPROC);
	watch_until(w, "ready s/a");
	cr_assert_eq(watch_count(w, "start_failed *"), 0, "%s", node_log(n));
	node_end(n);
}

static void allow_few_processes(void *argument)
{
	struct rlimit few = {.rlim_cur = 10, .rlim_max = 10};

	(void)argument;
	setrlimit(RLIMIT_NPROC, &few);
}

/* More services than processes are allowed: said before anything is started. */
Test(shortage, too_many_services_are_refused_by_name)
{
	struct buf config = BUF_INIT;
	struct output output;
	struct node *n;

	need_root();
	n = node_new();
	n->who = (struct person){.other = true,
				 .uid = NOBODY_ELSE,
				 .gid = NOBODY_ELSE,
				 .prepare = allow_few_processes};
	cr_assert_eq(chown(n->folder, NOBODY_ELSE, NOBODY_ELSE), 0);
	for (int i = 0; i < 50; i++)
		buf_printf(&config, "[service s%d]\ncommand = @puppet/s\n", i);
	node_config(n, buf_text(&config));
	buf_fini(&config);
	node_spawn(n);
	output = program_end(&n->supd);
	cr_assert_eq(output.status, 1, "%d %s", output.status, output.err);
	cr_assert_not_null(strstr(output.err, "RLIMIT_NPROC"), "%s", output.err);
	cr_assert_eq(journal_count(n, "*"), 0);
}

/* An address space with nothing to spare; not for sanitizers, which need terabytes. */
#ifndef __SANITIZE_ADDRESS__
Test(shortage, enomem)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("a", "a"));
	char *text = keep(malloc(60001));
	struct watch *w;
	struct output output = {0};
	int added = 0;

	sync_tree(n);
	memset(text, '#', 60000);
	text[60000] = '\0';
	w = watch_open(n);
	limit_supd(n, RLIMIT_AS, address_space(n));
	for (; added < 400 && output.status == 0; added += output.status == 0) {
		node_write(n, "more",
			   keep_printf("[service s/x%d]\ncommand = sh -c 'exec sleep 1000 %s'\n",
				       added, text));
		output = supctl(n, "add s/x%d --file @folder/more", added);
	}
	cr_assert_neq(output.status, 0, "%d children were added with no memory", added);
	/* What is there already is looked after. */
	ctl(n, "ping");
	kill(os_pid_of(n, "a"), SIGKILL);
	watch_until(w, "exit a killed");
	watch_until(w, "ready a");
	cr_assert_eq(watch_count(w, "start_failed a*"), 0);
	unlimit_supd(n, RLIMIT_AS);
	ctl(n, "add s/y command='sleep 1000'");
	node_end(n);
}
#endif

/* ---- a full disk ---- */

/* A node with a small file system of the test's own in FOLDER/small. */
static struct node *node_with_small(const char *options)
{
	const char *path;
	struct node *n;

	need_root();
	n = node_new();
	path = node_path(n, "small");
	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mkdir(path, 0755), 0);
	cr_assert_eq(mount("small", path, "tmpfs", 0, options), 0, "%s", strerror(errno));
	return n;
}

static void unmount_small(struct node *n)
{
	cr_assert_eq(umount2(node_path(n, "small"), MNT_DETACH), 0);
	cr_assert_eq(rmdir(node_path(n, "small")), 0);
}

static void fill_small(struct node *n)
{
	static const char block[4096];
	int fd = open(node_path(n, "small/filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	cr_assert_eq(errno, ENOSPC);
	close(fd);
}

Test(shortage, a_full_disk_before_the_start)
{
	struct node *n = node_with_small("size=64k,mode=755");

	fill_small(n);
	n->socket = node_path(n, "small/run/control");
	node_write(n, "supd.conf",
		   "[supd]\nrun_dir = @folder/small/run\nlog_dir = none\n" PUPPET("a", "a"));
	node_start(n);
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "a"), "running");
	cr_assert_not_null(strstr(node_log(n), "No space left on device"), "%s", node_log(n));
	ctl(n, "restart a");
	node_end(n);
	unmount_small(n);
}

Test(shortage, a_disk_that_fills_up)
{
	struct node *n = node_with_small("size=256k,mode=755");

	n->socket = node_path(n, "small/run/control");
	node_write(n, "supd.conf",
		   "[supd]\nrun_dir = @folder/small/run\nlog_dir = none\n[supervisor s]\n" PUPPET(
			   "s/a", "a") "stdout = file:@folder/small/out\n");
	node_start(n);
	sync_tree(n);
	fill_small(n);
	ctl(n, "restart s/a");
	/* More than the record has room for. */
	for (int i = 0; i < 200; i += 50)
		for (int k = i; k < i + 50; k += 10)
			ctl(n, "add s/x%d command='sleep 1000'", k);
	ctl(n, "kill -KILL s/a");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "s"), "running");
	node_end(n);
	unmount_small(n);
}

/* No room for one more file: a failed start like another, with its step. */
Test(shortage, no_room_for_a_log)
{
	struct node *n = node_with_small("size=64k,nr_inodes=1,mode=755");

	node_config(n, PUPPET("a", "a") "stdout = file:@folder/small/out\n"
					"autostart = no\nrestart = temporary\n");
	node_start(n);
	cr_assert_str_eq(ctl_fails(n, 1, "start a"),
			 keep_printf("supctl: a did not start: stdout %s/small/out: No space left "
				     "on device\n",
				     n->folder));
	node_end(n);
	unmount_small(n);
}
