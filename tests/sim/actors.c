/* SPDX-License-Identifier: MIT */

/* What actors do, at any moment and to anybody: post.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/post.h"
#include "wire/number.h"

/* ---- who ---- */

static struct player *random_player(struct sim *sim)
{
	struct post *post = sim->post;

	return post->n_alive ? post->alive[rng_below(&sim->rng, post->n_alive)] : NULL;
}

/* One that can speak; NULL: none was found. */
static struct player *random_speaker(struct sim *sim)
{
	for (uint32_t i = 0; i < 10; i++) {
		struct player *player = random_player(sim);

		if (player && player->source)
			return player;
	}
	return NULL;
}

/* An actor, a supervisor, or one that has been. */
actor_pid actors_target(struct sim *sim)
{
	uint32_t what = rng_below(&sim->rng, 100);
	const struct player *player = random_player(sim);
	struct child_view view;

	if (what < 80 && player)
		return player->pid;
	if (what < 90 && core_view(sim->core, rng_below(&sim->rng, sim->n_slots), &view) &&
	    view.pid.n)
		return view.pid;
	return (actor_pid){1 + rng_below(&sim->rng, (uint32_t)sim->top_pid)};
}

static bool is_parent(const struct sim *sim, const struct player *player, actor_pid pid)
{
	struct child_view view, parent;

	return player->slot != SLOT_NONE && core_view(sim->core, player->slot, &view) &&
	       core_view(sim->core, view.parent, &parent) && parent.pid.n == pid.n;
}

/* There is or was such an actor, and it is not there any more. */
static bool is_gone(const struct sim *sim, actor_pid pid)
{
	const struct player *player = post_player(sim, pid);
	struct child_view view;
	uint32_t slot = core_find_pid(sim->core, pid);

	if (player)
		return player->dead;
	return slot == SLOT_NONE || !core_view(sim->core, slot, &view) || view.pid.n != pid.n ||
	       !sim->seen[slot].up;
}

/* ---- events of theirs ---- */

void actors_event(struct sim *sim, uint64_t source, const struct event *event)
{
	sim->post->source = source;
	sim->post->was_dropped = false;
	sim->alloc_expected = rng_chance(&sim->rng, sim->weather.no_memory);
	sim_step(sim, event);
	sim->alloc_expected = false;
	sim->post->source = 0;
}

/* False where the connection did not survive it. */
bool actors_send_bytes(struct sim *sim, const struct player *player, const struct buf *bytes)
{
	actors_event(sim, player->source,
		     &(struct event){.kind = EVENT_FRAMES,
				     .source = player->source,
				     .data = bytes->data,
				     .size = bytes->size});
	return !sim->post->was_dropped;
}

void actors_put_frame(struct buf *bytes, const struct wire_frame *frame)
{
	struct wire_encoder e;

	wire_begin(&e, bytes, frame);
	wire_put(&e, frame->payload, frame->payload_size);
	if (wire_end(&e) < 0)
		abort();
}

bool actors_send(struct sim *sim, const struct player *player, const struct wire_frame *frame)
{
	struct buf bytes CLEANUP(buf_fini) = BUF_INIT;

	actors_put_frame(&bytes, frame);
	return actors_send_bytes(sim, player, &bytes);
}

/* The request's own answer; ANSWER_N: it has none, which is wrong. */
static enum answer ask(struct sim *sim, const struct player *player, struct request *request)
{
	struct post *post = sim->post;

	post->answer = ANSWER_N;
	request->id = post->next_id++;
	request->source = player->source;
	actors_event(sim, player->source,
		     &(struct event){.kind = EVENT_REQUEST, .request = *request});
	if (post->answer == ANSWER_N)
		sim_fail(sim, "%s of pid %llu is not answered at once",
			 request_kind_names[request->kind], (unsigned long long)player->pid.n);
	return post->answer;
}

static enum answer ask_about(struct sim *sim, const struct player *player, enum request_kind kind,
			     actor_pid target)
{
	char text[ACTOR_PID_TEXT_MAX];

	return ask(sim, player,
		   &(struct request){.kind = kind, .target = actor_pid_format(target, text)});
}

void actors_give_credit(struct sim *sim, struct player *player, uint64_t more)
{
	player->credit = MAX_OF(player->credit, player->out + more);
	actors_send(
		sim, player,
		&(struct wire_frame){.op = WIRE_CREDIT, .ref = player->credit, .to = player->out});
}

/* ---- coming and going ---- */

void actors_join(struct sim *sim, uint32_t slot)
{
	struct player *player = post_player(sim, sim->processes[slot].pid);
	struct event event = {.kind = EVENT_JOIN, .role = ROLE_MAIN};
	bool trap;

	if (!sim->post->is_open || !player || player->no_box || rng_chance(&sim->rng, 15) ||
	    !post_is_well(sim, player))
		return;
	trap = player->trap;
	event.pid = player->pid;
	event.source = player->source = sim->post->next_source++;
	actors_event(sim, event.source, &event);
	/* A connection that could not join has not been closed by it. */
	player->trap = trap;
}

static void guest_joins(struct sim *sim)
{
	uint64_t source = sim->post->next_source++;

	actors_event(sim, source,
		     &(struct event){.kind = EVENT_JOIN,
				     .role = ROLE_GUEST,
				     .source = source,
				     .uid = rng_chance(&sim->rng, 75) ? 0 : 77});
}

static void guest_leaves(struct sim *sim, struct player *player)
{
	bool goodbye = rng_chance(&sim->rng, 50);
	uint64_t source = player->source;

	player->source = 0;
	if (sim->was_short)
		post_doubt(sim, player->pid);
	/* Where memory was short it may have lost its connection before. */
	post_take_end(sim, player->pid,
		      sim->was_short ? &REASON(REASON_NONE)
		      : goodbye      ? &REASON(REASON_NORMAL)
				     : &REASON(REASON_NOCONNECTION));
	sim_step(sim, &(struct event){.kind = EVENT_LEAVE, .source = source, .code = goodbye});
}

static void service_closes(struct sim *sim, struct player *player)
{
	uint64_t source = player->source;

	player->source = 0;
	player->trap = false;
	if (sim->was_short)
		post_doubt(sim, player->pid);
	sim_step(sim, &(struct event){.kind = EVENT_LEAVE, .source = source});
}

static void act_leave(struct sim *sim, struct player *player)
{
	if (player->slot == SLOT_NONE)
		guest_leaves(sim, player);
	else if (rng_chance(&sim->rng, 20))
		service_closes(sim, player);
}

/* ---- ties ---- */

static void act_link(struct sim *sim, struct player *player)
{
	actor_pid target = actors_target(sim), self = player->pid;
	bool well = post_is_well(sim, player), trap = player->trap, gone, back;
	struct pair *pair = post_pair(sim, target, self), *other = post_pair(sim, self, target);

	if (is_parent(sim, player, target))
		return;
	/* Where one of them is gone, or goes in this step, an EXIT may come in the step. */
	pair->exits_due += trap;
	back = post_traps(sim, target) && !post_is_linked(sim, self, target);
	other->exits_due += back;
	sim->post->linking[0] = self;
	sim->post->linking[1] = target;
	gone = ask_about(sim, player, REQUEST_LINK, target) == ANSWER_OK && is_gone(sim, target);
	sim->post->linking[0] = ACTOR_PID_NONE;
	pair->exits_due -= trap && !gone;
	other->exits_due -= back && !(sim->post->answer == ANSWER_OK && !gone && player->dead);
	if (sim->post->answer != ANSWER_OK)
		return;
	if (!gone && !player->dead)
		post_link(sim, self, target);
	else if (gone && well && !trap && post_is_well(sim, player))
		sim_fail(sim, "pid %llu: linked to the dead, and lives on",
			 (unsigned long long)self.n);
}

static void act_unlink(struct sim *sim, struct player *player)
{
	actor_pid target = actors_target(sim);
	const struct post *post = sim->post;

	for (uint32_t i = 0; i < post->n_bonds && rng_chance(&sim->rng, 90); i++)
		if (post->bonds[i].kind == BOND_LINK && post->bonds[i].owner.n == player->pid.n)
			target = post->bonds[i].other;
	if (ask_about(sim, player, REQUEST_UNLINK, target) == ANSWER_OK)
		post_unlink(sim, player->pid, target);
}

static void act_monitor(struct sim *sim, struct player *player)
{
	actor_pid target = actors_target(sim), self = player->pid;
	uint64_t ref = sim->post->next_ref++;
	struct bond *bond;

	/* Before the step, as its DOWN may come in it. */
	post_watch(sim, BOND_MONITOR, self, target, ref);
	if (is_gone(sim, target)) {
		bond = post_bond(sim, self, ref);
		bond->due = true;
		bond->reason = REASON(REASON_NOPROC);
	}
	if (!actors_send(sim, player,
			 &(struct wire_frame){.op = WIRE_MONITOR, .to = target.n, .ref = ref}))
		post_cancel(sim, self, ref);
}

static void act_cancel(struct sim *sim, struct player *player)
{
	struct post *post = sim->post;
	bool flush = rng_chance(&sim->rng, 70), well = post_is_well(sim, player);
	const struct bond *bond = NULL;
	actor_pid self = player->pid;

	for (uint32_t i = 0; i < post->n_bonds && !bond; i++)
		if (post->bonds[i].kind != BOND_LINK && post->bonds[i].owner.n == self.n)
			bond = &post->bonds[i];
	post->done_ref = bond ? bond->ref : 1 + rng_below(&sim->rng, (uint32_t)post->next_ref);
	post->done_was_active = bond && !bond->due;
	post->done_is_due = well && !(bond && bond->unsure);
	flush = flush || post->done_was_active || (bond && bond->unsure);
	if (!actors_send(sim, player,
			 &(struct wire_frame){.op = WIRE_CANCEL,
					      .flags = flush ? WIRE_FLUSH : 0,
					      .ref = post->done_ref}) ||
	    !well)
		post->done_is_due = false;
	else if (flush)
		post_cancel(sim, self, post->done_ref);
}

static void act_trap(struct sim *sim, struct player *player)
{
	bool was = player->trap, on = rng_chance(&sim->rng, 60);

	/* Before the step: who ends in it is told after this. */
	player->trap = on;
	if (ask(sim, player, &(struct request){.kind = REQUEST_TRAP, .on = on}) != ANSWER_OK &&
	    player->source)
		player->trap = was;
}

/* ---- exit signals ---- */

static void act_exit(struct sim *sim, struct player *player)
{
	actor_pid target = actors_target(sim);
	char text[ACTOR_PID_TEXT_MAX];
	struct player *to = post_player(sim, target);
	struct request request = {.kind = REQUEST_EXIT, .target = actor_pid_format(target, text)};
	struct pair *pair = post_pair(sim, player->pid, target);
	bool message, fatal;

	request.reason = world_random_reason(sim);
	message = to && to->trap && request.reason.kind != REASON_KILL;
	fatal = to && !message && (!reason_is_normal_link(&request.reason) || to == player);
	pair->signalled = true;
	pair->exits_due += message;
	sim->post->sender = player->pid;
	if (fatal && to->slot == SLOT_NONE && post_is_well(sim, to)) {
		sim->post->victim = target;
		sim->post->fate =
			request.reason.kind == REASON_KILL ? REASON(REASON_KILLED) : request.reason;
	}
	if (ask(sim, player, &request) != ANSWER_OK) {
		pair->exits_due -= message;
		fatal = false;
	}
	sim->post->sender = sim->post->victim = ACTOR_PID_NONE;
	if (fatal && post_is_well(sim, to))
		sim_fail(sim, "pid %llu lives on after an exit signal",
			 (unsigned long long)target.n);
	reason_fini(&request.reason);
}

static void act_exit_self(struct sim *sim, struct player *player)
{
	struct request request = {.kind = REQUEST_EXIT_SELF};

	if (!rng_chance(&sim->rng, 20))
		return;
	request.reason = world_random_reason(sim);
	if (ask(sim, player, &request) == ANSWER_OK && post_is_well(sim, player))
		sim_fail(sim, "pid %llu has said its last words, and lives on",
			 (unsigned long long)player->pid.n);
	if (player->slot != SLOT_NONE && !player->dead)
		sim->processes[player->slot].told_words = true;
	reason_fini(&request.reason);
}

/* ---- names ---- */

/* An answer is about what was before: who has a name may end in the same step, after it. */
static void act_register(struct sim *sim, struct player *player)
{
	uint32_t i = rng_below(&sim->rng, POST_NAMES);
	actor_pid *holder = &sim->post->names[i], before = *holder;
	char name[16];
	enum answer answer;

	snprintf(name, sizeof(name), "name%u", i);
	answer = ask(sim, player, &(struct request){.kind = REQUEST_REGISTER, .child = name});
	if (answer == ANSWER_OK && holder->n)
		sim_fail(sim, "%s was given to a second holder", name);
	if (answer == ANSWER_NAME_TAKEN && !before.n)
		sim_fail(sim, "%s is said to be taken, and nobody has it", name);
	if (answer == ANSWER_OK && !player->dead)
		*holder = player->pid;
}

static void act_whereis(struct sim *sim, struct player *player)
{
	uint32_t i = rng_below(&sim->rng, POST_NAMES);
	actor_pid *holder = &sim->post->names[i], before = *holder;
	const struct player *has = post_player(sim, *holder);
	bool unregisters = rng_chance(&sim->rng, 30);
	char name[16];
	enum answer answer;

	snprintf(name, sizeof(name), "name%u", i);
	if (unregisters) {
		answer = ask(sim, player,
			     &(struct request){.kind = REQUEST_UNREGISTER, .child = name});
		if (answer == ANSWER_OK)
			*holder = ACTOR_PID_NONE;
	} else {
		answer = ask(sim, player,
			     &(struct request){.kind = REQUEST_WHEREIS, .target = name});
		if (answer == ANSWER_OK && sim->post->answer_pid.n != before.n)
			sim_fail(sim, "%s is said to be somebody else's", name);
	}
	if (answer == ANSWER_NOPROC && has && post_is_well(sim, has) && holder->n)
		sim_fail(sim, "%s is said to be nobody's, and somebody has it", name);
}

/* ---- all of it ---- */

void actors_move(struct sim *sim)
{
	static void (*const acts[])(struct sim *, struct player *) = {
		mail_message, mail_message, mail_message, mail_message, mail_credit,   mail_credit,
		mail_credit,  act_link,     act_link,     act_link,     act_unlink,    act_monitor,
		act_monitor,  act_cancel,   act_trap,     act_exit,     act_exit_self, act_leave,
		act_register, act_whereis,  mail_flood,   mail_flood,   mail_flood,    mail_call,
		mail_call,    spawn_random, helper_move,  helper_move,  helper_move,   helper_move,
		mail_answer,  mail_answer,  mail_answer,  act_link,     act_monitor,
	};
	struct player *player = random_speaker(sim);

	if (!sim->post->is_open)
		return;
	if (!player || rng_chance(&sim->rng, 4))
		guest_joins(sim);
	else
		acts[rng_below(&sim->rng, ARRAY_LEN(acts))](sim, player);
}

/* Specs are a few levels deep: recursion is fine in a test's own tool. */
void actors_random_spec(struct sim *sim, struct spec *spec)
{
	static const uint64_t limits[] = {1, 2000, 20000, UINT64_MAX};

	if (!spec || !sim->post->is_open)
		return;
	for (uint32_t i = 0; i < spec->n_children; i++)
		actors_random_spec(sim, spec->children[i]);
	if (spec->type == CHILD_SUPERVISOR)
		return;
	if (rng_chance(&sim->rng, 10))
		spec->mailbox = MAILBOX_NONE;
	else
		spec->trap_exit = rng_chance(&sim->rng, 25);
	if (rng_chance(&sim->rng, 30))
		spec->mailbox_overflow = (enum mailbox_overflow)rng_below(&sim->rng, OVERFLOW_N);
	spec->mailbox_limit = limits[rng_below(&sim->rng, ARRAY_LEN(limits))];
}

static void take_all(struct sim *sim)
{
	struct post *post = sim->post;

	helper_rest(sim);
	for (uint32_t i = 0; i < post->n_alive && !sim_failed(sim); i++) {
		struct player *player = post->alive[i];

		if (!player->source)
			continue;
		if (player->full) {
			player->full = false;
			sim_step(sim,
				 &(struct event){.kind = EVENT_ROOM, .source = player->source});
		}
		if (player->credit < player->out + 100000)
			actors_give_credit(sim, player, 200000);
	}
}

void actors_rest(struct sim *sim)
{
	const char *owed = "";

	spawn_check_rest(sim);

	for (uint32_t i = 0; i < 500 && owed && !sim_failed(sim) && !sim->halted; i++) {
		take_all(sim);
		while (world_obey(sim) && !sim_failed(sim))
			;
		owed = post_is_owed(sim);
		if (owed && core_deadline(sim->core).ns > sim->now.ns)
			sim->now.ns += 100000000;
		if (owed)
			sim_step(sim, &(struct event){.kind = EVENT_TICK});
	}
	if (owed && !sim->halted)
		sim_fail(sim, "%s, and the tree rests", owed);
}

void actors_end(struct sim *sim)
{
	struct post *post = sim->post;

	helper_end_all(sim);
	for (uint32_t i = post->n_alive; i-- && !sim_failed(sim);)
		if (i < post->n_alive && post->alive[i]->slot == SLOT_NONE)
			guest_leaves(sim, post->alive[i]);
	sim_step(sim, &(struct event){.kind = EVENT_TICK});
	post_check_end(sim);
}
