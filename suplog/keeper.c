/* SPDX-License-Identifier: MIT */

/* The keeper's own parts, and its table of streams. */

#include "suplog/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "logs/keeper.h"
#include "suplog/notice.h"
#include "suplog/stream.h"

/* For the console to take what there is, and for a file to be packed. */
#define LAST_WAIT SPAN_S(1)

struct mono mono_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

int64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int keeper_init(struct keeper *k, int control)
{
	*k = (struct keeper){
		.control = control,
		.scratch = {-1, -1},
		.spill = {-1, -1},
		.record = RECORD_INIT,
		.root = {-1, NULL, (gid_t)-1},
		.console_fd = -1,
		.syslog = SYSLOG_INIT,
		.sweep_at = MONO_NEVER,
		.finish_by = MONO_NEVER,
	};
	pthread_mutex_init(&k->lock, NULL);
	list_init(&k->busy);
	list_init(&k->rotations);
	list_init(&k->notices);
	k->in = malloc(KEEPER_BATCH_MAX);
	k->wake_hand = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	k->wake_main = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	k->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!k->in || k->wake_hand < 0 || k->wake_main < 0 || k->epoll < 0 ||
	    pipe2(k->spill, O_CLOEXEC) < 0)
		return errno ? -errno : -ENOMEM;
	if (epoll_ctl(k->epoll, EPOLL_CTL_ADD, k->wake_hand,
		      &(struct epoll_event){.events = EPOLLIN, .data.ptr = NULL}) < 0)
		return -errno;
	return 0;
}

void keeper_fini(struct keeper *k)
{
	const int fds[] = {k->scratch[0], k->scratch[1], k->spill[0], k->spill[1],
			   k->wake_hand,  k->wake_main,  k->epoll};

	/* Its thread has much of the rest in its hands. */
	if (!packing_end(k->packing, LAST_WAIT))
		return;
	for (size_t i = 0; i < k->n_streams; i++)
		stream_free(k->streams[i]);
	free(k->streams);
	notices_fini(k);
	LIST_EACH (node, &k->rotations)
		free(LIST_ENTRY(node, struct rotation, link));
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	console_free(k->console, LAST_WAIT);
	syslog_fini(&k->syslog);
	record_close(&k->record);
	place_root_close(&k->root);
	buf_fini(&k->out);
	free(k->in);
	pthread_mutex_destroy(&k->lock);
}

struct stream *keeper_stream(const struct keeper *k, int64_t number)
{
	return number >= 0 && (uint64_t)number < k->n_streams ? k->streams[number] : NULL;
}

static int table_grow(struct keeper *k, size_t n)
{
	struct stream **streams;

	if (n <= k->n_streams)
		return 0;
	n = MAX_OF(n, k->n_streams * 2);
	streams = reallocarray(k->streams, n, sizeof(*streams));
	if (!streams)
		return -ENOMEM;
	memset(streams + k->n_streams, 0, (n - k->n_streams) * sizeof(*streams));
	k->streams = streams;
	k->n_streams = n;
	return 0;
}

int keeper_add(struct keeper *k, uint32_t number, struct settings *settings, int pipe)
{
	struct stream *s = stream_new(number, settings, pipe, &k->root);
	int r = s ? table_grow(k, (size_t)number + 1) : -ENOMEM;

	if (r == 0)
		r = record_begin(&k->record, number, pipe);
	if (r < 0) {
		stream_free(s);
		return r;
	}
	k->streams[number] = s;
	k->grown += s->grown;
	stream_restore(s, record_slot(&k->record, number));
	stream_took(k, s);
	/* What a predecessor had held when it was killed; nobody knows how many lines. */
	s->dropped.bytes = s->unwritten.bytes = record_take_lost(&k->record, number);
	if (s->dropped.bytes > 0)
		hand_sweep_at(k, mono_now());
	hand_look_at(k, s, mono_now());
	return 0;
}

void keeper_wake(int eventfd)
{
	(void)!write(eventfd, &(uint64_t){1}, sizeof(uint64_t));
}
