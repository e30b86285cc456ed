/* SPDX-License-Identifier: MIT */

/*
 * supctl inside actors that are shell scripts, and outside of them: names, states, links, exits,
 * and what it refuses. Messages and processes are in test_shell.c.
 */

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "script.h"

RUN_SUITE(hands);

/* ---- names ---- */

Test(hands, self_is_the_actor)
{
	check_script("test \"$(supctl self)\" = \"$SUP_PID\"\n"
		     "test \"$(supctl whereis a)\" = \"$SUP_PID\"\n"
		     "supctl self --json | sed \"s/$SUP_PID/mine/\"\n"
		     "supctl whereis nobody && exit 1 || echo $?\n",
		     "{\"pid\":\"mine\"}\nsupctl: nobody: no such actor\n3\n");
}

/* SEMANTICS 70, 72, 74. */
Test(hands, s70_s72_s74_names_are_given_and_given_back)
{
	check_script("supctl register clock\n"
		     "test \"$(supctl whereis clock)\" = \"$SUP_PID\"\n"
		     "taken=$(supctl register clock 2>&1) && exit 1 || echo $?\n"
		     "test \"$taken\" = \"supctl: the name is taken, by $SUP_PID\"\n"
		     "supctl unregister clock\n"
		     "supctl unregister clock && exit 1 || echo $?\n"
		     "supctl whereis clock && exit 1 || echo $?\n"
		     "supctl register clock \"$SUP_PID\"\n"
		     "supctl register a/b 2>/dev/null && exit 1 || echo $?\n"
		     "test \"$(supctl whereis clock)\" = \"$SUP_PID\"\n",
		     "1\nsupctl: the actor has registered no such name\n3\n"
		     "supctl: clock: no such actor\n3\n"
		     "1\n");
}

/* What is read off the tree by everybody is so by an actor, whatever its rights. */
Test(hands, names_and_info)
{
	static const char *const rows[] = {"NAME *PID *KIND", "/ *<0.*> *path", "a *<0.*> *path",
					   "clock *<0.*> *registered"};
	const struct script scripts[] = {
		{"a", "supctl register clock\nsupctl trap on\nsupctl names\nsupctl ready\n"
		      "exec sleep 1000\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a"), scripts);
	char *names, *info, *line;
	size_t i = 0;

	ctl(n, "wait a --for ready");
	names = ctl(n, "names");
	cr_expect_str_eq(node_read(n, "a.out"), names);
	for (line = strtok(names, "\n"); line; line = strtok(NULL, "\n"), i++)
		cr_expect(text_glob(rows[i], line), "%s", line);
	cr_expect_eq(i, ARRAY_LEN(rows));
	cr_expect_eq(json_check_lines(ctl(n, "names --json")), 3);
	info = ctl(n, "info clock --json");
	cr_expect_str_eq(json_get(info, "pid"), look(n, "a").pid);
	cr_expect_str_eq(json_get(info, "name"), "a");
	cr_expect_str_eq(json_get(info, "trap_exit"), "true");
	cr_expect(text_glob("*\nnames: *a clock\n*", ctl(n, "info a")), "%s", ctl(n, "info a"));
	cr_expect_str_eq(ctl_fails(n, 3, "info nobody"), "supctl: nobody: no such actor\n");
	node_end(n);
}

/* ---- states ---- */

Test(hands, ready_and_ignore)
{
	const struct script scripts[] = {
		{"a", "supctl watchdog\nsupctl ready\nexec sleep 1000\n"},
		{"b", "supctl ignore\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a") SCRIPT("b"), scripts);

	ctl(n, "wait a --for ready");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "running");
	cr_expect_str_eq(state_of(n, "b"), "done");
	cr_expect_str_eq(node_read(n, "a.out"), "");
	node_end(n);
}

/* ---- exits ---- */

/* SEMANTICS 50, D15. */
Test(hands, s50_d15_last_words)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nsupctl exit self 'the disk is full'\nexit 0\n"},
		{"b", "supctl ready\nsupctl exit self killed\nexit 0\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a") SCRIPT("b"), scripts);

	cr_expect_str_eq(output_of(n, "a"), "");
	cr_expect_str_eq(output_of(n, "b"), "");
	cr_expect_str_eq(look(n, "a").reason, "the disk is full");
	cr_expect(text_glob(
		"b ended * ago: killed\nbecause b was to end * ago: killed\n  by itself\n*",
		ctl(n, "why b")));
	node_end(n);
}

/* SEMANTICS 24, 35, 36: a link made by hand, and what one end's death does to the other. */
Test(hands, s24_s35_s36_link_and_trap)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nexec sleep 1000\n"},
		{"b", "supctl link a\nsupctl ready\nexec sleep 1000\n"},
		{"c", "supctl link a\nsupctl unlink a\nsupctl ready\nexec sleep 1000\n"},
		{"d", "supctl trap on\nsupctl trap on --json\nsupctl link a\nsupctl ready\n"
		      "exec sleep 1000\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a") SCRIPT("b") SCRIPT("c") SCRIPT("d"), scripts);

	ctl(n, "wait d --for ready");
	ctl(n, "exit a boom");
	cr_expect_str_eq(output_of(n, "b"), "");
	cr_expect_str_eq(look(n, "a").reason, "boom");
	cr_expect_str_eq(look(n, "b").reason, "boom");
	cr_expect_str_eq(state_of(n, "c"), "running");
	cr_expect_str_eq(state_of(n, "d"), "running");
	cr_expect(text_glob("{*\"was\":true*}\n", node_read(n, "d.out")));
	node_end(n);
}

/* It has gone when its exit signal is read, and has a successor: its causes still have its name. */
Test(hands, an_exit_signal_of_who_has_ended)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nexec sleep 1000\n"},
		{"b", "supctl trap on\nsupctl link a\n"
		      "supctl monitor $(supctl whereis a) >/dev/null\nsupctl ready\n"
		      "supctl recv --match tag=go\nfor i in 1 2; do\n" NEXT
		      "echo $kind $from_name $reason\ndone | sort\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SERVICE("a") SCRIPT("b"), scripts);
	struct watch *w;
	const char *pid, *why;

	ctl(n, "wait b --for ready");
	w = watch_open(n);
	pid = look(n, "a").pid;
	ctl(n, "exit a boom");
	watch_until(w, "ready a");
	ctl(n, "send b --tag go");
	cr_expect_str_eq(output_of(n, "b"), "down a boom\nexit a boom\n");
	why = ctl(n, "why %s", pid);
	cr_expect(text_glob("a ended * ago: boom\nbecause a was to end * ago: boom\n"
			    "  because an operator asked for it\n",
			    why),
		  "%s", why);
	cr_expect_str_eq(ctl_fails(n, 3, "why 0.999.0"), "supctl: 0.999.0: no such actor\n");
	node_end(n);
}

/* An exit signal from inside is the actor's own: it may end those of its own user. */
Test(hands, exit_from_inside)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nexec sleep 1000\n"},
		{"b", "supctl ready\nsupctl exit a boom\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a") SCRIPT("b"), scripts);

	cr_expect_str_eq(output_of(n, "b"), "a: exit signal sent\n");
	ctl(n, "wait a --for down");
	cr_expect_str_eq(look(n, "a").reason, "boom");
	node_end(n);
}

/* From outside, too, it goes to whoever has the name. */
Test(hands, exit_by_a_registered_name)
{
	const struct script scripts[] = {
		{"a", "supctl register clock\nsupctl ready\nexec sleep 1000\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a"), scripts);

	ctl(n, "wait a --for ready");
	cr_expect_str_eq(ctl(n, "exit clock boom"), "a: exit signal sent\n");
	ctl(n, "wait a --for down");
	cr_expect_str_eq(look(n, "a").reason, "boom");
	cr_expect_not_null(strstr(node_log(n), "ended: boom (by SIGTERM)"));
	cr_expect_str_eq(ctl_fails(n, 3, "exit clock boom"), "supctl: clock: no such actor\n");
	node_end(n);
}

/* ---- outside ---- */

/* SEMANTICS D20. */
Test(hands, d20_only_inside_an_actor)
{
	static const char *const words[] = {
		"recv",         "ack 1",    "reply 0.5.0 1 x", "demonitor 1", "register x",
		"unregister x", "link a",   "unlink a",        "trap on",     "ready",
		"ignore",       "watchdog", "exit self x",
	};
	struct node *n = node_run("");

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		cr_expect_not_null(strstr(ctl_fails(n, 2, "%s", words[i]), "only inside an actor"),
				   "%s", words[i]);
	cr_expect_eq(strncmp(ctl(n, "self"), "<0.", 3), 0);
	cr_expect_str_eq(ctl_fails(n, 3, "whereis nobody"), "supctl: nobody: no such actor\n");
	node_end(n);
}

/* What can not be meant is said before anything is sent. */
Test(hands, words_that_make_no_sense)
{
	static const struct {
		const char *words, *says;
		int status;
	} rows[] = {
		{"send", "supctl send: something is missing*", 2},
		{"send a b c", "supctl send: too many arguments: c*", 2},
		{"send a b -- c", "supctl send: more than one payload*", 2},
		{"send a -- b c", "supctl send: more than one payload*", 2},
		{"send ''", "supctl send: an empty name is nobody's*", 2},
		{"send a --tag %s", "supctl: a: its name and the tag are longer than 254 bytes*",
		 1},
		{"send 0.5.0 --tag %sxxxx", "supctl: 0.5.0: the tag is longer than 255 bytes*", 1},
		{"call a --timeout x", "supctl call: --timeout x: not a time span*", 2},
		{"recv x", "supctl recv: too many arguments: x*", 2},
		{"recv --match", "supctl recv: --match needs CLAUSE*", 2},
		{"recv --match kind=call --match knd=x", "supctl recv: --match \"knd\": a clause*",
		 2},
		{"recv $(seq -f --match=tag=%g 1025)", "supctl recv: more than 1024 clauses*", 2},
		{"reply a 1", "supctl reply: a: not the pid of who called*", 2},
		{"reply 0.5.0 0", "supctl reply: 0: not a ref*", 2},
		{"ack x", "supctl ack: x: not a ref*", 2},
		{"demonitor -1", "supctl demonitor: no option -1*", 2},
		{"trap maybe", "supctl trap: maybe: on or off?*", 2},
		{"spawn sleep 3", "supctl spawn: sleep: the command stands behind --*", 2},
		{"child start jobs 60", "supctl child: 60: a child needs KEY=VALUE*", 2},
		{"send 0.0.0 x", "supctl send: 0.0.0 is nobody's pid*", 2},
		{"reply '<0.0.0>' 1 x", "supctl reply: <0.0.0> is nobody's pid*", 2},
		{"monitor ''", "supctl monitor: an empty name is nobody's*", 2},
	};
	char tag[255];

	memset(tag, 'x', sizeof(tag));
	tag[sizeof(tag) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *cut = strstr(rows[i].words, "%s");
		const char *words = cut ? keep_printf("%.*s%s%s", (int)(cut - rows[i].words),
						      rows[i].words, tag, cut + 2)
					: rows[i].words;
		struct output o =
			shell("env SUP_SOCKET=/nowhere SUP_PID=0.5.0 SUP_TOKEN=00 %s %s 2>&1",
			      build_path("supctl"), words);

		cr_expect_eq(o.status, rows[i].status, "%s: %d %s", words, o.status, o.out);
		cr_expect(text_glob(rows[i].says, o.out), "%s: %s", words, o.out);
	}
}

/* A token that is none, one of somebody else, one for another daemon. */
Test(hands, tokens)
{
	static const struct {
		const char *env, *word, *says;
		int status;
	} rows[] = {
		{"SUP_PID=x SUP_TOKEN=00", "self", "supctl: SUP_PID: not a pid*", 1},
		{"SUP_PID=0.5.0 SUP_TOKEN=00", "self", "supctl: SUP_TOKEN: not a token*", 1},
		{"SUP_PID=0.5.0 SUP_TOKEN=000000000000000000000000000000zz", "self",
		 "supctl: SUP_TOKEN: not a token*", 1},
		{"SUP_PID=0.5.0 SUP_TOKEN=00000000000000000000000000000000", "self",
		 "supctl: *its token is of no actor that lives*", 4},
		{"SUP_PID=0.5.0 SUP_TOKEN=00000000000000000000000000000000", "ping", "pong\n", 0},
	};
	struct node *n = node_run("");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct output o = shell("env SUP_SOCKET=%s %s %s %s 2>&1", n->socket, rows[i].env,
					build_path("supctl"), rows[i].word);

		cr_expect_eq(o.status, rows[i].status, "%s: %d", rows[i].env, o.status);
		cr_expect(text_glob(rows[i].says, o.out), "%s: %s", rows[i].env, o.out);
	}
	/* -s names another daemon: the token means nothing there. */
	cr_expect_eq(shell("env SUP_PID=0.5.0 SUP_TOKEN=00 SUP_SOCKET=/nowhere %s -s %s self",
			   build_path("supctl"), n->socket)
			     .status,
		     0);
	node_end(n);
}
