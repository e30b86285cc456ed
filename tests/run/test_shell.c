/* SPDX-License-Identifier: MIT */

/* Messages, calls, monitors and processes of shell scripts. */

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "script.h"

RUN_SUITE(shell);

/* ---- messages ---- */

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

/* SEMANTICS 1, 4, 5, 6: from outside. */
Test(shell, s1_s4_s5_send)
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
	cr_expect_str_eq(ctl_fails(n, 3, "send a x"), "supctl: a: it does not run\n");
	ctl(n, "send %s x", pid);
	node_end(n);
}

/* SEMANTICS 77, 78. */
Test(shell, s77_s78_call)
{
	struct node *n = run_script(ECHO);

	cr_expect_str_eq(ctl(n, "call a --tag get 'what?'"), "what?");
	cr_expect(text_glob("{\"kind\":\"reply\",*\"from_name\":\"a\",*\"payload\":\"x\",*}\n",
			    ctl(n, "call a x --json")));
	cr_expect_str_eq(ctl_fails(n, 3, "call nobody x"), "supctl: nobody: no such actor\n");
	cr_expect_str_eq(ctl_fails(n, 3, "call / x"), "supctl: /: a supervisor has no mailbox\n");
	node_end(n);
}

/* An answer says by its tag what it is. */
Test(shell, call_and_the_tag_of_its_answer)
{
	struct node *n = run_script(
		"supctl ready\n"
		"for i in 1 2 3; do\n"
		"  " NEXT "  supctl reply \"$from\" \"$ref\" --tag error \"no $payload\"\n"
		"done\n");
	const char *vars = ctl(n, "call a --vars 'milk'");

	cr_expect(text_glob("kind='reply'\nfrom='<0.*>'\nfrom_name='a'\n*\ntag='error'\n"
			    "payload='no milk'\n*",
			    vars),
		  "%s", vars);
	cr_expect_str_eq(ctl(n, "call a tea"), "no tea");
	cr_expect_str_eq(json_get(ctl(n, "call a x --json"), "tag"), "error");
	node_end(n);
}

/* SEMANTICS 79, 80. */
Test(shell, s79_s80_a_call_that_is_not_answered)
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
Test(shell, s12_s13_s14_d1_clauses)
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
Test(shell, payloads)
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

/* SEMANTICS 14: the timeout is that of waiting for a message; asking who sent it takes no part,
 * however long that takes. */
Test(shell, s14_a_poll_takes_what_is_there)
{
	static const struct script scripts[] = {
		{"a", NO_LEAKS "supctl ready\n"
			       "for round in 1 2 3 4 5; do\n"
			       "  for i in $(seq 24); do supctl send a $i; done\n"
			       "  for i in $(seq 24); do\n"
			       "    supctl recv --timeout 0 --vars >/dev/null || echo $i &\n"
			       "  done\n"
			       "  wait\n"
			       "  echo round $round >@folder/journal\n"
			       "done\n"},
		{NULL, NULL}};
	struct node *n = run_scripts(SCRIPT("a"), scripts);

	for (int round = 1; round <= 5; round++)
		journal_until(n, keep_printf("round %d", round));
	cr_expect_str_eq(output_of(n, "a"), "");
	node_end(n);
}

/* SEMANTICS 20: what was not written out goes back to its place. */
Test(shell, s20_recv_gives_back)
{
	check_script("supctl ready\n"
		     "supctl send a 1\nsupctl send a 2\n"
		     "supctl recv >/dev/full && exit 1 || echo $?\n"
		     "supctl recv; supctl recv; echo\n",
		     "supctl: standard output: No space left on device\n1\n12\n");
}

/* SEMANTICS 60, 62 to 64: monitors are actors', and end where they are ended. */
Test(shell, s60_s62_s63_s64_monitor)
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

/* A guest waits for the end; here that comes when there is somebody who waits. */
Test(shell, monitor_from_outside)
{
	struct node *n =
		run_script("supctl ready\n"
			   "until supctl info a --json | grep -q 'monitored_by.:.\"<'; do\n"
			   "  :\ndone\nexit 3\n");
	const char *pid = look(n, "a").pid;
	struct output o;

	cr_expect_str_eq(ctl(n, "monitor a"), "exit:3\n");
	o = supctl(n, "monitor %s --json", pid);
	cr_expect_eq(o.status, 3);
	cr_expect(text_glob("{\"kind\":\"down\",*\"reason\":\"noproc\",*}\n", o.out), "%s", o.out);
	node_end(n);
}

/* SEMANTICS 36, D14: one who traps is told to stop by a message. */
Test(shell, s36_d14_an_exit_signal_as_a_message)
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
Test(shell, d2_send_to_a_full_mailbox)
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
Test(shell, d3_ack)
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
Test(shell, mailbox)
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

/* What waits for a durable one that is down is there to be seen. */
Test(shell, mailbox_of_what_is_down)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nexec sleep 1000\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SERVICE("a") "mailbox = durable\nautostart = no\n", scripts);
	const char *text;

	ctl(n, "send a --tag job 1");
	text = ctl(n, "mailbox a");
	cr_expect(text_glob("NUMBER*\n1 *message *job *no *1\n", text), "%s", text);
	cr_expect_str_eq(json_get(ctl(n, "status a --json"), "message_queue_len"), "1");
	ctl(n, "start a");
	ctl(n, "stop a");
	ctl(n, "send a --tag job 2");
	text = ctl(n, "mailbox a");
	cr_expect(text_glob("NUMBER*\n1 *job *\n2 *job *no *1\n", text), "%s", text);
	cr_expect_str_eq(ctl_fails(n, 3, "info a"), "supctl: a: it does not run\n");
	cr_expect_str_eq(ctl_fails(n, 3, "whereis a"), "supctl: a: it does not run\n");
	node_end(n);
}

/* ---- spawning ---- */

/* SEMANTICS 27, 28, 69: in one step with its link and monitor; in its creator's place. */
Test(shell, s27_s28_s69_spawn)
{
	const struct script scripts[] = {
		{"a", "cd /\nX='two words' Y=no\nexport X Y\n"
		      "both=$(supctl spawn --monitor --env X --env Z=3 -- sh -c "
		      "'echo \"$X\" $Z ${Y-unset} $(pwd); [ $SUP_PID ] && exit 7')\n" NEXT
		      "echo $kind $reason\ntest \"$both\" = \"$from $ref\"\n"
		      "supctl spawn --link -- /nowhere/x && exit 1 || echo $?\n"
		      "supctl spawn --link -- sh -c 'exit 5'\nsupctl ready\nexec sleep 1000\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a"), scripts);
	char *out = output_of(n, "a");

	cr_expect(text_glob("two words 3 unset /\ndown exit:7\n"
			    "supctl: *No such file or directory*\n1\n*",
			    out),
		  "%s", out);
	cr_expect_str_eq(look(n, "a").reason, "exit:5");
	out = ctl(n, "why a");
	cr_expect(text_glob("*\nbecause a was to end *: exit:5\n"
			    "because linked <0.*> ended *: exit:5\n  by itself\n\n"
			    "now: a has failed, *; to start it: supctl start a\n*",
			    out),
		  "%s", out);
	node_end(n);
}

/* A spawned script is an actor like any other. */
Test(shell, spawned_actors)
{
	const struct script scripts[] = {
		{"a", "supctl ready\nsupctl spawn -- sh -eu $FOLDER/b.sh >/dev/null\n" NEXT
		      "supctl reply $from $ref \"hello $payload\"\n" NEXT},
		{"b", "supctl call a b; echo\nsupctl self | grep -c $SUP_PID\n"
		      "supctl register b\nsupctl send a b\nsupctl recv\nexit 3\n"},
		{NULL, NULL},
	};
	struct node *n = run_scripts(SCRIPT("a") "environment = FOLDER=@folder\n", scripts);

	/* a ends when b has its name. */
	output_of(n, "a");
	ctl(n, "send b go");
	/* Until it has gone, or it has gone by now. */
	supctl(n, "monitor b");
	cr_expect_str_eq(node_read(n, "a.out"), "hello b\n1\ngo");
	node_end(n);
}

Test(shell, spawn_from_outside)
{
	struct node *n = node_run("");
	struct output o;
	char *pid;

	o = supctl(n, "spawn --monitor -- sh -c 'exit 4'");
	cr_expect_eq(o.status, 0);
	cr_expect(text_glob("<0.*>\nexit:4\n", o.out), "%s", o.out);
	pid = strtok(ctl(n, "spawn -- sleep 1000"), "\n");
	cr_expect_str_eq(json_get(ctl(n, "info %s --json", pid), "kind"), "spawned");
	cr_expect(text_glob("{*\"name\":\"<0.*>\",\"kind\":\"spawned\",*}\n",
			    ctl(n, "status --spawned --json")));
	cr_expect_null(strstr(ctl(n, "status"), pid));
	ctl_fails(n, 2, "status --spawned /");
	ctl(n, "exit %s boom", pid);
	cr_expect(text_glob("{\"pid\":\"<0.*>\",\"os_pid\":*}\n{\"kind\":\"down\",*\n",
			    ctl(n, "spawn --json --monitor -- true")));
	cr_expect_not_null(strstr(ctl_fails(n, 2, "spawn --link -- true"), "only inside an actor"));
	cr_expect_not_null(strstr(ctl_fails(n, 2, "spawn"), "which command?"));
	node_end(n);
}
