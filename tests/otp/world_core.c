/* SPDX-License-Identifier: MIT */

/*
 * The pure core with pretended processes: they do at once what they are told, unless they are held.
 * What they do stands in a queue of events, worked off in order, and the model's invariants are
 * checked after each.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "tests/otp/play.h"
#include "wire/frame.h"

/* What is known of a worker over the whole scenario. */
struct worker {
	unsigned attempts;
	bool hold;
	actor_pid held; /* the attempt that waits for its release */
};

/* A process that runs. Its connection has its pid's number. */
struct process {
	actor_pid pid;
	const struct actor_def *def;
	bool traps;    /* it is deaf to the stop signal then */
	bool stubborn; /* it was told to end, and does not */
};

struct queued {
	enum event_kind kind;
	actor_pid pid; /* EVENT_JOIN: the connection, too */
	int code;
	bool by_signal;
	struct reason reason; /* owned */
};

struct call_id {
	uint64_t id;
	int number;
	bool async;
};

struct world {
	struct play *play;
	struct core *core;
	struct mono now;
	struct worker *workers;    /* owned, by definition */
	struct process *processes; /* owned */
	size_t n_processes;
	struct queued *queue; /* owned */
	size_t head, tail, capacity;
	struct call_id calls[256];
	size_t n_calls;
	bool broken;
};

static int world_fail(struct world *world, const char *why)
{
	if (!world->broken)
		fprintf(stderr, "otp: %s: %s\n", play_scenario(world->play)->name, why);
	world->broken = true;
	return -1;
}

static struct worker *world_worker(struct world *world, const struct actor_def *def)
{
	return &world->workers[def - play_scenario(world->play)->defs];
}

static void world_queue(struct world *world, struct queued event)
{
	struct queued *grown;

	if (world->tail == world->capacity) {
		world->capacity = world->capacity ? 2 * world->capacity : 64;
		grown = reallocarray(world->queue, world->capacity, sizeof(*grown));
		if (!grown)
			abort();
		world->queue = grown;
	}
	world->queue[world->tail++] = event;
}

static void world_queue_end(struct world *world, actor_pid pid, int code, bool by_signal)
{
	world_queue(world, (struct queued){.kind = EVENT_EXITED,
					   .pid = pid,
					   .code = code,
					   .by_signal = by_signal});
	world_queue(world, (struct queued){.kind = EVENT_GONE, .pid = pid});
}

/* ---- processes ---- */

static struct process *process_find(struct world *world, actor_pid pid)
{
	for (size_t i = 0; i < world->n_processes; i++)
		if (world->processes[i].pid.n == pid.n)
			return &world->processes[i];
	return NULL;
}

static void process_add(struct world *world, actor_pid pid, const struct actor_def *def)
{
	struct process *grown;

	grown = reallocarray(world->processes, world->n_processes + 1, sizeof(*grown));
	if (!grown)
		abort();
	world->processes = grown;
	grown[world->n_processes++] = (struct process){.pid = pid, .def = def};
}

static void process_exit(struct world *world, actor_pid pid, int code, bool by_signal)
{
	struct process *process = process_find(world, pid);

	if (process)
		*process = world->processes[--world->n_processes];
	world_queue_end(world, pid, code, by_signal);
}

static void process_finish_attempt(struct world *world, actor_pid pid, bool fails)
{
	struct process *process = process_find(world, pid);

	if (fails || !process) {
		process_exit(world, pid, 7, false);
		return;
	}
	process->traps = process->def->trap;
	world_queue(world, (struct queued){.kind = EVENT_READY, .pid = pid});
}

static void process_start(struct world *world, const struct child_view *view, actor_pid pid)
{
	const struct actor_def *def = play_def(world->play, view->path);
	struct worker *worker = world_worker(world, def);

	process_add(world, pid, def);
	world_queue(world, (struct queued){.kind = EVENT_STARTED, .pid = pid});
	world_queue(world, (struct queued){.kind = EVENT_JOIN, .pid = pid});
	worker->attempts++;
	if (worker->hold) {
		worker->held = pid;
		play_happened(world->play, HAPPENED_HELD, pid, view->path, NULL);
		return;
	}
	process_finish_attempt(world, pid, actor_fails(def, worker->attempts));
}

static void process_end(struct world *world, actor_pid pid, int unix_signal)
{
	const struct process *process = process_find(world, pid);

	if (!process || (process->traps && unix_signal != 9))
		return;
	for (size_t i = 0; i < play_scenario(world->play)->n_defs; i++)
		if (world->workers[i].held.n == pid.n)
			world->workers[i].held = ACTOR_PID_NONE;
	process_exit(world, pid, unix_signal, true);
}

/* normal and error:N are exit codes; anything else is told before an exit with 0. */
static int process_die(void *owner, const char *name, actor_pid pid, const char *reason)
{
	struct world *world = owner;
	struct queued told = {.kind = EVENT_TOLD, .pid = pid};
	int code = 0;

	(void)name;
	if (strncmp(reason, "error:", 6) == 0) {
		code = (int)strtol(reason + 6, NULL, 10);
	} else if (strcmp(reason, "normal") != 0) {
		if (reason_parse(reason, &told.reason) < 0)
			return world_fail(world, "no such reason");
		world_queue(world, told);
	}
	process_exit(world, pid, code, false);
	return 0;
}

/* An EXIT message from its own supervisor. */
static void process_obey(struct world *world, struct process *process, const char *reason)
{
	if (process->def->on_term == ON_TERM_OBEY)
		process_die(world, process->def->name, process->pid, reason);
	else if (process->def->on_term == ON_TERM_IGNORE)
		process->stubborn = true;
	else
		process_exit(world, process->pid, (int)process->def->on_term_code, false);
}

static void process_take(struct world *world, actor_pid pid, const struct wire_frame *frame)
{
	char reason[REASON_FORMAT_MAX];
	struct process *process = process_find(world, pid);
	struct child_view view, parent;

	if (!process || !core_view(world->core, core_find_pid(world->core, pid), &view))
		return;
	snprintf(reason, sizeof(reason), "%.*s", (int)frame->payload_size,
		 (const char *)frame->payload);
	if (frame->op == WIRE_DOWN)
		play_took_down(world->play, pid, frame->ref, reason);
	if (frame->op != WIRE_EXIT)
		return;
	if (core_view(world->core, view.parent, &parent) && parent.pid.n == frame->from)
		process_obey(world, process, reason);
	else
		play_took_exit(world->play, pid, (actor_pid){frame->from}, reason);
}

/* ---- answers ---- */

static void world_take_reply(struct world *world, const struct reply *reply)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	for (size_t i = 0; i < world->n_calls; i++) {
		if (world->calls[i].id != reply->id)
			continue;
		core_answer_put(world->play, reply, &text);
		world->calls[i].id = 0;
		play_answer(world->play, world->calls[i].number, world->calls[i].async,
			    buf_text(&text));
		return;
	}
}

/* ---- steps ---- */

static void world_take_notice(struct world *world, const struct effect *effect)
{
	char reason[REASON_FORMAT_MAX];
	struct child_view view;
	enum happening what;

	if (effect->link.kind == LINK_READY)
		what = HAPPENED_READY;
	else if (effect->link.kind == LINK_EXITED)
		what = HAPPENED_EXIT;
	else if (effect->link.kind == LINK_START_FAILED)
		what = HAPPENED_START_FAILED;
	else
		return;
	if (core_view(world->core, effect->slot, &view))
		play_happened(world->play, what, effect->link.pid, view.path,
			      reason_format(&effect->link.reason, reason));
}

static void world_take_frames(struct world *world, const struct effect *effect)
{
	struct wire_frame frame;
	size_t cursor = 0;

	while (wire_decode(effect->out.data, effect->out.size, &cursor, &frame) == 1)
		process_take(world, (actor_pid){effect->out.source}, &frame);
}

static void world_take_effect(struct world *world, const struct effect *effect)
{
	struct child_view view;

	switch (effect->kind) {
	case FX_START:
		if (core_view(world->core, effect->slot, &view))
			process_start(world, &view, effect->pid);
		break;
	case FX_STOP:
		process_end(world, effect->pid, 15);
		break;
	case FX_KILL:
		process_end(world, effect->pid, 9);
		break;
	case FX_NOTICE:
		world_take_notice(world, effect);
		break;
	case FX_REPLY:
		world_take_reply(world, &effect->reply);
		break;
	case FX_FRAMES:
		world_take_frames(world, effect);
		break;
	case FX_FORGET:
	case FX_HALT:
	case FX_JOINED:
	case FX_DROP:
	case FX_N_KINDS:
		break;
	}
}

static int world_step(struct world *world, const struct event *event)
{
	struct effect effect;
	const char *broken;

	world->now.ns += 1000;
	if (core_step(world->core, event, world->now) < 0)
		return world_fail(world, "the core refused an event");
	while (core_next_effect(world->core, &effect)) {
		world_take_effect(world, &effect);
		effect_fini(&effect);
	}
	broken = core_check(world->core);
	return broken ? world_fail(world, broken) : 0;
}

static int world_send(struct world *world, uint64_t source, const struct wire_frame *frame)
{
	struct buf bytes CLEANUP(buf_fini) = BUF_INIT;
	struct wire_encoder e;

	wire_begin(&e, &bytes, frame);
	if (wire_end(&e) < 0)
		abort();
	return world_step(world, &(struct event){.kind = EVENT_FRAMES,
						 .source = source,
						 .data = bytes.data,
						 .size = bytes.size});
}

/* Lets time pass until what was told to end, and does not, is killed. False: nothing is. */
static bool world_wait(struct world *world)
{
	struct mono deadline = core_deadline(world->core);
	size_t i = 0;

	while (i < world->n_processes && !world->processes[i].stubborn)
		i++;
	if (i == world->n_processes || deadline.ns == MONO_NEVER.ns)
		return false;
	world->now = deadline;
	world_queue(world, (struct queued){.kind = EVENT_TICK});
	return true;
}

static int world_rest(void *owner)
{
	const struct wire_frame credit = {.op = WIRE_CREDIT, .ref = 1000000}; /* for all of them */
	struct world *world = owner;
	int r = 0;

	for (size_t steps = 0; r == 0 && (world->head < world->tail || world_wait(world));
	     steps++) {
		struct queued *q = &world->queue[world->head++];
		struct event event = {.kind = q->kind,
				      .pid = q->pid,
				      .code = q->code,
				      .by_signal = q->by_signal,
				      .reason = q->reason,
				      .source = q->pid.n};

		if (steps > 1000000)
			return world_fail(world, "it does not come to rest");
		r = world_step(world, &event);
		reason_fini(&event.reason);
		if (r == 0 && event.kind == EVENT_JOIN)
			r = world_send(world, event.source, &credit);
	}
	world->head = world->tail = 0;
	return r;
}

/* ---- acts ---- */

static int world_open(struct play *play, void **ret_world)
{
	const struct scenario *scenario = play_scenario(play);
	struct world *world = calloc(1, sizeof(*world));
	struct spec *spec = scenario_spec(scenario, scenario_root(scenario));
	struct event event = {.kind = EVENT_BOOT, .spec = spec, .budget = SPAN_INFINITY, .seed = 1};
	int r;

	if (!world || !spec)
		abort();
	world->play = play;
	world->workers = calloc(scenario->n_defs, sizeof(*world->workers));
	if (!world->workers || core_new(&world->core) < 0)
		abort();
	*ret_world = world;
	r = world_step(world, &event);
	spec_unref(spec);
	return r;
}

static int world_close(void *owner)
{
	struct world *world = owner;

	while (world->head < world->tail)
		reason_fini(&world->queue[world->head++].reason);
	core_free(world->core);
	free(world->workers);
	free(world->processes);
	free(world->queue);
	free(world);
	return 0;
}

/* A request to the daemon, by an actor where source is not 0. */
static int world_request(struct world *world, enum request_kind kind, uint64_t source,
			 const struct act *act)
{
	char target[ACTOR_PID_TEXT_MAX];
	struct event event = {.kind = EVENT_REQUEST};

	event.request = (struct request){.id = 1, .kind = kind, .source = source, .on = act->on};
	event.request.target = actor_pid_format(act->target, target);
	return world_step(world, &event);
}

static int world_act(void *owner, const struct act *act)
{
	struct world *world = owner;
	struct process *process = process_find(world, act->pid);
	struct wire_frame frame = {.to = act->target.n, .ref = act->ref};
	uint64_t source = act->pid.n;

	if (strcmp(act->verb, "link") == 0)
		return world_request(world, REQUEST_LINK, source, act);
	if (strcmp(act->verb, "unlink") == 0)
		return world_request(world, REQUEST_UNLINK, source, act);
	if (strcmp(act->verb, "trap") != 0) {
		frame.op = act->target.n ? WIRE_MONITOR : WIRE_CANCEL;
		frame.flags = act->target.n ? 0 : WIRE_FLUSH;
		return world_send(world, source, &frame);
	}
	if (process)
		process->traps = act->on;
	return world_request(world, REQUEST_TRAP, source, act);
}

static int world_exit(void *owner, actor_pid pid, const char *reason)
{
	struct world *world = owner;
	char target[ACTOR_PID_TEXT_MAX], text[64];
	struct event event = {.kind = EVENT_REQUEST};
	int r;

	if (strncmp(reason, "error:", 6) == 0) {
		snprintf(text, sizeof(text), "exit:%s", reason + 6);
		reason = text;
	}
	event.request = (struct request){.id = 1, .kind = REQUEST_EXIT};
	event.request.target = actor_pid_format(pid, target);
	if (reason_parse(reason, &event.request.reason) < 0)
		return world_fail(world, "no such reason");
	r = world_step(world, &event);
	reason_fini(&event.request.reason);
	return r;
}

static int world_hold(void *owner, const char *name)
{
	struct world *world = owner;

	world_worker(world, scenario_find(play_scenario(world->play), name))->hold = true;
	return 0;
}

static int world_release(void *owner, const char *name, bool fail)
{
	struct world *world = owner;
	const struct actor_def *def = scenario_find(play_scenario(world->play), name);
	struct worker *worker = world_worker(world, def);
	actor_pid held = worker->held;

	worker->hold = false;
	worker->held = ACTOR_PID_NONE;
	if (!held.n)
		return 0;
	process_finish_attempt(world, held, fail || actor_fails(def, worker->attempts));
	return 1;
}

static int world_call(void *owner, const struct api_call *call)
{
	struct world *world = owner;
	struct event event = {.kind = EVENT_REQUEST};
	struct request *request = &event.request;
	int kind = 0;
	int r;

	while (kind <= REQUEST_GET_CHILDSPEC && strcmp(call->verb, request_kind_names[kind]) != 0)
		kind++;
	if (kind > REQUEST_GET_CHILDSPEC || world->n_calls == ARRAY_LEN(world->calls))
		return world_fail(world, "no such call, or too many");
	request->id = 100 + world->n_calls;
	request->kind = (enum request_kind)kind;
	request->target = call->target;
	request->child = call->child;
	if (call->spec)
		request->spec = scenario_spec(play_scenario(world->play), call->spec);
	world->calls[world->n_calls++] = (struct call_id){request->id, call->number, call->async};
	r = world_step(world, &event);
	spec_unref(request->spec);
	return r;
}

static int world_stop(void *owner)
{
	return world_step(owner, &(struct event){.kind = EVENT_SHUTDOWN});
}

static int world_sleep(void *owner, unsigned ms)
{
	struct world *world = owner;

	world->now = mono_add(world->now, SPAN_MS(ms));
	return world_step(world, &(struct event){.kind = EVENT_TICK});
}

/* ---- looking ---- */

static enum node_state node_state(const struct child_view *view)
{
	switch (view->state) {
	case CHILD_RUNNING:
		return NODE_UP;
	case CHILD_STARTING:
		return NODE_STARTING;
	case CHILD_BACKOFF:
		return NODE_RESTARTING;
	case CHILD_WAITING:
	case CHILD_STOPPING:
	case CHILD_ENDING:
	case CHILD_DEAD:
	case CHILD_STOPPED:
	case CHILD_FAILED:
	case CHILD_DONE:
	case CHILD_N_STATES:
		break;
	}
	return NODE_DOWN;
}

/* What is not on its supervisor's list is left out, with all below it. */
static int world_walk(void *owner)
{
	struct world *world = owner;
	uint32_t slot = SLOT_NONE, hidden = UINT32_MAX;
	struct child_view view;

	while ((slot = core_next(world->core, slot)) != SLOT_NONE) {
		if (!core_view(world->core, slot, &view) || view.depth > hidden)
			continue;
		hidden = view.listed ? UINT32_MAX : view.depth;
		if (view.listed)
			play_tree_node(world->play, view.path, view.depth, node_state(&view),
				       view.pid);
	}
	return 0;
}

/* Its start function has not come back: a held worker's, or that of a supervisor above one. */
static bool world_is_held(void *owner, const char *name)
{
	struct world *world = owner;
	const struct scenario *scenario = play_scenario(world->play);
	struct child_view view;
	const struct actor_def *def;
	uint32_t slot;

	for (size_t i = 0; i < scenario->n_defs; i++) {
		slot = core_find_pid(world->core, world->workers[i].held);
		while (slot != SLOT_NONE && core_view(world->core, slot, &view) &&
		       view.state == CHILD_STARTING && view.parent != SLOT_NONE) {
			slot = view.parent;
			if (!core_view(world->core, slot, &view))
				break;
			def = play_def(world->play, view.path);
			if (def && strcmp(def->name, name) == 0)
				return true;
		}
	}
	return false;
}

const struct world_ops world_core = {
	.open = world_open,
	.close = world_close,
	.rest = world_rest,
	.die = process_die,
	.exit = world_exit,
	.act = world_act,
	.hold = world_hold,
	.release = world_release,
	.call = world_call,
	.stop = world_stop,
	.sleep = world_sleep,
	.walk = world_walk,
	.is_held = world_is_held,
};
