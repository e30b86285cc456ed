/* SPDX-License-Identifier: MIT */

/* Payloads in memfds: the core lets go of each once, when no frame needs it any more. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/core/mail.h"
#include "tests/support/alloc.h"

TestSuite(memfds, .init = mail_init, .fini = mail_fini);

static void tell_memfd(uint64_t source, const char *to, uint32_t number)
{
	uint8_t payload[8] = {0};
	char named[20];
	int n = snprintf(named, sizeof(named), "%s%cbig", to, 0);

	number_store(payload, 100000, 4);
	number_store(payload + 4, number, 4);
	world_frame(&w, source,
		    &(struct wire_frame){.op = WIRE_MESSAGE,
					 .flags = WIRE_NAMED | WIRE_MEMFD,
					 .tag = named,
					 .tag_size = (uint16_t)n,
					 .payload = payload,
					 .payload_size = sizeof(payload)});
}

/* That one is let go of by the last step, and nothing else. */
static void expect_released(uint32_t number)
{
	size_t n;
	const uint32_t *released = core_released(w.core, &n);

	cr_expect_eq(n, number ? 1 : 0);
	if (number && n == 1)
		cr_expect_eq(released[0], number);
}

Test(memfds, they_are_let_go_of_once)
{
	w.no_credit = true;
	boot("/{a b(limit=150000)}");
	tell_memfd(1, "nobody", 1);
	expect_released(1);
	tell_memfd(1, "b", 2);
	expect_released(0);
	tell_memfd(1, "b", 3);
	expect_released(0);
	cr_expect_str_eq(blocked_on("a"), "b");
	world_credit(&w, 2, 1, 0);
	cr_expect_str_eq(world_inbox(&w, 2), "big");
	expect_released(2);
	world_crash(&w, "b");
	cr_expect_eq(w.core->n_memfds, 0);
}

/* Short as their frames are, they fill a mailbox: each is an open file. */
Test(memfds, a_mailbox_is_full_of_them)
{
	w.no_credit = true;
	boot("/{a b}");
	for (uint32_t n = 1; n <= MAILBOX_MEMFDS_MAX; n++)
		tell_memfd(1, "b", n);
	cr_expect_str_eq(blocked_on("a"), "");
	tell_memfd(1, "b", MAILBOX_MEMFDS_MAX + 1);
	cr_expect_str_eq(blocked_on("a"), "b");
	world_credit(&w, 2, 1, 0);
	cr_expect_str_eq(blocked_on("a"), "");
	cr_expect_str_eq(world_inbox(&w, 2), "big");
}

static uint64_t released_so_far;

/* In a step of its own, so that all that can leave has left. */
static void count_released(void)
{
	size_t n;

	core_released(w.core, &n);
	released_so_far += n;
	world_pass(&w, 0);
}

/* What a helper has stays in the mailbox, too; each of the two copies may go first. */
Test(memfds, a_helpers_copy)
{
	uint64_t h;

	w.no_credit = true;
	boot("/{a b}");
	for (uint32_t i = 1; i <= 3; i++)
		tell_memfd(1, "b", i);
	h = world_join(&w, ROLE_HELPER, "b");
	for (uint64_t i = 1; i <= 3; i++)
		world_receive(&w, h, i, 0, NULL);
	cr_expect_str_eq(world_inbox(&w, h), "done1:1 big done2:2 big done3:3 big");
	expect_released(0);
	acknowledge(h, 2);
	expect_released(2);
	world_leave(&w, h, false);
	expect_released(0);
	world_credit(&w, 2, 10, 0);
	cr_expect_str_eq(world_inbox(&w, 2), "*big *big");
	cr_expect_eq(w.core->n_memfds, 0);
	cr_expect_eq(w.core->memfd_copies.used, 0);
}

/* A durable mailbox goes with its service: nobody waits for it any more. */
Test(memfds, of_a_service_that_is_removed)
{
	w.no_credit = true;
	boot("/{a}");
	world_start_child(&w, "/", "b(durable limit=1000)");
	world_ask(&w, REQUEST_TERMINATE_CHILD, "/", "b");
	tell_memfd(1, "b", 1);
	tell_memfd(1, "b", 2);
	confirm(1, "b", 7, "m");
	cr_expect_str_eq(blocked_on("a"), "?");
	cr_expect_str_eq(world_ask(&w, REQUEST_DELETE_CHILD, "/", "b"), "ok");
	cr_expect_eq(w.core->n_memfds, 0);
	cr_expect_str_eq(blocked_on("a"), "");
	cr_expect_eq(world_child(&w, "a")->actor.outbox_weight, 0);
	cr_expect_str_eq(world_inbox(&w, 1), "done7:0");
}

/* A call with one that can not be made; what came with it behind that. */
Test(memfds, of_who_breaks_the_rules)
{
	uint8_t bytes[80] = {0};

	released_so_far = 0;
	boot("/{a b}");
	world_monitor(&w, 1, 5, world_source_pid(&w, 2), NULL);
	for (uint32_t i = 0; i < 2; i++) {
		number_store(bytes + 40 * i, 40, 4);
		bytes[40 * i + 4] = i ? WIRE_MESSAGE : WIRE_CALL;
		bytes[40 * i + 5] = WIRE_MEMFD;
		number_store(bytes + 40 * i + 16, world_source_pid(&w, 2).n, 8);
		number_store(bytes + 40 * i + 24, i ? 0 : 5, 8);
		number_store(bytes + 40 * i + 32, 100000, 4);
		number_store(bytes + 40 * i + 36, 8 + i, 4);
	}
	world_step(&w,
		   &(struct event){.kind = EVENT_FRAMES, .source = 1, .data = bytes, .size = 80});
	cr_expect_str_eq(world_dropped(&w, 1), "it used a ref twice");
	count_released();
	cr_expect_eq(released_so_far, 2);
	cr_expect_eq(w.core->n_memfds, 0);
}

/* Whoever passes one on has made room for it: no number is lost for want of memory. */
Test(memfds, room_for_them_is_made_before)
{
	boot("/{a}");
	cr_assert_eq(core_reserve_memfds(w.core, 100), 0);
	for (uint32_t i = 1; i <= 100; i++) {
		alloc_fail_at(1);
		cr_assert_eq(mailbox_reserve_memfd(w.core), 0);
		if (i % 2)
			mailbox_release_memfd(w.core, i);
		alloc_fail_end();
	}
	cr_expect_eq(w.core->n_memfds, 50);
	for (uint32_t i = 2; i <= 100; i += 2)
		mailbox_release_memfd(w.core, i);
	cr_expect_eq(w.core->n_released, 100);
}
