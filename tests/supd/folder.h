/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPD_FOLDER_H
#define TESTS_SUPD_FOLDER_H

/* A folder for one test, below $TMPDIR or /tmp. Texts handed out are freed with it. */

#include <stddef.h>
#include <sys/types.h>

struct folder {
	char *path;   /* owned */
	char **texts; /* owned */
	size_t n;
};

void folder_init(struct folder *f); /* everybody may write to it */
void folder_fini(
	struct folder *f); /* removes it with the files in it; a folder in it is an error */
/* The path of something in it. */
char *folder_at(struct folder *f, const char *name);
/* Writes a file into it; its path. */
char *folder_write(struct folder *f, const char *name, const char *text, mode_t mode);

#endif
