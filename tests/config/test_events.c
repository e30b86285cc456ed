/* SPDX-License-Identifier: MIT */

/* Commands that are run at events: what their keys take and refuse, and what a filter lets by. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/strings.h"
#include "config/event_kinds.h"
#include "core/core.h"
#include "tests/config/support.h"

#define A "[service a]\ncommand = /bin/true\n"

Test(events, bad_values)
{
	static const char name[] =
		"name kinds of events, such as exit or gave_up; patterns, as in log_*; and with ! "
		"before it what is not wanted";
	static const char rate[] =
		"use a number of runs and a time span, such as 1000/30s, or infinity";
	static const struct {
		const char *key, *value, *why;
	} rows[] = {
		{"on_event", "", "the command is empty"},
		{"on_event", "-", "the command is empty"},
		{"on_event", "''", "its first word, the program, is empty"},
		{"on_event", "\"x", "a quote is opened and not closed"},
		{"on_event_filter", "", name},
		{"on_event_filter", "exti", "\"exti\" is no kind of event; did you mean \"exit\"?"},
		{"on_event_filter", "exit !redy",
		 "\"redy\" is no kind of event; did you mean \"ready\"?"},
		{"on_event_filter", "log_droped",
		 "\"log_droped\" is no kind of event; did you mean \"log_dropped\"?"},
		{"on_event_filter", "crash",
		 "\"crash\" is no kind of event: see sup(7) for what there is"},
		{"on_event_filter", "exit,ready",
		 "\"exit,ready\" is no kind of event: see sup(7) for what there is"},
		{"on_event_filter", "gap",
		 "\"gap\" is no kind of event: see sup(7) for what there is"},
		{"on_event_filter", "!", "\"\" is no kind of event: see sup(7) for what there is"},
		{"on_event_filter", "log_*s",
		 "\"log_*s\" is no kind of event: see sup(7) for what there is"},
		{"on_event_rate", "", rate},
		{"on_event_rate", "10", rate},
		{"on_event_rate", "often", rate},
		{"on_event_rate", "-1/s", rate},
		{"on_event_rate", "99999999999/s", rate},
		{"on_event_rate", "0/s", "that runs nothing: remove on_event instead"},
		{"on_event_rate", "1/0", "its time span must be 1ms or longer"},
		{"on_event_max", "", "use a number from 1 to 16"},
		{"on_event_max", "0", "use a number from 1 to 16"},
		{"on_event_max", "17", "use a number from 1 to 16"},
		{"on_event_max", "infinity", "use a number from 1 to 16"},
		{"on_event_timeout", "", "use a time span such as 500ms, 5s, 1min 30s or 2h"},
		{"on_event_timeout", "0", "it must be longer than 0"},
		{"on_event_timeout", "infinity",
		 "it must end some time: infinity is not allowed here"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static const char *const sections[] = {A, "[supervisor b]\n\n",
						       "[supervisor /]\n\n"};

		for (size_t s = 0; s < ARRAY_LEN(sections); s++) {
			char text[256], expected[512];
			struct message_row row = {text, expected};

			snprintf(text, sizeof(text), "%s%s = %s\n", sections[s], rows[i].key,
				 rows[i].value);
			snprintf(expected, sizeof(expected), "main:3: %s = \"%s\": %s\n",
				 rows[i].key, rows[i].value, rows[i].why);
			expect_messages(&row, 1);
		}
	}
}

Test(events, names_and_places)
{
	static const struct message_row rows[] = {
		{A "on_evnt = x\n",
		 "main:3: unknown key \"on_evnt\": did you mean \"on_event\"?\n"},
		{"[supd]\non_event = x\n",
		 "main:2: on_event is a key of [service] and of [supervisor]\n"},
		{"[supervisor /]\nOnFailure = x\n",
		 "main:2: unknown key \"OnFailure\": here that is \"on_event\", a key of [service] "
		 "and of [supervisor]\n"},
		{A "on_event_max = 2\n", "main:3: a: on_event_max: there is no on_event: add "
					 "on_event = COMMAND\n"},
		{"[supervisor b]\non_event_filter = exit\n",
		 "main:2: b: on_event_filter: there is no on_event: add on_event = COMMAND\n"},
		{"[defaults]\non_event_max = 2\n" A, ""},
		{A "on_event = x\non_event = y\non_event_max = 2\non_event_max = 3\n",
		 "main:6: on_event_max is given twice: first in line 5; remove one\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(events, taken)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;
	const struct on_event *e;

	folder_init(&folder);
	config = load_text(&folder,
			   "[defaults]\non_event = log-it\n"
			   "[supervisor /]\non_event = mail ops\n" A
			   "on_event = -hook \"%n x\"\non_event_filter = exit log_* !log_better\n"
			   "on_event_rate = 5/s\non_event_max = 16\non_event_timeout = 1min\n"
			   "[service b]\ncommand = x\n");
	cr_assert_eq(config->n_messages, 0, "%s",
		     config->n_messages ? config->messages[0].text : "");
	e = find_spec(config, "a")->on_event;
	cr_assert_not_null(e);
	cr_assert_eq(e->hook.n, 2, "that of [defaults] and its own");
	cr_expect_str_eq(e->hook.commands[0].argv[0], "log-it");
	cr_expect_not(e->hook.commands[0].may_fail);
	cr_expect_str_eq(e->hook.commands[1].argv[0], "hook");
	cr_expect_str_eq(e->hook.commands[1].argv[1], "%n x");
	cr_expect(e->hook.commands[1].may_fail);
	cr_expect_str_eq(e->filter[2], "!log_better");
	cr_expect(e->rate == 5 && e->rate_span.ns == SPAN_S(1).ns && e->max == 16);
	cr_expect_eq(e->hook.timeout.ns, SPAN_S(60).ns);
	e = config->root->on_event;
	cr_assert_not_null(e);
	cr_expect(e->rate == 10 && e->rate_span.ns == SPAN_S(60).ns && e->max == 1);
	cr_expect_eq(e->hook.timeout.ns, SPAN_S(30).ns);
	cr_expect_null(e->filter);
	cr_expect_neq(find_spec(config, "b")->on_event, find_spec(config, "a")->on_event);
	config_free(config);
	config = load_text(&folder, A);
	cr_expect_null(find_spec(config, "a")->on_event);
	config_free(config);
}

Test(events, programs_that_are_not_there)
{
	struct folder folder CLEANUP(folder_fini);
	char *messages CLEANUP(cleanup_free) = NULL;
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, "[supervisor /]\non_event = /no/such\n" A
				    "on_event = -/no/such\non_event = /nor/this\n");
	cr_assert_eq(config_check_surroundings(config), 0);
	messages = messages_of(&folder, config);
	cr_expect_str_eq(messages,
			 "main:2: /: on_event \"/no/such\": No such file or directory\n"
			 "main:6: a: on_event \"/nor/this\": No such file or directory\n",
			 "%s", messages);
	config_free(config);
}

Test(events, filter)
{
	static const struct {
		const char *filter[4];
		const char *kind;
		bool wanted;
	} rows[] = {
		{{NULL}, "exit", true},
		{{"exit"}, "exit", true},
		{{"exit"}, "ready", false},
		{{"exit", "ready"}, "ready", true},
		{{"log_*"}, "log_dropped", true},
		{{"log_*"}, "exit", false},
		{{"!exit"}, "exit", false},
		{{"!exit"}, "ready", true},
		{{"!exit", "*"}, "exit", false},
		{{"*", "!exit"}, "exit", false},
		{{"*", "!exit"}, "start", true},
		{{"log_*", "!log_better"}, "log_better", false},
		{{"log_*", "!log_better"}, "log_trouble", true},
		{{"exi?"}, "exit", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct on_event e = {.refs = 1};

		for (size_t k = 0; rows[i].filter[k]; k++)
			cr_assert_eq(spec_add_text(&e.filter, rows[i].filter[k]), 0);
		cr_expect_eq(on_event_wants(&e, rows[i].kind), rows[i].wanted, "row %zu", i);
		strings_free(e.filter);
	}
}

Test(events, kinds)
{
	for (int kind = 0; kind < LINK_N_KINDS; kind++)
		cr_expect(event_kind_exists(link_kind_names[kind]));
	for (const char *const *kind = event_own_kinds; *kind; kind++) {
		cr_expect(event_kind_exists(*kind));
		for (int i = 0; i < LINK_N_KINDS; i++)
			cr_expect_str_neq(*kind, link_kind_names[i], "it is there twice");
	}
	cr_expect_not(event_kind_exists("nonsense"));
	cr_expect_not(event_kind_exists("exit*"));
	cr_expect(event_kind_matches("exit*"));
	cr_expect(event_kind_matches("*"));
	cr_expect_not(event_kind_matches("x*z"));
	cr_expect_str_eq(event_kind_nearest("rotatd"), "rotated");
	cr_expect_null(event_kind_nearest("zzzzzz"));
}
