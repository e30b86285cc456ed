/* SPDX-License-Identifier: MIT */

/*
 * Starts. What a start needs in memory is reserved before the clone: the record, room in the map,
 * an entry in the run table.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "supd/command.h"
#include "supd/hooks.h"
#include "supd/conditions.h"
#include "supd/process_actor.h"
#include "supd/cgroups.h"
#include "supd/fdstore.h"
#include "supd/foreground.h"
#include "supd/listen.h"
#include "supd/log.h"
#include "supd/mainpid.h"
#include "supd/notify.h"
#include "supd/overlap.h"
#include "supd/probing.h"
#include "supd/processes.h"
#include "supd/run_table.h"
#include "supd/streams.h"
#include "supd/tty.h"
#include "supd/said.h"
#include "supd/watchdog.h"

/* ---- records ---- */

struct process *process_find(const struct daemon *d, uint32_t slot)
{
	const struct processes *ps = d->processes;

	return slot < ps->n_slots ? ps->by_slot[slot] : NULL;
}

struct process *process_of(const struct daemon *d, actor_pid pid)
{
	uint32_t slot = core_find_pid(d->core, pid);
	struct process *p = slot == SLOT_NONE ? NULL : process_find(d, slot);

	return p && p->pid.n == pid.n ? p : NULL;
}

static bool grow(struct processes *ps, uint32_t slot)
{
	size_t n = MAX_OF(ps->n_slots, (size_t)64);
	struct process **by_slot;

	while (n <= slot)
		n *= 2;
	if (n == ps->n_slots)
		return true;
	by_slot = reallocarray(ps->by_slot, n, sizeof(*by_slot));
	if (!by_slot)
		return false;
	memset(by_slot + ps->n_slots, 0, (n - ps->n_slots) * sizeof(*by_slot));
	ps->by_slot = by_slot;
	ps->n_slots = n;
	return true;
}

/* The record of slot, with room in the map for its OS pid; NULL where memory is short. */
static struct process *admit(struct processes *ps, uint32_t slot)
{
	struct process *p;

	if (!grow(ps, slot))
		return NULL;
	if (ps->by_slot[slot])
		return ps->by_slot[slot];
	if (map_reserve(&ps->by_os_pid, ps->n_records + ps->n_moved + 1) < 0)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->slot = slot;
	list_init(&p->ending);
	list_init(&p->conns);
	ps->by_slot[slot] = p;
	ps->n_records++;
	return p;
}

/* What others keep of it. */
void process_let_go(struct process *p)
{
	said_free(p);
	hooks_free(p);
	probing_free(TAKE(p->probing));
}

void process_free(struct process *p)
{
	if (!p)
		return;
	process_let_go(p);
	tty_free(p->tty);
	streams_let_go(p);
	free(p->cgroup);
	free(p);
}

void process_forget(struct daemon *d, uint32_t slot)
{
	struct process *p = process_find(d, slot);

	if (!p)
		return;
	list_unlink(&p->ending);
	process_actor_end(p);
	cgroups_forget(d, p);
	process_drop_directories(d->processes, p);
	if (p->os_pid)
		map_remove(&d->processes->by_os_pid, (uint64_t)p->os_pid);
	d->processes->by_slot[slot] = NULL;
	d->processes->n_records--;
	process_free(p);
}

/* ---- start ---- */

static void start_failed(struct daemon *d, actor_pid pid, enum start_step step, int error,
			 const char *object)
{
	struct event event = {.kind = EVENT_SHORTAGE, .pid = pid, .code = error};
	struct process *p = process_find(d, core_find_pid(d->core, pid));

	if (p && p->probing)
		probing_end(p->probing);
	if (!spawn_is_shortage(error)) {
		event.kind = EVENT_START_FAILED;
		event.reason = reason_exec(step, error, object && *object ? object : NULL);
	}
	if (event.kind == EVENT_SHORTAGE || !p || !hooks_start_failed(p, &event.reason)) {
		if (p)
			process_end_directories(d->processes, p);
		daemon_step(d, &event);
	}
	reason_fini(&event.reason);
}

/* How long a daemon after us is to wait for it. */
static int32_t patience_ms(const struct spec *spec)
{
	switch (spec->shutdown) {
	case SHUTDOWN_SPAN:
		return (int32_t)MIN_OF(spec->shutdown_span.ns / 1000000, (int64_t)INT32_MAX);
	case SHUTDOWN_INFINITY:
		return INT32_MAX;
	case SHUTDOWN_BRUTAL_KILL:
		break;
	}
	return 0;
}

/* It runs all the same. */
static void tell_unrecorded(struct daemon *d)
{
	if (d->processes->unrecorded || !d->run_table)
		return;
	d->processes->unrecorded = true;
	log_line(
		LOG_AT_WARNING,
		"%s/processes: %s: should this supd be killed, the next one will not find all that "
		"it has left",
		d->run_dir, strerror(run_table_error(d->run_table)));
}

static struct spawn_stamp *enter(struct daemon *d, const struct child_view *v, actor_pid pid)
{
	struct run_entry *entry = run_table_entry(d->run_table, v->slot);

	if (!entry) {
		tell_unrecorded(d);
		return NULL;
	}
	entry->actor = pid.n;
	entry->stop_signal = v->spec->exec->stop_signal;
	entry->patience_ms = patience_ms(v->spec);
	return &entry->stamp;
}

void process_hand(struct daemon *d, const struct process_streams *streams)
{
	d->processes->streams = streams;
}

static void set_streams(const struct processes *ps, const struct spec *spec,
			struct spawn_request *request)
{
	const struct process_streams *streams = ps->streams;

	if (!streams || streams->spec != spec)
		return;
	if (streams->fd[0] >= 0)
		request->stdin_fd = streams->fd[0];
	if (streams->fd[1] >= 0)
		request->output = (struct spawn_stream){SPAWN_TO_FD, streams->fd[1], NULL};
	if (streams->fd[2] >= 0)
		request->error = (struct spawn_stream){SPAWN_TO_FD, streams->fd[2], NULL};
}

/* What the daemon has raised for itself goes back; a limit that the service has is set as it is. */
static void set_limits(const struct daemon *d, const struct exec_setup *setup,
		       struct spawn_request *request)
{
	if (d->limits.nofile_raised && !(setup && setup->limits[LIMIT_NOFILE].given))
		request->nofile = &d->limits.nofile;
	if (d->limits.nproc_raised && !(setup && setup->limits[LIMIT_NPROC].given))
		request->nproc = &d->limits.nproc;
}

int process_prepare_beside(struct daemon *d, struct prepare_what *what, enum start_step *ret_step)
{
	struct processes *ps = d->processes;
	int r;

	what->control_socket = ps->control_socket;
	what->environment = environ;
	what->null_fd = ps->null_fd;
	r = prepare(&ps->preparation, what, ret_step);
	if (r < 0)
		return r;
	set_limits(d, what->exec->setup, &ps->preparation.request);
	return 0;
}

int process_prepare(struct daemon *d, const struct child_view *v, struct prepare_what *what,
		    enum start_step *ret_step)
{
	struct process *p;
	int r;

	what->path = v->path;
	what->unnamed = v->spawned;
	what->exec = v->spec->exec;
	what->notify_socket = notify_path(d);
	r = process_prepare_beside(d, what, ret_step);
	if (r < 0)
		return r;
	p = process_find(d, v->slot);
	if (p)
		streams_direct(p, v->spec, &d->processes->preparation.request);
	return 0;
}

static int make_request(struct daemon *d, const struct child_view *v, actor_pid pid,
			const struct process_actor_start *start, enum start_step *ret_step)
{
	struct processes *ps = d->processes;
	struct prepare_what what = {
		.pid = pid,
		.args = v->args,
		.token = start->conn ? start->token_text : NULL,
		.mailbox_fd = start->fd,
		.variables = accept_variables(d, v->slot),
	};
	int r = process_prepare(d, v, &what, ret_step);

	if (r < 0)
		return r;
	set_streams(ps, v->spec, &ps->preparation.request);
	accept_set_streams(d, v->slot, &ps->preparation.request);
	foreground_request(d, v->spec, &ps->preparation.request);
	ps->preparation.request.stamp = enter(d, v, pid);
	return 0;
}

static void started(struct processes *ps, struct process *p, const struct child_view *v,
		    pid_t os_pid)
{
	p->uid = ps->preparation.request.identity.uid;
	p->os_pid = p->group = p->leader = os_pid;
	p->in_cgroup = ps->preparation.request.cgroup_fd;
	p->shares_session = ps->preparation.request.shares_session;
	if (p->shares_session)
		foreground_started(ps->daemon, os_pid);
	map_set(&ps->by_os_pid, (uint64_t)os_pid, p);
	said_begin(ps->daemon, p, v->spec->exec);
}

/* p is the record of that incarnation from now on. */
static int begin(struct daemon *d, struct process *p, const struct child_view *v, actor_pid pid)
{
	const struct exec *exec = v->spec->exec;

	p->pid = pid;
	p->stopped = p->left = false;
	p->end_due.ns = 0;
	p->stop_signal = (uint8_t)exec->stop_signal;
	p->kill_mode = (uint8_t)exec->kill_mode;
	p->notify_access = (uint8_t)exec->notify_access;
	return exec->hooks ? hooks_begin(d, p) : 0;
}

void process_pass_over(struct daemon *d, actor_pid pid, const char *unmet)
{
	struct event event = {.kind = EVENT_START_FAILED, .pid = pid};
	char text[REASON_TEXT_MAX];

	snprintf(text, sizeof(text), "start_if %s", unmet);
	if (reason_parse(text, &event.reason) < 0)
		event.reason = REASON(REASON_NORMAL);
	daemon_step(d, &(struct event){.kind = EVENT_IGNORE, .pid = pid});
	daemon_step(d, &event);
	reason_fini(&event.reason);
}

/* What it gets of fds, but for its mailbox. 0, or -errno with *ret_step. */
static int hand_over(struct daemon *d, struct process *p, const struct child_view *v, actor_pid pid,
		     enum start_step *ret_step)
{
	struct preparation *preparation = &d->processes->preparation;
	int r;

	handed_clear(&preparation->handed);
	*ret_step = STEP_LISTEN;
	r = listen_hand(d, v, &preparation->handed, &preparation->object);
	if (r == 0)
		r = overlap_hand_fds(d, p, v, &preparation->handed);
	if (r < 0)
		return r;
	*ret_step = STEP_READY;
	r = probing_prepare(d, p, v, pid, preparation);
	if (r == 0)
		*ret_step = STEP_PREPARE;
	return r;
}

/* 0, or -errno after it was told. */
static int launch(struct daemon *d, struct process *p, const struct child_view *v, actor_pid pid,
		  const struct process_actor_start *start, pid_t *ret_os_pid)
{
	struct processes *ps = d->processes;
	enum start_step step;
	struct spawn_failure failure;
	int r = hand_over(d, p, v, pid, &step);

	if (r == 0)
		r = make_request(d, v, pid, start, &step);
	if (r == 0)
		r = tty_open(d, p, v, &step);
	if (r < 0) {
		start_failed(d, pid, step, -r, buf_text(&ps->preparation.object));
		return r;
	}
	r = process_spawn(d, p, v, ret_os_pid, &failure);
	tty_started(p, r == 0);
	if (r < 0 && ps->preparation.request.shares_session)
		foreground_failed(d, failure.step, failure.error);
	if (r < 0)
		start_failed(d, pid, failure.step, failure.error,
			     prepare_explain(&ps->preparation, &failure));
	return r;
}

void process_start(struct daemon *d, uint32_t slot, actor_pid pid)
{
	struct processes *ps = d->processes;
	struct process *p = admit(ps, slot);
	enum start_step step = STEP_DIRECTORIES;
	const char *unmet;
	struct child_view v;
	int r;

	if (!p || !core_view(d->core, slot, &v)) {
		start_failed(d, pid, STEP_PREPARE, ENOMEM, NULL);
		return;
	}
	unmet = conditions_find_unmet(v.spec->exec, v.path, environ);
	if (unmet) {
		process_pass_over(d, pid, unmet);
		return;
	}
	r = begin(d, p, &v, pid);
	if (r == 0)
		r = streams_prepare(d, p, &v);
	if (r < 0) {
		start_failed(d, pid, STEP_PREPARE, -r, NULL);
		return;
	}
	r = process_make_directories(d, p, &v, &step);
	if (r < 0)
		start_failed(d, pid, step, -r, buf_text(&ps->preparation.object));
	else if (!hooks_start(p))
		process_launch(d, slot, pid);
}

static void launch_now(struct daemon *d, uint32_t slot, actor_pid pid)
{
	struct processes *ps = d->processes;
	struct process *p = process_find(d, slot);
	struct process_actor_start start = {0};
	struct child_view v;
	pid_t os_pid;
	int r = 0;

	if (!core_view(d->core, slot, &v))
		return;
	if (v.spec->mailbox != MAILBOX_NONE)
		r = process_actor_prepare(d, &(struct conn_actor){pid, v.spec}, &start);
	if (r < 0) {
		start_failed(d, pid, STEP_MAILBOX, -r, NULL);
		return;
	}
	if (launch(d, p, &v, pid, &start, &os_pid) < 0) {
		process_actor_abandon(&start);
		return;
	}
	started(ps, p, &v, os_pid);
	streams_started(d);
	accept_started(d, slot);
	daemon_step(d, &(struct event){.kind = EVENT_STARTED, .pid = pid, .uid = p->uid});
	process_actor_begin(p, &start, &ps->preparation.request.identity);
	if (p->probing)
		probing_begin(p->probing);
	hooks_started(p);
}

void process_launch(struct daemon *d, uint32_t slot, actor_pid pid)
{
	struct process *p = process_find(d, slot);
	struct child_view v;
	int r;

	if (!core_view(d->core, slot, &v))
		return;
	r = probing_watch(d, p, &v, pid);
	if (r < 0)
		start_failed(d, pid, STEP_READY, -r, NULL);
	else if (r == 0)
		launch_now(d, slot, pid);
}

void process_launch_watched(struct daemon *d, actor_pid pid)
{
	launch_now(d, core_find_pid(d->core, pid), pid);
}

bool process_is_starting(const struct daemon *d, uint32_t slot)
{
	const struct process *p = process_find(d, slot);

	return p && (hooks_are_starting(p) || probing_is_waiting(p->probing));
}

void process_ready(struct daemon *d, actor_pid pid)
{
	struct process *p = process_find(d, core_find_pid(d->core, pid));

	if (p && p->pid.n == pid.n && hooks_ready(p))
		return;
	daemon_step(d, &(struct event){.kind = EVENT_READY, .pid = pid});
}

void process_gone(struct processes *ps, struct process *p)
{
	struct event event = {.kind = EVENT_GONE, .pid = p->pid};

	if (!p->remains && hooks_hold_end(p))
		return;
	list_unlink(&p->ending);
	p->group = 0;
	if (p->remains) {
		run_table_clear(ps->daemon->run_table, p->slot);
		return;
	}
	cgroups_leave(ps->daemon, p, p->stopped);
	process_end_directories(ps, p);
	tty_end(p);
	streams_ended(p);
	run_table_clear(ps->daemon->run_table, p->slot);
	mainpid_forget(ps, p);
	fdstore_gone(p);
	if (!hooks_tell_end(p))
		daemon_step(ps->daemon, &event);
}

/* ---- what is known ---- */

pid_t process_os_pid(const struct daemon *d, uint32_t slot)
{
	const struct process *p = process_find(d, slot);

	return p ? p->os_pid : 0;
}

const char *process_activity(const struct daemon *d, uint32_t slot)
{
	const struct process *p = process_find(d, slot);

	return p ? hooks_activity(p) : NULL;
}

const char *process_containment(const struct daemon *d, uint32_t slot)
{
	const struct process *p = process_find(d, slot);
	bool in_cgroup = p && p->pid.n ? p->in_cgroup : d->cgroups != NULL;

	if (in_cgroup)
		return "cgroup";
	return p && p->shares_session ? "ancestry" : "session";
}

const char *process_exit_text(const struct daemon *d, uint32_t slot, char buf[24])
{
	const struct process *p = process_find(d, slot);
	char name[16];

	if (!p || !p->has_ended)
		return "";
	if (p->by_signal)
		snprintf(buf, 24, "SIG%s", text_signal_name(p->code, name));
	else
		snprintf(buf, 24, "%d", (int)p->code);
	return buf;
}
