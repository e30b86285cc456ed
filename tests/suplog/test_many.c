/* SPDX-License-Identifier: MIT */

/*
 * Ten thousand streams, and a keeper that is killed: its successor has them all again in a time
 * that people wait for, and of each every line is there once.
 */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/suplog/rig.h"

/* Under a sanitizer, where each takes many times as long, fewer. */
#ifdef __SANITIZE_ADDRESS__
#define MANY 1000
#else
#define MANY 10000
#endif
/* Fds that are not for streams, of the test and of the keeper. */
#define OTHERS 200
#define KILLS 3
/* For all of them to be told and to have written a line each. */
#define SECONDS 60

/* How many streams there may be: two fds for each, here and in the keeper. */
static int raise_limit(void)
{
	const rlim_t wanted = 2 * MANY + OTHERS;
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < wanted)
		/* Not everybody may. */
		(void)!setrlimit(RLIMIT_NOFILE, &(struct rlimit){limit.rlim_cur, wanted});
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return limit.rlim_max >= wanted ? MANY : ((int)limit.rlim_max - OTHERS) / 2;
}

static void add_streams(struct rig *r)
{
	static char files[MANY][48];

	for (int i = 0; i < r->n; i++) {
		snprintf(files[i], sizeof(files[i]), "services/%d/%d.log", i / 100, i);
		/* A page for each: a user's pipes have only so many, and others need theirs. */
		cr_assert_eq(pipe2(r->pipes[i], O_CLOEXEC), 0);
		fcntl(r->pipes[i][0], F_SETPIPE_SZ, 4096);
		rig_stream(r, i,
			   &(struct rig_stream){.name = files[i],
						.file = files[i],
						.format = i % 2 ? "raw" : "text"});
	}
}

static void say(const struct rig *r, int round)
{
	for (int i = 0; i < r->n; i++)
		dprintf(r->pipes[i][1], "%d of %d\n", round, i);
}

/* Each stream has a mark of its own: it is answered when all of it is in its file. */
static void await_all(struct rig *r)
{
	struct rig_notice n;
	int left = 0;

	for (int i = 0; i < r->n; i++) {
		rig_mark(r, i, i + 1, 0);
		left++;
		/* A socket takes only so much: neither side may wait for the other. */
		while (left > 0 && rig_hear(r, &n, 0))
			left -= strcmp(n.kind, "marked") == 0;
	}
	while (left > 0) {
		cr_assert(rig_hear(r, &n, RIG_PATIENCE_MS), "%d marks were not reached", left);
		cr_assert_str_neq(n.kind, "trouble", "%s", field_text(&n.frame, "error"));
		left -= strcmp(n.kind, "marked") == 0;
	}
}

static void check(const struct rig *r, int rounds)
{
	for (int i = 0; i < r->n; i++) {
		CLEANUP(buf_fini) struct buf log = BUF_INIT, bare = BUF_INIT, ought = BUF_INIT;

		for (int round = 0; round < rounds; round++)
			buf_printf(&ought, "%d of %d\n", round, i);
		rig_read_log(r, r->streams[i].file, &log);
		if (i % 2 == 0)
			rig_strip(&log, &bare);
		cr_assert_str_eq(buf_text(i % 2 ? &log : &bare), buf_text(&ought));
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

Test(many, all_come_back_after_a_kill, .timeout = 300)
{
	struct rig r;
	int n = raise_limit();
	double begin;

	rig_init_in(&r, "/dev/shm", n);
	add_streams(&r);
	rig_start(&r);
	say(&r, 0);
	await_all(&r);
	for (int i = 1; i <= KILLS; i++) {
		/* In the midst of it. */
		say(&r, 2 * i - 1);
		rig_kill(&r);
		say(&r, 2 * i);
		begin = seconds();
		rig_start(&r);
		await_all(&r);
		begin = seconds() - begin;
		cr_assert_lt(begin, SECONDS, "%d streams took %f s", n, begin);
	}
	check(&r, 2 * KILLS + 1);
	cr_assert_eq(rig_finish(&r), 0);
	rig_fini(&r);
}
