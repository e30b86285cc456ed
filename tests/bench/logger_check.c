/* SPDX-License-Identifier: MIT */

/* What is in the files of one writer, read in the order in which they were written. */

#include "tests/bench/logger.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/bench/writer.h"

#define NAMES_MAX 256

struct names {
	char name[NAMES_MAX][256];
	size_t n;
	bool numbered;
	const char *current;
};

int64_t logger_size(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int64_t sum = 0;
	struct stat st;

	while (dir && (entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
			sum += st.st_size;
	if (dir)
		closedir(dir);
	return sum;
}

static long number_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? atol(dot + 1) : 0;
}

static struct names names;

static int by_age(const void *a, const void *b)
{
	bool a_last = strcmp(a, names.current) == 0, b_last = strcmp(b, names.current) == 0;

	if (a_last || b_last)
		return a_last - b_last;
	if (names.numbered)
		return number_of(a) < number_of(b) ? 1 : -1;
	return strcmp(a, b);
}

/* Names in the folder that begin like current, or, where that is the name of all, with an @. */
static void find_names(const struct logger *logger, const char *folder, const char *current)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	names.n = 0;
	names.numbered = logger->numbered;
	names.current = current;
	if (!dir)
		die("%s: %s", folder, strerror(errno));
	while ((entry = readdir(dir)))
		if (names.n < NAMES_MAX && (strncmp(entry->d_name, current, strlen(current)) == 0 ||
					    entry->d_name[0] == '@'))
			snprintf(names.name[names.n++], sizeof(names.name[0]), "%.255s",
				 entry->d_name);
	closedir(dir);
	qsort(names.name, names.n, sizeof(names.name[0]), by_age);
}

/* Where a keeper tears a line over two files: the part of it that is in the first. */
static char torn[4096];

/* The lines of a file, from the next-th on. */
static uint32_t check_file(const char *path, uint32_t index, uint32_t next)
{
	char expected[WRITER_LINE], line[4096];
	FILE *file = fopen(path, "r");
	size_t size = strlen(torn);

	if (!file)
		die("%s: %s", path, strerror(errno));
	strcpy(line, torn);
	torn[0] = '\0';
	for (; fgets(line + size, (int)(sizeof(line) - size), file); next++, size = 0) {
		size = strlen(line);
		if (names.numbered && size && line[size - 1] != '\n') {
			strcpy(torn, line);
			break;
		}
		writer_line(expected, index, next);
		if (size < WRITER_LINE ||
		    memcmp(line + size - WRITER_LINE, expected, WRITER_LINE) != 0)
			die("%s: not line %u of writer %u: %s", path, next, index, line);
	}
	fclose(file);
	return next;
}

void logger_check(const struct logger *logger, const char *folder, const char *name, uint32_t index,
		  uint32_t lines)
{
	char current[128], path[700];
	uint32_t next = 0;

	snprintf(current, sizeof(current), "%s%s", name, logger->current);
	find_names(logger, folder, current);
	torn[0] = '\0';
	for (size_t i = 0; i < names.n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names.name[i]);
		next = check_file(path, index, next);
	}
	if (next != lines)
		die("%s: %s has %u of %u lines", logger->name, current, next, lines);
}
