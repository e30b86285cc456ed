/* SPDX-License-Identifier: MIT */

/*
 * A keeper that is killed under load, again and again: what is in the files afterwards is what was
 * written, byte for byte. The writers write without end until the last kill, whatever the speed of
 * the machine: then they are told to stop, and say how much it was.
 */

#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "suplog/record.h"
#include "tests/suplog/rig.h"

#define KILLS 100
/* Keepers live for less than twice that. */
#define AWAIT_NS 10000000
#define LOADS_MAX 8
/* What a writer writes, over and over. No size of a pipe or of a batch divides it. */
#define CYCLE (((size_t)3 << 20) + 12345)

struct load {
	const char *format;
	int64_t size;
};

/* Seen by all processes. */
struct board {
	_Atomic bool stop;
	_Atomic uint64_t written[LOADS_MAX];
};

struct scene {
	struct rig rig;
	const struct load *loads;
	int n;
	struct board *board;
	struct buf data[LOADS_MAX];
	pid_t writers[LOADS_MAX];
	char files[LOADS_MAX][32];
};

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
static void write_until_told(const struct scene *s, int number)
{
	const struct buf *data = &s->data[number];
	uint64_t state = (uint64_t)number + 77;
	size_t at = 0;

	while (!atomic_load(&s->board->stop)) {
		uint64_t kind = next_random(&state);
		size_t n = kind % 8 == 0 ? 65536 : kind % 3 == 1 ? 100 : 1 + kind / 8 % 5000;
		ssize_t w;

		if (n > data->size - at)
			n = data->size - at;
		w = write(s->rig.pipes[number][1], data->data + at, n);
		if (w <= 0)
			_exit(1);
		atomic_fetch_add(&s->board->written[number], (uint64_t)w);
		at = (at + (size_t)w) % data->size;
		if (kind % 13 == 0)
			nanosleep(&(struct timespec){0, 300000}, NULL);
	}
	_exit(0);
}

static pid_t start_writer(const struct scene *s, int number)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_DFL);
		write_until_told(s, number);
	}
	return pid;
}

static void compare(const struct scene *s, int number, const struct buf *is)
{
	const struct buf *data = &s->data[number];
	uint64_t ought = atomic_load(&s->board->written[number]);
	size_t same = 0;

	while (same < is->size) {
		size_t at = same % data->size, n = MIN_OF(is->size - same, data->size - at);

		if (memcmp(is->data + same, data->data + at, n) != 0) {
			while (is->data[same] == data->data[same % data->size])
				same++;
			break;
		}
		same += n;
	}
	cr_assert(is->size == ought && same == ought,
		  "%s: %zu bytes, not %zu; they differ at %zu: `%.60s`, not `%.60s`",
		  s->files[number], is->size, (size_t)ought, same,
		  same < is->size ? is->data + same : "", data->data + same % data->size);
}

/* The value of a record's "line", which has none but simple escapes. Returns what is behind it. */
static const char *put_value(const char *at, struct buf *out)
{
	for (; *at != '"'; at++) {
		if (*at == '\\')
			at++;
		cr_assert(*at >= ' ');
		buf_putc(out, *at);
	}
	return at + 1;
}

/* Lines of a json log, those that were split put together. */
static void strip_json(const struct buf *log, struct buf *out)
{
	static const char field[] = "\"name\":\"test\",\"line\":\"";
	const char *at = log->data, *end = log->data + log->size;

	while (at < end) {
		cr_assert_eq(strncmp(at, "{\"time\":\"", 9), 0, "%.60s", at);
		at += strlen("{\"time\":\"2026-11-30T20:37:10.123456Z\",");
		cr_assert_eq(strncmp(at, field, strlen(field)), 0, "%.60s", at);
		at = put_value(at + strlen(field), out);
		if (strncmp(at, ",\"more\":true", 12) == 0)
			at += 12;
		else
			buf_putc(out, '\n');
		cr_assert_eq(strncmp(at, "}\n", 2), 0, "%.60s", at);
		at += 2;
	}
}

/* What a format has made of it is undone. */
static void check_log(const struct scene *s, int number)
{
	CLEANUP(buf_fini) struct buf log = BUF_INIT, bare = BUF_INIT;
	const struct load *load = &s->loads[number];
	bool raw = strcmp(load->format, "raw") == 0;

	rig_read_log(&s->rig, s->files[number], &log);
	if (strcmp(load->format, "text") == 0)
		rig_strip(&log, &bare);
	else if (!raw)
		strip_json(&log, &bare);
	cr_assert_eq(bare.error, 0);
	/* A last line that was cut by the end of its writer is ended: json cannot but do so. */
	if (!raw && bare.size == atomic_load(&s->board->written[number]) + 1)
		bare.size--;
	compare(s, number, raw ? &log : &bare);
	if (load->size > 0)
		cr_assert_gt(rig_count_old(&s->rig, s->files[number]), 1);
}

static void scene_init(struct scene *s)
{
	rig_init(&s->rig);
	s->board = mmap(NULL, sizeof(*s->board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	cr_assert_neq(s->board, MAP_FAILED);
	for (int i = 0; i < s->n; i++) {
		snprintf(s->files[i], sizeof(s->files[i]), "services/%d/log.log", i);
		make_lines(&s->data[i], (uint64_t)i + 1, CYCLE);
		rig_stream(&s->rig, i,
			   &(struct rig_stream){.file = s->files[i],
						.format = s->loads[i].format,
						.size = s->loads[i].size});
		s->writers[i] = start_writer(s, i);
	}
}

static void scene_fini(struct scene *s)
{
	for (int i = 0; i < s->n; i++)
		buf_fini(&s->data[i]);
	munmap(s->board, sizeof(*s->board));
	rig_fini(&s->rig);
}

/* Until the batch at hand has come that far, as the record shows; for a while at most. */
static void await_phase(const struct record_head *head, enum record_phase phase)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		for (int i = 0; i < 1000; i++)
			if ((atomic_load(&head->word) & 0xff) == phase)
				return;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000000000 + now.tv_nsec - begin.tv_nsec < AWAIT_NS);
}

/* At any time; and, as they are short, in the moments in which a batch is neither here nor there.
 */
static void kill_keepers(struct scene *s)
{
	static const enum record_phase phases[] = {RECORD_IDLE, RECORD_COMMITTED, RECORD_DRAINING};
	uint64_t state = (uint64_t)getpid();
	const struct record_head *head = NULL;

	for (int i = 0; i < KILLS; i++) {
		enum record_phase phase = phases[i % (int)ARRAY_LEN(phases)];

		rig_start(&s->rig);
		if (!head)
			head = mmap(NULL, sizeof(*head), PROT_READ, MAP_SHARED, s->rig.memfd, 0);
		cr_assert_neq(head, MAP_FAILED);
		nanosleep(&(struct timespec){0, (long)(next_random(&state) % AWAIT_NS)}, NULL);
		if (phase != RECORD_IDLE)
			await_phase(head, phase);
		rig_kill(&s->rig);
	}
	munmap((void *)(uintptr_t)head, sizeof(*head));
}

/* On a slow machine that has not come to pass while they were killed. */
static void await_rotations(const struct scene *s)
{
	for (int i = 0; i < s->n; i++)
		while (atomic_load(&s->board->written[i]) < 4 * (uint64_t)s->loads[i].size)
			nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static void stop_writers(struct scene *s)
{
	int status;

	for (int i = 0; i < s->n; i++)
		cr_assert_eq(waitpid(s->writers[i], &status, WNOHANG), 0,
			     "writer %d ended before the last kill", i);
	rig_start(&s->rig);
	await_rotations(s);
	atomic_store(&s->board->stop, true);
	for (int i = 0; i < s->n; i++) {
		cr_assert_eq(waitpid(s->writers[i], &status, 0), s->writers[i]);
		cr_assert_eq(status, 0, "writer %d ended with %x", i, (unsigned)status);
	}
	cr_assert_eq(rig_finish(&s->rig), 0);
}

Test(crash, kills_under_load, .timeout = 300)
{
	static const struct load loads[] = {{"raw", 0},       {"text", 0},       {"json", 0},
					    {"raw", 1 << 18}, {"text", 1 << 18}, {"json", 1 << 18}};
	struct scene s = {.loads = loads, .n = ARRAY_LEN(loads)};

	scene_init(&s);
	kill_keepers(&s);
	stop_writers(&s);
	for (int i = 0; i < s.n; i++)
		check_log(&s, i);
	scene_fini(&s);
}
