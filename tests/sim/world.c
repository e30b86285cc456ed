/* SPDX-License-Identifier: MIT */

/*
 * Processes. What a process may do next hangs on its state alone, and which one does something is
 * chosen at random, so that every order of events comes up in which they can happen at all. Time
 * passes beside that, in small steps, to the core's next deadline, or in jumps.
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/post.h"
#include "tests/sim/sim.h"

/* ---- the weather ---- */

void world_random_weather(struct sim *sim)
{
	struct rng *rng = &sim->rng;
	bool storm = rng_chance(rng, 30), flood = rng_chance(rng, 4);

	sim->weather = (struct weather){
		.serve = 60,
		.time = 1 + rng_below(rng, 20),
		.request = flood                 ? 2000
			   : rng_chance(rng, 20) ? 0
						 : rng_below(rng, 30),
		.actors = !sim->post->is_open ? 0 : rng_below(rng, 80),
		.noise = 2,
		.crash = storm ? 60 : rng_below(rng, 12),
		.fail = rng_chance(rng, 40) ? 0 : rng_below(rng, storm ? 60 : 12),
		.shortage = rng_chance(rng, 60) ? 0 : rng_below(rng, 10),
		.linger = rng_below(rng, 60),
		.stubborn = rng_chance(rng, 40) ? 0 : rng_below(rng, 40),
		.outstanding = flood ? 400 : 48,
		.no_memory = rng_chance(rng, 60) ? 0 : rng_below(rng, 30),
	};
}

struct reason world_random_reason(struct sim *sim)
{
	static const char *const texts[] = {
		"normal", "shutdown", "shutdown:enough", "exit:3",     "signal:SEGV",
		"killed", "kill",     "noproc",          "so it goes", "unhealthy"};
	struct reason reason = REASON(REASON_SHUTDOWN);

	(void)reason_parse(texts[rng_below(&sim->rng, ARRAY_LEN(texts))], &reason);
	return reason;
}

/* ---- bookkeeping ---- */

static void process_set_state(struct sim *sim, uint32_t slot, enum process_state state)
{
	struct process *p = &sim->processes[slot];
	bool live = state != PROCESS_NONE && state != PROCESS_SHORT;
	uint32_t last;

	p->state = state;
	if (live == (p->index != 0))
		return;
	if (live) {
		sim->live[sim->n_live++] = slot;
		p->index = sim->n_live;
		return;
	}
	last = sim->live[--sim->n_live];
	sim->live[p->index - 1] = last;
	sim->processes[last].index = p->index;
	p->index = 0;
}

bool world_is_empty(const struct sim *sim, uint32_t slot)
{
	for (uint32_t i = 0; i < sim->n_live; i++)
		for (uint32_t up = sim->live[i]; up != SLOT_NONE; up = sim->seen[up].parent)
			if (up == slot)
				return false;
	return true;
}

/* ---- effects ---- */

static void world_start(struct sim *sim, uint32_t slot, actor_pid pid)
{
	struct process *p = &sim->processes[slot];
	uint32_t index = p->index;
	struct player *player;

	if (p->state == PROCESS_SHORT && p->pid.n == pid.n) {
		process_set_state(sim, slot, PROCESS_ASKED);
		return;
	}
	if (p->state != PROCESS_NONE)
		sim_fail(sim, "slot %u: a second process beside one that lives", slot);
	else if (pid.n <= sim->top_pid)
		sim_fail(sim, "slot %u: a pid was used again", slot);
	oracle_check_start(sim, slot);
	sim->top_pid = MAX_OF(sim->top_pid, pid.n);
	*p = (struct process){.pid = pid, .index = index};
	p->stubborn = rng_chance(&sim->rng, sim->weather.stubborn);
	p->fed_up = rng_chance(&sim->rng, sim->weather.fail);
	process_set_state(sim, slot, PROCESS_ASKED);
	player = post_add(sim, pid, slot);
	if (slot != 0 && sim->seen[slot].parent == SLOT_NONE)
		spawn_starts(sim, player);
}

static void world_signal(struct sim *sim, const struct effect *effect)
{
	struct process *p = &sim->processes[effect->slot];
	bool kill = effect->kind == FX_KILL;

	if (kill && p->state == PROCESS_EXITED && !p->told_kill_rest) {
		p->told_kill_rest = true;
		return;
	}
	if (p->state != PROCESS_ASKED && p->state != PROCESS_UP)
		sim_fail(sim, "slot %u: a Unix signal to what is not there", effect->slot);
	else if (p->pid.n != effect->pid.n)
		sim_fail(sim, "slot %u: a Unix signal to another incarnation", effect->slot);
	else if (kill ? p->told_kill : p->told_stop)
		sim_fail(sim, "slot %u: the same Unix signal twice", effect->slot);
	if (kill)
		p->told_kill = true;
	else
		p->told_stop = true;
}

void world_take_effect(struct sim *sim, const struct effect *effect)
{
	if (effect->slot != SLOT_NONE && effect->slot >= sim->n_slots) {
		sim_fail(sim, "an effect on slot %u, which does not exist", effect->slot);
		return;
	}
	if (sim->halted && effect->slot != SLOT_NONE && effect->kind != FX_REPLY)
		sim_fail(sim, "an effect after the tree's end");
	switch (effect->kind) {
	case FX_START:
		world_start(sim, effect->slot, effect->pid);
		break;
	case FX_STOP:
		depend_check_stop(sim, effect->slot);
		world_signal(sim, effect);
		break;
	case FX_KILL:
		world_signal(sim, effect);
		break;
	case FX_NOTICE:
		oracle_take_notice(sim, effect->slot, &effect->link);
		break;
	case FX_REPLY:
		request_take_reply(sim, &effect->reply);
		break;
	case FX_FORGET:
		oracle_forget(sim, effect->slot);
		break;
	case FX_HALT:
		oracle_check_end(sim);
		sim->halted = true;
		break;
	case FX_JOINED:
	case FX_FRAMES:
	case FX_DROP:
		post_take_effect(sim, effect);
		break;
	case FX_N_KINDS:
		break;
	}
}

/* ---- what processes do ---- */

static void process_event(struct sim *sim, uint32_t slot, enum event_kind kind)
{
	struct event event = {.kind = kind, .pid = sim->processes[slot].pid};

	if (kind == EVENT_GONE)
		process_set_state(sim, slot, PROCESS_NONE);
	else if (kind == EVENT_STARTED)
		process_set_state(sim, slot, PROCESS_UP);
	sim_step(sim, &event);
	if (kind == EVENT_STARTED)
		actors_join(sim, slot);
}

static void process_exit(struct sim *sim, uint32_t slot, int32_t code, bool by_signal)
{
	struct event event = {.kind = EVENT_EXITED,
			      .pid = sim->processes[slot].pid,
			      .code = code,
			      .by_signal = by_signal};

	process_set_state(sim, slot, PROCESS_EXITED);
	sim_step(sim, &event);
}

static void process_exit_somehow(struct sim *sim, uint32_t slot)
{
	static const int32_t codes[] = {0, 0, 1, 3, 255};
	static const int32_t signals[] = {SIGTERM, SIGKILL, SIGSEGV, SIGABRT};

	if (rng_chance(&sim->rng, 70))
		process_exit(sim, slot, codes[rng_below(&sim->rng, ARRAY_LEN(codes))], false);
	else
		process_exit(sim, slot, signals[rng_below(&sim->rng, ARRAY_LEN(signals))], true);
}

/* It ends because it was told to. */
static void process_go(struct sim *sim, uint32_t slot)
{
	const struct process *p = &sim->processes[slot];

	if (p->told_kill)
		process_exit(sim, slot, SIGKILL, true);
	else if (p->told_stop && rng_chance(&sim->rng, 60))
		process_exit(sim, slot, SIGTERM, true);
	else
		process_exit_somehow(sim, slot);
}

static void process_fail_start(struct sim *sim, uint32_t slot)
{
	struct event event = {
		.kind = EVENT_START_FAILED,
		.pid = sim->processes[slot].pid,
		.reason = {.kind = REASON_EXEC, .step = STEP_EXEC, .code = ENOENT},
	};

	process_set_state(sim, slot, PROCESS_NONE);
	sim_step(sim, &event);
}

static void process_shortage(struct sim *sim, uint32_t slot)
{
	struct event event = {
		.kind = EVENT_SHORTAGE, .pid = sim->processes[slot].pid, .code = EAGAIN};

	process_set_state(sim, slot, PROCESS_SHORT);
	sim_step(sim, &event);
}

static void process_tell(struct sim *sim, uint32_t slot)
{
	struct event event = {.kind = EVENT_TOLD, .pid = sim->processes[slot].pid};

	event.reason = world_random_reason(sim);
	sim->processes[slot].told_words = true;
	sim_step(sim, &event);
	reason_fini(&event.reason);
}

static void process_find_fault(struct sim *sim, uint32_t slot)
{
	struct event event = {.kind = EVENT_FAULT, .pid = sim->processes[slot].pid};

	event.reason = REASON(rng_chance(&sim->rng, 50) ? REASON_WATCHDOG : REASON_UNHEALTHY);
	sim_step(sim, &event);
}

static void process_extend(struct sim *sim, uint32_t slot)
{
	const struct event event = {.kind = EVENT_EXTEND,
				    .pid = sim->processes[slot].pid,
				    .budget = SPAN_MS(rng_below(&sim->rng, 20000))};

	sim_step(sim, &event);
}

static void process_move_asked(struct sim *sim, uint32_t slot)
{
	if (sim->obey)
		process_event(sim, slot, EVENT_STARTED);
	else if (rng_chance(&sim->rng, sim->weather.shortage))
		process_shortage(sim, slot);
	else if (rng_chance(&sim->rng, sim->weather.fail / 2))
		process_fail_start(sim, slot);
	else
		process_event(sim, slot, EVENT_STARTED);
}

static void process_is_sent_signal(struct sim *sim, uint32_t slot)
{
	const struct event event = {.kind = EVENT_UNIX_SIGNAL,
				    .pid = sim->processes[slot].pid,
				    .code = rng_chance(&sim->rng, 50) ? 9 : 15};

	sim_step(sim, &event);
}

/* Something that a process says, or hears, whether it makes sense now or not. */
static void process_talk(struct sim *sim, uint32_t slot)
{
	uint32_t what = rng_below(&sim->rng, 13);

	if (what < 6)
		process_event(sim, slot, EVENT_READY);
	else if (what < 8)
		process_event(sim, slot, EVENT_IGNORE);
	else if (what < 10)
		process_tell(sim, slot);
	else if (what < 11)
		process_find_fault(sim, slot);
	else if (what < 12)
		process_extend(sim, slot);
	else
		process_is_sent_signal(sim, slot);
}

static bool process_move_told(struct sim *sim, uint32_t slot)
{
	const struct process *p = &sim->processes[slot];

	if (rng_chance(&sim->rng, 10))
		process_talk(sim, slot);
	else if (p->told_kill || !p->stubborn)
		process_go(sim, slot);
	else
		return false;
	return true;
}

static bool process_move_starting(struct sim *sim, uint32_t slot)
{
	const struct process *p = &sim->processes[slot];
	const struct spec *spec = sim->seen[slot].spec;

	if (p->fed_up && rng_chance(&sim->rng, 60))
		process_exit_somehow(sim, slot);
	else if (rng_chance(&sim->rng, 4))
		process_event(sim, slot, EVENT_IGNORE);
	else if (rng_chance(&sim->rng, 5))
		process_talk(sim, slot);
	else if (spec_is_told_ready(spec) && !p->fed_up)
		process_event(sim, slot, EVENT_READY);
	else if (spec->ready == READY_EXIT)
		process_exit(sim, slot, p->fed_up ? 1 : 0, false);
	else
		return false;
	return true;
}

static bool process_move_running(struct sim *sim, uint32_t slot)
{
	if (rng_chance(&sim->rng, sim->weather.crash))
		process_exit_somehow(sim, slot);
	else if (rng_chance(&sim->rng, 2))
		process_talk(sim, slot);
	else
		return false;
	return true;
}

static bool process_move_exited(struct sim *sim, uint32_t slot)
{
	if (rng_chance(&sim->rng, 4))
		process_talk(sim, slot);
	else if (!rng_chance(&sim->rng, sim->weather.linger))
		process_event(sim, slot, EVENT_GONE);
	else
		return false;
	return true;
}

bool world_move(struct sim *sim)
{
	uint32_t slot;
	const struct process *p;

	if (!sim->n_live)
		return false;
	slot = sim->live[rng_below(&sim->rng, sim->n_live)];
	p = &sim->processes[slot];
	if (p->state == PROCESS_ASKED) {
		process_move_asked(sim, slot);
		return true;
	}
	if (p->state == PROCESS_EXITED)
		return process_move_exited(sim, slot);
	if (p->told_stop || p->told_kill || p->told_words)
		return process_move_told(sim, slot);
	return sim->seen[slot].ready ? process_move_running(sim, slot)
				     : process_move_starting(sim, slot);
}

/* ---- processes that do as they are asked ---- */

static bool process_obey(struct sim *sim, uint32_t slot)
{
	struct process *p = &sim->processes[slot];
	const struct spec *spec = sim->seen[slot].spec;

	if (p->state == PROCESS_ASKED)
		process_event(sim, slot, EVENT_STARTED);
	else if (p->state == PROCESS_EXITED)
		process_event(sim, slot, EVENT_GONE);
	else if (p->told_stop || p->told_kill || p->told_words)
		process_exit(sim, slot, 0, false);
	else if (!sim->seen[slot].ready && spec->ready == READY_EXIT)
		process_exit(sim, slot, 0, false);
	else if (sim->seen[slot].ready || !spec_is_told_ready(spec) || p->said_ready)
		return false;
	else {
		p->said_ready = true;
		process_event(sim, slot, EVENT_READY);
	}
	return true;
}

bool world_obey(struct sim *sim)
{
	uint32_t first = sim->n_live ? rng_below(&sim->rng, sim->n_live) : 0;

	for (uint32_t i = 0; i < sim->n_live; i++)
		if (process_obey(sim, sim->live[(first + i) % sim->n_live]))
			return true;
	return false;
}

/* ---- what comes too late, or from nowhere ---- */

void world_noise(struct sim *sim)
{
	static const enum event_kind kinds[] = {EVENT_STARTED, EVENT_READY, EVENT_IGNORE,
						EVENT_EXITED,  EVENT_GONE,  EVENT_TICK,
						EVENT_TICK};
	uint32_t slot = rng_below(&sim->rng, sim->n_slots);
	struct event event = {.kind = kinds[rng_below(&sim->rng, ARRAY_LEN(kinds))]};

	if (sim->processes[slot].state == PROCESS_NONE)
		event.pid = sim->processes[slot].pid;
	else
		event.pid.n = sim->top_pid + 1000;
	sim_step(sim, &event);
}
