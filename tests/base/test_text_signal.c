/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"

Test(text_signal, parse)
{
	const struct {
		const char *text;
		int r;
		int number;
	} rows[] = {
		{"TERM", 0, SIGTERM},
		{"SIGTERM", 0, SIGTERM},
		{"KILL", 0, SIGKILL},
		{"IOT", 0, SIGABRT},
		{"POLL", 0, SIGIO},
		{"CLD", 0, SIGCHLD},
		{"15", 0, SIGTERM},
		{"1", 0, SIGHUP},
		{"64", 0, 64},
		{"RTMIN", 0, SIGRTMIN},
		{"SIGRTMIN+3", 0, SIGRTMIN + 3},
		{"RTMIN+0", 0, SIGRTMIN},
		{"RTMAX", 0, SIGRTMAX},
		{"RTMAX-2", 0, SIGRTMAX - 2},
		{"RTMIN+30", 0, SIGRTMAX},
		{"RTMIN+31", -EINVAL, 0},
		{"RTMAX-31", -EINVAL, 0},
		{"RTMIN-1", -EINVAL, 0},
		{"RTMAX+1", -EINVAL, 0},
		{"RTMIN+", -EINVAL, 0},
		{"RTMIN3", -EINVAL, 0},
		{"RTMIN+x", -EINVAL, 0},
		{"0", -EINVAL, 0},
		{"65", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"SIG15", -EINVAL, 0},
		{"SIGSIGTERM", -EINVAL, 0},
		{"term", -EINVAL, 0},
		{"TERM ", -EINVAL, 0},
		{"SIG", -EINVAL, 0},
		{"", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int number = 77;
		int r = text_parse_signal(rows[i].text, &number);

		cr_expect_eq(r, rows[i].r, "\"%s\": %d", rows[i].text, r);
		cr_expect_eq(number, r == 0 ? rows[i].number : 77, "\"%s\": %d", rows[i].text,
			     number);
	}
}

Test(text_signal, every_name_parses_back)
{
	char buf[16];

	for (int number = 1; number <= SIGRTMAX; number++) {
		const char *name = text_signal_name(number, buf);
		int again = 0;

		cr_expect_eq(text_parse_signal(name, &again), 0, "%s", name);
		cr_expect_eq(again, number, "%s", name);
		/* The C library says POLL, signal(7) and kill -l say IO. */
		if (number < 32 && number != SIGIO)
			cr_expect_str_eq(name, sigabbrev_np(number));
	}
}

Test(text_signal, names)
{
	char buf[16];

	cr_expect_str_eq(text_signal_name(SIGTERM, buf), "TERM");
	cr_expect_str_eq(text_signal_name(SIGABRT, buf), "ABRT");
	cr_expect_str_eq(text_signal_name(SIGRTMIN, buf), "RTMIN");
	cr_expect_str_eq(text_signal_name(SIGRTMIN + 3, buf), "RTMIN+3");
	cr_expect_str_eq(text_signal_name(SIGRTMAX, buf), "RTMIN+30");
	cr_expect_str_eq(text_signal_name(32, buf), "32");
	cr_expect_str_eq(text_signal_name(0, buf), "0");
	cr_expect_str_eq(text_signal_name(999, buf), "999");
	cr_expect_str_eq(text_signal_name(-1, buf), "-1");
}
