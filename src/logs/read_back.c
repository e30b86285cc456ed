/* SPDX-License-Identifier: MIT */

/*
 * From the newest file on, each is asked how many of the lines that are still wanted it has; then
 * all of them are read from the oldest on.
 */

#include "logs/read_back.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "logs/name.h"
#include "logs/reader.h"

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* The i-th newest file; owned, NULL without memory. */
static char *file_name(const char *name, const struct logs_names *old, size_t i)
{
	return i ? name_make(name, &old->names[old->n - i]) : strdup(name);
}

/* A reader at the last n lines of it; how many these are. NULL: there is no such file. */
static struct reader *open_tail(int dir, const char *file, size_t n, size_t *ret_n)
{
	struct reader *reader;

	if (!file || reader_open(dir, file, LOGS_RAW, false, &reader) < 0)
		return NULL;
	if (reader_seek_tail(reader, n, ret_n) == 0)
		return reader;
	reader_free(reader);
	return NULL;
}

static void take_lines(struct reader *reader,
		       void (*take)(void *owner, const char *line, size_t size), void *owner)
{
	struct log_line line;

	while (reader_next(reader, &line) > 0)
		if (!line.continues && line.ended)
			take(owner, line.text, line.size);
}

int read_back(const char *dir, const char *name, size_t most,
	      void (*take)(void *owner, const char *line, size_t size), void *owner)
{
	int fd CLEANUP(close_fd) = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct logs_names old CLEANUP(names_fini) = {0};
	size_t *counts CLEANUP(cleanup_free) = NULL;
	size_t n = 0, wanted = most;
	int r;

	if (fd < 0)
		return -errno;
	r = names_list(fd, name, &old);
	if (r < 0)
		return r;
	counts = calloc(old.n + 1, sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	for (; n <= old.n && wanted; n++) {
		char *file CLEANUP(cleanup_free) = file_name(name, &old, n);

		reader_free(open_tail(fd, file, wanted, &counts[n]));
		wanted -= counts[n];
	}
	while (n--) {
		char *file CLEANUP(cleanup_free) = file_name(name, &old, n);
		struct reader *reader =
			counts[n] ? open_tail(fd, file, counts[n], &counts[n]) : NULL;

		if (reader)
			take_lines(reader, take, owner);
		reader_free(reader);
	}
	return 0;
}
