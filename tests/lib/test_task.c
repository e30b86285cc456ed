/* SPDX-License-Identifier: MIT */

/* Tasks: what is asked for, and that waiting for one acknowledges nothing else. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

static const char *const argv[] = {"worker", NULL};
static const struct sup_command command = {.argv = argv};
static uint64_t monitor;

static void start(struct peer *p)
{
	struct wire_frame frame = peer_take_request(p, "spawn");

	cr_assert(field_bool(&frame, "link"));
	monitor = (uint64_t)field_int(&frame, "monitor", 0);
	cr_assert_eq(p->n_fds, 1);
	cr_assert_eq(write(p->fds[0], "printed", 7), 7);
	close(p->fds[0]);
	peer_reply(p, frame.ref, 0, "pid", "<0.12.0>");
}

static void put_down(struct peer *p, uint64_t number, const char *reason)
{
	struct wire_frame frame = wire_frame(WIRE_DOWN, "", monitor);

	frame.from = 12;
	frame.to = number;
	peer_put(p, frame, reason, strlen(reason));
	peer_send(p);
}

static struct sup_task *task_new(struct peer *p)
{
	static void (*const steps[])(struct peer *) = {start, NULL};
	struct sup_task *task;

	peer_script(p, steps);
	cr_assert_eq(sup_async(p->sup, &command, &task), 0);
	cr_assert_eq(sup_task_pid(task).n, 12);
	return task;
}

Test(task, what_it_has_printed)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_task *task = task_new(p);
	struct sup_bytes result = {0};

	cr_expect_eq(sup_yield(task, 0, &result), -ETIMEDOUT);
	cr_expect_null(result.data);
	put_down(p, 1, "normal");
	cr_assert_eq(sup_yield(task, 0, &result), 0);
	cr_expect(result.size == 7 && strcmp(result.data, "printed") == 0);
	cr_expect_eq(sup_await(task, 0, &result), -EINVAL);
	sup_task_free(task);
	sup_task_free(NULL);
	peer_end(p);
}

Test(task, one_that_failed_has_no_result)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_task *task = task_new(p);
	struct sup_bytes result = {0};

	put_down(p, 1, "exit:3");
	cr_assert_eq(sup_await(task, SUP_FOREVER, &result), -ECONNRESET);
	cr_expect_str_eq(sup_reason(p->sup), "exit:3");
	cr_expect_null(result.data);
	sup_task_free(task);
	peer_end(p);
}

/* A server that awaits a task in the middle of a message of a durable mailbox is not done with that
 * message by it. */
Test(task, an_await_acknowledges_nothing_but_the_tasks_end)
{
	struct peer *p = peer_new(PEER_WINDOW, HELLO_DURABLE);
	struct sup_bytes result;
	struct sup_task *task;

	peer_flood(p, 1, 1, "work", 0);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message work ");
	task = task_new(p);
	put_down(p, 2, "normal");
	cr_assert_eq(sup_await(task, 0, &result), 0);
	cr_expect_eq(peer_take(p, WIRE_ACK).ref, 2);
	peer_nothing(p);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 1), "ETIMEDOUT");
	cr_expect_eq(peer_take(p, WIRE_ACK).ref, 1);
	sup_task_free(task);
	peer_end(p);
}
