/* SPDX-License-Identifier: MIT */

/* supd as the first process of a PID namespace. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "pty.h"
#include "sandbox.h"

RUN_SUITE(init);

#define SIGNIFICANT "restart = temporary\nsignificant = yes\n"
#define ANY "[supervisor /]\nauto_shutdown = any_significant\n"

static void pause_a_moment(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* ---- what an init must ---- */

Test(init, exit_status_of_the_significant_service)
{
	static const struct {
		const char *command;
		int status;
	} rows[] = {
		{"true", 0},
		{"sh -c 'exit 7'", 7},
		{"sh -c 'kill -TERM $$'", 128 + 15},
		{"sh -c 'test $PPID = 1 && exit 9'", 9},
	};
	struct node *n = sandbox_new(0)->n;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int status;

		node_config(n, keep_printf(ANY "[service helper]\ncommand = sleep 1000\n"
					       "[service a]\ncommand = %s\n" SIGNIFICANT,
					   rows[i].command));
		node_spawn(n);
		status = node_wait(n);
		cr_assert_eq(status, rows[i].status, "%s: %d\n%s", rows[i].command, status,
			     node_log(n));
		node_check_nothing_left(n);
	}
}

Test(init, reaps_a_thousand_orphans)
{
	struct node *n = sandbox_run(
		"[service a]\ncommand = sh -c 'i=0; while [ $i -lt 1000 ]; do (true &); "
		"i=$((i + 1)); done; echo made >>@folder/journal; exec sleep 1000'\n");
	struct mono until = deadline();
	pid_t init = sandbox_init(n), list[4];

	journal_until(n, "made");
	/* Zombies count as children. */
	while (proc_children(init, list, ARRAY_LEN(list)) > 1) {
		pause_a_moment();
		cr_assert_leq(deadline().ns - until.ns, (int64_t)PATIENCE * 1000000000,
			      "there are orphans left");
	}
	cr_assert_str_eq(state_of(n, "a"), "running");
	sandbox_end(n, SIGTERM);
}

/* In reverse order, and with status 0, by whatever a container's keeper sends. */
Test(init, is_shut_down_by)
{
	const int rows[] = {SIGTERM, SIGINT, SIGQUIT, SIGPWR, SIGRTMIN + 3};
	struct node *n = sandbox_new(0)->n;

	for (int i = 0; i < (int)ARRAY_LEN(rows); i++) {
		node_config(n,
			    keep_printf("[service a%d]\ncommand = @puppet/a%d leave:TERM=0 ready\n"
					"ready = notify\n"
					"[service b%d]\ncommand = @puppet/b%d leave:TERM=0 ready\n"
					"ready = notify\n",
					i, i, i, i));
		node_start(n);
		sync_tree(n);
		sandbox_end(n, rows[i]);
		cr_expect(journal_is_before(n, keep_printf("b%d TERM", i),
					    keep_printf("a%d TERM", i)),
			  "signal %d", rows[i]);
	}
}

Test(init, is_not_disturbed_by)
{
	const int rows[] = {SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM,  SIGPIPE,   SIGTSTP,
			    SIGTTIN, SIGTTOU, SIGIO,    SIGPROF,  SIGVTALRM, SIGCONT,
			    SIGURG,  SIGXCPU, SIGHUP,   SIGRTMIN, SIGRTMAX,  SIGCHLD};
	struct node *n = sandbox_run("[service a]\ncommand = @puppet/a ready\nready = notify\n");
	pid_t init = sandbox_init(n);

	sync_tree(n);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		kill(init, rows[i]);
		cr_assert_str_eq(state_of(n, "a"), "running");
	}
	sandbox_end(n, SIGTERM);
}

/* ---- what else is in the namespace ---- */

static void on_term(int unix_signal)
{
	(void)unix_signal;
	_exit(33);
}

/* A process that nobody there has started, as docker exec makes them; it says when it is ready. */
static pid_t intrude(pid_t init, void (*handler)(int))
{
	int fd = (int)syscall(SYS_pidfd_open, init, 0);
	int up[2];
	pid_t os_pid;
	char c;

	cr_assert(fd >= 0 && pipe(up) == 0);
	os_pid = fork();
	cr_assert_geq(os_pid, 0);
	if (os_pid == 0) {
		pid_t child;
		int status = 0;

		if (setns(fd, CLONE_NEWPID) < 0)
			_exit(100);
		child = fork();
		if (child == 0) {
			signal(SIGTERM, handler);
			if (write(up[1], "u", 1) != 1)
				_exit(101);
			for (;;)
				pause();
		}
		close(up[1]);
		waitpid(child, &status, 0);
		_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	}
	close(up[1]);
	cr_assert_eq(read(up[0], &c, 1), 1, "it can not go there");
	close(up[0]);
	close(fd);
	return os_pid;
}

static int end_of(pid_t os_pid)
{
	int status;

	cr_assert_eq(waitpid(os_pid, &status, 0), os_pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Told first, then killed; only when the tree has ended. */
Test(init, ends_all_that_is_in_its_namespace)
{
	pid_t polite, deaf, init;
	struct node *n;

	need_root();
	n = sandbox_run("[service a]\ncommand = sleep 1000\n");
	init = sandbox_init(n);
	polite = intrude(init, on_term);
	deaf = intrude(init, SIG_IGN);
	kill(init, SIGTERM);
	cr_expect_eq(end_of(polite), 33);
	cr_expect_eq(end_of(deaf), 128 + 9);
	cr_assert_eq(node_wait(n), 0, "%s", node_log(n));
	node_check_nothing_left(n);
}

/* ---- where little is there ---- */

static const char plain[] =
	"[service helper]\ncommand = @puppet/helper leave:TERM=0 ready\nready = notify\n"
	"[service stray]\ncommand = sh -c 'setsid sleep 1000 & exec sleep 1000'\n"
	"[service a]\ncommand = sh -c 'echo out; echo \"up $HOME\" >>@folder/journal; "
	"exec sleep 1000'\n"
	"stdout = null\n";

#ifndef __SANITIZE_ADDRESS__ /* it can not do without /proc */
Test(init, no_proc)
{
	struct sandbox *s;

	s = sandbox_new(SANDBOX_NO_PROC);
	node_config(s->n, plain);
	node_start(s->n);
	journal_until(s->n, "up*");
	ctl(s->n, "kill -KILL helper");
	ctl(s->n, "wait helper --for ready");
	ctl(s->n, "restart stray");
	ctl(s->n, "stop a");
	cr_assert_not_null(strstr(node_log(s->n), "/proc is not there: "), "%s", node_log(s->n));
	sandbox_end(s->n, SIGTERM);
}
#endif

Test(init, read_only_root)
{
	struct sandbox *s = sandbox_new(SANDBOX_READ_ONLY | SANDBOX_FOLDER);

	node_config(s->n, plain);
	node_start(s->n);
	journal_until(s->n, "up*");
	sandbox_end(s->n, SIGTERM);
}

/* Not even a run_dir: no control socket, and sd_notify(3) works all the same. */
Test(init, nothing_can_be_written)
{
	struct sandbox *s = sandbox_new(SANDBOX_READ_ONLY);

	node_config(s->n, plain);
	node_spawn(s->n);
	journal_until(s->n, "up*");
	sandbox_end(s->n, SIGTERM);
	cr_assert_not_null(strstr(node_log(s->n), "so there is no control socket"), "%s",
			   node_log(s->n));
	cr_assert_not_null(strstr(node_log(s->n), "no copy of the configuration is kept"), "%s",
			   node_log(s->n));
}

Test(init, no_dev_null)
{
	struct sandbox *s = sandbox_new(SANDBOX_NO_DEV);

	node_config(s->n, "[service a]\ncommand = sh -c 'read line; echo \"end $?\" "
			  ">>@folder/journal; exec sleep 1000'\n");
	node_start(s->n);
	journal_until(s->n, "end 1");
	cr_assert_not_null(strstr(node_log(s->n), "/dev/null: "), "%s", node_log(s->n));
	sandbox_end(s->n, SIGTERM);
}

Test(init, user_without_an_account)
{
	struct sandbox *s;

	need_root();
	s = sandbox_new(0);
	s->uid = 12345;
	cr_assert_eq(chown(s->n->folder, s->uid, s->uid), 0);
	node_config(s->n, plain);
	node_start(s->n);
	journal_until(s->n, "up*");
	sandbox_end(s->n, SIGTERM);
}

Test(init, in_a_user_namespace)
{
	struct sandbox *s = sandbox_new(SANDBOX_USER);

	node_config(s->n, plain);
	node_start(s->n);
	journal_until(s->n, "up*");
	sandbox_end(s->n, SIGTERM);
}

/* ---- who reads its log is gone, or sleeps ---- */

static int pipe_to_nobody(bool gone)
{
	static const char line[PIPE_BUF];
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	if (gone) {
		close(ends[0]);
		return ends[1];
	}
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], line, sizeof(line)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	return ends[1];
}

static void run_unheard(unsigned how, bool gone)
{
	struct sandbox *s = sandbox_new(how);

	s->err_fd = pipe_to_nobody(gone);
	node_config(s->n, "log_level = debug\n[service a]\ncommand = sleep 1000\n");
	node_start(s->n);
	for (int i = 0; i < 50; i++)
		ctl(s->n, "restart a");
	sandbox_end(s->n, SIGTERM);
}

Test(init, log_to_a_pipe_whose_reader_is_gone)
{
	run_unheard(0, true);
}

Test(init, log_to_a_pipe_that_is_full)
{
	run_unheard(0, false);
}

#ifndef __SANITIZE_ADDRESS__ /* it can not do without /proc */
/* Where it can not open the pipe anew. */
Test(init, log_to_a_pipe_that_is_full_without_proc)
{
	run_unheard(SANDBOX_NO_PROC, false);
}
#endif

/* Not even its own mistakes can hold it up. */
Test(init, mistakes_to_a_pipe_that_is_full)
{
	struct sandbox *s = sandbox_new(0);

	s->err_fd = pipe_to_nobody(false);
	node_config(s->n, "[service a]\nno = key\n");
	node_start(s->n);
	sandbox_end(s->n, SIGTERM);
}

/* ---- a bad configuration ---- */

#define GOOD "[service good]\ncommand = sleep 1000\n"
#define BAD "[service bad]\ncomand = sleep 1000\n"

/* Stays, says what is wrong, and takes what is mended. */
Test(init, waits_for_a_good_configuration)
{
	struct sandbox *s = sandbox_new(0);
	struct node *n = s->n;

	node_config(n, BAD);
	node_start(n);
	cr_assert(!exists(n, "bad"));
	cr_assert_str_eq(state_of(n, "/"), "running");
	cr_assert_not_null(strstr(node_log(n), "supd.conf:5: unknown key \"comand\""), "%s",
			   node_log(n));
	cr_assert_not_null(strstr(node_log(n), "nothing is started; mend it"), "%s", node_log(n));
	/* not better yet */
	kill(sandbox_init(n), SIGHUP);
	while (!strstr(node_log(n), "still can not be used"))
		cr_assert_str_eq(state_of(n, "/"), "running");
	node_config(n, "[service good]\ncommand = @puppet/good say:up\n");
	kill(sandbox_init(n), SIGHUP);
	journal_until(n, "good up");
	sandbox_end(n, SIGTERM);
}

/* The command is in its place until then, and is started again when it ends. */
Test(init, runs_the_emergency_command)
{
	struct sandbox *s = sandbox_new(0);
	struct node *n = s->n;

	node_config(n, "emergency = sh -c 'echo \"emergency $$\" >>@folder/journal; "
		       "exec sleep 1000'\n" BAD);
	node_start(n);
	journal_until(n, "emergency *");
	cr_assert_str_eq(state_of(n, "emergency"), "running");
	ctl(n, "kill -KILL emergency");
	journal_until(n, "emergency *");
	node_config(n, "[service good]\ncommand = @puppet/good say:up\n");
	kill(sandbox_init(n), SIGHUP);
	journal_until(n, "good up");
	sandbox_end(n, SIGTERM);
}

/* Over starts, with all that it includes; SIGHUP then takes the mended file. */
Test(init, falls_back_on_the_last_accepted_copy)
{
	struct sandbox *s = sandbox_new(0);
	struct node *n = s->n;

	node_write(n, "more.conf", "[service more]\ncommand = @puppet/more say:first\n");
	node_config(n, "include = mo*.conf\n" GOOD);
	node_start(n);
	journal_until(n, "more first");
	sandbox_end(n, SIGTERM);
	node_write(n, "more.conf", BAD);
	node_start(n);
	journal_until(n, "more first");
	cr_assert_str_eq(state_of(n, "good"), "running");
	cr_assert_not_null(strstr(node_log(n), "its last accepted copy is, "), "%s", node_log(n));
	sandbox_end(n, SIGTERM);
	/* The file itself is gone. */
	cr_assert_eq(unlink(node_path(n, "supd.conf")), 0);
	node_start(n);
	journal_until(n, "more first");
	node_write(n, "more.conf", "[service more]\ncommand = @puppet/more say:second\n");
	node_config(n, "include = mo*.conf\n" GOOD);
	kill(sandbox_init(n), SIGHUP);
	journal_until(n, "more second");
	sandbox_end(n, SIGTERM);
}

/* One that others could have written is none. */
Test(init, copy_of_somebody_else)
{
	struct sandbox *s = sandbox_new(0);
	struct node *n = s->n;

	need_root();
	node_config(n, GOOD);
	node_start(n);
	sandbox_end(n, SIGTERM);
	cr_assert_eq(chown(node_path(n, "lib/supd/accepted"), 12345, 12345), 0);
	node_config(n, BAD);
	node_start(n);
	cr_assert(!exists(n, "good"));
	sandbox_end(n, SIGTERM);
}

/* A file that is fit, and more than the host can run. */
Test(init, limits_do_not_end_it)
{
	struct sandbox *s = sandbox_new(0);
	struct node *n = s->n;
	struct buf text = BUF_INIT;

	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "[service s%d]\ncommand = true\nautostart = no\n", i);
	need_root();
	s->uid = 12345;
	cr_assert_eq(chown(n->folder, s->uid, s->uid), 0);
	node_config(n, buf_text(&text));
	buf_fini(&text);
	s->nproc = 100;
	node_start(n);
	cr_assert_not_null(strstr(node_log(n), "RLIMIT_NPROC"), "%s", node_log(n));
	cr_assert_str_eq(state_of(n, "/"), "running");
	sandbox_end(n, SIGTERM);
}

/* A COMMAND can not be run as it was asked for: whoever asked is told. */
Test(init, command_with_a_bad_file)
{
	struct sandbox *s = sandbox_new(0);

	node_config(s->n, BAD);
	s->n->extra_args = "-- true";
	node_spawn(s->n);
	cr_assert_eq(node_wait(s->n), 78);
}

/* ---- a command ---- */

Test(init, command_as_first_process)
{
	struct sandbox *s = sandbox_new(0);
	struct node *n = s->n;

	node_config(n, "log_level = warning\n");
	n->extra_args =
		"-- sh -c '(sleep 1000 &); (setsid sleep 1000 &); test $PPID = 1 && exit 21'";
	node_spawn(n);
	cr_assert_eq(node_wait(n), 21, "%s", node_log(n));
	cr_assert_str_empty(node_log(n), "%s", node_log(n));
	node_check_nothing_left(n);
	n->extra_args = "-- sh -c 'trap \"exit 5\" TERM; echo up >>$HOME/journal; "
			"while :; do sleep 0.02; done'";
	node_spawn(n);
	journal_until(n, "up");
	kill(sandbox_init(n), SIGTERM);
	cr_assert_eq(node_wait(n), 5, "%s", node_log(n));
	node_check_nothing_left(n);
}

/* As docker run -it has it. */
Test(init, command_at_a_terminal)
{
	const char *const env[] = {"PATH=/usr/bin:/bin", "PS1=ready$", NULL};
	struct node *n = sandbox_new(0)->n;
	struct pty *p;

	node_config(n, "log_level = warning\n");
	p = pty_start_as(&n->who, env,
			 split(keep_printf("supd -c %s -- bash --norc --noprofile --noediting -i",
					   node_path(n, "supd.conf"))));
	pty_until(p, "ready$");
	cr_assert_null(strstr(buf_text(&p->seen), "job control"), "%s", buf_text(&p->seen));
	pty_type(p, "(echo n''ow $PPID; exec cat)\n");
	pty_until(p, "now 1\r\n");
	pty_type(p, "\032");
	pty_until(p, "Stopped");
	pty_until(p, "ready$");
	pty_type(p, "fg\n");
	pty_until(p, "cat )");
	/* It has the terminal again once it answers. */
	pty_type(p, "two\n");
	pty_until(p, "two\r\ntwo\r\n");
	pty_type(p, "\003");
	pty_until(p, "ready$");
	pty_type(p, "exit 4\n");
	cr_assert_eq(pty_end(p), 4);
	node_check_nothing_left(n);
}

/* Where nobody could let it go on, a stop by the terminal is none. */
Test(init, command_is_not_stopped_for_ever)
{
	const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	struct node *n = sandbox_new(0)->n;
	struct pty *p;

	node_config(n, "log_level = warning\n");
	p = pty_start_as(&n->who, env,
			 split(keep_printf("supd -c %s -- cat", node_path(n, "supd.conf"))));
	pty_type(p, "one\n");
	pty_until(p, "one\r\none\r\n");
	pty_type(p, "\032");
	pty_until(p, "^Z");
	pty_type(p, "two\n");
	pty_until(p, "two\r\ntwo\r\n");
	pty_type(p, "\004");
	cr_assert_eq(pty_end(p), 0);
	node_check_nothing_left(n);
}

/* ---- the example ---- */

Test(init, container_conf)
{
	struct sandbox *s = sandbox_new(0);
	struct node *n = s->n;
	char path[PATH_MAX];

	cr_assert_not_null(realpath("conf/container.conf", path), "run this from the top");
	node_config(n, keep_printf("include = %s\n", path));
	node_start(n);
	ctl(n, "wait main --for ready");
	cr_assert_str_eq(state_of(n, "cache"), "running");
	cr_assert_str_eq(state_of(n, "janitor"), "running");
	ctl(n, "kill -KILL cache");
	ctl(n, "wait cache --for ready");
	sandbox_end(n, SIGTERM);
	node_start(n);
	ctl(n, "wait main --for ready");
	ctl(n, "kill -KILL main");
	cr_assert_eq(node_wait(n), 128 + 9, "%s", node_log(n));
	node_check_nothing_left(n);
}
