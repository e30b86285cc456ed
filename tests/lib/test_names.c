/* SPDX-License-Identifier: MIT */

/* Names, what is known of an actor, and what a service says of itself. */

#include <errno.h>
#include <string.h>

#include "peer.h"
#include "tests/support/alloc.h"

static void (*const no_steps[])(struct peer *) = {NULL};

static int64_t status;
static const char *reply_pid, *command;

static void answer(struct peer *p)
{
	struct wire_frame frame = peer_take_request(p, command);

	peer_reply(p, frame.ref, status, reply_pid ? "pid" : NULL, reply_pid);
}

static void (*const answer_once[])(struct peer *) = {answer, NULL};

static struct sup *expect(struct peer *p, const char *request, int64_t with, const char *pid)
{
	command = request;
	status = with;
	reply_pid = pid;
	peer_script(p, answer_once);
	return p->sup;
}

Test(names, register_whereis_unregister)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	sup_pid pid = {1};

	cr_expect_eq(sup_register(expect(p, "register", 0, NULL), "clock", (sup_pid){0}), 0);
	cr_expect_eq(sup_register(expect(p, "register", 1, "<0.8.0>"), "clock", pid), -EEXIST);
	cr_expect_eq(sup_register(expect(p, "register", 1, NULL), "a/b", pid), -EINVAL);
	cr_expect_eq(sup_whereis(expect(p, "whereis", 3, NULL), "clock", &pid), -ESRCH);
	cr_expect_eq(pid.n, 1);
	cr_expect_eq(sup_whereis(expect(p, "whereis", 0, "<0.8.0>"), "clock", &pid), 0);
	cr_expect_eq(pid.n, 8);
	cr_expect_eq(sup_whereis(expect(p, "whereis", 0, "eight"), "clock", &pid), -EPROTO);
	cr_expect_eq(sup_unregister(expect(p, "unregister", 0, NULL), "clock"), 0);
	cr_expect_eq(sup_ready(expect(p, "ready", 0, NULL)), 0);
	cr_expect_eq(sup_ignore(expect(p, "ignore", 0, NULL)), 0);
	cr_expect_eq(sup_watchdog(expect(p, "watchdog", 2, NULL)), -EOPNOTSUPP);
	peer_end(p);
}

static void answer_info(struct peer *p)
{
	char *const links[] = {(char[]){"<0.3.0>"}, (char[]){"<0.4.0>"}, NULL};
	char *const names[] = {(char[]){"web/api"}, (char[]){"api"}, NULL};
	struct wire_frame frame = peer_take_request(p, "info");
	struct wire_frame reply = wire_frame(WIRE_REPLY, "", frame.ref);
	struct wire_encoder e;

	cr_assert_str_eq(field_text(&frame, "target"), "<0.8.0>");
	wire_begin(&e, &p->out, &reply);
	field_put_int(&e, 0, "status", 0);
	field_put_text(&e, 0, "pid", "<0.8.0>");
	field_put_text(&e, 0, "name", "web/api");
	field_put_text(&e, 0, "kind", "service");
	field_put_text(&e, 0, "state", "running");
	field_put_null(&e, 0, "os_pid");
	field_put_bool(&e, 0, "trap_exit", true);
	field_put_int(&e, 0, "message_queue_len", 12);
	field_put_list(&e, 0, "links", links);
	field_put_list(&e, 0, "names", names);
	field_put_span(&e, 0, "cpu_time", SPAN_MS(5));
	field_put_text(&e, 0, "blocked_on", "<0.6.0>");
	cr_assert_eq(wire_end(&e), 0);
	peer_send(p);
}

static void check_info(const struct sup_info *info)
{
	cr_expect_eq(info->pid.n, 8);
	cr_expect_str_eq(info->name, "web/api");
	cr_expect_str_eq(info->kind, "service");
	cr_expect_str_eq(info->state, "running");
	cr_expect(info->trap_exit);
	cr_expect_eq(info->message_queue_len, 12);
	cr_expect(info->os_pid == -1 && info->memory == -1 && info->mailbox_limit == -1);
	cr_expect_eq(info->cpu_time_ns, 5000000);
	cr_expect_eq(info->blocked_on.n, 6);
	cr_assert(info->n_links == 2 && info->n_monitors == 0 && info->n_names == 2);
	cr_expect(info->links[0].n == 3 && info->links[1].n == 4);
	cr_expect_str_eq(info->names[1], "api");
	cr_expect_null(info->names[2]);
}

Test(names, info_with_each_allocation_failing)
{
	static void (*const steps[])(struct peer *) = {answer_info, NULL};

	for (unsigned long n = 1;; n++) {
		struct peer *p = peer_new(PEER_WINDOW, 0);
		struct sup_info *info = NULL;
		long before;
		bool failed;
		int r;

		peer_script(p, steps);
		/* The peer's own buffers are there already. */
		cr_assert_not_null(buf_reserve(&p->out, 4096));
		before = alloc_live();
		alloc_fail_at(n);
		r = sup_info(p->sup, (sup_pid){8}, &info);
		failed = alloc_fail_end();
		cr_assert_eq(r, failed ? -ENOMEM : 0, "allocation %lu", n);
		if (r == 0)
			check_info(info);
		sup_info_free(info);
		cr_expect_leq(alloc_live(), before + 1, "but for the connection's buffer");
		p->steps = no_steps;
		while (peer_look(p, &(struct wire_frame){0}))
			;
		peer_end(p);
		if (!failed) {
			cr_assert_gt(n, 4);
			return;
		}
	}
}
