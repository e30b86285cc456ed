/* SPDX-License-Identifier: MIT */

/* Commands beside the main process: what their keys take and refuse. */

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "tests/config/support.h"

#define A "[service a]\ncommand = /bin/true\n"

Test(hooks, bad_values)
{
	static const struct message_row rows[] = {
		{A "start_pre = \n", "main:3: start_pre = \"\": the command is empty\n"},
		{A "start_pre = -\n", "main:3: start_pre = \"-\": the command is empty\n"},
		{A "stop_command = ''\n",
		 "main:3: stop_command = \"''\": its first word, the program, is empty\n"},
		{A "stop_post = \"x\n",
		 "main:3: stop_post = \"\"x\": a quote is opened and not closed\n"},
		{A "reload_command = x %z\n",
		 "main:3: reload_command = \"x %z\": only %i, %n and %% mean something: write %% "
		 "for a percent sign\n"},
		{A "start_post = ${\n", "main:3: start_post = \"${\": ${ without }: write it in "
					"single quotes if it is meant for a shell\n"},
		{A "start_pre_timeout = 0\n",
		 "main:3: start_pre_timeout = \"0\": it must be longer "
		 "than 0\n"},
		{A "start_pre_timeout = soon\n",
		 "main:3: start_pre_timeout = \"soon\": use a time "
		 "span such as 500ms, 5s, 1min 30s or 2h, or infinity\n"},
		{A "stop_post_timeout = -1s\n",
		 "main:3: stop_post_timeout = \"-1s\": use a time "
		 "span such as 500ms, 5s, 1min 30s or 2h, or infinity\n"},
		{A "start_pre_timeout = 1s\nstart_pre_timeout = 2s\n",
		 "main:4: start_pre_timeout is given twice: first in line 3; remove one\n"},
		{A "reload_signal = HOP\n", "main:3: reload_signal = \"HOP\": use the name of a "
					    "Unix signal, such as TERM, INT "
					    "or RTMIN+3\n"},
		{A "ready = exit\nrestart = temporary\nstart_post = x\n",
		 "main:5: service a: start_post runs beside a main process, and with ready = exit "
		 "that has ended: use stop_post, or a service of its own after this one\n"},
		{"[supervisor a]\nstart_pre = x\n", "main:2: start_pre is a key of [service]\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(hooks, rows_of_commands)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;
	const struct spec *spec;
	const struct exec_hooks *hooks;
	char *messages;

	folder_init(&folder);
	config = load_text(&folder,
			   "[defaults]\nstart_pre = first\nreload_signal = HUP\n" A
			   "start_pre = -second 'a b' ${X}\nstart_pre = - third\n"
			   "start_pre_timeout = infinity\nstart_post = x\nstop_post_timeout = 90\n"
			   "[service b]\ncommand = /bin/true\n");
	messages = messages_of(&folder, config);
	cr_assert_str_empty(messages);
	free(messages);
	spec = find_spec(config, "a");
	hooks = spec->exec->hooks;
	cr_assert_eq(hooks->of[HOOK_START_PRE].n, 3);
	cr_expect_str_eq(hooks->of[HOOK_START_PRE].commands[0].argv[0], "first");
	cr_expect_not(hooks->of[HOOK_START_PRE].commands[0].may_fail);
	cr_expect_str_eq(hooks->of[HOOK_START_PRE].commands[1].argv[1], "a b");
	cr_expect_str_eq(hooks->of[HOOK_START_PRE].commands[1].argv[2], "${X}");
	cr_expect(hooks->of[HOOK_START_PRE].commands[1].may_fail);
	cr_expect_str_eq(hooks->of[HOOK_START_PRE].commands[2].argv[0], "third");
	cr_expect(span_is_infinite(hooks->of[HOOK_START_PRE].timeout));
	cr_expect_eq(hooks->of[HOOK_START_POST].timeout.ns, SPAN_S(30).ns);
	cr_expect_eq(hooks->of[HOOK_STOP_POST].timeout.ns, SPAN_S(90).ns);
	cr_expect_eq(hooks->reload_signal, SIGHUP);
	cr_expect(spec->start_post);
	spec = find_spec(config, "b");
	cr_expect_not(spec->start_post);
	cr_expect_eq(spec->exec->hooks->of[HOOK_START_PRE].n, 1);
	config_free(config);
}

Test(hooks, too_many)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct folder folder CLEANUP(folder_fini);
	struct config *config;

	folder_init(&folder);
	buf_puts(&text, A);
	for (int i = 0; i < EXEC_HOOK_COMMANDS_MAX + 1; i++)
		buf_puts(&text, "stop_post = x\n");
	config = load_text(&folder, buf_text(&text));
	cr_expect_not_null(strstr(message_at(config, 3 + EXEC_HOOK_COMMANDS_MAX),
				  "at most 32 commands: make a script of them"));
	config_free(config);
}

/* At -t what is missing is told with the key; not where it may fail. */
Test(hooks, programs_that_are_not_there)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, A "start_pre = /nonexistent/x\nstop_post = -/nonexistent/y\n"
				      "reload_command = /nonexistent/z\n");
	cr_assert_eq(config_check_surroundings(config), 0);
	cr_expect_not_null(
		strstr(message_at(config, 3), "a: start_pre \"/nonexistent/x\": No such"), "%s",
		message_at(config, 3));
	cr_expect_str_eq(message_at(config, 4), "");
	cr_expect_not_null(strstr(message_at(config, 5), "a: reload_command \"/nonexistent/z\""));
	config_free(config);
}
