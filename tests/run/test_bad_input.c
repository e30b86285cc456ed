/* SPDX-License-Identifier: MIT */

/* Configurations that are wrong, and what supd -t and a start say of them. */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(bad_input);

/* supd on FOLDER/file; "-t" or "". */
static struct output supd_on(struct node *n, const char *test, const char *file)
{
	static const struct person self;
	const char *const env[] = {"PATH=/usr/bin:/bin", keep_printf("HOME=%s", n->folder),
				   keep_printf("XDG_RUNTIME_DIR=%s", n->folder), NULL};
	struct program p;

	program_start(&p, &self, env,
		      split(keep_printf("supd %s -c %s/%s", test, n->folder, file)));
	return program_end(&p);
}

/* Errors of structure: refused, by -t and at a start, which starts nothing. */
struct bad {
	const char *text; /* of the file; NULL: it is there already */
	const char *file;
	const char *message; /* behind FOLDER/ */
};

static void check_bad(struct node *n, const struct bad *bad)
{
	char *message = keep_printf("%s/%s", n->folder, bad->message);
	struct output output;

	if (bad->text)
		node_write(n, bad->file, bad->text);
	output = supd_on(n, "-t", bad->file);
	cr_expect_eq(output.status, 78, "-t %s: %d", bad->message, output.status);
	cr_expect(strstr(output.out, message) || strstr(output.err, message), "%s\nis not in\n%s%s",
		  message, output.out, output.err);
	output = supd_on(n, "", bad->file);
	cr_expect_eq(output.status, 78, "%s: %d", bad->message, output.status);
	cr_expect_not_null(strstr(output.err, message), "%s\nis not in\n%s", message, output.err);
	cr_expect_eq(journal_count(n, "*"), 0);
}

Test(bad_input, errors_of_structure_refuse_all)
{
	static const struct bad rows[] = {
		{"", "a.conf", "a.conf:1: it is empty"},
		{"[service a]\ncommand = @puppet/a\ncomand = x\n", "a.conf", "a.conf:3: "},
		{"[service a]\ncommand = @puppet/a\n[servce b]\n", "a.conf", "a.conf:3: "},
		{"[service a]\ncommand = @puppet/a\n[service a]\ncommand = true\n", "a.conf",
		 "a.conf:3: "},
		{"[service a]\ncommand = @puppet/a\n[service x/b]\ncommand = true\n", "a.conf",
		 "a.conf:3: "},
		{"[service a]\ncommand = @puppet/a\n[supervisor a/s]\n", "a.conf", "a.conf:3: "},
		{"[service a]\ncommand = @puppet/a\nshutdown = soon\n", "a.conf", "a.conf:3: "},
		{"[service a]\ncommand = @puppet/a\numask = 999\n", "a.conf", "a.conf:3: "},
		{"[service a]\ncommand = @puppet/a\n[supd]\ninclude = none.conf\n", "a.conf",
		 "a.conf:4: include "},
		{"[service a]\ncommand = @puppet/a\nready = notify\nready = exit\nstop_signal = "
		 "X\n",
		 "a.conf", "a.conf:5: "},
		{NULL, "none.conf", "none.conf: No such file or directory"},
		{NULL, "folder", "folder: it is a directory"},
	};
	struct node *n = node_new();

	cr_assert_eq(mkdir(node_path(n, "folder"), 0755), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_bad(n, &rows[i]);
	node_check_nothing_left(n);
}

Test(bad_input, all_errors_come_in_one_run)
{
	struct node *n = node_new();
	struct output output;

	node_write(n, "a.conf",
		   "[service a]\ncommnd = true\nrestart = always\n\n[service b]\ncommand = 'x\n"
		   "[nonsense]\n[service a]\n");
	output = supd_on(n, "-t", "a.conf");
	cr_assert_eq(output.status, 78);
	output.out = keep_printf("%s%s", output.out, output.err);
	for (int line = 2; line <= 8; line++)
		if (line != 4 && line != 5)
			cr_expect_not_null(strstr(output.out, keep_printf("a.conf:%d: ", line)),
					   "nothing about line %d:\n%s", line, output.out);
	cr_expect_not_null(strstr(output.out, "did you mean \"command\"?"), "%s", output.out);
}

/* format with its %s put in; the text may be larger than what printf takes care of. */
static void put_format(struct buf *out, const char *format, const char *text)
{
	const char *at = strstr(format, "%s");

	buf_append(out, format, (size_t)(at - format));
	buf_puts(out, text);
	buf_puts(out, at + 2);
}

Test(bad_input, a_binary_file)
{
	struct bad bad = {NULL, "binary", "binary:"};
	struct node *n = node_new();
	struct output copied;

	/* The daemon itself is the one that is at hand. */
	copied = shell("cp %s %s", build_path("supd"), node_path(n, "binary"));
	cr_assert_eq(copied.status, 0);
	check_bad(n, &bad);
}

/* Lines and values may have any length; what the kernel takes is another matter. Messages stay
 * short. */
Test(bad_input, ten_megabytes_on_one_line)
{
	static const char *const formats[] = {
		"[service a]\ncommand = true\n%s = 1\n",
		"[service a]\ncommand = true\n#\n[%s]\n",
		"[service a]\ncommand = true\nuser = %s\n",
		"[service a]\n#\ncommand = true %s\n",
	};
	static const int lines[] = {3, 4, 3, 3};
	struct node *n = node_new();
	size_t size = 10 << 20;
	char *long_one = keep(malloc(size + 1));

	memset(long_one, 'x', size);
	long_one[size] = '\0';
	for (size_t i = 0; i < 4; i++) {
		struct buf text = BUF_INIT;
		struct output output;
		char *said;

		put_format(&text, formats[i], long_one);
		node_write(n, "long.conf", buf_text(&text));
		buf_fini(&text);
		output = supd_on(n, "-t", "long.conf");
		said = keep_printf("%s%s", output.out, output.err);
		cr_assert_eq(output.status, 78, "%.50s: %d", formats[i], output.status);
		cr_assert_not_null(strstr(said, keep_printf("long.conf:%d: ", lines[i])), "%.999s",
				   said);
		cr_assert_lt(strlen(said), 2000);
	}
}

/* A long one that the kernel takes arrives whole. */
Test(bad_input, a_hundred_kilobytes_in_one_word)
{
	struct node *n = node_new();
	size_t size = 100 << 10;
	char *word = keep(malloc(size + 1));

	memset(word, 'x', size);
	word[size] = '\0';
	node_config(n, keep_printf("[service a]\ncommand = sh -c 'test ${#1} = 102400' - %s\n"
				   "ready = exit\nrestart = temporary\n",
				   word));
	node_start(n);
	sync_tree(n);
	cr_assert_str_eq(look(n, "a").reason, "normal");
	node_end(n);
}

/* Errors of the surroundings: -t refuses, a start warns, and only that service fails. */
Test(bad_input, errors_of_the_surroundings)
{
	static const char *const keys[] = {
		"command = @folder/none",
		"command = @folder",
		"command = @folder/plain",
		"command = true\nworking_directory = @folder/none",
		"command = true\nuser = no-such-user",
		"command = true\ngroup = no-such-group",
		"command = true\nstdout = file:@folder/fifo",
		"command = true\nstdout = file:@folder/link",
		"command = true\nenvironment_file = none",
	};
	enum { KEYS = sizeof(keys) / sizeof(*keys) };
	struct buf config = BUF_INIT;
	struct node *n = node_new();
	struct output output;

	node_write(n, "plain", "");
	cr_assert_eq(mkfifo(node_path(n, "fifo"), 0666), 0);
	cr_assert_eq(symlink("plain", node_path(n, "link")), 0);
	for (int i = 0; i < KEYS; i++)
		buf_printf(&config, "[service s%d]\nrestart = temporary\n%s\n", i, keys[i]);
	buf_puts(&config, "[service good]\ncommand = @puppet/good ready\nready = notify\n");
	node_config(n, buf_text(&config));
	buf_fini(&config);
	output = supd_on(n, "-t", "supd.conf");
	cr_assert_eq(output.status, 78);
	node_start(n);
	sync_tree(n);
	for (int i = 0; i < KEYS; i++) {
		char *name = keep_printf("s%d", i);

		cr_expect_not_null(strstr(keep_printf("%s%s", output.out, output.err),
					  keep_printf(": %s: ", name)),
				   "-t is silent about %s", keys[i]);
		cr_expect_str_eq(state_of(n, name), "failed", "%s", keys[i]);
		cr_expect_eq(strncmp(look(n, name).reason, "exec:", 5), 0, "%s: %s", keys[i],
			     look(n, name).reason);
		cr_expect_not_null(strstr(node_log(n), keep_printf("%s: ", name)), "%s",
				   node_log(n));
	}
	cr_assert_str_eq(state_of(n, "good"), "running");
	node_end(n);
}

Test(bad_input, files_are_included)
{
	struct node *n = node_new();
	struct output output;

	cr_assert_eq(mkdir(node_path(n, "conf.d"), 0755), 0);
	node_write(n, "conf.d/20.conf", "[service b]\ncommand = @puppet/b ready\nready = notify\n");
	node_write(n, "conf.d/10.conf", "[service a]\ncommand = @puppet/a ready\nready = notify\n");
	node_config(n, "include = conf.d/*.conf\n"
		       "[service c]\ncommand = @puppet/c ready\nready = notify\n");
	node_start(n);
	sync_tree(n);
	cr_assert(journal_is_before(n, "a start *", "b start *"));
	cr_assert(journal_is_before(n, "b start *", "c start *"));
	node_end(n);
	node_write(n, "conf.d/20.conf", "[service b]\ncommand = true\nfoo = 1\n");
	output = supd_on(n, "-t", "supd.conf");
	cr_assert_eq(output.status, 78);
	cr_assert_not_null(strstr(keep_printf("%s%s", output.out, output.err), "20.conf:3: "),
			   "%s%s", output.out, output.err);
}
