/* SPDX-License-Identifier: MIT */

/* Deadlines, waiting for the socket, and those who wait for an answer. */

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "lib/connection.h"

/*
 * Whoever waits that long for an answer takes in what lies in his mailbox, a window at a time: who
 * is to answer may wait for room there.
 */
#define SLICE_MS 100

static struct mono now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

struct mono deadline_in(int64_t timeout_ms)
{
	if (timeout_ms < 0 || timeout_ms > INT64_MAX / 1000000)
		return MONO_NEVER;
	return mono_add(now(), SPAN_MS(timeout_ms));
}

bool deadline_is_over(struct mono deadline)
{
	return deadline.ns != MONO_NEVER.ns && now().ns >= deadline.ns;
}

int64_t deadline_left(struct mono deadline)
{
	if (deadline.ns == MONO_NEVER.ns)
		return SUP_FOREVER;
	return (mono_between(now(), deadline).ns + 999999) / 1000000;
}

/* Milliseconds, rounded up; a very long wait is cut into several. */
int deadline_patience(struct mono deadline)
{
	int64_t ms;

	if (deadline.ns == MONO_NEVER.ns)
		return -1;
	ms = (mono_between(now(), deadline).ns + 999999) / 1000000;
	return ms > 1000000 ? 1000000 : (int)ms;
}

int wait_input(struct sup *sup, struct mono deadline)
{
	struct pollfd p = {.fd = sup->fd, .events = POLLIN};
	int r = output_flush(sup, true);

	/* What the daemon said before it closed the connection is still there to be read. */
	if (r < 0 && r != -EPIPE)
		return r;
	for (;;) {
		r = input_wait(sup, deadline_patience(deadline));
		if (r != 0)
			return r < 0 ? r : 0;
		if (deadline_is_over(deadline))
			return -ETIMEDOUT;
		/* The program has made the socket one that does not wait. */
		if (poll(&p, 1, deadline_patience(deadline)) < 0)
			return -errno;
	}
}

void waiter_add(struct sup *sup, struct waiter *waiter, uint64_t ref)
{
	*waiter = (struct waiter){.ref = ref};
	list_append(&sup->waiters, &waiter->link);
}

void waiter_remove(struct waiter *waiter)
{
	list_unlink(&waiter->link);
	letter_free(waiter->letter);
	buf_fini(&waiter->bytes);
}

static struct mono earlier(struct mono a, struct mono b)
{
	return a.ns < b.ns ? a : b;
}

int wait_for(struct sup *sup, struct waiter *waiter, struct mono deadline)
{
	int r = 0;

	while (r == 0 && !waiter->done) {
		struct mono slice = earlier(deadline, deadline_in(SLICE_MS));
		r = wait_input(sup, slice);
		if (r == -EINTR)
			r = 0;
		if (r == -ETIMEDOUT && slice.ns < deadline.ns)
			r = receive_all(sup);
	}
	return r;
}
