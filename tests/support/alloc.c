/* SPDX-License-Identifier: MIT */

/* What the linker's --wrap calls instead of the allocator. */

#include "tests/support/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
void __wrap_free(void *block);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

static unsigned long count;
static long live;
static unsigned long fail_at;

static bool refused(void)
{
	if (++count != fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

void alloc_fail_at(unsigned long n)
{
	count = 0;
	fail_at = n;
}

bool alloc_fail_end(void)
{
	bool failed = fail_at > 0 && count >= fail_at;

	fail_at = 0;
	return failed;
}

unsigned long alloc_count(void)
{
	return count;
}

long alloc_live(void)
{
	return live;
}

static void *counted(void *block)
{
	live += block != NULL;
	return block;
}

void *__wrap_malloc(size_t size)
{
	return refused() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refused() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	if (refused())
		return NULL;
	return old ? __real_realloc(old, size) : counted(__real_malloc(size));
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	if (refused())
		return NULL;
	return old ? __real_reallocarray(old, n, size)
		   : counted(__real_reallocarray(NULL, n, size));
}

void __wrap_free(void *block)
{
	live -= block != NULL;
	__real_free(block);
}

char *__wrap_strndup(const char *text, size_t size)
{
	size_t length = strnlen(text, size);
	char *copy = refused() ? NULL : counted(__real_malloc(length + 1));

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, strlen(text));
}
