/* SPDX-License-Identifier: MIT */

/*
 * One step: the event goes to the child or the request it is about, then the agenda is worked off:
 * each supervisor that has news, until none has. A step of shutdown (D21):
 *
 *   1. the first EVENT_SHUTDOWN stops the tree in order; whenever the root ends, its budget runs
 *   2. at four fifths of the budget order is given up: all that is left is told to stop
 *   3. at its end, or at the second EVENT_SHUTDOWN, all that is left is killed
 */

#include <errno.h>
#include <stdlib.h>

#include "core/mailbox.h"
#include "core/model.h"
#include "core/signal.h"

/* One request may be answered at once, and the tree may halt. */
#define EFFECTS_AT_ONCE 8
/* When what could not be told for want of memory is tried again. */
#define RETRY SPAN_MS(100)

/* ---- life ---- */

int core_new(struct core **ret_core)
{
	struct core *core = calloc(1, sizeof(*core));

	if (!core)
		return -ENOMEM;
	core->next_pid = core->next_seq = core->next_deadline = 1;
	core->random = 1;
	core->halt_slot = SLOT_NONE;
	core->budget_order = core->budget_kill = MONO_NEVER;
	core->told = (struct told){.room = TOLD_ROOM, .due = MONO_NEVER};
	list_init(&core->agenda);
	list_init(&core->put_off);
	list_init(&core->calls);
	list_init(&core->waiters);
	list_init(&core->syncs);
	list_init(&core->dying);
	list_init(&core->spawned);
	list_init(&core->guests);
	list_init(&core->gone);
	list_init(&core->signals);
	list_init(&core->unsent);
	list_init(&core->unlinked);
	list_init(&core->due);
	list_init(&core->mailboxes);
	list_init(&core->flushes);
	*ret_core = core;
	return 0;
}

static void core_drop_effects(struct core *core)
{
	struct effect e;

	while (core_next_effect(core, &e))
		effect_fini(&e);
}

void core_free(struct core *core)
{
	if (!core)
		return;
	core_drop_effects(core);
	operator_drop_all(core);
	edge_table_clear(&core->edges);
	actor_free_guests(core, &core->guests);
	actor_free_guests(core, &core->gone);
	tree_free(core);
	strmap_fini(&core->paths);
	strmap_fini(&core->names);
	strmap_fini(&core->standings);
	strmap_fini(&core->needs);
	map_fini(&core->sources);
	map_fini(&core->memfd_copies);
	edge_table_fini(&core->edges);
	map_fini(&core->pids);
	reason_fini(&core->halt_reason);
	chain_free_all(core);
	free(core->released);
	free(core->slots);
	free(core->free_slots);
	free(core->timers);
	free(core->effects);
	free(core);
}

/* ---- events of processes ---- */

static const enum child_input inputs[EVENT_N_KINDS] = {
	[EVENT_STARTED] = IN_STARTED,   [EVENT_START_FAILED] = IN_START_FAILED,
	[EVENT_SHORTAGE] = IN_SHORTAGE, [EVENT_READY] = IN_READY,
	[EVENT_IGNORE] = IN_IGNORE,     [EVENT_TOLD] = IN_TOLD,
	[EVENT_FAULT] = IN_FAULT,       [EVENT_EXTEND] = IN_EXTEND,
	[EVENT_EXITED] = IN_EXITED,     [EVENT_GONE] = IN_GONE,
};

static void core_take_process_event(struct core *core, const struct event *event)
{
	struct actor *actor = actor_find(core, event->pid);
	struct child *c = actor ? actor->child : NULL;
	struct event failed = {.kind = EVENT_START_FAILED};

	if (!c || !c->live || c->sup || c->short_of)
		return;
	if (event->kind == EVENT_STARTED)
		actor->uid = event->uid;
	if (event->kind == EVENT_SHORTAGE && c->spawned) {
		failed.reason = reason_exec(STEP_SPAWN, event->code, NULL);
		event = &failed;
	}
	child_input(c, inputs[event->kind], event);
	reason_fini(&failed.reason);
}

/* ---- shutdown ---- */

static void core_kill_all(struct core *core, struct cause cause)
{
	core->killing_all = true;
	child_stop(core->root, cause);
	spawned_kill_all(core, cause);
	if (core->root->live)
		supervisor_kill_tree(core->root->sup, cause);
}

static void core_shutdown(struct core *core)
{
	struct child *root = core->root;
	struct cause cause = cause_origin(ORIGIN_SHUTDOWN);

	if (core->halted)
		return;
	if (core->shutting_down) {
		core_kill_all(core, cause);
		return;
	}
	core->shutting_down = true;
	if (root->state == CHILD_STOPPING && core->halt == HALT_ORDERLY)
		core->halt = HALT_GAVE_UP;
	if (list_is_empty(&core->spawned)) {
		child_stop(root, cause);
		return;
	}
	core->spawned_told = true;
	spawned_stop_all(core, cause);
}

void core_spawned_gone(struct core *core)
{
	if (core->halt_waits)
		supervisor_halt(core);
	else if (core->shutting_down)
		child_stop(core->root, cause_origin(ORIGIN_SHUTDOWN));
}

/* The root ends by itself: what was spawned ends with it. */
static void core_watch_root(struct core *core)
{
	const struct child *root = core->root;

	if (core->spawned_told || list_is_empty(&core->spawned) ||
	    (root->live && root->state != CHILD_STOPPING))
		return;
	core->spawned_told = true;
	spawned_stop_all(core, chain_last(root));
}

static void core_watch_budget(struct core *core)
{
	const struct child *root = core->root;
	struct span part = core->budget;

	if (!root || core->budget_runs || (root->state != CHILD_STOPPING && !core->shutting_down))
		return;
	core->budget_runs = true;
	if (!span_is_infinite(part))
		part.ns = part.ns / 5 * 4;
	core->budget_order = mono_add(core->now, part);
	core->budget_kill = mono_add(core->now, core->budget);
}

static void core_give_up_order(struct core *core, struct cause cause)
{
	core->order_given_up = true;
	child_stop(core->root, cause);
	for (struct child *c = tree_next(core->root, core->root); c; c = tree_next(c, core->root))
		if (c->state == CHILD_STARTING || c->state == CHILD_RUNNING)
			child_stop(c, cause);
		else if (c->state == CHILD_STOPPING && c->polite == POLITE_LATER)
			child_stop_now(c);
}

static void core_take_budget(struct core *core)
{
	struct child *root = core->root;

	if (core->halted)
		return;
	if (core->budget_order.ns <= core->now.ns) {
		core->budget_order = MONO_NEVER;
		core_give_up_order(core, chain_add(root, LINK_BUDGET, root->cause, NULL, 80));
	}
	if (core->budget_kill.ns <= core->now.ns) {
		core->budget_kill = MONO_NEVER;
		core_kill_all(core, chain_add(root, LINK_BUDGET, root->cause, NULL, 100));
	}
}

/* ---- the step ---- */

/* The queues that the last step had no room for. */
static void core_go_on(struct core *core)
{
	struct list *l;

	while ((l = list_take_first(&core->put_off)))
		supervisor_wake(LIST_ENTRY(l, struct supervisor, put_off));
}

static void core_run_agenda(struct core *core)
{
	struct list *l;

	do {
		signal_run(core);
		while ((l = list_take_first(&core->agenda))) {
			supervisor_run(LIST_ENTRY(l, struct supervisor, on_agenda));
			signal_run(core);
		}
	} while (depend_run(core) || !list_is_empty(&core->agenda));
}

static void core_tick(struct core *core)
{
	struct child *c;

	while ((c = timer_due(core))) {
		child_input(c, IN_TIMEOUT, NULL);
		core_run_agenda(core);
	}
	core_take_budget(core);
}

static int core_boot(struct core *core, const struct event *event)
{
	int r = effect_reserve(core, EFFECTS_AT_ONCE + TOLD_EFFECTS);

	if (r >= 0)
		r = tree_add(core, NULL, event->spec, NULL, false, &core->root);
	if (r < 0) {
		core_drop_effects(core);
		tree_reap(core);
		core->effects_promised = core->effects_released = 0;
		core->n_slots = core->n_free = 0;
		return r;
	}
	core->budget = event->budget;
	core->uid = event->uid;
	core->random = event->seed ? event->seed : 1;
	child_start(core->root, cause_origin(ORIGIN_BOOT));
	return 0;
}

static void core_take_request(struct core *core, const struct request *request)
{
	uint32_t slot;

	if (request->kind > REQUEST_SYNC || (request->kind == REQUEST_EXIT && request->source)) {
		ask_request(core, request);
		return;
	}
	if (request->kind > REQUEST_GET_CHILDSPEC) {
		operator_request(core, request);
		return;
	}
	slot = core_find(core, request->target);
	call_admit(core, request, slot == SLOT_NONE ? NULL : core->slots[slot]);
}

static int core_dispatch(struct core *core, const struct event *event)
{
	switch (event->kind) {
	case EVENT_BOOT:
		return core->root ? -EINVAL : core_boot(core, event);
	case EVENT_STARTED:
	case EVENT_START_FAILED:
	case EVENT_SHORTAGE:
	case EVENT_READY:
	case EVENT_IGNORE:
	case EVENT_TOLD:
	case EVENT_FAULT:
	case EVENT_EXTEND:
	case EVENT_EXITED:
	case EVENT_GONE:
		core_take_process_event(core, event);
		break;
	case EVENT_HEALTH:
		told_health(core, event);
		break;
	case EVENT_UNIX_SIGNAL:
		told_unix_signal(core, event);
		break;
	case EVENT_JOIN:
		source_join(core, event);
		break;
	case EVENT_LEAVE:
		source_leave(core, event);
		break;
	case EVENT_FULL:
	case EVENT_ROOM:
		source_set_full(core, event->source, event->kind == EVENT_FULL);
		break;
	case EVENT_FRAMES:
		dispatch_frames(core, event);
		break;
	case EVENT_TICK:
		core_tick(core);
		break;
	case EVENT_REQUEST:
		core_take_request(core, &event->request);
		break;
	case EVENT_FORGET:
		operator_forget(core, event->request.id);
		spawned_forget(core, event->request.id);
		break;
	case EVENT_SHUTDOWN:
		core_shutdown(core);
		break;
	case EVENT_N_KINDS:
		break;
	}
	return 0;
}

int core_step(struct core *core, const struct event *event, struct mono now)
{
	int r;

	if (!core->root && event->kind != EVENT_BOOT)
		return -EINVAL;
	core_drop_effects(core);
	core->n_released = 0;
	actor_free_guests(core, &core->gone);
	source_clear_all(core);
	tree_reap(core);
	core->effects_promised -= core->effects_released;
	core->effects_released = 0;
	core->now.ns = MAX_OF(core->now.ns, now.ns);
	told_begin(core);
	core_go_on(core);
	signal_retry(core);
	standing_retry(core);
	r = core_dispatch(core, event);
	if (r < 0)
		return r;
	core_run_agenda(core);
	core_watch_root(core);
	core_run_agenda(core); /* what that has doomed */
	core_watch_budget(core);
	sync_check(core);
	mailbox_run_all(core);
	source_flush_all(core);
	return 0;
}

struct mono core_deadline(const struct core *core)
{
	struct mono at = core->n_timers ? core->timers[0]->deadline : MONO_NEVER;

	if (core->halted)
		return MONO_NEVER;
	if (!list_is_empty(&core->put_off) || core->due_put_off || source_has_more(core) ||
	    (!list_is_empty(&core->mailboxes) && !core->mail_is_short))
		return core->now;
	if (!list_is_empty(&core->unsent) || !list_is_empty(&core->unlinked) ||
	    !list_is_empty(&core->mailboxes))
		at.ns = MIN_OF(at.ns, mono_add(core->now, RETRY).ns);
	at.ns = MIN_OF(at.ns, core->budget_order.ns);
	at.ns = MIN_OF(at.ns, core->budget_kill.ns);
	at.ns = MIN_OF(at.ns, core->told.due.ns);
	return at;
}
