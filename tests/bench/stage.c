/* SPDX-License-Identifier: MIT */

#include "tests/bench/stage.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/subject.h"

#define ALL_THERE UINT32_MAX

static void futex_wait(uint32_t *word, uint32_t value, time_t seconds)
{
	struct timespec limit = {.tv_sec = seconds};

	syscall(SYS_futex, word, FUTEX_WAIT, value, seconds ? &limit : NULL, NULL, 0);
}

static void futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

struct stage *stage_new(uint32_t n)
{
	struct stage *stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (stage == MAP_FAILED)
		return NULL;
	stage->n = n;
	return stage;
}

static struct stage *stage_map(int fd)
{
	void *map = mmap(NULL, sizeof(struct stage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

struct stage *stage_make(const char *path, uint32_t n)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stage *stage;

	if (fd < 0 || ftruncate(fd, sizeof(*stage)) < 0)
		return NULL;
	stage = stage_map(fd);
	if (stage)
		stage->n = n;
	return stage;
}

struct stage *stage_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? NULL : stage_map(fd);
}

void stage_free(struct stage *stage)
{
	if (stage)
		munmap(stage, sizeof(*stage));
}

bool stage_gather(struct stage *stage)
{
	uint32_t waiting;

	for (int i = 0; i < STAGE_LIMIT_SECONDS; i++) {
		waiting = __atomic_load_n(&stage->waiting, __ATOMIC_SEQ_CST);
		if (stage->wrong[0])
			return false;
		if (waiting == ALL_THERE)
			return true;
		futex_wait(&stage->waiting, waiting, 1);
	}
	snprintf(stage->wrong, sizeof(stage->wrong), "it takes too long: %u of %u are through",
		 stage->waiting, stage->n);
	return false;
}

int64_t stage_begin(struct stage *stage, const struct stage_round *round)
{
	int64_t at;

	stage->round = *round;
	stage->waiting = 0;
	at = now_ns();
	__atomic_add_fetch(&stage->number, 1, __ATOMIC_SEQ_CST);
	futex_wake(&stage->number);
	return at;
}

double stage_play(struct stage *stage, const struct stage_round *round)
{
	int64_t at = stage_begin(stage, round), last = at;

	if (!stage_gather(stage))
		return -1;
	for (uint32_t i = 0; i < stage->n; i++)
		if (stage->actors[i].ended > last)
			last = stage->actors[i].ended;
	return (double)(last - at);
}

/* Only the last one wakes the driver. */
void stage_wait(struct stage *stage, uint32_t i)
{
	const uint32_t number = __atomic_load_n(&stage->number, __ATOMIC_SEQ_CST);

	stage->actors[i].ended = now_ns();
	stage->actors[i].os_pid = getpid();
	if (__atomic_add_fetch(&stage->waiting, 1, __ATOMIC_SEQ_CST) == stage->n) {
		__atomic_store_n(&stage->waiting, ALL_THERE, __ATOMIC_SEQ_CST);
		futex_wake(&stage->waiting);
	}
	while (__atomic_load_n(&stage->number, __ATOMIC_SEQ_CST) == number)
		futex_wait(&stage->number, number, 0);
}

void stage_fail(struct stage *stage, const char *format, ...)
{
	char text[sizeof(stage->wrong)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	memcpy(stage->wrong, text, sizeof(text));
	futex_wake(&stage->waiting);
	_exit(1);
}

/* splitmix64: the same for the sender and for the driver, who foretells what it does. */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

uint32_t stage_target(const struct stage_round *round, uint32_t sender, uint32_t k)
{
	if (round->task == STAGE_RANDOM)
		return (uint32_t)(mix(((uint64_t)sender << 32) | k) % round->senders);
	return round->senders + k % round->receivers;
}

uint32_t stage_expected(const struct stage *stage, uint32_t i)
{
	const struct stage_round *round = &stage->round;

	if (round->task == STAGE_RANDOM)
		return stage->actors[i].expected;
	return round->senders * (round->count / round->receivers);
}

void stage_head_put(const struct stage *stage, void *message, uint32_t sender, uint32_t k)
{
	const struct stage_head head = {
		.to = stage_target(&stage->round, sender, k),
		.sender = sender,
		.number = stage->number,
		.at = k,
	};

	memcpy(message, &head, sizeof(head));
}

void stage_count(struct stage *stage, struct stage_count *count, const void *message, size_t size)
{
	const bool random = stage->round.task == STAGE_RANDOM;
	struct stage_head head;

	if (size != stage->round.size)
		stage_fail(stage, "a message of %zu bytes, not %u", size, stage->round.size);
	memcpy(&head, message, sizeof(head));
	if (head.number != stage->number || head.sender >= stage->round.senders)
		stage_fail(stage, "a message of round %u in round %u, from %u", head.number,
			   stage->number, head.sender);
	if (random ? head.at < count->next[head.sender]
		   : head.at / stage->round.receivers != count->next[head.sender])
		stage_fail(stage, "message %u of sender %u came when %u was next", head.at,
			   head.sender, count->next[head.sender]);
	count->next[head.sender] = random ? head.at + 1 : count->next[head.sender] + 1;
	count->total++;
}
