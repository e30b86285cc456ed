/* SPDX-License-Identifier: MIT */

/* The server loop: which function gets what, and how it ends. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "peer.h"

/* What happened, a word each. */
static char trace[512];
static int init_result;

static void note(const char *what, const struct sup_message *m)
{
	size_t size = strlen(trace);

	snprintf(trace + size, sizeof(trace) - size, "%s%s%s ", what, m ? ":" : "",
		 m ? m->tag : "");
}

static int init(struct sup *sup, void *state)
{
	(void)sup;
	cr_assert_str_eq(state, "state");
	note("init", NULL);
	return init_result;
}

static int handle_call(struct sup *sup, void *state, const struct sup_message *call)
{
	(void)state;
	note("call", call);
	if (strcmp(call->tag, "get") != 0)
		return SUP_UNEXPECTED;
	return sup_reply(sup, call->from, call->ref, "ok", sup_text("42"), 0);
}

static int handle_cast(struct sup *sup, void *state, const struct sup_message *cast)
{
	(void)state;
	note("cast", cast);
	if (strcmp(cast->tag, "stop") == 0)
		return SUP_STOP;
	if (strcmp(cast->tag, "fail") == 0)
		return -EIO;
	return strcmp(cast->tag, "give_up") == 0 ? sup_server_stop(sup, "too much") : SUP_CONTINUE;
}

static int handle_info(struct sup *sup, void *state, const struct sup_message *info)
{
	(void)sup, (void)state;
	note(info->kind == SUP_EXIT ? "exit" : "info", info);
	return SUP_CONTINUE;
}

static int handle_timeout(struct sup *sup, void *state)
{
	(void)sup, (void)state;
	note("timeout", NULL);
	return SUP_STOP;
}

static void terminate(struct sup *sup, void *state, const char *reason)
{
	(void)sup, (void)state;
	note("terminate", NULL);
	note(reason, NULL);
}

static void unexpected(struct sup *sup, void *state, const struct sup_message *message)
{
	(void)sup, (void)state;
	note("unexpected", message);
}

static const struct sup_server server = {
	.init = init,
	.handle_call = handle_call,
	.handle_cast = handle_cast,
	.handle_info = handle_info,
	.terminate = terminate,
	.unexpected = unexpected,
};

static char state[] = "state";

static void answer(struct peer *p, const char *command, const char *pid)
{
	struct wire_frame frame = peer_take_request(p, command);

	peer_reply(p, frame.ref, 0, pid ? "pid" : NULL, pid);
}

static void ready(struct peer *p)
{
	answer(p, "ready", NULL);
}

static void exit_self(struct peer *p)
{
	answer(p, "exit_self", NULL);
}

static void put(struct peer *p, enum wire_op op, uint64_t number, uint64_t from, const char *tag,
		const char *payload)
{
	struct wire_frame frame = wire_frame(op, tag, op == WIRE_CALL ? 70 : 0);

	frame.from = from;
	frame.to = number;
	peer_put(p, frame, payload, strlen(payload));
}

Test(server, each_message_to_the_function_for_its_kind)
{
	static void (*const steps[])(struct peer *) = {ready, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct wire_frame frame;

	cr_assert_eq(sup_server_stop(p->sup, "of an earlier run"), SUP_STOP);
	put(p, WIRE_CALL, 1, 9, "get", "");
	put(p, WIRE_CALL, 2, 9, "what", "");
	put(p, WIRE_MESSAGE, 3, 9, "hello", "");
	put(p, WIRE_DOWN, 4, 9, "name", "normal");
	put(p, WIRE_RESPONSE, 5, 9, "late", "");
	put(p, WIRE_MESSAGE, 6, 9, "stop", "");
	peer_send(p);
	peer_script(p, steps);
	cr_expect_eq(sup_server_run(p->sup, &server, state), 0);
	cr_expect_str_eq(trace, "init call:get call:what unexpected:what cast:hello info:name "
				"info:late cast:stop terminate normal ");
	cr_expect_eq(sup_server_unexpected(p->sup), 1);
	frame = peer_take(p, WIRE_RESPONSE);
	cr_expect(frame.to == 9 && frame.ref == 70);
	peer_end(p);
}

Test(server, without_functions_everything_is_unexpected)
{
	static void (*const steps[])(struct peer *) = {ready, NULL};
	static const struct sup_server empty = {
		.timeout_ms = 1, .handle_timeout = handle_timeout, .unexpected = unexpected};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	put(p, WIRE_CALL, 1, 9, "a", "");
	put(p, WIRE_MESSAGE, 2, 9, "b", "");
	put(p, WIRE_DOWN, 3, 9, "c", "");
	peer_send(p);
	peer_script(p, steps);
	cr_expect_eq(sup_server_run(p->sup, &empty, NULL), 0);
	cr_expect_str_eq(trace, "unexpected:a unexpected:b unexpected:c timeout ");
	cr_expect_eq(sup_server_unexpected(p->sup), 3);
	peer_end(p);
}

Test(server, what_comes_first_by_clauses)
{
	static void (*const steps[])(struct peer *) = {ready, NULL};
	static const struct sup_clause calls_first[] = {{.kind = SUP_CALL}, {0}};
	struct sup_server ordered = server;
	struct peer *p = peer_new(PEER_WINDOW, 0);

	ordered.clauses = calls_first;
	ordered.n_clauses = 2;
	put(p, WIRE_MESSAGE, 1, 9, "hello", "");
	put(p, WIRE_MESSAGE, 2, 9, "stop", "");
	put(p, WIRE_CALL, 3, 9, "get", "");
	peer_send(p);
	peer_script(p, steps);
	cr_expect_eq(sup_server_run(p->sup, &ordered, state), 0);
	cr_expect_str_eq(trace, "init call:get cast:hello cast:stop terminate normal ");
	peer_take(p, WIRE_RESPONSE);
	peer_end(p);
}

/* ---- ends ---- */

static void run_to_end(const char *tag, int r, const char *expected)
{
	static void (*const steps[])(struct peer *) = {ready, exit_self, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	*trace = '\0';
	put(p, WIRE_MESSAGE, 1, 9, tag, "");
	peer_send(p);
	peer_script(p, steps);
	cr_expect_eq(sup_server_run(p->sup, &server, state), r, "%s", tag);
	cr_expect_str_eq(trace, expected);
	peer_end(p);
}

Test(server, a_reason_that_is_not_normal_is_told)
{
	run_to_end("fail", -EIO, "init cast:fail terminate error:EIO ");
	run_to_end("give_up", 0, "init cast:give_up terminate too much ");
}

static void trap(struct peer *p)
{
	answer(p, "trap", NULL);
}

static void whereis_supervisor(struct peer *p)
{
	struct wire_frame frame = peer_take_request(p, "whereis");

	cr_assert_str_eq(field_text(&frame, "target"), "web");
	peer_reply(p, frame.ref, 0, "pid", "<0.3.0>");
}

static void exit_self_shutdown(struct peer *p)
{
	struct wire_frame frame = peer_take_request(p, "exit_self");

	cr_assert_str_eq(field_text(&frame, "reason"), "shutdown");
	peer_reply(p, frame.ref, 0, NULL, NULL);
}

/* Somebody else's exit signal is news, one's own supervisor's is the end. */
Test(server, the_supervisors_exit_ends_it)
{
	static void (*const steps[])(struct peer *) = {
		trap, ready, whereis_supervisor, whereis_supervisor, exit_self_shutdown, NULL};
	struct sup_server trapping = server;
	struct peer *p = peer_new(PEER_WINDOW, 0);

	setenv("SUP_NAME", "web/api", 1);
	trapping.trap_exit = true;
	put(p, WIRE_EXIT, 1, 8, "", "crashed");
	put(p, WIRE_EXIT, 2, 3, "", "shutdown");
	put(p, WIRE_MESSAGE, 3, 9, "too late", "");
	peer_send(p);
	peer_script(p, steps);
	cr_expect_eq(sup_server_run(p->sup, &trapping, state), 0);
	cr_expect_str_eq(trace, "init exit: terminate shutdown ");
	peer_end(p);
}

static void ignore(struct peer *p)
{
	answer(p, "ignore", NULL);
}

Test(server, one_that_does_not_start)
{
	static void (*const steps[])(struct peer *) = {ignore, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	init_result = -ENODEV;
	cr_expect_eq(sup_server_run(p->sup, &server, state), -ENODEV);
	init_result = SUP_STOP;
	peer_script(p, steps);
	cr_expect_eq(sup_server_run(p->sup, &server, state), 0);
	cr_expect_str_eq(trace, "init init ");
	peer_end(p);
}

static void ready_and_gone(struct peer *p)
{
	ready(p);
	shutdown(p->fd, SHUT_RDWR);
}

/* What had come before is handled; there is nobody to tell the reason. */
Test(server, supd_goes)
{
	static void (*const steps[])(struct peer *) = {ready_and_gone, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	put(p, WIRE_MESSAGE, 1, 9, "hello", "");
	peer_send(p);
	peer_script(p, steps);
	sup_server_stop(p->sup, "of an earlier run");
	cr_expect_eq(sup_server_run(p->sup, &server, state), -EPIPE);
	cr_expect_str_eq(trace, "init cast:hello terminate noconnection ");
	peer_end(p);
}
