/* SPDX-License-Identifier: MIT */

/* Services that are asked whether they are well. */

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listener.h"
#include "script.h"
#include "support.h"

RUN_SUITE(health);

#define PUPPET(name) "[service " name "]\ncommand = @puppet/" name "\n"
#define WELL "HTTP/1.1 200 OK\r\n\r\n"
#define ILL "HTTP/1.1 503 No\r\n\r\n"

static char *status(struct node *n, const char *target, const char *key)
{
	return json_get(ctl(n, "status %s --json", target), key);
}

/* It is that, now or in a while. */
static void until_health(struct node *n, const char *target, const char *wanted)
{
	while (strcmp(status(n, target, "health"), wanted) != 0)
		;
}

static void has(const char *text, const char *part)
{
	cr_assert_not_null(strstr(text, part), "no \"%s\" in: %s", part, text);
}

static struct node *run_asked(const struct listener *l, const char *more)
{
	return node_run(keep_printf(PUPPET("a") "health = http://127.0.0.1:%u/\n"
						"health_interval = 50ms\n%s",
				    (unsigned)l->port, more));
}

/* Failures count in a row only; after the third it ends, and is started anew. */
Test(health, unhealthy_is_restarted)
{
	struct listener l CLEANUP(listener_fini);
	struct node *n;
	struct watch *w;

	listener_init(&l);
	listener_open(&l);
	n = run_asked(&l, "");
	w = watch_open(n);
	journal_until(n, "a start *");
	cr_assert_str_eq(status(n, "a", "health"), "starting");
	listener_answer(&l, WELL);
	until_health(n, "a", "healthy");
	cr_assert_str_eq(status(n, "a", "health_failures"), "0");
	listener_answer(&l, ILL);
	listener_answer(&l, ILL);
	listener_answer(&l, WELL);
	listener_answer(&l, ILL);
	listener_answer(&l, "garbage\r\n");
	cr_assert_eq(watch_count(w, "doomed a *"), 0);
	listener_answer(&l, "");
	watch_until(w, "failing a *");
	watch_until(w, "unhealthy a *");
	watch_until(w, "doomed a unhealthy");
	watch_until(w, "exit a unhealthy");
	watch_until(w, "ready a");
	cr_assert_eq(look(n, "a").restarts, 1);
	cr_assert_str_eq(status(n, "a", "health"), "starting");
	listener_answer(&l, WELL);
	until_health(n, "a", "healthy");
	node_end(n);
}

/* What was wrong is told wherever one would look. */
Test(health, what_was_wrong)
{
	struct listener l CLEANUP(listener_fini);
	struct node *n;

	listener_init(&l);
	n = run_asked(&l, "restart = temporary\nhealth_retries = 2\n");
	sync_tree(n);
	ctl(n, "wait a --for down");
	cr_assert_str_eq(look(n, "a").reason, "unhealthy");
	cr_assert_str_eq(status(n, "a", "health"), "unhealthy");
	cr_assert_str_eq(status(n, "a", "health_failures"), "2");
	cr_assert_str_eq(status(n, "a", "health_detail"), "Connection refused");
	has(ctl(n, "why a"), "2 failures in a row: http://127.0.0.1:");
	has(ctl(n, "why a"), "/: Connection refused\nbecause ");
	node_end(n);
	has(node_log(n), "will end: unhealthy: 2 failures in a row: http://127.0.0.1:");
}

/* Nobody asks what is told to stop, or is down; a new start begins anew. */
Test(health, only_while_it_runs)
{
	struct listener l CLEANUP(listener_fini);
	struct pollfd p;
	struct node *n;

	listener_init(&l);
	listener_open(&l);
	n = run_asked(&l, "health_timeout = 1h\n");
	request_read(listener_accept(&l));
	ctl(n, "stop a");
	cr_assert_str_eq(status(n, "a", "health"), "none");
	p = (struct pollfd){.fd = l.fd, .events = POLLIN};
	cr_assert_eq(poll(&p, 1, 500), 0, "somebody asks");
	ctl(n, "start a");
	listener_answer(&l, WELL);
	until_health(n, "a", "healthy");
	node_end(n);
}

/* An answer that never comes is one question, not many. */
Test(health, one_question_at_a_time)
{
	struct listener l CLEANUP(listener_fini);
	struct pollfd p;
	struct node *n;
	struct watch *w;
	int fd;

	listener_init(&l);
	listener_open(&l);
	n = run_asked(&l, "health_timeout = 4s\nhealth_retries = 1\n");
	w = watch_open(n);
	fd = listener_accept(&l);
	request_read(fd);
	p = (struct pollfd){.fd = l.fd, .events = POLLIN};
	cr_assert_eq(poll(&p, 1, 300), 0, "somebody asks");
	watch_until(w, "doomed a unhealthy");
	has(ctl(n, "why a --json"), "no answer within 4s");
	close(fd);
	node_end(n);
}

Test(health, start_period)
{
	struct listener l CLEANUP(listener_fini);
	struct node *n;
	struct watch *w;

	listener_init(&l);
	listener_open(&l);
	n = run_asked(&l, "health_start_period = 1h\nhealth_retries = 1\n");
	w = watch_open(n);
	for (int i = 0; i < 5; i++)
		listener_answer(&l, ILL);
	cr_assert_str_eq(status(n, "a", "health"), "starting");
	cr_assert_str_eq(status(n, "a", "health_failures"), "0");
	listener_answer(&l, WELL);
	until_health(n, "a", "healthy");
	listener_answer(&l, ILL);
	watch_until(w, "doomed a unhealthy");
	node_end(n);
}

/* A command that hangs, deaf to SIGTERM, and its child. It is asked several times: on a busy
 * machine it may be ended before it has a child. */
Test(health, command)
{
	struct node *n = node_new();
	const char *child;

	node_write(n, "probe",
		   "trap '' TERM\nsleep 600 &\necho probe child $! >@folder/journal\nwait\n");
	node_config(n, PUPPET("a") "restart = temporary\nhealth = command:sh @folder/probe\n"
				   "health_interval = 10ms\nhealth_timeout = 300ms\n"
				   "health_retries = 5\n");
	node_start(n);
	child = journal_until(n, "probe child *");
	proc_wait_gone((pid_t)atoi(strrchr(child, ' ') + 1));
	ctl(n, "wait a --for down");
	cr_assert_str_eq(look(n, "a").reason, "unhealthy");
	has(status(n, "a", "health_detail"), "no end within 300ms");
	node_end(n);
}

Test(health, command_that_fails_and_one_that_does_not)
{
	struct node *n =
		node_run(PUPPET("a") "health = command:true\nhealth_interval = 10ms\n" PUPPET(
			"b") "health = command:sh -c 'exit 7'\n"
			     "health_interval = 10ms\nrestart = temporary\n");

	until_health(n, "a", "healthy");
	until_health(n, "b", "unhealthy");
	has(status(n, "b", "health_detail"), "it ended with exit:7");
	node_end(n);
}

/* Two hundred at a time, on one backlog that nobody accepts from. */
static size_t count_of(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

/* All that have connected so far; the kernel turns away what it has to keep waiting for long. */
static void take_all(const struct listener *l)
{
	struct pollfd wait = {.fd = l->fd, .events = POLLIN};

	while (poll(&wait, 1, 0) == 1)
		close(listener_accept(l));
}

Test(health, many)
{
	struct listener l CLEANUP(listener_fini);
	struct buf config CLEANUP(buf_fini) = BUF_INIT;
	struct node *n;

	listener_init(&l);
	listener_open(&l);
	buf_printf(&config, "[supervisor /]\nstart = parallel\n");
	for (int i = 0; i < 200; i++)
		buf_printf(&config,
			   "[service s%d]\ncommand = sleep 600\nhealth = tcp:127.0.0.1:%u\n"
			   "health_interval = 1s\nmailbox = none\n",
			   i, (unsigned)l.port);
	n = node_run(buf_text(&config));
	for (int i = 0; i < 600; i++)
		close(listener_accept(&l));
	while (count_of(ctl(n, "status --json"), "\"health\":\"healthy\"") < 200)
		take_all(&l);
	node_end(n);
}

/* It answers twice, and then no more. */
Test(health, mailbox)
{
	static const struct script scripts[] = {
		{"a", "supctl ready\n" NEXT "echo $kind $tag\nsupctl reply $from $ref well\n" NEXT
		      "echo $kind $tag\nsupctl reply $from $ref\nexec sleep 600\n"},
		{NULL, NULL}};
	struct node *n = run_scripts(SCRIPT("a") "health = mailbox\nhealth_retries = 2\n"
						 "health_interval = 100ms\nhealth_timeout = 1s\n",
				     scripts);
	struct watch *w = watch_open(n);

	sync_tree(n);
	until_health(n, "a", "healthy");
	watch_until(w, "doomed a unhealthy");
	watch_until(w, "exit a unhealthy");
	cr_assert_str_eq(status(n, "a", "health_detail"), "no answer within 1s");
	cr_assert_str_eq(node_read(n, "a.out"), "call health\ncall health\n");
	node_end(n);
}

/* One that never looks into its mailbox; another tag; what it has told is not kept for ever. */
Test(health, mailbox_that_nobody_reads)
{
	struct node *n = node_run(PUPPET("a") "restart = temporary\nhealth = mailbox:ping\n"
					      "health_interval = 10ms\nhealth_timeout = 50ms\n"
					      "health_retries = 60\n");
	struct watch *w = watch_open(n);

	while (atoi(status(n, "a", "health_failures")) < 3)
		;
	cr_assert_str_eq(status(n, "a", "message_queue_len"), "1");
	watch_until(w, "doomed a unhealthy");
	watch_until(w, "exit a unhealthy");
	has(ctl(n, "why a"), "60 failures in a row: mailbox:ping: no answer within 50ms");
	node_end(n);
}

/* Nobody has asked for anything. */
Test(health, none)
{
	struct node *n = node_run(PUPPET("a"));
	char *row;

	sync_tree(n);
	row = ctl(n, "status a --json");
	has(row, "\"health\":null");
	cr_assert_null(strstr(row, "health_detail"));
	node_end(n);
}
