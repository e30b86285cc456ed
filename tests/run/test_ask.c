/* SPDX-License-Identifier: MIT */

/*
 * What actors ask of the daemon on their own behalf, over the wire: trap, link, unlink, exit_self,
 * and what is refused, as real Unix users (ARCHITECTURE 6, SEMANTICS 22 to 36, 50, D10, D15, D20).
 */

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor.h"

RUN_SUITE(ask);

#define PUPPET(path, more) \
	"[service " path "]\ncommand = @puppet/" path " ready\nready = notify\n" more
#define TEMPORARY "restart = temporary\n"

static struct node *run_two(void)
{
	struct node *n = node_run(PUPPET("a", TEMPORARY) PUPPET("b", TEMPORARY));

	sync_tree(n);
	return n;
}

/* Its status; *ret_was: what it was before. */
static int trap(struct actor_end *a, bool on, bool *ret_was)
{
	struct wire_encoder *e = actor_begin_request(a, "trap");
	struct wire_frame reply;

	field_put_bool(e, 0, "on", on);
	reply = actor_ask(a);
	*ret_was = field_bool(&reply, "was");
	return (int)field_int(&reply, "status", -1);
}

static int ask_link(struct actor_end *a, const char *target)
{
	return actor_request(a, "link", "target", target, NULL, NULL);
}

static int unlink_from(struct actor_end *a, const char *target)
{
	return actor_request(a, "unlink", "target", target, NULL, NULL);
}

/* ---- trap ---- */

Test(ask, trap_says_what_it_was)
{
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false), *helper = actor_helper(a);
	bool was = true;

	cr_expect_eq(trap(a, true, &was), 0);
	cr_expect_not(was);
	cr_expect_eq(trap(helper, false, &was), 0);
	cr_expect(was);
	cr_expect_eq(trap(a, false, &was), 0);
	cr_expect_not(was);
	cr_expect_eq(actor_request(a, "trap", NULL, NULL, NULL, NULL), 2);
	cr_expect_not_null(strstr(actor_reply(a, "error"), "on or off"));
	actor_close(a), actor_close(helper);
	node_end(n);
}

/* SEMANTICS 33, 36, by a helper's request. */
Test(ask, s33_s36_who_traps_outlives_the_linked_one)
{
	struct node *n = run_two();
	struct watch *w = watch_open(n);
	struct actor_end *a = actor_borrow(n, "a", false), *helper = actor_helper(a);
	bool was;

	cr_assert_eq(trap(helper, true, &was), 0);
	cr_assert_eq(ask_link(helper, "b"), 0);
	cr_expect_str_eq(actor_reply(helper, "pid"), look(n, "b").pid);
	order(n, "b", "exit:7");
	watch_until(w, "exit b exit:7");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "running");
	actor_close(a), actor_close(helper);
	node_end(n);
}

/* ---- link, unlink ---- */

/* SEMANTICS 35. */
Test(ask, s35_who_does_not_trap_goes_down_with_it)
{
	struct node *n = run_two();
	struct watch *w = watch_open(n);
	struct actor_end *a = actor_borrow(n, "a", false);

	cr_assert_eq(ask_link(a, look(n, "b").pid), 0);
	order(n, "b", "exit:7");
	watch_until(w, "exit a exit:7");
	cr_expect_str_eq(look(n, "a").reason, "exit:7");
	actor_close(a);
	node_end(n);
}

/* SEMANTICS 27: by either side. */
Test(ask, s27_an_unlinked_one_stays)
{
	struct node *n = run_two();
	struct watch *w = watch_open(n);
	struct actor_end *a = actor_borrow(n, "a", false), *b = actor_borrow(n, "b", false);

	cr_assert_eq(ask_link(a, "b"), 0);
	cr_expect_eq(unlink_from(b, "a"), 0);
	cr_expect_eq(unlink_from(b, "a"), 0);
	cr_expect_eq(unlink_from(b, "nobody"), 0);
	order(n, "b", "exit:7");
	watch_until(w, "exit b exit:7");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "a"), "running");
	actor_close(a), actor_close(b);
	node_end(n);
}

/* SEMANTICS 25: a link to who is gone ends who asks, or tells it; a name is nobody at all. */
Test(ask, s25_a_link_to_who_is_gone)
{
	struct node *n = run_two();
	struct watch *w = watch_open(n);
	struct actor_end *a = actor_borrow(n, "a", false);
	const char *b = look(n, "b").pid;
	bool was;

	order(n, "b", "exit:0");
	watch_until(w, "exit b normal");
	sync_tree(n);
	cr_expect_eq(ask_link(a, "b"), 3);
	cr_expect_str_eq(actor_reply(a, "error"), "b: it does not run");
	cr_assert_eq(trap(a, true, &was), 0);
	cr_assert_eq(ask_link(a, b), 0);
	cr_expect_str_eq(actor_reply(a, "pid"), b);
	cr_assert_eq(trap(a, false, &was), 0);
	cr_assert_eq(ask_link(a, b), 0);
	watch_until(w, "exit a noproc");
	actor_close(a);
	node_end(n);
}

/* SEMANTICS D10. */
Test(ask, d10_not_from_ones_own_supervisor)
{
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false);

	cr_expect_eq(unlink_from(a, "/"), 4);
	cr_expect_str_eq(actor_reply(a, "error"),
			 "/: an actor can not be unlinked from its own supervisor");
	cr_expect_eq(actor_request(a, "link", NULL, NULL, NULL, NULL), 2);
	actor_close(a);
	node_end(n);
}

/* ---- last words ---- */

/* SEMANTICS 50, D15: no Unix signal comes; then its kill time has it. */
Test(ask, s50_exit_self_by_a_helper)
{
	struct node *n = node_run(PUPPET("a", TEMPORARY "shutdown = 100ms\n"));
	struct actor_end *a, *helper;
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	order(n, "a", "catch:TERM");
	a = actor_borrow(n, "a", false);
	helper = actor_helper(a);
	cr_expect_eq(actor_request(helper, "exit_self", NULL, NULL, NULL, NULL), 2);
	cr_expect_eq(actor_request(helper, "exit_self", "reason", "new\nline", NULL, NULL), 2);
	cr_expect_eq(actor_request(helper, "exit_self", "reason", "out of work", NULL, NULL), 0);
	watch_until(w, "exit a out of work");
	cr_expect_eq(journal_count(n, "a TERM"), 0);
	actor_close(a), actor_close(helper);
	node_end(n);
}

/* ---- names, info ---- */

/* All rows of names: "a path; clock registered; ". */
static const char *names_of(struct actor_end *a)
{
	struct buf out = BUF_INIT;
	struct wire_encoder *e = actor_begin_request(a, "names");
	struct wire_frame frame = actor_ask_row(a);

	(void)e;
	for (; frame.op == WIRE_ROW; frame = actor_receive(a)) {
		cr_assert_not_null(field_text(&frame, "pid"));
		buf_printf(&out, "%s %s; ", field_text(&frame, "name"), field_text(&frame, "kind"));
	}
	cr_assert_eq(field_int(&frame, "status", -1), 0);
	return keep(buf_take(&out));
}

Test(ask, names_of_all)
{
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false), *guest = actor_guest(n);

	cr_assert_eq(actor_request(a, "register", "name", "clock", NULL, NULL), 0);
	cr_assert_eq(actor_request(a, "register", "name", "Zed", "target", "b"), 0);
	cr_expect_str_eq(names_of(guest),
			 "/ path; Zed registered; a path; b path; clock registered; ");
	cr_assert_eq(actor_request(a, "unregister", "name", "Zed", NULL, NULL), 0);
	cr_expect_str_eq(names_of(a), "/ path; a path; b path; clock registered; ");
	actor_close(a), actor_close(guest);
	node_end(n);
}

/* The texts of a list, "x y ". */
static const char *list_of(const struct wire_frame *frame, const char *name)
{
	struct buf out = BUF_INIT;
	struct field list;
	const char *text;
	size_t cursor = 0;

	cr_assert(field_find(frame, name, FIELD_LIST, &list), "%s", name);
	while ((text = field_list_next(&list, &cursor)))
		buf_printf(&out, "%s ", text);
	return keep(buf_take(&out));
}

static struct wire_frame info_of(struct actor_end *a, const char *target)
{
	struct wire_frame reply;

	field_put_text(actor_begin_request(a, "info"), 0, "target", target);
	reply = actor_ask(a);
	cr_assert_eq(field_int(&reply, "status", -1), 0, "%s", actor_reply(a, "error"));
	return reply;
}

Test(ask, info_of_a_service)
{
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false), *guest = actor_guest(n);
	const char *pid = look(n, "a").pid, *b = look(n, "b").pid, *root = look(n, "/").pid;
	struct wire_frame info;
	struct field span;
	bool was;

	cr_assert_eq(ask_link(a, "b"), 0);
	cr_assert_eq(trap(a, true, &was), 0);
	cr_assert_eq(actor_request(a, "register", "name", "clock", NULL, NULL), 0);
	info = info_of(guest, "clock");
	cr_expect_str_eq(field_text(&info, "pid"), pid);
	cr_expect_str_eq(field_text(&info, "name"), "a");
	cr_expect_str_eq(field_text(&info, "kind"), "service");
	cr_expect_str_eq(field_text(&info, "state"), "running");
	cr_expect_eq(field_int(&info, "os_pid", 0), os_pid_of(n, "a"));
	cr_expect(field_bool(&info, "trap_exit"));
	cr_expect_str_eq(list_of(&info, "links"), keep_printf("%s %s ", root, b));
	cr_expect_str_eq(list_of(&info, "monitors"), "");
	cr_expect_str_eq(list_of(&info, "monitored_by"), "");
	cr_expect_str_eq(list_of(&info, "names"), "a clock ");
	cr_expect_eq(field_int(&info, "uid", -1), (int64_t)getuid());
	cr_expect_gt(field_int(&info, "memory", 0), 4096);
	cr_expect(field_find(&info, "cpu_time", FIELD_SPAN, &span));
	actor_close(a), actor_close(guest);
	node_end(n);
}

/* A guest, by its pid, with what it monitors; whoever has ended is nobody. */
Test(ask, info_of_others)
{
	struct node *n = run_two();
	struct actor_end *guest = actor_guest(n);
	struct wire_frame monitor = wire_frame(WIRE_MONITOR, "b", 1), info;
	const char *pid;

	monitor.flags = WIRE_NAMED;
	monitor.tag_size = sizeof("b");
	actor_send(guest, &monitor, "", 0);
	cr_assert_eq(actor_request(guest, "self", NULL, NULL, NULL, NULL), 0);
	pid = keep(strdup(actor_reply(guest, "pid")));
	info = info_of(guest, pid);
	cr_expect_str_eq(field_text(&info, "kind"), "guest");
	cr_expect_null(field_text(&info, "name"));
	cr_expect_str_eq(list_of(&info, "monitors"), keep_printf("%s ", look(n, "b").pid));
	cr_expect_eq(field_int(&info, "os_pid", 0), getpid());
	info = info_of(guest, "b");
	cr_expect_str_eq(list_of(&info, "monitored_by"), keep_printf("%s ", pid));
	info = info_of(guest, "/");
	cr_expect_str_eq(field_text(&info, "kind"), "supervisor");
	cr_expect_eq(field_int(&info, "os_pid", 0), 0);
	cr_assert_eq(actor_request(guest, "info", "target", "c", NULL, NULL), 3);
	cr_expect_str_eq(actor_reply(guest, "error"), "c: no such actor");
	cr_assert_eq(actor_request(guest, "info", NULL, NULL, NULL, NULL), 2);
	actor_close(guest);
	node_end(n);
}

/* More names than one datagram holds: rows come as they are taken. */
Test(ask, many_names)
{
	struct node *n = run_two();
	struct actor_end *a = actor_borrow(n, "a", false), *helper = actor_helper(a);
	struct wire_frame frame;
	size_t rows = 0;

	for (int i = 0; i < 2000; i++)
		cr_assert_eq(
			actor_request(a, "register", "name", keep_printf("%0190d", i), NULL, NULL),
			0);
	actor_begin_request(helper, "names");
	for (frame = actor_ask_row(helper); frame.op == WIRE_ROW; frame = actor_receive(helper))
		rows++;
	cr_expect_eq(rows, 2003);
	cr_expect_eq(field_int(&frame, "status", -1), 0);
	frame = info_of(a, "a");
	cr_expect_eq(field_int(&frame, "more", 0), 2001 - 100);
	actor_close(a), actor_close(helper);
	node_end(n);
}

/* ---- guests ---- */

/* SEMANTICS D20: whatever they may do otherwise. */
Test(ask, d20_guests_are_not_inside)
{
	static const char *const commands[] = {"trap", "link", "unlink", "exit_self"};
	struct node *n = run_two();
	struct actor_end *guest = actor_guest(n);

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		cr_expect_eq(actor_request(guest, commands[i], "target", "a", "reason", "x"), 2,
			     "%s", commands[i]);
		cr_expect_str_eq(actor_reply(guest, "error"),
				 keep_printf("%s: only inside an actor", commands[i]));
	}
	cr_expect_str_eq(state_of(n, "a"), "running");
	actor_close(guest);
	node_end(n);
}

/* ---- rights ---- */

/* a and b are one user's, c another's; root's own. */
static struct node *run_users(const char *grants)
{
	struct node *n;

	need_root();
	n = node_new();
	cr_assert_eq(chmod(n->folder, 0777), 0);
	node_config(n, keep_printf(PUPPET("a", TEMPORARY "user = nobody\n%s")
					   PUPPET("b", TEMPORARY "user = nobody\n")
						   PUPPET("c", TEMPORARY "user = bin\n")
							   PUPPET("d", TEMPORARY),
				   grants));
	node_start(n);
	sync_tree(n);
	return n;
}

/* ARCHITECTURE 6: by the process itself and by a helper, which the daemon's own user runs. */
Test(ask, only_within_ones_own_unix_user)
{
	struct node *n = run_users("");
	struct actor_end *a = actor_borrow(n, "a", false);
	static const char *const others[] = {"c", "d"};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		cr_expect_eq(ask_link(a, others[i]), 4, "%s", others[i]);
		cr_expect_not_null(strstr(actor_reply(a, "error"), "a grant link:PATH permits"));
		cr_expect_eq(actor_request(a, "exit", "target", others[i], "reason", "x"), 4, "%s",
			     others[i]);
		cr_expect_not_null(strstr(actor_reply(a, "error"), "a grant exit:PATH permits"));
		cr_expect_eq(actor_request(a, "register", "name", "x", "target", others[i]), 4,
			     "%s", others[i]);
		cr_expect_str_eq(state_of(n, others[i]), "running");
	}
	cr_expect_eq(ask_link(a, "/"), 4);
	cr_expect_eq(ask_link(a, "b"), 0);
	cr_expect_eq(actor_request(a, "register", "name", "x", "target", "b"), 0);
	cr_expect_eq(actor_request(a, "exit", "target", "b", "reason", "normal"), 0);
	actor_close(a);
	node_end(n);
}

/* Beyond one's own user, as far as they go. */
Test(ask, grants)
{
	struct node *n = run_users("grants = link:c exit:?*d exit:d\n");
	struct actor_end *a = actor_borrow(n, "a", false);
	struct watch *w = watch_open(n);

	cr_expect_eq(ask_link(a, "c"), 0);
	cr_expect_eq(ask_link(a, "d"), 4);
	cr_expect_eq(actor_request(a, "exit", "target", "/", "reason", "x"), 4);
	cr_expect_eq(actor_request(a, "exit", "target", "d", "reason", "x"), 0);
	watch_until(w, "exit d x");
	cr_expect_eq(actor_request(a, "stop", "target", "c", NULL, NULL), 4);
	actor_close(a);
	node_end(n);
}

/* Requests of operators, too. */
Test(ask, a_grant_of_everything)
{
	struct node *n = run_users("grants = admin\n");
	struct actor_end *a = actor_borrow(n, "a", false);

	cr_expect_eq(actor_request(a, "exit", "target", "c", "reason", "normal"), 0);
	cr_expect_eq(actor_request(a, "stop", "target", "c", NULL, NULL), 0);
	cr_expect_str_eq(state_of(n, "c"), "stopped");
	actor_close(a);
	node_end(n);
}

/* What the configuration says of an actor is so from its start. */
Test(ask, keys_of_actors)
{
	struct node *n = node_run(PUPPET("a", "trap_exit = yes\nalias = nick\n")
					  PUPPET("b", "mailbox = none\n"));
	struct actor_end *guest;
	struct wire_frame info;
	char *spec;

	sync_tree(n);
	guest = actor_guest(n);
	cr_assert_eq(actor_request(guest, "whereis", "target", "nick", NULL, NULL), 0);
	cr_expect_str_eq(actor_reply(guest, "pid"), look(n, "a").pid);
	info = info_of(guest, "nick");
	cr_expect(field_bool(&info, "trap_exit"));
	cr_expect_str_eq(list_of(&info, "names"), "a nick ");
	spec = strtok(ctl(n, "child spec / a --json"), "\n");
	cr_expect_str_eq(json_get(spec, "trap_exit"), "true");
	cr_expect_str_eq(json_get(spec, "mailbox"), "volatile");
	cr_expect_str_eq(json_get(spec, "mailbox_limit"), "67108864");
	cr_expect_not_null(strstr(spec, "\"alias\":[\"nick\"],\"grants\":[]"), "%s", spec);
	actor_close(guest);
	node_end(n);
}

/* A viewer may look at actors, a stranger at none; an actor looks whoever it is. */
static int as_viewer(void *argument)
{
	struct actor_end *guest = actor_guest(argument);

	return actor_request(guest, "info", "target", "a", NULL, NULL) == 0 && *names_of(guest) &&
			       ask_link(guest, "a") == 2
		       ? 0
		       : 1;
}

static int as_stranger(void *argument)
{
	struct actor_end *guest = actor_guest(argument);

	return actor_request(guest, "info", "target", "a", NULL, NULL) == 4 &&
			       actor_request(guest, "names", NULL, NULL, NULL, NULL) == 4
		       ? 0
		       : 1;
}

Test(ask, who_may_look_at_actors)
{
	struct person viewer, stranger;
	struct actor_end *b;
	struct node *n;

	need_root();
	stranger = viewer = person_find("nobody");
	viewer.groups[viewer.n_groups++] = group_find("man");
	n = node_new();
	cr_assert_eq(chmod(n->folder, 0777), 0);
	node_config(n, "view_group = man\n" PUPPET("a", "") PUPPET("b", "user = nobody\n"));
	node_start(n);
	sync_tree(n);
	cr_expect_eq(person_run(&viewer, as_viewer, n), 0);
	cr_expect_eq(person_run(&stranger, as_stranger, n), 0);
	b = actor_borrow(n, "b", false);
	info_of(b, "a");
	cr_expect_str_eq(names_of(b), "/ path; a path; b path; ");
	actor_close(b);
	node_end(n);
}

/* Root's actor may do that to all. */
Test(ask, roots_actor_may_do_everything)
{
	struct node *n = run_users("");
	struct actor_end *d = actor_borrow(n, "d", false);
	struct watch *w = watch_open(n);

	cr_expect_eq(ask_link(d, "c"), 0);
	cr_expect_eq(actor_request(d, "exit", "target", "a", "reason", "x"), 0);
	watch_until(w, "exit a x");
	actor_close(d);
	node_end(n);
}
