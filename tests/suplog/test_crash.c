/* SPDX-License-Identifier: MIT */

/*
 * A keeper that is killed under load, again and again: what is in the files afterwards is what was
 * written, byte for byte.
 */

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/suplog/rig.h"

#define KILLS 100

/* A generator of lines, the same on both sides. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void make_lines(struct buf *out, uint64_t seed, size_t size)
{
	uint64_t state = seed * 2654435761u + 1;

	for (unsigned long i = 0; out->size < size; i++) {
		uint64_t length = next_random(&state);

		length = length % 50 == 0 ? length / 64 % 9000 : length / 64 % 200;
		buf_printf(out, "%08lu ", i);
		for (uint64_t n = 0; n < length; n++)
			buf_putc(out, (char)(' ' + (i + n) % 95));
		buf_putc(out, '\n');
	}
	cr_assert_eq(out->error, 0);
}

/* A process that writes the data in pieces of all sizes, and waits now and then. */
static pid_t start_writer(const struct rig *r, int number, const struct buf *data, uint64_t seed)
{
	pid_t pid = fork();
	uint64_t state = seed + 77;
	size_t at = 0;

	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;
	signal(SIGPIPE, SIG_DFL);
	while (at < data->size) {
		uint64_t kind = next_random(&state);
		size_t n = kind % 3 == 0 ? 65536 : kind % 3 == 1 ? 100 : 1 + kind / 8 % 5000;
		ssize_t w;

		if (n > data->size - at)
			n = data->size - at;
		w = write(r->pipes[number][1], data->data + at, n);
		if (w <= 0)
			_exit(1);
		at += (size_t)w;
		if (kind % 97 == 0)
			nanosleep(&(struct timespec){0, 300000}, NULL);
	}
	_exit(0);
}

static void compare(const struct buf *is, const struct buf *ought, const char *what)
{
	size_t at = 0;

	while (at < is->size && at < ought->size && is->data[at] == ought->data[at])
		at++;
	cr_assert(is->size == ought->size && at == is->size,
		  "%s: %zu bytes, not %zu; they differ at %zu: `%.60s`, not `%.60s`", what,
		  is->size, ought->size, at, at < is->size ? is->data + at : "",
		  at < ought->size ? ought->data + at : "");
}

static bool reap_writer(pid_t pid, int options)
{
	int status = 0;

	if (waitpid(pid, &status, options) != pid)
		return false;
	cr_assert_eq(status, 0, "a writer ended with %x", (unsigned)status);
	return true;
}

struct load {
	const char *format;
	int64_t size;
};

/* Services write while keepers are killed. */
static void kill_under_load(const struct load *loads, int n, size_t bytes)
{
	struct rig r;
	struct buf data[8] = {0};
	pid_t writers[8];
	char files[8][32];
	uint64_t state = (uint64_t)getpid();
	int left = n, kills = 0;

	rig_init(&r);
	for (int i = 0; i < n; i++) {
		snprintf(files[i], sizeof(files[i]), "services/%d/log.log", i);
		make_lines(&data[i], (uint64_t)i + 1, bytes);
		rig_stream(&r, i,
			   &(struct rig_stream){.file = files[i],
						.format = loads[i].format,
						.size = loads[i].size});
		writers[i] = start_writer(&r, i, &data[i], (uint64_t)i);
	}
	while (left > 0) {
		rig_start(&r);
		if (kills < KILLS || left == 0) {
			uint64_t ns = next_random(&state) % 6000000;

			nanosleep(&(struct timespec){0, (long)ns}, NULL);
			rig_kill(&r);
			kills++;
		} else {
			for (int i = 0; i < n; i++)
				reap_writer(writers[i], 0);
			left = 0;
			cr_assert_eq(rig_finish(&r), 0);
		}
	}
	cr_assert_geq(kills, KILLS);
	for (int i = 0; i < n; i++) {
		CLEANUP(buf_fini) struct buf log = BUF_INIT, bare = BUF_INIT;

		rig_read_log(&r, files[i], &log);
		if (strcmp(loads[i].format, "raw") == 0)
			compare(&log, &data[i], files[i]);
		else {
			rig_strip(&log, &bare);
			compare(&bare, &data[i], files[i]);
		}
		if (loads[i].size > 0)
			cr_assert_gt(rig_count_old(&r, files[i]), 1);
		buf_fini(&data[i]);
	}
	rig_fini(&r);
}

Test(crash, raw_and_text, .timeout = 300)
{
	static const struct load loads[] = {
		{"raw", 0}, {"text", 0}, {"raw", 1 << 20}, {"text", 1 << 20}};

	kill_under_load(loads, 4, 48 << 20);
}
