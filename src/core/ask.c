/* SPDX-License-Identifier: MIT */

/*
 * What actors ask of the core, each answered at once. A doomed actor is asked nothing and answered
 * nothing but that it is none any more (SEMANTICS 11).
 */

#include "core/mailbox.h"
#include "core/model.h"
#include "core/signal.h"

void ask_answer(struct core *core, const struct request *request, enum answer answer, actor_pid pid)
{
	const struct actor *actor = actor_find(core, pid);
	uint32_t slot = actor && actor->child ? actor->child->slot : SLOT_NONE;

	effect_reply(core, &(struct reply){.id = request->id,
					   .answer = answer,
					   .pid = pid,
					   .slot = slot,
					   .blocker = SLOT_NONE});
}

void ask_refuse(struct core *core, const struct request *request, enum answer answer,
		const char *text)
{
	effect_reply(core, &(struct reply){.id = request->id,
					   .answer = answer,
					   .text = text,
					   .slot = SLOT_NONE,
					   .blocker = SLOT_NONE});
}

struct actor *ask_asker(struct core *core, const struct request *request)
{
	const struct source *source = source_find(core, request->source);

	if (source && actor_is_alive(source->actor) && !actor_is_doomed(source->actor))
		return source->actor;
	ask_answer(core, request, ANSWER_NOT_AN_ACTOR, ACTOR_PID_NONE);
	return NULL;
}

static void ask_self(struct core *core, const struct request *request)
{
	const struct actor *asker = ask_asker(core, request);

	if (asker)
		ask_answer(core, request, ANSWER_OK, asker->pid);
}

/* Anybody may ask that: also who is no actor. */
static void ask_whereis(struct core *core, const struct request *request)
{
	const struct actor *actor = registry_find(core, request->target);

	ask_answer(core, request, actor ? ANSWER_OK : ANSWER_NOPROC,
		   actor ? actor->pid : ACTOR_PID_NONE);
}

static void ask_trap(struct core *core, const struct request *request)
{
	struct actor *asker = ask_asker(core, request);
	bool was;

	if (!asker)
		return;
	was = asker->trap;
	asker->trap = request->on;
	effect_reply(core, &(struct reply){.id = request->id,
					   .answer = ANSWER_OK,
					   .code = was,
					   .pid = asker->pid,
					   .slot = asker->child ? asker->child->slot : SLOT_NONE,
					   .blocker = SLOT_NONE});
}

/*
 * Whom the asker means, alive or not; a doomed one is found by its pid alone. NULL: nobody, with
 * ret_gone its pid where it was one.
 */
static struct actor *ask_target(struct core *core, const struct request *request,
				actor_pid *ret_gone)
{
	struct actor *actor;

	*ret_gone = ACTOR_PID_NONE;
	if (!request->target || actor_pid_parse(request->target, ret_gone) < 0)
		return registry_find(core, request->target);
	actor = actor_find(core, *ret_gone);
	return actor && actor_is_alive(actor) ? actor : NULL;
}

bool ask_is_refused(struct core *core, const struct request *request, const struct actor *asker,
		    const struct actor *target, enum rights_act act)
{
	struct rights_who who = actor_who(asker);
	struct rights_whom whom = actor_whom(target);
	const char *refusal = asker == target ? NULL : rights_refusal(&who, act, &whom);

	if (refusal)
		ask_refuse(core, request, ANSWER_NOT_PERMITTED, refusal);
	return refusal;
}

/* Exit signals that are messages are bounded by no mailbox's limit; those that somebody asks for
 * need not be sent. True after the answer that says so. */
static bool ask_is_one_too_many(struct core *core, const struct request *request,
				const struct actor *target)
{
	bool full = actor_traps(target) && target->mailbox &&
		    target->mailbox->frames.n_exits >= SIGNAL_REFS_MAX &&
		    request->reason.kind != REASON_KILL;

	if (full)
		ask_refuse(core, request, ANSWER_REFUSED,
			   "its mailbox is full of exit signals that it does not take");
	return full;
}

static void ask_link(struct core *core, const struct request *request)
{
	struct actor *asker = ask_asker(core, request);
	struct actor *target;
	actor_pid gone;
	int r;

	if (!asker)
		return;
	target = ask_target(core, request, &gone);
	if (target && ask_is_refused(core, request, asker, target, RIGHTS_LINK))
		return;
	if (!target && !gone.n) {
		ask_answer(core, request, ANSWER_NOPROC, ACTOR_PID_NONE);
		return;
	}
	if (!target && ask_is_one_too_many(core, request, asker))
		return;
	if (target)
		outbox_hurry(asker, target);
	r = target ? signal_link(asker, target, cause_origin(ORIGIN_ACTOR))
		   : signal_link_noproc(asker, gone);
	ask_answer(core, request, r < 0 ? ANSWER_NO_MEMORY : ANSWER_OK,
		   target ? target->pid : gone);
}

static void ask_unlink(struct core *core, const struct request *request)
{
	struct actor *asker = ask_asker(core, request);
	const struct child *c = asker ? asker->child : NULL;
	struct actor *target;
	actor_pid gone;

	if (!asker)
		return;
	target = ask_target(core, request, &gone);
	if (target && c && c->parent && &c->parent->self->actor == target) {
		ask_refuse(core, request, ANSWER_NOT_PERMITTED,
			   "an actor can not be unlinked from its own supervisor");
		return;
	}
	if (target)
		signal_unlink(asker, target, cause_origin(ORIGIN_ACTOR));
	mailbox_flush_exits(asker, target ? target->pid : gone);
	ask_answer(core, request, ANSWER_OK, target ? target->pid : gone);
}

/* To what is gone it is sent in vain, as a message is. */
static void ask_exit(struct core *core, const struct request *request)
{
	struct actor *asker = ask_asker(core, request);
	struct actor *target;
	actor_pid gone;
	int r;

	if (!asker)
		return;
	target = ask_target(core, request, &gone);
	if (!target) {
		ask_answer(core, request, ANSWER_NOPROC, gone);
		return;
	}
	if (ask_is_refused(core, request, asker, target, RIGHTS_EXIT) ||
	    ask_is_one_too_many(core, request, target))
		return;
	outbox_hurry(asker, target);
	r = signal_exit(target, &(struct exit_signal){.from = asker->pid,
						      .reason = &request->reason,
						      .cause = cause_origin(ORIGIN_ACTOR)});
	ask_answer(core, request, r < 0 ? ANSWER_NO_MEMORY : ANSWER_OK, target->pid);
}

/* Its last words: no exit signal, so that kill is a reason as others (SEMANTICS 39, 50). */
static void ask_exit_self(struct core *core, const struct request *request)
{
	struct actor *asker = ask_asker(core, request);

	if (!asker)
		return;
	ask_answer(core, request, ANSWER_OK, asker->pid);
	if (asker->child) {
		child_input(asker->child, IN_TOLD, &(struct event){.reason = request->reason});
		return;
	}
	asker->verdict = reason_copy(&request->reason);
	signal_doomed(asker);
}

void ask_request(struct core *core, const struct request *request)
{
	static void (*const asks[REQUEST_N_KINDS])(struct core *, const struct request *) = {
		[REQUEST_SELF] = ask_self,
		[REQUEST_TRAP] = ask_trap,
		[REQUEST_LINK] = ask_link,
		[REQUEST_UNLINK] = ask_unlink,
		[REQUEST_EXIT] = ask_exit,
		[REQUEST_EXIT_SELF] = ask_exit_self,
		[REQUEST_REGISTER] = registry_request,
		[REQUEST_UNREGISTER] = registry_request,
		[REQUEST_WHEREIS] = ask_whereis,
		[REQUEST_SPAWN] = spawned_request,
	};

	if (asks[request->kind])
		asks[request->kind](core, request);
}
