/* SPDX-License-Identifier: MIT */

/* supctl logs on files made by hand: what is shown of them, and in which order. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/supctl/logs_place.h"

TestSuite(logs);

/* ---- the order of many ---- */

#define LINES 6000
#define LOGS 4

static const char *const files[LOGS] = {
	"services/a.log",
	"services/web/api.log",
	"services/web/db.log",
	"services/web/db/x.log",
};

/* Times of all lines, with some that are equal, and whose they are. */
struct world {
	int64_t time[LINES];
	int whose[LINES];
};

static void put_line(struct buf *out, const struct world *w, int i, bool json)
{
	if (json)
		buf_printf(out, "{\"time\":\"%.27s\",\"name\":\"x\",\"line\":\"line %d\"}\n",
			   logs_stamp(w->time[i]), i);
	else
		buf_printf(out, "%sline %d\n", logs_stamp(w->time[i]), i);
}

/* Each log has old files, plain and packed, at places of its own; one of them changes its format.
 */
static void make_world(const struct logs_place *place, struct world *w)
{
	struct buf pending[LOGS] = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};

	srand(11);
	for (int i = 0; i < LINES; i++) {
		int k = rand() % LOGS;

		/* Of equal times the log that is named first comes first. */
		w->time[i] = i == 0 ? 0 : w->time[i - 1] + (rand() % 3 ? 1 + rand() % 900000 : 0);
		if (i > 0 && w->time[i] == w->time[i - 1] && k < w->whose[i - 1])
			w->time[i]++;
		w->whose[i] = k;
		put_line(&pending[k], w, i, k == 1 || (k == 2 && i > LINES / 2));
		if (rand() % 400 == 0) {
			logs_append(place, files[k], pending[k].data, pending[k].size);
			buf_clear(&pending[k]);
			logs_rotate(place, files[k], w->time[i] + 1,
				    (enum logs_packing)(rand() % LOGS_N_PACKINGS));
		}
	}
	for (int k = 0; k < LOGS; k++) {
		logs_append(place, files[k], buf_text(&pending[k]), pending[k].size);
		buf_fini(&pending[k]);
	}
}

static void expect_lines(const struct logs_place *place, const char *words, int from, int to,
			 int step)
{
	struct buf expected = BUF_INIT;
	char shell[400];

	for (int i = from; i < to; i += step)
		buf_printf(&expected, "line %d\n", i);
	snprintf(shell, sizeof(shell), "L --raw %s", words);
	logs_expect(place, shell, buf_text(&expected));
	buf_fini(&expected);
}

static int first_at(const struct world *w, int64_t time)
{
	int i = 0;

	while (i < LINES && w->time[i] < time)
		i++;
	return i;
}

Test(logs, many_files_in_the_order_of_time)
{
	static struct world w;
	struct logs_place place;

	logs_place_init(&place);
	make_world(&place, &w);
	expect_lines(&place, "", 0, LINES, 1);
	expect_lines(&place, "/", 0, LINES, 1);
	for (int n = 0; n < LINES + 10; n = n * 3 + 1) {
		char words[64];

		snprintf(words, sizeof(words), "-n %d", n);
		expect_lines(&place, words, n > LINES ? 0 : LINES - n, LINES, 1);
	}
	logs_place_fini(&place);
}

/* Places all over the world, a time that a line has or one beside it. */
#define PLACES 24

static int64_t time_at(const struct world *w, int place)
{
	return w->time[place * 251] + place % 3 - 1;
}

Test(logs, from_a_time)
{
	static struct world w;
	struct logs_place place;
	char words[200];

	logs_place_init(&place);
	make_world(&place, &w);
	for (int i = 0; i < PLACES; i++) {
		int64_t time = time_at(&w, i);
		int first = first_at(&w, time);

		snprintf(words, sizeof(words), "--since '%.27s'", logs_stamp(time));
		expect_lines(&place, words, first, LINES, 1);
		snprintf(words, sizeof(words), "--since '%.27s' -n 500", logs_stamp(time));
		expect_lines(&place, words, MAX_OF(first, LINES - 500), LINES, 1);
	}
	logs_place_fini(&place);
}

Test(logs, to_a_time)
{
	static struct world w;
	struct logs_place place;
	char words[200];

	logs_place_init(&place);
	make_world(&place, &w);
	for (int i = 0; i < PLACES; i++) {
		int64_t time = time_at(&w, i);
		int end = first_at(&w, time + 1);

		snprintf(words, sizeof(words), "--until '%.27s'", logs_stamp(time));
		expect_lines(&place, words, 0, end, 1);
		snprintf(words, sizeof(words), "--until '%.27s' -n 7", logs_stamp(time));
		expect_lines(&place, words, MAX_OF(end - 7, 0), end, 1);
	}
	logs_place_fini(&place);
}

Test(logs, the_last_that_match)
{
	static struct world w;
	struct logs_place place;

	logs_place_init(&place);
	make_world(&place, &w);
	expect_lines(&place, "--grep '00$'", 100, LINES, 100);
	expect_lines(&place, "--grep '^LINE [0-9]*00$' -i", 100, LINES, 100);
	for (int n = 1; n < 60; n += 9) {
		char words[64];

		snprintf(words, sizeof(words), "--grep '00$' -n %d", n);
		expect_lines(&place, words, LINES - 100 * n, LINES, 100);
	}
	expect_lines(&place, "--grep 'line 17$' -n 3", 17, 18, 1);
	expect_lines(&place, "--grep nothing -n 3", 0, 0, 1);
	logs_place_fini(&place);
}

/* More logs than files that may be open: each is closed and opened again, packed ones as well. */
Test(logs, few_files_may_be_open)
{
	struct buf expected = BUF_INIT;
	struct logs_place place;
	char file[64], line[64];

	logs_place_init(&place);
	for (int i = 0; i < 1200; i++) {
		snprintf(file, sizeof(file), "services/s%03d.log", i % 120);
		snprintf(line, sizeof(line), "%sline %d\n", logs_stamp(i), i);
		logs_append_text(&place, file, line);
		if (i >= 360 && i < 480)
			logs_rotate(&place, file, i, (enum logs_packing)(i % LOGS_N_PACKINGS));
		buf_printf(&expected, "line %d\n", i);
	}
	logs_expect(&place, "ulimit -n 40; L --raw", buf_text(&expected));
	logs_expect(&place, "ulimit -n 12; L --raw", buf_text(&expected));
	logs_expect(&place, "ulimit -n 40; L --raw -n 2", "line 1198\nline 1199\n");
	buf_fini(&expected);
	logs_place_fini(&place);
}

/* ---- forms ---- */

Test(logs, how_lines_look_in_a_pipe)
{
	struct logs_place place;
	struct buf lines = BUF_INIT;

	logs_place_init(&place);
	buf_printf(&lines, "%s\033[31mred\033[0m \xff\n", logs_stamp(1));
	buf_printf(&lines, "%saaa\n%.27s+bbb\n%.27s+ccc\n", logs_stamp(2), logs_stamp(3),
		   logs_stamp(4));
	buf_printf(&lines, "%s\n%storn", logs_stamp(5), logs_stamp(6));
	logs_append(&place, "services/web/api.log", lines.data, lines.size);
	logs_expect(&place, "L web/api",
		    "2026-11-30T12:00:00.000001Z \033[31mred\033[0m \xff\n"
		    "2026-11-30T12:00:00.000002Z aaabbbccc\n"
		    "2026-11-30T12:00:00.000005Z \n"
		    "2026-11-30T12:00:00.000006Z torn\n");
	logs_expect(&place, "L --raw web/api", "\033[31mred\033[0m \xff\naaabbbccc\n\ntorn");
	logs_expect(
		&place, "L --json web/api",
		"{\"time\":\"2026-11-30T12:00:00.000001Z\",\"name\":\"web/api\","
		"\"line_base64\":\"G1szMW1yZWQbWzBtIP8=\"}\n"
		"{\"time\":\"2026-11-30T12:00:00.000002Z\",\"name\":\"web/api\","
		"\"line\":\"aaabbbccc\"}\n"
		"{\"time\":\"2026-11-30T12:00:00.000005Z\",\"name\":\"web/api\",\"line\":\"\"}\n"
		"{\"time\":\"2026-11-30T12:00:00.000006Z\",\"name\":\"web/api\","
		"\"line\":\"torn\"}\n");
	logs_expect(&place, "L --grep 'a+b+c' web/api", "2026-11-30T12:00:00.000002Z aaabbbccc\n");
	logs_append_text(&place, "services/db.log", "");
	logs_expect(&place, "L -n 1", "web/api | 2026-11-30T12:00:00.000006Z torn\n");
	buf_fini(&lines);
	logs_place_fini(&place);
}

Test(logs, records_and_bytes)
{
	struct logs_place place;
	struct buf lines = BUF_INIT;

	logs_place_init(&place);
	buf_printf(&lines,
		   "{\"time\":\"%.27s\",\"name\":\"j\",\"line\":\"say \\\"a\\\" \\u00e9\"}\n"
		   "{\"time\":\"%.27s\",\"name\":\"j\",\"line\":\"be\",\"more\":true}\n"
		   "{\"time\":\"%.27s\",\"name\":\"j\",\"line\":\"gin\"}\n"
		   "{\"time\":\"%.27s\",\"name\":\"j\",\"line_base64\":\"/w==\"}\n",
		   logs_stamp(1), logs_stamp(2), logs_stamp(3), logs_stamp(4));
	logs_append(&place, "services/j.log", lines.data, lines.size);
	logs_expect(&place, "L --raw j", "say \"a\" \xc3\xa9\nbegin\n\xff\n");
	logs_expect(
		&place, "L --grep begin j",
		"{\"time\":\"2026-11-30T12:00:00.000002Z\",\"name\":\"j\",\"line\":\"begin\"}\n");
	logs_append(&place, "services/raw.log", "one\n\0two\n{\"time\":\"soon\"}\n", 25);
	logs_expect(&place, "L --json raw",
		    "{\"time\":null,\"name\":\"raw\",\"line\":\"one\"}\n"
		    "{\"time\":null,\"name\":\"raw\",\"line_base64\":\"AHR3bw==\"}\n"
		    "{\"time\":null,\"name\":\"raw\",\"line\":\"{\\\"time\\\":\\\"soon\\\"}\"}\n");
	logs_expect(&place, "L -n 1 raw", "{\"time\":\"soon\"}\n");
	/* What has no time stands where its file was last written. */
	logs_append_text(&place, "services/x.log", "one\ntwo\n");
	logs_expect(&place,
		    "touch -d '2026-11-30 12:00:00.0000035Z' $DIR/services/x.log; L --raw j x",
		    "say \"a\" \xc3\xa9\nbegin\none\ntwo\n\xff\n");
	logs_expect(&place, "L --raw --since '2026-11-30 12:00:00.000004' j x", "\xff\n");
	logs_rotate(&place, "services/x.log", 1, LOGS_GZIP);
	logs_expect(&place, "L --raw j x", "say \"a\" \xc3\xa9\none\ntwo\nbegin\n\xff\n");
	buf_fini(&lines);
	logs_place_fini(&place);
}

/* A line keeps its place behind the one before it: clocks are set back. */
Test(logs, times_that_fall)
{
	struct logs_place place;
	struct buf lines = BUF_INIT;

	logs_place_init(&place);
	buf_printf(&lines, "%sa1\n%sa2\n%sa3\n%sa4\n", logs_stamp(10), logs_stamp(20),
		   logs_stamp(5), logs_stamp(30));
	logs_append(&place, "services/a.log", lines.data, lines.size);
	buf_clear(&lines);
	buf_printf(&lines, "%sb1\n%sb2\n", logs_stamp(15), logs_stamp(25));
	logs_append(&place, "services/b.log", lines.data, lines.size);
	logs_expect(&place, "L --raw", "a1\nb1\na2\na3\nb2\na4\n");
	logs_expect(&place, "L --raw --since '2026-11-30 12:00:00.000016'", "a2\na3\nb2\na4\n");
	logs_expect(&place, "L --raw --until '2026-11-30 12:00:00.000022'", "a1\nb1\na2\na3\n");
	buf_fini(&lines);
	logs_place_fini(&place);
}

Test(logs, the_daemon_s_own)
{
	struct logs_place place;

	logs_place_init(&place);
	logs_append_text(&place, "supd.log",
			 "2026-11-30 12:00:00.001  info     web/db        running, OS pid 4242\n"
			 "{\"time\":\"2026-11-30T12:00:00.003Z\",\"level\":\"info\"}\n"
			 "2026-11-30T12:00:00.004000Z warning  supd          hm\n");
	logs_append_text(&place, "services/a.log", "2026-11-30T12:00:00.002000Z a\n");
	logs_expect(&place, "L",
		    "supd | 2026-11-30 12:00:00.001  info     web/db        running, OS pid 4242\n"
		    "a    | 2026-11-30T12:00:00.002000Z a\n"
		    "supd | {\"time\":\"2026-11-30T12:00:00.003Z\",\"level\":\"info\"}\n"
		    "supd | 2026-11-30T12:00:00.004000Z warning  supd          hm\n");
	logs_expect(&place, "L --json supd | tail -n 1",
		    "{\"time\":\"2026-11-30T12:00:00.004000Z\",\"name\":\"supd\","
		    "\"line\":\"warning  supd          hm\"}\n");
	logs_expect(&place, "L /", "2026-11-30T12:00:00.002000Z a\n");
	/* What was before is not among the last ones. */
	logs_expect(&place, "L --since '2026-11-30 12:00:00.002' -n 1 supd a",
		    "supd | 2026-11-30T12:00:00.004000Z warning  supd          hm\n");
	logs_expect(&place, "L --since '2026-11-30 12:00:00.004' -n 2",
		    "supd | 2026-11-30T12:00:00.004000Z warning  supd          hm\n");
	logs_append_text(&place, "services/a.log", "2026-11-30T12:00:00.005000Z late\n");
	logs_expect(&place, "L --since '2026-11-30 12:00:00.005' -n 1",
		    "a    | 2026-11-30T12:00:00.005000Z late\n");
	logs_expect(&place, "L --since '2026-11-30 12:00:00.005' -n 2",
		    "a    | 2026-11-30T12:00:00.005000Z late\n");
	logs_place_fini(&place);
}

/* ---- which ---- */

Test(logs, which_are_meant)
{
	static const struct {
		const char *words, *names;
	} rows[] = {
		{"", "a a@1 a@2 ab a/b a/b/c a/@x"},
		{"/", "a a@1 a@2 ab a/b a/b/c a/@x"},
		{"a", "a a/b a/b/c a/@x"},
		{"a/", "a a/b a/b/c a/@x"},
		{"a@", "a@1 a@2"},
		{"a@2", "a@2"},
		{"a/b", "a/b a/b/c"},
		{"a/b/c a/b/c", "a/b/c"},
		{"ab a/b/c", "ab a/b/c"},
		{"a/@", "a/@x"},
	};
	static const char *const names[] = {"a", "a@1", "a@2", "ab", "a/b", "a/b/c", "a/@x"};
	struct logs_place place;
	char text[200];

	logs_place_init(&place);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char file[64];

		snprintf(file, sizeof(file), "services/%s.log", names[i]);
		snprintf(text, sizeof(text), "%s%s\n", logs_stamp((int64_t)i), names[i]);
		logs_append_text(&place, file, text);
	}
	/* No logs. */
	logs_append_text(&place, "events.log", "x\n");
	logs_append_text(&place, "services/notes", "x\n");
	logs_append_text(&place, "services/a.log.old", "x\n");
	logs_append_text(&place, "services/a.log.20261130T120000.000000Z.zst.tmp", "x\n");
	logs_append_text(&place, "other/z.log", "x\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof(text), "L --raw %s | tr '\\n' ' ' | sed 's/ $//'",
			 rows[i].words);
		logs_expect(&place, text, rows[i].names);
	}
	logs_place_fini(&place);
}

/* Its live file may be missing. */
Test(logs, old_files_alone)
{
	struct logs_place place;
	char line[64];

	logs_place_init(&place);
	snprintf(line, sizeof(line), "%sold\n", logs_stamp(1));
	logs_append_text(&place, "services/a.log.x.log", line);
	logs_rotate(&place, "services/a.log.x.log", 2, LOGS_ZSTD);
	logs_expect(&place, "L --json",
		    "{\"time\":\"2026-11-30T12:00:00.000001Z\",\"name\":\"a.log.x\","
		    "\"line\":\"old\"}\n");
	logs_place_fini(&place);
}

/* ---- what goes wrong ---- */

static void expect_error(const struct logs_place *place, const char *shell, int status,
			 const char *part, const char *out)
{
	struct logs_output output = logs_run(place, shell);

	cr_expect_eq(output.status, status, "%s: %d %s", shell, output.status,
		     buf_text(&output.err));
	cr_expect(strstr(buf_text(&output.err), part), "%s: %s", shell, buf_text(&output.err));
	cr_expect_str_eq(buf_text(&output.out), out, "%s", shell);
	logs_output_fini(&output);
}

Test(logs, errors)
{
	struct logs_place place;

	logs_place_init(&place);
	expect_error(&place, "L", 1, "no logs of supd", "");
	logs_append_text(&place, "services/a.log", "x\n");
	expect_error(&place, "L b", 3, "b: there is no log of that name in /tmp", "");
	expect_error(&place, "L a b", 3, "b: there is no log", "x\n");
	expect_error(&place, "supctl logs --dir $DIR/none", 1, "No such file", "");
	expect_error(&place, "L -n x", 2, "-n x: not a number", "");
	expect_error(&place, "L --since soon", 2, "--since soon: not a time", "");
	expect_error(&place, "L -f --until now", 2, "not both", "");
	expect_error(&place, "L --grep '('", 2, "--grep (: ", "");
	expect_error(&place, "L -i", 2, "-i goes with --grep", "");
	expect_error(&place, "L --rotate", 2, "either --rotate or --dir", "");
	expect_error(&place, "supctl logs -s $DIR/none", 6, "--dir DIR", "");
	expect_error(&place, "L > /dev/full", 1, "No space left", "");
	logs_place_fini(&place);
}

/* Nothing that somebody puts in a log's place is followed, or makes it wait. */
Test(logs, what_is_no_file)
{
	struct logs_place place;

	logs_place_init(&place);
	logs_append_text(&place, "services/a.log", "x\n");
	expect_error(&place,
		     "mkfifo $DIR/services/fifo.log; mkdir $DIR/services/dir.log; "
		     "ln -s a.log $DIR/services/link.log; ln -s /etc $DIR/services/etc; L",
		     0, "", "x\n");
	expect_error(&place, "L link", 3, "no log of that name", "");
	logs_place_fini(&place);
}

Test(logs, damaged_old_files)
{
	struct logs_place place;

	logs_place_init(&place);
	logs_append_text(&place, "services/a.log", "one\n");
	logs_rotate(&place, "services/a.log", 1, LOGS_GZIP);
	logs_append_text(&place, "services/a.log", "two\n");
	expect_error(&place, "for f in $DIR/services/a.log.*; do truncate -s -6 $f; done; L", 1,
		     ".gz is damaged", "one\ntwo\n");
	expect_error(&place, "for f in $DIR/services/a.log.*; do echo > $f; done; L", 1,
		     ".gz is damaged", "two\n");
	logs_place_fini(&place);
}

/* A gigabyte that is mostly a hole is looked at where it has to be. */
Test(logs, large_files)
{
	struct logs_place place;
	char path[200];

	logs_place_init(&place);
	logs_append_text(&place, "services/a.log", "2026-11-30T12:00:00.000001Z first\n");
	snprintf(path, sizeof(path), "%s/services/a.log", place.path);
	cr_assert_eq(truncate(path, (off_t)4 << 30), 0);
	logs_append_text(&place, "services/a.log",
			 "\n2026-11-30T12:00:01.000000Z last but one\n"
			 "2026-11-30T12:00:02.000000Z last\n");
	logs_expect(&place, "L -n 2 --raw", "last but one\nlast\n");
	logs_expect(&place, "L -n 1 --raw --grep but", "last but one\n");
	logs_place_fini(&place);
}
