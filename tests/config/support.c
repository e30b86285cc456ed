/* SPDX-License-Identifier: MIT */

#include "tests/config/support.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void folder_init(struct folder *folder)
{
	snprintf(folder->path, sizeof(folder->path), "/tmp/supd-config-XXXXXX");
	cr_assert_not_null(mkdtemp(folder->path));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void folder_fini(struct folder *folder)
{
	nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

char *folder_file(const struct folder *folder, const char *name, char buf[SUPPORT_PATH_MAX])
{
	snprintf(buf, SUPPORT_PATH_MAX, "%.100s/%.100s", folder->path, name);
	return buf;
}

void folder_write(const struct folder *folder, const char *name, const void *data, size_t size)
{
	char path[SUPPORT_PATH_MAX];
	FILE *file = fopen(folder_file(folder, name, path), "we");

	cr_assert_not_null(file, "%s", path);
	cr_assert_eq(fwrite(data, 1, size, file), size);
	cr_assert_eq(fclose(file), 0);
}

void folder_puts(const struct folder *folder, const char *name, const char *text)
{
	folder_write(folder, name, text, strlen(text));
}

struct config *load_data(const struct folder *folder, const char *data, size_t size)
{
	char path[SUPPORT_PATH_MAX];
	struct config *config = NULL;

	folder_write(folder, "main", data, size);
	cr_assert_eq(config_load(folder_file(folder, "main", path), &config), 0);
	cr_assert_not_null(config);
	return config;
}

struct config *load_text(const struct folder *folder, const char *text)
{
	return load_data(folder, text, strlen(text));
}

char *messages_of(const struct folder *folder, const struct config *config)
{
	struct buf out = BUF_INIT;
	size_t size = strlen(folder->path) + 1;
	char *text;
	char *p;

	config_print_messages(config, &out);
	text = out.size ? buf_take(&out) : strdup("");
	cr_assert_not_null(text);
	while ((p = strstr(text, folder->path)))
		memmove(p, p + size, strlen(p + size) + 1);
	return text;
}

const char *message_at(const struct config *config, int line)
{
	for (size_t i = 0; i < config->n_messages; i++) {
		if (config->messages[i].line == line)
			return config->messages[i].text;
	}
	return "";
}

const struct spec *find_spec(const struct config *config, const char *path)
{
	const struct spec *spec = config->root;

	while (spec && *path) {
		size_t size = strcspn(path, "/");
		const struct spec *found = NULL;

		for (uint32_t i = 0; i < spec->n_children; i++) {
			const char *name = spec->children[i]->name;

			if (strlen(name) == size && strncmp(name, path, size) == 0)
				found = spec->children[i];
		}
		spec = found;
		path += size + (path[size] == '/');
	}
	return spec;
}

void expect_messages(const struct message_row *rows, size_t n)
{
	struct folder folder CLEANUP(folder_fini);

	folder_init(&folder);
	for (size_t i = 0; i < n; i++) {
		struct config *config = load_text(&folder, rows[i].text);
		char *messages CLEANUP(cleanup_free) = messages_of(&folder, config);

		cr_expect_str_eq(messages, rows[i].messages, "for:\n%s\ngot:\n%s\nnot:\n%s",
				 rows[i].text, messages, rows[i].messages);
		cr_expect_eq(config->root == NULL, config->n_errors > 0, "%s", rows[i].text);
		config_free(config);
	}
}
