/* SPDX-License-Identifier: MIT */

/* When a service is started, and whether: what its keys refuse. */

#include <criterion/criterion.h>

#include "base/macros.h"
#include "tests/config/support.h"

Test(when, conditions)
{
	static const struct message_row rows[] = {
		{"[service a]\ncommand = /bin/true\nstart_if = \n",
		 "main:3: start_if = \"\": use path_exists:PATH, path_is_directory:PATH, "
		 "env:NAME[=VALUE] or command:COMMAND, with a ! before it where it must not be "
		 "so\n"},
		{"[service a]\ncommand = /bin/true\nstart_if = path_exists:etc\n",
		 "main:3: start_if = \"path_exists:etc\": use path_exists: and an absolute path\n"},
		{"[service a]\ncommand = /bin/true\nstart_if = !path_is_directory:\n",
		 "main:3: start_if = \"!path_is_directory:\": use path_is_directory: and an "
		 "absolute "
		 "path\n"},
		{"[service a]\ncommand = /bin/true\nstart_if = env:=1\n",
		 "main:3: start_if = \"env:=1\": use env:NAME or env:NAME=VALUE\n"},
		{"[service a]\ncommand = /bin/true\nstart_if = path_exists:/%z\n",
		 "main:3: start_if = \"path_exists:/%z\": only %i, %n and %% mean something: write "
		 "%% "
		 "for a percent sign\n"},
		{"[service a]\ncommand = /bin/true\nstart_if = command:\n",
		 "main:3: start_if = \"command:\": the command is empty\n"},
		{"[service a]\ncommand = /bin/true\nstart_if = !command:'x\n",
		 "main:3: start_if = \"!command:'x\": a quote is opened and not closed\n"},
		{"[supervisor a]\nstart_if = env:A\n", "main:2: start_if is a key of [service]\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

#define J "[service j]\ncommand = /bin/true\n"

Test(when, schedules)
{
	static const struct message_row rows[] = {
		{J "schedule = often\n", "main:3: schedule = \"often\": use a calendar event such "
					 "as daily, Mon..Fri 02:30 or "
					 "*-*-01 04:00:00 (supd.conf(5))\n"},
		{J "schedule = 25:00\n", "main:3: schedule = \"25:00\": a number in it is out of "
					 "its range: months are 1 to "
					 "12, days 1 to 31, hours 0 to 23, minutes and seconds 0 "
					 "to 59, years 1970 to 2199\n"},
		{J "schedule = *-02-30\n",
		 "main:3: schedule = \"*-02-30\": such a day never comes\n"},
		{J "every = 500ms\n", "main:3: every = \"500ms\": it must be 1s or longer\n"},
		{J "every = infinity\n", "main:3: every = \"infinity\": it must end some time: "
					 "infinity is not allowed here\n"},
		{J "schedule_jitter = 5s\n", "main:3: service j: it has no schedule: add schedule "
					     "or every, or remove this key\n"},
		{J "every = 5s\nschedule_catch_up = yes\n",
		 "main:4: service j: only the times of a schedule can be caught up with: add one, "
		 "or "
		 "remove this key\n"},
		{"[service j@]\ncommand = /bin/true\nevery = 5s\n",
		 "main:3: service j@: a template has no schedule: describe a service of its own\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(when, a_scheduled_service_is_on_demand)
{
	struct folder folder CLEANUP(folder_fini);
	const struct spec *spec;
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, J "schedule = daily\nschedule = 12:00\n"
				      "[service k]\ncommand = /bin/true\nevery = 1h\n"
				      "restart = transient\n");
	spec = find_spec(config, "j");
	cr_assert_not_null(spec);
	cr_expect(spec->on_demand);
	cr_expect_eq(spec->restart, RESTART_TEMPORARY);
	cr_expect_str_eq(spec->exec->when->schedule[1], "12:00");
	spec = find_spec(config, "k");
	cr_assert_not_null(spec);
	cr_expect(spec->on_demand);
	cr_expect_eq(spec->restart, RESTART_TRANSIENT);
	config_free(config);
}

Test(when, remain)
{
	static const struct message_row rows[] = {
		{J "remain = yes\n", "main:3: service j: remain is for ready = exit, without a "
				     "mailbox: nobody is there to "
				     "read it\n"},
		{J "ready = exit\nremain = yes\nmailbox = volatile\n",
		 "main:4: service j: remain is for ready = exit, without a mailbox: nobody is "
		 "there to "
		 "read it\n"},
		{J "ready = exit\nremain = perhaps\n",
		 "main:4: remain = \"perhaps\": use yes or no\n"},
		{J "ready = exit\nremain = yes\nrestart = permanent\n", ""},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}
