/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "base/pid.h"

Test(pid, format_and_parse)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
		{0, "<0.0.0>"},
		{42, "<0.42.0>"},
		{UINT32_MAX, "<0.4294967295.0>"},
		{UINT64_C(1) << 32, "<0.0.1>"},
		{UINT64_C(7) << 32 | 3, "<0.3.7>"},
		{UINT64_MAX, "<0.4294967295.4294967295>"},
	};
	char buf[ACTOR_PID_TEXT_MAX], bare[ACTOR_PID_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		actor_pid pid = {99}, again = {99};

		cr_expect_str_eq(actor_pid_format((actor_pid){rows[i].n}, buf), rows[i].text);
		cr_expect_eq(actor_pid_parse(rows[i].text, &pid), 0, "%s", rows[i].text);
		cr_expect_eq(pid.n, rows[i].n, "%s", rows[i].text);
		strcpy(bare, rows[i].text + 1);
		bare[strlen(bare) - 1] = '\0';
		cr_expect_eq(actor_pid_parse(bare, &again), 0, "%s", bare);
		cr_expect_eq(again.n, rows[i].n, "%s", bare);
	}
}

Test(pid, refused)
{
	static const char *const rows[] = {
		"",
		"<",
		"<>",
		"42",
		"0.42",
		"<0.42>",
		"<0.42.0",
		"0.42.0>",
		"<0.42.0>x",
		"0.42.0 ",
		" 0.42.0",
		"0..0",
		"0.42.",
		".42.0",
		"1.42.0",
		"<1.42.0>",
		"0.-1.0",
		"0.+1.0",
		"0.0x1.0",
		"0.42.0.0",
		"<<0.42.0>",
		"0,42,0",
		"0.4294967296.0",
		"0.0.4294967296",
		"00.a.0",
		"0.99999999999999999999999999.0",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		actor_pid pid = {99};

		cr_expect_eq(actor_pid_parse(rows[i], &pid), -EINVAL, "\"%s\"", rows[i]);
		cr_expect_eq(pid.n, 99u, "\"%s\"", rows[i]);
	}
}

Test(pid, spelling)
{
	char text[ACTOR_PID_TEXT_MAX];

	cr_expect_str_eq(actor_pid_spell("0.42.1", text), "<0.42.1>");
	cr_expect_str_eq(actor_pid_spell("<0.42.1>", text), "<0.42.1>");
	cr_expect_str_eq(actor_pid_spell("web/api", text), "web/api");
	cr_expect_str_eq(actor_pid_spell("", text), "");
}
