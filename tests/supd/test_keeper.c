/* SPDX-License-Identifier: MIT */

/*
 * The daemon's side of the log keeper without a keeper: where files go, the daemon's own streams.
 * With one: tests/run/test_logs.c.
 */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supd/daemon.h"
#include "supd/events.h"
#include "supd/keeper.h"
#include "supd/keeping.h"
#include "supd/processes.h"
#include "supd/streams.h"

Test(keeper, a_daemon_that_keeps_no_logs)
{
	struct daemon d = {0};
	struct keeper_mark mark = {0};
	struct keeper_rotation rotation = {0};
	struct buf path CLEANUP(buf_fini) = BUF_INIT;

	keeper_write(&d, KEEPER_EVENTS, "{}\n", 3);
	cr_expect_null(keeper_dir(&d));
	cr_expect_not(keeper_file(&d, 0, KEEPER_OUTPUT, &path));
	cr_expect_eq(path.size, 0);
	cr_expect_not(keeper_mark(&d, 0, 20, &mark));
	keeper_mark_cancel(&mark);
	cr_expect_not(keeper_rotate(&d, SLOT_NONE, &rotation));
	keeper_finish(&d);
	keeper_close(&d);
}

/* ---- the daemon's own streams ---- */

static struct keeper *keeper_with_streams(struct daemon *d)
{
	struct keeper *k = calloc(1, sizeof(*k));

	cr_assert_not_null(k);
	cr_assert_eq(loop_new(&d->loop), 0);
	k->daemon = d;
	k->max_streams = 100;
	list_init(&k->dirty);
	keeper_process_init(k);
	keeper_ask_init(k);
	d->keeper = k;
	cr_assert_eq(keeper_own_open(k), 0);
	return k;
}

static void close_streams(struct keeper *k)
{
	keeper_own_close(k);
	keeper_pulse_close(k);
	for (size_t i = 0; i < k->n_numbers; i++)
		stream_free(k->by_number[i]);
	strmap_fini(&k->by_key);
	buf_fini(&k->message);
	free(k->by_number);
	loop_free(k->daemon->loop);
	free(k);
}

/* More than the pipe takes is kept, in order; beyond the bound it is counted. */
Test(keeper, what_the_pipe_does_not_take_is_kept)
{
	struct daemon d = {0};
	struct keeper *k = keeper_with_streams(&d);
	int in = k->own[KEEPER_EVENTS].stream->in;
	struct buf all CLEANUP(buf_fini) = BUF_INIT;
	unsigned written = 0;
	char line[16];
	bool rest;

	while (!k->own[KEEPER_EVENTS].lost) {
		snprintf(line, sizeof(line), "%010u\n", written);
		keeper_write(&d, KEEPER_EVENTS, line, 11);
		written++;
		cr_assert_lt(written, 10000000);
	}
	cr_expect_gt(k->own[KEEPER_EVENTS].kept.size, 500000);
	cr_expect_eq(k->own[KEEPER_EVENTS].lost, 1);
	do {
		char data[4096];
		ssize_t n;

		rest = !keeper_own_pass_on(k);
		while ((n = read(in, data, sizeof(data))) > 0)
			buf_append(&all, data, (size_t)n);
	} while (rest);
	cr_assert_eq(all.size, 11 * (size_t)(written - 1));
	for (unsigned i = 0; i < written - 1; i++)
		cr_assert_eq((unsigned)atoi(all.data + (size_t)11 * i), i);
	close_streams(k);
}

/* ---- streams ---- */

Test(keeper, numbers_are_used_again_the_lowest_first)
{
	struct daemon d = {0};
	struct keeper *k = keeper_with_streams(&d);
	struct stream *s[4];
	int error;

	for (int i = 0; i < 4; i++) {
		char name[] = {(char)('a' + i), '\0'};

		s[i] = stream_new(k, "=", name, &error);
		cr_assert_eq(s[i]->number, (uint32_t)(KEEPER_N_OWN + i));
		cr_assert_str_eq(s[i]->name, name);
	}
	stream_free(s[2]);
	stream_free(s[1]);
	s[1] = stream_new(k, "s=", "x", &error);
	s[2] = stream_new(k, "=", "x", &error);
	cr_expect_eq(s[1]->number, KEEPER_N_OWN + 1);
	cr_expect_eq(s[2]->number, KEEPER_N_OWN + 2);
	cr_expect_eq(k->n_streams, KEEPER_N_OWN + 4);
	close_streams(k);
}

/* As the log keeper leaves it in the record. */
static void set_progress(const struct stream *s, const struct keeper_progress *p)
{
	off_t at = keeper_progress_at(s->number);

	cr_assert_eq(pwrite(s->keeper->record, p, sizeof(*p), at), sizeof(*p));
}

/* What was written is known without asking, where nothing is on its way. */
Test(keeper, how_far_a_stream_has_come)
{
	struct daemon d = {0};
	struct keeper *k = keeper_with_streams(&d);
	int error;
	struct stream *s = stream_new(k, "=", "a", &error);
	int64_t at;

	k->record = memfd_create("record", MFD_CLOEXEC);
	cr_expect_not(stream_is_settled(s, &at));
	cr_expect_eq(at, -1, "the keeper does not know it");
	s->told = true;
	cr_expect_not(stream_is_settled(s, &at));
	cr_expect_eq(at, -1, "the record is empty");
	set_progress(s, &(struct keeper_progress){.word = 20, .pipe = s->inode + 1});
	cr_expect_not(stream_is_settled(s, &at));
	cr_expect_eq(at, -1, "it is of another pipe");
	set_progress(s, &(struct keeper_progress){.word = 21, .pipe = s->inode});
	cr_expect_not(stream_is_settled(s, &at));
	cr_expect_eq(at, -1, "some of it is being taken");
	set_progress(s, &(struct keeper_progress){.word = 20, .pipe = s->inode, .open = 1});
	cr_expect_not(stream_is_settled(s, &at));
	cr_expect_eq(at, 10, "a line is open");
	set_progress(s, &(struct keeper_progress){.word = 20, .pipe = s->inode});
	cr_expect(stream_is_settled(s, &at));
	cr_expect_eq(at, 10);
	cr_assert_eq(write(s->out, "abc", 3), 3);
	cr_expect_not(stream_is_settled(s, &at));
	cr_expect_eq(at, 13, "some is in the pipe");
	close(k->record);
	close_streams(k);
}

/* ---- rest ---- */

/* Looks, of 10 ms each. */
#define TRIES 3000

/* A keeper that is this test: what it is told is read from the other end of its socket. */
struct stand_in {
	struct daemon d;
	struct keeper *k;
	struct stream *s;
	struct loop_timer look;
	bool rests; /* what is waited for */
	int tries;
	int told;
};

static void on_look(void *owner)
{
	struct stand_in *t = owner;

	if (t->k->rests == t->rests && (t->rests || t->k->pulse == PULSE_ASKED))
		loop_stop(t->d.loop);
	else if (t->tries++ == TRIES)
		cr_assert_fail("it does not come to %s", t->rests ? "rest" : "ask");
	else
		loop_timer_start(t->d.loop, &t->look, mono_add(loop_now(), SPAN_MS(10)));
}

static void run_until(struct stand_in *t, bool rests)
{
	t->rests = rests;
	t->tries = 0;
	t->look.call = on_look;
	t->look.owner = t;
	on_look(t);
	loop_run(t->d.loop);
}

static void hear_all(const struct stand_in *t)
{
	char message[4096];

	while (recv(t->told, message, sizeof(message), MSG_DONTWAIT) > 0)
		;
}

static void begin_stand_in(struct stand_in *t)
{
	int sockets[2], error;
	static struct config config;

	*t = (struct stand_in){.told = -1, .d.config = &config};
	t->k = keeper_with_streams(&t->d);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	t->k->socket = sockets[0];
	t->told = sockets[1];
	t->k->os_pid = getpid();
	t->k->begun = true;
	t->s = stream_new(t->k, "=", "a", &error);
	keeper_say(t->k);
}

static void end_stand_in(struct stand_in *t)
{
	keeper_ask_close(t->k);
	close(t->k->socket);
	close(t->told);
	close_streams(t->k);
}

/* Nothing to keep: nobody is asked, and nobody wakes up for that, until a service writes. */
Test(keeper, rests_while_there_is_nothing_to_keep)
{
	struct stand_in t;

	begin_stand_in(&t);
	hear_all(&t);
	run_until(&t, true);
	cr_expect_eq(t.k->pulse, PULSE_ANSWERED);
	cr_expect_not(t.k->pulse_runs);
	cr_assert_eq(write(t.s->out, "x", 1), 1);
	run_until(&t, false);
	cr_expect(t.k->pulse_runs);
	end_stand_in(&t);
}

/* The daemon's own log is to be kept as well. */
Test(keeper, does_not_rest_while_supd_writes)
{
	struct stand_in t;

	begin_stand_in(&t);
	hear_all(&t);
	run_until(&t, true);
	keeper_write(&t.d, KEEPER_EVENTS, "{}\n", 3);
	run_until(&t, false);
	end_stand_in(&t);
}

/* Who writes all the time is not in the set, and is looked at all the same. */
Test(keeper, rests_when_a_writer_has_ended)
{
	struct stand_in t;
	char byte;

	begin_stand_in(&t);
	cr_assert_eq(write(t.s->out, "x", 1), 1);
	run_until(&t, false);
	cr_expect_not(list_is_empty(&t.k->writers));
	hear_all(&t);
	keeper_hear_pulse(t.k, t.k->pulse_ref);
	cr_assert_eq(read(t.s->in, &byte, 1), 1);
	/* Not before the next question is due. */
	run_until(&t, true);
	cr_expect(list_is_empty(&t.k->writers));
	cr_assert_eq(write(t.s->out, "x", 1), 1);
	run_until(&t, false);
	end_stand_in(&t);
}

/* The place and ref of the next mark that it is told of; -1: none. */
static int64_t hear_mark(const struct stand_in *t, int64_t *ret_ref)
{
	char message[4096];
	ssize_t n;

	while ((n = recv(t->told, message, sizeof(message), MSG_DONTWAIT)) > 0) {
		struct wire_frame frame;
		size_t at = 0;

		cr_assert_eq(wire_decode(message, (size_t)n, &at, &frame), 1);
		if (frame.tag_size != 4 || memcmp(frame.tag, "mark", 4) != 0)
			continue;
		*ret_ref = field_int(&frame, "ref", -1);
		return field_int(&frame, "at", -2);
	}
	return -1;
}

/* The end of a process with an open line is told with its place; a question for the last lines up
 * to another place does not stand for that. */
Test(keeper, an_end_is_told_with_its_place)
{
	struct stand_in t;
	struct process p = {.pid = {7}};
	struct keeper_mark before = {.ref = 5, .at = 8};
	int64_t ref;

	begin_stand_in(&t);
	hear_all(&t);
	t.k->record = memfd_create("record", MFD_CLOEXEC);
	p.streams[0] = p.streams[1] = t.s;
	set_progress(t.s, &(struct keeper_progress){.word = 16, .pipe = t.s->inode});
	streams_ended(&p);
	keeper_say(t.k);
	cr_expect_eq(hear_mark(&t, &ref), -1, "nothing is open: nothing is told");
	cr_assert_eq(write(t.s->out, "abc", 3), 3);
	before.number = t.s->number;
	list_append(&t.k->marks, &before.link);
	streams_ended(&p);
	cr_expect(t.k->hurries);
	keeper_say(t.k);
	cr_expect_eq(hear_mark(&t, &ref), 11);
	cr_expect_eq(ref, 0);
	cr_expect_eq(hear_mark(&t, &ref), 8);
	cr_expect_eq(ref, 5);
	list_unlink(&before.link);
	before = (struct keeper_mark){.ref = 6, .at = 11, .number = t.s->number};
	list_append(&t.k->marks, &before.link);
	streams_ended(&p);
	keeper_say(t.k);
	cr_expect_eq(hear_mark(&t, &ref), 11, "one for both");
	cr_expect_eq(ref, 6);
	cr_expect_eq(hear_mark(&t, &ref), -1);
	list_unlink(&before.link);
	close(t.k->record);
	end_stand_in(&t);
}

/* What was said to it waits to be read: it is asked. */
Test(keeper, does_not_rest_before_it_has_heard)
{
	struct stand_in t;

	begin_stand_in(&t);
	run_until(&t, false);
	end_stand_in(&t);
}

/* ---- events ---- */

static size_t count_in_pipe(const struct keeper *k)
{
	char data[4096];
	ssize_t n = read(k->own[KEEPER_EVENTS].stream->in, data, sizeof(data));
	size_t lines = 0;

	for (ssize_t i = 0; i < n; i++)
		lines += data[i] == '\n';
	return lines;
}

static void add_event(struct daemon *d)
{
	cr_assert_neq(events_add(d, &(struct occurrence){.kind = "a", .origin = "self"}), 0);
}

Test(keeper, events_of_a_turn_are_written_at_its_end)
{
	static char dir[] = "/nowhere";
	struct config config = {.events_kept = 100};
	struct daemon d = {.config = &config};
	struct keeper *k = keeper_with_streams(&d);

	k->dir = dir;
	cr_assert_eq(events_open(&d), 0);
	add_event(&d);
	cr_expect_eq(count_in_pipe(k), 1, "nothing holds it");
	events_hold(&d);
	add_event(&d);
	events_hold(&d);
	add_event(&d);
	events_release(&d);
	cr_expect_eq(count_in_pipe(k), 0);
	events_release(&d);
	cr_expect_eq(count_in_pipe(k), 2);
	events_release(&(struct daemon){0});
	events_close(&d);
	k->dir = NULL;
	close_streams(k);
}

/* At once, and ever less often while it goes on; anew after a while without. */
Test(keeper, what_is_dropped_is_told_of_ever_less_often)
{
	struct dropping d = {0};
	struct mono now = {5000000000};
	int64_t told[6];
	int n = 0;

	for (; n < 6; now = mono_add(now, SPAN_MS(500)))
		if (dropping_is_due(&d, now))
			told[n++] = now.ns / 1000000000 - 5;
	for (int i = 0; i < 6; i++)
		cr_expect_eq(told[i], (1 << i) - 1, "%d: %lld", i, (long long)told[i]);
	for (int i = 0; i < 20; i++, now = mono_add(now, SPAN_S(600)))
		cr_expect(dropping_is_due(&d, now) || i == 0);
	cr_expect_leq(d.wait.ns, SPAN_S(600).ns);
	now = mono_add(d.due, SPAN_S(61));
	cr_expect(dropping_is_due(&d, now));
	cr_expect_not(dropping_is_due(&d, mono_add(now, SPAN_MS(999))));
	cr_expect(dropping_is_due(&d, mono_add(now, SPAN_S(1))));
}

/* What was lost of our own logs is counted in the root's status, and an event when there is room.
 */
Test(keeper, lines_of_its_own_that_are_lost_are_told)
{
	static char dir[] = "/nowhere";
	struct config config = {.events_kept = 100};
	struct daemon d = {.config = &config};
	struct keeper *k = keeper_with_streams(&d);
	struct own_stream *own = &k->own[KEEPER_SUPD];
	struct buf row CLEANUP(buf_fini) = BUF_INIT;
	struct wire_encoder e;
	struct wire_frame frame = wire_frame(WIRE_ROW, "", 0);
	char data[4096] = "";
	size_t cursor = 0;

	k->dir = dir;
	cr_assert_eq(events_open(&d), 0);
	memset(data, 'x', sizeof(data));
	data[sizeof(data) - 1] = '\n';
	while (own->lost < 3)
		keeper_write(&d, KEEPER_SUPD, data, sizeof(data));
	wire_begin(&e, &row, &frame);
	streams_put(&e, &d, 0);
	cr_assert_eq(wire_end(&e), 0);
	cr_assert_eq(wire_decode(row.data, row.size, &cursor, &frame), 1);
	cr_expect_str_eq(field_text(&frame, "log_file"), "/nowhere/supd.log");
	cr_expect_eq(field_int(&frame, "log_dropped", 0), 3);
	cr_expect_null(field_text(&frame, "log_trouble"));
	cr_expect_eq(events_last(&d), 0);
	while (own->kept.size) {
		while (read(own->stream->in, data, sizeof(data)) > 0)
			;
		own->room.call(k, own->stream->out, LOOP_WRITE);
	}
	cr_assert_eq(events_previous(&d, UINT64_MAX, &frame), 1);
	cr_expect_str_eq(field_text(&frame, "kind"), "log_dropped");
	cr_expect_str_eq(field_text(&frame, "reason"), "keeper");
	cr_expect_str_eq(field_text(&frame, "explanation"),
			 "3 lines are missing in supd.log: the log keeper did not take them");
	own->room.call(k, own->stream->out, LOOP_WRITE);
	cr_expect_eq(events_last(&d), 1);
	events_close(&d);
	k->dir = NULL;
	close_streams(k);
}
