/* SPDX-License-Identifier: MIT */

/* Unix signals, and what is to end before it has a process that could have one. */

#include <errno.h>
#include <signal.h>

#include "supd/cgroups.h"
#include "supd/command.h"
#include "supd/hooks.h"
#include "supd/mainpid.h"
#include "supd/probing.h"
#include "supd/processes.h"
#include "supd/watchdog.h"

static bool is_shutting_down(const struct daemon *d)
{
	struct child_view root;

	return core_view(d->core, 0, &root) && root.state == CHILD_STOPPING;
}

/* The whole tree's end has a sweep of its own: nothing of a service waits for one before. */
static void told_to_end(struct daemon *d, struct process *p)
{
	p->stopped = !is_shutting_down(d);
}

/* It is to end, and was about to be started. */
static void give_up_launch(struct daemon *d, struct process *p)
{
	struct event event = {.kind = EVENT_START_FAILED, .pid = p->pid};
	struct child_view v;

	probing_wait_no_more(p->probing);
	event.reason = REASON(REASON_SHUTDOWN);
	if (core_view(d->core, p->slot, &v) && v.verdict.kind == REASON_TIMEOUT_START)
		event.reason = probing_late(p->probing);
	if (!hooks_start_failed(p, &event.reason)) {
		process_end_directories(d->processes, p);
		daemon_step(d, &event);
	}
	reason_fini(&event.reason);
}

void process_stop(struct daemon *d, uint32_t slot)
{
	struct process *p = process_find(d, slot);

	if (!p || (!p->os_pid && !p->remains && !process_is_starting(d, p->slot)))
		return;
	told_to_end(d, p);
	if (probing_is_waiting(p->probing))
		give_up_launch(d, p);
	else if (watchdog_signal(p) || !hooks_stop(p))
		process_signal_stop(d, p);
}

void process_signal_stop(struct daemon *d, struct process *p)
{
	bool group = p->kill_mode == KILL_GROUP;
	int bite = watchdog_signal(p);

	if (p->remains) {
		reap_remains(d->processes, p);
		return;
	}
	mainpid_signal(p, bite ? bite : p->stop_signal, group);
	mainpid_signal(p, SIGCONT, group);
}

void process_kill(struct daemon *d, uint32_t slot)
{
	struct process *p = process_find(d, slot);

	if (!p)
		return;
	hooks_kill(p);
	command_kill_all(p, true);
	if (p->remains && !hooks_activity(p))
		reap_remains(d->processes, p);
	if (p->os_pid || process_is_starting(d, p->slot))
		told_to_end(d, p);
	if (probing_is_waiting(p->probing))
		give_up_launch(d, p);
	if (!p->os_pid)
		return;
	if (!p->end_due.ns)
		p->end_due = loop_now();
	mainpid_signal(p, SIGKILL, p->kill_mode != KILL_MAIN);
	if (p->kill_mode != KILL_MAIN)
		cgroups_kill(d, p);
	sweep_later(d->processes);
}

int process_signal(struct daemon *d, uint32_t slot, int unix_signal, bool all)
{
	struct process *p = process_find(d, slot);

	if (!p || !p->os_pid)
		return -ESRCH;
	return mainpid_signal(p, unix_signal, all);
}
