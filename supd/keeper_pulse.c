/* SPDX-License-Identifier: MIT */

/*
 * A keeper that hangs as a whole. Every while it is asked for an answer, which its main thread
 * gives, whatever its other thread waits for: a disk that hangs is no reason to kill it, and would
 * hang the next one too. One that does not answer is killed, and followed by another as after any
 * death.
 *
 * Whether an answer is late is looked at twice, one look well after the other: where we were
 * stopped ourselves, or the machine was, the first one is late for that alone, and the keeper has
 * had no more time than we.
 *
 * A process that has nothing to do is asked nothing, and no timer runs for it: all that was said to
 * it it has read, and no pipe has anything in it. Then a set of the pipes tells of the first bytes;
 * once there were some, nobody looks at the set for a while.
 */

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/daemon.h"
#include "supd/keeping.h"

/* From one question to the next, as long as there are answers; and from the first look to the
 * second. */
#define PULSE SPAN_S(10)
#define PULSE_AGAIN SPAN_S(5)
/* After something was said. */
#define FIRST_LOOK SPAN_S(1)

/* ---- rest ---- */

static void leave_rest(struct keeper *k)
{
	if (k->rests)
		loop_fd_stop(k->daemon->loop, &k->pipes_watcher);
	k->rests = false;
}

/* Of streams some of which can not be in the set there is no rest. */
static void give_up_rest(struct keeper *k)
{
	if (k->pipes >= 0) {
		loop_fd_end(k->daemon->loop, &k->pipes_watcher, k->pipes);
		close(k->pipes);
	}
	k->rests = false;
	k->pipes = -1;
}

void keeper_pulse_add(struct stream *s)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
	struct keeper *k = s->keeper;

	list_unlink(&s->writes);
	if (k->pipes >= 0 && epoll_ctl(k->pipes, EPOLL_CTL_ADD, s->in, &event) < 0)
		give_up_rest(k);
}

/* The keeper's own fd of the pipe would keep it in the set. */
void keeper_pulse_remove(struct stream *s)
{
	bool is_out = !list_is_empty(&s->writes);

	list_unlink(&s->writes);
	if (s->keeper->pipes >= 0 && !is_out)
		epoll_ctl(s->keeper->pipes, EPOLL_CTL_DEL, s->in, NULL);
}

/* Who writes is taken out of the set until the next rest: each of its writes would call there. */
static void take_out_writers(struct keeper *k)
{
	struct epoll_event events[64];
	int n;

	do {
		n = epoll_wait(k->pipes, events, ARRAY_LEN(events), 0);
		for (int i = 0; i < n; i++) {
			struct stream *s = events[i].data.ptr;

			keeper_pulse_remove(s);
			list_append(&k->writers, &s->writes);
		}
	} while (n == (int)ARRAY_LEN(events));
}

static bool has_work(struct keeper *k)
{
	int unread = 0;

	if (k->pipes < 0)
		return true;
	take_out_writers(k);
	if (ioctl(k->socket, SIOCOUTQ, &unread) < 0 || unread > 0)
		return true;
	LIST_EACH (it, &k->writers) {
		const struct stream *s = LIST_ENTRY(it, const struct stream, writes);

		if (ioctl(s->in, FIONREAD, &unread) < 0 || unread > 0)
			return true;
	}
	return false;
}

static void rest(struct keeper *k)
{
	struct list *it;

	while (k->pipes >= 0 && (it = list_take_first(&k->writers)))
		keeper_pulse_add(LIST_ENTRY(it, struct stream, writes));
	if (k->pipes < 0) {
		keeper_pulse_start(k);
		return;
	}
	k->rests = true;
	loop_fd_start(k->daemon->loop, &k->pipes_watcher, k->pipes, LOOP_READ);
}

/* ---- pulse ---- */

static void again(struct keeper *k, struct span wait)
{
	loop_timer_start(k->daemon->loop, &k->pulse_due, mono_add(loop_now(), wait));
}

/* It was asked, or could not be as it reads nothing: that is no answer either. */
static bool is_late(const struct keeper *k)
{
	return k->pulse == PULSE_ASKED || (k->pulse == PULSE_ASK && k->full);
}

static void ask_now(struct keeper *k)
{
	keeper_ask_pulse(k);
	keeper_say(k);
	again(k, PULSE);
}

static void on_pulse(void *owner)
{
	struct keeper *k = owner;

	k->pulse_runs = false;
	if (!k->os_pid || k->deaf || k->finished)
		return;
	if (is_late(k) && k->pulse_late) {
		k->silent = mono_between(k->pulse_since, loop_now());
		k->silent.ns -= k->silent.ns % 1000000000;
		keeper_shoot(k);
		return;
	}
	k->pulse_runs = true;
	if (is_late(k)) {
		k->pulse_late = true;
		again(k, PULSE_AGAIN);
		return;
	}
	if (k->n_streams == 0 || !has_work(k)) {
		k->pulse_runs = false;
		if (k->n_streams > 0)
			rest(k);
		return;
	}
	ask_now(k);
}

/* A service writes again: the keeper is to take it. */
static void on_pipes(void *owner, int fd, int events)
{
	struct keeper *k = owner;

	(void)fd, (void)events;
	leave_rest(k);
	take_out_writers(k);
	k->pulse_runs = true;
	ask_now(k);
}

void keeper_ask_pulse(struct keeper *k)
{
	k->pulse = PULSE_ASK;
	k->pulse_late = false;
	k->pulse_since = loop_now();
	k->pulse_ref = ++k->ref;
}

void keeper_hear_pulse(struct keeper *k, uint64_t ref)
{
	if (k->pulse == PULSE_ASKED && ref == k->pulse_ref)
		k->pulse = PULSE_ANSWERED;
}

void keeper_pulse_start(struct keeper *k)
{
	if (k->pulse_runs || !k->os_pid)
		return;
	leave_rest(k);
	k->pulse_runs = true;
	again(k, FIRST_LOOK);
}

void keeper_pulse_stop(struct keeper *k)
{
	leave_rest(k);
	loop_timer_stop(k->daemon->loop, &k->pulse_due);
	k->pulse_runs = k->pulse_late = k->full = false;
	k->pulse = PULSE_ANSWERED;
}

void keeper_pulse_init(struct keeper *k)
{
	k->pulse_due.call = on_pulse;
	k->pulse_due.owner = k;
	k->pipes_watcher.call = on_pipes;
	k->pipes_watcher.owner = k;
	list_init(&k->writers);
	k->pipes = epoll_create1(EPOLL_CLOEXEC);
}

void keeper_pulse_close(struct keeper *k)
{
	keeper_pulse_stop(k);
	give_up_rest(k);
}
