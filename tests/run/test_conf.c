/* SPDX-License-Identifier: MIT */

/* The samples in conf/ run, each as it is, but for a run_dir of the test's own. */

#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(conf);

/* A node on conf/NAME, which goes by XDG_RUNTIME_DIR or has its run_dir put first. */
static struct node *node_on(const char *name)
{
	struct node *n = node_new();
	char path[PATH_MAX];

	cr_assert_not_null(realpath(keep_printf("conf/%s", name), path), "run this from the top");
	node_config(n, keep_printf("include = %s\n", path));
	return n;
}

static void check_test(struct node *n)
{
	static const struct person self;
	const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		keep_printf("XDG_RUNTIME_DIR=%s", n->folder), NULL};
	struct program p;
	struct output output;

	program_start(&p, &self, env, split(node_expand(n, "supd -t -c @folder/supd.conf")));
	output = program_end(&p);
	cr_assert_eq(output.status, 0, "%s%s", output.out, output.err);
}

/* All keys are comments: the root alone. */
Test(conf, supd_conf)
{
	struct node *n = node_on("supd.conf");
	char *status;

	check_test(n);
	node_start(n);
	sync_tree(n);
	status = ctl(n, "status --json");
	cr_assert_eq(json_check_lines(status), 1);
	cr_assert_str_eq(json_get(strtok(status, "\n"), "name"), "/");
	node_end(n);
}

/* And what its comments say that one can do. */
Test(conf, demo_conf)
{
	struct node *n = node_on("demo.conf");
	struct watch *w;
	pid_t db, one;
	char *tree;

	check_test(n);
	node_start(n);
	ctl(n, "wait jobs --for ready");
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "setup"), "done");
	cr_assert_str_eq(state_of(n, "web/api"), "running");
	cr_assert_str_eq(state_of(n, "flaky"), "stopped");
	tree = ctl(n, "tree");
	cr_assert_not_null(strstr(tree, "web"));
	w = watch_open(n);
	db = os_pid_of(n, "web/db");
	one = os_pid_of(n, "web/pool/one");
	ctl(n, "kill -KILL web/pool/two");
	watch_until(w, "ready web/pool/two");
	cr_assert_eq(os_pid_of(n, "web/db"), db);
	cr_assert_neq(os_pid_of(n, "web/pool/one"), one);
	ctl(n, "kill -KILL web/db");
	watch_until(w, "ready web/api");
	cr_assert_neq(os_pid_of(n, "web/db"), db);
	cr_assert_not_null(strstr(ctl(n, "why web/api"), "because web/db ended"));
	ctl(n, "child start jobs -- 300");
	cr_assert_not_null(strstr(ctl(n, "child count jobs"), "1"));
	ctl(n, "stop clock");
	ctl(n, "start clock");
	node_end(n);
}

/* flaky lives for half a second: it fails in the end, and nothing else is concerned. */
Test(conf, demo_conf_flaky)
{
	struct node *n = node_on("demo.conf");
	struct watch *w;

	node_start(n);
	ctl(n, "wait jobs --for ready");
	w = watch_open(n);
	ctl(n, "start flaky");
	watch_until(w, "failed flaky*");
	cr_assert_geq(watch_count(w, "backoff flaky"), 3);
	cr_assert_str_eq(state_of(n, "flaky"), "failed");
	cr_assert_str_eq(state_of(n, "clock"), "running");
	node_end(n);
}

/* ---- web.conf ---- */

static bool is_installed(const char *program)
{
	return shell("command -v %s", program).status == 0;
}

/* Until a command of the shell prints something; for services that tell nobody when they are
 * ready. */
static char *ask_until(const char *command)
{
	struct output output =
		shell("i=0; until r=$(%s 2>/dev/null) && [ -n \"$r\" ]; do i=$((i+1)); "
		      "[ $i -lt 600 ] || exit 1; sleep 0.1; done; printf %%s \"$r\"",
		      command);

	cr_assert_eq(output.status, 0, "%s: %s", command, output.err);
	return output.out;
}

/* Loopback ports are fixed there: as root, on a loopback of the test's own. */
static void own_network(void)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		return;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(ioctl(fd, SIOCGIFFLAGS, &lo), 0);
	lo.ifr_flags |= IFF_UP;
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
}

Test(conf, web_conf)
{
	static const char *const programs[] = {"redis-server", "redis-cli", "nginx", "curl"};
	const char *ask_hits = "redis-cli -p 16379 get hits | grep '[0-9]'";
	struct node *n;
	struct watch *w;
	pid_t redis, nginx;

	for (size_t i = 0; i < 4; i++)
		if (!is_installed(programs[i]))
			cr_skip_test("needs redis-server, redis-cli, nginx and curl");
	own_network();
	n = node_on("web.conf");
	n->extra_env = keep_printf("WEB_RUNTIME=%s/web", n->folder);
	check_test(n);
	node_start(n);
	ctl(n, "wait web/worker --for ready");
	cr_assert_str_eq(ask_until("redis-cli -p 16379 ping"), "PONG");
	cr_assert_not_null(strstr(ask_until("curl -fsS http://127.0.0.1:18080/"), "under supd"));
	cr_assert_geq(atoi(ask_until(ask_hits)), 1);
	cr_assert_not_null(strstr(ask_until("redis-cli -p 16379 get page"), "under supd"));
	redis = os_pid_of(n, "web/redis");
	nginx = os_pid_of(n, "web/nginx");
	w = watch_open(n);
	kill(redis, SIGKILL);
	watch_until(w, "exit web/redis killed");
	watch_until(w, "ready web/redis");
	watch_until(w, "ready web/nginx");
	watch_until(w, "ready web/worker");
	cr_assert_neq(os_pid_of(n, "web/redis"), redis);
	cr_assert_neq(os_pid_of(n, "web/nginx"), nginx);
	/* Nothing was saved: it counts from the beginning. */
	cr_assert_str_eq(ask_until("redis-cli -p 16379 ping"), "PONG");
	cr_assert_geq(atoi(ask_until(ask_hits)), 1);
	cr_assert_not_null(strstr(ask_until("curl -fsS http://127.0.0.1:18080/"), "under supd"));
	node_end(n);
}
