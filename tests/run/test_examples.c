/* SPDX-License-Identifier: MIT */

/* The examples of conf/actors, each run as it is. */

#include <criterion/criterion.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/pid.h"
#include "tests/run/actor.h"

RUN_SUITE(examples);

static char *example(const char *name)
{
	char path[PATH_MAX];

	cr_assert_not_null(realpath(keep_printf("conf/actors/%s", name), path),
			   "run this from the top");
	return keep_printf("%s", path);
}

/* Written from sup(7) alone, with nothing but Python's standard library. */
Test(examples, echo_py)
{
	struct node *n = node_run(keep_printf("[service echo]\ncommand = %s\nready = notify\n"
					      "[service a]\ncommand = @puppet/a ready\n"
					      "ready = notify\n",
					      example("echo.py")));
	struct wire_frame call = wire_frame(WIRE_CALL, "get", 5), frame;
	struct actor_end *a;
	actor_pid echo;
	const char *text;

	sync_tree(n);
	a = actor_borrow(n, "a", false);
	actor_credit(a, 10000);
	cr_assert_eq(actor_request(a, "whereis", "target", "echo", NULL, NULL), 0);
	cr_assert_eq(actor_pid_parse(actor_reply(a, "pid"), &echo), 0);
	call.to = echo.n;
	actor_send(a, &call, "h\0w", 3);
	frame = actor_receive(a);
	cr_assert_eq(frame.op, WIRE_RESPONSE);
	cr_expect_eq(frame.ref, 5);
	cr_assert_eq(frame.payload_size, 3);
	cr_expect_arr_eq(frame.payload, "h\0w", 3);
	/* More than the credit that it gives at a time. */
	for (int i = 0; i < 500; i++)
		actor_tell(a, call.to, "n", keep_printf("%d", i));
	for (int i = 0; i < 500; i++) {
		frame = actor_receive(a);
		cr_assert_eq(frame.op, WIRE_MESSAGE);
		text = keep_printf("%.*s", (int)frame.payload_size, (const char *)frame.payload);
		cr_assert_str_eq(text, keep_printf("%d", i));
	}
	cr_assert_str_eq(state_of(n, "echo"), "running");
	actor_close(a);
	node_end(n);
}
