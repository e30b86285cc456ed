/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "logs/reader.h"
#include "tests/logs/place.h"

#define LINES 20000

static void make_files(struct place *place, enum logs_format format)
{
	struct buf data = BUF_INIT;

	for (int i = 0; i < LINES; i++)
		add_line(&data, format, i);
	place_write(place, "a.log", data.data, data.size);
	place_pack(place, "a.log", LOGS_ZSTD);
	buf_fini(&data);
}

static struct reader *open_file(const struct place *place, const char *name,
				enum logs_format format, bool join)
{
	struct reader *reader;

	cr_assert_eq(reader_open(place->dir, name, format, join, &reader), 0, "%s", name);
	return reader;
}

static void seek_in(const struct place *place, const char *file, enum logs_format format)
{
	static const int lines[] = {0, 1, 2, 999, 1000, LINES / 2, LINES - 2, LINES - 1};
	struct reader *reader = open_file(place, file, format, true);

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct utc t = time_of_line(lines[i]);

		cr_assert_eq(reader_seek_time(reader, t), 0);
		expect_line(reader, lines[i]);
		cr_assert_eq(reader_seek_time(reader, (struct utc){t.us - 1}), 0);
		expect_line(reader, lines[i]);
		if (lines[i] + 1 < LINES)
			expect_line(reader, lines[i] + 1);
	}
	cr_assert_eq(reader_seek_time(reader, time_of_line(LINES)), 0);
	expect_end(reader, 0);
	reader_free(reader);
}

Test(reader_seek, by_time)
{
	struct place place;

	place_init(&place);
	make_files(&place, LOGS_TEXT);
	seek_in(&place, "a.log", LOGS_TEXT);
	seek_in(&place, "a.log.zst", LOGS_TEXT);
	make_files(&place, LOGS_JSON);
	seek_in(&place, "a.log", LOGS_JSON);
	place_fini(&place);
}

/* Lines of very different sizes, many without time, pieces that begin before and after it. */
Test(reader_seek, by_time_in_a_wild_file)
{
	struct buf data = BUF_INIT;
	struct reader *reader;
	struct place place;

	place_init(&place);
	srand(11);
	for (int i = 0; i < 3000; i++) {
		char time[UTC_SIZE];

		add_line(&data, LOGS_TEXT, i);
		utc_write(time_of_line(i), time);
		for (int k = rand() % 4; k > 0; k--) {
			buf_append(&data, time, UTC_SIZE);
			buf_puts(&data, "+piece\n");
		}
		if (rand() % 50 == 0)
			for (int k = 0; k < 300; k++)
				buf_puts(&data, "no time here, and a long line of it all ...\n");
		if (rand() % 200 == 0) {
			memset(buf_reserve(&data, 100000), 'x', 100000);
			data.size += 100000;
			buf_putc(&data, '\n');
		}
	}
	place_write(&place, "a.log", data.data, data.size);
	reader = open_file(&place, "a.log", LOGS_TEXT, false);
	for (int i = 0; i < 3000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %d", i);
		cr_assert_eq(reader_seek_time(reader, time_of_line(i)), 0);
		expect_text(reader, text);
	}
	reader_free(reader);
	buf_fini(&data);
	place_fini(&place);
}

Test(reader_seek, by_time_where_there_is_none)
{
	struct buf data = BUF_INIT;
	struct reader *reader;
	struct place place;

	place_init(&place);
	while (data.size < 1000000)
		buf_puts(&data, "no time\n");
	place_write(&place, "a.log", data.data, data.size);
	reader = open_file(&place, "a.log", LOGS_RAW, false);
	cr_assert_eq(reader_seek_time(reader, time_of_line(1)), 0);
	expect_text(reader, "no time");
	cr_assert_eq(reader_offset(reader), 8);
	reader_free(reader);
	reader = open_file(&place, "a.log", LOGS_TEXT, false);
	cr_assert_eq(reader_seek_time(reader, time_of_line(1)), 0);
	expect_end(reader, 0);
	reader_free(reader);
	buf_fini(&data);
	place_fini(&place);
}

/* A clock that was set back: somewhere, with an end. */
Test(reader_seek, by_time_that_falls)
{
	struct buf data = BUF_INIT;
	struct log_line line;
	struct reader *reader;
	struct place place;

	place_init(&place);
	for (int i = 0; i < LINES; i++)
		add_line(&data, LOGS_TEXT, (i * 7919) % LINES);
	place_write(&place, "a.log", data.data, data.size);
	reader = open_file(&place, "a.log", LOGS_TEXT, true);
	for (int i = 0; i < LINES; i += 97) {
		cr_assert_eq(reader_seek_time(reader, time_of_line(i)), 0);
		cr_assert_eq(reader_next(reader, &line), 1);
		cr_assert_geq(line.time.us, time_of_line(i).us);
	}
	reader_free(reader);
	buf_fini(&data);
	place_fini(&place);
}

static void tail_of(const struct place *place, const char *file, enum logs_format format)
{
	static const size_t sizes[] = {1, 2, 10, 3000, LINES - 1, LINES, LINES + 1, SIZE_MAX};
	struct reader *reader = open_file(place, file, format, format != LOGS_RAW);
	size_t count;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t n = MIN_OF(sizes[i], (size_t)LINES);

		cr_assert_eq(reader_seek_tail(reader, sizes[i], &count), 0);
		cr_assert_eq(count, n, "%s: %zu of %zu", file, count, sizes[i]);
		for (size_t k = LINES - n; k < LINES; k++)
			expect_line(reader, (int)k);
		expect_end(reader, 0);
	}
	cr_assert_eq(reader_seek_tail(reader, 0, NULL), 0);
	expect_end(reader, 0);
	reader_free(reader);
}

Test(reader_seek, from_the_end)
{
	struct place place;

	place_init(&place);
	for (enum logs_format f = LOGS_TEXT; f < LOGS_N_FORMATS; f++) {
		make_files(&place, f);
		tail_of(&place, "a.log", f);
		tail_of(&place, "a.log.zst", f);
	}
	place_fini(&place);
}

/* What a file with some lines of all sizes has at its end is what reading it forward says. */
static void compare_tails(const struct place *place, enum logs_format format, size_t lines)
{
	struct reader *reader = open_file(place, "a.log", format, true);
	struct log_line line;
	size_t all = 0;

	while (reader_next(reader, &line) == 1)
		all++;
	all += (size_t)reader_rest(reader, &line);
	for (size_t n = 1; n <= lines; n++) {
		size_t count, seen = 0;

		cr_assert_eq(reader_seek_tail(reader, n, &count), 0);
		cr_assert_eq(count, MIN_OF(n, all));
		while (reader_next(reader, &line) == 1) {
			cr_assert(!line.continues || seen == 0, "%zu", n);
			seen++;
		}
		seen += (size_t)reader_rest(reader, &line);
		cr_assert_eq(seen, count);
	}
	reader_free(reader);
}

static void add_piece(struct buf *data, enum logs_format format, bool continues, bool more,
		      size_t size)
{
	char time[UTC_SIZE + 1] = "";

	utc_write(time_of_line(0), time);
	if (format == LOGS_TEXT)
		buf_printf(data, "%s%c", time, continues ? '+' : ' ');
	else
		buf_printf(data, "{\"time\":\"%s\",\"name\":\"a\",\"line\":\"", time);
	memset(buf_reserve(data, size), 'x', size);
	data->size += size;
	if (format == LOGS_JSON)
		buf_puts(data, more ? "\",\"more\":true}" : "\"}");
	buf_putc(data, '\n');
}

Test(reader_seek, from_the_end_of_wild_files)
{
	struct place place;

	place_init(&place);
	srand(5);
	for (int run = 0; run < 40; run++) {
		enum logs_format format = run % 2 ? LOGS_TEXT : LOGS_JSON;
		struct buf data = BUF_INIT;

		for (int i = rand() % 100; i > 0; i--) {
			int pieces = rand() % 3 ? 1 : rand() % 6 + 1;

			for (int k = 0; k < pieces; k++)
				add_piece(&data, format, k > 0, k + 1 < pieces,
					  (size_t)(rand() % 10 ? rand() % 50 : rand() % 70000));
		}
		if (run % 3 == 0)
			buf_puts(&data, "no end");
		place_write(&place, "a.log", buf_text(&data), data.size);
		compare_tails(&place, format, 30);
		buf_fini(&data);
	}
	place_fini(&place);
}

Test(reader_seek, from_the_end_of_small_files)
{
	static const struct {
		const char *data;
		size_t lines;
		const char *last;
	} rows[] = {
		{"", 0, NULL},      {"\n", 1, ""},     {"\n\n", 2, ""}, {"a\n", 1, "a"},
		{"a\nb\n", 2, "b"}, {"a\nb", 2, NULL}, {"a", 1, NULL},
	};
	struct place place;

	place_init(&place);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reader *reader;
		size_t count;

		place_write(&place, "a.log", rows[i].data, strlen(rows[i].data));
		reader = open_file(&place, "a.log", LOGS_RAW, false);
		cr_assert_eq(reader_seek_tail(reader, 10, &count), 0);
		cr_expect_eq(count, rows[i].lines, "row %zu", i);
		cr_expect_eq(reader_offset(reader), 0);
		cr_assert_eq(reader_seek_tail(reader, 1, &count), 0);
		cr_expect_eq(count, MIN_OF(rows[i].lines, (size_t)1));
		if (rows[i].last)
			expect_text(reader, rows[i].last);
		reader_free(reader);
	}
	place_fini(&place);
}

static void go_in(const struct place *place, const char *file, enum logs_format format)
{
	static const int lines[] = {LINES - 1, 0, 1, 999, 7, LINES / 2, LINES / 2 + 1};
	struct reader *reader = open_file(place, file, format, true);
	int64_t offsets[LINES + 1];
	struct log_line line;

	for (int i = 0; i < LINES; i++) {
		offsets[i] = reader_offset(reader);
		cr_assert_eq(reader_next(reader, &line), 1);
	}
	offsets[LINES] = reader_offset(reader);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		cr_assert_eq(reader_go(reader, offsets[lines[i]]), 0);
		cr_expect_eq(reader_offset(reader), offsets[lines[i]]);
		expect_line(reader, lines[i]);
	}
	cr_assert_eq(reader_go(reader, offsets[LINES]), 0);
	expect_end(reader, 0);
	reader_free(reader);
}

Test(reader_seek, by_offset)
{
	struct place place;

	place_init(&place);
	make_files(&place, LOGS_TEXT);
	go_in(&place, "a.log", LOGS_TEXT);
	go_in(&place, "a.log.zst", LOGS_TEXT);
	make_files(&place, LOGS_JSON);
	go_in(&place, "a.log.zst", LOGS_JSON);
	place_fini(&place);
}

/* ---- whatever is in it ---- */

static void add_garbage(struct buf *data)
{
	static const char *const bits[] = {
		"2026-11-30T12:00:00.000000Z",
		"2026-11-30T12:00:0",
		" ",
		"+",
		"\n",
		"\n\n",
		"x",
		"{\"time\":\"2026-11-30T12:00:00.000000Z\",\"name\":\"a\",\"line\":\"",
		"\",\"more\":true}\n",
		"\"}\n",
		"\\u12",
		"\377",
		"word ",
	};

	for (int i = rand() % 400; i > 0; i--) {
		buf_puts(data, bits[(size_t)rand() % ARRAY_LEN(bits)]);
		if (rand() % 100 == 0) {
			memset(buf_reserve(data, 30000), rand() % 2 ? 'x' : 0, 30000);
			data->size += 30000;
		}
	}
}

/* Bytes of the lines up to the end, which must come. */
static size_t read_rest(struct reader *reader, size_t most)
{
	struct log_line line;
	size_t size = 0, lines = 0;
	int r;

	while ((r = reader_next(reader, &line)) == 1) {
		size += line.size;
		cr_assert_leq(++lines, most);
	}
	cr_assert_eq(r, 0);
	if (reader_rest(reader, &line) == 1)
		size += line.size;
	return size;
}

Test(reader_seek, whatever_is_in_it)
{
	struct place place;

	place_init(&place);
	srand(23);
	for (int run = 0; run < 600; run++) {
		enum logs_format format = (enum logs_format)(run % LOGS_N_FORMATS);
		struct buf data = BUF_INIT;
		struct reader *reader;
		size_t all, count;

		add_garbage(&data);
		place_write(&place, "a.log", buf_text(&data), data.size);
		reader = open_file(&place, "a.log", format, run % 2);
		all = read_rest(reader, data.size + 1);
		cr_assert_leq(all, data.size);
		for (int i = 0; i < 10; i++) {
			size_t n = (size_t)(rand() % 30);

			cr_assert_eq(reader_seek_tail(reader, n, &count), 0);
			cr_assert_leq(count, n);
			cr_assert_leq(read_rest(reader, data.size + 1), all);
			cr_assert_eq(reader_seek_time(reader, time_of_line(rand() % 3 - 1)), 0);
			cr_assert_leq(read_rest(reader, data.size + 1), data.size);
		}
		cr_assert_eq(reader_rewind(reader), 0);
		cr_assert_eq(read_rest(reader, data.size + 1), all);
		reader_free(reader);
		buf_fini(&data);
	}
	place_fini(&place);
}
