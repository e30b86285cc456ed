/* SPDX-License-Identifier: MIT */

/* Starts that fail: the step and the errno in words, to whoever asked and in the log. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(steps);

struct step {
	const char *keys;
	const char *message;
};

/* The line of the log that tells of it names the service. */
static bool is_logged(const struct node *n, const char *service, const char *message)
{
	char *log = node_log(n), *at, *line;

	at = strstr(log, keep_printf("start failed: %s", message));
	if (!at)
		return false;
	*at = '\0';
	line = strrchr(log, '\n');
	return strstr(line ? line : log, keep_printf(" %s ", service)) != NULL;
}

/* One node for a table; each row is a service of it. */
static void check_steps(struct node *n, const struct step *steps, size_t n_steps)
{
	struct buf config = BUF_INIT;

	for (size_t i = 0; i < n_steps; i++)
		buf_printf(&config, "[service s%zu]\nautostart = no\nrestart = temporary\n%s\n", i,
			   steps[i].keys);
	node_config(n, buf_text(&config));
	buf_fini(&config);
	node_start(n);
	for (size_t i = 0; i < n_steps; i++) {
		char *message = node_expand(n, steps[i].message);
		char *error = ctl_fails(n, 1, "start s%zu", i);
		char *prefix = keep_printf("supctl: s%zu did not start: %s", i, message);

		cr_expect(strncmp(error, prefix, strlen(prefix)) == 0, "%s\nis not\n%s", error,
			  prefix);
		cr_expect(is_logged(n, keep_printf("s%zu", i), message), "s%zu: %s\nis not in\n%s",
			  i, message, node_log(n));
	}
	node_end(n);
}

#define CHECK_STEPS(n, steps) check_steps(n, steps, sizeof(steps) / sizeof(*(steps)))

Test(steps, commands)
{
	static const struct step steps[] = {
		{"command = @folder/none", "exec @folder/none: No such file or directory\n"},
		{"command = no-such-program", "exec no-such-program: No such file or directory\n"},
		{"command = @folder", "exec @folder (a directory): Permission denied\n"},
		{"command = @folder/plain",
		 "exec @folder/plain (it is not executable): Permission denied\n"},
		{"command = @folder/plain/x", "exec @folder/plain/x: Not a directory\n"},
		{"command = @folder/text",
		 "exec @folder/text (neither a binary nor a script with #!): Exec format error\n"},
	};
	struct node *n = node_new();

	node_write(n, "plain", "no program\n");
	node_write(n, "text", "no program\n");
	cr_assert_eq(chmod(node_path(n, "text"), 0755), 0);
	CHECK_STEPS(n, steps);
}

Test(steps, folders_and_files)
{
	static const struct step steps[] = {
		{"command = true\nworking_directory = @folder/none",
		 "chdir @folder/none: No such file or directory\n"},
		{"command = true\nworking_directory = @folder/plain",
		 "chdir @folder/plain: Not a directory\n"},
		{"command = true\nstdout = file:@folder/none/out",
		 "stdout @folder/none/out: No such file or directory\n"},
		{"command = true\nstderr = file:@folder/none/err",
		 "stderr @folder/none/err: No such file or directory\n"},
		{"command = true\nstdout = file:@folder", "stdout @folder: Is a directory\n"},
		{"command = true\nenvironment_file = @folder/none",
		 "environment_file @folder/none: No such file or directory\n"},
	};
	struct node *n = node_new();

	node_write(n, "plain", "");
	CHECK_STEPS(n, steps);
}

/* Whoever may write into the folder of a log must not lead supd elsewhere, nor make it wait. */
Test(steps, output_that_is_no_plain_file)
{
	static const struct step steps[] = {
		{"command = true\nstdout = file:@folder/link",
		 "stdout @folder/link (a symbolic link): "},
		{"command = true\nstdout = file:@folder/loose",
		 "stdout @folder/loose (a symbolic link): "},
		{"command = true\nstdout = file:@folder/fifo", "stdout @folder/fifo (a FIFO): "},
		{"command = true\nstdout = file:@folder/read", "stdout @folder/read (a FIFO): "},
		{"command = true\nstderr = file:@folder/fifo", "stderr @folder/fifo (a FIFO): "},
	};
	struct node *n = node_new();
	int reader;

	node_write(n, "target", "");
	cr_assert_eq(symlink(node_path(n, "target"), node_path(n, "link")), 0);
	cr_assert_eq(symlink(node_path(n, "nothing"), node_path(n, "loose")), 0);
	cr_assert_eq(mkfifo(node_path(n, "fifo"), 0666), 0);
	cr_assert_eq(mkfifo(node_path(n, "read"), 0666), 0);
	reader = open(node_path(n, "read"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK_STEPS(n, steps);
	cr_assert_eq(node_read(n, "target")[0], '\0');
	cr_assert_not(node_has_file(n, "nothing"));
	close(reader);
}

Test(steps, users)
{
	static const struct step steps[] = {
		{"command = true\nuser = no-such-user",
		 "user no-such-user: there is no such user\n"},
		{"command = true\ngroup = no-such-group",
		 "groups no-such-group: there is no such group\n"},
	};

	need_root();
	CHECK_STEPS(node_new(), steps);
}
