/* SPDX-License-Identifier: MIT */

/*
 * What a pipe holds -> what is in the file. A pipe is fed in pieces, and whatever the formatter has
 * not taken is shown to it again, as the keeper does.
 */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macros.h"
#include "logs/pack.h"
#include "logs/reader.h"
#include "suplog/format.h"
#include "tests/support/alloc.h"

#define T "2026-11-30T20:37:10.123456Z"
#define TIME INT64_C(1796071030123456789)
#define JSON "{\"time\":\"" T "\",\"name\":\"web/api\",\"line"
#define ALL SIZE_MAX

struct pipe {
	const struct format_ops *ops;
	struct format format;
	struct buf in, out;
	size_t room;
};

static struct pipe pipe_of(enum format_kind kind, size_t line_max)
{
	return (struct pipe){
		.ops = kind == FORMAT_TEXT ? &format_text_ops : &format_json_ops,
		.format = {.kind = kind, .name = "web/api", .line_max = line_max},
		.room = ALL,
	};
}

static void pipe_fini(struct pipe *p)
{
	buf_fini(&p->in);
	buf_fini(&p->out);
}

static void put(struct pipe *p, bool rest)
{
	size_t used;

	do {
		struct format_input in = {
			.data = buf_text(&p->in),
			.size = p->in.size,
			.time = TIME,
			.room = p->room,
			.rest = rest,
		};
		struct buf out = BUF_INIT;

		used = p->ops->put(&p->format, &out, &in);
		cr_assert_leq(used, p->in.size);
		cr_assert_eq(out.error, 0);
		buf_append(&p->out, buf_text(&out), out.size);
		buf_fini(&out);
		buf_consume(&p->in, used);
	} while (used > 0 && p->in.size > 0);
	if (rest)
		cr_assert_eq(p->in.size, 0);
}

static void feed(struct pipe *p, const char *data, size_t size, bool rest)
{
	buf_append(&p->in, data, size);
	put(p, rest);
}

static void finish(struct pipe *p)
{
	put(p, true);
	p->ops->end(&p->format, &p->out, TIME);
}

static void expect(struct pipe *p, const char *text)
{
	cr_expect_str_eq(buf_text(&p->out), text, "%s", buf_text(&p->out));
	buf_clear(&p->out);
}

static void say(struct pipe *p, const char *text)
{
	feed(p, text, strlen(text), false);
}

Test(format, text_lines)
{
	struct pipe p = pipe_of(FORMAT_TEXT, 100);

	say(&p, "one\n\ntwo\nthr");
	expect(&p, T " one\n" T " \n" T " two\n");
	cr_expect_str_eq(buf_text(&p.in), "thr");
	say(&p, "ee\n");
	expect(&p, T " three\n");
	feed(&p, "a\0b\377\33\n", 6, false);
	cr_expect_eq(p.out.size, UTC_SIZE + 7);
	cr_expect_eq(memcmp(p.out.data, T " a\0b\377\33\n", p.out.size), 0);
	pipe_fini(&p);
}

Test(format, text_splits)
{
	struct pipe p = pipe_of(FORMAT_TEXT, 4);

	say(&p, "abcd\nefgh");
	expect(&p, T " abcd\n");
	say(&p, "i");
	expect(&p, T " efgh\n");
	say(&p, "jklmn\n");
	expect(&p, T "+ijkl\n" T "+mn\n");
	say(&p, "opqrs\n\n");
	expect(&p, T " opqr\n" T "+s\n" T " \n");
	pipe_fini(&p);
}

Test(format, text_stays_open)
{
	struct pipe p = pipe_of(FORMAT_TEXT, 6);

	feed(&p, "login: ", 7, true);
	expect(&p, T " login:\n" T "+ ");
	say(&p, "root\nx");
	expect(&p, "root\n");
	finish(&p);
	expect(&p, T " x\n");
	feed(&p, "abc", 3, true);
	feed(&p, "def", 3, true);
	expect(&p, T " abcdef");
	say(&p, "\n");
	expect(&p, "\n");
	feed(&p, "abcdef", 6, true);
	say(&p, "g\n");
	expect(&p, T " abcdef\n" T "+g\n");
	finish(&p);
	expect(&p, "");
	feed(&p, "abcdefg", 7, false);
	finish(&p);
	expect(&p, T " abcdef\n" T "+g\n");
	pipe_fini(&p);
}

Test(format, json_lines)
{
	struct pipe p = pipe_of(FORMAT_JSON, 100);

	say(&p, "one\n\n\"two\"\nthr");
	expect(&p, JSON "\":\"one\"}\n" JSON "\":\"\"}\n" JSON "\":\"\\\"two\\\"\"}\n");
	say(&p, "ee\n");
	expect(&p, JSON "\":\"three\"}\n");
	feed(&p, "a\0b\n\377\n", 6, false);
	expect(&p, JSON "\":\"a\\u0000b\"}\n" JSON "_base64\":\"/w==\"}\n");
	say(&p, "gr\303\274n\ngr\303\n");
	expect(&p, JSON "\":\"gr\303\274n\"}\n" JSON "_base64\":\"Z3LD\"}\n");
	pipe_fini(&p);
}

Test(format, json_splits)
{
	struct pipe p = pipe_of(FORMAT_JSON, 4);

	say(&p, "abcd\nefghij\n");
	expect(&p, JSON "\":\"abcd\"}\n" JSON "\":\"efgh\",\"more\":true}\n" JSON "\":\"ij\"}\n");
	feed(&p, "abc", 3, true);
	expect(&p, JSON "\":\"abc\",\"more\":true}\n");
	say(&p, "\n");
	expect(&p, JSON "\":\"\"}\n");
	feed(&p, "abc", 3, true);
	expect(&p, JSON "\":\"abc\",\"more\":true}\n");
	finish(&p);
	expect(&p, JSON "\":\"\"}\n");
	finish(&p);
	expect(&p, "");
	pipe_fini(&p);
}

/* A character is not torn where a line is split, unless a piece has no room for it. */
Test(format, characters_stay_whole)
{
	static const struct {
		const char *line;
		size_t line_max;
		const char *text;
	} rows[] = {
		{"ab\303\274c", 3, T " ab\n" T "+\303\274c\n"},
		{"ab\342\202\254c", 4, T " ab\n" T "+\342\202\254c\n"},
		{"ab\342\202\254c", 5, T " ab\342\202\254\n" T "+c\n"},
		{"\360\237\230\200\360\237\230\200", 7,
		 T " \360\237\230\200\n" T "+\360\237\230\200\n"},
		{"\342\202\254", 2, T " \342\202\n" T "+\254\n"},
		{"\342\202\254", 1, T " \342\n" T "+\202\n" T "+\254\n"},
		{"\202\202\202\202", 3, T " \202\202\202\n" T "+\202\n"},
		{"abc\377\202", 4, T " abc\377\n" T "+\202\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pipe p = pipe_of(FORMAT_TEXT, rows[i].line_max);

		say(&p, rows[i].line);
		say(&p, "\n");
		expect(&p, rows[i].text);
		pipe_fini(&p);
	}
}

Test(format, room)
{
	struct pipe p = pipe_of(FORMAT_TEXT, 100);
	struct format_input in = {.data = "one\ntwo\nthree\n", .size = 14, .time = TIME};

	in.room = 0;
	cr_expect_eq(p.ops->put(&p.format, &p.out, &in), 4);
	expect(&p, T " one\n");
	in.room = 2 * (UTC_SIZE + 5) - 1;
	cr_expect_eq(p.ops->put(&p.format, &p.out, &in), 4);
	expect(&p, T " one\n");
	in.room++;
	cr_expect_eq(p.ops->put(&p.format, &p.out, &in), 8);
	expect(&p, T " one\n" T " two\n");
	p.ops = &format_json_ops;
	cr_expect_eq(p.ops->put(&p.format, &p.out, &in), 4);
	expect(&p, JSON "\":\"one\"}\n");
	pipe_fini(&p);
}

Test(format, remarks)
{
	struct pipe p = pipe_of(FORMAT_TEXT, 100);

	p.ops->remark(&p.format, &p.out, TIME, "2 lines (\"8\" bytes)");
	expect(&p, T " supd: 2 lines (\"8\" bytes)\n");
	p.ops = &format_json_ops;
	p.ops->remark(&p.format, &p.out, TIME, "2 lines (\"8\" bytes)");
	expect(&p, JSON "\":\"supd: 2 lines (\\\"8\\\" bytes)\"}\n");
	pipe_fini(&p);
}

/* ---- however it comes ---- */

static const char samples[][40] = {
	"one\ntwo\n\nthree and more of it\nfour",
	"no end of a line at all in this one",
	"gr\303\274n \342\202\254\n\360\237\230\200\360\237\230\200\n\303\274\303\274\303\274\n",
	"\377\202\202\n\303\n\n\n\202\202\202\202\202\202\202\202\202x\n\"\\\t",
	"\n\n\n\n\n\n\n\n\n\n\n\n\n",
	"12345678\n12345678\n12345678\n123456789\n",
};

/* What comes out where all is there at once. */
static void at_once(enum format_kind kind, size_t line_max, const char *data, size_t size,
		    struct buf *ret_out)
{
	struct pipe p = pipe_of(kind, line_max);

	feed(&p, data, size, false);
	finish(&p);
	*ret_out = p.out;
	p.out = BUF_INIT;
	pipe_fini(&p);
}

static void expect_same(struct pipe *p, const struct buf *once, const char *what, size_t a,
			size_t b)
{
	finish(p);
	cr_assert_eq(p->out.size, once->size, "%s, cut at %zu and %zu: %s", what, a, b,
		     buf_text(&p->out));
	cr_assert_eq(memcmp(buf_text(&p->out), buf_text(once), once->size), 0,
		     "%s, cut at %zu and %zu: %s", what, a, b, buf_text(&p->out));
}

static void cut_everywhere(enum format_kind kind, size_t line_max, const char *data, size_t size)
{
	struct buf once = BUF_INIT;

	at_once(kind, line_max, data, size, &once);
	for (size_t a = 0; a <= size; a++) {
		for (size_t b = a; b <= size; b++) {
			struct pipe p = pipe_of(kind, line_max);

			p.room = a % 7 ? ALL : 40 * b;
			feed(&p, data, a, false);
			feed(&p, data + a, b - a, false);
			feed(&p, data + b, size - b, false);
			expect_same(&p, &once, data, a, b);
			pipe_fini(&p);
		}
	}
	buf_fini(&once);
}

Test(format, every_cut_gives_the_same_file)
{
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		for (size_t line_max = 1; line_max < 12; line_max++) {
			size_t size = strlen(samples[i]);

			cut_everywhere(FORMAT_TEXT, line_max, samples[i], size);
			cut_everywhere(FORMAT_JSON, line_max, samples[i], size);
		}
	}
}

/* With what is open written whenever: in text still the same file, where no character is torn by
 * it; and in a new process, as the state is all that is kept. */
Test(format, open_lines_give_the_same_file)
{
	static const char data[] =
		"one\ntwo and three\n\nfour is very long, longer than that\nfive";

	for (size_t line_max = 1; line_max < 30; line_max++) {
		struct buf once = BUF_INIT;

		at_once(FORMAT_TEXT, line_max, data, sizeof(data) - 1, &once);
		for (size_t a = 0; a < sizeof(data); a++) {
			for (size_t b = a; b < sizeof(data); b++) {
				struct pipe p = pipe_of(FORMAT_TEXT, line_max);
				struct format_state state;

				feed(&p, data, a, true);
				state = p.format.state;
				p.format = pipe_of(FORMAT_TEXT, line_max).format;
				p.format.state = state;
				feed(&p, data + a, b - a, true);
				feed(&p, data + b, sizeof(data) - 1 - b, false);
				expect_same(&p, &once, "open", a, b);
				pipe_fini(&p);
			}
		}
		buf_fini(&once);
	}
}

/* Bytes of the kinds that matter, with long runs of each. */
static void random_bytes(struct buf *b, size_t size)
{
	static const char *const kinds[] = {"a",    "\n", "\303\274", "\342\202\254",
					    "\377", "\"", "word ",    "\360\237\230\200",
					    "\0"};

	while (b->size < size) {
		const char *kind = kinds[(size_t)rand() % ARRAY_LEN(kinds)];

		for (int n = rand() % 4 ? 1 : rand() % 60; n > 0; n--)
			buf_append(b, kind, MAX_OF(strlen(kind), (size_t)1));
	}
}

/* Reads a log back: the bytes that the service wrote. */
static void read_back(enum format_kind kind, const struct buf *log, struct buf *ret_data)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct reader *reader;
	struct log_line line;

	cr_assert_geq(fd, 0);
	cr_assert_eq(pack_write(fd, buf_text(log), log->size), 0);
	cr_assert_eq(reader_new(fd, kind == FORMAT_TEXT ? LOGS_TEXT : LOGS_JSON, LOGS_PLAIN, true,
				&reader),
		     0);
	while (reader_next(reader, &line) == 1) {
		cr_assert(line.has_time && line.time.us == TIME / 1000);
		cr_assert(!line.continues && !line.more && line.ended);
		buf_append(ret_data, line.text, line.size);
		buf_putc(ret_data, '\n');
	}
	cr_assert_eq(reader_rest(reader, &line), 0);
	reader_free(reader);
}

/* What was written comes back, in lines, whatever it is and however it came. */
Test(format, there_and_back)
{
	srand(17);
	for (int run = 0; run < 3000; run++) {
		enum format_kind kind = run % 2 ? FORMAT_TEXT : FORMAT_JSON;
		struct pipe p = pipe_of(kind, (size_t)(rand() % 100 + 1));
		struct buf data = BUF_INIT, back = BUF_INIT;
		size_t at = 0;

		random_bytes(&data, (size_t)(rand() % 500 + 1));
		while (at < data.size) {
			size_t n = MIN_OF(data.size - at, (size_t)(rand() % 90));

			p.room = (size_t)(rand() % 3 ? 1 << 20 : rand() % 200);
			feed(&p, data.data + at, n, rand() % 3 == 0);
			at += n;
		}
		finish(&p);
		if (data.data[data.size - 1] != '\n')
			buf_putc(&data, '\n');
		read_back(kind, &p.out, &back);
		cr_assert_eq(back.size, data.size, "run %d: %zu is not %zu", run, back.size,
			     data.size);
		cr_assert_eq(memcmp(back.data, data.data, data.size), 0, "run %d", run);
		buf_fini(&data);
		buf_fini(&back);
		pipe_fini(&p);
	}
}

/* The first allocations fail: the buffer says so, and a second try with the old state is right. */
Test(format, no_memory)
{
	for (enum format_kind kind = FORMAT_TEXT; kind < FORMAT_N_KINDS; kind++) {
		bool failed = true;

		if (kind == FORMAT_RAW)
			continue;
		for (unsigned long n = 1; failed; n++) {
			struct pipe p = pipe_of(kind, 10);
			struct format_input in = {.data = "one\n\377\ntwo is too long\n",
						  .size = 22,
						  .time = TIME,
						  .room = ALL};
			struct format_state before = p.format.state;
			long live = alloc_live();

			alloc_fail_at(n);
			p.ops->put(&p.format, &p.out, &in);
			p.ops->remark(&p.format, &p.out, TIME, "remark");
			failed = alloc_fail_end();
			cr_assert_eq(p.out.error != 0, failed);
			buf_clear(&p.out);
			p.format.state = before;
			cr_assert_eq(p.ops->put(&p.format, &p.out, &in), 22);
			cr_assert_eq(p.out.error, 0);
			pipe_fini(&p);
			cr_assert_eq(alloc_live(), live);
		}
	}
}
