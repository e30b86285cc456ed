/* SPDX-License-Identifier: MIT */

/*
 * A supd of its own with real processes. What happens is read from its log, which is complete from
 * the first start to the daemon's end; requests go over the control socket, where events wake us.
 * A row or a reply is sent after the log has been written: what we were told of stands there.
 *
 * Rest: `sync` has been answered, and whatever process is starting is held and has said so.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/reason.h"
#include "tests/otp/daemon.h"

#define CALLS_MAX 256
#define STARTING_MAX 256

/* What is known of a worker's definition. */
struct worker {
	bool hold;
	actor_pid held; /* the attempt that waits for its release */
	bool announced; /* it has said so itself */
};

struct status_row {
	char path[256];
	unsigned depth;
	enum node_state state;
	bool supervisor;
	actor_pid pid;
};

struct world {
	struct play *play;
	const struct scenario *scenario;
	struct node node;
	struct workers actors;
	struct worker *workers;  /* owned, by definition */
	struct status_row *rows; /* owned; as of the last walk */
	size_t n_rows;
	struct waiting_call calls[CALLS_MAX];
	size_t n_calls;
	actor_pid starting[STARTING_MAX]; /* services whose start has no end yet */
	size_t n_starting;
	actor_pid dying; /* was ordered to die */
	uint64_t request, status;
	bool answered, refused; /* the request */
	bool root_ended, stopped;
	int held_fifo;
	struct mono since;  /* the start, or the end of the last sleep */
	struct span period; /* the shortest */
};

static int world_fail(struct world *world, const char *why)
{
	return node_fail(&world->node, "%s", why);
}

static struct worker *world_worker(struct world *world, const struct actor_def *def)
{
	return &world->workers[def - world->scenario->defs];
}

/* ---- the log ---- */

static void forget_starting(struct world *world, actor_pid pid)
{
	for (size_t i = world->n_starting; i--;)
		if (world->starting[i].n == pid.n)
			world->starting[i] = world->starting[--world->n_starting];
	for (size_t i = 0; i < world->scenario->n_defs; i++)
		if (world->workers[i].held.n == pid.n)
			world->workers[i].held = ACTOR_PID_NONE;
}

static void take_start(struct world *world, actor_pid pid, const char *path)
{
	const struct actor_def *def = play_def(world->play, path);
	struct worker *worker;

	if (!def || def->supervisor || world->n_starting == STARTING_MAX)
		return;
	worker = world_worker(world, def);
	if (!worker->hold) {
		world->starting[world->n_starting++] = pid;
		return;
	}
	worker->held = pid;
	worker->announced = false;
	play_happened(world->play, HAPPENED_HELD, pid, path, NULL);
}

/* False where it is not about an actor. */
static bool take_line(struct world *world, const char *line)
{
	char path[256], event[32], pid_text[ACTOR_PID_TEXT_MAX], reason[REASON_FORMAT_MAX];
	const struct actor_def *def;
	actor_pid pid;

	node_get_field(line, "name", path, sizeof(path));
	node_get_field(line, "event", event, sizeof(event));
	node_get_field(line, "pid", pid_text, sizeof(pid_text));
	node_get_field(line, "reason", reason, sizeof(reason));
	if (!*path || actor_pid_parse(pid_text, &pid) < 0)
		return false;
	def = play_def(world->play, path);
	if (def && !def->supervisor)
		workers_take(&world->actors, event, pid);
	if (strcmp(event, "start") == 0) {
		take_start(world, pid, path);
	} else if (strcmp(event, "ready") == 0) {
		forget_starting(world, pid);
		play_happened(world->play, HAPPENED_READY, pid, path, reason);
	} else if (strcmp(event, "exit") == 0 || strcmp(event, "start_failed") == 0) {
		forget_starting(world, pid);
		if (world->dying.n == pid.n)
			world->dying = ACTOR_PID_NONE;
		if (strcmp(path, "/") == 0)
			world->root_ended = true;
		play_happened(world->play, *event == 'e' ? HAPPENED_EXIT : HAPPENED_START_FAILED,
			      pid, path, reason);
	}
	return true;
}

/* True where there was more of it. */
static bool read_log(struct world *world)
{
	struct buf line CLEANUP(buf_fini) = BUF_INIT;
	bool more = false;

	while (node_next_line(&world->node, &line))
		more = take_line(world, buf_text(&line)) || more;
	return more;
}

/* ---- the connection ---- */

static void take_status_row(struct world *world, const struct wire_frame *frame)
{
	const char *path = field_text(frame, "name"), *kind = field_text(frame, "kind");
	const char *state = field_text(frame, "state"), *pid = field_text(frame, "pid");
	struct status_row *row;

	row = reallocarray(world->rows, world->n_rows + 1, sizeof(*row));
	if (!row)
		abort();
	world->rows = row;
	row += world->n_rows++;
	*row = (struct status_row){.depth = (unsigned)field_int(frame, "depth", 0),
				   .supervisor = strcmp(kind, "supervisor") == 0};
	snprintf(row->path, sizeof(row->path), "%s", path);
	if (pid)
		actor_pid_parse(pid, &row->pid);
	if (strcmp(state, "running") == 0)
		row->state = NODE_UP;
	else if (strcmp(state, "starting") == 0)
		row->state = NODE_STARTING;
	else if (strcmp(state, "backoff") == 0)
		row->state = NODE_RESTARTING;
}

static void take_frame(struct world *world, const struct wire_frame *frame)
{
	if (frame->ref == world->status && frame->op == WIRE_ROW)
		take_status_row(world, frame);
	if (frame->ref == world->request && frame->op == WIRE_REPLY) {
		world->answered = true;
		world->refused = field_int(frame, "status", 1) != 0;
	}
	for (size_t i = 0; i < world->n_calls; i++) {
		struct waiting_call *call = &world->calls[i];

		if (call->ref != frame->ref)
			continue;
		if (frame->op == WIRE_ROW)
			call_take_row(world->play, call, frame);
		else
			call_take_reply(world->play, call, frame);
		return;
	}
}

/* One more row or reply; or the daemon's end. */
static int receive(struct world *world)
{
	struct wire_frame frame;
	int r;

	if (!world->node.client)
		return 0;
	r = client_receive(world->node.client, daemon_deadline(), &frame);
	if (r == 0) {
		read_log(world);
		take_frame(world, &frame);
		return 0;
	}
	if (r == -EPIPE)
		return node_wait(&world->node);
	return node_fail(&world->node, "nothing comes from supd any more: %s",
			 strerror(r < 0 ? -r : EPROTO));
}

/* Waits for the reply to the request that was made last, or for the daemon's end. */
static int ask(struct world *world)
{
	int r = 0;

	world->answered = world->refused = false;
	if (world->node.client && client_end(world->node.client) < 0)
		return world_fail(world, "out of memory");
	while (r == 0 && !world->answered && world->node.client)
		r = receive(world);
	return r;
}

static struct wire_encoder *begin(struct world *world, const char *command)
{
	return client_begin(world->node.client, command, &world->request);
}

/* ---- rest ---- */

static bool world_holds(const struct world *world)
{
	for (size_t i = 0; i < world->scenario->n_defs; i++)
		if (world->workers[i].hold)
			return true;
	return false;
}

static int sync_once(struct world *world)
{
	struct wire_encoder *e = begin(world, "sync");

	field_put_bool(e, 0, "allow_starting", world_holds(world));
	if (ask(world) < 0)
		return -1;
	return world->refused ? world_fail(world, "sync was refused") : 0;
}

/* What a held attempt says reaches us in no order with the rest. */
static int hear_held(struct world *world)
{
	struct pollfd p = {.fd = world->held_fifo, .events = POLLIN};
	char line[ACTOR_PID_TEXT_MAX];
	actor_pid pid;
	size_t n = 0;

	do
		if (poll(&p, 1, PATIENCE * 1000) <= 0 || read(p.fd, line + n, 1) != 1)
			return world_fail(world, "what is held does not say so");
	while (line[n] != '\n' && ++n < sizeof(line));
	line[MIN_OF(n, sizeof(line) - 1)] = '\0';
	for (size_t i = 0; actor_pid_parse(line, &pid) == 0 && i < world->scenario->n_defs; i++)
		if (world->workers[i].held.n == pid.n)
			world->workers[i].announced = true;
	return 0;
}

static int hear_all_held(struct world *world)
{
	int r = 0;

	for (size_t i = 0; i < world->scenario->n_defs; i++)
		while (r == 0 && world->workers[i].held.n && !world->workers[i].announced)
			r = hear_held(world);
	return r;
}

/* All restarts between two sleeps are to fall into one period. */
static bool world_is_late(const struct world *world)
{
	return mono_between(world->since, daemon_now()).ns >= world->period.ns;
}

static int check_end(const struct world *world)
{
	if (world->node.client)
		return 0;
	if (!world->root_ended)
		return node_fail(&world->node, "supd has ended by itself, with status %d",
				 world->node.status);
	if (world->stopped && world->node.status != 0)
		return node_fail(&world->node, "supd was shut down and ended with status %d",
				 world->node.status);
	return 0;
}

/* While something is held, `sync` is answered whenever anything starts, and the log that is read
 * after it may be of a later time, between two starts: so the log must not have grown meanwhile. */
static int world_rest(void *owner)
{
	struct world *world = owner;
	bool synced = false, flushed = !scenario_has_messages(world->scenario);
	int r = 0;

	read_log(world);
	while (r == 0 && world->node.client) {
		bool ends = world->root_ended || world->stopped;
		bool wait = world->dying.n || ends || (synced && world->n_starting);

		if (synced && !wait && flushed)
			break;
		if (synced && !wait) {
			r = workers_flush(&world->actors);
			flushed = true;
			continue;
		}
		r = wait ? receive(world) : sync_once(world);
		synced = !wait;
		if (read_log(world) && world_holds(world))
			synced = false;
	}
	if (r == 0)
		r = hear_all_held(world);
	if (r == 0)
		r = workers_read_notes(&world->actors);
	if (r == 0)
		r = check_end(world);
	if (r == 0 && world->actors.disordered && world->scenario->pace < DISORDER_PACE_MAX)
		return PLAY_AGAIN;
	return r == 0 && world_is_late(world) ? PLAY_AGAIN : r;
}

/* ---- acts ---- */

static int world_open(struct play *play, void **ret_world)
{
	struct buf config CLEANUP(buf_fini) = BUF_INIT;
	const struct scenario *scenario = play_scenario(play);
	struct world *world = calloc(1, sizeof(*world));
	struct wire_encoder *e;
	uint64_t ref;

	if (!world || !(world->workers = calloc(scenario->n_defs, sizeof(*world->workers))))
		abort();
	*ret_world = world;
	world->play = play;
	world->scenario = scenario;
	world->since = daemon_now();
	world->period = scenario_shortest_period(scenario);
	world->node = (struct node){.name = scenario->name, .pidfd = -1, .log = -1};
	workers_open(&world->actors, play, &world->node);
	/* For writing too: it never comes to an end. */
	if (mkfifo("held", 0600) == 0)
		world->held_fifo = open("held", O_RDWR | O_CLOEXEC);
	if (world->held_fifo <= 0 || daemon_put_config(scenario, &config) < 0)
		return node_fail(&world->node, "no files can be made here: %s", strerror(errno));
	if (node_open(&world->node, scenario->name, &config) < 0)
		return -1;
	if (!world->node.client)
		return 0;
	e = client_begin(world->node.client, "events", &ref);
	return e && client_end(world->node.client) == 0 ? 0 : world_fail(world, "out of memory");
}

static int world_close(void *owner)
{
	struct world *world = owner;
	int r;

	workers_let_go(&world->actors);
	r = node_close(&world->node);

	if (world->held_fifo > 0)
		close(world->held_fifo);
	workers_close(&world->actors);
	free(world->workers);
	free(world->rows);
	free(world);
	return r;
}

static int world_die(void *owner, const char *name, actor_pid pid, const char *reason)
{
	struct world *world = owner;
	char order[128];

	(void)name;
	snprintf(order, sizeof(order), "die %s", reason);
	world->dying = pid;
	return workers_order(&world->actors, pid, order);
}

static int world_exit(void *owner, actor_pid pid, const char *reason)
{
	struct world *world = owner;
	char target[ACTOR_PID_TEXT_MAX], text[64];
	struct wire_encoder *e = begin(world, "exit");

	if (strncmp(reason, "error:", 6) == 0) {
		snprintf(text, sizeof(text), "exit:%s", reason + 6);
		reason = text;
	}
	field_put_text(e, 0, "target", actor_pid_format(pid, target));
	field_put_text(e, 0, "reason", reason);
	if (ask(world) < 0)
		return -1;
	return world->refused ? world_fail(world, "an exit signal was refused") : 0;
}

static int world_act(void *owner, const struct act *act)
{
	struct world *world = owner;
	char order[128], target[ACTOR_PID_TEXT_MAX];

	actor_pid_format(act->target, target);
	if (strcmp(act->verb, "trap") == 0)
		snprintf(order, sizeof(order), "trap %s", act->on ? "on" : "off");
	else if (strcmp(act->verb, "demonitor") == 0)
		snprintf(order, sizeof(order), "demonitor %llu", (unsigned long long)act->ref);
	else
		snprintf(order, sizeof(order), "%s %s %llu", act->verb, target,
			 (unsigned long long)act->ref);
	return workers_do(&world->actors, act->pid, order);
}

static int world_hold(void *owner, const char *name)
{
	struct world *world = owner;
	char path[LABEL_MAX + 8];
	int fd;

	snprintf(path, sizeof(path), "%s.hold", name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return node_fail(&world->node, "%s: %s", path, strerror(errno));
	close(fd);
	world_worker(world, scenario_find(world->scenario, name))->hold = true;
	return 0;
}

static int world_release(void *owner, const char *name, bool fail)
{
	struct world *world = owner;
	struct worker *worker = world_worker(world, scenario_find(world->scenario, name));
	actor_pid held = worker->held;
	char path[LABEL_MAX + 8];

	snprintf(path, sizeof(path), "%s.hold", name);
	unlink(path);
	worker->hold = false;
	worker->held = ACTOR_PID_NONE;
	if (!held.n)
		return 0;
	world->starting[world->n_starting++] = held;
	return workers_order(&world->actors, held, fail ? "fail" : "ok") < 0 ? -1 : 1;
}

static const struct status_row *find_row(const struct world *world, const char *pid_text)
{
	actor_pid pid;

	if (actor_pid_parse(pid_text, &pid) < 0)
		return NULL;
	for (size_t i = 0; i < world->n_rows; i++)
		if (world->rows[i].pid.n == pid.n)
			return &world->rows[i];
	return NULL;
}

static int world_call(void *owner, const struct api_call *call)
{
	struct world *world = owner;
	struct buf path CLEANUP(buf_fini) = BUF_INIT, text CLEANUP(buf_fini) = BUF_INIT;
	const struct status_row *target = find_row(world, call->target);
	struct waiting_call *waiting = &world->calls[world->n_calls];
	struct wire_encoder *e;

	if (world->n_calls == CALLS_MAX || !target)
		return world_fail(world, "too many calls, or one to nobody");
	world->n_calls++;
	*waiting = (struct waiting_call){.number = call->number,
					 .async = call->async,
					 .lists = strcmp(call->verb, "which_children") == 0};
	e = client_begin(world->node.client, call->verb, &waiting->ref);
	field_put_text(e, 0, "target", call->target);
	if (call->child)
		field_put_text(e, 0, "child", call->child);
	if (call->spec) {
		buf_printf(&path, "%s%s%s", strcmp(target->path, "/") == 0 ? "" : target->path,
			   strcmp(target->path, "/") == 0 ? "" : "/", call->spec->name);
		daemon_put_sections(world->scenario, call->spec, buf_text(&path), &text);
		field_put_text(e, 0, "path", buf_text(&path));
		field_put_text(e, 0, "text", buf_text(&text));
	}
	return client_end(world->node.client) < 0 ? world_fail(world, "out of memory") : 0;
}

static int world_stop(void *owner)
{
	struct world *world = owner;

	world->stopped = true;
	begin(world, "shutdown");
	return ask(world);
}

static int world_sleep(void *owner, unsigned ms)
{
	struct world *world = owner;
	uint64_t real = (uint64_t)ms * world->scenario->pace;
	struct timespec left = {(time_t)(real / 1000), (long)(real % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	world->since = daemon_now();
	return 0;
}

/* ---- looking ---- */

/* Temporary children keep a record (SEMANTICS D18), which is on no supervisor's list. */
static bool row_is_listed(const struct world *world, const struct status_row *row)
{
	const struct actor_def *def = play_def(world->play, row->path);

	return def &&
	       (row->state != NODE_DOWN || row->depth == 0 || def->restart != RESTART_TEMPORARY);
}

static int world_walk(void *owner)
{
	struct world *world = owner;
	unsigned hidden = UINT_MAX;

	world->n_rows = 0;
	begin(world, "status");
	world->status = world->request;
	if (ask(world) < 0)
		return -1;
	for (size_t i = 0; i < world->n_rows; i++) {
		const struct status_row *row = &world->rows[i];
		bool listed = row_is_listed(world, row);

		if (row->depth > hidden)
			continue;
		hidden = listed ? UINT_MAX : row->depth;
		if (listed)
			play_tree_node(world->play, row->path, row->depth, row->state, row->pid);
	}
	return world->n_rows ? 0 : world_fail(world, "supd shows no tree");
}

/* Its start function has not come back: a held worker's, or that of a supervisor above one. */
static bool row_is_above_held(const struct world *world, size_t held, const char *name)
{
	for (size_t i = held, k = held; world->rows[k].state == NODE_STARTING && i--;) {
		const struct actor_def *def;

		if (world->rows[i].depth >= world->rows[k].depth)
			continue;
		k = i;
		def = play_def(world->play, world->rows[k].path);
		if (def && strcmp(def->name, name) == 0)
			return true;
	}
	return false;
}

static bool world_is_held(void *owner, const char *name)
{
	const struct world *world = owner;

	for (size_t i = 0; i < world->scenario->n_defs; i++)
		for (size_t k = 0; world->workers[i].held.n && k < world->n_rows; k++)
			if (world->rows[k].pid.n == world->workers[i].held.n &&
			    row_is_above_held(world, k, name))
				return true;
	return false;
}

const struct world_ops world_daemon = {
	.open = world_open,
	.close = world_close,
	.rest = world_rest,
	.die = world_die,
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
