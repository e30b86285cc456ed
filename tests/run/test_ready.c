/* SPDX-License-Identifier: MIT */

/* Services that are found to be ready: by a newline, by their mailbox, by being asked. */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listener.h"
#include "support.h"

RUN_SUITE(ready);

#define PUPPET(name) "[service " name "]\ncommand = @puppet/" name "\n"
#define ONCE "restart = temporary\nautostart = no\n"

/* A node of one puppet, which is to be asked at that port in that way. */
static struct node *run_asked(const struct listener *l, const char *form, const char *path,
			      const char *more)
{
	return node_run(keep_printf(PUPPET("a") "ready = %s127.0.0.1:%u%s\n%s", form,
				    (unsigned)l->port, path, more));
}

static void has(const char *text, const char *part)
{
	cr_assert_not_null(strstr(text, part), "no \"%s\" in: %s", part, text);
}

/* ---- asked ---- */

Test(ready, tcp_late)
{
	struct listener l CLEANUP(listener_fini);
	struct node *n;

	listener_init(&l);
	n = run_asked(&l, "tcp:", "", PUPPET("b"));
	journal_until(n, "a start *");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	cr_assert_str_eq(state_of(n, "b"), "waiting");
	cr_assert_eq(journal_count(n, "b *"), 0);
	listener_open(&l);
	journal_until(n, "b start *");
	ctl(n, "wait a --for ready");
	close(listener_accept(&l));
	has(ctl(n, "child spec / a --json"), "\"ready\":\"tcp:127.0.0.1:");
	node_end(n);
}

Test(ready, tcp_never)
{
	struct listener l CLEANUP(listener_fini);
	struct node *n;
	struct watch *w;
	char *text;

	listener_init(&l);
	n = run_asked(&l, "tcp:", "", ONCE "start_timeout = 300ms\n");
	w = watch_open(n);
	text = ctl_fails(n, 1, "start a");
	has(text, "timeout:start (it was not ready within 300ms): tcp:127.0.0.1:");
	has(text, ": Connection refused");
	watch_until(w, "killing a");
	watch_until(w, "start_failed a timeout:start");
	text = ctl(n, "why a");
	has(text, "it was not ready within 300ms: tcp:127.0.0.1:");
	has(text, ": Connection refused");
	node_end(n);
	text = node_log(n);
	has(text, "start failed: timeout:start (it was not ready within 300ms): tcp:127.0.0.1:");
}

/* Its death is what counts, not what was asked meanwhile; the next start is asked anew. */
Test(ready, it_dies_first)
{
	struct listener l CLEANUP(listener_fini);
	struct program starting;
	struct node *n;

	listener_init(&l);
	n = run_asked(&l, "tcp:", "", ONCE);
	supctl_begin(n, &starting, "start a");
	journal_until(n, "a start *");
	order(n, "a", "exit:3");
	cr_assert_eq(program_wait(&starting), 1);
	cr_assert_str_eq(look(n, "a").reason, "exit:3");
	cr_assert_null(strstr(ctl(n, "why a"), "refused"));
	supctl_begin(n, &starting, "start a");
	journal_until(n, "a start *");
	listener_open(&l);
	cr_assert_eq(program_wait(&starting), 0);
	node_end(n);
}

Test(ready, stopped_while_it_is_asked)
{
	struct listener l CLEANUP(listener_fini);
	struct program starting;
	struct node *n;

	listener_init(&l);
	listener_open(&l);
	n = run_asked(&l, "http://", "/", ONCE);
	supctl_begin(n, &starting, "start a");
	journal_until(n, "a start *");
	request_read(listener_accept(&l));
	ctl(n, "stop a");
	cr_assert_eq(program_wait(&starting), 1);
	cr_assert_str_eq(state_of(n, "a"), "stopped");
	node_end(n);
}

Test(ready, unix_late)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct node *n = node_run(PUPPET("a") "ready = unix:@folder/%n.socket\n");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	journal_until(n, "a start *");
	strncpy(address.sun_path, node_path(n, "a.socket"), sizeof(address.sun_path) - 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_str_eq(state_of(n, "a"), "starting");
	cr_assert_eq(listen(fd, 5), 0);
	ctl(n, "wait a --for ready");
	node_end(n);
	close(fd);
	unlink(address.sun_path);
}

/* A path that is too long only when it is the service's own. */
Test(ready, unix_path_too_long)
{
	struct node *n = node_run(
		"[service "
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"]\ncommand = @puppet/a\nready = unix:/run/some/longer/path/to/it/%n\n" ONCE);
	char *text = ctl_fails(
		n, 1,
		"start "
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");

	has(text, "ready unix:/run/some/longer/path/to/it/%n: File name too long");
	node_end(n);
}

/* Each of them but the last is no reason to call it ready; that one comes byte by byte. */
Test(ready, http)
{
	static const char *const bad[] = {"HTTP/1.1 503 No\r\n\r\n", "HTTP/1.1 404 No\r\n\r\n", "",
					  "\xff\xfe\x1b garbage", "HTTP/1.1 2"};
	static const char good[] = "HTTP/1.1 301 Moved\r\n";
	struct listener l CLEANUP(listener_fini);
	struct node *n;
	int fd;

	listener_init(&l);
	listener_open(&l);
	n = run_asked(&l, "http://", "/health?x", "ready_interval = 10ms\n");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		listener_answer(&l, bad[i]);
	fd = listener_accept(&l);
	request_read(fd);
	for (size_t i = 0; i < sizeof("HTTP/1.1 301") - 1; i++) {
		cr_assert_str_eq(state_of(n, "a"), "starting");
		cr_assert_eq(send(fd, good + i, 1, MSG_NOSIGNAL), 1);
	}
	cr_assert_eq(send(fd, " ", 1, MSG_NOSIGNAL), 1);
	ctl(n, "wait a --for ready");
	close(fd);
	node_end(n);
}

Test(ready, http_silence)
{
	struct listener l CLEANUP(listener_fini);
	struct node *n;
	char *text;

	listener_init(&l);
	listener_open(&l);
	n = run_asked(&l, "http://", "/", ONCE "start_timeout = 500ms\n");
	text = ctl_fails(n, 1, "start a");
	has(text, "/: connected, no answer yet");
	node_end(n);
}

Test(ready, command)
{
	struct node *n = node_run(PUPPET("a") "ready = command:sh -c \"test -e @folder/%n.up && "
					      "kill -0 $MAINPID\"\n");

	journal_until(n, "a start *");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	node_write(n, "a.up", "");
	ctl(n, "wait a --for ready");
	node_end(n);
}

/* One at a time: the start ends while it runs, and nothing of it is left. */
Test(ready, command_that_does_not_end)
{
	struct node *n = node_run(PUPPET("a") ONCE
				  "start_timeout = 1s\nready = command:sh -c 'trap \"\" TERM; "
				  "echo probe start >@folder/journal; exec sleep 600'\n");
	char *text = ctl_fails(n, 1, "start a");

	has(text, "it has not ended yet");
	cr_assert_eq(journal_count(n, "probe start"), 1);
	node_end(n);
}

Test(ready, command_that_is_none)
{
	struct node *n = node_run(PUPPET("a") ONCE "start_timeout = 500ms\n"
						   "ready = command:@folder/no-such-program\n");
	char *text = ctl_fails(n, 1, "start a");

	has(text, "no-such-program: No such file or directory");
	node_end(n);
}

/* ---- a newline ---- */

/* A FIFO in the node's folder, which a shell waits for. */
static struct node *node_with_gate(const char *config)
{
	struct node *n = node_new();

	cr_assert_eq(mkfifo(node_path(n, "gate"), 0666), 0);
	node_config(n, config);
	node_start(n);
	return n;
}

static void open_gate(struct node *n)
{
	int fd = open(node_path(n, "gate"), O_WRONLY | O_CLOEXEC);

	cr_assert_eq(write(fd, "x\n", 2), 2);
	close(fd);
}

/* As s6: on the fd that it names; the mailbox goes elsewhere. */
Test(ready, fd_of_a_shell)
{
	struct node *n = node_with_gate(
		"[service a]\nready = fd:3\n"
		"command = sh -euc 'printf almost >&3; echo a box at $SUP_FD >@folder/journal;"
		" read x <@folder/gate; echo >&3; exec 3>&-; exec sleep 600'\n"
		"[service b]\ncommand = @puppet/b\n");

	cr_assert_str_eq(journal_until(n, "a box at *"), "a box at 4");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	cr_assert_eq(journal_count(n, "b *"), 0);
	open_gate(n);
	journal_until(n, "b start *");
	cr_assert_str_eq(state_of(n, "a"), "running");
	node_end(n);
}

Test(ready, fd_that_is_closed_without)
{
	struct node *n = node_run("[service a]\nready = fd:9\nmailbox = none\n" ONCE
				  "start_timeout = 500ms\n"
				  "command = sh -c \"printf no >&9; exec sleep 600 9>&-\"\n");

	has(ctl_fails(n, 1, "start a"), "fd:9: it closed it without a newline");
	node_end(n);
}

Test(ready, fd_that_says_nothing)
{
	struct node *n = node_run("[service a]\nready = fd:255\nstart_timeout = 500ms\n" ONCE
				  "command = sleep 600\n");

	has(ctl_fails(n, 1, "start a"), "fd:255: no newline yet");
	node_end(n);
}

/* What it says before its end counts. */
Test(ready, fd_and_a_quick_end)
{
	struct node *n = node_run("[service a]\nready = fd:4\n" ONCE
				  "command = sh -c \"echo >&4; exit 3\"\n");
	struct watch *w = watch_open(n);

	ctl(n, "start a");
	watch_until(w, "ready a");
	watch_until(w, "exit a exit:3");
	node_end(n);
}

/* ---- a line ---- */

/* All of it goes where it goes without. Whoever opens the gate may be still there when it is opened
 * for the second time, and there is nothing to be read then. */
Test(ready, log)
{
	struct node *n = node_with_gate(
		"[service a]\nready = log:^(server|listener) ready$\nlog_format = raw\n"
		"command = sh -euc 'echo not yet ready; echo a begun >@folder/journal;"
		" read x <@folder/gate; echo server ready; until read x <@folder/gate; do :; done;"
		" echo one more >&2; printf last; echo a done >@folder/journal; exec sleep 600'\n"
		"[service b]\ncommand = @puppet/b\n");

	journal_until(n, "a begun");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	cr_assert_eq(journal_count(n, "b *"), 0);
	open_gate(n);
	journal_until(n, "b start *");
	cr_assert_str_eq(state_of(n, "a"), "running");
	open_gate(n);
	journal_until(n, "a done");
	node_end(n);
	cr_assert_str_eq(node_service_log(n, "a"), "not yet ready\nserver ready\none more\nlast");
}

Test(ready, log_of_standard_error)
{
	struct node *n =
		node_run("[service a]\nready = log:up\nstdout = file:@folder/out\n"
			 "stderr = log\n"
			 "command = sh -c 'echo up; echo UP; echo up >&2; exec sleep 600'\n");

	ctl(n, "wait a --for ready");
	node_end(n);
	cr_assert_str_eq(node_read(n, "out"), "up\nUP\n");
}

Test(ready, log_never)
{
	struct node *n = node_run("[service a]\nready = log:up\nstart_timeout = 500ms\n" ONCE
				  "command = sh -c 'echo down; exec sleep 600'\n");

	has(ctl_fails(n, 1, "start a"), "log:up: no such line yet");
	node_end(n);
}

/* What it says before its end counts, and a child that keeps its output is no hindrance. */
Test(ready, log_and_a_quick_end)
{
	struct node *n = node_run("[service a]\nready = log:up\nlog_format = raw\n" ONCE
				  "command = sh -c 'sleep 600 & echo up; exit 3'\n");
	struct watch *w = watch_open(n);

	ctl(n, "start a");
	watch_until(w, "ready a");
	watch_until(w, "exit a exit:3");
	node_end(n);
	cr_assert_str_eq(node_service_log(n, "a"), "up\n");
}

/* ---- its mailbox ---- */

Test(ready, mailbox)
{
	struct node *n = node_new();
	char *supctl_path = build_path("supctl");

	cr_assert_eq(mkfifo(node_path(n, "gate"), 0666), 0);
	node_write(n, "a.sh",
		   keep_printf("echo a begun >$1/journal; read x <$1/gate\n"
			       "echo got \"$(%s recv)\" >$1/journal; exec sleep 600\n",
			       supctl_path));
	node_config(n, "[service a]\nready = mailbox\ncommand = sh -eu @folder/a.sh @folder\n"
		       "pass_environment = PATH ASAN_OPTIONS UBSAN_OPTIONS\n"
		       "[service b]\ncommand = @puppet/b\n");
	node_start(n);
	journal_until(n, "a begun");
	ctl(n, "send a hello");
	cr_assert_str_eq(state_of(n, "a"), "starting");
	cr_assert_eq(journal_count(n, "b *"), 0);
	open_gate(n);
	journal_until(n, "b start *");
	cr_assert_str_eq(state_of(n, "a"), "running");
	journal_find(n, "got *hello*");
	unlink(node_path(n, "gate"));
	node_end(n);
}
