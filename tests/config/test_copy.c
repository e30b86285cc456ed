/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/copy.h"

static char folder[] = "/tmp/supd-copy-XXXXXX";

static const struct {
	const char *name, *text;
} files[] = {
	{"main.conf",
	 "[supd]\ninclude = z.conf\ninclude = d/*.conf\n[service last]\ncommand = c\n"},
	{"z.conf", "[service z]\ncommand = z\n"},
	{"d/b.conf", "[service b]\ncommand = b\n"},
	{"d/a.conf", "# no newline at the end\n[service a]\ncommand = a"},
	{"d/.hidden.conf", "[service hidden]\ncommand = h\n"},
};

static char *path_of(const char *name)
{
	char *path;

	cr_assert_geq(asprintf(&path, "%s/%s", folder, name), 0);
	return path;
}

static void each_file(bool write)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = path_of(files[i].name);
		FILE *f = write ? fopen(path, "w") : NULL;

		if (f) {
			fputs(files[i].text, f);
			fclose(f);
		} else {
			unlink(path);
		}
		free(path);
	}
}

static void make_folder(void)
{
	char *sub;

	cr_assert_not_null(mkdtemp(folder));
	sub = path_of("d");
	cr_assert_eq(mkdir(sub, 0700), 0);
	free(sub);
	each_file(true);
}

static void remove_folder(void)
{
	char *sub = path_of("d");

	each_file(false);
	rmdir(sub);
	rmdir(folder);
	free(sub);
}

TestSuite(copy, .init = make_folder, .fini = remove_folder);

static void check(const struct config *config)
{
	static const char *const names[] = {"z", "a", "b", "last"};

	cr_assert_eq(config->n_errors, 0);
	cr_assert_eq(config->root->n_children, 4);
	for (size_t i = 0; i < 4; i++)
		cr_expect_str_eq(config->root->children[i]->name, names[i]);
}

/* Read from the copy alone when the files are gone: the same tree, in the same order. */
Test(copy, is_what_was_read)
{
	char *file = path_of("main.conf");
	struct buf copy = BUF_INIT;
	struct config *config;

	cr_assert_eq(config_load_and_copy(file, &copy, &config), 0);
	check(config);
	config_free(config);
	each_file(false);
	cr_assert_eq(config_load_copy(file, copy.data, copy.size, &config), 0);
	check(config);
	cr_expect_null(strstr(copy.data, "hidden"));
	config_free(config);
	cr_expect_eq(config_load_copy("/other.conf", copy.data, copy.size, &config), -ENOENT);
	buf_fini(&copy);
	free(file);
}

/* Never a part of the tree. */
Test(copy, cut_anywhere)
{
	char *file = path_of("main.conf");
	struct buf copy = BUF_INIT;
	struct config *config;

	cr_assert_eq(config_load_and_copy(file, &copy, &config), 0);
	config_free(config);
	for (size_t size = 0; size < copy.size; size++) {
		char *cut = malloc(size + 1);

		memcpy(cut, copy.data, size);
		cr_assert_eq(config_load_copy(file, cut, size, &config), -ENOENT, "%zu", size);
		free(cut);
	}
	buf_fini(&copy);
	free(file);
}

Test(copy, damaged)
{
	static const char *const bad[] = {
		"",
		"supd copy 2\n0 a\n\n",
		"supd copy 1\n",
		"supd copy 1\nx a\n\n",
		"supd copy 1\n5 a\nabc\n",
		"supd copy 1\n99999999999999999999999999 a\n\n",
		"supd copy 1\n18446744073709551615 a\n\n",
		"supd copy 1\n-1 a\n\n",
		"supd copy 1\n0\n\n",
	};
	struct copy_file file;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(!copy_next(bad[i], strlen(bad[i]), 0, &file), "%zu", i);
	cr_assert(copy_next("supd copy 1\n1 a\nb\n", 18, 0, &file));
	cr_expect_eq(file.text[0], 'b');
}
