/* SPDX-License-Identifier: MIT */

/*
 * The README's chapter about actors, as a reader follows it: the script in it is the one in
 * conf/actors, each command is typed, and prints what stands there.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

RUN_SUITE(readme);

#define CHAPTER "## Five more: a shell script as an actor\n"
#define SCRIPT "conf/actors/counter.sh"
#define LICENSE "# SPDX-License-Identifier: MIT\n"

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text;

	cr_assert_not_null(f, "%s: run this from the top", path);
	text = read_all(fileno(f));
	fclose(f);
	return text;
}

/* The chapter's lines; the last one is NULL. */
static char **chapter(void)
{
	char *text = strstr(read_file("README.md"), CHAPTER), *end;
	char **lines = keep(calloc(200, sizeof(*lines)));
	size_t n = 0;

	cr_assert_not_null(text);
	text += strlen(CHAPTER);
	end = strstr(text, "\n## ");
	cr_assert_not_null(end);
	*end = '\0';
	for (char *line = text; line && n < 199; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		lines[n++] = line;
	}
	return lines;
}

static bool is_code(const char *line)
{
	return strncmp(line, "    ", 4) == 0;
}

static bool is_command(const char *line)
{
	return strncmp(line, "    $ ", 6) == 0;
}

Test(readme, the_script_is_the_one_that_is_there)
{
	struct buf shown CLEANUP(buf_fini) = BUF_INIT;
	char *script = read_file(SCRIPT), *license = strstr(script, LICENSE);
	char **line = chapter();

	while (*line && strcmp(*line, "    #!/bin/sh") != 0)
		line++;
	for (; *line && is_code(*line); line++)
		buf_printf(&shown, "%s\n", *line + 4);
	cr_assert_not_null(license);
	memmove(license, license + strlen(LICENSE), strlen(license + strlen(LICENSE)) + 1);
	cr_expect_str_eq(buf_text(&shown), script);
}

/* Types the command at *line, and moves *line behind what it prints in the README. */
static void type(struct node *n, char ***line)
{
	const char *command = **line + 6;
	struct buf expected CLEANUP(buf_fini) = BUF_INIT;
	struct output o;

	for ((*line)++; **line && is_code(**line) && !is_command(**line); (*line)++)
		buf_printf(&expected, "%s\n", **line + 4);
	o = shell("SUP_SOCKET=%s PATH=%s:$PATH; export SUP_SOCKET PATH; exec 2>&1; %s", n->socket,
		  build_path(""), command);
	/* What is no terminal gets a payload as it is, without the newline that a prompt wants. */
	if (o.out[0] && o.out[strlen(o.out) - 1] != '\n')
		o.out = keep_printf("%s\n", o.out);
	cr_expect_str_eq(o.out, buf_text(&expected), "$ %s\n%s", command, o.out);
}

Test(readme, what_is_typed_does_what_stands_there)
{
	struct node *n = node_new();
	size_t typed = 0;

	n->path = keep_printf("%s:/usr/bin:/bin", build_path(""));
	node_config(n, "");
	node_start(n);
	for (char **line = chapter(); *line;) {
		if (!is_command(*line)) {
			line++;
			continue;
		}
		type(n, &line);
		typed++;
	}
	cr_expect_geq(typed, 7);
	node_end(n);
}
