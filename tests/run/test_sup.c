/* SPDX-License-Identifier: MIT */

/*
 * The library against the real daemon: two mailboxes borrowed from puppets, opened in the test's
 * own process. Where both sides have to wait at the same time the second is a thread.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/run/libsup.h"

RUN_SUITE(sup);

#define PUPPET(name, more)                                                                 \
	"[service " name "]\ncommand = @puppet/" name " ready\nready = notify\nrestart = " \
	"temporary\n" more

static const struct sup_clause urgent_first[] = {{.tag = "priority"}, {.tag = "normal"}};

static struct node *node;
static struct sup *a, *b;
static sup_pid a_pid, b_pid;

static void begin_with(const char *more)
{
	node = node_run(keep_printf(PUPPET("a", "%s") PUPPET("b", "%s"), more, more));
	sync_tree(node);
	a = sup_borrow(node, "a");
	b = sup_borrow(node, "b");
	cr_assert_eq(sup_self(a, &a_pid), 0);
	cr_assert_eq(sup_self(b, &b_pid), 0);
}

static void begin(void)
{
	begin_with("");
}

static void end(void)
{
	sup_close(a);
	sup_close(b);
	node_end(node);
}

/* ---- messages ---- */

Test(sup, s1_many_messages_keep_their_order)
{
	begin();
	sup_cork(a);
	for (uint32_t i = 0; i < 20000; i++)
		cr_assert_eq(sup_send(a, b_pid, "n", sup_bytes(&i, sizeof(i)), 0), 0);
	cr_assert_eq(sup_uncork(a), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		struct sup_message *m;

		cr_assert_eq(sup_receive(b, NULL, 0, 0, SUP_FOREVER, &m), 0);
		cr_assert_eq(memcmp(m->payload, &i, sizeof(i)), 0, "number %u", i);
		cr_assert_eq(m->from.n, a_pid.n);
		sup_message_free(m);
	}
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, 0), "ETIMEDOUT");
	end();
}

static void send_many_normal(unsigned n)
{
	sup_cork(a);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(sup_send(a, b_pid, "normal", sup_text(keep_printf("%u", i)), 0), 0);
	cr_assert_eq(sup_send(a, b_pid, "priority", sup_text("p"), 0), 0);
	cr_assert_eq(sup_uncork(a), 0);
	/* All of it is in the mailbox when supd has answered. */
	cr_assert_eq(sup_send_name(a, "b", "other", SUP_NOTHING, 0), 0);
}

/* D1: behind far more than is ever handed out at once. */
Test(sup, d1_by_clause_over_the_whole_mailbox)
{
	begin();
	send_many_normal(3000);
	cr_expect_str_eq(sup_take(b, urgent_first, 2, 0, 0), "message priority p");
	for (unsigned i = 0; i < 3000; i++)
		cr_assert_str_eq(sup_take(b, urgent_first, 2, 0, 0),
				 keep_printf("message normal %u", i));
	cr_expect_str_eq(sup_take(b, urgent_first, 2, 0, 0), "ETIMEDOUT");
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, 0), "message other ");
	end();
}

/* SEMANTICS 12, 14. */
Test(sup, s12_s14_in_order_and_at_once)
{
	begin();
	send_many_normal(1000);
	cr_expect_str_eq(sup_take(b, urgent_first, 2, SUP_IN_ORDER, 0), "message normal 0");
	cr_expect_str_eq(sup_take(b, (struct sup_clause[]){{.tag = "oth*"}}, 1, 0, 0),
			 "message other ");
	cr_expect_str_eq(sup_take(b, (struct sup_clause[]){{.tag = "none"}}, 1, 0, 0), "ETIMEDOUT");
	cr_expect_str_eq(sup_take(b, (struct sup_clause[]){{.tag = "none"}}, 1, 0, 20),
			 "ETIMEDOUT");
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, 0), "message normal 1");
	end();
}

/* SEMANTICS 14: what one has sent oneself is there. */
Test(sup, s14_sent_to_oneself)
{
	begin();
	for (int i = 0; i < 200; i++) {
		cr_assert_eq(sup_send(a, a_pid, "t", sup_text("x"), 0), 0);
		cr_assert_str_eq(sup_take(a, NULL, 0, 0, 0), "message t x");
		cr_assert_eq(sup_send(a, a_pid, "normal", sup_text("n"), 0), 0);
		cr_assert_eq(sup_send(a, a_pid, "priority", sup_text("p"), 0), 0);
		cr_assert_str_eq(sup_take(a, urgent_first, 2, 0, 0), "message priority p");
		cr_assert_str_eq(sup_take(a, NULL, 0, 0, 0), "message normal n");
	}
	end();
}

/* SEMANTICS 4, 5. */
Test(sup, s4_s5_whom_one_does_not_reach)
{
	begin();
	cr_expect_eq(sup_send(a, (sup_pid){4711}, "t", SUP_NOTHING, 0), 0);
	cr_expect_eq(sup_send_name(a, "nobody", "t", SUP_NOTHING, 0), -ESRCH);
	cr_expect_eq(sup_send_name(a, "b", "t", sup_text("x"), SUP_NOWAIT), 0);
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, SUP_FOREVER), "message t x");
	end();
}

Test(sup, a_megabyte_in_a_memfd)
{
	size_t size = 1 << 20;
	char *payload = keep(malloc(size));
	struct sup_message *m;

	begin();
	for (size_t i = 0; i < size; i++)
		payload[i] = (char)(i * 7);
	cr_assert_eq(sup_send(a, b_pid, "big", sup_bytes(payload, size), 0), 0);
	cr_assert_eq(sup_receive(b, NULL, 0, 0, SUP_FOREVER, &m), 0);
	cr_expect_str_eq(m->tag, "big");
	cr_assert_eq(m->size, size);
	cr_expect_eq(memcmp(m->payload, payload, size), 0);
	sup_message_free(m);
	end();
}

/* To many that do not receive: their mailboxes hold them. */
Test(sup, large_payloads_to_many)
{
	struct actor_end *guests[12];
	char *payload = keep(calloc(1, 100000));
	struct rlimit limit;
	sup_pid pid;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max < 16384)
		cr_skip_test("supd may not open files enough here");
	begin();
	for (size_t i = 0; i < ARRAY_LEN(guests); i++) {
		guests[i] = actor_guest(node);
		cr_assert_eq(actor_request(guests[i], "self", NULL, NULL, NULL, NULL), 0);
		cr_assert_eq(sup_pid_parse(actor_reply(guests[i], "pid"), &pid), 0);
		for (int n = 0; n < 30; n++)
			cr_assert_eq(sup_send(a, pid, "big", sup_bytes(payload, 100000), 0), 0);
	}
	cr_assert_eq(sup_send_name(a, "b", "t", SUP_NOTHING, 0), 0, "it is still connected");
	for (size_t i = 0; i < ARRAY_LEN(guests); i++)
		actor_close(guests[i]);
	end();
}

/* D3: what was sent to the path and is not acknowledged is there for the next incarnation. */
Test(sup, d3_a_durable_mailbox)
{
	static const char *const texts[] = {"1", "2", "3", "4"};
	struct watch *events;
	struct sup_message *m;

	node = node_run(PUPPET("a", "") "[service b]\ncommand = @puppet/b ready\nready = notify\n"
					"mailbox = durable\n");
	sync_tree(node);
	events = watch_open(node);
	a = sup_borrow(node, "a");
	b = sup_borrow(node, "b");
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(sup_send_name(a, "b", "t", sup_text(texts[i]), 0), 0);
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, SUP_FOREVER), "message t 1");
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, SUP_FOREVER), "message t 2");
	cr_assert_eq(sup_receive(b, NULL, 0, 0, SUP_FOREVER, &m), 0);
	cr_expect_str_eq(m->payload, "3");
	cr_expect_eq(sup_ack(b, m), 0);
	sup_message_free(m);
	ctl(node, "kill -KILL b");
	sup_close(b);
	watch_until(events, "ready b*");
	b = sup_borrow(node, "b");
	cr_assert_eq(sup_receive(b, NULL, 0, 0, SUP_FOREVER, &m), 0);
	cr_expect_str_eq(m->payload, "4", "3 was acknowledged");
	cr_expect(m->redelivered, "it had come with the others");
	sup_message_free(m);
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, 0), "ETIMEDOUT");
	end();
}

/* ---- full mailboxes ---- */

struct side {
	struct sup *sup;
	sup_pid to;
};

#define EACH 3000

static void *send_and_receive(void *argument)
{
	struct side *side = argument;
	char payload[1000] = "";
	struct sup_message *m;

	for (int i = 0; i < EACH; i++)
		if (sup_send(side->sup, side->to, "t", sup_bytes(payload, sizeof(payload)), 0) < 0)
			return side;
	for (int i = 0; i < EACH; i++) {
		if (sup_receive(side->sup, NULL, 0, 0, SUP_FOREVER, &m) < 0)
			return side;
		sup_message_free(m);
	}
	return NULL;
}

/* Each sends far more than mailbox and outbox take before it receives anything. */
Test(sup, two_that_send_to_each_other_do_not_wait_for_ever)
{
	struct side one, other;
	pthread_t thread;
	void *result;

	begin_with("mailbox_limit = 64K\noutbox_limit = 64K\n");
	one = (struct side){a, b_pid};
	other = (struct side){b, a_pid};
	cr_assert_eq(pthread_create(&thread, NULL, send_and_receive, &one), 0);
	cr_expect_null(send_and_receive(&other));
	pthread_join(thread, &result);
	cr_expect_null(result);
	end();
}

/* Answers a call, but sends its caller far more than fits before that. */
static void *send_then_answer(void *argument)
{
	struct side *side = argument;
	char payload[1000] = "";
	struct sup_message *call;
	int r = sup_receive(side->sup, NULL, 0, 0, SUP_FOREVER, &call);

	for (int i = 0; i < EACH && r == 0; i++)
		r = sup_send(side->sup, side->to, "t", sup_bytes(payload, sizeof(payload)), 0);
	if (r == 0)
		r = sup_reply(side->sup, call->from, call->ref, "ok", SUP_NOTHING, 0);
	sup_message_free(call);
	return (void *)(intptr_t)r;
}

Test(sup, a_caller_makes_room_for_who_is_to_answer)
{
	struct sup_message *reply;
	struct side side;
	pthread_t thread;
	void *r;

	begin_with("mailbox_limit = 64K\noutbox_limit = 64K\n");
	side = (struct side){b, a_pid};
	cr_assert_eq(pthread_create(&thread, NULL, send_then_answer, &side), 0);
	cr_assert_eq(sup_call(a, b_pid, "get", SUP_NOTHING, SUP_FOREVER, &reply), 0);
	sup_message_free(reply);
	pthread_join(thread, &r);
	cr_expect_null(r);
	end();
}

/* Sends without waiting until nothing moves any more: the daemon has answered us twice and takes no
 * more of it. Returns how many went. */
static unsigned fill(void)
{
	char payload[1000] = "";
	unsigned n = 0, quiet = 0;
	sup_pid pid;

	while (quiet < 2) {
		unsigned before = n;

		while (sup_send(a, b_pid, "t", sup_bytes(payload, sizeof(payload)), SUP_NOWAIT) ==
		       0)
			cr_assert_lt(++n, 10000);
		cr_assert_eq(sup_whereis(a, "b", &pid), 0);
		quiet = n == before ? quiet + 1 : 0;
	}
	return n;
}

/* D2: who must not wait is told. */
Test(sup, a_full_mailbox_without_waiting)
{
	unsigned n;

	begin_with("mailbox_limit = 64K\noutbox_limit = 64K\n");
	n = fill();
	cr_expect_eq(sup_send(a, b_pid, "t", SUP_NOTHING, SUP_NOWAIT), -EAGAIN);
	cr_expect_eq(sup_send_name(a, "b", "t", SUP_NOTHING, SUP_NOWAIT), -EAGAIN);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(strncmp(sup_take(b, NULL, 0, 0, SUP_FOREVER), "message t ", 10), 0);
	cr_expect_eq(sup_send(a, b_pid, "t", sup_text("again"), 0), 0);
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, SUP_FOREVER), "message t again");
	end();
}

/* ---- calls ---- */

/* Answers each call with its payload, until it gets a message. */
static void *serve(void *argument)
{
	struct sup *sup = argument;
	struct sup_message *m;
	bool more = true;

	while (more && sup_receive(sup, NULL, 0, 0, SUP_FOREVER, &m) == 0) {
		more = m->kind == SUP_CALL;
		if (more && strcmp(m->tag, "slow") != 0)
			sup_reply(sup, m->from, m->ref, "ok", sup_bytes(m->payload, m->size), 0);
		sup_message_free(m);
	}
	return NULL;
}

Test(sup, calls_answered_slow_and_to_the_dead)
{
	struct sup_message *reply;
	pthread_t thread;

	begin();
	cr_assert_eq(pthread_create(&thread, NULL, serve, b), 0);
	for (int i = 0; i < 100; i++) {
		const char *text = keep_printf("%d", i);

		cr_assert_eq(sup_call(a, b_pid, "get", sup_text(text), SUP_FOREVER, &reply), 0);
		cr_assert_str_eq(reply->payload, text);
		cr_assert_eq(reply->from.n, b_pid.n);
		sup_message_free(reply);
	}
	cr_expect_eq(sup_call(a, b_pid, "slow", SUP_NOTHING, 20, &reply), -ETIMEDOUT);
	cr_assert_eq(sup_call_name(a, "b", "get", sup_text("x"), SUP_FOREVER, &reply), 0);
	cr_expect_str_eq(reply->payload, "x");
	sup_message_free(reply);
	cr_expect_eq(sup_call_name(a, "nobody", "get", SUP_NOTHING, SUP_FOREVER, &reply), -ESRCH);
	cr_expect_eq(sup_send(a, b_pid, "stop", SUP_NOTHING, 0), 0);
	pthread_join(thread, NULL);
	end();
}

static void *call_slow(void *argument)
{
	struct sup_message *reply = NULL;

	return (void *)(intptr_t)sup_call(argument, b_pid, "slow", SUP_NOTHING, SUP_FOREVER,
					  &reply);
}

Test(sup, the_server_dies_in_the_call)
{
	pthread_t thread;
	void *r;

	begin();
	cr_assert_eq(pthread_create(&thread, NULL, call_slow, a), 0);
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, SUP_FOREVER), "call slow ");
	ctl(node, "kill -KILL b");
	pthread_join(thread, &r);
	cr_expect_eq((intptr_t)r, -ECONNRESET);
	cr_expect_str_eq(sup_reason(a), "killed");
	end();
}

Test(sup, a_call_that_goes_on_and_one_given_up)
{
	sup_ref first, second;

	begin();
	cr_assert_eq(sup_call_begin(a, b_pid, "get", sup_text("1"), 0, &first), 0);
	cr_assert_eq(sup_call_begin(a, b_pid, "get", sup_text("2"), 0, &second), 0);
	for (int i = 0; i < 2; i++) {
		struct sup_message *m;

		cr_assert_eq(sup_receive(b, NULL, 0, 0, SUP_FOREVER, &m), 0);
		cr_assert_eq(sup_reply(b, m->from, m->ref, "ok", sup_bytes(m->payload, m->size), 0),
			     0);
		sup_message_free(m);
	}
	cr_expect_str_eq(sup_take(a, (struct sup_clause[]){{.ref = second}}, 1, 0, SUP_FOREVER),
			 "reply ok 2");
	cr_expect_eq(sup_demonitor(a, first, SUP_FLUSH), 0);
	cr_expect_str_eq(sup_take(a, NULL, 0, 0, 0), "ETIMEDOUT");
	end();
}

/* ---- links, monitors, names ---- */

Test(sup, monitors_links_and_exits)
{
	static const struct sup_clause exits[] = {{.kind = SUP_EXIT}};
	sup_ref ref, flushed;

	begin();
	cr_expect_eq(sup_trap_exit(a, true), 0);
	cr_expect_eq(sup_trap_exit(a, true), 1);
	cr_expect_eq(sup_monitor(a, (sup_pid){4711}, &flushed), 0);
	cr_expect_eq(sup_demonitor(a, flushed, SUP_FLUSH), 0);
	cr_expect_eq(sup_monitor_name(a, "b", &ref), 0);
	cr_expect_eq(sup_link(a, b_pid), 0);
	cr_expect_eq(sup_unlink(a, b_pid), 0);
	cr_expect_eq(sup_link(a, b_pid), 0);
	cr_expect_eq(sup_exit(a, b_pid, "overloaded"), 0);
	cr_expect_str_eq(sup_take(a, exits, 1, 0, SUP_FOREVER), "exit  overloaded");
	cr_expect_str_eq(sup_take(a, (struct sup_clause[]){{.ref = ref}}, 1, 0, SUP_FOREVER),
			 "down b overloaded");
	cr_expect_str_eq(sup_take(a, NULL, 0, 0, 0), "ETIMEDOUT");
	end();
}

Test(sup, names_and_info)
{
	struct sup_info *info;
	sup_pid pid;

	begin();
	cr_expect_eq(sup_register(a, "clock", (sup_pid){0}), 0);
	cr_expect_eq(sup_register(b, "clock", (sup_pid){0}), -EEXIST);
	cr_expect_eq(sup_register(b, "a/b", (sup_pid){0}), -EINVAL);
	cr_expect_eq(sup_whereis(b, "clock", &pid), 0);
	cr_expect_eq(pid.n, a_pid.n);
	cr_expect_eq(sup_send_name(b, "clock", "t", SUP_NOTHING, 0), 0);
	cr_expect_str_eq(sup_take(a, NULL, 0, 0, SUP_FOREVER), "message t ");
	cr_assert_eq(sup_info(b, a_pid, &info), 0);
	cr_expect_eq(info->pid.n, a_pid.n);
	cr_expect_eq(info->n_names, 2);
	cr_expect_str_eq(info->state, "running");
	cr_expect_gt(info->os_pid, 1);
	sup_info_free(info);
	cr_expect_eq(sup_unregister(a, "clock"), 0);
	cr_expect_eq(sup_whereis(b, "clock", &pid), -ESRCH);
	end();
}

/* A guest is an actor, too, for as long as it is connected. */
Test(sup, a_guest)
{
	struct sup *guest;
	sup_pid pid;
	sup_ref ref;

	begin();
	cr_assert_eq(sup_open_guest(node->socket, &guest), 0);
	cr_assert_eq(sup_self(guest, &pid), 0);
	cr_assert_eq(sup_monitor(a, pid, &ref), 0);
	cr_expect_eq(sup_send(a, pid, "t", sup_text("x"), 0), 0);
	cr_expect_str_eq(sup_take(guest, NULL, 0, 0, SUP_FOREVER), "message t x");
	cr_expect_eq(sup_trap_exit(guest, true), -EOPNOTSUPP, "D20");
	sup_close(guest);
	cr_expect_str_eq(sup_take(a, NULL, 0, 0, SUP_FOREVER), "down  normal");
	end();
}

/* ---- a process that is not the main one ---- */

static const char *hex_of(const uint8_t token[HELLO_TOKEN_SIZE])
{
	char *text = keep(calloc(1, 2 * HELLO_TOKEN_SIZE + 1));

	for (size_t i = 0; i < HELLO_TOKEN_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", token[i]);
	return text;
}

/* It takes one message at a time; one that it has not acknowledged when it goes comes again. */
Test(sup, s20_a_helper)
{
	struct actor_end *end;
	struct sup_message *m;
	struct sup *helper;

	node = node_run(PUPPET("a", "") PUPPET("b", ""));
	sync_tree(node);
	a = sup_borrow(node, "a");
	end = actor_borrow(node, "b", true);
	b_pid.n = end->pid;
	unsetenv("SUP_FD");
	setenv("SUP_SOCKET", node->socket, 1);
	setenv("SUP_PID", keep_printf("0.%u.0", (unsigned)end->pid), 1);
	setenv("SUP_TOKEN", hex_of(end->token), 1);
	cr_assert_eq(sup_open(&helper), 0);
	cr_expect_str_eq(sup_take(helper, NULL, 0, 0, 0), "ETIMEDOUT");
	cr_expect_str_eq(sup_take(helper, NULL, 0, 0, 20), "ETIMEDOUT");
	cr_assert_eq(sup_send(a, b_pid, "t", sup_text("1"), 0), 0);
	cr_assert_eq(sup_send(a, b_pid, "t", sup_text("2"), 0), 0);
	cr_expect_str_eq(sup_take(helper, NULL, 0, 0, SUP_FOREVER), "message t 1");
	cr_assert_eq(sup_receive(helper, NULL, 0, 0, SUP_FOREVER, &m), 0);
	cr_expect_str_eq(m->payload, "2");
	cr_expect(!m->redelivered);
	sup_message_free(m);
	sup_close(helper);
	cr_assert_eq(sup_open(&helper), 0);
	cr_assert_eq(sup_receive(helper, NULL, 0, 0, SUP_FOREVER, &m), 0);
	cr_expect_str_eq(m->payload, "2");
	cr_expect(m->redelivered);
	cr_expect_eq(sup_ack(helper, m), 0);
	sup_message_free(m);
	cr_expect_str_eq(sup_take(helper, NULL, 0, 0, 0), "ETIMEDOUT");
	sup_close(helper);
	setenv("SUP_TOKEN", "000102030405060708090a0b0c0d0e0f", 1);
	cr_expect_str_eq(strerrorname_np(-sup_open(&helper)), "EKEYREJECTED");
	actor_close(end);
	sup_close(a);
	node_end(node);
}

/* ---- many large payloads ---- */

/* More than are handed out to who does not read, and its mailbox takes. */
#define MANY 1200

/* Whom it waits for, as a guest sees it. */
static uint64_t look_blocked(sup_pid pid)
{
	struct sup_info *info;
	struct sup *guest;
	uint64_t n;

	cr_assert_eq(sup_open_guest(node->socket, &guest), 0);
	cr_assert_eq(sup_info(guest, pid, &info), 0);
	n = info->blocked_on.n;
	sup_info_free(info);
	sup_close(guest);
	return n;
}

static void *send_large(void *argument)
{
	struct side *side = argument;
	char *payload = calloc(1, 100000);
	int r = 0;

	for (int i = 0; i < MANY && r == 0; i++)
		r = sup_send(side->sup, side->to, "big", sup_bytes(payload, 100000), 0);
	free(payload);
	return (void *)(intptr_t)r;
}

/* More than any limit of open files lets stand at once: their sender waits. */
Test(sup, many_large_payloads)
{
	struct sup_message *m;
	struct side side;
	pthread_t thread;
	void *r;

	begin();
	side = (struct side){a, b_pid};
	cr_assert_eq(pthread_create(&thread, NULL, send_large, &side), 0);
	while (look_blocked(a_pid) == 0) {
		cr_assert_eq(pthread_tryjoin_np(thread, &r), EBUSY, "it does not wait");
		poll(NULL, 0, 1);
	}
	for (int i = 0; i < MANY; i++) {
		cr_assert_eq(sup_receive(b, NULL, 0, 0, SUP_FOREVER, &m), 0);
		cr_assert_eq(m->size, 100000);
		sup_message_free(m);
	}
	pthread_join(thread, &r);
	cr_expect_null(r);
	end();
}
