/* SPDX-License-Identifier: MIT */

/*
 * The end of OS processes. SIGCHLD comes by a signalfd, whose record names one process that ended:
 * that one is dealt with first, so that its restart does not wait for the kernel's walk over all
 * our children; then all others that ended are looked for. Of several ends in a row only one has a
 * record, so the look is never left out.
 *
 * The end of a service:
 *   1. it is a zombie: seen, not reaped; its OS pid and group are safe to signal
 *   2. what it and its helpers have sent is read, and what was said on the notify socket
 *      (SEMANTICS 3)
 *   3. SIGKILL to what is left of its group, unless kill_mode = main
 *   4. it is reaped; EVENT_EXITED
 *   5. its cgroup is empty (what is in it is killed); where it has none the group is, and if the
 *      service was told to stop, a sweep has found nothing: EVENT_GONE. That is so at once as a
 * rule; else each end of an orphan is a reason to look again, and so is time passing.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supd/cgroups.h"
#include "supd/command.h"
#include "supd/process_actor.h"
#include "supd/foreground.h"
#include "supd/keeper.h"
#include "supd/mainpid.h"
#include "supd/notify.h"
#include "supd/on_event.h"
#include "supd/probing.h"
#include "supd/reports.h"
#include "supd/processes.h"
#include "supd/said.h"

/* Ends dealt with before others have their turn. */
#define BATCH 256
/* So few children that a look at all of them costs nothing to speak of; for more, the time that
 * passes before it, for each. */
#define FEW 64
#define LOOK_NS 15000
#define RECHECK_FIRST SPAN_MS(50)
#define RECHECK_MAX SPAN_S(1)

/* ---- groups ---- */

/* Members that are zombies count. One that we may not signal is one too. */
static bool group_is_empty(pid_t group)
{
	return kill(-group, 0) < 0 && errno == ESRCH;
}

/* Its commands may be in its cgroup: that is dealt with when they have ended. */
static void look_at_rest(struct processes *ps, struct process *p)
{
	if (p->kill_mode == KILL_MAIN ||
	    (p->cgroup_busy && !p->commands && cgroups_settle(ps->daemon, p)))
		p->cgroup_busy = false;
	if (p->group && (p->in_cgroup ? !p->cgroup_busy : group_is_empty(p->group)))
		p->group = 0;
}

/* Besides its main process. */
static bool has_members(const struct process *p)
{
	return p->untold || p->group || p->commands || p->cgroup_busy || mainpid_lingers(p);
}

/* It is gone only where a sweep finds nothing of it: no cgroup tells. */
static bool needs_sweep(const struct process *p)
{
	return p->stopped && !p->in_cgroup;
}

/* Tells of every service of which nothing is left. One sweep serves all that were told to stop. */
static void settle_all(struct processes *ps)
{
	bool sweep = false;

	commands_settle(ps);
	LIST_EACH (it, &ps->ending) {
		struct process *p = LIST_ENTRY(it, struct process, ending);

		look_at_rest(ps, p);
		if (has_members(p))
			continue;
		if (needs_sweep(p) && sweep_can_wait(ps, p))
			sweep_later(ps);
		else
			sweep |= needs_sweep(p);
	}
	if (sweep)
		sweep_now(ps);
	LIST_EACH (it, &ps->ending) {
		struct process *p = LIST_ENTRY(it, struct process, ending);

		if (!has_members(p) && !(needs_sweep(p) && p->left))
			process_gone(ps, p);
	}
}

static bool nothing_ends(const struct processes *ps)
{
	return list_is_empty(&ps->ending) && list_is_empty(&ps->commands);
}

void reap_recheck_later(struct processes *ps)
{
	if (nothing_ends(ps)) {
		loop_timer_stop(ps->daemon->loop, &ps->recheck);
		ps->recheck_after = RECHECK_FIRST;
		return;
	}
	loop_timer_start(ps->daemon->loop, &ps->recheck, mono_add(loop_now(), ps->recheck_after));
}

void reap_settle(struct processes *ps)
{
	settle_all(ps);
	reap_recheck_later(ps);
}

static void on_recheck(void *owner)
{
	struct processes *ps = owner;

	ps->recheck_after.ns = MIN_OF(ps->recheck_after.ns * 2, RECHECK_MAX.ns);
	reap_settle(ps);
}

/* ---- one end ---- */

static void reap(pid_t os_pid)
{
	while (waitpid(os_pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* A oneshot that has ended well, and is to be up until it is stopped. */
static bool is_to_remain(const struct processes *ps, const struct process *p,
			 const struct event *event)
{
	struct child_view v;
	struct reason reason;

	if (!core_view(ps->daemon->core, p->slot, &v) || !v.spec->remain ||
	    v.state != CHILD_STARTING || event->by_signal)
		return false;
	reason = spec_classify_exit(v.spec, event->code);
	return reason.kind == REASON_NORMAL;
}

void reap_remains(struct processes *ps, struct process *p)
{
	const struct event event = {.kind = EVENT_EXITED, .pid = p->pid};

	p->remains = false;
	list_unlink(&p->ending);
	list_append(&ps->ending, &p->ending);
	daemon_step(ps->daemon, &event);
	look_at_rest(ps, p);
	if (!has_members(p))
		process_gone(ps, p);
	reap_recheck_later(ps);
}

/* Of p's incarnation, whose main process is no more. */
static void tell_end(struct processes *ps, struct process *p, struct event *event)
{
	p->untold = false;
	daemon_step(ps->daemon, event);
	reason_fini(&event->reason);
	process_actor_end(p);
	if (p->probing)
		probing_end(p->probing);
	if (needs_sweep(p))
		return;
	look_at_rest(ps, p);
	if (!has_members(p))
		process_gone(ps, p);
	sweep_later(ps);
}

/* All that it has written was looked at, and that it was ready is told if it was. */
static void on_seen(struct process *p)
{
	struct processes *ps = p->probing->daemon->processes;
	struct event event = {
		.kind = EVENT_EXITED,
		.pid = p->pid,
		.code = p->code,
		.by_signal = p->by_signal,
		.reason = probing_late(p->probing),
	};

	tell_end(ps, p, &event);
	reap_settle(ps);
}

static void service_ended(struct processes *ps, struct process *p, const siginfo_t *info)
{
	struct event event = {.kind = EVENT_EXITED, .pid = p->pid, .code = info->si_status};

	event.by_signal = info->si_code != CLD_EXITED;
	if (p->probing)
		event.reason = probing_late(p->probing);
	if (p->probing)
		probing_drain(p->probing);
	p->remains = is_to_remain(ps, p, &event);
	if (p->remains)
		event.kind = EVENT_READY;
	reports_ended(ps->daemon, p, info);
	command_kill_all(p, false);
	mainpid_ended(ps, p);
	reap(p->os_pid);
	map_remove(&ps->by_os_pid, (uint64_t)p->os_pid);
	foreground_ended(ps->daemon, p->os_pid);
	sweep_note_end(ps, p, p->shares_session ? 0 : p->os_pid);
	p->os_pid = 0;
	p->limited = false;
	if (!p->end_due.ns)
		p->end_due = loop_now();
	p->code = event.code;
	p->by_signal = event.by_signal;
	p->dumped = info->si_code == CLD_DUMPED;
	p->has_ended = true;
	list_append(&ps->ending, &p->ending);
	said_end(p);
	p->untold = p->probing && probing_await_rest(p->probing, p->slot, on_seen);
	if (p->untold)
		reason_fini(&event.reason);
	else
		tell_end(ps, p, &event);
}

/*
 * What it and those who spoke for its group have said last is read before it is reaped: who that
 * was is not known any more after. It may say whose main process is another one.
 */
void reap_one(struct processes *ps, const siginfo_t *info)
{
	struct process *p = map_get(&ps->by_os_pid, (uint64_t)info->si_pid);
	struct command *c;

	if (keeper_ended(ps->daemon, info))
		return;
	if (p && p->os_pid == info->si_pid)
		process_actor_drain(p);
	notify_drain(ps->daemon);
	p = map_get(&ps->by_os_pid, (uint64_t)info->si_pid);
	c = p && p->os_pid == info->si_pid ? NULL : command_find(ps, info->si_pid);
	if (c) {
		command_ended(ps, c, info);
	} else if (p && p->os_pid == info->si_pid) {
		service_ended(ps, p, info);
	} else if (p || !on_event_ended(ps->daemon, info)) {
		if (p)
			mainpid_first_ended(ps, p);
		reap(info->si_pid);
		sweep_forget_stranger(ps, info->si_pid);
	}
}

/* ---- all of them ---- */

/* False: there are more. */
static bool reap_all(struct processes *ps)
{
	for (int n = 0; n < BATCH; n++) {
		siginfo_t info = {.si_pid = 0};

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return true;
		reap_one(ps, &info);
	}
	return false;
}

static void on_more(void *owner)
{
	struct processes *ps = owner;

	ps->more_due = !reap_all(ps);
	if (ps->more_due)
		loop_timer_start(ps->daemon->loop, &ps->more, loop_now());
	if (nothing_ends(ps))
		return;
	settle_all(ps);
	reap_recheck_later(ps);
}

/*
 * Others may have ended without a record of their own. The kernel walks over all our children to
 * tell: where they are many and nobody waits for the answer, it is asked so much later that this
 * never takes more than a small part of the time.
 */
static void look_for_others(struct processes *ps)
{
	if (!nothing_ends(ps))
		settle_all(ps);
	if (!nothing_ends(ps) || ps->n_records <= FEW) {
		on_more(ps);
	} else if (!ps->more_due) {
		struct span wait = {(int64_t)ps->n_records * LOOK_NS};

		ps->more_due = true;
		loop_timer_start(ps->daemon->loop, &ps->more, mono_add(loop_now(), wait));
	}
}

static void on_signal(void *owner, int fd, int events)
{
	struct processes *ps = owner;
	struct signalfd_siginfo signal;
	siginfo_t info = {.si_pid = 0};

	(void)events;
	if (read(fd, &signal, sizeof(signal)) != sizeof(signal))
		return;
	if (waitid(P_PID, signal.ssi_pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
		reap_one(ps, &info);
	foreground_look(ps->daemon);
	look_for_others(ps);
}

int reap_open(struct processes *ps)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t set;

	if (!ps->daemon->foreground)
		action.sa_flags = SA_NOCLDSTOP;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigaction(SIGCHLD, &action, NULL) < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	ps->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ps->signal_fd < 0)
		return -errno;
	ps->recheck_after = RECHECK_FIRST;
	ps->signal_watcher.call = on_signal;
	ps->more.call = on_more;
	ps->recheck.call = on_recheck;
	ps->signal_watcher.owner = ps->more.owner = ps->recheck.owner = ps;
	loop_fd_start_first(ps->daemon->loop, &ps->signal_watcher, ps->signal_fd, LOOP_READ);
	return 0;
}

void reap_close(struct processes *ps)
{
	if (ps->signal_fd < 0)
		return;
	loop_fd_stop(ps->daemon->loop, &ps->signal_watcher);
	loop_timer_stop(ps->daemon->loop, &ps->more);
	loop_timer_stop(ps->daemon->loop, &ps->recheck);
	close(ps->signal_fd);
}
