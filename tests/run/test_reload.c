/* SPDX-License-Identifier: MIT */

/* supctl reload: a service's own command or Unix signal. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

RUN_SUITE(reload);

#define SERVICE(name, keys)                                                             \
	"[service " name "]\ncommand = @puppet/" name " catch:HUP leave:TERM=0 ready\n" \
	"ready = notify\n" keys

static const char *activity_of(struct node *n, const char *target)
{
	return json_get(ctl(n, "status %s --json", target), "activity");
}

Test(reload, waits_for_the_command)
{
	struct node *n = node_run(SERVICE("a", "reload_command = @puppet/r\n"
					       "reload_command = sh -c 'kill -HUP ${MAINPID}'\n"
					       "reload_signal = USR1\n"));
	struct program reload;

	sync_tree(n);
	supctl_begin(n, &reload, "reload a");
	journal_until(n, "r start *");
	cr_expect_str_eq(activity_of(n, "a"), "reload");
	cr_expect_str_eq(state_of(n, "a"), "running");
	cr_expect_str_eq(ctl_fails(n, 1, "reload a"),
			 "supctl: a: reload is under way: try again when it is over\n");
	order(n, "r", "exit:0");
	cr_expect_str_eq(program_end(&reload).out, "a: reloaded\n");
	journal_until(n, "a HUP");
	cr_expect_str_eq(activity_of(n, "a"), "null");
	cr_expect_eq(look(n, "a").restarts, 0);
	node_end(n);
}

Test(reload, by_a_unix_signal)
{
	struct node *n = node_run(SERVICE("a", "reload_signal = HUP\n"));

	sync_tree(n);
	cr_expect_str_eq(ctl(n, "reload a"), "a: reloaded\n");
	cr_expect_not_null(strstr(node_log(n), "  reloaded\n"), "%s", node_log(n));
	journal_until(n, "a HUP");
	cr_expect_str_eq(json_get(ctl(n, "reload a --json"), "result"), "ok");
	node_end(n);
}

/* RELOADING=1 while its command runs: READY=1 is waited for. */
Test(reload, waits_for_what_it_says)
{
	struct node *n = node_run(SERVICE("a", "reload_command = @puppet/r\n"));
	struct program reload;
	pid_t r;

	sync_tree(n);
	supctl_begin(n, &reload, "reload a");
	r = (pid_t)atoi(strrchr(journal_until(n, "r start *"), ' ') + 1);
	order(n, "a", "notify:RELOADING=1");
	order(n, "a", "say:told");
	journal_until(n, "a told");
	order(n, "r", "exit:0");
	proc_wait_gone(r);
	cr_expect_str_eq(activity_of(n, "a"), "reload");
	cr_expect_str_eq(ctl_fails(n, 1, "reload a"),
			 "supctl: a: reload is under way: try again when it is over\n");
	order(n, "a", "notify:READY=1");
	cr_expect_str_eq(program_end(&reload).out, "a: reloaded\n");
	node_end(n);
}

/* It says so and never gets ready; it ends in the middle. */
Test(reload, what_it_says_is_not_waited_for_for_ever)
{
	struct node *n = node_run(SERVICE("a", "reload_command = @puppet/r\n"
					       "reload_command_timeout = 2s\n")
					  SERVICE("b", "reload_command = @puppet/s\n"));
	struct program reload;

	sync_tree(n);
	supctl_begin(n, &reload, "reload a");
	journal_until(n, "r start *");
	order(n, "a", "notify:RELOADING=1");
	order(n, "a", "say:told");
	journal_until(n, "a told");
	order(n, "r", "exit:0");
	cr_expect_str_eq(program_end(&reload).err,
			 "supctl: a was not reloaded: reload_command:timeout\n");
	supctl_begin(n, &reload, "reload b");
	journal_until(n, "s start *");
	order(n, "b", "notify:RELOADING=1");
	order(n, "b", "exit:3");
	cr_expect_eq(program_end(&reload).status, 1);
	node_end(n);
}

static const struct {
	const char *target;
	int status;
	const char *error;
} refused[] = {
	{"fails", 1, "supctl: fails was not reloaded: reload_command:exit:3\n"},
	{"missing", 1, "supctl: missing was not reloaded: reload_command:exec:ENOENT\n"},
	{"slow", 1, "supctl: slow was not reloaded: reload_command:timeout\n"},
	{"none", 1,
	 "supctl: none: it has neither reload_command nor reload_signal: set one of them\n"},
	{"starts", 1, "supctl: starts: it is not ready yet: supctl wait tells when it is\n"},
	{"down", 1, "supctl: down: it does not run: start it\n"},
	{"s", 1, "supctl: s: a supervisor has nothing to reload: name its services\n"},
	{"nobody", 3, "supctl: nobody: no such actor\n"},
};

Test(reload, refused_and_failed)
{
	struct node *n = node_run(
		"[supervisor /]\nstart = parallel\n" SERVICE("fails",
							     "reload_command = sh -c 'exit 3'\n")
			SERVICE("missing", "reload_command = /nonexistent/x\n")
				SERVICE("slow", "reload_command = sleep "
						"1000\nreload_command_timeout = 50ms\n")
					SERVICE("none", "stop_post = true\n")
						SERVICE("down", "reload_signal = HUP\nautostart = "
								"no\n") "[supervisor s]\n"
									"[service starts]\ncommand "
									"= sleep 1000\nready = "
									"notify\nreload_signal = "
									"HUP\n");

	sync_allow_starting(n);
	for (const char *const *up = split("fails missing slow none"); *up; up++)
		ctl(n, "wait %s --for ready", *up);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		cr_expect_str_eq(ctl_fails(n, refused[i].status, "reload %s", refused[i].target),
				 refused[i].error);
	cr_expect_eq(look(n, "fails").restarts, 0);
	cr_expect_not_null(strstr(node_log(n), "reload_command sh: exit status 3"));
	node_end(n);
}

/* A stop does not wait for it. */
Test(reload, a_stop_ends_it)
{
	struct node *n =
		node_run(SERVICE("a", "reload_command = @puppet/r ignore:TERM\n"
				      "stop_command = sh -c 'echo ${MAINPID} > @folder/stop'\n"));
	struct program reload;
	pid_t r;

	sync_tree(n);
	supctl_begin(n, &reload, "reload a");
	r = (pid_t)atoi(strrchr(journal_until(n, "r start *"), ' ') + 1);
	ctl(n, "stop a");
	cr_expect_not(proc_exists(r));
	cr_expect_str_eq(program_end(&reload).err,
			 "supctl: a was not reloaded: reload_command:stopped\n");
	cr_expect(node_has_file(n, "stop"));
	cr_expect_str_eq(look(n, "a").reason, "shutdown");
	node_end(n);
}

Test(reload, a_crash_ends_it)
{
	struct node *n = node_run(SERVICE("a", "reload_command = @puppet/r ignore:TERM\n"
					       "restart = temporary\n"));
	struct program reload;

	sync_tree(n);
	supctl_begin(n, &reload, "reload a");
	journal_until(n, "r start *");
	order(n, "a", "exit:3");
	cr_expect_eq(program_end(&reload).status, 1);
	sync_tree(n);
	cr_expect_str_eq(look(n, "a").reason, "exit:3");
	node_end(n);
}

/* Who asked is gone: the command goes on. */
Test(reload, nobody_waits_any_more)
{
	struct node *n = node_run(SERVICE("a", "reload_command = @puppet/r\n"));

	sync_tree(n);
	cr_expect_str_eq(ctl_fails(n, 5, "reload a --timeout 50ms"),
			 "supctl: reload a: not so within 50ms\n");
	journal_until(n, "r start *");
	cr_expect_str_eq(activity_of(n, "a"), "reload");
	order(n, "r", "exit:0");
	while (strcmp(activity_of(n, "a"), "null") != 0)
		;
	node_end(n);
}

Test(reload, only_for_who_may_do_everything)
{
	struct node *n;
	struct person other;

	need_root();
	n = node_run(SERVICE("a", "reload_signal = HUP\n"));
	other = person_find("nobody");
	sync_tree(n);
	cr_expect_eq(supctl_as(n, &other, "reload a").status, 4);
	node_end(n);
}
