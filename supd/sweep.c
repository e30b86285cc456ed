/* SPDX-License-Identifier: MIT */

/*
 * What services leave behind in other sessions. Such a process, once its own parent is gone, is a
 * child of ours that is no service's main process: we are a subreaper. Whose it was tell
 *   - its environment: SUP_SOCKET is ours, SUP_PID names an incarnation. Where that one has ended
 *     the process is killed, unless kill_mode = main; where it lives, it may be.
 *   - where the environment is gone or not for us to read: its session, for a while after the
 *     session's leader, a main process, has ended; it was started before that.
 * What a killed one leaves becomes ours in turn, so a sweep goes on until it finds nothing.
 *
 * Among thousands of children a sweep takes long. Where a supervisor ends, stopping its children
 * one by one, one sweep serves many of them: at the latest that for its first child, the last to
 * go, which is not gone before what its siblings have left is.
 *
 * A child of ours is not reaped by anybody else: its OS pid stays its own from the look to the
 * kill.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "supd/proc.h"
#include "supd/command.h"
#include "supd/keeper.h"
#include "supd/on_event.h"

#define SWEEP_AFTER SPAN_MS(100)
#define SWEEP_AFTER_MAX SPAN_S(5)
#define EVERYTHING_LIMIT SPAN_S(5)
/* What no service is, is told to end, and has that long. */
#define NAMESPACE_GRACE SPAN_S(3)

struct sweep {
	struct processes *ps;
	struct buf environment;
	bool found;
	bool everybody; /* whoever's it was */
};

/* ---- whose is it ---- */

/* It was killed, and is dead; but a tracer has not looked, and so nobody tells us. */
static bool is_dead_unseen(const struct process *p)
{
	struct proc_stat stat;

	return p->end_due.ns > 0 && proc_stat(p->os_pid, &stat) == 0 && stat.dead;
}

/* Under kill_mode = main what is left is meant to stay. */
static bool is_meant_to_stay(const struct daemon *d, const char *name)
{
	uint32_t slot = name ? core_find(d->core, name) : SLOT_NONE;
	const struct process *p = slot == SLOT_NONE ? NULL : process_find(d, slot);

	return p && p->kill_mode == KILL_MAIN;
}

/* Something is there, and nobody can say whose it is: what is stopped now waits for it. */
static void leave_all(struct processes *ps)
{
	LIST_EACH (it, &ps->ending)
		LIST_ENTRY(it, struct process, ending)->left = true;
}

/*
 * Something of p is left: it is not gone. Where it was let go before, for a sweep that was to serve
 * others too, those are not.
 */
static void mark_left(struct processes *ps, struct process *p)
{
	p->left = true;
	if (!p->stopped || !list_is_empty(&p->ending))
		return;
	LIST_EACH (it, &ps->ending) {
		struct process *q = LIST_ENTRY(it, struct process, ending);

		q->left |= q->stopped && !sweep_can_wait(ps, q);
	}
}

/* WAIT: it is about to be gone, and nobody can tell any more whose it was. */
enum verdict { LEAVE, UNKNOWN, WAIT, KILL };

/* As its environment has it; without one of our own nobody's child who names one is ours. */
static bool is_our_socket(const struct processes *ps, const char *socket)
{
	if (!socket || !ps->control_socket)
		return socket == ps->control_socket;
	return strcmp(socket, ps->control_socket) == 0;
}

static enum verdict judge_environment(struct sweep *s, pid_t os_pid)
{
	const struct daemon *d = s->ps->daemon;
	const char *socket, *text;
	struct process *p;
	actor_pid pid;

	if (proc_environment(os_pid, &s->environment) < 0)
		return UNKNOWN;
	socket = proc_variable(&s->environment, "SUP_SOCKET");
	text = proc_variable(&s->environment, "SUP_PID");
	if (!text || actor_pid_parse(text, &pid) < 0)
		return UNKNOWN;
	if (!is_our_socket(s->ps, socket))
		return LEAVE;
	p = process_of(d, pid);
	if ((p && ((p->os_pid && !is_dead_unseen(p)) || process_is_starting(d, p->slot))) ||
	    is_meant_to_stay(d, proc_variable(&s->environment, "SUP_NAME")))
		return LEAVE;
	if (p)
		mark_left(s->ps, p);
	return KILL;
}

/* A session of that number can be another's only where its leader was started after the end. */
static enum verdict judge_session(struct sweep *s, pid_t os_pid)
{
	struct proc_stat stat;

	if (proc_stat(os_pid, &stat) < 0)
		return LEAVE;
	if (stat.dead || stat.exiting)
		return WAIT;
	for (size_t i = 0; i < ENDED_MAX; i++) {
		const struct ended *ended = &s->ps->ended[i];
		struct process *p;

		if (ended->session != stat.session || stat.start_ticks > ended->ticks)
			continue;
		p = process_of(s->ps->daemon, ended->pid);
		if (p && !p->os_pid)
			mark_left(s->ps, p);
		return KILL;
	}
	return LEAVE;
}

static bool is_stranger(const struct processes *ps, pid_t os_pid)
{
	for (size_t i = 0; i < ps->n_strangers; i++) {
		if (ps->strangers[i] == os_pid)
			return true;
	}
	return false;
}

/* One that runs, or was started by it in its session: its end ends that one too. */
static bool is_of_command(const struct processes *ps, pid_t os_pid)
{
	const struct daemon *d = ps->daemon;
	pid_t session;

	if (!ps->by_command.used && !d->on_event)
		return false;
	session = getsid(os_pid);
	return session > 0 && (command_find(ps, session) || on_event_is_run(d, session));
}

static bool look_at_child(void *owner, pid_t os_pid)
{
	struct sweep *s = owner;
	enum verdict verdict = KILL;

	if (is_stranger(s->ps, os_pid) || keeper_is(s->ps->daemon, os_pid))
		return true;
	if (!s->everybody) {
		if (map_get(&s->ps->by_os_pid, (uint64_t)os_pid) || is_of_command(s->ps, os_pid))
			return true;
		verdict = judge_environment(s, os_pid);
		if (verdict == UNKNOWN)
			verdict = judge_session(s, os_pid);
	}
	if (verdict == WAIT) {
		s->found = true;
		leave_all(s->ps);
	}
	if (verdict == KILL) {
		s->found = true;
		kill(os_pid, SIGKILL);
	}
	return true;
}

bool sweep_can_wait(const struct processes *ps, const struct process *p)
{
	const struct core *core = ps->daemon->core;
	struct child_view v, above;

	return core_view(core, p->slot, &v) && core_view(core, v.parent, &above) &&
	       above.state == CHILD_STOPPING && above.spec->start == START_ORDERED &&
	       core_next(core, v.parent) != p->slot &&
	       ps->next_ended - ps->swept_ended < ENDED_MAX / 2;
}

bool sweep_now(struct processes *ps)
{
	struct sweep s = {.ps = ps, .environment = BUF_INIT};
	int r;

	ps->swept_ended = ps->next_ended;
	LIST_EACH (it, &ps->ending)
		LIST_ENTRY(it, struct process, ending)->left = false;
	r = proc_each_child(look_at_child, &s);
	/* Nobody has looked: that is no proof that nothing is left. */
	if (r == -EMFILE || r == -ENFILE || r == -ENOMEM) {
		s.found = true;
		leave_all(ps);
	}
	buf_fini(&s.environment);
	return s.found;
}

/* ---- later ---- */

void sweep_later(struct processes *ps)
{
	if (ps->sweep_due)
		return;
	ps->sweep_due = true;
	loop_timer_start(ps->daemon->loop, &ps->sweep, mono_add(loop_now(), ps->sweep_after));
}

/* What does not die is looked at less and less often. */
static void on_sweep(void *owner)
{
	struct processes *ps = owner;

	ps->sweep_due = false;
	if (!sweep_now(ps)) {
		ps->sweep_after = SWEEP_AFTER;
		return;
	}
	ps->sweep_after.ns = MIN_OF(ps->sweep_after.ns * 2, SWEEP_AFTER_MAX.ns);
	sweep_later(ps);
}

void sweep_note_end(struct processes *ps, const struct process *p, pid_t session)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	ps->ended[ps->next_ended++ % ENDED_MAX] = (struct ended){
		.pid = p->pid,
		.session = session,
		.ticks = (uint64_t)t.tv_sec * PROC_TICKS +
			 (uint64_t)t.tv_nsec / (1000000000 / PROC_TICKS),
	};
}

/* ---- strangers ---- */

static bool add_stranger(void *owner, pid_t os_pid)
{
	struct processes *ps = owner;
	pid_t *strangers = reallocarray(ps->strangers, ps->n_strangers + 1, sizeof(*strangers));

	if (!strangers)
		return false;
	ps->strangers = strangers;
	ps->strangers[ps->n_strangers++] = os_pid;
	return true;
}

void sweep_forget_stranger(struct processes *ps, pid_t os_pid)
{
	for (size_t i = 0; i < ps->n_strangers; i++) {
		if (ps->strangers[i] == os_pid)
			ps->strangers[i--] = ps->strangers[--ps->n_strangers];
	}
}

void sweep_open(struct processes *ps)
{
	ps->sweep_after = SWEEP_AFTER;
	ps->sweep.call = on_sweep;
	ps->sweep.owner = ps;
	if (getpid() != 1)
		proc_each_child(add_stranger, ps);
}

void sweep_close(struct processes *ps)
{
	loop_timer_stop(ps->daemon->loop, &ps->sweep);
	free(ps->strangers);
}

/* ---- at the end ---- */

/* Reaps all that have ended. False where there is no child any more. */
static bool reap_ended(void)
{
	siginfo_t info;
	int r;

	do {
		info.si_pid = 0;
		r = waitid(P_ALL, 0, &info, WEXITED | WNOHANG);
	} while ((r == 0 && info.si_pid) || (r < 0 && errno == EINTR));
	return r == 0;
}

/* Until nobody else is left in the PID namespace; false: time is up. */
static bool await_namespace(struct processes *ps, struct span most)
{
	struct mono end = mono_add(loop_now(), most);
	struct pollfd ended = {.fd = ps->signal_fd, .events = POLLIN};
	struct signalfd_siginfo signal;

	for (;;) {
		reap_ended();
		if (kill(-1, 0) < 0)
			return true;
		if (loop_now().ns >= end.ns)
			return false;
		/* Those that are no children of ours tell us nothing. */
		if (poll(&ended, 1, 50) == 1 && read(ended.fd, &signal, sizeof(signal)) < 0 &&
		    errno != EAGAIN && errno != EINTR)
			return false;
	}
}

/*
 * The first process of a PID namespace has every process in it to end, also those that others have
 * put there and that are no children of ours: told first, killed when their time is up. The kernel
 * spares ourselves.
 */
static void end_namespace(struct processes *ps)
{
	reap_ended();
	if (kill(-1, SIGTERM) < 0)
		return;
	kill(-1, SIGCONT);
	if (await_namespace(ps, NAMESPACE_GRACE))
		return;
	kill(-1, SIGKILL);
	await_namespace(ps, EVERYTHING_LIMIT);
}

void sweep_everything(struct processes *ps)
{
	struct mono end = mono_add(loop_now(), EVERYTHING_LIMIT);
	struct sweep s = {.ps = ps, .environment = BUF_INIT, .everybody = true, .found = true};
	struct signalfd_siginfo signal;

	if (getpid() == 1) {
		end_namespace(ps);
		return;
	}
	while (reap_ended() && s.found && loop_now().ns < end.ns) {
		struct pollfd ended = {.fd = ps->signal_fd, .events = POLLIN};

		s.found = false;
		proc_each_child(look_at_child, &s);
		/* Some end without a SIGCHLD of their own: it is not waited for for ever. */
		if (s.found && poll(&ended, 1, 100) == 1 &&
		    read(ps->signal_fd, &signal, sizeof(signal)) < 0)
			break;
	}
}
