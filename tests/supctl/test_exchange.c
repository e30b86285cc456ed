/* SPDX-License-Identifier: MIT */

/*
 * What supctl sends and what it makes of the answers, those included that cross with its giving up:
 * a message that was handed out is printed, one that was taken is not taken back.
 */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "base/text.h"
#include "tests/supctl/peer.h"
#include "wire/clause.h"
#include "wire/field.h"
#include "wire/number.h"

#define HELPERS (UINT64_C(1) << 63)

struct row {
	const char *name;
	serve_fn *serve;
	bool inside;
	const char *words;
	int status;
	const char *out, *err; /* patterns */
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct result r = run_against(rows[i].serve, rows[i].inside, rows[i].words);

		cr_expect_eq(r.status, rows[i].status, "%s: %d %s", rows[i].name, r.status, r.err);
		cr_expect(text_glob(rows[i].out, r.out), "%s: %s", rows[i].name, r.out);
		cr_expect(text_glob(rows[i].err, r.err), "%s: %s", rows[i].name, r.err);
	}
}

/* ---- send ---- */

static uint64_t expect_message(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_MESSAGE);

	PEER_CHECK(f.flags == (WIRE_NAMED | WIRE_CONFIRM));
	PEER_CHECK(f.tag_size == 5 && memcmp(f.tag, "db\0hi", 5) == 0);
	PEER_CHECK(f.payload_size == 3 && memcmp(f.payload, "abc", 3) == 0);
	return f.ref;
}

static void done(struct peer *p, uint64_t ref, uint64_t to, const char *tag)
{
	peer_put(p, WIRE_DONE, 0, to, ref, tag, "");
}

static void serve_send_done(struct peer *p)
{
	uint64_t ref = expect_message(p);

	PEER_CHECK(ref & HELPERS);
	done(p, ref, 0, "");
	peer_send(p);
	peer_expect_end(p);
}

/* A guest counts from 1, and says goodbye. */
static void serve_send_guest(struct peer *p)
{
	PEER_CHECK(expect_message(p) == 1);
	done(p, 1, 0, "");
	peer_send(p);
	peer_expect(p, WIRE_GOODBYE);
	peer_expect_end(p);
}

/* Whom nobody is, supctl asks about. */
static void answer_info(struct peer *p, int64_t status, const char *field, const char *text)
{
	struct wire_frame asked = peer_expect(p, WIRE_REQUEST);
	struct wire_frame reply = wire_frame(WIRE_REPLY, "", asked.ref);
	struct wire_encoder e;

	PEER_CHECK(wire_tag_is(&asked, "info"));
	wire_begin(&e, &p->out, &reply);
	field_put_int(&e, 0, "status", status);
	field_put_text(&e, 0, field, text);
	wire_end(&e);
	peer_send(p);
}

static void serve_send_noproc(struct peer *p)
{
	done(p, expect_message(p), 0, "noproc");
	peer_send(p);
	answer_info(p, 3, "error", "db: it does not run");
}

static void serve_send_just_up(struct peer *p)
{
	done(p, expect_message(p), 0, "noproc");
	peer_send(p);
	answer_info(p, 0, "kind", "service");
}

static void serve_send_rejected(struct peer *p)
{
	done(p, expect_message(p), 0, "rejected");
	peer_send(p);
}

static void serve_send_cancelled(struct peer *p)
{
	uint64_t ref = expect_message(p);

	PEER_CHECK(peer_expect(p, WIRE_CANCEL).ref == ref);
	done(p, ref, 1, "");
	peer_send(p);
}

/* The DONE of the message and that of the CANCEL cross. */
static void serve_send_just_in_time(struct peer *p)
{
	uint64_t ref = expect_message(p);

	peer_expect(p, WIRE_CANCEL);
	done(p, ref, 0, "");
	done(p, ref, 0, "");
	peer_send(p);
}

static void serve_send_refused(struct peer *p)
{
	struct wire_encoder e;
	struct wire_frame reply = wire_frame(WIRE_REPLY, "", 0);

	expect_message(p);
	wire_begin(&e, &p->out, &reply);
	field_put_int(&e, 0, "status", 4);
	field_put_text(&e, 0, "error", "not you");
	wire_end(&e);
	peer_send(p);
}

static void serve_send_gone(struct peer *p)
{
	expect_message(p);
}

#define SEND "supctl send db --tag hi abc"

Test(exchange, send)
{
	static const struct row rows[] = {
		{"taken", serve_send_done, true, SEND, 0, "", ""},
		{"by a guest", serve_send_guest, false, SEND, 0, "", ""},
		{"from standard input", serve_send_done, true,
		 "printf abc | supctl send db --tag hi -", 0, "", ""},
		{"noproc", serve_send_noproc, true, SEND, 3, "", "supctl: db: it does not run\n"},
		{"just up", serve_send_just_up, true, SEND, 3, "",
		 "supctl: db: it has no mailbox, or has only just come up\n"},
		{"rejected", serve_send_rejected, true, SEND, 1, "",
		 "supctl: db: the message was refused (rejected)*"},
		{"late", serve_send_cancelled, true, SEND " --timeout 20ms", 5, "",
		 "supctl: db: no room in its mailbox within 20ms; the message was taken back\n"},
		{"just in time", serve_send_just_in_time, true, SEND " --timeout 20ms", 0, "", ""},
		{"not permitted", serve_send_refused, true, SEND, 4, "", "supctl: not you\n"},
		{"gone", serve_send_gone, true, SEND, 7, "", "supctl: the daemon at * has gone*"},
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static void serve_stdin(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_MESSAGE);

	PEER_CHECK(f.to == 7 && f.tag_size == 0 && f.flags == WIRE_CONFIRM);
	PEER_CHECK(f.payload_size == 4 && memcmp(f.payload, "a\0b\n", 4) == 0);
	done(p, f.ref, 0, "");
	peer_send(p);
}

/* 61441 bytes: the least that goes by memfd. */
static void serve_large(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_MESSAGE);
	struct stat st;

	PEER_CHECK(f.flags == (WIRE_CONFIRM | WIRE_MEMFD) && f.payload_size == 8);
	PEER_CHECK(number_load(f.payload, 8) == 61441 && p->payload_fd >= 0);
	PEER_CHECK(fstat(p->payload_fd, &st) == 0 && st.st_size == 61441);
	PEER_CHECK(fcntl(p->payload_fd, F_GET_SEALS) ==
		   (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL));
	done(p, f.ref, 0, "");
	peer_send(p);
}

static void serve_not_large(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_MESSAGE);

	PEER_CHECK(f.flags == WIRE_CONFIRM && f.payload_size == 61440);
	done(p, f.ref, 0, "");
	peer_send(p);
}

static void serve_minus(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_MESSAGE);

	PEER_CHECK(f.payload_size == 2 && memcmp(f.payload, "-x", 2) == 0);
	done(p, f.ref, 0, "");
	peer_send(p);
}

static void serve_nothing(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_MESSAGE);

	PEER_CHECK(f.payload_size == 0);
	done(p, f.ref, 0, "");
	peer_send(p);
}

Test(exchange, payloads)
{
	static const struct row rows[] = {
		{"any bytes from standard input", serve_stdin, true,
		 "printf 'a\\0b\\n' | supctl send 0.7.0 -", 0, "", ""},
		{"a memfd", serve_large, true, "head -c 61441 /dev/zero | supctl send 0.7.0 -", 0,
		 "", ""},
		{"no memfd", serve_not_large, true, "head -c 61440 /dev/zero | supctl send 0.7.0 -",
		 0, "", ""},
		{"behind --", serve_minus, true, "supctl send 0.7.0 -- -x", 0, "", ""},
		{"none, though there is something to read", serve_nothing, true,
		 "echo x | supctl send 0.7.0", 0, "", ""},
	};

	check_rows(rows, ARRAY_LEN(rows));
}

/* ---- call ---- */

static uint64_t expect_call(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_CALL);

	PEER_CHECK(f.flags == WIRE_DIRECT && f.to == 7);
	PEER_CHECK(wire_tag_is(&f, "get") && f.payload_size == 1);
	return f.ref;
}

static void serve_call_answer(struct peer *p)
{
	uint64_t ref = expect_call(p);

	peer_put(p, WIRE_RESPONSE, 7, 0, ref ^ 1, "", "of another");
	peer_put(p, WIRE_RESPONSE, 7, 0, ref, "", "four\n");
	peer_send(p);
	peer_expect_end(p);
}

static void call_down(struct peer *p, const char *reason)
{
	peer_put(p, WIRE_DOWN, 7, 0, expect_call(p), "", reason);
	peer_send(p);
}

static void serve_call_noproc(struct peer *p)
{
	call_down(p, "noproc");
	answer_info(p, 3, "error", "0.7.0: no such actor");
}

static void serve_call_supervisor(struct peer *p)
{
	call_down(p, "noproc");
	answer_info(p, 0, "kind", "supervisor");
}

/* The daemon goes before it has said why. */
static void serve_call_noproc_gone(struct peer *p)
{
	call_down(p, "noproc");
}

static void serve_call_died(struct peer *p)
{
	call_down(p, "exit:3");
}

static void serve_call_rejected(struct peer *p)
{
	call_down(p, "mailbox_overflow");
}

static void serve_call_late(struct peer *p)
{
	uint64_t ref = expect_call(p);
	struct wire_frame cancel = peer_expect(p, WIRE_CANCEL);

	PEER_CHECK(cancel.ref == ref && cancel.flags == WIRE_FLUSH);
	done(p, ref, 1, "");
	peer_send(p);
}

static void serve_call_just_in_time(struct peer *p)
{
	uint64_t ref = expect_call(p);

	peer_expect(p, WIRE_CANCEL);
	peer_put(p, WIRE_RESPONSE, 7, 0, ref, "", "after all");
	done(p, ref, 0, "");
	peer_send(p);
}

#define CALL "supctl call 0.7.0 --tag get x"

Test(exchange, call)
{
	static const struct row rows[] = {
		{"answered", serve_call_answer, true, CALL, 0, "four\n", ""},
		{"noproc", serve_call_noproc, true, CALL, 3, "", "supctl: 0.7.0: no such actor\n"},
		{"supervisor", serve_call_supervisor, true, CALL, 3, "",
		 "supctl: 0.7.0: a supervisor has no mailbox\n"},
		{"noproc, and gone", serve_call_noproc_gone, true, CALL, 3, "",
		 "*supctl: 0.7.0: no such actor\n"},
		{"died", serve_call_died, true, CALL, 7, "",
		 "supctl: 0.7.0: it ended before it answered: exit:3\n"},
		{"rejected", serve_call_rejected, true, CALL, 1, "",
		 "supctl: 0.7.0: the call did not fit into its mailbox\n"},
		{"late", serve_call_late, true, CALL " --timeout 20ms", 5, "",
		 "supctl: 0.7.0: no answer within 20ms\n"},
		{"just in time", serve_call_just_in_time, true, CALL " --timeout 20ms", 0,
		 "after all", ""},
	};

	check_rows(rows, ARRAY_LEN(rows));
}

/* ---- recv ---- */

static uint64_t expect_receive(struct peer *p, uint8_t flags, int n_clauses)
{
	struct wire_frame f = peer_expect(p, WIRE_RECEIVE);

	PEER_CHECK(f.flags == flags && (f.ref & HELPERS));
	PEER_CHECK(clause_count(f.payload, f.payload_size) == n_clauses);
	return f.ref;
}

static void hand_out(struct peer *p, uint64_t ref)
{
	done(p, ref, 9, "");
	peer_put(p, WIRE_MESSAGE, 7, 9, 0, "t", "hello");
	peer_put(p, WIRE_QUEUED, 0, 0, 4, "", "");
}

static void serve_recv(struct peer *p)
{
	hand_out(p, expect_receive(p, 0, 0));
	peer_send(p);
	PEER_CHECK(peer_expect(p, WIRE_ACK).ref == 9);
	peer_expect_end(p);
}

static void serve_recv_clauses(struct peer *p)
{
	hand_out(p, expect_receive(p, WIRE_IN_ORDER, 2));
	peer_send(p);
	PEER_CHECK(peer_expect(p, WIRE_ACK).ref == 9);
}

static void serve_recv_not_written(struct peer *p)
{
	hand_out(p, expect_receive(p, 0, 0));
	peer_send(p);
	peer_expect_end(p);
}

static void serve_recv_poll(struct peer *p)
{
	done(p, expect_receive(p, WIRE_NOW, 0), 0, "");
	peer_send(p);
	peer_expect_end(p);
}

static void serve_recv_late(struct peer *p)
{
	uint64_t ref = expect_receive(p, 0, 0);

	PEER_CHECK(peer_expect(p, WIRE_CANCEL).ref == ref);
	done(p, ref, 0, "cancelled");
	peer_send(p);
	peer_expect_end(p);
}

static void serve_recv_just_in_time(struct peer *p)
{
	uint64_t ref = expect_receive(p, 0, 0);

	peer_expect(p, WIRE_CANCEL);
	hand_out(p, ref);
	done(p, ref, 0, "");
	peer_send(p);
	PEER_CHECK(peer_expect(p, WIRE_ACK).ref == 9);
}

/* --vars asks who the sender is; here nobody any more. */
static void serve_recv_vars(struct peer *p)
{
	struct wire_frame f;
	struct wire_encoder e;
	struct wire_frame reply;

	hand_out(p, expect_receive(p, 0, 0));
	peer_send(p);
	f = peer_expect(p, WIRE_REQUEST);
	PEER_CHECK(wire_tag_is(&f, "info") && strcmp(field_text(&f, "target"), "<0.7.0>") == 0);
	reply = wire_frame(WIRE_REPLY, "", f.ref);
	wire_begin(&e, &p->out, &reply);
	field_put_int(&e, 0, "status", 3);
	field_put_text(&e, 0, "error", "no such actor");
	wire_end(&e);
	peer_send(p);
	PEER_CHECK(peer_expect(p, WIRE_ACK).ref == 9);
}

Test(exchange, recv)
{
	static const struct row rows[] = {
		{"one", serve_recv, true, "supctl recv", 0, "hello", ""},
		{"clauses", serve_recv_clauses, true,
		 "supctl recv --match kind=call --in-order --match=tag=x,kind=down", 0, "hello",
		 ""},
		{"not written out", serve_recv_not_written, true, "supctl recv >/dev/full", 1, "",
		 "supctl: standard output: *"},
		{"a poll", serve_recv_poll, true, "supctl recv --timeout 0", 5, "", ""},
		{"late", serve_recv_late, true, "supctl recv --timeout 20ms", 5, "", ""},
		{"just in time", serve_recv_just_in_time, true, "supctl recv --timeout 20ms", 0,
		 "hello", ""},
		{"as assignments", serve_recv_vars, true, "supctl recv --vars", 0,
		 "kind='message'\nfrom='<0.7.0>'\nfrom_name=''\nref='9'\ntag='t'\n"
		 "payload='hello'\npayload_base64=''\nreason=''\nredelivered=''\n",
		 ""},
		{"as JSON", serve_recv_vars, true, "supctl recv --json", 0,
		 "{\"kind\":\"message\",*,\"ref\":\"9\",\"tag\":\"t\",\"payload\":\"hello\",*}\n",
		 ""},
	};

	check_rows(rows, ARRAY_LEN(rows));
}

/* ---- the others ---- */

static void serve_monitor_outside(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_MONITOR);

	PEER_CHECK(f.flags == WIRE_NAMED && f.ref == 1 && f.tag_size == 3);
	f = peer_expect(p, WIRE_CREDIT);
	PEER_CHECK(f.ref == 1 && f.to == 0);
	peer_put(p, WIRE_DOWN, 7, 1, 1, "db", "exit:3");
	peer_send(p);
	peer_expect(p, WIRE_GOODBYE);
}

static void serve_monitor_noproc(struct peer *p)
{
	peer_expect(p, WIRE_MONITOR);
	peer_put(p, WIRE_DOWN, 0, 1, 1, "db", "noproc");
	peer_send(p);
}

static void settle(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_REQUEST);
	struct wire_frame reply = wire_frame(WIRE_REPLY, "", f.ref);
	struct wire_encoder e;

	wire_begin(&e, &p->out, &reply);
	field_put_int(&e, 0, "status", 0);
	wire_end(&e);
	peer_send(p);
	peer_expect_end(p);
}

static void serve_monitor_inside(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_MONITOR);

	PEER_CHECK(f.to == 7 && !f.flags && (f.ref & HELPERS));
	settle(p);
}

static void serve_demonitor(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_CANCEL);

	PEER_CHECK(f.ref == 77 && f.flags == WIRE_FLUSH);
	done(p, 77, 0, "");
	peer_send(p);
}

static void serve_ack(struct peer *p)
{
	PEER_CHECK(peer_expect(p, WIRE_ACK).ref == 77);
	settle(p);
}

static void serve_reply(struct peer *p)
{
	struct wire_frame f = peer_expect(p, WIRE_RESPONSE);

	PEER_CHECK(f.ref == 77 && f.to == 7 && !f.flags && !f.tag_size);
	PEER_CHECK(f.payload_size == 4 && memcmp(f.payload, "four", 4) == 0);
	settle(p);
}

Test(exchange, monitors_and_answers)
{
	static const struct row rows[] = {
		{"a guest waits", serve_monitor_outside, false, "supctl monitor db", 0, "exit:3\n",
		 ""},
		{"nobody there", serve_monitor_noproc, false, "supctl monitor db", 3, "noproc\n",
		 ""},
		{"an actor does not", serve_monitor_inside, true, "supctl monitor 0.7.0", 0, "*\n",
		 ""},
		{"demonitor", serve_demonitor, true, "supctl demonitor 77 --flush", 0, "", ""},
		{"ack", serve_ack, true, "supctl ack 77", 0, "", ""},
		{"reply", serve_reply, true, "supctl reply '<0.7.0>' 77 four", 0, "", ""},
	};

	check_rows(rows, ARRAY_LEN(rows));
}
