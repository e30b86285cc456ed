/* SPDX-License-Identifier: MIT */

/* Templates, and the instances that are made of them. */

#include <string.h>

#include "support.h"

RUN_SUITE(instances);

#define WORKERS                                                                      \
	"[supervisor s]\nstrategy = rest_for_one\n"                                  \
	"[service s/w]\ncommand = @puppet/%i ready\nready = notify\ninstances = 2\n" \
	"[service s/last]\ncommand = @puppet/last\n"

Test(instances, come_and_go)
{
	struct node *n = node_run(WORKERS);

	journal_until(n, "last start *");
	cr_expect(journal_is_before(n, "1 start *", "2 start *"));
	cr_expect_str_eq(ctl(n, "start s/w@blue"), "s/w@blue: started\n");
	journal_until(n, "blue start *");
	cr_expect_str_eq(state_of(n, "s/w@blue"), "running");
	cr_expect_str_eq(ctl(n, "start s/w@blue"), "s/w@blue: runs already\n");
	ctl(n, "stop s/w@blue");
	cr_expect_str_eq(state_of(n, "s/w@blue"), "stopped");
	ctl(n, "remove s/w@blue");
	cr_expect_not_null(strstr(ctl_fails(n, 3, "status s/w@blue"), "s/w@blue: no such actor"));
	cr_expect_not_null(strstr(ctl_fails(n, 3, "stop s/w"), "s/w: that is a template"));
	cr_expect_not_null(strstr(ctl_fails(n, 3, "status s/w"), "s/w: that is a template"));
	cr_expect_not_null(strstr(ctl_fails(n, 3, "start s/v@1"), "s/v@1: no such actor"));
	node_end(n);
}

/* Answers come in the order in which things are done, which is anybody's. */
static void expect_lines(const char *text, const char *one, const char *other)
{
	cr_expect_not_null(strstr(text, one), "%s", text);
	cr_expect_not_null(strstr(text, other), "%s", text);
}

Test(instances, a_word_for_all_of_them)
{
	struct node *n = node_run(WORKERS);
	const char *text;

	journal_until(n, "last start *");
	expect_lines(ctl(n, "stop s/w@"), "s/w@1: stopped\n", "s/w@2: stopped\n");
	text = ctl(n, "start s/w@ s/last");
	expect_lines(text, "s/w@1: started\n", "s/w@2: started\n");
	cr_expect_not_null(strstr(text, "s/last: runs already\n"), "%s", text);
	ctl(n, "status s/w@");
	ctl(n, "remove s/w@");
	cr_expect_str_eq(ctl(n, "--json status s/w@"), "");
	cr_expect_not_null(strstr(ctl_fails(n, 3, "stop s/w@"), "there is no instance"));
	node_end(n);
}

Test(instances, scale)
{
	struct node *n = node_run(WORKERS);

	journal_until(n, "last start *");
	ctl(n, "start s/w@blue");
	cr_expect_str_eq(ctl(n, "scale s/w 4"), "s/w@3: started\ns/w@4: started\n");
	cr_expect_str_eq(ctl(n, "scale s/w@ 1"),
			 "s/w@4: removed\ns/w@3: removed\ns/w@2: removed\n");
	cr_expect_str_eq(ctl(n, "scale s/w 1"), "");
	cr_expect_str_eq(state_of(n, "s/w@blue"), "running");
	cr_expect_not_null(strstr(ctl_fails(n, 2, "scale s/w many"), "use a number"));
	cr_expect_not_null(strstr(ctl_fails(n, 3, "scale s/v 2"), "s/v@: no such template"));
	node_end(n);
}

/* Ready by a newline, so that each can be held back. */
#define GATED \
	"[service w]\ncommand = @puppet/%i\nready = notify\ninstances = 3\nrestart = temporary\n"

static void open_gates(struct node *n, const char *names)
{
	for (; *names; names++) {
		const char name[] = {*names, '\0'};

		journal_until(n, keep_printf("%s start *", name));
		order(n, name, "ready");
	}
}

Test(instances, rolling_one_by_one)
{
	struct node *n = node_run(GATED);
	struct program p;

	open_gates(n, "123");
	sync_tree(n);
	supctl_begin(n, &p, "restart --rolling w@");
	journal_until(n, "1 start *");
	cr_expect_str_eq(state_of(n, "w@2"), "running");
	cr_expect_str_eq(state_of(n, "w@3"), "running");
	order(n, "1", "ready");
	journal_until(n, "2 start *");
	cr_expect_str_eq(state_of(n, "w@1"), "running");
	cr_expect_str_eq(state_of(n, "w@3"), "running");
	order(n, "2", "ready");
	open_gates(n, "3");
	cr_expect_eq(program_wait(&p), 0);
	node_end(n);
}

Test(instances, rolling_stops_at_the_first_that_fails)
{
	struct node *n = node_run(GATED);
	struct program p;
	struct output output;

	open_gates(n, "123");
	sync_tree(n);
	ctl(n, "stop w@1");
	supctl_begin(n, &p, "restart --rolling --batch 1 w@");
	journal_until(n, "2 start *");
	order(n, "2", "exit:7");
	output = program_end(&p);
	cr_expect_eq(output.status, 1);
	cr_expect_not_null(strstr(output.err, "exit:7"), "%s", output.err);
	cr_expect_not_null(strstr(output.err, "left as they are: "), "%s", output.err);
	cr_expect_str_eq(state_of(n, "w@1"), "stopped");
	cr_expect_str_eq(state_of(n, "w@3"), "running");
	node_end(n);
}

Test(instances, rolling_is_for_templates)
{
	struct node *n = node_run(WORKERS);

	journal_until(n, "last start *");
	cr_expect_not_null(strstr(ctl_fails(n, 2, "restart --rolling s/w@1"), "PATH@"));
	cr_expect_not_null(strstr(ctl_fails(n, 2, "restart --rolling --batch 0 s/w@"), "--batch"));
	cr_expect_not_null(strstr(ctl_fails(n, 2, "restart --batch 2 s/w@1"), "--rolling"));
	node_end(n);
}
