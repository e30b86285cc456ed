/* SPDX-License-Identifier: MIT */

/* supd as a process: its options, exit statuses and Unix signals, its predecessors and neighbours.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"
#include "pty.h"

RUN_SUITE(daemon);

#define PUPPET(path, name) "[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n"

/* ---- options ---- */

/* supd with these words alone. */
static struct output supd(struct node *n, const char *words)
{
	static const struct person self;
	const char *const env[] = {"PATH=/usr/bin:/bin", keep_printf("HOME=%s", n->folder),
				   keep_printf("XDG_RUNTIME_DIR=%s", n->folder),
				   keep_printf("XDG_CONFIG_HOME=%s", n->folder), NULL};
	struct program p;

	program_start(&p, &self, env, split(node_expand(n, keep_printf("supd %s", words))));
	return program_end(&p);
}

Test(daemon, usage)
{
	static const struct {
		const char *words, *error;
	} wrong[] = {
		{"-x", "supd: no option -x: supd -h lists them\n"},
		{"-c", "supd: -c needs FILE\n"},
		{"--recrd x", "supd: no option --recrd: did you mean --record?\n"},
		{"my.conf", "supd: my.conf: no option: did you mean -c my.conf? "
			    "(supd -h tells more)\n"},
	};
	struct node *n = node_new();
	struct output output;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		output = supd(n, wrong[i].words);
		cr_assert_eq(output.status, 2, "supd %s: %d", wrong[i].words, output.status);
		cr_assert_str_eq(output.err, wrong[i].error);
		cr_assert_str_empty(output.out);
	}
	output = supd(n, "-h");
	cr_assert_eq(output.status, 0);
	cr_assert_eq(strncmp(output.out, "usage: supd [options]\n", 22), 0);
	output = supd(n, "-v");
	cr_assert_eq(output.status, 0);
	cr_assert_str_eq(output.out, "supd 0.1.0\n");
	cr_expect_str_eq(supd(n, "--version").out, "supd 0.1.0\n");
	cr_expect_eq(strncmp(supd(n, "--help").out, "usage: supd [options]\n", 22), 0);
}

Test(daemon, test_of_a_good_configuration)
{
	struct node *n = node_new();
	struct output output;

	node_config(n, "[service a]\ncommand = sleep 1000\n");
	output = supd(n, "-t -c @folder/supd.conf");
	cr_assert_eq(output.status, 0, "%s%s", output.out, output.err);
	cr_assert_not(node_has_file(n, "run"));
}

Test(daemon, bad_configuration_is_78_and_starts_nothing)
{
	struct node *n = node_new();
	struct output output;

	node_config(n, "[service a]\ncommand = @puppet/a\n[service b]\ncomand = true\n");
	output = supd(n, "-c @folder/supd.conf");
	cr_assert_eq(output.status, 78);
	cr_assert_not_null(strstr(output.err, keep_printf("%s/supd.conf:6: ", n->folder)), "%s",
			   output.err);
	cr_assert_eq(journal_count(n, "*"), 0);
	cr_assert_eq(supd(n, "-c @folder/none").status, 78);
	node_check_nothing_left(n);
}

/* ---- the end ---- */

Test(daemon, sigint_ends_it_in_order)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a leave:TERM=0 ready\n"
				  "ready = notify\n");

	sync_tree(n);
	kill(n->supd.os_pid, SIGINT);
	cr_assert_eq(node_wait(n), 0);
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	node_check_nothing_left(n);
}

static void check_second_signal(int first, int second)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a leave:TERM=0 ready\n"
				  "ready = notify\nshutdown = infinity\n"
				  "[service b]\ncommand = @puppet/b catch:TERM child ready\n"
				  "ready = notify\nshutdown = infinity\n");

	sync_tree(n);
	kill(n->supd.os_pid, first);
	journal_until(n, "b TERM");
	cr_assert_str_eq(state_of(n, "a"), "running");
	/* One that comes at once with the first is taken for the same. */
	do
		kill(n->supd.os_pid, second);
	while (!wait_readable(n->supd.pidfd, 100) && !strstr(node_log(n), " again: "));
	cr_assert_eq(node_wait(n), 0);
	node_check_nothing_left(n);
}

Test(daemon, second_sigterm_does_not_wait)
{
	check_second_signal(SIGTERM, SIGTERM);
}

Test(daemon, sigint_after_sigterm_does_not_wait)
{
	check_second_signal(SIGTERM, SIGINT);
}

Test(daemon, shutdown_by_supctl)
{
	struct node *n = node_run(PUPPET("a", "a"));

	sync_tree(n);
	cr_assert_str_eq(ctl(n, "shutdown"), "");
	cr_assert_eq(node_wait(n), 0);
	node_check_nothing_left(n);
	cr_assert_eq(supctl(n, "ping").status, 6);
}

Test(daemon, shutdown_now)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\n");
	struct program first;

	sync_tree(n);
	supctl_begin(n, &first, "shutdown --json");
	journal_until(n, "a TERM");
	cr_assert_str_eq(ctl_fails(n, 1, "start a"), "supctl: a: its supervisor / does not run: "
						     "start that first\n");
	ctl(n, "shutdown --now");
	cr_assert_str_eq(program_end(&first).out, "{\"result\":\"ok\"}\n");
	cr_assert_eq(node_wait(n), 0);
	node_check_nothing_left(n);
}

/* At four fifths of the budget order is given up, at its end all is killed. */
Test(daemon, d21_shutdown_timeout)
{
	struct node *n = node_run("shutdown_timeout = 1s\n"
				  "[service a]\ncommand = @puppet/a catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\n"
				  "[service b]\ncommand = @puppet/b catch:TERM ready\n"
				  "ready = notify\nshutdown = infinity\n");
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	kill(n->supd.os_pid, SIGTERM);
	watch_until(w, "stopping b*");
	cr_assert_str_eq(watch_join(w, "stopping a*"), "budget /; stopping a shutdown");
	watch_until(w, "budget /");
	watch_until(w, "killing a");
	cr_assert_eq(node_wait(n), 0);
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	node_check_nothing_left(n);
}

/* auto_shutdown of the root: the status of the service that caused it. */
static void check_auto_shutdown(const char *words, int status)
{
	struct node *n = node_new();

	node_config(n, keep_printf("[supervisor /]\nauto_shutdown = any_significant\n"
				   "[service a]\ncommand = @puppet/a %s\nrestart = temporary\n"
				   "significant = yes\n",
				   words));
	node_spawn(n);
	cr_assert_eq(node_wait(n), status, "%s\n%s", words, node_log(n));
	node_check_nothing_left(n);
}

Test(daemon, auto_shutdown_exit_statuses)
{
	check_auto_shutdown("exit:0", 0);
	check_auto_shutdown("exit:7", 7);
	check_auto_shutdown("die:KILL", 128 + 9);
	check_auto_shutdown("die:TERM", 128 + 15);
}

Test(daemon, sighup_does_not_end_it)
{
	struct node *n = node_run(PUPPET("a", "a"));
	pid_t os_pid;

	sync_tree(n);
	os_pid = os_pid_of(n, "a");
	kill(n->supd.os_pid, SIGHUP);
	ctl(n, "ping");
	cr_assert_eq(os_pid_of(n, "a"), os_pid);
	node_end(n);
}

/* Whoever closes the terminal ends what he started there. */
Test(daemon, a_terminal_that_is_closed_ends_it)
{
	struct node *n = node_new();
	const char *asan = getenv("ASAN_OPTIONS");
	const char *const env[] = {"PATH=/usr/bin:/bin",
				   keep_printf("ASAN_OPTIONS=%s", asan ? asan : ""), NULL};
	const char *const argv[] = {"supd", "-c", node_path(n, "supd.conf"), NULL};
	struct pty *p;
	pid_t os_pid;

	node_config(n, "[service a]\ncommand = sh -c 'echo $$ >@folder/pid; echo h''ere; exec "
		       "sleep 100000'\nready = exec\n");
	p = pty_start(env, argv);
	pty_until(p, "here");
	os_pid = (pid_t)atol(node_read(n, "pid"));
	cr_assert(proc_exists(os_pid));
	close(p->fd);
	p->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cr_assert_eq(pty_end(p), 0);
	proc_wait_gone(os_pid);
	node_check_nothing_left(n);
}

/* What somebody meant for another program, or typed by mistake. */
Test(daemon, other_unix_signals_do_nothing)
{
	const int signals[] = {SIGUSR1, SIGUSR2, SIGQUIT, SIGALRM,      SIGVTALRM,
			       SIGPROF, SIGIO,   SIGPIPE, SIGRTMIN + 1, SIGRTMAX};
	struct node *n = node_run(PUPPET("a", "ready"));
	pid_t os_pid;

	sync_tree(n);
	os_pid = os_pid_of(n, "a");
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		kill(n->supd.os_pid, signals[i]);
	ctl(n, "ping");
	cr_assert_eq(os_pid_of(n, "a"), os_pid);
	node_end(n);
}

/* ---- neighbours ---- */

Test(daemon, two_side_by_side)
{
	struct node *a = node_run(PUPPET("x", "x"));
	struct node *b = node_run(PUPPET("x", "x"));

	sync_tree(a);
	sync_tree(b);
	ctl(a, "stop x");
	cr_assert_str_eq(state_of(b, "x"), "running");
	node_end(a);
	cr_assert_str_eq(state_of(b, "x"), "running");
	node_end(b);
}

Test(daemon, a_second_one_on_the_same_run_dir_is_refused)
{
	struct node *n = node_run(PUPPET("a", "a"));
	struct output output;

	sync_tree(n);
	output = supd(n, "-c @folder/supd.conf");
	cr_assert_eq(output.status, 1);
	cr_assert_not_null(strstr(output.err, keep_printf("%d", (int)n->supd.os_pid)), "%s",
			   output.err);
	/* And has disturbed nothing. */
	ctl(n, "ping");
	cr_assert_eq(journal_count(n, "a start *"), 1);
	order(n, "a", "notify:STATUS=well");
	cr_assert_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

/* ---- predecessors ---- */

static void check_stale_file(void (*make)(const char *path))
{
	struct node *n = node_new();

	node_config(n, PUPPET("a", "a"));
	cr_assert_eq(mkdir(node_path(n, "run"), 0755), 0);
	make(node_path(n, "run/control"));
	make(node_path(n, "run/notify"));
	node_start(n);
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	cr_assert_geq(fd, 0);
	close(fd);
}

Test(daemon, a_stale_socket_is_no_obstacle)
{
	check_stale_file(make_socket);
}

Test(daemon, nor_is_a_file_of_its_name)
{
	check_stale_file(make_file);
}

/* What a killed supd left is ended before the first start. */
Test(daemon, after_sigkill_the_next_one_cleans_up)
{
	struct node *n =
		node_run("[service a]\ncommand = @puppet/a leave:TERM=0 child stray ready\n"
			 "ready = notify\n"
			 "[service b]\ncommand = @puppet/b ignore:TERM ready\n"
			 "ready = notify\nshutdown = 300ms\n"
			 "[service c]\ncommand = @puppet/c ready\nready = notify\n");
	pid_t a, b, dead = n->supd.os_pid;
	pid_t list[8];

	sync_tree(n);
	a = os_pid_of(n, "a");
	b = os_pid_of(n, "b");
	kill(n->supd.os_pid, SIGKILL);
	cr_assert_eq(node_wait(n), 137);
	cr_assert(proc_exists(a) && proc_exists(b));
	node_start(n);
	sync_tree(n);
	cr_assert_not_null(strstr(node_log(n), keep_printf("%d", (int)dead)), "%s", node_log(n));
	/* They are ours since supd died: all but the new supd are zombies, or gone. */
	for (size_t i = proc_children(getpid(), list, 8); i-- > 0;)
		cr_assert(list[i] == n->supd.os_pid || proc_state(list[i]) == 'Z', "%s is left",
			  proc_words(list[i]));
	cr_assert_eq(journal_count(n, "a TERM"), 1);
	cr_assert_eq(journal_count(n, "a start *"), 2);
	reap_orphans();
	node_end(n);
}

/* An OS pid in the record that now belongs to somebody else is left alone. */
Test(daemon, a_stranger_is_not_taken_for_a_leftover)
{
	struct node *n = node_run(PUPPET("a", "a"));
	pid_t os_pid;

	sync_tree(n);
	os_pid = os_pid_of(n, "a");
	kill(n->supd.os_pid, SIGKILL);
	node_wait(n);
	kill(os_pid, SIGKILL);
	proc_wait_gone(os_pid);
	reap_orphans();
	/* A damaged record. */
	node_write(n, "run/processes", "this is no record of processes\n");
	node_start(n);
	sync_tree(n);
	cr_assert_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

/* ---- an ordinary user's ---- */

Test(daemon, as_an_ordinary_user)
{
	struct node *n;

	need_root();
	n = node_new();
	node_become(n, "nobody");
	node_write(n, "supd.conf",
		   "[service a]\ncommand = @puppet/a catch:TERM report:r child stray ready\n"
		   "ready = notify\nshutdown = 100ms\n");
	n->socket = node_path(n, "supd/control");
	node_start(n);
	sync_tree(n);
	cr_assert_str_eq(report_get(n, "r", "Uid"),
			 keep_printf("%d %d %d %d", (int)n->who.uid, (int)n->who.uid,
				     (int)n->who.uid, (int)n->who.uid));
	cr_assert_str_eq(supctl_as(n, &n->who, "stop a").out, "a: stopped\n");
	cr_assert_str_eq(supctl_as(n, &n->who, "start a").out, "a: started\n");
	/* root may, too. */
	ctl(n, "restart a");
	kill(n->supd.os_pid, SIGTERM);
	cr_assert_eq(node_wait(n), 0);
	node_check_nothing_left(n);
}

Test(daemon, a_run_dir_that_cannot_be_made)
{
	struct node *n = node_new();
	struct output output;

	node_write(n, "plain", "");
	node_write(n, "supd.conf", "[supd]\nrun_dir = @folder/plain/run\nlog_dir = none\n");
	output = supd(n, "-c @folder/supd.conf");
	cr_assert_eq(output.status, 1);
	cr_assert_not_null(strstr(output.err, "Not a directory"), "%s", output.err);
	cr_assert_not_null(strstr(output.err, "plain/run"), "%s", output.err);
}
