/* SPDX-License-Identifier: MIT */

/*
 * An environment file: NAME=VALUE, a line each; blank lines and those that begin with # or ; mean
 * nothing; quotes around the whole of a value are taken away, as in the configuration.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supd/prepare.h"

#define FILE_MAX ((off_t)1024 * 1024)

static const char blanks[] = " \t\r";
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
static const char letters_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

/* Whatever the file may turn out to be, reading it must not hang the daemon. */
static int read_from(int fd, struct buf *file)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	buf_clear(file);
	while (file->size <= (size_t)FILE_MAX) {
		char *to = buf_reserve(file, 4096);
		ssize_t n = to ? read(fd, to, 4096) : -1;

		if (!to)
			return -ENOMEM;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		file->size += (size_t)n;
		file->data[file->size] = '\0';
	}
	return -EFBIG;
}

static int read_file(const char *path, struct buf *file)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = read_from(fd, file);
	close(fd);
	return r;
}

/* Takes the quotes around a value away, in place. */
static void unquote(char *value)
{
	size_t size = strlen(value);
	char quote = *value;

	if (size < 2 || (quote != '"' && quote != '\'') ||
	    strchr(value + 1, quote) != value + size - 1)
		return;
	memmove(value, value + 1, size - 2);
	value[size - 2] = '\0';
}

/* One line, which it changes. False where it is no setting. */
static bool take_line(char *line, struct texts *environment)
{
	size_t size;

	line += strspn(line, blanks);
	size = strlen(line);
	while (size > 0 && strchr(blanks, line[size - 1]))
		line[--size] = '\0';
	if (!*line || *line == '#' || *line == ';')
		return true;
	size = strspn(line, letters_digits);
	if (line[size] != '=' || !strchr(letters, *line))
		return false;
	unquote(line + size + 1);
	texts_set(environment, line);
	return true;
}

int environment_file_read(const char *path, struct buf *file, struct texts *environment,
			  unsigned *ret_line)
{
	unsigned number = 0;
	int r = read_file(path, file);
	char *line = file->data;
	char *end;

	*ret_line = 0;
	if (r < 0)
		return r;
	for (; line && line < file->data + file->size; line = end + 1) {
		end = line + strcspn(line, "\n");
		number++;
		/* A NUL before the end of the text ends in no newline. */
		if (*end == '\0' && end < file->data + file->size)
			r = -EINVAL;
		*end = '\0';
		if (r < 0 || !take_line(line, environment)) {
			*ret_line = number;
			return -EINVAL;
		}
	}
	return environment->error;
}
