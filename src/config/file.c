/* SPDX-License-Identifier: MIT */

/*
 * Files and includes. An included file is read at the place of its include, so that the order of
 * reading is the order of children. A file that is being read cannot be included again: files are
 * told apart by device and inode, whatever their names.
 */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/copy.h"
#include "config/loader.h"
#include "config/words.h"

/* No configuration is larger; a device or a pipe might go on for ever. */
#define FILE_MAX_SIZE (256UL * 1024 * 1024)
#define INCLUDE_DEPTH_MAX 16

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Opens without waiting: a FIFO that nobody writes to is an empty file. 0 with *why set, or
 * -ENOMEM. */
static int open_file(const char *path, struct stat *ret_stat, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, ret_stat) < 0) {
		*why = strerror(errno);
	} else if (S_ISDIR(ret_stat->st_mode)) {
		*why = "it is a directory; name a file, or include directory/*.conf";
	} else if (!S_ISREG(ret_stat->st_mode) && !S_ISFIFO(ret_stat->st_mode)) {
		*why = "it is not a regular file";
	} else if (fcntl(fd, F_SETFL, 0) < 0) {
		*why = strerror(errno);
	}
	if (*why && fd >= 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* All of the file; *why where it can not be read. 0 or -ENOMEM. */
static int read_file(const char *path, struct buf *out, struct stat *ret_stat, const char **why)
{
	int fd CLEANUP(close_fd) = open_file(path, ret_stat, why);
	ssize_t n = 1;

	while (!*why && n != 0) {
		char *room = buf_reserve(out, 64UL * 1024);

		if (!room)
			return -ENOMEM;
		n = read(fd, room, 64UL * 1024);
		if (n < 0 && errno != EINTR) {
			*why = strerror(errno);
		} else if (n > 0) {
			out->size += (size_t)n;
			room[n] = '\0';
		}
		if (out->size > FILE_MAX_SIZE)
			*why = "it is larger than 256 MiB: no configuration is";
	}
	return 0;
}

/* A file of the copy; told from others by its place there, as by an inode. */
static int read_copied(const struct loader *loader, const char *path, struct buf *out,
		       struct stat *ret_stat, const char **why)
{
	struct copy_file file;

	if (!copy_find(loader->copy, loader->copy_size, path, &file)) {
		*why = "it is not in the copy";
		return 0;
	}
	*ret_stat = (struct stat){.st_ino = file.next};
	return buf_append(out, file.text, file.text_size);
}

static int load_file(struct loader *loader, const char *path, struct buf *out,
		     struct stat *ret_stat, const char **why)
{
	if (loader->copy)
		return read_copied(loader, path, out, ret_stat, why);
	if (read_file(path, out, ret_stat, why) < 0)
		return -ENOMEM;
	/* A name that can not be written down: there is no copy then. */
	if (!*why && loader->copy_to && copy_put(loader->copy_to, path, out) == -EINVAL)
		loader->copy_to = NULL;
	return 0;
}

static bool reading_line(void *user, const struct line *line)
{
	struct reading *reading = user;
	char shown[QUOTE_TEXT_MAX];
	const char *text = quote_text(line->name, shown);

	switch (line->kind) {
	case LINE_SECTION:
		reading_open_section(reading, line);
		break;
	case LINE_KEY:
		reading_assign(reading, line);
		break;
	case LINE_UNCLOSED:
		loader_complain(reading->loader, CONFIG_ERROR, reading->file, line->number,
				"%s: a section's line ends with ], with nothing behind it", text);
		reading->section = NULL;
		reading->seen_section = true;
		break;
	case LINE_OTHER:
		loader_complain(
			reading->loader, CONFIG_ERROR, reading->file, line->number,
			"%s: expected [SECTION], KEY = VALUE, or a comment that begins with #",
			text);
		break;
	case LINE_CUT:
		loader_complain(
			reading->loader, CONFIG_ERROR, reading->file, line->number,
			"%s: the last line ends in a backslash, and nothing follows to be joined",
			text);
		break;
	}
	return reading->loader->error == 0;
}

static void read_text(struct reading *reading, char *text, size_t size)
{
	struct loader *loader = reading->loader;
	bool is_nul = false;
	int bad = lines_find_binary(text, size, &is_nul);

	if (bad) {
		loader_complain(loader, CONFIG_ERROR, reading->file, bad,
				is_nul ? "there is a NUL byte here: this is not a text file"
				       : "this line is not valid UTF-8: is this a text file?");
		return;
	}
	if (lines_read(text, size, reading_line, reading) < 0)
		loader->error = -ENOMEM;
}

/* Notes a file's name; false where memory is short. */
static bool add_file(struct loader *loader, const char *name, uint32_t *ret_file)
{
	struct config_places *places = loader->places;
	char *copy = strdup(name);

	if (!copy || !array_grow(&places->files, places->n_files, sizeof(char *))) {
		free(copy);
		loader->error = -ENOMEM;
		return false;
	}
	*ret_file = (uint32_t)places->n_files;
	places->files[places->n_files++] = copy;
	return true;
}

/* The absolute name of the folder that the file is in; NULL: no memory, or no such folder any more.
 */
static char *directory_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	char here[PATH_MAX];

	if (file[0] != '/')
		buf_puts(&path, getcwd(here, sizeof(here)) ? here : ".");
	if (file[0] != '/' && slash)
		buf_putc(&path, '/');
	buf_append(&path, file, slash ? (size_t)(slash - file) : 0);
	return buf_take(&path);
}

/* Notes what there is to know about the file at path, then reads its text. */
static void read_file_text(struct reading *reading, const char *path, const struct stat *st,
			   struct buf *text)
{
	reading->device = st->st_dev;
	reading->inode = st->st_ino;
	reading->directory = directory_of(path);
	if (!reading->directory)
		reading->loader->error = -ENOMEM;
	else if (text->size > 0)
		read_text(reading, text->data, text->size);
}

void loader_read_text(struct loader *loader, const char *name, char *text, size_t size)
{
	struct reading reading CLEANUP(reading_fini) = {.loader = loader};

	if (add_file(loader, name, &reading.file))
		read_text(&reading, text, size);
}

void loader_read_main(struct loader *loader, const char *path)
{
	struct reading reading CLEANUP(reading_fini) = {.loader = loader};
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	const char *why = NULL;
	struct stat st = {0};

	if (!add_file(loader, path, &reading.file))
		return;
	if (load_file(loader, path, &text, &st, &why) < 0) {
		loader->error = -ENOMEM;
		return;
	}
	if (why) {
		loader_complain(loader, CONFIG_ERROR, reading.file, 0, "%s", why);
		return;
	}
	read_file_text(&reading, path, &st, &text);
	if (!reading.seen_section && loader->config->n_errors == 0)
		loader_complain(
			loader, CONFIG_ERROR, reading.file, 1,
			"it is empty: describe at least one [service NAME] with its command");
}

static const struct reading *find_outer(const struct reading *reading, const struct stat *st)
{
	while (reading && (reading->device != st->st_dev || reading->inode != st->st_ino))
		reading = reading->outer;
	return reading;
}

static void include_file(struct reading *outer, const char *path, int line)
{
	struct loader *loader = outer->loader;
	struct reading reading CLEANUP(reading_fini) = {.loader = loader, .outer = outer};
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	const char *why = NULL;
	struct stat st = {0};
	int depth = 0;

	for (const struct reading *r = outer; r; r = r->outer)
		depth++;
	if (depth > INCLUDE_DEPTH_MAX)
		why = "includes are nested more than 16 deep";
	if (!why && load_file(loader, path, &text, &st, &why) < 0) {
		loader->error = -ENOMEM;
		return;
	}
	if (!why && find_outer(outer, &st))
		why = "it is being read already: includes must not go round in circles";
	if (why) {
		loader_complain(loader, CONFIG_ERROR, outer->file, line, "include %s: %s", path,
				why);
		return;
	}
	if (add_file(loader, path, &reading.file))
		read_file_text(&reading, path, &st, &text);
}

/* Relative names begin where the file is that says them. */
static void resolve(const char *file, const char *name, struct buf *out)
{
	const char *slash = strrchr(file, '/');

	if (name[0] != '/' && slash)
		buf_append(out, file, (size_t)(slash - file) + 1);
	buf_puts(out, name);
}

static void include_copied(struct reading *reading, const char *pattern, int line)
{
	struct loader *loader = reading->loader;
	char **names = copy_glob(loader->copy, loader->copy_size, pattern);

	if (!names)
		loader->error = -ENOMEM;
	for (size_t i = 0; names && names[i] && loader->error == 0; i++)
		include_file(reading, names[i], line);
	strings_free(names);
}

void loader_include(struct reading *reading, const char *pattern, int line)
{
	struct loader *loader = reading->loader;
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	glob_t found;
	int r;

	resolve(loader->places->files[reading->file], pattern, &path);
	if (path.error) {
		loader->error = -ENOMEM;
		return;
	}
	if (!strpbrk(pattern, "*?[")) {
		include_file(reading, buf_text(&path), line);
		return;
	}
	if (loader->copy) {
		include_copied(reading, buf_text(&path), line);
		return;
	}
	r = glob(buf_text(&path), 0, NULL, &found);
	if (r == GLOB_NOSPACE)
		loader->error = -ENOMEM;
	for (size_t i = 0; r == 0 && i < found.gl_pathc && loader->error == 0; i++)
		include_file(reading, found.gl_pathv[i], line);
	globfree(&found);
}
