/* SPDX-License-Identifier: MIT */

/* Where supd has its configuration and its run_dir, for root and for others; what is refused. */

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(place);

static const struct person self;

/* supd as somebody, with these words and this environment beside a PATH. */
static struct output supd_with(struct node *n, const struct person *who, const char *environment,
			       const char *words)
{
	const char *const *given = split(node_expand(n, environment));
	const char *env[8] = {"PATH=/usr/bin:/bin"};
	struct program p;

	for (size_t i = 0; given[i] && i < 6; i++)
		env[i + 1] = given[i];
	program_start(&p, who, env, split(node_expand(n, keep_printf("supd %s", words))));
	return program_end(&p);
}

static void check_refused(struct node *n, const char *sentence)
{
	struct output output = supd_with(n, &self, "", "-c @folder/supd.conf");

	cr_assert_eq(output.status, 1, "%d %s", output.status, output.err);
	cr_assert_not_null(strstr(output.err, node_expand(n, sentence)), "%s\nis not in\n%s",
			   node_expand(n, sentence), output.err);
	cr_assert_eq(journal_count(n, "*"), 0);
}

Test(place, run_dirs_that_are_refused)
{
	struct node *n = node_new();

	node_write(
		n, "supd.conf",
		"[supd]\nrun_dir = @folder/x\nlog_dir = none\n[service a]\ncommand = @puppet/a\n");
	node_write(n, "x", "");
	check_refused(n, "run_dir @folder/x: is not a folder");
	unlink(node_path(n, "x"));
	cr_assert_eq(symlink(n->folder, node_path(n, "x")), 0);
	check_refused(n, "run_dir @folder/x: is not a folder (symbolic links do not count)");
	unlink(node_path(n, "x"));
	cr_assert_eq(mkdir(node_path(n, "x"), 0755), 0);
	cr_assert_eq(chmod(node_path(n, "x"), 0777), 0);
	check_refused(n, "run_dir @folder/x: can be written by others: chmod go-w it");
	node_write(n, "supd.conf",
		   "[supd]\nrun_dir = @folder/y/z\n[service a]\ncommand = @puppet/a\n");
	check_refused(n, "run_dir @folder/y/z: the folder above it does not exist: make it first");
	node_write(n, "supd.conf",
		   keep_printf("[supd]\nrun_dir = /tmp/%0100d\n"
			       "[service a]\ncommand = @puppet/a\n",
			       0));
	check_refused(n, ": a path of at most ");
}

Test(place, a_run_dir_of_somebody_else_is_refused)
{
	struct person nobody;
	struct node *n;

	need_root();
	nobody = person_find("nobody");
	n = node_new();
	node_write(
		n, "supd.conf",
		"[supd]\nrun_dir = @folder/x\nlog_dir = none\n[service a]\ncommand = @puppet/a\n");
	cr_assert_eq(mkdir(node_path(n, "x"), 0755), 0);
	cr_assert_eq(chown(node_path(n, "x"), nobody.uid, nobody.gid), 0);
	check_refused(n, "run_dir @folder/x: belongs to another user");
}

/* What was there stays there. */
Test(place, a_run_dir_that_is_there_is_used)
{
	struct node *n = node_new();
	struct stat st;

	cr_assert_eq(mkdir(node_path(n, "run"), 0700), 0);
	node_config(n, "[service a]\ncommand = sleep 1000\n");
	node_start(n);
	cr_assert_eq(stat(node_path(n, "run"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700, "%o", st.st_mode);
	node_end(n);
	cr_assert(node_has_file(n, "run"));
}

Test(place, a_run_dir_that_was_made_is_removed)
{
	struct node *n = node_run("[service a]\ncommand = sleep 1000\n");

	node_end(n);
	cr_assert_not(node_has_file(n, "run"));
}

/* ---- an ordinary user ---- */

static void write_users_config(struct node *n, const char *folder)
{
	cr_assert_eq(mkdir(node_path(n, folder), 0755), 0);
	folder = keep_printf("%s/supd", folder);
	cr_assert_eq(mkdir(node_path(n, folder), 0755), 0);
	node_write(n, keep_printf("%s/supd.conf", folder), "[service a]\ncommand = sleep 1000\n");
}

Test(place, configuration_of_a_user)
{
	struct person nobody;
	struct node *n;
	struct output output;

	need_root();
	nobody = person_find("nobody");
	n = node_new();
	write_users_config(n, "config");
	write_users_config(n, ".config");
	output = supd_with(n, &nobody, "XDG_CONFIG_HOME=@folder/config", "-t");
	cr_assert_eq(output.status, 0, "%s%s", output.out, output.err);
	output = supd_with(n, &nobody, "HOME=@folder", "-t");
	cr_assert_eq(output.status, 0, "%s%s", output.out, output.err);
	output = supd_with(n, &nobody, "HOME=@folder/none", "-t");
	cr_assert_eq(output.status, 78);
	cr_assert_not_null(strstr(output.err, node_path(n, "none/.config/supd/supd.conf")), "%s",
			   output.err);
	/* A relative one does not count. */
	output = supd_with(n, &nobody, "XDG_CONFIG_HOME=config", "-t");
	cr_assert_not_null(strstr(output.err, "name the configuration with -c"), "%s", output.err);
	cr_assert_eq(output.status, 78);
}

/* Never /tmp: where a user has no place of his own he is told so. */
Test(place, no_run_dir_of_a_user)
{
	struct person nobody;
	struct node *n;
	struct output output;

	need_root();
	nobody = person_find("nobody");
	n = node_new();
	node_write(n, "supd.conf", "[service a]\ncommand = @puppet/a\n");
	output = supd_with(n, &nobody, "HOME=@folder", "-c @folder/supd.conf");
	cr_assert_eq(output.status, 1, "%d %s", output.status, output.err);
	cr_assert_not_null(strstr(output.err, "XDG_RUNTIME_DIR is not set: name a folder of your "
					      "own in the configuration, as run_dir = PATH"),
			   "%s", output.err);
	cr_assert_eq(journal_count(n, "*"), 0);
}

/* supctl finds the user's own daemon, and says where it has not looked. */
Test(place, supctl_of_a_user)
{
	struct person nobody;
	struct node *n;
	const char *words[] = {"supctl", "ping", NULL};
	const char *env[] = {"PATH=/usr/bin:/bin", NULL, NULL};
	struct program p;
	struct output output;

	need_root();
	nobody = person_find("nobody");
	n = node_new();
	node_become(n, "nobody");
	node_write(n, "supd.conf", "[service a]\ncommand = sleep 1000\n");
	n->socket = node_path(n, "supd/control");
	node_start(n);
	env[1] = keep_printf("XDG_RUNTIME_DIR=%s", n->folder);
	program_start(&p, &nobody, env, words);
	cr_assert_str_eq(program_end(&p).out, "pong\n");
	env[1] = NULL;
	program_start(&p, &nobody, env, words);
	output = program_end(&p);
	/* Where the system's own daemon happens to run, it is asked. */
	if (output.status != 0) {
		cr_assert_eq(output.status, 6);
		cr_assert_not_null(strstr(output.err, "XDG_RUNTIME_DIR is not set"), "%s",
				   output.err);
	}
	node_end(n);
	cr_assert_not(node_has_file(n, "supd"));
}
