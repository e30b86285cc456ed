/* SPDX-License-Identifier: MIT */

/*
 * The configurations of conf/examples: servers of the distribution, each as its package has it,
 * with its own user and directories, and asked by its own client. They are for root; /run and
 * /var/lib are the test's own meanwhile, and nothing is left in the machine's.
 */

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run/support.h"

RUN_SUITE(servers);

static void stand_apart(void *argument)
{
	(void)argument;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/run", "tmpfs", 0, "mode=755") < 0 ||
	    mount("none", "/var/lib", "tmpfs", 0, "mode=755") < 0)
		_exit(97);
}

static bool is_installed(const char *program)
{
	return shell("command -v %s || ls /usr/sbin/%s /usr/lib/postgresql/*/bin/%s", program,
		     program, program)
		       .out[0] != '\0';
}

/* A node on conf/examples/NAME.conf, once the service of that name is ready; NULL: skipped. */
static struct node *run_example(const char *name, const char *program)
{
	struct node *n;
	char folder[PATH_MAX];

	need_root();
	if (!is_installed(program)) {
		if (getenv("NO_SKIP"))
			cr_assert_fail("%s is not installed", program);
		cr_skip_test("%s is not installed", program);
	}
	n = node_new();
	cr_assert_not_null(realpath("conf/examples", folder), "run this from the top");
	node_config(n, keep_printf("include = %s/%s.conf\n", folder, name));
	n->who.prepare = stand_apart;
	node_start(n);
	ctl(n, "wait %s --for ready --timeout 60s", name);
	return n;
}

static const char *ask(const char *command)
{
	struct output output = shell("%s", command);

	cr_expect_eq(output.status, 0, "%s%s", output.out, output.err);
	return output.out;
}

/* As each of them is, the user of its main process. */
static void expect_user(struct node *n, const char *name, const char *user)
{
	const char *path = keep_printf("/proc/%d", (int)os_pid_of(n, name));
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_uid, person_find(user).uid, "%s runs as %d", name, (int)st.st_uid);
}

/* It dies hard, and is back: with what it keeps. */
static void crash(struct node *n, const char *name)
{
	pid_t before = os_pid_of(n, name);

	ctl(n, "kill -KILL %s", name);
	proc_wait_gone(before);
	ctl(n, "wait %s --for ready --timeout 60s", name);
	cr_expect_neq(os_pid_of(n, name), before);
}

Test(servers, redis)
{
	struct node *n = run_example("redis", "redis-server");

	expect_user(n, "redis", "redis");
	cr_expect_str_eq(ask("redis-cli -p 6390 set a 7"), "OK\n");
	ctl(n, "restart redis");
	cr_expect_str_eq(ask("redis-cli -p 6390 get a"), "7\n", "it is in its directory");
	crash(n, "redis");
	cr_expect_str_eq(ask("redis-cli -p 6390 ping"), "PONG\n");
	node_end(n);
}

Test(servers, nginx)
{
	struct node *n = run_example("nginx", "nginx");
	pid_t before = os_pid_of(n, "nginx");

	cr_expect_str_eq(ask("curl -s http://127.0.0.1:8090/"), "nginx under supd\n");
	cr_expect_str_eq(ctl(n, "reload nginx"), "nginx: reloaded\n");
	cr_expect_eq(os_pid_of(n, "nginx"), before);
	cr_expect_str_eq(ask("curl -s http://127.0.0.1:8090/"), "nginx under supd\n");
	crash(n, "nginx");
	cr_expect_str_eq(ask("curl -s http://127.0.0.1:8090/"), "nginx under supd\n");
	node_end(n);
}

#define PSQL(query) "psql -h 127.0.0.1 -p 5440 -U postgres -qAt -c '" query "'"

Test(servers, postgresql)
{
	struct node *n = run_example("postgresql", "postgres");

	expect_user(n, "postgresql", "postgres");
	ask(PSQL("create table a (b int); insert into a values (7)"));
	ctl(n, "reload postgresql");
	ctl(n, "restart postgresql");
	cr_expect_str_eq(ask(PSQL("select b from a")), "7\n");
	crash(n, "postgresql");
	cr_expect_str_eq(ask(PSQL("select b from a")), "7\n", "it has recovered by itself");
	node_end(n);
}

Test(servers, sshd)
{
	struct node *n = run_example("sshd", "sshd");
	const char *key = ask("ssh-keyscan -p 2290 127.0.0.1 2>/dev/null");

	cr_expect_not_null(strstr(key, "ssh-ed25519"), "%s", key);
	ctl(n, "reload sshd");
	ctl(n, "restart sshd");
	cr_expect_str_eq(ask("ssh-keyscan -p 2290 127.0.0.1 2>/dev/null"), key,
			 "its key is in its directory");
	crash(n, "sshd");
	node_end(n);
}
