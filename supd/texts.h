/* SPDX-License-Identifier: MIT */
#ifndef SUPD_TEXTS_H
#define SUPD_TEXTS_H

/*
 * Lists of texts in memory that is used again and again: for the arguments and the environment of a
 * process about to be started. In an environment a later setting of a name takes the place of the
 * earlier one. The error is sticky, as a buf's: a writer checks once, in texts_list().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct texts {
	struct buf bytes; /* the texts, each with its NUL */
	size_t *at;       /* owned; where in bytes each begins */
	size_t n, capacity;
	char **list;       /* owned; room for capacity and a NULL */
	uint32_t *buckets; /* owned; index + 1 by hash of the name, 0: free; environments only */
	size_t n_buckets;  /* a power of two above 2n, or 0 */
	int error;         /* 0 or -ENOMEM */
};

void texts_fini(struct texts *t);
/* Empties it. Keeps the memory, unless there is much of it. */
void texts_clear(struct texts *t);
void texts_add(struct texts *t, const char *text);
/* NAME=VALUE. All of a list is added in this way, or none of it. */
void texts_set(struct texts *t, const char *setting);
void texts_set_value(struct texts *t, const char *name, const char *value);
/* Forgets the setting of name, where there is one. */
void texts_unset(struct texts *t, const char *name);
/* The value of name, borrowed until the next change; NULL: not set. */
char *texts_get(const struct texts *t, const char *name);
/* As a list that ends with NULL, borrowed until the next change; NULL where memory was short. */
char **texts_list(struct texts *t);

#endif
