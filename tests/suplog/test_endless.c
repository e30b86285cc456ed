/* SPDX-License-Identifier: MIT */

/*
 * A line that does not end: it gets into the log whole and in order, split and marked where the
 * format has lines, in files no larger than they may be, and the keeper needs no more memory for it
 * than for others.
 */

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suplog/rig.h"

#define FILE_0 "services/a.log"
#define STAMP 28
#define LINE_MAX_TEST 16384
#define SIZE ((int64_t)16 << 20)
/* Of the line; a gigabyte by ENDLESS_MB=1024. */
#define MEGABYTES 100
/* What it is made of, over and over. No size of a pipe, a batch or a line divides it. */
#define CYCLE (((size_t)1 << 20) + 12345)
/* Twice what a keeper with one stream has; under a sanitizer it says nothing. */
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_KB LONG_MAX
#else
#define MEMORY_KB 16384
#endif

struct scene {
	struct rig rig;
	char *cycle; /* owned; twice, so that any part of it is in one piece */
	bool text;
	size_t size;   /* bytes written */
	size_t seen;   /* bytes found in the files */
	size_t pieces; /* lines of the log */
};

static size_t line_size(void)
{
	const char *megabytes = getenv("ENDLESS_MB");

	return (size_t)(megabytes ? atoi(megabytes) : MEGABYTES) << 20;
}

static char *make_cycle(void)
{
	char *cycle = malloc(2 * CYCLE);

	cr_assert_not_null(cycle);
	for (size_t i = 0; i < CYCLE; i++)
		cycle[i] = cycle[i + CYCLE] = (char)('!' + (i * 31 + i / 89) % 90);
	return cycle;
}

static pid_t start_writer(const struct scene *s)
{
	pid_t pid = fork();
	size_t left = s->size, at = 0;

	cr_assert_geq(pid, 0);
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (left > 0) {
		ssize_t n = write(s->rig.pipes[0][1], s->cycle + at, MIN_OF(left, CYCLE));

		if (n <= 0)
			_exit(1);
		left -= (size_t)n;
		at = (at + (size_t)n) % CYCLE;
	}
	_exit(0);
}

/* That is what comes next of the line. */
static void check_piece(struct scene *s, const char *data, size_t size)
{
	for (size_t at = 0; at < size;) {
		size_t n = MIN_OF(size - at, CYCLE);

		cr_assert_eq(memcmp(data + at, s->cycle + s->seen % CYCLE, n), 0,
			     "something else stands in the log behind byte %zu", s->seen);
		s->seen += n;
		at += n;
	}
}

/* Whole lines: those of text begin with a time, and all but the first with a mark. */
static void check_text(struct scene *s, const char *at, const char *end)
{
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		cr_assert_not_null(newline, "a file ends within a line");
		cr_assert(newline - at > STAMP && newline - at <= STAMP + LINE_MAX_TEST);
		cr_assert(at[STAMP - 2] == 'Z' && at[STAMP - 1] == (s->pieces ? '+' : ' '),
			  "piece %zu: %.40s", s->pieces, at);
		check_piece(s, at + STAMP, (size_t)(newline - at) - STAMP);
		s->pieces++;
		at = newline + 1;
	}
}

static void check_file(const char *path, void *scene)
{
	struct scene *s = scene;
	CLEANUP(buf_fini) struct buf data = BUF_INIT;
	FILE *file = fopen(path, "re");
	char *to;

	cr_assert_not_null(file);
	to = buf_reserve(&data, (size_t)SIZE * 2);
	cr_assert_not_null(to);
	data.size = fread(to, 1, (size_t)SIZE * 2, file);
	fclose(file);
	/* A piece that was begun, as no more of it had come, is ended in the same file. A raw one
	 * is torn where it has got longer than it may be by a line. */
	cr_assert_leq(data.size, (size_t)SIZE + (s->text ? LINE_MAX_TEST : (size_t)1 << 20));
	if (s->text)
		check_text(s, data.data, data.data + data.size);
	else
		check_piece(s, data.data, data.size);
}

static void write_endless(const char *format)
{
	struct scene s = {.text = *format == 't', .size = line_size(), .cycle = make_cycle()};
	struct rig_notice n;
	pid_t writer;
	int status;
	long most;

	rig_init_in(&s.rig, "/dev/shm", 1);
	rig_stream(
		&s.rig, 0,
		&(struct rig_stream){.name = "a", .file = FILE_0, .format = format, .size = SIZE});
	rig_start(&s.rig);
	writer = start_writer(&s);
	cr_assert_eq(waitpid(writer, &status, 0), writer);
	cr_assert_eq(status, 0);
	rig_mark(&s.rig, 0, 1, 0);
	rig_expect(&s.rig, KEEPER_MARKED, &n);
	most = rig_status(&s.rig, "VmHWM");
	cr_assert_eq(rig_finish(&s.rig), 0);
	rig_each_file(&s.rig, FILE_0, check_file, &s);
	cr_assert_eq(s.seen, s.size, "%zu bytes are in the log, not %zu", s.seen, s.size);
	cr_assert_geq(rig_count_old(&s.rig, FILE_0),
		      s.size / ((size_t)SIZE + ((size_t)1 << 20)) - 1);
	cr_assert_leq(most, MEMORY_KB, "the keeper has taken %ld kB", most);
	free(s.cycle);
	rig_fini(&s.rig);
}

Test(endless, text, .timeout = 300)
{
	write_endless("text");
}

Test(endless, raw, .timeout = 300)
{
	write_endless("raw");
}
