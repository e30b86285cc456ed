/* SPDX-License-Identifier: MIT */

/*
 * The child API: OTP's calls on a supervisor, with OTP's answers (SEMANTICS 153 to 173). A call
 * stands in its supervisor's queue until its turn comes; one that starts or stops a child is then
 * in that child's hand until the child is ready or down. An operator's start is queued as a call
 * too, so that it never meets a group restart half way; its answer comes from a waiter.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "core/model.h"

#define EFFECTS_PER_CALL 4

/* ---- life of a call ---- */

void call_free(struct call *call)
{
	struct child *c = call->item.child;

	list_unlink(&call->item.link);
	list_unlink(&call->in_calls);
	effect_release(call->core, EFFECTS_PER_CALL);
	if (c && c->call == call)
		c->call = NULL;
	if (c && c->start_again == call)
		c->start_again = NULL;
	free(call->name);
	spec_unref(call->spec);
	strings_free(call->args);
	free(call);
}

static void call_finish(struct call *call, struct reply *reply)
{
	reply->id = call->id;
	if (call->id)
		effect_reply(call->core, reply);
	else
		effect_fini(&(struct effect){.kind = FX_REPLY, .reply = *reply});
	call_free(call);
}

void call_answer(struct call *call, enum answer answer)
{
	call_finish(call,
		    &(struct reply){.answer = answer, .slot = SLOT_NONE, .blocker = SLOT_NONE});
}

static void call_answer_child(struct call *call, enum answer answer, const struct child *c)
{
	struct reply reply = {.answer = answer, .slot = c->slot, .blocker = SLOT_NONE};

	if (answer == ANSWER_OK_UP || answer == ANSWER_ALREADY_STARTED)
		reply.pid = c->actor.pid;
	if (answer == ANSWER_START_FAILED)
		reply.reason = reason_copy(&c->reason);
	call_finish(call, &reply);
}

static struct call *call_new(struct core *core, enum request_kind kind)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	if (effect_reserve(core, EFFECTS_PER_CALL) < 0) {
		free(call);
		return NULL;
	}
	call->core = core;
	call->kind = kind;
	call->item.kind = ITEM_CALL;
	list_init(&call->item.link);
	list_init(&call->in_calls);
	list_append(&core->calls, &call->in_calls);
	return call;
}

struct call *call_new_start(struct child *c, enum origin origin)
{
	struct call *call = call_new(c->core, REQUEST_START);

	if (call) {
		call->item.child = c;
		call->origin = origin;
	}
	return call;
}

static struct call *call_from_request(struct core *core, const struct request *request)
{
	struct call *call = call_new(core, request->kind);

	if (!call)
		return NULL;
	call->id = request->id;
	call->name = request->child ? strdup(request->child) : NULL;
	call->args = strings_copy(request->args);
	call->spec = request->spec ? spec_ref(request->spec) : NULL;
	if ((request->child && !call->name) || (request->args && !call->args)) {
		call_free(call);
		return NULL;
	}
	return call;
}

static void call_refuse(struct core *core, const struct request *request, enum answer answer)
{
	effect_reply(core, &(struct reply){.id = request->id,
					   .answer = answer,
					   .slot = SLOT_NONE,
					   .blocker = SLOT_NONE});
}

void call_admit(struct core *core, const struct request *request, struct child *target)
{
	struct call *call;

	if (!target ||
	    (target->sup && (target->sup->job == JOB_DOWN || target->sup->job == JOB_SHUTDOWN))) {
		call_refuse(core, request, ANSWER_NOPROC);
		return;
	}
	if (!target->sup) {
		call_refuse(core, request, ANSWER_NOT_SUPERVISOR);
		return;
	}
	call = call_from_request(core, request);
	if (!call) {
		call_refuse(core, request, ANSWER_NO_MEMORY);
		return;
	}
	supervisor_enqueue(target->sup, &call->item);
}

/* ---- who is meant ---- */

static bool call_is_simple(const struct supervisor *s)
{
	return s->self->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;
}

/* By the pid of the present incarnation, or of the last one that was ready (SEMANTICS 172). */
static struct child *call_find_pid(const struct supervisor *s, const char *text)
{
	actor_pid pid;
	struct actor *actor;
	struct child *c;

	if (actor_pid_parse(text, &pid) < 0)
		return NULL;
	actor = actor_find(s->self->core, pid);
	c = actor ? actor->child : NULL;
	if (c)
		return c->parent == s && c->listed ? c : NULL;
	LIST_EACH (l, &s->kids) {
		c = LIST_ENTRY(l, struct child, link);
		if (c->restarting && c->listed && c->ready_pid.n == pid.n)
			return c;
	}
	return NULL;
}

static struct child *call_target(const struct supervisor *s, const struct call *call)
{
	const char *name = call->name;

	if (call->item.child)
		return call->item.child;
	if (call->kind == REQUEST_START_CHILD)
		name = call->spec ? call->spec->name : NULL;
	if (!name)
		return NULL;
	return call_is_simple(s) ? call_find_pid(s, name) : tree_find_kid(s, name);
}

bool call_must_wait(const struct supervisor *s, const struct call *call)
{
	const struct child *c;

	if (!supervisor_is_independent(s))
		return s->job != JOB_IDLE;
	if (s->job == JOB_INIT && call->kind != REQUEST_START)
		return true;
	c = call_target(s, call);
	return c && c->call;
}

bool call_is_admitting(const struct child *c)
{
	return c->call && c->call->kind == REQUEST_START_CHILD;
}

/* ---- in a child's hand ---- */

static void call_hand_over(struct supervisor *s, struct call *call, struct child *c)
{
	call->item.child = c;
	c->call = call;
	if (supervisor_is_independent(s))
		return;
	job_abort(s);
	supervisor_set_job(s, JOB_CALL);
	s->called = c;
	job_await(s, c);
}

void call_child_ready(struct child *c)
{
	struct call *call = c->call;

	if (!call || call->kind == REQUEST_TERMINATE_CHILD)
		return;
	if (call->kind == REQUEST_START)
		call_free(call);
	else
		call_answer_child(call, ANSWER_OK_UP, c);
}

void call_child_parked(struct child *c)
{
	struct call *call = c->call;

	if (!call)
		return;
	job_arrived(c);
	if (call->kind == REQUEST_START)
		call_free(call);
	else if (call->kind == REQUEST_TERMINATE_CHILD)
		call_answer(call, ANSWER_OK);
	else
		call_answer_child(call, ANSWER_OK_UNDEFINED, c);
}

void call_child_down(struct child *c)
{
	struct call *call = c->call;
	bool drop =
		c->parent && (c->spec->restart == RESTART_TEMPORARY || call_is_simple(c->parent));
	bool ignored = c->ignored && !c->expected;

	if (!call)
		return;
	if (call->kind == REQUEST_START) {
		call_free(call);
		return;
	}
	if (call->kind == REQUEST_TERMINATE_CHILD) {
		call_answer(call, ANSWER_OK);
	} else {
		drop = call->kind == REQUEST_START_CHILD && (drop || !ignored);
		call_answer_child(call, ignored ? ANSWER_OK_UNDEFINED : ANSWER_START_FAILED, c);
	}
	if (drop)
		tree_unlist(c);
}

/* ---- the calls ---- */

static bool call_has_pid(const struct child *c)
{
	return (c->live || c->state == CHILD_DEAD) && !c->restarting;
}

/* Started; or parked, which is as good (D16). */
static void call_launch(struct supervisor *s, struct call *call, struct child *c,
			struct cause cause)
{
	call_hand_over(s, call, c);
	child_start(c, cause);
	if (c->state == CHILD_WAITING)
		call_child_parked(c);
}

static void call_answer_blocked(struct call *call, uint32_t blocker)
{
	call_finish(call, &(struct reply){
				  .answer = ANSWER_BLOCKED, .slot = SLOT_NONE, .blocker = blocker});
}

static void call_refuse_new(struct call *call, struct child *c, int wrong)
{
	tree_forget(c);
	call_finish(call, &(struct reply){.answer = wrong < 0 ? ANSWER_NO_MEMORY : ANSWER_BAD_SPEC,
					  .code = wrong < 0 ? 0 : wrong,
					  .slot = SLOT_NONE,
					  .blocker = SLOT_NONE});
}

static void call_start_new(struct supervisor *s, struct call *call, struct spec *spec)
{
	uint32_t blocker = SLOT_NONE;
	struct child *c;
	int wrong;

	if (s->n_listed >= s->self->spec->max_children) {
		call_answer(call, ANSWER_MAX_CHILDREN);
		return;
	}
	if (tree_add(call->core, s, spec, call->args, true, &c) < 0) {
		call_answer(call, ANSWER_NO_MEMORY);
		return;
	}
	wrong = depend_check_new(c);
	if (wrong) {
		call_refuse_new(call, c, wrong);
		return;
	}
	if (depend_is_blocked(c, &blocker)) {
		call_answer_blocked(call, blocker);
		tree_forget(c);
		return;
	}
	c->held = false;
	if (spec->on_demand) {
		child_idle(c, cause_origin(ORIGIN_CALL));
		call_answer_child(call, ANSWER_OK_UNDEFINED, c);
		return;
	}
	call_launch(s, call, c, cause_origin(ORIGIN_CALL));
}

static void call_start_child(struct supervisor *s, struct call *call)
{
	struct child *present;
	enum spec_error error;

	if (call_is_simple(s) && call->spec) {
		call_answer(call, ANSWER_SIMPLE_ONE_FOR_ONE);
		return;
	}
	if (call_is_simple(s)) {
		call_start_new(s, call, s->self->spec->children[0]);
		return;
	}
	error = call->spec ? spec_validate(call->spec, s->self->spec) : SPEC_E_NAME;
	if (error == SPEC_OK && call->spec->template)
		error = SPEC_E_ADDED;
	if (error == SPEC_OK && strlen(s->self->path) + strlen(call->spec->name) > SPEC_PATH_MAX)
		error = SPEC_E_NAME;
	if (error != SPEC_OK) {
		call_finish(call, &(struct reply){.answer = error == SPEC_E_SIGNIFICANT
								    ? ANSWER_BAD_COMBINATION
								    : ANSWER_BAD_SPEC,
						  .code = (int32_t)error,
						  .slot = SLOT_NONE});
		return;
	}
	present = tree_find_kid(s, call->spec->name);
	if (present)
		call_answer_child(call,
				  call_has_pid(present) ? ANSWER_ALREADY_STARTED
							: ANSWER_ALREADY_PRESENT,
				  present);
	else
		call_start_new(s, call, call->spec);
}

/* The pid of a process that is dead is ok, though it is no child any more (SEMANTICS 169). */
static enum answer call_absent(const struct supervisor *s, const struct call *call)
{
	actor_pid pid;

	if (!call_is_simple(s))
		return ANSWER_NOT_FOUND;
	if (!call->name || actor_pid_parse(call->name, &pid) < 0)
		return ANSWER_SIMPLE_ONE_FOR_ONE;
	return pid.n && pid.n < call->core->next_pid && !map_get(&call->core->pids, pid.n)
		       ? ANSWER_OK
		       : ANSWER_NOT_FOUND;
}

static void call_terminate(struct supervisor *s, struct call *call)
{
	struct child *c = call_target(s, call);
	bool drop;

	if (!c) {
		call_answer(call, call_absent(s, call));
		return;
	}
	if (c->live) {
		call_hand_over(s, call, c);
		child_stop(c, cause_origin(ORIGIN_CALL));
		return;
	}
	drop = c->spec->restart == RESTART_TEMPORARY || call_is_simple(s);
	child_stop(c, cause_origin(ORIGIN_CALL));
	call_answer(call, ANSWER_OK);
	if (drop)
		tree_unlist(c);
}

static void call_restart(struct supervisor *s, struct call *call)
{
	struct child *c = call_target(s, call);
	uint32_t blocker = SLOT_NONE;
	bool held;

	if (call_is_simple(s)) {
		call_answer(call, ANSWER_SIMPLE_ONE_FOR_ONE);
	} else if (!c) {
		call_answer(call, ANSWER_NOT_FOUND);
	} else if (c->restarting || c->live || c->state == CHILD_DEAD || child_heir(c)) {
		call_answer(call, c->restarting ? ANSWER_RESTARTING : ANSWER_RUNNING);
	} else if (depend_is_blocked(c, &blocker)) {
		call_answer_blocked(call, blocker);
	} else {
		held = c->held_by_operator;
		c->held = c->held_by_operator = false;
		call_launch(s, call, c, cause_origin(ORIGIN_CALL));
		if (held && c->parked)
			chain_add(c, LINK_RELEASED, cause_origin(ORIGIN_CALL), NULL, 0);
	}
}

static void call_delete(struct supervisor *s, struct call *call)
{
	struct child *c = call_target(s, call);

	if (call_is_simple(s)) {
		call_answer(call, ANSWER_SIMPLE_ONE_FOR_ONE);
	} else if (!c) {
		call_answer(call, ANSWER_NOT_FOUND);
	} else if (c->restarting || c->live || c->state == CHILD_DEAD || child_heir(c)) {
		call_answer(call, c->restarting ? ANSWER_RESTARTING : ANSWER_RUNNING);
	} else {
		call_answer(call, ANSWER_OK);
		operator_remove_now(c, cause_origin(ORIGIN_CALL));
	}
}

/* It comes by itself, with its range, when what that waits for is there (D16). */
static bool is_suspended(const struct supervisor *s, const struct child *c)
{
	return s->suspended && c->state == CHILD_WAITING &&
	       (c == s->suspended || c->parked_by == s->suspended->slot);
}

/*
 * An operator's start, or a trigger's. The failed child of a parked range takes its range along,
 * its window empty (D6); so does one whose restart, and that of its range, was due.
 */
static void call_start(struct supervisor *s, struct call *call)
{
	struct child *c = call->item.child;
	struct cause cause = cause_origin(call->origin);
	bool parked = c->state == CHILD_FAILED && s->self->spec->give_up == GIVE_UP_HOLD &&
		      !c->spec->on_demand;
	bool group = !supervisor_is_independent(s) && (parked || c->state == CHILD_BACKOFF);

	if (c->live || c->held || c->removed || depend_is_stuck(c) || is_suspended(s, c)) {
		call_free(call);
		waiter_check(c);
		return;
	}
	if (!c->listed) {
		c->listed = true;
		s->n_listed++;
	}
	child_stop(c, cause);
	c->window.used = c->window.next = 0;
	if (group) {
		/* What is on demand does not start with its range: its turn is after that. */
		if (c->spec->on_demand)
			supervisor_enqueue(s, &call->item);
		else
			call_free(call);
		strategy_resume(s, c, cause);
		return;
	}
	call_launch(s, call, c, cause);
}

/* ---- questions ---- */

static void call_fill_row(const struct supervisor *s, const struct child *c, struct child_row *row)
{
	bool simple = call_is_simple(s);

	row->slot = c->slot;
	row->type = c->spec->type;
	row->state = c->restarting ? ROW_RESTARTING : call_has_pid(c) ? ROW_UP : ROW_UNDEFINED;
	row->pid = row->state == ROW_UP ? c->actor.pid : ACTOR_PID_NONE;
	snprintf(row->name, sizeof(row->name), "%s", simple ? "undefined" : c->spec->name);
}

static void call_which(struct supervisor *s, struct call *call)
{
	struct reply reply = {.answer = ANSWER_ROWS, .slot = s->self->slot, .blocker = SLOT_NONE};

	reply.rows = calloc(s->n_kids + 1, sizeof(*reply.rows));
	if (!reply.rows) {
		call_answer(call, ANSWER_NO_MEMORY);
		return;
	}
	for (struct child *c = tree_previous_kid(s, NULL); c; c = tree_previous_kid(s, c))
		if (c->listed && !call_is_admitting(c))
			call_fill_row(s, c, &reply.rows[reply.n_rows++]);
	call_finish(call, &reply);
}

static void call_count(struct supervisor *s, struct call *call)
{
	struct reply reply = {.answer = ANSWER_COUNTS, .slot = s->self->slot, .blocker = SLOT_NONE};
	struct child_counts *n = &reply.counts;

	for (struct child *c = tree_next_kid(s, NULL); c; c = tree_next_kid(s, c)) {
		if (!c->listed || call_is_admitting(c))
			continue;
		n->specs++;
		n->active += c->live && !c->restarting;
		if (c->sup)
			n->supervisors++;
		else
			n->workers++;
	}
	if (call_is_simple(s))
		n->specs = 1;
	call_finish(call, &reply);
}

static void call_get_spec(struct supervisor *s, struct call *call)
{
	struct child *c = call_target(s, call);
	struct spec *spec = c ? c->spec : NULL;

	if (call_is_simple(s) && call->name &&
	    strcmp(s->self->spec->children[0]->name, call->name) == 0)
		spec = s->self->spec->children[0];
	if (!spec) {
		call_answer(call, ANSWER_NOT_FOUND);
		return;
	}
	call_finish(call, &(struct reply){.answer = ANSWER_SPEC,
					  .slot = c ? c->slot : SLOT_NONE,
					  .spec = spec_ref(spec)});
}

void call_run(struct supervisor *s, struct call *call)
{
	switch (call->kind) {
	case REQUEST_START_CHILD:
		call_start_child(s, call);
		break;
	case REQUEST_TERMINATE_CHILD:
		call_terminate(s, call);
		break;
	case REQUEST_RESTART_CHILD:
		call_restart(s, call);
		break;
	case REQUEST_DELETE_CHILD:
		call_delete(s, call);
		break;
	case REQUEST_WHICH_CHILDREN:
		call_which(s, call);
		break;
	case REQUEST_COUNT_CHILDREN:
		call_count(s, call);
		break;
	case REQUEST_GET_CHILDSPEC:
		call_get_spec(s, call);
		break;
	case REQUEST_START:
		call_start(s, call);
		break;
	case REQUEST_STOP:
	case REQUEST_RESTART:
	case REQUEST_REMOVE:
	case REQUEST_TRIGGER:
	case REQUEST_EXIT:
	case REQUEST_WAIT_READY:
	case REQUEST_WAIT_DOWN:
	case REQUEST_SYNC:
	case REQUEST_SELF:
	case REQUEST_TRAP:
	case REQUEST_LINK:
	case REQUEST_UNLINK:
	case REQUEST_EXIT_SELF:
	case REQUEST_REGISTER:
	case REQUEST_UNREGISTER:
	case REQUEST_WHEREIS:
	case REQUEST_SPAWN:
	case REQUEST_N_KINDS:
		call_free(call);
		break;
	}
}
