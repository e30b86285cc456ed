/* SPDX-License-Identifier: MIT */

/* The request spawn, with real processes and real Unix users (SEMANTICS 8, 32 to 36, 58, D20). */

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor.h"
#include "base/pid.h"

RUN_SUITE(spawned);

#define PUPPET(path, more) \
	"[service " path "]\ncommand = @puppet/" path " ready\nready = notify\n" more

static struct node *run_one(const char *more)
{
	struct node *n = node_new();

	cr_assert_eq(chmod(n->folder, 0777), 0);
	node_config(n, keep_printf(PUPPET("a", "restart = temporary\n%s"), more));
	node_start(n);
	sync_tree(n);
	return n;
}

static const char *pid_text(uint64_t pid)
{
	char text[ACTOR_PID_TEXT_MAX];

	return keep_printf("%s", actor_pid_format((actor_pid){pid}, text));
}

/* ---- the request ---- */

static void put_list(struct wire_encoder *e, const char *name, const char *words)
{
	field_put_list(e, 0, name, (char *const *)(uintptr_t)split(words));
}

/* Begins one; words are split as a shell would, @puppet/ as in a configuration. */
static struct wire_encoder *begin_spawn(struct actor_end *a, const char *words)
{
	struct wire_encoder *e = actor_begin_request(a, "spawn");

	put_list(e, "command", node_expand(a->node, words));
	return e;
}

/* The pid of what runs now. */
static const char *end_spawn(struct actor_end *a, const int *fds, size_t n_fds)
{
	struct wire_frame reply = actor_ask_with(a, fds, n_fds);
	const char *pid = field_text(&reply, "pid");

	cr_assert_eq(field_int(&reply, "status", -1), 0, "%s", actor_reply(a, "error"));
	cr_assert_gt(field_int(&reply, "os_pid", 0), 1);
	return keep_printf("%s", pid);
}

static const char *spawn_puppet(struct actor_end *a, const char *words)
{
	begin_spawn(a, words);
	return end_spawn(a, NULL, 0);
}

static int refused_spawn(struct actor_end *a, const int *fds, size_t n_fds)
{
	struct wire_frame reply = actor_ask_with(a, fds, n_fds);

	return (int)field_int(&reply, "status", -1);
}

static void wait_gone(struct node *n, const char *pid)
{
	struct output output = supctl(n, "wait %s --for down", pid);

	/* Nobody knows it any more, or not for long. */
	cr_assert(output.status == 0 || output.status == 3, "%d %s", output.status, output.err);
}

static bool has_variable(const struct node *n, const char *setting)
{
	return strstr(node_read(n, "r"), keep_printf("\nenv.%s", setting)) != NULL;
}

/* ---- what it is ---- */

/* An actor of its own, outside the tree: it has a mailbox, a token, and no name. */
Test(spawned, an_actor_outside_the_tree)
{
	struct node *n = run_one("");
	struct actor_end *a = actor_borrow(n, "a", false), *c, *helper;
	const char *pid = spawn_puppet(a, "@puppet/c report:r");
	char cwd[PATH_MAX];

	journal_find(n, "c reported");
	cr_expect(has_variable(n, keep_printf("SUP_PID=%s\n", pid)));
	cr_expect_not(has_variable(n, "SUP_NAME="));
	cr_expect(has_variable(n, "SUP_FD=3\n"));
	cr_expect_eq(strncmp(report_get(n, "r", "fd.3"), "socket:", 7), 0);
	cr_expect_str_eq(report_get(n, "r", "fd.0"), "/dev/null");
	cr_expect_null(report_get(n, "r", "fd.4"));
	cr_expect_str_eq(report_get(n, "r", "sid"), report_get(n, "r", "pid"));
	cr_assert_not_null(getcwd(cwd, sizeof(cwd)));
	cr_expect_str_eq(report_get(n, "r", "cwd"), cwd, "its creator's");
	c = actor_borrow(n, "c", false);
	cr_expect_str_eq(pid_text(c->pid), pid);
	helper = actor_helper(c);
	cr_expect_eq(actor_request(helper, "self", NULL, NULL, NULL, NULL), 0);
	cr_expect_str_eq(actor_reply(helper, "pid"), pid);
	cr_expect_eq(actor_request(helper, "exit_self", "reason", "done", NULL, NULL), 0);
	actor_close(a), actor_close(c), actor_close(helper);
	node_end(n);
}

Test(spawned, what_supctl_shows_of_it)
{
	struct node *n = run_one("");
	struct actor_end *a = actor_borrow(n, "a", false);
	const char *pid = spawn_puppet(a, "@puppet/c");
	struct wire_frame info;

	cr_expect_null(strstr(ctl(n, "status"), pid));
	cr_expect_null(strstr(ctl(n, "tree"), pid));
	cr_expect_not_null(strstr(ctl(n, "why %s", pid), "because a spawned it"));
	cr_expect_not_null(
		strstr(ctl_fails(n, 1, "stop %s", pid), "was spawned by an actor and is no child"));
	field_put_text(actor_begin_request(a, "info"), 0, "target", pid);
	info = actor_ask(a);
	cr_expect_str_eq(field_text(&info, "kind"), "spawned");
	cr_expect_null(field_text(&info, "name"));
	cr_expect_str_eq(field_text(&info, "state"), "running");
	ctl(n, "exit %s shutdown", pid);
	wait_gone(n, pid);
	actor_close(a);
	node_end(n);
}

/* Every word and setting as it is: no % and no $ means anything. */
Test(spawned, words_settings_and_directory)
{
	struct node *n = run_one("environment = C=secret\n");
	struct actor_end *a = actor_borrow(n, "a", false);
	struct wire_encoder *e = actor_begin_request(a, "spawn");
	char text[256];
	int ends[2];
	ssize_t size;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	put_list(e, "command", "sh -c 'echo \"$1|$A|$C|$(pwd)\"' '$0 %n' '%i${A}%%'");
	put_list(e, "environment", "'A=%n ${B} \"q\"' B=x");
	field_put_text(e, 0, "directory", "/usr");
	put_list(e, "fds", "1");
	end_spawn(a, &ends[1], 1);
	close(ends[1]);
	cr_assert(wait_readable(ends[0], -1));
	size = read(ends[0], text, sizeof(text) - 1);
	cr_assert_gt(size, 0);
	text[size] = '\0';
	cr_expect_str_eq(text, "%i${A}%%|%n ${B} \"q\"||/usr\n");
	/* Nobody else has it. */
	cr_assert(wait_readable(ends[0], -1));
	cr_expect_eq(read(ends[0], text, 1), 0);
	close(ends[0]);
	actor_close(a);
	node_end(n);
}

/* ---- in one step ---- */

/* SEMANTICS 35. */
Test(spawned, s35_a_linked_one_takes_its_creator_along)
{
	struct node *n = run_one("");
	struct watch *w = watch_open(n);
	struct actor_end *a = actor_borrow(n, "a", false);

	field_put_bool(begin_spawn(a, "sh -c 'exit 7'"), 0, "link", true);
	end_spawn(a, NULL, 0);
	watch_until(w, "exit a exit:7");
	actor_close(a);
	node_end(n);
}

/* SEMANTICS 33, 58: the creator traps, and monitors it; the DOWN carries the ref that was named. */
Test(spawned, s33_s58_link_and_monitor_of_one_that_ends_at_once)
{
	struct node *n = run_one("trap_exit = yes\n");
	struct actor_end *a = actor_borrow(n, "a", false);
	struct wire_encoder *e = begin_spawn(a, "sh -c 'exit 7'");
	struct wire_frame frame;
	const char *pid;

	field_put_bool(e, 0, "link", true);
	field_put_int(e, 0, "monitor", 77);
	pid = end_spawn(a, NULL, 0);
	actor_credit(a, 10);
	frame = actor_receive_op(a, WIRE_EXIT);
	cr_expect_str_eq(pid_text(frame.from), pid);
	frame = actor_receive_op(a, WIRE_DOWN);
	cr_expect_str_eq(pid_text(frame.from), pid);
	cr_expect_eq(frame.ref, 77);
	cr_expect_eq(frame.payload_size, 6);
	cr_expect_eq(memcmp(frame.payload, "exit:7", 6), 0);
	cr_expect_str_eq(state_of(n, "a"), "running");
	actor_close(a);
	node_end(n);
}

/* An exec that fails is an answer, and no end of anything. */
Test(spawned, a_program_that_is_not_there)
{
	struct node *n = run_one("");
	struct actor_end *a = actor_borrow(n, "a", false);
	struct wire_encoder *e = begin_spawn(a, "/no/such/program x");

	field_put_bool(e, 0, "link", true);
	field_put_int(e, 0, "monitor", 77);
	cr_expect_eq(refused_spawn(a, NULL, 0), 1);
	cr_expect_str_eq(actor_reply(a, "reason"), "exec:ENOENT");
	cr_expect_str_eq(actor_reply(a, "error"),
			 "exec /no/such/program: No such file or directory");
	e = begin_spawn(a, "true");
	field_put_text(e, 0, "directory", "/no/such/directory");
	cr_expect_eq(refused_spawn(a, NULL, 0), 1);
	cr_expect_str_eq(actor_reply(a, "reason"), "exec:ENOENT");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "running");
	actor_close(a);
	node_end(n);
}

/* ---- fds ---- */

/* All three, in any order; ours are closed, whatever becomes of them. */
Test(spawned, standard_fds)
{
	struct node *n = run_one("");
	struct actor_end *guest = actor_guest(n);
	struct wire_encoder *e = begin_spawn(guest, "sh -c 'read x; echo out $x; echo err $x >&2'");
	int in[2], out[2], err[2], fds[3];
	char text[64];
	ssize_t size;

	cr_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
		  pipe2(err, O_CLOEXEC) == 0);
	fds[0] = err[1], fds[1] = in[0], fds[2] = out[1];
	put_list(e, "fds", "2 0 1");
	end_spawn(guest, fds, 3);
	close(in[0]), close(out[1]), close(err[1]);
	cr_assert_eq(write(in[1], "it\n", 3), 3);
	cr_assert(wait_readable(out[0], -1));
	size = read(out[0], text, sizeof(text));
	cr_expect(size == 7 && memcmp(text, "out it\n", 7) == 0);
	cr_assert(wait_readable(err[0], -1));
	size = read(err[0], text, sizeof(text));
	cr_expect(size == 7 && memcmp(text, "err it\n", 7) == 0);
	cr_assert(wait_readable(out[0], -1) && wait_readable(err[0], -1));
	cr_expect_eq(read(out[0], text, 1), 0);
	cr_expect_eq(read(err[0], text, 1), 0);
	close(in[1]), close(out[0]), close(err[0]);
	actor_close(guest);
	node_end(n);
}

/* What makes no sense is refused, and nobody is disconnected for it. */
Test(spawned, requests_that_make_no_sense)
{
	static const struct {
		const char *list;
		const char *texts;
		size_t n_fds;
		const char *error;
	} rows[] = {
		{"fds", "1 1", 2, "fds: each of 0, 1 and 2 once"},
		{"fds", "3", 1, "fds: each of 0, 1 and 2 once"},
		{"fds", "1", 0, "fds: each of 0, 1 and 2 once"},
		{"environment", "A", 0, "environment: use NAME=VALUE"},
		{"environment", "", 0, NULL},
	};
	struct node *n = run_one("");
	struct actor_end *guest = actor_guest(n);
	int ends[2], fds[2];
	char c;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	fds[0] = fds[1] = ends[1];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put_list(begin_spawn(guest, "true"), rows[i].list, rows[i].texts);
		cr_expect_eq(refused_spawn(guest, fds, rows[i].n_fds), rows[i].error ? 2 : 0, "%zu",
			     i);
		if (rows[i].error)
			cr_expect_not_null(strstr(actor_reply(guest, "error"), rows[i].error), "%s",
					   actor_reply(guest, "error"));
	}
	field_put_text(begin_spawn(guest, "true"), 0, "directory", "here");
	cr_expect_eq(refused_spawn(guest, NULL, 0), 2);
	field_put_bool(begin_spawn(guest, "true"), 0, "link", true);
	cr_expect_eq(refused_spawn(guest, NULL, 0), 2);
	cr_expect_str_eq(actor_reply(guest, "error"), "spawn: link: only inside an actor");
	cr_expect_eq(actor_request(guest, "spawn", NULL, NULL, NULL, NULL), 2);
	put_list(actor_begin_request(guest, "spawn"), "command", "");
	cr_expect_eq(refused_spawn(guest, NULL, 0), 2);
	field_put_text(begin_spawn(guest, "true"), 0, "user", "no-such-user");
	cr_expect_eq(refused_spawn(guest, NULL, 0), 1);
	close(ends[1]);
	cr_assert(wait_readable(ends[0], -1));
	cr_expect_eq(read(ends[0], &c, 1), 0);
	close(ends[0]);
	actor_close(guest);
	node_end(n);
}

/* ---- as whom ---- */

static const char *four(unsigned number)
{
	return keep_printf(" %u %u %u %u", number, number, number, number);
}

static void check_report(struct node *n, const char *file, const char *key, const char *value)
{
	cr_expect_str_eq(report_get(n, file, key), value + (*value == ' '), "%s", key);
}

/* An actor's process runs as the actor does, with its groups and umask. */
Test(spawned, as_ones_own_user)
{
	struct actor_end *a;
	struct node *n;

	need_root();
	n = run_one("user = nobody\ngroup = daemon\ngroups = bin 9\numask = 027\n");
	a = actor_borrow(n, "a", false);
	spawn_puppet(a, "@puppet/c report:r");
	journal_find(n, "c reported");
	check_report(n, "r", "Uid", four(person_find("nobody").uid));
	check_report(n, "r", "Gid", four(group_find("daemon")));
	cr_expect_not_null(
		strstr(report_get(n, "r", "Groups"), keep_printf("%d 9", (int)group_find("bin"))));
	check_report(n, "r", "Umask", "0027");
	cr_expect(has_variable(n, "USER=nobody\n"));
	actor_close(a);
	node_end(n);
}

/* As another only by a grant, or where one may do everything. */
Test(spawned, as_another_user)
{
	struct actor_end *a;
	struct node *n;

	need_root();
	n = run_one("user = nobody\ngrants = spawn:b*\n");
	a = actor_borrow(n, "a", false);
	field_put_text(begin_spawn(a, "true"), 0, "user", "root");
	cr_expect_eq(refused_spawn(a, NULL, 0), 4);
	cr_expect_not_null(strstr(actor_reply(a, "error"), "a grant spawn:USER permits others"));
	field_put_text(begin_spawn(a, "true"), 0, "user", "0");
	cr_expect_eq(refused_spawn(a, NULL, 0), 4);
	field_put_text(begin_spawn(a, "true"), 0, "user", "nobody");
	end_spawn(a, NULL, 0);
	field_put_text(begin_spawn(a, "@puppet/c report:r"), 0, "user", "bin");
	end_spawn(a, NULL, 0);
	journal_find(n, "c reported");
	check_report(n, "r", "Uid", four(person_find("bin").uid));
	cr_expect(has_variable(n, "USER=bin\n"));
	actor_close(a);
	node_end(n);
}

static int spawn_as_member(void *argument)
{
	struct actor_end *guest = actor_guest(argument);

	spawn_puppet(guest, "@puppet/c report:r");
	return 0;
}

static int spawn_as_viewer(void *argument)
{
	struct actor_end *guest = actor_guest(argument);
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	put_list(begin_spawn(guest, "@puppet/d"), "fds", "1");
	return refused_spawn(guest, &fd, 1) == 4 &&
			       actor_request(guest, "ping", NULL, NULL, NULL, NULL) == 0
		       ? 0
		       : 1;
}

/* A guest's process is the guest's: user, group and groups as it connected. Others may not. */
Test(spawned, guests_and_their_users)
{
	struct person member, viewer;
	struct node *n;

	need_root();
	n = node_new();
	cr_assert_eq(chmod(n->folder, 0777), 0);
	node_config(n, "control_group = games\nview_group = man\n" PUPPET("a", ""));
	node_start(n);
	sync_tree(n);
	member = viewer = person_find("bin");
	member.groups[member.n_groups++] = group_find("games");
	member.groups[member.n_groups++] = 9;
	viewer.groups[viewer.n_groups++] = group_find("man");
	cr_expect_eq(person_run(&viewer, spawn_as_viewer, n), 0);
	cr_expect_eq(person_run(&member, spawn_as_member, n), 0);
	journal_find(n, "c reported");
	check_report(n, "r", "Uid", four(member.uid));
	check_report(n, "r", "Gid", four(member.gid));
	cr_expect_not_null(strstr(report_get(n, "r", "Groups"), " 9"), "%s",
			   report_get(n, "r", "Groups"));
	cr_expect_eq(journal_count(n, "d start *"), 0);
	node_end(n);
}

/* An ordinary user's daemon. */
Test(spawned, by_an_ordinary_users_daemon)
{
	struct actor_end *guest;
	struct node *n;

	need_root();
	n = node_new();
	node_become(n, "nobody");
	node_config(n, PUPPET("a", ""));
	node_start(n);
	sync_tree(n);
	guest = actor_guest(n);
	field_put_text(begin_spawn(guest, "true"), 0, "directory", "/");
	cr_expect_eq(refused_spawn(guest, NULL, 0), 1, "root, whom that daemon can not be");
	cr_expect_str_eq(actor_reply(guest, "reason"), "exec:EPERM");
	actor_close(guest);
	node_end(n);
}

/* ---- the end of all ---- */

/* All of them before the tree. */
Test(spawned, they_end_before_the_tree)
{
	struct node *n = run_one("");
	struct actor_end *a = actor_borrow(n, "a", false);
	const char *one, *other, *log;

	one = spawn_puppet(a, "@puppet/c leave:TERM=3");
	other = spawn_puppet(a, "@puppet/d");
	journal_find(n, "c start *");
	journal_find(n, "d start *");
	actor_close(a);
	node_end(n);
	log = strstr(node_log(n), "SIGTERM");
	cr_assert_not_null(log);
	cr_expect_lt(strstr(log, keep_printf(" %s  stopped", one)), strstr(log, " a "), "%s", log);
	cr_expect_lt(strstr(log, keep_printf(" %s  stopped", other)), strstr(log, " a "), "%s",
		     log);
}

/* The number at the end of the line of the journal. */
static pid_t number_of(struct node *n, const char *pattern)
{
	return (pid_t)atoi(strrchr(journal_find(n, pattern), ' ') + 1);
}

/* What it leaves in other sessions is found by its pid, and ended, as what a service leaves. */
Test(spawned, what_it_leaves_behind)
{
	struct node *n = run_one("");
	struct actor_end *a = actor_borrow(n, "a", false);
	const char *pid = spawn_puppet(a, "@puppet/c stray child");
	pid_t stray = number_of(n, "c stray *");
	pid_t child = number_of(n, "c child *");

	cr_assert(proc_exists(stray) && proc_exists(child));
	ctl(n, "exit %s kill", pid);
	wait_gone(n, pid);
	proc_wait_gone(child);
	proc_wait_gone(stray);
	cr_expect_str_eq(state_of(n, "a"), "running");
	actor_close(a);
	node_end(n);
}

/* A daemon after one that was killed ends them, too. */
Test(spawned, after_a_killed_daemon)
{
	struct node *n = run_one("");
	struct actor_end *a = actor_borrow(n, "a", false);
	pid_t os_pid;

	spawn_puppet(a, "@puppet/c leave:TERM=0 say:up");
	journal_find(n, "c up");
	os_pid = number_of(n, "c start *");
	actor_close(a);
	kill(n->supd.os_pid, SIGKILL);
	cr_assert_eq(node_wait(n), 137);
	cr_assert(proc_exists(os_pid));
	node_start(n);
	sync_tree(n);
	cr_expect_eq(journal_count(n, "c TERM"), 1);
	cr_expect_eq(journal_count(n, "c start *"), 1);
	cr_expect(!proc_exists(os_pid) || proc_state(os_pid) == 'Z');
	reap_orphans();
	node_end(n);
}
