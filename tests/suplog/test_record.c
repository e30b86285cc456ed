/* SPDX-License-Identifier: MIT */

/*
 * The record's recovery, from every state that a keeper can be killed in: what is left in the pipe
 * is what is not in the file.
 */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "suplog/record.h"

#define NUMBER 7

struct scene {
	int memfd, pipe[2], staging[2];
	struct record record;
};

static void open_record(struct scene *s)
{
	int staging[2] = {fcntl(s->staging[0], F_DUPFD_CLOEXEC, 0),
			  fcntl(s->staging[1], F_DUPFD_CLOEXEC, 0)};

	cr_assert_eq(record_open(&s->record, s->memfd, staging), 0);
}

static void scene_init(struct scene *s)
{
	s->memfd = memfd_create("record", MFD_CLOEXEC);
	cr_assert_geq(s->memfd, 0);
	cr_assert_eq(pipe2(s->pipe, O_CLOEXEC | O_NONBLOCK), 0);
	cr_assert_eq(pipe2(s->staging, O_CLOEXEC | O_NONBLOCK), 0);
	open_record(s);
	cr_assert_eq(record_begin(&s->record, NUMBER, s->pipe[0]), 0);
}

/* The keeper is killed: only what supd holds is left; another one comes. */
static void next_keeper(struct scene *s)
{
	record_close(&s->record);
	open_record(s);
}

static void scene_fini(struct scene *s)
{
	record_close(&s->record);
	for (int i = 0; i < 2; i++) {
		close(s->pipe[i]);
		close(s->staging[i]);
	}
	close(s->memfd);
}

static int in_pipe(int fd)
{
	int n = -1;

	cr_assert_eq(ioctl(fd, FIONREAD, &n), 0);
	return n;
}

static void put(int fd, const char *text)
{
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

Test(record, a_batch_is_taken_out_of_the_pipe)
{
	struct scene s;
	struct record_slot then = {.offset = 100, .state = {.fill = 3, .open = 1}};
	char rest[16] = {0};

	scene_init(&s);
	put(s.pipe[1], "0123456789");
	cr_assert_eq(record_commit(&s.record, NUMBER, s.pipe[0], 6, &then), 0);
	cr_assert_eq(read(s.pipe[0], rest, sizeof(rest)), 4);
	cr_assert_str_eq(rest, "6789");
	cr_assert_eq(in_pipe(s.staging[0]), 0);
	next_keeper(&s);
	cr_assert_eq(record_begin(&s.record, NUMBER, s.pipe[0]), 0);
	cr_assert_eq(record_slot(&s.record, NUMBER)->offset, 100);
	cr_assert_eq(record_slot(&s.record, NUMBER)->state.fill, 3);
	scene_fini(&s);
}

/* What a killed keeper may have left, of a batch of 6 of 10 bytes. */
struct left {
	const char *name;
	enum record_phase phase;
	int n;      /* in the word */
	int staged; /* bytes in staging; these were taken out of the pipe */
	int taken;  /* bytes taken out of the pipe in all */
	const char *rest;
};

static const struct left states[] = {
	{"not committed", RECORD_IDLE, 0, 0, 0, "0123456789"},
	{"committed", RECORD_COMMITTED, 6, 0, 0, "6789"},
	{"a part moved", RECORD_COMMITTED, 6, 2, 2, "6789"},
	{"all moved", RECORD_COMMITTED, 6, 6, 6, "6789"},
	{"a part moved, and said", RECORD_DRAINING, 4, 2, 2, "6789"},
	{"that part drained in part", RECORD_DRAINING, 4, 1, 2, "6789"},
	{"that part drained", RECORD_DRAINING, 4, 0, 2, "6789"},
	{"the rest again", RECORD_COMMITTED, 4, 0, 2, "6789"},
	{"the rest moved in part", RECORD_COMMITTED, 4, 3, 5, "6789"},
	{"all moved, and said", RECORD_DRAINING, 0, 6, 6, "6789"},
	{"all drained", RECORD_DRAINING, 0, 0, 6, "6789"},
	{"through", RECORD_IDLE, 0, 0, 6, "6789"},
};

static void leave(struct scene *s, const struct left *left)
{
	char taken[16];

	put(s->pipe[1], "0123456789");
	if (left->taken > 0)
		cr_assert_eq(read(s->pipe[0], taken, (size_t)left->taken), left->taken);
	if (left->staged > 0)
		cr_assert_eq(write(s->staging[1], "xxxxxxxxxx", (size_t)left->staged),
			     left->staged);
	s->record.head->number = NUMBER;
	s->record.head->offset = 200;
	atomic_store(&s->record.head->word, (uint64_t)left->n << 8 | (uint64_t)left->phase);
}

static void check_left(struct scene *s, const struct left *left)
{
	char rest[16] = {0};

	cr_assert_eq(record_begin(&s->record, NUMBER, s->pipe[0]), 0, "%s", left->name);
	cr_assert_eq(read(s->pipe[0], rest, sizeof(rest)), (ssize_t)strlen(left->rest), "%s: %s",
		     left->name, rest);
	cr_assert_str_eq(rest, left->rest, "%s", left->name);
	cr_assert_eq(in_pipe(s->staging[0]), 0, "%s", left->name);
	cr_assert_eq(record_slot(&s->record, NUMBER)->offset, left->phase == RECORD_IDLE ? 0 : 200,
		     "%s", left->name);
}

Test(record, every_state_is_recovered)
{
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		struct scene s;

		scene_init(&s);
		leave(&s, &states[i]);
		next_keeper(&s);
		check_left(&s, &states[i]);
		scene_fini(&s);
	}
}

/* The one that recovers is killed too, before the stream came and after. */
Test(record, recovery_is_recovered)
{
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		struct scene s;

		scene_init(&s);
		leave(&s, &states[i]);
		next_keeper(&s);
		next_keeper(&s);
		check_left(&s, &states[i]);
		next_keeper(&s);
		cr_assert_eq(record_begin(&s.record, NUMBER, s.pipe[0]), 0);
		cr_assert_eq(in_pipe(s.pipe[0]), 0);
		scene_fini(&s);
	}
}

/* What is owed is owed by a pipe, not by whoever has its number next. */
Test(record, another_pipe_owes_nothing)
{
	struct scene s;
	int other[2];

	scene_init(&s);
	leave(&s, &states[1]);
	next_keeper(&s);
	cr_assert_eq(pipe2(other, O_CLOEXEC), 0);
	put(other[1], "0123456789");
	cr_assert_eq(record_begin(&s.record, NUMBER, other[0]), 0);
	cr_assert_eq(in_pipe(other[0]), 10);
	cr_assert_eq(record_slot(&s.record, NUMBER)->offset, 0);
	close(other[0]);
	close(other[1]);
	scene_fini(&s);
}

/* What was held while the disk hung: a part of it is in the file, the rest is for the caller. */
Test(record, what_was_held_is_released)
{
	struct scene s;
	struct record_slot then = {.offset = 50};
	char data[16] = {0};

	scene_init(&s);
	put(s.pipe[1], "0123456789");
	cr_assert_eq(record_hold(&s.record, NUMBER, s.pipe[0], 8), 8);
	cr_assert_eq(in_pipe(s.pipe[0]), 2);
	cr_assert_eq(record_release(&s.record, s.pipe[0], 5, &then, data, sizeof(data)), 3);
	cr_assert_str_eq(data, "567");
	cr_assert_eq(record_slot(&s.record, NUMBER)->offset, 50);
	cr_assert_eq(in_pipe(s.staging[0]), 0);
	scene_fini(&s);
}

/* More of it is in the file than was held, as staging is small: the rest is taken as well. */
Test(record, what_is_written_and_was_not_held)
{
	struct scene s;
	struct record_slot then = {.offset = 50};
	char data[16] = {0}, page[4096];
	int held, all = 0;

	scene_init(&s);
	held = fcntl(s.staging[0], F_SETPIPE_SZ, 4096);
	cr_assert_gt(held, 0);
	memset(page, 'x', sizeof(page));
	for (; all < held + 4096; all += 4096)
		cr_assert_eq(write(s.pipe[1], page, sizeof(page)), 4096);
	put(s.pipe[1], "behind");
	cr_assert_eq(record_hold(&s.record, NUMBER, s.pipe[0], (size_t)all), (size_t)held);
	cr_assert_eq(record_release(&s.record, s.pipe[0], (size_t)all, &then, data, sizeof(data)),
		     0);
	cr_assert_eq(read(s.pipe[0], data, sizeof(data)), 6);
	cr_assert_str_eq(data, "behind");
	cr_assert_eq(in_pipe(s.staging[0]), 0);
	scene_fini(&s);
}

/* ... and where the keeper is killed meanwhile, its size is told once. */
Test(record, what_was_held_is_lost_and_counted)
{
	struct scene s;

	scene_init(&s);
	put(s.pipe[1], "0123456789");
	cr_assert_eq(record_hold(&s.record, NUMBER, s.pipe[0], 8), 8);
	next_keeper(&s);
	next_keeper(&s);
	cr_assert_eq(record_begin(&s.record, NUMBER, s.pipe[0]), 0);
	cr_assert_eq(in_pipe(s.pipe[0]), 2);
	cr_assert_eq(in_pipe(s.staging[0]), 0);
	cr_assert_eq(record_slot(&s.record, NUMBER)->offset, 0);
	cr_assert_eq(record_take_lost(&s.record, NUMBER), 8);
	cr_assert_eq(record_take_lost(&s.record, NUMBER), 0);
	scene_fini(&s);
}

/* Another stream's batch comes between: what is owed stays owed. */
Test(record, a_debt_outlives_the_batches_of_others)
{
	struct scene s;
	int other[2];

	scene_init(&s);
	leave(&s, &states[2]);
	next_keeper(&s);
	cr_assert_eq(pipe2(other, O_CLOEXEC), 0);
	put(other[1], "0123456789");
	cr_assert_eq(record_begin(&s.record, NUMBER + 1, other[0]), 0);
	cr_assert_eq(record_commit(&s.record, NUMBER + 1, other[0], 10,
				   &(struct record_slot){.offset = 5}),
		     0);
	check_left(&s, &states[2]);
	close(other[0]);
	close(other[1]);
	scene_fini(&s);
}

/* A service may read its own pipe: that ends nothing. */
Test(record, bytes_that_are_gone_are_not_waited_for)
{
	struct scene s;

	scene_init(&s);
	put(s.pipe[1], "0123");
	cr_assert_eq(
		record_commit(&s.record, NUMBER, s.pipe[0], 6, &(struct record_slot){.offset = 5}),
		-EAGAIN);
	next_keeper(&s);
	cr_assert_eq(record_begin(&s.record, NUMBER, s.pipe[0]), 0);
	put(s.pipe[1], "456");
	cr_assert_eq(in_pipe(s.pipe[0]), 3);
	scene_fini(&s);
}

Test(record, a_record_that_is_none_is_refused)
{
	struct scene s;
	int staging[2];

	scene_init(&s);
	s.record.head->magic++;
	record_close(&s.record);
	staging[0] = fcntl(s.staging[0], F_DUPFD_CLOEXEC, 0);
	staging[1] = fcntl(s.staging[1], F_DUPFD_CLOEXEC, 0);
	cr_assert_eq(record_open(&s.record, s.memfd, staging), -EPROTO);
	scene_fini(&s);
}
