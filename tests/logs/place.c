/* SPDX-License-Identifier: MIT */

#include "tests/logs/place.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logs/pack.h"

void place_init(struct place *place)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(place->path, sizeof(place->path), "%s/logs-XXXXXX", tmp ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(place->path));
	place->dir = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(place->dir, 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void place_fini(struct place *place)
{
	close(place->dir);
	cr_expect_eq(nftw(place->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void put(const struct place *place, const char *name, int flags, const void *data,
		size_t size)
{
	int fd = openat(place->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	cr_assert_geq(fd, 0, "%s", name);
	cr_assert_eq(pack_write(fd, data, size), 0);
	close(fd);
}

void place_write(const struct place *place, const char *name, const void *data, size_t size)
{
	put(place, name, O_TRUNC, data, size);
}

void place_append(const struct place *place, const char *name, const void *data, size_t size)
{
	put(place, name, O_APPEND, data, size);
}

void place_read(const struct place *place, const char *name, struct buf *ret_data)
{
	int fd = openat(place->dir, name, O_RDONLY | O_CLOEXEC);
	char chunk[4096];
	ssize_t n;

	cr_assert_geq(fd, 0, "%s", name);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_append(ret_data, chunk, (size_t)n);
	cr_assert_eq(n, 0);
	close(fd);
}

void place_pack(const struct place *place, const char *name, enum logs_packing packing)
{
	char packed[256];
	int from, to;

	snprintf(packed, sizeof(packed), "%s%s", name, logs_packing_endings[packing]);
	from = openat(place->dir, name, O_RDONLY | O_CLOEXEC);
	to = openat(place->dir, packed, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cr_assert(from >= 0 && to >= 0);
	cr_assert_eq(pack_with(packing)->pack(from, to), 0);
	close(from);
	close(to);
}

struct utc time_of_line(int n)
{
	static const char start[] = "2026-11-30T12:00:00.000000Z";
	struct utc t;

	cr_assert_eq(utc_read(start, UTC_SIZE, &t), 0);
	return (struct utc){t.us + (int64_t)n * 1000000};
}

void add_line(struct buf *out, enum logs_format format, int n)
{
	char time[UTC_SIZE + 1] = "";

	utc_write(time_of_line(n), time);
	switch (format) {
	case LOGS_TEXT:
		buf_printf(out, "%s line %d\n", time, n);
		break;
	case LOGS_JSON:
		buf_printf(out, "{\"time\":\"%s\",\"name\":\"web/api\",\"line\":\"line %d\"}\n",
			   time, n);
		break;
	case LOGS_RAW:
	case LOGS_N_FORMATS:
		buf_printf(out, "line %d\n", n);
		break;
	}
}

void expect_text(struct reader *reader, const char *text)
{
	struct log_line line;

	cr_assert_eq(reader_next(reader, &line), 1, "%s", text);
	cr_assert_eq(line.size, strlen(text), "%.*s is not %s", (int)line.size, line.text, text);
	cr_assert_arr_eq(line.text, text, line.size, "%.*s is not %s", (int)line.size, line.text,
			 text);
}

void expect_line(struct reader *reader, int n)
{
	char text[32];
	struct log_line line;

	snprintf(text, sizeof(text), "line %d", n);
	cr_assert_eq(reader_next(reader, &line), 1, "%s", text);
	cr_assert(line.size == strlen(text) && memcmp(line.text, text, line.size) == 0,
		  "%.*s is not %s", (int)line.size, line.text, text);
	cr_assert(!line.continues && !line.more && line.ended);
	if (line.has_time)
		cr_assert_eq(line.time.us, time_of_line(n).us);
}

void expect_end(struct reader *reader, int result)
{
	struct log_line line;

	cr_assert_eq(reader_next(reader, &line), result);
	cr_assert_eq(reader_next(reader, &line), result);
}
