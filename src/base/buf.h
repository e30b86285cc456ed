/* SPDX-License-Identifier: MIT */
#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * A growing run of bytes with a sticky error: after the first failed allocation every append does
 * nothing and buf.error stays -ENOMEM, so that a writer checks once, at the end. The contents are
 * always followed by a NUL that size does not count.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct buf {
	char *data; /* owned; NULL while empty */
	size_t size;
	size_t capacity;
	int error; /* 0 or -ENOMEM */
};

#define BUF_INIT ((struct buf){NULL, 0, 0, 0})

void buf_fini(struct buf *b);  /* also a CLEANUP function */
void buf_clear(struct buf *b); /* forgets contents and error, keeps the memory */
int buf_append(struct buf *b, const void *data, size_t size);
int buf_puts(struct buf *b, const char *text);
int buf_putc(struct buf *b, char c);
int buf_printf(struct buf *b, const char *format, ...) PRINTF(2, 3);
/*
 * Room for n more bytes; returns where to write them, NULL on failure. The caller then writes, adds
 * to size and ends with a NUL, for which there is room too.
 */
void *buf_reserve(struct buf *b, size_t n);
/* Removes the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* Hands the text over: owned by the caller, ends with NUL, never NULL on success; NULL on error. */
char *buf_take(struct buf *b);
/* The text so far, "" while empty; borrowed. */
const char *buf_text(const struct buf *b);

#endif
