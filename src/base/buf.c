/* SPDX-License-Identifier: MIT */

/*
 * Capacity doubles, so that n appends of a byte cost O(n). Wherever data is not NULL there is room
 * for one byte beyond size and it holds NUL; buf_reserve() is the only function that allocates.
 */

#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_CAPACITY_MIN ((size_t)64)

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}

void buf_clear(struct buf *b)
{
	b->size = 0;
	b->error = 0;
	if (b->data)
		b->data[0] = '\0';
}

void *buf_reserve(struct buf *b, size_t n)
{
	size_t capacity;
	char *data;

	if (b->error)
		return NULL;
	if (b->data && b->capacity - b->size > n)
		return b->data + b->size;
	if (n >= SIZE_MAX / 2 - b->size)
		goto fail;
	capacity = MAX_OF(b->capacity, BUF_CAPACITY_MIN);
	while (capacity - b->size <= n)
		capacity *= 2;
	data = realloc(b->data, capacity);
	if (!data)
		goto fail;
	b->data = data;
	b->capacity = capacity;
	b->data[b->size] = '\0';
	return b->data + b->size;
fail:
	b->error = -ENOMEM;
	return NULL;
}

int buf_append(struct buf *b, const void *data, size_t size)
{
	char *to = buf_reserve(b, size);

	if (!to)
		return b->error;
	if (size > 0)
		memcpy(to, data, size);
	b->size += size;
	b->data[b->size] = '\0';
	return 0;
}

int buf_puts(struct buf *b, const char *text)
{
	return buf_append(b, text, strlen(text));
}

int buf_putc(struct buf *b, char c)
{
	return buf_append(b, &c, 1);
}

int buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int length;
	char *to;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	/* Only a text above INT_MAX bytes gets here: as good as out of memory. */
	if (length < 0 && !b->error)
		b->error = -ENOMEM;
	to = length < 0 ? NULL : buf_reserve(b, (size_t)length);
	if (!to)
		return b->error;
	va_start(args, format);
	vsnprintf(to, (size_t)length + 1, format, args);
	va_end(args);
	b->size += (size_t)length;
	return 0;
}

void buf_consume(struct buf *b, size_t n)
{
	if (n > b->size)
		n = b->size;
	if (n == 0)
		return;
	/* The NUL moves too. */
	memmove(b->data, b->data + n, b->size - n + 1);
	b->size -= n;
}

char *buf_take(struct buf *b)
{
	char *text;

	if (!buf_reserve(b, 0))
		return NULL;
	text = TAKE(b->data);
	text[b->size] = '\0';
	*b = BUF_INIT;
	return text;
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}
