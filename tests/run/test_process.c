/* SPDX-License-Identifier: MIT */

/* What a service's process is made of: its descriptors, session, Unix signals, environment, user.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(process);

/* A node with one service, which has reported by the time this returns. */
static struct node *run_reporter(const char *keys)
{
	struct node *n =
		node_run(keep_printf("[service a]\ncommand = @puppet/a report:r\n%s", keys));

	journal_until(n, "a reported");
	return n;
}

static void check_report(const struct node *n, const char *key, const char *value)
{
	const char *found = report_get(n, "r", key);

	cr_assert_not_null(found, "no %s in\n%s", key, node_read(n, "r"));
	cr_assert_str_eq(found, value, "%s is %s, not %s", key, found, value);
}

static bool has_variable(const struct node *n, const char *variable)
{
	return strstr(node_read(n, "r"), keep_printf("\nenv.%s\n", variable)) != NULL;
}

/* What a shell, a cron or a test may have left in whoever starts a daemon. */
static void be_untidy(void *argument)
{
	sigset_t set;
	int fd = open("/dev/null", O_RDONLY);

	(void)argument;
	dup2(fd, 20);
	dup2(fd, 57);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
}

Test(process, is_made_clean_whatever_supd_was_made_of)
{
	struct node *n = node_new();
	char *report;
	size_t fds = 0;

	node_config(n, "[service a]\ncommand = @puppet/a report:r\nstdout = null\n");
	n->who.prepare = be_untidy;
	node_start(n);
	journal_until(n, "a reported");
	check_report(n, "sid", report_get(n, "r", "pid"));
	check_report(n, "pgid", report_get(n, "r", "pid"));
	check_report(n, "PPid", keep_printf("%d", (int)n->supd.os_pid));
	check_report(n, "SigBlk", "0000000000000000");
	check_report(n, "SigIgn", "0000000000000000");
	check_report(n, "fd.0", "/dev/null");
	check_report(n, "fd.1", "/dev/null");
	check_report(n, "fd.2", "/dev/null");
	report = node_read(n, "r");
	for (char *at = report; (at = strstr(at, "\nfd.")); at++)
		fds++;
	/* Those three, and its mailbox. */
	cr_assert_eq(fds, 4, "%s", report);
	cr_assert_eq(strncmp(report_get(n, "r", "fd.3"), "socket:", 7), 0, "%s", report);
	check_report(n, "env.SUP_FD=3", "");
	/* And supd reaps although SIGCHLD came ignored and blocked. */
	ctl(n, "kill -KILL a");
	journal_until(n, "a start *");
	node_end(n);
}

/* With its own 0, 1 and 2 closed, none of supd's other descriptors may take their place. */
static void close_standard(void *argument)
{
	(void)argument;
	close(0);
	close(1);
}

Test(process, standard_descriptors_are_there_also_where_supd_has_none)
{
	struct node *n = node_new();

	node_config(n, "[service a]\ncommand = @puppet/a report:r\nstdout = inherit\n"
		       "stderr = inherit\n");
	n->who.prepare = close_standard;
	node_start(n);
	journal_until(n, "a reported");
	check_report(n, "fd.0", "/dev/null");
	check_report(n, "fd.1", "/dev/null");
	node_end(n);
}

/* ---- environment ---- */

Test(process, environment_has_what_was_promised)
{
	static const char *const promised[] = {"PATH",       "LANG",         "TZ",     "HOME",
					       "USER",       "LOGNAME",      "SHELL",  "SUP_NAME",
					       "SUP_PID",    "SUP_SOCKET",   "SUP_FD", "SUP_TOKEN",
					       "SUP_OS_PID", "NOTIFY_SOCKET"};
	struct node *n = run_reporter("ready = notify\n");
	char *report = node_read(n, "r");

	cr_assert(has_variable(n, "TZ=UTC"));
	cr_assert(has_variable(n, "LANG=C.UTF-8"));
	cr_assert(has_variable(n, "SUP_NAME=a"));
	cr_assert(has_variable(n, keep_printf("SUP_PID=%s", look(n, "a").pid)));
	cr_assert(has_variable(n, keep_printf("SUP_OS_PID=%d", (int)os_pid_of(n, "a"))));
	cr_assert(has_variable(n, keep_printf("SUP_SOCKET=%s", n->socket)));
	for (char *at = report; (at = strstr(at, "\nenv.")); at++) {
		size_t size = strcspn(at + 5, "=");
		bool known = false;

		for (size_t i = 0; i < sizeof(promised) / sizeof(*promised); i++)
			known = known || (strlen(promised[i]) == size &&
					  strncmp(promised[i], at + 5, size) == 0);
		cr_assert(known, "not promised: %.*s", (int)size, at + 5);
	}
	node_end(n);
}

/* environment goes before environment_file, the last setting of a name counts; files are read at
 * each start. */
Test(process, environment_from_all_sources)
{
	struct node *n = node_new();

	node_write(n, "env", "# a comment\nB=from file\n\nC='in quotes # and all'\nD=theirs\n");
	/* Its last word is no step, so it ends: nobody but us is to start it again. */
	node_config(n, "[service web]\ncommand = @puppet/a report:r ${A}-${NONE}-${B}\n"
		       "restart = temporary\n"
		       "environment = A=1\nenvironment = D=mine\nenvironment = A=%n 100%%\n"
		       "environment_file = env\nenvironment_file = -missing\n"
		       "pass_environment = PATH SECRET\n");
	node_start(n);
	journal_until(n, "a reported");
	cr_assert(has_variable(n, "A=web 100%"), "%s", node_read(n, "r"));
	cr_assert(has_variable(n, "B=from file"), "%s", node_read(n, "r"));
	cr_assert(has_variable(n, "D=mine"), "%s", node_read(n, "r"));
	cr_assert(has_variable(n, "C=in quotes # and all"), "%s", node_read(n, "r"));
	cr_assert(has_variable(n, "SECRET=not for services"), "%s", node_read(n, "r"));
	cr_assert_null(strstr(node_read(n, "r"), "env.LANG="));
	check_report(n, "arg.3", "web 100%--from file");
	node_write(n, "env", "B=new\n");
	ctl(n, "restart web");
	journal_until(n, "a reported");
	cr_assert(has_variable(n, "B=new"), "%s", node_read(n, "r"));
	node_end(n);
}

Test(process, environment_all_of_it_by_a_star)
{
	struct node *n = run_reporter("pass_environment = *\n");

	cr_assert(has_variable(n, "SECRET=not for services"));
	cr_assert(has_variable(n, "LANG=C.UTF-8"));
	node_end(n);
}

Test(process, s130_a_restart_has_what_the_first_start_had)
{
	struct node *n = run_reporter("environment = X=1\nworking_directory = /\numask = 027\n");
	char *first = node_read(n, "r"), *second;
	const char *ids[] = {"pid ",           "sid ", "pgid ", "env.SUP_PID=", "env.SUP_OS_PID=",
			     "env.SUP_TOKEN=", "fd.3 "};

	ctl(n, "kill -KILL a");
	journal_until(n, "a reported");
	second = node_read(n, "r");
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		char *a = strstr(first, ids[i]), *b = strstr(second, ids[i]);

		cr_assert(a && b, "%s", ids[i]);
		cr_assert_neq(strncmp(a, b, strcspn(a, "\n") + 1), 0, "%s", ids[i]);
		memset(a, 'x', strcspn(a, "\n"));
		memset(b, 'x', strcspn(b, "\n"));
	}
	/* The numbers may have more or fewer digits. */
	for (char *a = first, *b = second; *a || *b; a++, b++) {
		a += strspn(a, "x");
		b += strspn(b, "x");
		cr_assert_eq(*a, *b, "\n%s\n%s", first, second);
	}
	node_end(n);
}

/* ---- folder, mask, user ---- */

Test(process, folder_and_mask)
{
	struct node *n = node_new();

	cr_assert_eq(mkdir(node_path(n, "work"), 0755), 0);
	node_config(n, "[service a]\ncommand = @puppet/a report:r\n"
		       "working_directory = @folder/work\numask = 0137\n");
	node_start(n);
	journal_until(n, "a reported");
	check_report(n, "cwd", node_path(n, "work"));
	check_report(n, "Umask", "0137");
	node_end(n);
}

Test(process, program_is_looked_for_in_the_path_of_the_service)
{
	struct node *n = node_new();

	cr_assert_eq(mkdir(node_path(n, "bin"), 0755), 0);
	cr_assert_eq(rename(node_path(n, "puppet"), node_path(n, "bin/tool")), 0);
	node_config(n, "[service a]\ncommand = tool @folder/a say:here\n"
		       "environment = PATH=/usr/bin:@folder/bin\n"
		       "[service b]\ncommand = bin/tool @folder/b say:here\n"
		       "working_directory = @folder\n");
	node_start(n);
	journal_find(n, "a here");
	journal_find(n, "b here");
	node_end(n);
}

/* As /proc shows an id that is real, effective, saved and of the file system. */
static char *four(int id)
{
	return keep_printf("%d %d %d %d", id, id, id, id);
}

Test(process, user_group_and_groups)
{
	struct person nobody;
	struct node *n;

	need_root();
	nobody = person_find("nobody");
	n = node_new();
	cr_assert_eq(chmod(n->folder, 0777), 0);
	node_config(n, keep_printf("[service a]\ncommand = @puppet/a report:r\n"
				   "user = nobody\ngroup = daemon\ngroups = bin 9\n"
				   "[service b]\ncommand = @puppet/b report:s\nuser = %d\n",
				   (int)nobody.uid));
	node_start(n);
	journal_until(n, "a reported");
	journal_find(n, "b reported");
	check_report(n, "Uid", four((int)nobody.uid));
	check_report(n, "Gid", four((int)group_find("daemon")));
	cr_assert_not_null(
		strstr(report_get(n, "r", "Groups"), keep_printf("%d 9", (int)group_find("bin"))),
		"%s", report_get(n, "r", "Groups"));
	cr_assert(has_variable(n, "USER=nobody"));
	cr_assert(has_variable(n, "LOGNAME=nobody"));
	cr_assert_str_eq(report_get(n, "s", "Gid"), four((int)nobody.gid));
	node_end(n);
}

Test(process, ordinary_user_cannot_start_as_another)
{
	struct node *n;

	need_root();
	n = node_new();
	node_become(n, "nobody");
	node_config(n, "[service a]\ncommand = @puppet/a\nuser = root\nautostart = no\n");
	node_start(n);
	cr_assert_str_eq(ctl_fails(n, 1, "start a"),
			 "supctl: a did not start: user root: Operation not permitted\n");
	node_end(n);
}

/* ---- standard output ---- */

Test(process, output_is_appended_to_a_file)
{
	struct node *n = node_new();

	node_write(n, "out", "before\n");
	node_config(n, "[service a]\ncommand = sh -c 'echo out; echo err >&2'\n"
		       "stdout = file:@folder/out\nready = exit\n"
		       "[service b]\ncommand = sh -c 'echo new; echo apart >&2'\n"
		       "stdout = file:@folder/b.%n\nstderr = file:@folder/err\nready = exit\n"
		       "[service c]\ncommand = sh -c 'echo nothing; echo nothing >&2'\n"
		       "stdout = null\nready = exit\n"
		       "[service d]\ncommand = sh -c 'echo inherited'\n"
		       "stdout = inherit\nready = exit\n");
	node_start(n);
	sync_tree(n);
	cr_assert_str_eq(node_read(n, "out"), "before\nout\nerr\n");
	cr_assert_str_eq(node_read(n, "b.b"), "new\n");
	cr_assert_str_eq(node_read(n, "err"), "apart\n");
	cr_assert_str_eq(read_all(n->supd.out), "inherited\n");
	cr_assert_null(strstr(node_log(n), "nothing"));
	node_end(n);
}

/* The file is made with the rights of the service's user, not with root's. */
Test(process, output_is_opened_as_the_user)
{
	struct node *n;

	need_root();
	n = node_new();
	node_config(n, "[service a]\ncommand = @puppet/a\nuser = nobody\nautostart = no\n"
		       "stdout = file:@folder/out\n");
	node_start(n);
	cr_assert_str_eq(ctl_fails(n, 1, "start a"),
			 keep_printf("supctl: a did not start: stdout %s/out: Permission denied\n",
				     n->folder));
	cr_assert_not(node_has_file(n, "out"));
	node_end(n);
}
