/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "logs/reader.h"
#include "tests/logs/place.h"
#include "tests/support/alloc.h"

#define T "2026-11-30T12:00:00.000000Z"
#define JSON "{\"time\":\"" T "\",\"name\":\"a\",\"line\":"

static struct reader *open_file(const struct place *place, const char *name,
				enum logs_format format, bool join)
{
	struct reader *reader;

	cr_assert_eq(reader_open(place->dir, name, format, join, &reader), 0, "%s", name);
	return reader;
}

static void append(const struct place *place, const char *name, const char *text)
{
	place_append(place, name, text, strlen(text));
}

Test(reader, each_format_and_packing)
{
	struct place place;

	place_init(&place);
	for (enum logs_format f = LOGS_TEXT; f < LOGS_N_FORMATS; f++) {
		struct buf data = BUF_INIT;

		for (int i = 0; i < 5000; i++)
			add_line(&data, f, i);
		place_write(&place, "a.log", data.data, data.size);
		for (enum logs_packing p = LOGS_PLAIN; p < LOGS_N_PACKINGS; p++) {
			char name[32] = "a.log";
			struct reader *reader;

			strcat(name, logs_packing_endings[p]);
			if (p != LOGS_PLAIN)
				place_pack(&place, "a.log", p);
			reader = open_file(&place, name, f, f == LOGS_TEXT);
			for (int i = 0; i < 5000; i++)
				expect_line(reader, i);
			cr_assert_eq(reader_offset(reader), (int64_t)data.size);
			expect_end(reader, 0);
			cr_assert_eq(reader_rewind(reader), 0);
			expect_line(reader, 0);
			reader_free(reader);
		}
		buf_fini(&data);
	}
	place_fini(&place);
}

Test(reader, a_file_that_is_written)
{
	struct log_line line;
	struct reader *reader;
	struct place place;

	place_init(&place);
	place_write(&place, "a.log", "", 0);
	reader = open_file(&place, "a.log", LOGS_TEXT, true);
	expect_end(reader, 0);
	cr_assert_eq(reader_rest(reader, &line), 0);
	append(&place, "a.log", T " one\n" T " tw");
	expect_text(reader, "one");
	expect_end(reader, 0);
	append(&place, "a.log", "o\n" T " thr");
	expect_text(reader, "two");
	expect_end(reader, 0);

	cr_assert_eq(reader_rest(reader, &line), 1);
	cr_assert(line.size == 3 && memcmp(line.text, "thr", 3) == 0 && !line.ended);
	cr_assert_eq(reader_rest(reader, &line), 0);
	append(&place, "a.log", T "\n");
	cr_assert_eq(reader_next(reader, &line), 1);
	cr_assert(line.continues && line.ended && line.has_time);
	cr_assert(line.size == UTC_SIZE); /* it is no time there */
	append(&place, "a.log", T " four\n");
	expect_text(reader, "four");
	reader_free(reader);
	place_fini(&place);
}

Test(reader, a_file_that_is_cut_short)
{
	struct reader *reader;
	struct place place;

	place_init(&place);
	place_write(&place, "a.log", "one\ntwo\nthr", 11);
	reader = open_file(&place, "a.log", LOGS_RAW, false);
	expect_text(reader, "one");
	expect_text(reader, "two");
	expect_end(reader, 0);
	cr_assert_eq(ftruncate(reader_fd(reader), 0), -1); /* it only reads */
	place_write(&place, "a.log", "one\n", 4);
	expect_end(reader, 0);
	append(&place, "a.log", "three\n");
	expect_text(reader, "three");
	reader_free(reader);
	place_fini(&place);
}

static void expect_piece(struct reader *reader, const char *text, bool continues, bool more)
{
	struct log_line line;

	cr_assert_eq(reader_next(reader, &line), 1, "%s", text);
	cr_assert(line.size == strlen(text) && memcmp(line.text, text, line.size) == 0,
		  "%.*s is not %s", (int)line.size, line.text, text);
	cr_assert_eq(line.continues, continues, "%s", text);
	cr_assert_eq(line.more, more, "%s", text);
}

static const char text_pieces[] = T " a\n" T "+b\n" T "+c\n" T " d\n" T " e\n" T "+f\n";
static const char json_pieces[] =
	JSON "\"a\",\"more\":true}\n" JSON "\"b\",\"more\":true}\n" JSON "\"c\"}\n" JSON
	     "\"d\"}\n" JSON "\"e\",\"more\":true}\n" JSON "\"f\"}\n";

Test(reader, pieces)
{
	struct reader *reader;
	struct place place;

	place_init(&place);
	place_write(&place, "a.log", text_pieces, strlen(text_pieces));
	reader = open_file(&place, "a.log", LOGS_TEXT, false);
	expect_piece(reader, "a", false, false);
	expect_piece(reader, "b", true, false);
	expect_piece(reader, "c", true, false);
	expect_piece(reader, "d", false, false);
	expect_piece(reader, "e", false, false);
	expect_piece(reader, "f", true, false);
	expect_end(reader, 0);
	reader_free(reader);
	place_write(&place, "a.log", json_pieces, strlen(json_pieces));
	reader = open_file(&place, "a.log", LOGS_JSON, false);
	expect_piece(reader, "a", false, true);
	expect_piece(reader, "b", true, true);
	expect_piece(reader, "c", true, false);
	expect_piece(reader, "d", false, false);
	expect_piece(reader, "e", false, true);
	expect_piece(reader, "f", true, false);
	expect_end(reader, 0);
	reader_free(reader);
	place_fini(&place);
}

Test(reader, pieces_joined)
{
	struct reader *reader;
	struct place place;

	place_init(&place);
	for (enum logs_format f = LOGS_TEXT; f < LOGS_N_FORMATS; f++) {
		const char *data = f == LOGS_JSON ? json_pieces : text_pieces;

		if (f == LOGS_RAW)
			continue;
		place_write(&place, "a.log", data, strlen(data));
		reader = open_file(&place, "a.log", f, true);
		expect_piece(reader, "abc", false, false);
		expect_piece(reader, "d", false, false);
		expect_piece(reader, "ef", false, false);
		expect_end(reader, 0);
		reader_free(reader);
	}
	place_fini(&place);
}

/* A piece that is not there yet is waited for by nobody: it says what it is when it comes. */
Test(reader, a_piece_that_comes_late)
{
	struct reader *reader;
	struct place place;

	place_init(&place);
	append(&place, "a.log", T " a\n" T "+b");
	reader = open_file(&place, "a.log", LOGS_TEXT, true);
	expect_piece(reader, "a", false, false);
	expect_end(reader, 0);
	append(&place, "a.log", "c\n");
	expect_piece(reader, "bc", true, false);
	reader_free(reader);
	append(&place, "b.log", JSON "\"a\",\"more\":true}\n");
	reader = open_file(&place, "b.log", LOGS_JSON, true);
	expect_piece(reader, "a", false, true);
	expect_end(reader, 0);
	append(&place, "b.log", JSON "\"b\"}\n");
	expect_piece(reader, "b", true, false);
	reader_free(reader);
	place_fini(&place);
}

/* Joined in every alignment to what is read at once. */
Test(reader, joined_at_every_place)
{
	struct place place;

	place_init(&place);
	for (size_t first = 65536 - 80; first < 65536 + 10; first++) {
		struct buf data = BUF_INIT;
		struct log_line line;
		struct reader *reader;

		buf_puts(&data, T " ");
		while (data.size < first)
			buf_putc(&data, 'x');
		buf_puts(&data, "\n" T "+tail\n" T " next\n");
		place_write(&place, "a.log", data.data, data.size);
		reader = open_file(&place, "a.log", LOGS_TEXT, true);
		cr_assert_eq(reader_next(reader, &line), 1);
		cr_assert_eq(line.size, first - UTC_SIZE - 1 + 4, "%zu", first);
		cr_assert_eq(memcmp(line.text + line.size - 5, "xtail", 5), 0);
		expect_text(reader, "next");
		expect_end(reader, 0);
		reader_free(reader);
		buf_fini(&data);
	}
	place_fini(&place);
}

/* Endless lines come in pieces of bounded size, and all of them. */
Test(reader, endless_lines)
{
	static const size_t sizes[] = {READER_LINE_MAX - 1, READER_LINE_MAX, READER_LINE_MAX + 1,
				       3 * READER_LINE_MAX + 5};
	struct place place;

	place_init(&place);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct buf data = BUF_INIT;
		struct log_line line = {.more = true};
		struct reader *reader;
		size_t size = 0;

		memset(buf_reserve(&data, sizes[i]), 'x', sizes[i]);
		data.size = sizes[i];
		buf_puts(&data, "\nnext\n");
		place_write(&place, "a.log", data.data, data.size);
		reader = open_file(&place, "a.log", LOGS_RAW, false);
		for (bool first = true; line.more; first = false) {
			cr_assert_eq(reader_next(reader, &line), 1);
			cr_assert_leq(line.size, READER_LINE_MAX);
			cr_assert_eq(line.continues, !first);
			size += line.size;
		}
		cr_assert_eq(size, sizes[i]);
		cr_assert(line.ended);
		expect_text(reader, "next");
		expect_end(reader, 0);
		reader_free(reader);
		buf_fini(&data);
	}
	place_fini(&place);
}

/* Pieces are joined up to that size too. */
Test(reader, endless_pieces)
{
	struct buf data = BUF_INIT;
	struct log_line line;
	struct reader *reader;
	struct place place;
	size_t size = 0, lines = 0;

	place_init(&place);
	for (int i = 0; i < 200; i++) {
		buf_puts(&data, i ? T "+" : T " ");
		memset(buf_reserve(&data, 16384), 'x', 16384);
		data.size += 16384;
		buf_putc(&data, '\n');
	}
	place_write(&place, "a.log", data.data, data.size);
	reader = open_file(&place, "a.log", LOGS_TEXT, true);
	while (reader_next(reader, &line) == 1) {
		cr_assert_leq(line.size, READER_LINE_MAX);
		cr_assert_eq(line.continues, lines++ > 0);
		cr_assert_eq(line.more, size + line.size < (size_t)200 * 16384);
		size += line.size;
	}
	cr_assert_eq(size, 200 * 16384);
	cr_assert_leq(lines, 5);
	reader_free(reader);
	buf_fini(&data);
	place_fini(&place);
}

/* What a cut file has of whole lines comes, then the rest, then the error. */
Test(reader, cut_packed_file)
{
	struct buf data = BUF_INIT;
	struct place place;

	place_init(&place);
	srand(3);
	for (int i = 0; i < 20000; i++)
		buf_printf(&data, "line %d %d\n", i, rand());
	place_write(&place, "a.log", data.data, data.size);
	for (enum logs_packing p = LOGS_GZIP; p < LOGS_N_PACKINGS; p++) {
		struct buf packed = BUF_INIT, back = BUF_INIT;
		struct log_line line;
		struct reader *reader;
		char name[32] = "a.log";
		int r;

		strcat(name, logs_packing_endings[p]);
		place_pack(&place, "a.log", p);
		place_read(&place, name, &packed);
		place_write(&place, name, packed.data, packed.size - packed.size / 4);
		reader = open_file(&place, name, LOGS_RAW, false);
		while ((r = reader_next(reader, &line)) == 1) {
			buf_append(&back, line.text, line.size);
			if (line.ended)
				buf_putc(&back, '\n');
		}
		cr_assert_eq(r, -ENODATA);
		cr_assert_gt(back.size, data.size / 2);
		cr_assert_eq(memcmp(back.data, data.data, back.size), 0);
		expect_end(reader, -ENODATA);
		reader_free(reader);
		buf_fini(&packed);
		buf_fini(&back);
	}
	buf_fini(&data);
	place_fini(&place);
}

Test(reader, what_is_no_log_file)
{
	struct reader *reader;
	struct place place;

	place_init(&place);
	mkdirat(place.dir, "folder", 0700);
	mkfifoat(place.dir, "fifo", 0600);
	place_write(&place, "a.log", "x\n", 2);
	cr_assert_eq(symlinkat("a.log", place.dir, "link"), 0);
	cr_expect_eq(reader_open(place.dir, "absent", LOGS_RAW, false, &reader), -ENOENT);
	cr_expect_eq(reader_open(place.dir, "folder", LOGS_RAW, false, &reader), -EINVAL);
	cr_expect_eq(reader_open(place.dir, "fifo", LOGS_RAW, false, &reader), -EINVAL);
	cr_expect_eq(reader_open(place.dir, "link", LOGS_RAW, false, &reader), -ELOOP);
	place_fini(&place);
}

/* All lines of a file whose pieces have to be joined, each allocation failing once. */
Test(reader, no_memory)
{
	struct place place;
	long before;
	bool failed = true;

	place_init(&place);
	place_write(&place, "a.log", json_pieces, strlen(json_pieces));
	place_pack(&place, "a.log", LOGS_ZSTD);
	before = alloc_live();
	for (unsigned long n = 1; failed; n++) {
		struct reader *reader = NULL;
		struct log_line line;
		size_t size = 0;
		int r;

		alloc_fail_at(n);
		r = reader_open(place.dir, "a.log.zst", LOGS_JSON, true, &reader);
		while (r == 0 || (r == -ENOMEM && reader)) {
			r = reader_next(reader, &line);
			if (r == 0)
				break;
			if (r == 1) {
				size += line.size;
				r = 0;
			}
		}
		failed = alloc_fail_end();
		if (reader)
			cr_assert_eq(size, 6, "allocation %lu: %zu", n, size);
		else
			cr_assert_eq(r, -ENOMEM);
		reader_free(reader);
		cr_assert_eq(alloc_live(), before);
	}
	place_fini(&place);
}

/* Lines in pieces of all sizes, while the reader looks. */
static void write_lines(const struct place *place, int n)
{
	struct buf data = BUF_INIT;
	size_t size;

	for (int i = 0; i < n; i++)
		add_line(&data, LOGS_TEXT, i);
	for (size_t at = 0; at < data.size; at += size) {
		size = MIN_OF((size_t)(rand() % 3000 + 1), data.size - at);
		place_append(place, "a.log", data.data + at, size);
	}
	buf_fini(&data);
}

Test(reader, a_writer_beside_it)
{
	struct log_line line;
	struct reader *reader;
	struct place place;
	int n = 0, r;
	pid_t writer;

	place_init(&place);
	place_write(&place, "a.log", "", 0);
	writer = fork();
	if (writer == 0) {
		write_lines(&place, 20000);
		_exit(0);
	}
	reader = open_file(&place, "a.log", LOGS_TEXT, true);
	while (n < 20000) {
		char text[32];

		r = reader_next(reader, &line);
		cr_assert_geq(r, 0);
		if (r == 0) {
			sched_yield();
			continue;
		}
		snprintf(text, sizeof(text), "line %d", n);
		cr_assert(line.size == strlen(text) && memcmp(line.text, text, line.size) == 0);
		cr_assert(line.ended && line.time.us == time_of_line(n).us);
		n++;
	}
	cr_assert_eq(waitpid(writer, NULL, 0), writer);
	expect_end(reader, 0);
	reader_free(reader);
	place_fini(&place);
}
