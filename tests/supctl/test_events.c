/* SPDX-License-Identifier: MIT */

/* supctl events: what it asks for, and how events look. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "tests/supctl/peer.h"
#include "wire/field.h"

TestSuite(events);

/* An event; what is NULL or 0 is not there. */
struct event {
	int64_t seq;
	const char *kind, *name, *reason, *explanation, *origin;
	int64_t cause;
	const char *cause_kind, *cause_name;
};

static void put_event(struct peer *p, uint64_t ref, const struct event *event)
{
	struct wire_frame row = wire_frame(WIRE_ROW, "", ref);
	struct wire_encoder e;

	wire_begin(&e, &p->out, &row);
	field_put_int(&e, 0, "seq", event->seq);
	field_put_time(&e, 0, "time", INT64_C(1796040000123456789)); /* 2026-11-30 12:00 */
	field_put_text(&e, 0, "name", event->name);
	field_put_text(&e, 0, "kind", event->kind);
	field_put_text(&e, 0, "reason", event->reason);
	if (event->cause)
		field_put_int(&e, 0, "cause", event->cause);
	else
		field_put_null(&e, 0, "cause");
	field_put_text(&e, 0, "cause_name", event->cause_name);
	field_put_text(&e, 0, "origin", event->origin);
	if (event->cause_kind)
		field_put_text(&e, FIELD_DETAIL, "cause_kind", event->cause_kind);
	if (event->explanation)
		field_put_text(&e, FIELD_DETAIL, "explanation", event->explanation);
	PEER_CHECK(wire_end(&e) == 0);
}

static void put_gap(struct peer *p, uint64_t ref)
{
	struct wire_frame row = wire_frame(WIRE_ROW, "", ref);
	struct wire_encoder e;

	wire_begin(&e, &p->out, &row);
	field_put_text(&e, 0, "kind", "gap");
	field_put_int(&e, 0, "from", 3);
	field_put_int(&e, 0, "to", 7);
	field_put_int(&e, 0, "lost", 5);
	PEER_CHECK(wire_end(&e) == 0);
}

static void reply_to(struct peer *p, uint64_t ref)
{
	struct wire_frame reply = wire_frame(WIRE_REPLY, "", ref);
	struct wire_encoder e;

	wire_begin(&e, &p->out, &reply);
	field_put_int(&e, 0, "status", 0);
	wire_end(&e);
	peer_send(p);
}

static struct wire_frame expect_request(struct peer *p)
{
	struct wire_frame asked = peer_expect(p, WIRE_REQUEST);

	PEER_CHECK(wire_tag_is(&asked, "events"));
	return asked;
}

/* ---- how they look ---- */

static void serve_some(struct peer *p)
{
	static const struct event events[] = {
		{2, "supd_started", NULL, NULL, "the supd before it did not end in order", NULL, 0,
		 NULL, NULL},
		{8, "exit", "web/db", "killed", NULL, "self", 0, NULL, NULL},
		{9, "stopping", "web/pool", "shutdown", NULL, NULL, 8, "exit", "web/db"},
		{1234567, "exit", "web/db", "unhealthy", "it has said no", NULL, 9, "keeper", NULL},
	};
	uint64_t ref = expect_request(p).ref;

	put_event(p, ref, &events[0]);
	put_gap(p, ref);
	for (size_t i = 1; i < ARRAY_LEN(events); i++)
		put_event(p, ref, &events[i]);
	reply_to(p, ref);
}

Test(events, how_they_look)
{
	static const char expected[] =
		"    2  AT  supd_started  the supd before it did not end in order\n"
		"                     gap           events lost: 5, from 3 to 7\n"
		"    8  AT  exit          web/db  killed  <- self\n"
		"    9  AT  stopping      web/pool  shutdown  <- 8 exit web/db\n"
		"1234567  AT  exit          web/db  unhealthy: it has said no  <- 9 keeper\n";
	struct result r = run_against(serve_some, false,
				      "TZ=UTC supctl events --since 1 | "
				      "sed 's/2026-11-30 12:00:00.123/AT/'");

	cr_expect_eq(r.status, 0);
	cr_expect_str_eq(r.err, "");
	cr_expect_str_eq(r.out, expected, "\n%s", r.out);
}

/* ---- what is asked for ---- */

/* Six events, to whoever asks for all that are kept. */
static void serve_kept(struct peer *p)
{
	struct wire_frame asked = expect_request(p);

	PEER_CHECK(field_int(&asked, "since", -1) == 0);
	PEER_CHECK(!field_bool(&asked, "follow"));
	for (int64_t seq = 11; seq <= 16; seq++)
		put_event(p, asked.ref, &(struct event){.seq = seq, .kind = "ready", .name = "a"});
	reply_to(p, asked.ref);
}

/* After those, what comes after the last that was shown. */
static void serve_kept_and_more(struct peer *p)
{
	struct wire_frame asked;

	serve_kept(p);
	asked = expect_request(p);
	PEER_CHECK(field_int(&asked, "since", -1) == 17);
	PEER_CHECK(field_bool(&asked, "follow"));
	put_event(p, asked.ref, &(struct event){.seq = 16, .kind = "watching"});
	put_event(p, asked.ref, &(struct event){.seq = 17, .kind = "exit", .name = "a"});
	peer_send(p);
	peer_expect_end(p);
}

static void serve_from_time(struct peer *p)
{
	struct wire_frame asked = expect_request(p);
	struct field f;

	PEER_CHECK(field_find(&asked, "since_time", FIELD_TIME, &f));
	PEER_CHECK(f.number == INT64_C(1796040000500000000));
	reply_to(p, asked.ref);
}

Test(events, which)
{
	static const struct {
		const char *words, *out;
		serve_fn *serve;
	} rows[] = {
		{"-n 2", "15 16 ", serve_kept},
		{"-n 0", "", serve_kept},
		{"-n 100", "11 12 13 14 15 16 ", serve_kept},
		{"-n all", "11 12 13 14 15 16 ", serve_kept},
		{"--until 13", "11 12 13 ", serve_kept},
		{"--until '2026-11-30 13:00Z' -n 1", "16 ", serve_kept},
		{"--until '2026-11-30 12:00Z'", "", serve_kept},
		{"-n 2 --count 9", "15 16 ", serve_kept},
		{"-n 3 --count 2", "14 15 ", serve_kept},
		{"-n 3 --count 2 -f", "14 15 ", serve_kept},
		{"-n 1 -f --timeout 200ms", "16 17 ", serve_kept_and_more},
		{"-n 1 -f --count 2", "16 17 ", serve_kept_and_more},
		{"--since '2026-11-30 12:00:00.5Z'", "", serve_from_time},
		{"--since @1796040000.5", "", serve_from_time},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char shell[256];
		struct result r;

		snprintf(shell, sizeof(shell), "supctl events %s | awk '{ printf(\"%%s \", $1) }'",
			 rows[i].words);
		r = run_against(rows[i].serve, false, shell);
		cr_expect_str_eq(r.out, rows[i].out, "%s: %s%s", rows[i].words, r.out, r.err);
	}
}
