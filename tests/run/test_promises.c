/* SPDX-License-Identifier: MIT */

/*
 * Statements of the semantics about links, exits, monitors, receives and calls, shown on real
 * processes: shell scripts, as they are the slowest and least careful actors that there will be.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "script.h"

RUN_SUITE(promises);

#define IDLE "supctl ready\nexec sleep 1000\n"
/* next [OPTION...]: the next message, shown as KIND REASON|PAYLOAD. */
#define SHOW "next() { " NEXT "echo \"$kind $reason$payload\"\n}\n"
#define NOTHING "supctl recv --timeout 0 || echo nothing\n"

/* All the services named in it, one script each. */
static struct node *run_all(const struct script *scripts)
{
	struct buf config CLEANUP(buf_fini) = BUF_INIT;
	struct node *n;

	for (const struct script *s = scripts; s->text; s++)
		buf_printf(&config, SERVICE("%s") "restart = %s\n", s->name, s->name, s->name,
			   *s->name == 'P' ? "permanent" : "temporary");
	n = run_scripts(buf_text(&config), scripts);
	for (; scripts->text; scripts++)
		ctl(n, "wait %s --for ready", scripts->name);
	return n;
}

/* ---- links and exit signals ---- */

/* A restarted one is another: neither the link nor the monitor is its. P is restarted. */
Test(promises, s29_s66_not_with_its_successor)
{
	const struct script scripts[] = {
		{"P", IDLE},
		{"b", SHOW "supctl trap on\nsupctl link P\nsupctl monitor P >/dev/null\n"
			   "supctl ready\nnext\nnext\nnext --match tag=again\n" NOTHING},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);
	struct watch *w = watch_open(n);

	ctl(n, "exit P boom");
	watch_until(w, "ready P");
	ctl(n, "exit P bang");
	watch_until(w, "ready P");
	ctl(n, "send b --tag again");
	cr_expect_str_eq(output_of(n, "b"), "exit boom\ndown boom\nmessage \nnothing\n");
	node_end(n);
}

/* SEMANTICS 37, 38: kill becomes killed, which can be trapped. */
Test(promises, s37_s38_kill_becomes_killed)
{
	const struct script scripts[] = {
		{"a", "supctl trap on\n" IDLE},
		{"b", SHOW "supctl trap on\nsupctl link a\nsupctl ready\nnext\n"},
		{"c", "supctl link a\n" IDLE},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);

	ctl(n, "exit a kill");
	cr_expect_str_eq(output_of(n, "b"), "exit killed\n");
	output_of(n, "c");
	cr_expect_str_eq(look(n, "a").reason, "killed");
	cr_expect_str_eq(look(n, "c").reason, "killed");
	node_end(n);
}

/* One's own reason kill is a reason like another for those linked to it. */
Test(promises, s39_a_reason_kill_of_its_own)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nsupctl recv\nsupctl exit self kill\nexit 0\n"},
		{"b", SHOW "supctl trap on\nsupctl link a\nsupctl ready\nnext\n"},
		{"c", "supctl link a\n" IDLE},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);

	ctl(n, "send a go");
	cr_expect_str_eq(output_of(n, "b"), "exit kill\n");
	output_of(n, "c");
	cr_expect_str_eq(look(n, "c").reason, "kill");
	node_end(n);
}

/* What counts is whether it traps when the signal arrives. */
Test(promises, s41_s44_trapping_when_it_arrives)
{
	const struct script scripts[] = {
		{"a", IDLE},
		{"b", SHOW "supctl link a\nsupctl trap on\nsupctl ready\nnext\n"
			   "supctl info b --json | grep -o '\"links\":[^]]*' | grep -c ,\n"},
		{"c", "supctl trap on\nsupctl link a\nsupctl trap off\n" IDLE},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);

	ctl(n, "exit a boom");
	/* Its supervisor is the one that is left; grep -c prints 0 and fails. */
	cr_expect_str_eq(output_of(n, "b"), "exit boom\n0\n");
	output_of(n, "c");
	cr_expect_str_eq(look(n, "c").reason, "boom");
	node_end(n);
}

/* The first reason at the far end of a chain; one who traps ends the chain. */
Test(promises, s45_along_a_chain)
{
	const struct script scripts[] = {
		{"a", IDLE},
		{"b", "supctl link a\n" IDLE},
		{"c", "supctl link b\n" IDLE},
		{"d", "supctl link c\n" IDLE},
		{"e", SHOW "supctl trap on\nsupctl link d\nsupctl ready\nnext\n"},
		{"f", "supctl link e\n" IDLE},
		{NULL, NULL},
	};
	static const char *const ended[] = {"a", "b", "c", "d"};
	struct node *n = run_all(scripts);

	ctl(n, "exit a boom");
	cr_expect_str_eq(output_of(n, "e"), "exit boom\n");
	for (size_t i = 0; i < ARRAY_LEN(ended); i++) {
		output_of(n, ended[i]);
		cr_expect_str_eq(look(n, ended[i]).reason, "boom", "%s", ended[i]);
	}
	cr_expect_str_eq(state_of(n, "f"), "running", "e ended normally");
	node_end(n);
}

/* SEMANTICS 9, 43: one who has both gets both. */
Test(promises, s9_s43_link_and_monitor)
{
	const struct script scripts[] = {
		{"a", IDLE},
		{"b", SHOW "supctl trap on\nsupctl link a\nsupctl monitor a >/dev/null\n"
			   "supctl monitor a >/dev/null\nsupctl ready\nnext\nnext\nnext\n" NOTHING},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);
	char *out;

	ctl(n, "kill -KILL a");
	out = output_of(n, "b");
	cr_expect(strstr(out, "exit killed\n") && strstr(out, "down killed\n"), "%s", out);
	cr_expect(text_glob("* killed\n* killed\n* killed\nnothing\n", out), "%s", out);
	node_end(n);
}

/* ---- names ---- */

/* Whoever hears of the end can have its name at once. */
Test(promises, s8_s73_a_name_is_free_when_its_owner_has_ended)
{
	const struct script scripts[] = {
		{"a", "supctl register clock\n" IDLE},
		{"b", SHOW "supctl monitor clock >/dev/null\nsupctl ready\nnext\n"
			   "supctl register clock\ntest $(supctl whereis clock) = $SUP_PID\n"
			   "echo mine\n"},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);

	ctl(n, "exit a boom");
	cr_expect_str_eq(output_of(n, "b"), "down boom\nmine\n");
	node_end(n);
}

/* ---- guests ---- */

/* A guest ends normally when it says so, else its connection was lost. */
Test(promises, s53_d20_the_end_of_a_guest)
{
	const struct script scripts[] = {
		{"a", SHOW "supctl ready\n"
			   "next\nsupctl monitor $from >/dev/null\nsupctl send b x\nnext\n"
			   "next --match kind=call\nsupctl monitor $from >/dev/null\n"
			   "supctl reply $from $ref\nnext\n"},
		{"b", "supctl ready\nsupctl recv\n"},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);
	struct program p;

	supctl_begin(n, &p, "call a one --timeout infinity");
	/* b ends when a has its monitor. */
	output_of(n, "b");
	kill(p.os_pid, SIGKILL);
	program_wait(&p);
	ctl(n, "call a two");
	cr_expect_str_eq(output_of(n, "a"), "call one\ndown noconnection\ncall two\ndown normal\n");
	node_end(n);
}

/* ---- receive ---- */

/* Messages that do not match do not begin the time anew. */
Test(promises, s15_the_timeout_runs_from_the_entry)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nsupctl recv --match tag=go\n"
		      "supctl recv --match tag=never --timeout 300ms || echo $?\n"
		      "supctl recv --match tag=noise --timeout 0\n"},
		{"b", "supctl ready\nwhile supctl send a --tag noise .; do :; done\n"},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);

	ctl(n, "send a --tag go");
	cr_expect_str_eq(output_of(n, "a"), "5\n.");
	node_end(n);
}

/* As it is done where the order of clauses does not count. */
Test(promises, s18_priority_in_two_steps)
{
	check_script("supctl ready\nsupctl send a --tag low 1\nsupctl send a --tag low 2\n"
		     "supctl send a --tag high 3\nsupctl send a --tag high 4\n"
		     "for i in 1 2 3 4; do\n"
		     "  supctl recv --match tag=high --timeout 0 || supctl recv --in-order\n"
		     "done\n",
		     "3412");
}

/* Told ends and answers lie in the mailbox among the others. */
Test(promises, s19_one_mailbox)
{
	check_script("supctl trap on\nsupctl ready\nsupctl send a one\n"
		     "supctl monitor nobody >/dev/null\nsupctl exit a two\nsupctl send a three\n"
		     "supctl mailbox a | awk '{ print $2 }'\n"
		     "supctl recv --match kind=exit; echo\nsupctl recv --match kind=down; echo\n"
		     "supctl recv --match kind=message; echo\nsupctl recv\n",
		     "a: exit signal sent\nKIND\nmessage\ndown\nexit\nmessage\n"
		     "two\nnoproc\none\nthree");
}

/* ---- calls ---- */

/* An end that is normal, too. */
Test(promises, s79_a_server_that_ends)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nsupctl recv\nexit 0\n"},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);

	cr_expect_str_eq(ctl_fails(n, 7, "call a x --timeout 60s"),
			 "supctl: a: it ended before it answered: normal\n");
	node_end(n);
}

/* An answer that comes too late is dropped, and is in nobody's way. */
Test(promises, s80_s81_a_late_answer)
{
	const struct script scripts[] = {
		{"a", "supctl ready\n" NEXT "supctl send b late\nsupctl recv --match tag=now\n"
		      "supctl reply $from $ref late\nsupctl send b done\n"},
		{"b", SHOW "supctl ready\nsupctl recv\n"
			   "supctl call a x --timeout 50ms 2>/dev/null || echo $?\n"
			   "supctl send a --tag now\nnext\nnext\n" NOTHING},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);

	ctl(n, "send b go");
	cr_expect_str_eq(output_of(n, "b"), "go5\nmessage late\nmessage done\nnothing\n");
	node_end(n);
}

Test(promises, s83_calling_oneself)
{
	check_script("supctl ready\nsupctl call a x || echo $?\nsupctl call $SUP_PID x || echo $?\n"
		     "supctl recv --timeout 0 || echo $?\n",
		     "supctl: a: an actor can not call itself: it would wait for itself\n1\n"
		     "supctl: <0.2.0>: an actor can not call itself: it would wait for itself\n1\n"
		     "5\n");
}

/* The first call is answered last. */
Test(promises, s85_answers_in_any_order)
{
	const struct script scripts[] = {
		{"a", "supctl ready\n" NEXT "one=\"$from $ref\"\n" NEXT
		      "supctl reply $from $ref \"to $payload\"\n"
		      "supctl reply $one last\nexec sleep 1000\n"},
		{NULL, NULL},
	};
	struct node *n = run_all(scripts);
	struct program first, second;
	struct output o[2];

	supctl_begin(n, &first, "call a 1 --timeout 60s");
	supctl_begin(n, &second, "call a 2 --timeout 60s");
	o[0] = program_end(&first);
	o[1] = program_end(&second);
	cr_expect_eq(o[0].status, 0);
	cr_expect_eq(o[1].status, 0);
	if (strcmp(o[0].out, "last") == 0)
		cr_expect_str_eq(o[1].out, "to 2");
	else
		cr_expect(strcmp(o[0].out, "to 1") == 0 && strcmp(o[1].out, "last") == 0);
	node_end(n);
}
