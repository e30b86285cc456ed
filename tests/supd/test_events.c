/* SPDX-License-Identifier: MIT */

/* Events that the core does not tell of: numbers, causes, listeners, and the way back from a log.
 */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "supd/events.h"
#include "tests/support/alloc.h"
#include "wire/json.h"

static void open_with(struct daemon *d, struct config *config, uint32_t kept)
{
	*config = (struct config){.events_kept = kept};
	*d = (struct daemon){.config = config};
	cr_assert_eq(events_open(d), 0);
}

static uint64_t add(struct daemon *d, const char *kind, const char *name, uint64_t cause)
{
	return events_add(d, &(struct occurrence){
				     .kind = kind, .name = name, .cause = cause, .origin = "self"});
}

static const char *text_of(const struct daemon *d, uint64_t seq, const char *name)
{
	struct wire_frame row;

	cr_assert(events_find(d, seq, &row), "no event %llu", (unsigned long long)seq);
	return field_text(&row, name);
}

Test(events, numbers_and_causes)
{
	struct config config;
	struct daemon d;
	struct wire_frame row;

	open_with(&d, &config, 100);
	cr_assert_eq(events_last(&d), 0);
	cr_assert_eq(events_next(&d, 0, &row), 0);
	cr_assert_eq(events_previous(&d, UINT64_MAX, &row), 0);
	cr_assert_eq(add(&d, "a", "web/db", 0), 1);
	cr_assert_eq(add(&d, "b", NULL, 1), 2);
	cr_assert_str_eq(text_of(&d, 1, "origin"), "self");
	cr_assert(events_find(&d, 2, &row));
	cr_assert_eq(field_int(&row, "cause", 0), 1);
	cr_assert_str_eq(field_text(&row, "cause_name"), "web/db");
	cr_assert_str_eq(field_text(&row, "cause_kind"), "a");
	cr_assert_null(field_text(&row, "origin"));
	cr_assert_eq(events_next(&d, 0, &row), 1);
	cr_assert_eq(events_next(&d, 1, &row), 2);
	cr_assert_eq(events_next(&d, 2, &row), 0);
	cr_assert_eq(events_previous(&d, UINT64_MAX, &row), 2);
	cr_assert_eq(events_previous(&d, 1, &row), 0);
	events_close(&d);
}

Test(events, a_cause_that_is_not_kept)
{
	struct config config;
	struct daemon d;
	struct wire_frame row;

	open_with(&d, &config, 2);
	for (int i = 0; i < 5; i++)
		add(&d, "a", "x", 0);
	cr_assert(!events_find(&d, 3, &row));
	cr_assert_eq(add(&d, "b", "x", 1), 6);
	cr_assert(events_find(&d, 6, &row));
	cr_assert(field_bool(&row, "cause_gone"));
	cr_assert_eq(field_int(&row, "cause", -1), -1);
	cr_assert_null(field_text(&row, "origin"));
	events_close(&d);
}

static void put_much(struct wire_encoder *e, const void *data)
{
	static char text[EVENT_SIZE_MAX];

	memset(text, 'x', sizeof(text) - 1);
	field_put_text(e, 0, "much", text);
	field_put_text(e, 0, "more", data);
}

Test(events, one_that_is_too_large_goes_without_details)
{
	struct config config;
	struct daemon d;

	open_with(&d, &config, 10);
	cr_assert_eq(events_add(&d,
				&(struct occurrence){
					.kind = "a", .name = "x", .more = put_much, .data = "y"}),
		     1);
	cr_assert_null(text_of(&d, 1, "much"));
	cr_assert_not_null(strstr(text_of(&d, 1, "explanation"), "too long"));
	events_close(&d);
}

Test(events, without_memory_one_is_missing)
{
	struct config config;
	struct daemon d;

	open_with(&d, &config, 10);
	alloc_fail_at(1);
	cr_assert_eq(add(&d, "a", "x", 0), 0);
	cr_assert(alloc_fail_end());
	cr_assert_eq(add(&d, "a", "x", 0), 2, "its number was used all the same");
	events_close(&d);
}

/* ---- listeners ---- */

struct hearing {
	struct events_listener listener;
	struct daemon *d;
	struct buf heard;
	bool echoes, leaves;
};

static void hear(void *owner, uint64_t seq, const struct wire_frame *row)
{
	struct hearing *h = owner;

	buf_printf(&h->heard, "%llu%s ", (unsigned long long)seq, field_text(row, "kind"));
	if (h->echoes && strcmp(field_text(row, "kind"), "a") == 0)
		add(h->d, "echo", NULL, seq);
	if (h->leaves)
		events_unlisten(&h->listener);
}

static void listen_with(struct daemon *d, struct hearing *h)
{
	h->d = d;
	h->listener = (struct events_listener){.call = hear, .owner = h};
	list_init(&h->listener.link);
	events_listen(d, &h->listener);
}

Test(events, listeners_hear_all_in_order)
{
	struct config config;
	struct daemon d;
	struct hearing first = {.echoes = true}, second = {.leaves = true}, third = {0};

	open_with(&d, &config, 10);
	add(&d, "before", NULL, 0);
	listen_with(&d, &first);
	listen_with(&d, &second);
	listen_with(&d, &third);
	add(&d, "a", NULL, 0);
	add(&d, "b", NULL, 0);
	cr_assert_str_eq(buf_text(&first.heard), "2a 3echo 4b ");
	cr_assert_str_eq(buf_text(&second.heard), "2a ");
	cr_assert_str_eq(buf_text(&third.heard), "2a 3echo 4b ");
	buf_fini(&first.heard);
	buf_fini(&second.heard);
	buf_fini(&third.heard);
	events_close(&d);
}

/* ---- back from a log ---- */

static int restore(struct daemon *d, const char *line)
{
	return events_restore(d, line, strlen(line));
}

Test(events, what_was_logged_comes_back)
{
	struct config config;
	struct daemon d, after;
	struct buf line = BUF_INIT, again = BUF_INIT;
	struct wire_frame row;

	open_with(&d, &config, 10);
	add(&d, "a", "web/db", 0);
	add(&d, "b", "web/\xc3\xa4 \"x\"", 1);
	open_with(&after, &config, 10);
	for (uint64_t seq = 1; seq <= 2; seq++) {
		cr_assert(events_find(&d, seq, &row));
		buf_clear(&line);
		json_put_row(&line, &row);
		cr_assert_eq(events_restore(&after, line.data, line.size - 1), 0);
		cr_assert(events_find(&after, seq, &row));
		buf_clear(&again);
		json_put_row(&again, &row);
		cr_assert_str_eq(buf_text(&again), buf_text(&line));
	}
	cr_assert_eq(events_last(&after), 2);
	cr_assert_eq(add(&after, "c", NULL, 2), 3);
	cr_assert_str_eq(text_of(&after, 3, "cause_kind"), "b");
	buf_fini(&line);
	buf_fini(&again);
	events_close(&d);
	events_close(&after);
}

Test(events, damaged_lines)
{
	struct config config;
	struct daemon d;

	open_with(&d, &config, 10);
	cr_assert_eq(restore(&d, "{\"seq\":7,\"time\":\"2026-11-30T20:37:10.123456Z\","
				 "\"kind\":\"a\"}"),
		     0);
	cr_assert_eq(restore(&d, "{\"seq\":7,\"time\":\"2026-11-30T20:37:10.123456Z\","
				 "\"kind\":\"a\"}"),
		     -EINVAL, "once more");
	cr_assert_eq(restore(&d, "{\"seq\":8,\"time\":\"2026-11-30T20:37:10.123456Z\"}"), -EINVAL);
	cr_assert_eq(restore(&d, "{\"seq\":8,\"kind\":\"a\"}"), -EINVAL);
	cr_assert_eq(restore(&d, "{\"time\":\"2026-11-30T20:37:10.123456Z\",\"kind\":\"a\"}"),
		     -EINVAL);
	cr_assert_eq(restore(&d, "{\"seq\":8,\"time\":\"2026-11-30T20:3"), -EINVAL);
	cr_assert_eq(restore(&d, ""), -EINVAL);
	cr_assert_eq(add(&d, "b", NULL, 0), 8);
	events_close(&d);
}

static uint64_t resume_after(const char *line, const char **ret_explanation)
{
	struct config config;
	struct daemon d;
	uint64_t last;

	open_with(&d, &config, 10);
	if (line)
		cr_assert_eq(restore(&d, line), 0);
	events_resume(&d);
	last = events_last(&d);
	cr_assert_str_eq(text_of(&d, last, "kind"), "supd_started");
	*ret_explanation = text_of(&d, last, "explanation") ? "said" : "";
	events_close(&d);
	return last;
}

Test(events, numbers_go_on)
{
	const char *explanation;

	cr_assert_eq(resume_after(NULL, &explanation), 1);
	cr_assert_str_eq(explanation, "");
	cr_assert_eq(resume_after("{\"seq\":999,\"time\":\"2026-11-30T20:37:10.123456Z\","
				  "\"kind\":\"supd_ended\"}",
				  &explanation),
		     1000);
	cr_assert_str_eq(explanation, "");
	/* At least a thousand may have been seen that were not logged. */
	cr_assert_eq(resume_after("{\"seq\":999,\"time\":\"2026-11-30T20:37:10.123456Z\","
				  "\"kind\":\"exit\"}",
				  &explanation),
		     2000);
	cr_assert_str_eq(explanation, "said");
	cr_assert_eq(resume_after("{\"seq\":1000,\"time\":\"2026-11-30T20:37:10.123456Z\","
				  "\"kind\":\"exit\"}",
				  &explanation),
		     3000);
	cr_assert_str_eq(explanation, "said");
}
