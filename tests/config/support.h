/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFIG_SUPPORT_H
#define TESTS_CONFIG_SUPPORT_H

/* A folder of its own for each test, with files in it; everything is removed at its end. */

#include <stddef.h>

#include "config/config.h"

#define SUPPORT_PATH_MAX 256

struct folder {
	char path[SUPPORT_PATH_MAX];
};

void folder_init(struct folder *folder);
void folder_fini(struct folder *folder); /* removes it; also a CLEANUP function */
/* PATH/name; returns buf. */
char *folder_file(const struct folder *folder, const char *name, char buf[SUPPORT_PATH_MAX]);
void folder_write(const struct folder *folder, const char *name, const void *data, size_t size);
void folder_puts(const struct folder *folder, const char *name, const char *text);

/* Loads the folder's file `main` from a text; never NULL. */
struct config *load_text(const struct folder *folder, const char *text);
struct config *load_data(const struct folder *folder, const char *data, size_t size);
/* All messages, with the folder's own path taken away: "main:3: ...". Owned. */
char *messages_of(const struct folder *folder, const struct config *config);
/* The message of one line of `main`, or "" where there is none; borrowed. */
const char *message_at(const struct config *config, int line);
/* The spec at path below root, or NULL. */
const struct spec *find_spec(const struct config *config, const char *path);

/* A configuration, and every message that it gets, one to a line. */
struct message_row {
	const char *text;
	const char *messages;
};

/* Fails where one of them gets others. */
void expect_messages(const struct message_row *rows, size_t n);

#endif
