/* SPDX-License-Identifier: MIT */

/* Messages from process to process, byte by byte (SEMANTICS 1 to 20, D2, ARCHITECTURE 5). */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/run/actor.h"
#include "wire/number.h"

RUN_SUITE(messages);

#define PUPPET(path, name) "[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n"
#define MANY 1000000u

static struct node *node;
static struct actor_end *a, *b;

static void begin(void)
{
	node = node_run(PUPPET("a", "a") PUPPET("b", "b"));
	sync_tree(node);
	a = actor_borrow(node, "a", false);
	b = actor_borrow(node, "b", false);
}

static void end(void)
{
	actor_close(a);
	actor_close(b);
	node_end(node);
}

static const char *tag_of(const struct wire_frame *frame)
{
	return keep_printf("%.*s", frame->tag_size, frame->tag);
}

static const char *payload_of(const struct wire_frame *frame)
{
	return keep_printf("%.*s", (int)frame->payload_size, (const char *)frame->payload);
}

static void expect_message(struct actor_end *to, const struct actor_end *from, const char *tag,
			   const char *payload)
{
	struct wire_frame frame = actor_receive(to);

	cr_assert_eq(frame.op, WIRE_MESSAGE);
	cr_expect_eq(frame.from, from->pid);
	cr_expect_str_eq(tag_of(&frame), tag);
	cr_expect_str_eq(payload_of(&frame), payload);
}

static void receive(struct actor_end *who, uint64_t ref, uint8_t flags)
{
	struct wire_frame frame = wire_frame(WIRE_RECEIVE, "", ref);

	frame.flags = flags;
	actor_send(who, &frame, NULL, 0);
}

static void acknowledge(struct actor_end *who, uint64_t number)
{
	struct wire_frame frame = wire_frame(WIRE_ACK, "", number);

	actor_send(who, &frame, NULL, 0);
}

/* ---- ordinary ---- */

Test(messages, s1_from_one_process_to_the_other)
{
	begin();
	actor_credit(b, MANY);
	actor_tell(a, b->pid, "one", "1");
	actor_tell(a, b->pid, "two", "");
	expect_message(b, a, "one", "1");
	expect_message(b, a, "two", "");
	end();
}

/* Any bytes: NUL, newlines, what is no UTF-8. */
Test(messages, every_byte_arrives)
{
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, "t", 0);
	uint8_t bytes[60000];

	begin();
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	actor_credit(b, MANY);
	frame.to = b->pid;
	actor_send(a, &frame, bytes, sizeof(bytes));
	frame = actor_receive(b);
	cr_assert_eq(frame.payload_size, sizeof(bytes));
	cr_expect_arr_eq(frame.payload, bytes, sizeof(bytes));
	end();
}

/* Sent before the death, not read by anybody yet: it comes, and before the DOWN. */
Test(messages, s3_what_the_dead_had_sent)
{
	struct wire_frame monitor = wire_frame(WIRE_MONITOR, "", 9), frame;

	begin();
	actor_credit(b, MANY);
	monitor.to = a->pid;
	actor_send(b, &monitor, NULL, 0);
	/* Its answer says that the monitor is there. */
	cr_assert_eq(actor_request(b, "self", NULL, NULL, NULL, NULL), 0);
	for (int i = 0; i < 20; i++)
		actor_tell(a, b->pid, keep_printf("%d", i), "");
	order(node, "a", "exit:3");
	for (int i = 0; i < 20; i++)
		expect_message(b, a, keep_printf("%d", i), "");
	frame = actor_receive(b);
	cr_expect_eq(frame.op, WIRE_DOWN);
	cr_expect_eq(frame.ref, 9);
	cr_expect_str_eq(payload_of(&frame), "exit:3");
	end();
}

Test(messages, s7_a_process_that_never_reads_can_be_ended)
{
	struct wire_frame monitor = wire_frame(WIRE_MONITOR, "", 9), frame;

	begin();
	for (int i = 0; i < 1000; i++)
		actor_tell(a, b->pid, "x", "y");
	actor_credit(a, MANY);
	monitor.to = b->pid;
	actor_send(a, &monitor, NULL, 0);
	cr_expect_eq(actor_request(a, "exit", "target", "b", "reason", "enough"), 0);
	frame = actor_receive_op(a, WIRE_DOWN);
	cr_expect_str_eq(payload_of(&frame), "enough");
	end();
}

Test(messages, s60_a_call_and_its_answer)
{
	struct wire_frame call = wire_frame(WIRE_CALL, "get", 77), frame;
	struct wire_frame answer = wire_frame(WIRE_RESPONSE, "", 77);

	begin();
	actor_credit(a, MANY);
	actor_credit(b, MANY);
	call.to = b->pid;
	actor_send(a, &call, "what", 4);
	frame = actor_receive(b);
	cr_assert_eq(frame.op, WIRE_CALL);
	cr_expect_eq(frame.ref, 77);
	answer.to = frame.from;
	actor_send(b, &answer, "42", 2);
	frame = actor_receive(a);
	cr_expect_eq(frame.op, WIRE_RESPONSE);
	cr_expect_eq(frame.ref, 77);
	cr_expect_str_eq(payload_of(&frame), "42");
	call.ref = 78;
	actor_send(a, &call, "what", 4);
	actor_receive(b);
	order(node, "b", "exit:4");
	frame = actor_receive(a);
	cr_expect_eq(frame.op, WIRE_DOWN);
	cr_expect_eq(frame.ref, 78);
	cr_expect_str_eq(payload_of(&frame), "exit:4");
	end();
}

/* ---- helpers ---- */

Test(messages, s20_a_helper_that_goes_without_a_word_gives_back)
{
	struct actor_end *helper;
	struct wire_frame frame;

	begin();
	helper = actor_helper(b);
	receive(helper, 5, 0);
	actor_tell(a, b->pid, "one", "");
	actor_tell(a, b->pid, "two", "");
	frame = actor_receive(helper);
	cr_assert_eq(frame.op, WIRE_DONE);
	cr_expect_eq(frame.ref, 5);
	cr_expect_eq(frame.to, 1);
	cr_expect_lt(helper->cursor, helper->size, "the message is in the same datagram");
	expect_message(helper, a, "one", "");
	actor_close(helper);
	helper = actor_helper(b);
	receive(helper, 6, 0);
	cr_expect_eq(actor_receive(helper).to, 1);
	frame = actor_receive(helper);
	cr_expect_eq(frame.flags, WIRE_REDELIVERED);
	acknowledge(helper, 1);
	receive(helper, 7, 0);
	cr_expect_eq(actor_receive(helper).to, 2);
	expect_message(helper, a, "two", "");
	acknowledge(helper, 2);
	receive(helper, 8, WIRE_NOW);
	cr_expect_eq(actor_receive(helper).to, 0);
	actor_close(helper);
	end();
}

Test(messages, a_helpers_call_is_answered_past_the_mailbox)
{
	struct wire_frame call = wire_frame(WIRE_CALL, "get", 1u << 31), frame;
	struct wire_frame answer = wire_frame(WIRE_RESPONSE, "", 1u << 31);
	struct actor_end *helper;

	begin();
	actor_credit(b, MANY);
	helper = actor_helper(a);
	call.to = b->pid;
	call.flags = WIRE_DIRECT;
	actor_send(helper, &call, NULL, 0);
	frame = actor_receive(b);
	cr_expect_eq(frame.from, a->pid);
	answer.to = a->pid;
	actor_send(b, &answer, "42", 2);
	frame = actor_receive(helper);
	cr_expect_eq(frame.op, WIRE_RESPONSE);
	cr_expect_str_eq(payload_of(&frame), "42");
	actor_close(helper);
	end();
}

/* ---- memfds ---- */

Test(messages, a_payload_in_a_memfd)
{
	const size_t size = 5 << 20;
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, "big", 0);
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_encoder e;
	uint8_t payload[8];
	char *map;
	int fd;

	begin();
	actor_credit(b, MANY);
	fd = memfd_create("payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	cr_assert(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	cr_assert_eq(pwrite(fd, "the end", 7, (off_t)size - 7), 7);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
	frame.to = b->pid;
	frame.flags = WIRE_MEMFD;
	number_store(payload, size, 8);
	wire_begin(&e, &out, &frame);
	wire_put(&e, payload, sizeof(payload));
	cr_assert_eq(wire_end(&e), 0);
	/* Twice, and something without one in between: each has its own. */
	actor_send_bytes(a, out.data, out.size, &fd, 1);
	actor_tell(a, b->pid, "small", "x");
	actor_send_bytes(a, out.data, out.size, &fd, 1);
	close(fd);
	for (int i = 0; i < 2; i++) {
		frame = actor_receive(b);
		cr_assert_str_eq(tag_of(&frame), "big");
		cr_expect_eq(number_load(frame.payload, 8), size);
		cr_assert_geq(b->n_fds, 1);
		map = mmap(NULL, size, PROT_READ, MAP_SHARED, b->fds[0], 0);
		cr_assert_neq(map, MAP_FAILED);
		cr_expect_eq(memcmp(map + size - 7, "the end", 7), 0);
		munmap(map, size);
		if (i == 0)
			expect_message(b, a, "small", "x");
	}
	end();
}

/* ---- floods ---- */

static struct buf batch;

static void batch_fill(uint64_t to, uint32_t n, uint32_t size)
{
	static const char zeros[4096];
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, "", 0);
	struct wire_encoder e;

	frame.to = to;
	buf_clear(&batch);
	for (uint32_t i = 0; i < n; i++) {
		wire_begin(&e, &batch, &frame);
		wire_put(&e, zeros, size);
		cr_assert_eq(wire_end(&e), 0);
	}
}

Test(messages, a_process_that_sends_more_than_its_window)
{
	ssize_t n = 0;

	begin();
	actor_request(b, "self", NULL, NULL, NULL, NULL);
	/* The rest of b's mailbox is filled by another one, so that a's messages wait. */
	batch_fill(b->pid, 15, 4000);
	for (int i = 0; i < 3000 && n >= 0; i++)
		n = send(a->fd, batch.data, batch.size, MSG_NOSIGNAL);
	cr_assert(n < 0 && (errno == EPIPE || errno == ECONNRESET), "%s", strerror(errno));
	wait_log(node, "it sent more than its window allows");
	buf_fini(&batch);
	end();
}

/* How many messages are there, without waiting. */
static uint64_t count_there(struct actor_end *who, uint64_t *window)
{
	uint64_t n = 0;
	ssize_t size;
	struct wire_frame frame;

	while ((size = recv(who->fd, who->datagram, sizeof(who->datagram), MSG_DONTWAIT)) > 0) {
		size_t cursor = 0;

		while (wire_decode(who->datagram, (size_t)size, &cursor, &frame) > 0) {
			n += frame.op == WIRE_MESSAGE;
			if (frame.op == WIRE_WINDOW)
				*window = frame.ref;
		}
	}
	return n;
}

static void wait_for_either(void)
{
	struct pollfd fds[] = {{.fd = a->fd, .events = POLLIN}, {.fd = b->fd, .events = POLLIN}};

	cr_assert_gt(poll(fds, 2, PATIENCE * 1000), 0, "both stand still\n%s", node_log(node));
}

/*
 * Each sends the other more than its mailbox and its outbox hold, each in its window, and reads
 * only when it may send no more. Both get everything; and both can be ended.
 */
Test(messages, two_that_flood_each_other)
{
	const uint64_t total = 40 << 20, each = 15 * (4000 + WIRE_HEADER_SIZE);
	struct actor_end *ends[2];
	uint64_t sent[2] = {0}, got[2] = {0}, windows[2];

	begin();
	ends[0] = a;
	ends[1] = b;
	for (int i = 0; i < 2; i++) {
		windows[i] = ends[i]->hello.window;
		actor_credit(ends[i], MANY);
	}
	while (sent[0] < total || sent[1] < total || got[0] * (4000 + WIRE_HEADER_SIZE) < sent[1] ||
	       got[1] * (4000 + WIRE_HEADER_SIZE) < sent[0]) {
		bool idle = true;

		for (int i = 0; i < 2; i++) {
			uint64_t before = got[i], had = windows[i];

			batch_fill(ends[!i]->pid, 15, 4000);
			while (sent[i] < total && sent[i] < windows[i] &&
			       send(ends[i]->fd, batch.data, batch.size,
				    MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
				sent[i] += each;
				idle = false;
			}
			got[i] += count_there(ends[i], &windows[i]);
			idle &= got[i] == before && windows[i] == had;
		}
		if (idle)
			wait_for_either();
	}
	buf_fini(&batch);
	cr_expect_eq(sent[0], got[1] * (4000 + WIRE_HEADER_SIZE));
	cr_expect_eq(sent[1], got[0] * (4000 + WIRE_HEADER_SIZE));
	ctl(node, "stop a b");
	end();
}

/* ---- what is seen of it ---- */

static int64_t info_number(struct actor_end *who, const char *target, const char *field)
{
	struct wire_encoder *e = actor_begin_request(who, "info");
	struct wire_frame reply;

	field_put_text(e, 0, "target", target);
	reply = actor_ask(who);
	return field_int(&reply, field, -1);
}

Test(messages, info_and_mailbox)
{
	struct actor_end *guest;
	struct wire_frame row, *reply = &row;
	struct wire_encoder *e;
	struct field field;

	begin();
	guest = actor_guest(node);
	actor_tell(a, b->pid, "one", "1\n\xff");
	actor_tell(a, b->pid, "two", "");
	actor_request(a, "self", NULL, NULL, NULL, NULL);
	cr_expect_eq(info_number(guest, "b", "message_queue_len"), 2);
	cr_expect_eq(info_number(guest, "b", "mailbox_bytes"), 2 * (WIRE_HEADER_SIZE + 3) + 3);
	cr_expect_eq(info_number(guest, "b", "mailbox_limit"), 64 << 20);
	e = actor_begin_request(guest, "mailbox");
	field_put_text(e, 0, "target", "b");
	actor_ask(guest);
	/* The rows came before the reply, which was the last frame of its datagram. */
	guest->cursor = 0;
	cr_assert_eq(wire_decode(guest->datagram, guest->size, &guest->cursor, reply), 1);
	cr_assert_eq(row.op, WIRE_ROW);
	cr_expect_eq(field_int(&row, "number", 0), 1);
	cr_expect_str_eq(field_text(&row, "kind"), "message");
	cr_expect_str_eq(field_text(&row, "from_name"), "a");
	cr_expect_str_eq(field_text(&row, "tag"), "one");
	cr_assert(field_find(&row, "payload", FIELD_BYTES, &field));
	cr_assert_eq(field.text_size, 3);
	cr_expect_arr_eq(field.text, "1\n\xff", 3);
	guest->cursor = guest->size;
	cr_expect_eq(info_number(guest, "b", "message_queue_len"), 2, "nothing was taken");
	actor_credit(b, 1);
	actor_receive(b);
	cr_expect_eq(info_number(guest, "b", "message_queue_len"), 2, "it is not done with");
	cr_expect_eq(actor_request(a, "mailbox", "target", "nobody", NULL, NULL), 3);
	actor_close(guest);
	end();
}

Test(messages, a_reason_that_is_too_long_is_refused)
{
	char reason[257];

	begin();
	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	cr_expect_eq(actor_request(a, "exit", "target", "b", "reason", reason), 2);
	cr_expect_not_null(strstr(actor_reply(a, "error"), "at most 255 bytes"));
	cr_expect_eq(actor_request(a, "exit_self", "reason", reason, NULL, NULL), 2);
	cr_assert_str_eq(state_of(node, "b"), "running");
	end();
}
