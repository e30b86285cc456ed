/* SPDX-License-Identifier: MIT */

/*
 * supctl inside actors that are shell scripts, and outside of them: what it prints, its exit
 * statuses, and what it refuses.
 */

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "support.h"

RUN_SUITE(hands);

/* Scripts end at their first failure, and say so in NAME.out, where all that they print is. */
#define SERVICE(name)                                                                           \
	"[service " name "]\ncommand = sh -eu @folder/" name ".sh\nstdout = file:@folder/" name \
	".out\nready = notify\n"                                                                \
	"pass_environment = PATH ASAN_OPTIONS UBSAN_OPTIONS\n"
#define SCRIPT(name) SERVICE(name) "restart = temporary\n"

struct script {
	const char *name;
	const char *text; /* supctl stands for the one in the build folder */
};

/* A node on config, with these scripts in its folder; the last one has no text. */
static struct node *run_scripts(const char *config, const struct script *scripts)
{
	struct node *n = node_new();
	const char *begin = keep_printf("supctl() { %s \"$@\"; }\n", build_path("supctl"));

	for (; scripts->text; scripts++)
		node_write(n, keep_printf("%s.sh", scripts->name),
			   keep_printf("%s%s", begin, scripts->text));
	node_config(n, config);
	node_start(n);
	return n;
}

/* What a script has printed, after its end. Before its start it is down, too. */
static char *output_of(struct node *n, const char *name)
{
	sync_tree(n);
	ctl(n, "wait %s --for down", name);
	return node_read(n, keep_printf("%s.out", name));
}

/* One script, to its end. */
static void check_script(const char *text, const char *expected)
{
	const struct script scripts[] = {{"a", text}, {NULL, NULL}};
	struct node *n = run_scripts(SCRIPT("a"), scripts);

	cr_expect_str_eq(output_of(n, "a"), expected);
	node_end(n);
}

/* ---- names ---- */

Test(hands, self_is_the_actor)
{
	check_script("test \"$(supctl self)\" = \"$SUP_PID\"\n"
		     "test \"$(supctl whereis a)\" = \"$SUP_PID\"\n"
		     "supctl self --json | sed \"s/$SUP_PID/mine/\"\n"
		     "supctl whereis nobody && exit 1 || echo $?\n",
		     "{\"pid\":\"mine\"}\nsupctl: nobody: no such actor\n3\n");
}

Test(hands, names_are_given_and_given_back)
{
	check_script("supctl register clock\n"
		     "test \"$(supctl whereis clock)\" = \"$SUP_PID\"\n"
		     "supctl register clock && exit 1 || echo $?\n"
		     "supctl unregister clock\n"
		     "supctl whereis clock && exit 1 || echo $?\n"
		     "supctl register clock \"$SUP_PID\"\n"
		     "supctl register a/b 2>/dev/null && exit 1 || echo $?\n"
		     "test \"$(supctl whereis clock)\" = \"$SUP_PID\"\n",
		     "supctl: the name is taken\n1\n"
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
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a"), scripts);

	cr_expect_str_eq(output_of(n, "a"), "");
	cr_expect_str_eq(look(n, "a").reason, "the disk is full");
	node_end(n);
}

/* SEMANTICS 22, 34: a link made by hand, and what one end's death does to the other. */
Test(hands, s22_s34_link_and_trap)
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

/* ---- messages ---- */

#define NEXT "eval \"$(supctl recv --timeout 60s \"$@\" --vars)\"\n"
/* One that answers calls with what was asked, until a message with the tag stop. */
#define ECHO                                                                             \
	"supctl ready\n"                                                                 \
	"next() { " NEXT "}\n"                                                           \
	"for i in 1 2 3 4 5 6 7 8 9; do\n"                                               \
	"  next\n"                                                                       \
	"  echo \"$kind $from_name $tag <$payload>\"\n"                                  \
	"  if [ $kind = call ]; then supctl reply \"$from\" \"$ref\" \"$payload\"; fi\n" \
	"  if [ \"$tag\" = stop ]; then break; fi\n"                                     \
	"done\n"

static struct node *run_script(const char *text)
{
	const struct script scripts[] = {{"a", text}, {NULL, NULL}};
	struct node *n = run_scripts(SCRIPT("a"), scripts);

	ctl(n, "wait a --for ready");
	return n;
}

/* SEMANTICS 1, 4, 5, 6: from outside. */
Test(hands, s1_s4_s5_send)
{
	struct node *n = run_script(ECHO);
	const char *pid = look(n, "a").pid;

	ctl(n, "send a --tag one 1");
	ctl(n, "send a 'two words'");
	ctl(n, "send %s --tag=three -- -3", pid);
	ctl(n, "send a --tag stop --timeout 10s");
	cr_expect_str_eq(output_of(n, "a"), "message  one <1>\nmessage   <two words>\n"
					    "message  three <-3>\nmessage  stop <>\n");
	cr_expect_str_eq(ctl_fails(n, 3, "send nobody x"), "supctl: nobody: no such actor\n");
	cr_expect_str_eq(ctl_fails(n, 3, "send a x"), "supctl: a: no such actor\n");
	ctl(n, "send %s x", pid);
	node_end(n);
}

/* SEMANTICS 51 to 56, by hand. */
Test(hands, s51_s52_call)
{
	struct node *n = run_script(ECHO);

	cr_expect_str_eq(ctl(n, "call a --tag get 'what?'"), "what?");
	cr_expect(text_glob("{\"kind\":\"reply\",*\"from_name\":\"a\",*\"payload\":\"x\"}\n",
			    ctl(n, "call a x --json")));
	cr_expect_str_eq(ctl_fails(n, 3, "call nobody x"), "supctl: nobody: no such actor\n");
	cr_expect_str_eq(ctl_fails(n, 3, "call / x"), "supctl: /: no such actor\n");
	node_end(n);
}

Test(hands, a_call_that_is_not_answered)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nexec sleep 1000\n"},
		{"b", "supctl ready\nsupctl recv\nexit 3\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a") SCRIPT("b"), scripts);

	ctl(n, "wait a --for ready");
	ctl(n, "wait b --for ready");
	cr_expect_str_eq(ctl_fails(n, 5, "call a x --timeout 50ms"),
			 "supctl: a: no answer within 50ms\n");
	cr_expect_str_eq(ctl_fails(n, 7, "call b x --timeout 60s"),
			 "supctl: b: it ended before it answered: exit:3\n");
	node_end(n);
}

/* SEMANTICS 12 to 14, 20, D1: clauses. */
Test(hands, s12_s13_s14_d1_clauses)
{
	const struct script scripts[] = {
		{"a", "for i in 1 2 3 4; do\n"
		      "  supctl send a --tag normal n$i\n"
		      "  supctl send a --tag urgent u$i\n"
		      "done\n"
		      "supctl ready\n"
		      "both='--match tag=urg* --match tag=normal'\n"
		      "supctl recv $both; echo\n"
		      "supctl recv --in-order $both; echo\n"
		      "supctl recv $both; echo\n"
		      "supctl recv --match kind=call --timeout 0 || echo $?\n"
		      "supctl recv --match from=$SUP_PID,tag=normal; echo\n"
		      "supctl recv --match from=0.1.0 --timeout 20ms || echo $?\n"
		      "for i in 1 2 3 4; do supctl recv --timeout 0; echo; done\n"
		      "supctl recv --timeout 0 || echo $?\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a"), scripts);

	cr_expect_str_eq(output_of(n, "a"), "u1\nn1\nu2\n5\nn2\n5\nn3\nu3\nn4\nu4\n5\n");
	node_end(n);
}

/* Any bytes, any size: arguments, standard input, memfds. */
Test(hands, payloads)
{
	check_script("cd $(dirname $SUP_SOCKET)/..\n"
		     "supctl ready\n"
		     "for size in 0 1 61440 61441 5000000; do\n"
		     "  head -c $size /dev/urandom >sent\n"
		     "  supctl send a - <sent\n"
		     "  supctl recv >received\n"
		     "  cmp sent received\n"
		     "done\n"
		     "printf 'a\\0b' | supctl send a -\n" NEXT
		     "echo \"<$payload> $payload_base64\"\n"
		     "supctl send a \"it's \\$HOME\n\"\n" NEXT "echo \"<$payload>\"\n"
		     "supctl send a \"$(printf '%0100000d' 7)\"\n"
		     "supctl recv | wc -c\n"
		     "rm sent received\n",
		     "<> YQBi\n<it's $HOME\n>\n100000\n");
}

/* SEMANTICS 20: what was not written out goes back to its place. */
Test(hands, s20_recv_gives_back)
{
	check_script("supctl ready\n"
		     "supctl send a 1\nsupctl send a 2\n"
		     "supctl recv >/dev/full && exit 1 || echo $?\n"
		     "supctl recv; supctl recv; echo\n",
		     "supctl: standard output: No space left on device\n1\n12\n");
}

/* SEMANTICS 60, 61, 64: monitors are actors', and end where they are ended. */
Test(hands, s60_s64_monitor)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nsupctl recv\nexit 3\n"},
		{"b", "first=$(supctl monitor a)\nsecond=$(supctl monitor a)\n"
		      "gone=$(supctl monitor nobody)\n"
		      "supctl ready\nsupctl demonitor $second\n" NEXT
		      "test $ref = $gone\necho \"$kind $tag $reason\"\n"
		      "supctl send a x\n" NEXT
		      "test $ref = $first\necho \"$kind $tag $from_name $reason\"\n"
		      "supctl demonitor $first\n"
		      "supctl recv --timeout 0 || echo $?\n"
		      "again=$(supctl monitor nobody)\n"
		      "supctl demonitor $again --flush\n"
		      "supctl recv --timeout 0 || echo $?\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a") SCRIPT("b"), scripts);

	cr_expect_str_eq(output_of(n, "b"), "down nobody noproc\ndown a a exit:3\n5\n5\n");
	node_end(n);
}

/* A guest waits for the end. */
Test(hands, monitor_from_outside)
{
	struct node *n = run_script("supctl ready\nexec sleep 1000\n");
	struct program p;
	struct output o;
	const char *pid = look(n, "a").pid;

	supctl_begin(n, &p, "monitor a");
	for (int i = 0; i < 10000 && strstr(ctl(n, "info a --json"), "\"monitored_by\":[]"); i++)
		;
	ctl(n, "exit a boom");
	o = program_end(&p);
	cr_expect_eq(o.status, 0);
	cr_expect_str_eq(o.out, "boom\n");
	o = supctl(n, "monitor %s --json", pid);
	cr_expect_eq(o.status, 3);
	cr_expect(text_glob("{\"kind\":\"down\",*\"reason\":\"noproc\"}\n", o.out), "%s", o.out);
	node_end(n);
}

/* SEMANTICS 36, D14: one who traps is told to stop by a message. */
Test(hands, s36_d14_an_exit_signal_as_a_message)
{
	const struct script scripts[] = {
		{"a", "supctl trap on\nsupctl ready\n" NEXT
		      "echo \"$kind $from_name $reason\"\nexit 0\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a"), scripts);

	ctl(n, "wait a --for ready");
	ctl(n, "stop a");
	cr_expect_str_eq(node_read(n, "a.out"), "exit / shutdown\n");
	node_end(n);
}

/* SEMANTICS D2: what does not fit waits, and is taken back where one does not wait for it. */
Test(hands, d2_send_to_a_full_mailbox)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nsupctl recv --match tag=go\n"
		      "for i in 1 2; do supctl recv --timeout 60s | wc -c; done\n"
		      "supctl recv --timeout 0 || echo $?\n"},
		{"b", "supctl ready\nexec sleep 1000\n"},
		{NULL, NULL},
	};
	struct node *n =
		run_scripts(SCRIPT("a") "mailbox_limit = 3000\n" SCRIPT(
				    "b") "mailbox_limit = 3000\nmailbox_overflow = reject\n",
			    scripts);
	const char *big = keep_printf("%02500d", 1);

	ctl(n, "wait a --for ready");
	ctl(n, "wait b --for ready");
	ctl(n, "send a %s", big);
	cr_expect_str_eq(ctl_fails(n, 5, "send a %s --timeout 50ms", big),
			 "supctl: a: no room in its mailbox within 50ms; the message was taken "
			 "back\n");
	ctl(n, "send b %s", big);
	cr_expect(text_glob("supctl: b: the message was refused (*",
			    ctl_fails(n, 1, "send b %s", big)));
	cr_expect(text_glob("supctl: b: the call did not fit*", ctl_fails(n, 1, "call b %s", big)));
	ctl(n, "send a 12");
	ctl(n, "send a --tag go");
	cr_expect_str_eq(output_of(n, "a"), "2500\n2\n5\n");
	node_end(n);
}

/* SEMANTICS D3, by hand: what was not acknowledged comes again. */
Test(hands, d3_ack)
{
	const struct script scripts[] = {
		{"a", "supctl ready\n" NEXT "supctl ack $ref\necho $payload\n" NEXT
		      "echo $payload\nexit 3\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SERVICE("a") "mailbox = durable\n", scripts);
	struct watch *w = watch_open(n);

	ctl(n, "wait a --for ready");
	for (int i = 1; i <= 3; i++)
		ctl(n, "send a %d", i);
	watch_until(w, "exit a exit:3");
	watch_until(w, "exit a exit:3");
	/* The third one has begun; it may have printed, too. */
	cr_expect_eq(strncmp(node_read(n, "a.out"), "1\n2\n2\n3\n", 8), 0, "%s",
		     node_read(n, "a.out"));
	node_end(n);
}

/* What waits is shown, not taken. */
Test(hands, mailbox)
{
	static const char *const rows[] = {
		"NUMBER *KIND *FROM *FROM_NAME *TAG *HELD *SIZE", "1 *message *<0.*> *a *t *no *2",
		"2 *message *<0.*> *a *no *3", "3 *down *- *- *nobody *no *6"};
	struct node *n = run_script("supctl send a --tag t hi\n"
				    "printf 'a\\0b' | supctl send a -\n"
				    "supctl monitor nobody >/dev/null\n"
				    "supctl mailbox $SUP_PID | wc -l\n"
				    "supctl ready\nexec sleep 1000\n");
	char *text = ctl(n, "mailbox a"), *line;
	size_t i = 0;

	cr_expect_str_eq(node_read(n, "a.out"), "4\n", "its own, titles included");
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), i++)
		cr_expect(text_glob(rows[i], line), "%s", line);
	cr_expect_eq(i, ARRAY_LEN(rows));
	text = ctl(n, "mailbox a --json");
	cr_expect_eq(json_check_lines(text), 3);
	line = strtok(text, "\n");
	cr_expect_str_eq(json_get(line, "payload"), "hi");
	cr_expect_str_eq(json_get(line, "ref"), "1");
	cr_expect_str_eq(json_get(strtok(NULL, "\n"), "payload_base64"), "YQBi");
	cr_expect_str_eq(json_get(strtok(NULL, "\n"), "payload"), "noproc");
	cr_expect_not_null(strstr(ctl(n, "mailbox a --long"), "\npayload:   a\\x00b\n"));
	cr_expect_str_eq(ctl_fails(n, 3, "mailbox nobody"), "supctl: nobody: no such actor\n");
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
		{"reply a 1", "supctl reply: a: not the pid of who called*", 2},
		{"reply 0.5.0 0", "supctl reply: 0: not a ref*", 2},
		{"ack x", "supctl ack: x: not a ref*", 2},
		{"demonitor -1", "supctl demonitor: no option -1*", 2},
		{"trap maybe", "supctl trap: maybe: on or off?*", 2},
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
