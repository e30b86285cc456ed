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
 * A process that keeps no stream is asked nothing, and no timer runs for it.
 */

#include "supd/daemon.h"
#include "supd/keeping.h"

/* From one question to the next, as long as there are answers; and from the first look to the
 * second. */
#define PULSE SPAN_S(10)
#define PULSE_AGAIN SPAN_S(5)

static void again(struct keeper *k, struct span wait)
{
	loop_timer_start(k->daemon->loop, &k->pulse_due, mono_add(loop_now(), wait));
}

/* It was asked, or could not be as it reads nothing: that is no answer either. */
static bool is_late(const struct keeper *k)
{
	return k->pulse == PULSE_ASKED || (k->pulse == PULSE_ASK && k->full);
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
	if (k->n_streams == 0) {
		k->pulse_runs = false;
		return;
	}
	keeper_ask_pulse(k);
	keeper_say(k);
	again(k, PULSE);
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
	k->pulse_runs = true;
	again(k, PULSE);
}

void keeper_pulse_stop(struct keeper *k)
{
	loop_timer_stop(k->daemon->loop, &k->pulse_due);
	k->pulse_runs = k->pulse_late = k->full = false;
	k->pulse = PULSE_ANSWERED;
}

void keeper_pulse_init(struct keeper *k)
{
	k->pulse_due.call = on_pulse;
	k->pulse_due.owner = k;
}
