/* SPDX-License-Identifier: MIT */

/*
 * man/sup-tutorial.7, as a reader follows it: each example of conf/actors that it starts prints
 * what stands there, each is there, and the code that it shows is code of theirs.
 */

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

RUN_SUITE(tutorial);

#define PAGE "man/sup-tutorial.7"
#define COMMAND "$ supd -c "
#define DISPLAYS_MAX 100

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text;

	cr_assert_not_null(f, "%s: run this from the top", path);
	text = read_all(fileno(f));
	fclose(f);
	return text;
}

/* A text with each of the one text made the other. */
static char *replace(const char *text, const char *from, const char *to)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	const char *at;

	while ((at = strstr(text, from))) {
		buf_printf(&out, "%.*s%s", (int)(at - text), text, to);
		text = at + strlen(from);
	}
	buf_printf(&out, "%s", text);
	return keep_printf("%s", buf_text(&out));
}

/* The literal displays of the page as they are printed; returns how many. */
static size_t displays(char *ret_list[DISPLAYS_MAX])
{
	static const char begin[] = ".Bd -literal -offset indent\n";
	char *at = read_file(PAGE), *end;
	size_t n = 0;

	while ((at = strstr(at, begin))) {
		at += strlen(begin);
		end = strstr(at, ".Ed\n");
		cr_assert_not_null(end);
		cr_assert_lt(n, DISPLAYS_MAX);
		*end = '\0';
		ret_list[n++] = replace(replace(at, "\\&", ""), "\\e", "\\");
		at = end + 1;
	}
	cr_assert_gt(n, 0, "%s has none", PAGE);
	return n;
}

/* Its configuration, with the programs of the build that is tested. */
static void run_example(const char *name)
{
	char *list[DISPLAYS_MAX], *out;
	const char *path = keep_printf("conf/actors/%s.conf", name);
	const char *command = keep_printf(COMMAND "%s\n", path);
	struct node *n = node_new();
	size_t i = 0, size = displays(list);

	while (i < size && strncmp(list[i], command, strlen(command)) != 0)
		i++;
	cr_assert_lt(i, size, "%s is not in " PAGE, path);
	node_config(n, replace(replace(read_file(path), "build/", build_path("")),
			       "PATH=build:", keep_printf("PATH=%s:", build_path(""))));
	node_spawn(n);
	cr_expect_eq(node_wait(n), 0, "%s:\n%s", path, node_log(n));
	out = read_all(n->supd.out);
	cr_expect_str_eq(out, list[i] + strlen(command), "%s:\n%s%s", path, out, node_log(n));
	node_check_nothing_left(n);
}

#define EXAMPLE(name)                  \
	Test(tutorial, example_##name) \
	{                              \
		run_example(#name);    \
	}

EXAMPLE(echo)
EXAMPLE(priority)
EXAMPLE(timeout)
EXAMPLE(link)
EXAMPLE(trap)
EXAMPLE(monitor)
EXAMPLE(request)
EXAMPLE(pool)
EXAMPLE(registry)
EXAMPLE(backpressure)
EXAMPLE(jobs)
EXAMPLE(mistake_sender)
EXAMPLE(mistake_mailbox)
EXAMPLE(mistake_trap)
EXAMPLE(mistake_order)

Test(tutorial, every_example_is_run)
{
	const char *source = read_file("tests/run/test_tutorial.c");
	glob_t g;

	cr_assert_eq(glob("conf/actors/*.conf", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		const char *name = strrchr(g.gl_pathv[i], '/') + 1;

		name = keep_printf("EXAMPLE(%.*s)\n", (int)(strlen(name) - strlen(".conf")), name);
		cr_expect_not_null(strstr(source, name), "%s", g.gl_pathv[i]);
	}
	globfree(&g);
}

static bool is_in_a_file(const glob_t *files, const char *code)
{
	bool found = false;

	for (size_t i = 0; i < files->gl_pathc && !found; i++)
		found = strstr(read_file(files->gl_pathv[i]), code);
	return found;
}

Test(tutorial, the_code_is_that_of_the_examples)
{
	char *list[DISPLAYS_MAX];
	glob_t g;

	cr_assert_eq(glob("conf/actors/*.*", 0, NULL, &g), 0);
	for (size_t i = 0, n = displays(list); i < n; i++)
		if (strncmp(list[i], "$ ", 2) != 0)
			cr_expect(is_in_a_file(&g, list[i]), "no file has this:\n%s", list[i]);
	globfree(&g);
}
