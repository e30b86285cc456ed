/* SPDX-License-Identifier: MIT */

/* Sending: what goes over the wire, the window, corks, large payloads; and that nobody waits for
 * ever who could read. */

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peer.h"
#include "tests/support/alloc.h"
#include "wire/number.h"

static const sup_pid nine = {9};

static size_t frame_size(const struct wire_frame *frame)
{
	return WIRE_HEADER_SIZE + frame->tag_size + frame->payload_size;
}

static bool is(const struct wire_frame *frame, const char *tag, const char *payload)
{
	return wire_tag_is(frame, tag) && frame->payload_size == strlen(payload) &&
	       memcmp(frame->payload, payload, frame->payload_size) == 0;
}

Test(send, a_message_as_it_travels)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct wire_frame frame;

	cr_expect_eq(sup_send(p->sup, nine, "tag", sup_text("payload"), 0), 0);
	frame = peer_take(p, WIRE_MESSAGE);
	cr_expect(is(&frame, "tag", "payload"));
	cr_expect(frame.to == 9 && frame.from == 0 && frame.ref == 0 && frame.flags == 0);
	cr_expect_eq(sup_send(p->sup, nine, NULL, SUP_NOTHING, 0), 0);
	frame = peer_take(p, WIRE_MESSAGE);
	cr_expect(is(&frame, "", ""));
	cr_expect_eq(sup_reply(p->sup, nine, (sup_ref){33}, "ok", sup_text("r"), 0), 0);
	frame = peer_take(p, WIRE_RESPONSE);
	cr_expect(is(&frame, "ok", "r"));
	cr_expect(frame.to == 9 && frame.ref == 33);
	cr_expect_eq(sup_reply(p->sup, nine, (sup_ref){0}, "ok", sup_text("r"), 0), -EINVAL);
	peer_end(p);
}

Test(send, limits_of_tags_and_names)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	char tag[SUP_TAG_MAX + 2] = "";

	memset(tag, 'x', SUP_TAG_MAX);
	cr_expect_eq(sup_send(p->sup, nine, tag, SUP_NOTHING, 0), 0);
	cr_expect_eq(peer_take(p, WIRE_MESSAGE).tag_size, SUP_TAG_MAX);
	tag[SUP_TAG_MAX] = 'x';
	cr_expect_eq(sup_send(p->sup, nine, tag, SUP_NOTHING, 0), -EMSGSIZE);
	cr_expect_eq(sup_send_name(p->sup, tag, "", SUP_NOTHING, 0), -ENAMETOOLONG);
	cr_expect_eq(sup_send_name(p->sup, "", "t", SUP_NOTHING, 0), -EINVAL);
	cr_expect_eq(sup_send(p->sup, nine, "", sup_bytes("", SUP_PAYLOAD_MAX + 1), 0), -EMSGSIZE);
	peer_end(p);
}

/* Such as who has sent an operator's exit signal. */
Test(send, to_nobody)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *reply = NULL;
	sup_pid nobody = {0};
	sup_ref ref = {7};

	cr_expect_eq(sup_send(p->sup, nobody, "t", SUP_NOTHING, 0), -EINVAL);
	cr_expect_eq(sup_reply(p->sup, nobody, ref, "t", SUP_NOTHING, 0), -EINVAL);
	cr_expect_eq(sup_call_begin(p->sup, nobody, "t", SUP_NOTHING, 0, &ref), -EINVAL);
	cr_expect_eq(sup_call(p->sup, nobody, "t", SUP_NOTHING, 0, &reply), -EINVAL);
	cr_expect_eq(ref.n, 7);
	cr_expect_null(reply);
	peer_end(p);
}

/* ---- by name ---- */

static const char *outcome;

static void confirm(struct peer *p)
{
	struct wire_frame frame = peer_take(p, WIRE_MESSAGE);

	cr_assert_eq(frame.flags, WIRE_NAMED | WIRE_CONFIRM);
	cr_assert(frame.tag_size == 9 && memcmp(frame.tag, "clock\0set", 9) == 0);
	peer_op(p, WIRE_DONE, 0, frame.ref, outcome);
	peer_send(p);
}

/* SEMANTICS 5. */
Test(send, s5_a_name_is_confirmed)
{
	static const struct {
		const char *outcome;
		int r;
	} rows[] = {{"", 0}, {"noproc", -ESRCH}, {"rejected", -ENOBUFS}, {"memfds", -ENOBUFS}};
	static void (*const steps[])(struct peer *) = {confirm, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	for (size_t i = 0; i < 4; i++) {
		outcome = rows[i].outcome;
		peer_script(p, steps);
		cr_expect_eq(sup_send_name(p->sup, "clock", "set", sup_text("noon"), 0), rows[i].r,
			     "%s", outcome);
	}
	peer_end(p);
}

/* What the daemon has not taken counts for no window. */
Test(send, too_many_memfds)
{
	static void (*const steps[])(struct peer *) = {confirm, NULL};
	struct peer *p = peer_new(WIRE_HEADER_SIZE + 9, 0);

	outcome = "memfds";
	for (int i = 0; i < 3; i++) {
		peer_script(p, steps);
		cr_expect_eq(sup_send_name(p->sup, "clock", "set", sup_text("noon"), 0), -ENOBUFS);
	}
	outcome = "rejected";
	peer_script(p, steps);
	cr_expect_eq(sup_send_name(p->sup, "clock", "set", sup_text("noon"), 0), -ENOBUFS);
	cr_expect_eq(sup_send_name(p->sup, "clock", "set", sup_text("noon"), SUP_NOWAIT), -EAGAIN);
	peer_end(p);
}

Test(send, flags_of_others)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *m = NULL;
	sup_ref ref = {1};

	cr_expect_eq(sup_send(p->sup, nine, "t", SUP_NOTHING, SUP_FLUSH), -EINVAL);
	cr_expect_eq(sup_send_name(p->sup, "x", "t", SUP_NOTHING, SUP_IN_ORDER), -EINVAL);
	cr_expect_eq(sup_reply(p->sup, nine, ref, "t", SUP_NOTHING, SUP_IN_ORDER), -EINVAL);
	cr_expect_eq(sup_call_begin(p->sup, nine, "t", SUP_NOTHING, SUP_FLUSH, &ref), -EINVAL);
	cr_expect_eq(sup_receive(p->sup, NULL, 0, SUP_NOWAIT, 0, &m), -EINVAL);
	cr_expect_eq(sup_demonitor(p->sup, ref, SUP_NOWAIT), -EINVAL);
	cr_expect_eq(sup_registry_run(p->sup, SUP_NOWAIT), -EINVAL);
	peer_end(p);
}

static void cancelled(struct peer *p)
{
	struct wire_frame frame = peer_take(p, WIRE_MESSAGE);
	uint64_t ref = frame.ref;

	frame = peer_take(p, WIRE_CANCEL);
	cr_assert_eq(frame.ref, ref);
	peer_op(p, WIRE_DONE, 0, ref, "cancelled");
	peer_op(p, WIRE_DONE, 1, ref, "");
	peer_send(p);
}

static void delivered(struct peer *p)
{
	uint64_t ref = peer_take(p, WIRE_MESSAGE).ref;

	peer_take(p, WIRE_CANCEL);
	peer_op(p, WIRE_DONE, 0, ref, "");
	peer_op(p, WIRE_DONE, 0, ref, "");
	peer_send(p);
}

Test(send, a_name_without_waiting)
{
	static void (*const steps[])(struct peer *) = {cancelled, delivered, NULL};
	struct peer *p = peer_new(PEER_WINDOW, 0);

	peer_script(p, steps);
	cr_expect_eq(sup_send_name(p->sup, "clock", "set", SUP_NOTHING, SUP_NOWAIT), -EAGAIN);
	cr_expect_eq(sup_send_name(p->sup, "clock", "set", SUP_NOTHING, SUP_NOWAIT), 0);
	peer_end(p);
}

/* ---- the window ---- */

static void widen(struct peer *p)
{
	peer_op(p, WIRE_WINDOW, 0, (uint64_t)3 * (WIRE_HEADER_SIZE + 4), "");
	peer_send(p);
}

/* A frame may begin while the total is below the window; then one waits, or is told. */
Test(send, the_window)
{
	static void (*const steps[])(struct peer *) = {widen, NULL};
	struct peer *p = peer_new(WIRE_HEADER_SIZE + 5, 0);

	cr_expect_eq(sup_send(p->sup, nine, "abcd", SUP_NOTHING, SUP_NOWAIT), 0);
	cr_expect_eq(sup_send(p->sup, nine, "abcd", SUP_NOTHING, SUP_NOWAIT), 0);
	cr_expect_eq(sup_send(p->sup, nine, "abcd", SUP_NOTHING, SUP_NOWAIT), -EAGAIN);
	cr_expect_eq(sup_reply(p->sup, nine, (sup_ref){1}, "", SUP_NOTHING, SUP_NOWAIT), -EAGAIN);
	peer_script(p, steps);
	cr_expect_eq(sup_send(p->sup, nine, "abcd", SUP_NOTHING, 0), 0);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(peer_take(p, WIRE_MESSAGE).tag_size, 4);
	cr_expect_eq(sup_send(p->sup, nine, "abcd", SUP_NOTHING, SUP_NOWAIT), -EAGAIN);
	/* It came meanwhile. */
	peer_op(p, WIRE_WINDOW, 0, PEER_WINDOW, "");
	peer_send(p);
	cr_expect_eq(sup_send(p->sup, nine, "abcd", SUP_NOTHING, SUP_NOWAIT), 0);
	peer_take(p, WIRE_MESSAGE);
	peer_end(p);
}

/* ---- a daemon that does not read ---- */

static unsigned sent, read_back;

static void only_write(struct peer *p)
{
	peer_message(p, 1, "t", "came meanwhile");
	peer_send(p);
}

/* A daemon that waits for us to read, in its turn. */
static void read_everything(struct peer *p)
{
	struct wire_frame frame;
	int unread = 0;

	cr_assert_eq(ioctl(p->fd, SIOCOUTQ, &unread), 0);
	cr_expect_eq(unread, 0, "what was sent was not taken");
	while (peer_look(p, &frame))
		read_back += frame.op == WIRE_MESSAGE;
}

/* What does not fit into the socket: -EAGAIN and nothing sent, or a wait in which one reads. */
Test(send, a_full_socket)
{
	static void (*const steps[])(struct peer *) = {only_write, read_everything, NULL};
	struct peer *p = peer_new(UINT64_MAX, 0);
	char *payload = calloc(1, 50000);

	while (sup_send(p->sup, nine, "t", sup_bytes(payload, 50000), SUP_NOWAIT) == 0)
		sent++;
	cr_expect_eq(sup_send(p->sup, nine, "t", sup_bytes(payload, 1), SUP_NOWAIT), -EAGAIN);
	peer_script(p, steps);
	cr_expect_eq(sup_send(p->sup, nine, "t", sup_bytes(payload, 50000), 0), 0);
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "message t came meanwhile");
	cr_expect_eq(peer_take(p, WIRE_MESSAGE).payload_size, 50000);
	cr_expect_eq(read_back, sent);
	cr_expect_gt(sent, 0);
	free(payload);
	peer_end(p);
}

/* ---- corks ---- */

Test(send, corked_messages_go_together)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct wire_frame frame;
	size_t size;

	sup_cork(p->sup);
	sup_cork(p->sup);
	for (int i = 0; i < 100; i++)
		cr_assert_eq(sup_send(p->sup, nine, "t", sup_text("x"), i % 2 ? SUP_NOWAIT : 0), 0);
	cr_expect_eq(sup_uncork(p->sup), 0);
	peer_nothing(p);
	cr_expect_eq(sup_uncork(p->sup), 0);
	frame = peer_take(p, WIRE_MESSAGE);
	size = p->size;
	cr_expect_eq(size, 100 * frame_size(&frame));
	for (int i = 1; i < 100; i++)
		peer_take(p, WIRE_MESSAGE);
	peer_end(p);
}

Test(send, a_full_cork_goes_by_itself)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	char payload[30000] = "";

	sup_cork(p->sup);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(sup_send(p->sup, nine, "t", sup_bytes(payload, 30000), 0), 0);
	for (int i = 0; i < 3; i++)
		peer_take(p, WIRE_MESSAGE);
	cr_expect_eq(sup_uncork(p->sup), 0);
	peer_end(p);
}

/* ---- large payloads ---- */

Test(send, a_large_payload_goes_in_a_memfd_behind_what_was_corked)
{
	struct peer *p = peer_new(PEER_WINDOW, 0);
	size_t size = 300000;
	char *payload = malloc(size), *back = malloc(size);
	struct wire_frame frame;
	struct stat st;

	memset(payload, 'y', size);
	sup_cork(p->sup);
	cr_expect_eq(sup_send(p->sup, nine, "first", SUP_NOTHING, 0), 0);
	cr_expect_eq(sup_send(p->sup, nine, "big", sup_bytes(payload, size), 0), 0);
	cr_expect_eq(sup_send(p->sup, nine, "last", SUP_NOTHING, 0), 0);
	cr_expect_eq(sup_uncork(p->sup), 0);
	frame = peer_take(p, WIRE_MESSAGE);
	cr_expect(is(&frame, "first", ""));
	cr_expect_eq(p->n_fds, 0);
	frame = peer_take(p, WIRE_MESSAGE);
	cr_expect(wire_tag_is(&frame, "big"));
	cr_assert(frame.flags == WIRE_MEMFD && frame.payload_size == 8);
	cr_expect_eq(number_load(frame.payload, 8), size);
	cr_assert_eq(p->n_fds, 1);
	cr_assert_eq(fstat(p->fds[0], &st), 0);
	cr_expect_eq(st.st_size, (off_t)size);
	cr_expect_eq(pread(p->fds[0], back, size, 0), (ssize_t)size);
	cr_expect_eq(memcmp(back, payload, size), 0);
	close(p->fds[0]);
	frame = peer_take(p, WIRE_MESSAGE);
	cr_expect(is(&frame, "last", ""));
	free(payload), free(back);
	peer_end(p);
}

/* It counts for the window with all its bytes. */
Test(send, a_memfd_in_the_window)
{
	struct peer *p = peer_new(200000, 0);
	char *payload = calloc(1, 200000);

	cr_expect_eq(sup_send(p->sup, nine, "", sup_bytes(payload, 200000), SUP_NOWAIT), 0);
	cr_expect_eq(sup_send(p->sup, nine, "", SUP_NOTHING, SUP_NOWAIT), -EAGAIN);
	peer_take(p, WIRE_MESSAGE);
	close(p->fds[0]);
	free(payload);
	peer_end(p);
}

/* ---- memory ---- */

Test(send, without_memory_nothing_goes)
{
	static char payload[200];

	for (unsigned long n = 1;; n++) {
		struct peer *p = peer_new(PEER_WINDOW, 0);
		bool failed;
		int r;

		sup_cork(p->sup);
		cr_assert_eq(sup_send(p->sup, nine, "1", SUP_NOTHING, 0), 0);
		alloc_fail_at(n);
		r = sup_send(p->sup, nine, "2", sup_bytes(payload, sizeof(payload)), 0);
		failed = alloc_fail_end();
		cr_assert_eq(r, failed ? -ENOMEM : 0);
		cr_assert_eq(sup_send(p->sup, nine, "3", SUP_NOTHING, 0), 0);
		cr_assert_eq(sup_uncork(p->sup), 0);
		for (int i = 1; i <= 3; i++)
			if (i != 2 || !failed)
				cr_assert_eq(peer_take(p, WIRE_MESSAGE).tag[0], '0' + i);
		peer_end(p);
		if (!failed) {
			cr_assert_gt(n, 1);
			return;
		}
	}
}
