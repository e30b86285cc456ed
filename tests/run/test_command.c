/* SPDX-License-Identifier: MIT */

/* supd -- COMMAND: what it is like to be that command. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "pty.h"

RUN_SUITE(command);

static const char *const *environment(const struct node *n, const char *extra)
{
	static const char *const handed_on[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
	const char **env = keep(calloc(16, sizeof(*env)));
	const char *const *words = split(extra ? extra : "");
	size_t size = 0;

	env[size++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	env[size++] = "LC_ALL=C";
	env[size++] = "TERM=dumb";
	/* A run_dir below the test's own folder, also for root. */
	env[size++] = keep_printf("FOLDER=%s", n->folder);
	for (size_t i = 0; i < ARRAY_LEN(handed_on); i++)
		if (getenv(handed_on[i]))
			env[size++] = keep_printf("%s=%s", handed_on[i], getenv(handed_on[i]));
	for (; *words; words++)
		env[size++] = *words;
	return env;
}

/* All that goes beyond the command is in FOLDER/supd.conf. */
static const char *const *words_of(const struct node *n, const char *command)
{
	const char **words = keep(calloc(64, sizeof(*words)));
	const char *const *more = split(node_expand(n, command));
	size_t size = 0;

	words[size++] = "supd";
	words[size++] = "-c";
	words[size++] = node_path(n, "supd.conf");
	words[size++] = "--";
	for (; *more; more++) {
		cr_assert_lt(size, 63);
		words[size++] = *more;
	}
	return words;
}

static struct node *node_quiet(void)
{
	struct node *n = node_new();

	node_config(n, "log_level = warning\n");
	return n;
}

static void begin(struct node *n, const char *command)
{
	program_start(&n->supd, &n->who, environment(n, "ONE=1 TWO='2 two'"), words_of(n, command));
}

static struct output run(struct node *n, const char *command)
{
	struct output o;

	begin(n, command);
	o.err = node_log(n);
	o = program_end(&n->supd);
	if (strstr(o.err, "Sanitizer") || strstr(o.err, "runtime error:"))
		cr_assert_fail("a sanitizer complains:\n%s", o.err);
	return o;
}

/* ---- its end ---- */

Test(command, exit_status)
{
	static const struct {
		const char *command;
		int status;
		const char *says; /* on standard error; NULL: nothing at all */
	} rows[] = {
		{"true", 0, NULL},
		{"sh -c 'exit 1'", 1, NULL},
		{"sh -c 'exit 78'", 78, NULL},
		{"sh -c 'exit 255'", 255, NULL},
		{"sh -c 'kill -TERM $$'", 128 + 15, NULL},
		{"sh -c 'kill -KILL $$'", 128 + 9, NULL},
		{"no-such-program a b", 127, "exec no-such-program: No such file"},
		{"/no/such/program", 127, "exec /no/such/program: No such file"},
		{"/etc/passwd", 126, "exec /etc/passwd (it is not executable): Permission denied"},
		{"/", 126, "exec / (a directory): Permission denied"},
	};
	struct node *n = node_quiet();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct output o = run(n, rows[i].command);

		cr_assert_eq(o.status, rows[i].status, "%s: status %d\n%s", rows[i].command,
			     o.status, o.err);
		if (rows[i].says)
			cr_assert_not_null(strstr(o.err, rows[i].says), "%s: %s", rows[i].command,
					   o.err);
		else
			cr_assert_str_empty(o.err, "%s: %s", rows[i].command, o.err);
	}
	node_check_nothing_left(n);
}

/* Its children in groups and sessions of their own, too, and with environments of their own. */
Test(command, nothing_is_left)
{
	struct node *n = node_quiet();
	struct output o = run(n, "sh -c 'sleep 1000 & setsid sleep 1000 & "
				 "env -i setsid sleep 1000 & setsid setsid sleep 1000 & exit 6'");

	cr_assert_eq(o.status, 6, "%d: %s", o.status, o.err);
	node_check_nothing_left(n);
}

/* ---- what it has ---- */

Test(command, words_and_environment_are_its_own)
{
	struct node *n = node_quiet();
	struct output o = run(n, "sh -c 'echo \"$ONE,$TWO,$FOLDER\"; printf \"%s|\" \"$@\"' sh "
				 "%i '${ONE}' %% '$TWO' '' '\"a b\"'");

	cr_assert_eq(o.status, 0, "%s", o.err);
	cr_assert_str_eq(o.out,
			 keep_printf("1,2 two,%s\n%%i|${ONE}|%%%%|$TWO||\"a b\"|", n->folder));
	node_check_nothing_left(n);
}

static void stdin_from_file(void *argument)
{
	int fd = open(argument, O_RDONLY);

	dup2(fd, 0);
}

Test(command, standard_input_is_its_own)
{
	struct node *n = node_quiet();
	struct output o;

	node_write(n, "input", "one\ntwo\n");
	n->who.prepare = stdin_from_file;
	n->who.argument = node_path(n, "input");
	o = run(n, "cat");
	cr_assert_eq(o.status, 0);
	cr_assert_str_eq(o.out, "one\ntwo\n");
	node_check_nothing_left(n);
}

/* In supd's own session, in a group of its own. */
Test(command, group_and_session)
{
	struct node *n = node_quiet();
	struct output o = run(n, "sh -c 'set -- $(cat /proc/$$/stat); echo $$ $5 $6'");
	int os_pid, group, session;

	cr_assert_eq(sscanf(o.out, "%d %d %d", &os_pid, &group, &session), 3, "%s", o.out);
	cr_expect_eq(group, os_pid);
	cr_expect_eq(session, getsid(0));
	node_check_nothing_left(n);
}

/* ---- Unix signals ---- */

static const char trapping[] =
	"for s in HUP INT QUIT USR1 USR2 ALRM TERM STKFLT TSTP URG VTALRM PROF WINCH IO PWR RTMIN "
	"RTMIN+3 RTMAX; do trap \"echo got $s >>@folder/journal\" $s; done\n"
	"trap 'exit 4' CONT\n"
	"echo up >>@folder/journal\n"
	"while :; do sleep 1 & wait $!; done\n";

Test(command, all_unix_signals_are_sent_on)
{
	static const char *const names[] = {"HUP",   "INT",     "QUIT",  "USR1", "USR2",
					    "ALRM",  "TERM",    "URG",   "TSTP", "STKFLT",
					    "PROF",  "VTALRM",  "WINCH", "IO",   "PWR",
					    "RTMIN", "RTMIN+3", "RTMAX", "TERM", "INT"};
	struct node *n = node_quiet();
	int unix_signal;

	node_write(n, "trap.sh", trapping);
	begin(n, "bash @folder/trap.sh");
	journal_until(n, "up");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		cr_assert_eq(text_parse_signal(names[i], &unix_signal), 0, "%s", names[i]);
		kill(n->supd.os_pid, unix_signal);
		journal_until(n, keep_printf("got %s", names[i]));
	}
	kill(n->supd.os_pid, SIGCONT);
	cr_assert_eq(node_wait(n), 4, "%s", node_log(n));
	node_check_nothing_left(n);
}

/* To the main process alone: its children are its own to tell. */
Test(command, its_children_are_sent_nothing)
{
	struct node *n = node_quiet();

	node_write(n, "child.sh",
		   "trap 'echo child got it >>@folder/journal' USR1\n"
		   "echo child >>@folder/journal\n"
		   "while :; do sleep 1 & wait $!; done\n");
	node_write(n, "main.sh",
		   "trap 'echo main got it >>@folder/journal' USR1\ntrap 'exit 3' TERM\n"
		   "sh @folder/child.sh &\nwhile :; do sleep 1 & wait $!; done\n");
	begin(n, "sh @folder/main.sh");
	journal_until(n, "child");
	kill(n->supd.os_pid, SIGUSR1);
	journal_until(n, "main got it");
	kill(n->supd.os_pid, SIGTERM);
	cr_assert_eq(node_wait(n), 3);
	cr_assert_eq(journal_count(n, "child got it"), 0);
	node_check_nothing_left(n);
}

/* ---- helpers ---- */

/* They are ready before it starts, and stop when it has ended. */
Test(command, helpers_of_a_file)
{
	struct node *n = node_new();

	node_config(n, "log_level = info\n[service helper]\ncommand = @puppet/helper ready\n"
		       "ready = notify\n");
	begin(n, "sh -c 'test -S @folder/run/control && echo main >>@folder/journal; exit 12'");
	cr_assert_eq(node_wait(n), 12, "%s", node_log(n));
	cr_assert(journal_is_before(n, "helper *", "main"));
	cr_assert_not_null(strstr(node_log(n), "helper"));
	node_check_nothing_left(n);
}

Test(command, name_that_is_taken)
{
	struct node *n = node_new();
	struct output o;

	node_config(n, "[service main]\ncommand = true\n");
	o = run(n, "true");
	cr_assert_eq(o.status, 78);
	cr_assert_not_null(strstr(o.err, "supd.conf: main: that is the name of the COMMAND"), "%s",
			   o.err);
	node_config(n, "[supervisor /]\nstrategy = simple_one_for_one\n[service a]\n"
		       "command = true\n");
	o = run(n, "true");
	cr_assert_eq(o.status, 78);
	cr_assert_not_null(strstr(o.err, "simple_one_for_one, which takes no COMMAND"), "%s",
			   o.err);
}

/* supctl, in it and beside it. */
Test(command, is_in_a_tree)
{
	struct node *n = node_quiet();

	begin(n, "sh -c 'echo $SUP_NAME $SUP_SOCKET >>@folder/journal; sleep 1000'");
	journal_until(n, keep_printf("main %s", n->socket));
	cr_assert_str_eq(state_of(n, "main"), "running");
	ctl(n, "shutdown");
	cr_assert_eq(node_wait(n), 0, "%s", node_log(n));
	node_check_nothing_left(n);
}

/* ---- a terminal ---- */

/* A shell that says "ready" at each prompt. */
#define SHELL "env PS1=ready$ bash --norc --noprofile --noediting -i"

static struct pty *at_terminal(struct node *n, const char *command)
{
	return pty_start(environment(n, ""), words_of(n, command));
}

Test(command, shell_at_a_terminal)
{
	const struct winsize size = {.ws_row = 33, .ws_col = 99};
	struct node *n = node_quiet();
	struct pty *p = at_terminal(n, SHELL);

	pty_until(p, "ready$");
	cr_assert_null(strstr(buf_text(&p->seen), "job control"), "%s", buf_text(&p->seen));
	/* Ctrl-C: the shell's child, not the shell, not supd */
	pty_type(p, "(echo n''ow; exec cat)\n");
	pty_until(p, "now\r\n");
	/* A Ctrl-C between the shell's echo and its exec is lost in bash: it answers, so it is cat.
	 */
	pty_type(p, "one\n");
	pty_until(p, "one\r\none\r\n");
	pty_type(p, "\003");
	pty_until(p, "ready$");
	pty_type(p, "echo status $?\n");
	pty_until(p, "status 130");
	/* Ctrl-Z: a job of the shell */
	pty_until(p, "ready$");
	pty_type(p, "(echo n''ow2; exec cat)\n");
	pty_until(p, "now2\r\n");
	pty_type(p, "\032");
	pty_until(p, "Stopped");
	pty_until(p, "ready$");
	pty_type(p, "fg\n");
	pty_until(p, "cat )");
	pty_type(p, "again\n");
	pty_until(p, "again\r\nagain\r\n");
	pty_type(p, "\004");
	pty_until(p, "ready$");
	/* the size of the window */
	cr_assert_eq(ioctl(p->fd, TIOCSWINSZ, &size), 0);
	pty_type(p, "stty size\n");
	pty_until(p, "33 99");
	pty_type(p, "exit 7\n");
	cr_assert_eq(pty_end(p), 7);
	node_check_nothing_left(n);
}

/* Ctrl-C is the command's; a window's change of size is told once. */
Test(command, keys_go_to_the_command)
{
	const struct winsize size = {.ws_row = 40, .ws_col = 100};
	struct node *n = node_quiet();
	struct pty *p;

	node_write(n, "keys.sh",
		   "trap 'echo resized' WINCH\ntrap 'echo interrupted; exit 3' INT\n"
		   "echo up\nwhile :; do sleep 1 & wait $!; done\n");
	p = at_terminal(n, "bash @folder/keys.sh");
	pty_until(p, "up");
	cr_assert_eq(ioctl(p->fd, TIOCSWINSZ, &size), 0);
	pty_until(p, "resized");
	pty_type(p, "\003");
	pty_until(p, "interrupted");
	cr_assert_null(strstr(strstr(buf_text(&p->seen), "resized") + 1, "resized"));
	cr_assert_eq(pty_end(p), 3);
	node_check_nothing_left(n);
}

/* Nobody could continue it: it goes on at once, as without supd. */
Test(command, no_stop_without_a_shell_above)
{
	struct node *n = node_quiet();
	struct pty *p;

	node_write(n, "stop.sh",
		   "trap 'echo continued; exit 5' CONT\necho up\n"
		   "while :; do sleep 1 & wait $!; done\n");
	p = at_terminal(n, "bash @folder/stop.sh");
	pty_until(p, "up");
	pty_type(p, "\032");
	pty_until(p, "continued");
	cr_assert_eq(pty_end(p), 5);
	node_check_nothing_left(n);
}

/* Below a shell: that one sees its job stop, and brings it back. */
Test(command, is_a_job_of_a_shell)
{
	struct node *n = node_quiet();
	struct pty *p;
	const char *const *words = words_of(n, "cat");
	const char *supd = keep_printf("%s -c %s -- ", build_path("supd"), words[2]);

	p = pty_start(environment(n, "PS1=ready$"),
		      split("!bash --norc --noprofile --noediting -i"));
	pty_until(p, "ready$");
	pty_type(p, keep_printf("%scat\n", supd));
	pty_type(p, "one\n");
	pty_until(p, "one\r\none\r\n");
	pty_type(p, "\032");
	pty_until(p, "Stopped");
	pty_until(p, "ready$");
	pty_type(p, "fg\n");
	pty_until(p, "cat");
	pty_type(p, "two\n");
	pty_until(p, "two\r\ntwo\r\n");
	pty_type(p, "\004");
	pty_until(p, "ready$");
	/* Started in the background it may not read; brought to the front it may. */
	pty_type(p, keep_printf("%scat &\n", supd));
	pty_until(p, "ready$");
	pty_type(p, "wait -n; jobs\n");
	pty_until(p, "Stopped");
	pty_until(p, "ready$");
	pty_type(p, "fg\n");
	pty_until(p, "cat");
	pty_type(p, "three\n");
	pty_until(p, "three\r\nthree\r\n");
	pty_type(p, "\003");
	pty_until(p, "ready$");
	pty_type(p, "echo status $?\n");
	pty_until(p, "status 130");
	pty_type(p, "exit 0\n");
	cr_assert_eq(pty_end(p), 0);
	node_check_nothing_left(n);
}

/* The terminal is the shell's again when supd has ended, whatever the command did with it. */
Test(command, gives_the_terminal_back)
{
	struct node *n = node_quiet();
	const char *const *words = words_of(n, "");
	struct pty *p = pty_start(
		environment(n, ""),
		split(keep_printf("!sh -c '%s -c %s -- true; cat'", build_path("supd"), words[2])));

	pty_type(p, "still mine\n");
	pty_until(p, "still mine\r\nstill mine\r\n");
	pty_type(p, "\004");
	cr_assert_eq(pty_end(p), 0);
	node_check_nothing_left(n);
}

/* ---- where nothing is at hand ---- */

/* No account, no HOME, no XDG_RUNTIME_DIR, no configuration. */
Test(command, as_anybody)
{
	struct node *n = node_new();
	struct output o;

	need_root();
	n->who = (struct person){.other = true, .uid = 12345, .gid = 12345};
	program_start(&n->supd, &n->who, environment(n, ""),
		      split("supd -- sh -c 'id -u; echo \"$HOME,$USER,$SUP_SOCKET,$SUP_NAME\"; "
			    "exit 3'"));
	o = program_end(&n->supd);
	cr_assert_eq(o.status, 3, "%s", o.err);
	cr_assert_str_eq(o.out, "12345\n,,,main\n");
	cr_assert_not_null(strstr(o.err, "XDG_RUNTIME_DIR is not set"), "%s", o.err);
	cr_assert_not_null(strstr(o.err, "no control socket"), "%s", o.err);
	cr_assert_eq(strchr(o.err, '\n'), strrchr(o.err, '\n'), "one line: %s", o.err);
	node_check_nothing_left(n);
}

/* Beside the user's own daemon, in a folder beside its. */
Test(command, has_a_run_dir_of_its_own)
{
	struct node *n = node_new();
	struct output o;
	struct stat st;

	need_root();
	n->who = person_find("nobody");
	cr_assert_eq(chown(n->folder, n->who.uid, n->who.gid), 0);
	program_start(&n->supd, &n->who,
		      environment(n, keep_printf("XDG_RUNTIME_DIR=%s", n->folder)),
		      split("supd -- sh -c 'echo $SUP_SOCKET; test -S $SUP_SOCKET'"));
	o = program_end(&n->supd);
	cr_assert_eq(o.status, 0, "%s", o.err);
	cr_assert_str_empty(o.err, "%s", o.err);
	cr_assert_eq(strncmp(o.out, keep_printf("%s/supd-", n->folder), strlen(n->folder) + 6), 0,
		     "%s", o.out);
	*strrchr(o.out, '/') = '\0';
	cr_assert(stat(o.out, &st) < 0 && errno == ENOENT, "%s is left", o.out);
	node_check_nothing_left(n);
}
