/* SPDX-License-Identifier: MIT */

#include "config/copy.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/words.h"

#define FIRST_LINE "supd copy 1\n"
#define SIZE_DIGITS 20

int copy_put(struct buf *copy, const char *name, const struct buf *text)
{
	if (strchr(name, '\n'))
		return -EINVAL;
	if (!copy->size)
		buf_puts(copy, FIRST_LINE);
	buf_printf(copy, "%zu %s\n", text->size, name);
	buf_append(copy, buf_text(text), text->size);
	buf_putc(copy, '\n');
	return copy->error;
}

int copy_end(struct buf *copy)
{
	struct buf nothing = BUF_INIT;

	return copy_put(copy, "", &nothing);
}

bool copy_is_whole(const char *copy, size_t size)
{
	struct copy_file file = {.next = 0};

	while (copy_next(copy, size, file.next, &file)) {
		if (file.name_size == 0)
			return file.next == size;
	}
	return false;
}

bool copy_next(const char *copy, size_t size, size_t at, struct copy_file *ret_file)
{
	struct copy_file file;
	const char *blank, *end;
	char digits[SIZE_DIGITS + 1] = "";
	uint64_t text_size;

	if (at == 0) {
		at = strlen(FIRST_LINE);
		if (size < at || memcmp(copy, FIRST_LINE, at) != 0)
			return false;
	}
	end = at < size ? memchr(copy + at, '\n', size - at) : NULL;
	blank = end ? memchr(copy + at, ' ', (size_t)(end - copy) - at) : NULL;
	if (!blank || (size_t)(blank - copy) - at > SIZE_DIGITS)
		return false;
	memcpy(digits, copy + at, (size_t)(blank - copy) - at);
	if (text_parse_u64(digits, size, &text_size) < 0 ||
	    text_size >= size - (size_t)(end + 1 - copy))
		return false;
	file = (struct copy_file){
		.name = blank + 1,
		.name_size = (size_t)(end - blank - 1),
		.text = end + 1,
		.text_size = (size_t)text_size,
		.next = (size_t)(end + 1 - copy) + (size_t)text_size + 1,
	};
	*ret_file = file;
	return true;
}

bool copy_find(const char *copy, size_t size, const char *name, struct copy_file *ret_file)
{
	struct copy_file file = {.next = 0};

	while (copy_next(copy, size, file.next, &file)) {
		if (strlen(name) == file.name_size &&
		    memcmp(name, file.name, file.name_size) == 0) {
			*ret_file = file;
			return true;
		}
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has(char *const *names, const char *name)
{
	for (; names && *names; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

char **copy_glob(const char *copy, size_t size, const char *pattern)
{
	struct copy_file file = {.next = 0};
	char **names = NULL;
	size_t n = 0;
	int r = words_list("", &names);

	while (r == 0 && copy_next(copy, size, file.next, &file)) {
		char *name CLEANUP(cleanup_free) = strndup(file.name, file.name_size);

		if (!name)
			r = -ENOMEM;
		else if (fnmatch(pattern, name, FNM_PATHNAME | FNM_PERIOD) == 0 &&
			 !has(names, name))
			r = words_append(&names, name);
	}
	if (r < 0) {
		strings_free(names);
		return NULL;
	}
	while (names[n])
		n++;
	qsort(names, n, sizeof(*names), compare);
	return names;
}
