/* SPDX-License-Identifier: MIT */

/* --match, as text and as it travels. */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supctl/hands.h"
#include "wire/clause.h"

/* "KIND HAS FROM REF GLOB", as the daemon reads what was written. */
static const char *read_back(const struct buf *payload)
{
	static char out[400];
	struct clause c;
	size_t cursor = 0;

	cr_assert_eq(clause_decode(payload->data, payload->size, &cursor, &c), 1);
	cr_assert_eq(cursor, payload->size);
	snprintf(out, sizeof(out), "%d %d %llu %llu %.*s", c.kind, c.has,
		 (unsigned long long)c.from, (unsigned long long)c.ref, (int)c.glob_size,
		 (const char *)c.glob);
	return out;
}

Test(clause, what_is_written)
{
	static const struct {
		const char *text, *read;
	} rows[] = {
		{"kind=any", "0 0 0 0 "},
		{"kind=message", "1 0 0 0 "},
		{"kind=call", "2 0 0 0 "},
		{"kind=reply", "3 0 0 0 "},
		{"kind=exit", "4 0 0 0 "},
		{"kind=down", "5 0 0 0 "},
		{"tag=get*", "0 4 0 0 get*"},
		{"tag=", "0 4 0 0 "},
		{"from=<0.5.0>", "0 1 5 0 "},
		{"from=0.0.1", "0 1 4294967296 0 "},
		{"ref=18446744073709551615", "0 2 0 18446744073709551615 "},
		{"kind=call,tag=a,from=<0.7.0>,ref=3", "2 7 7 3 a"},
		{"tag=a\\,b,kind=down", "5 4 0 0 a,b"},
		{"tag=a\\\\,kind=down", "5 4 0 0 a\\"},
		{"tag=\\*", "0 4 0 0 \\*"},
		{"tag=a=b", "0 4 0 0 a=b"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT, error = BUF_INIT;

		cr_expect_eq(clause_parse(rows[i].text, &out, &error), 0, "%s: %s", rows[i].text,
			     buf_text(&error));
		cr_expect_str_eq(read_back(&out), rows[i].read, "%s", rows[i].text);
		buf_fini(&out);
		buf_fini(&error);
	}
}

Test(clause, what_is_wrong_is_said)
{
	static const char long_tag[] =
		"tag=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "\"\": a clause is key=value"},       {"kind", "\"kind\": a clause is"},
		{"kind=call,", "\"\": a clause is"},       {",kind=call", "\"\": a clause is"},
		{"knd=call", "\"knd\": a clause is"},      {"kind=cal", "did you mean call?"},
		{"kind=x", "kind=x: message, call"},       {"from=db", "from=db: not a pid"},
		{"ref=x", "ref=x: not a number"},          {"ref=-1", "not a number"},
		{"tag=a,tag=b", "tag stands there twice"}, {long_tag, "at most 255 bytes"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT, error = BUF_INIT;

		cr_expect_eq(clause_parse(rows[i].text, &out, &error), -EINVAL, "%s", rows[i].text);
		cr_expect_eq(out.size, 0, "%s", rows[i].text);
		cr_expect_not_null(strstr(buf_text(&error), rows[i].says), "%s: %s", rows[i].text,
				   buf_text(&error));
		buf_fini(&out);
		buf_fini(&error);
	}
}
