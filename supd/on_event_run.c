/* SPDX-License-Identifier: MIT */

/*
 * The processes of on_event: for each event the section's commands, one after the other. The event
 * is in a memory file that is written before the start, so that nobody waits for a reader. What is
 * left of a command's process group when it has ended is killed.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "supd/on_event.h"
#include "supd/streams.h"
#include "supd/on_event_queue.h"
#include "supd/processes.h"

/* Between SIGTERM and SIGKILL where a command's time is up, as for hooks. */
#define GRACE SPAN_S(2)
/* Where the host is short of something. */
#define RETRY SPAN_S(1)
#define TRIES 10

static void run_next(struct event_run *run);

static const struct exec_command *command_of(const struct event_run *run)
{
	return &run->watcher->what->hook.commands[run->index];
}

/* ---- its end ---- */

static void run_complain(const struct event_run *run, const char *what, const char *why)
{
	const struct log_about about = {.name = run->event->owner, .event = "on_event"};
	const struct exec_command *command = command_of(run);

	if (command->may_fail || !log_quota_take(&run->all->quota, loop_now()))
		return;
	log_about(LOG_AT_WARNING, &about, "on_event %s: %s%s%s", command->argv[0], what,
		  *why ? ": " : "", why);
}

static void run_free(struct event_run *run)
{
	loop_timer_stop(run->all->daemon->loop, &run->timer);
	list_unlink(&run->link);
	waiting_free(run->event);
	if (run->bare)
		streams_let_go(run->bare);
	free(run->bare);
	free(run);
}

static void run_over(struct event_run *run)
{
	struct on_events *all = run->all;
	struct watcher *watcher = run->watcher;

	run_free(run);
	on_event_run_over(all, watcher);
}

static void judge(const struct event_run *run, const siginfo_t *info)
{
	char text[SPAN_TEXT_MAX + 32], name[SPAN_TEXT_MAX];

	if (run->timed_out)
		snprintf(text, sizeof(text), "not done within %s",
			 span_format(run->watcher->what->hook.timeout, name));
	else if (info->si_code != CLD_EXITED)
		snprintf(text, sizeof(text), "ended by SIG%s",
			 text_signal_name(info->si_status, name));
	else if (info->si_status != 0)
		snprintf(text, sizeof(text), "exit status %d", info->si_status);
	else
		return;
	run_complain(run, text, "");
}

static void ended(struct event_run *run, const siginfo_t *info)
{
	kill(-run->os_pid, SIGKILL);
	while (waitpid(run->os_pid, NULL, 0) < 0 && errno == EINTR)
		;
	loop_timer_stop(run->all->daemon->loop, &run->timer);
	judge(run, info);
	run->os_pid = 0;
	run->index++;
	run_next(run);
}

bool on_event_is_run(const struct daemon *d, pid_t os_pid)
{
	return d->on_event && map_get(&d->on_event->by_os_pid, (uint64_t)os_pid);
}

bool on_event_ended(struct daemon *d, const siginfo_t *info)
{
	struct event_run *run =
		d->on_event ? map_remove(&d->on_event->by_os_pid, (uint64_t)info->si_pid) : NULL;

	if (run)
		ended(run, info);
	return run;
}

void event_run_look_at_all(struct on_events *all)
{
	struct list *following;

	for (struct list *l = all->runs.next; l != &all->runs; l = following) {
		const struct event_run *run = LIST_ENTRY(l, struct event_run, link);
		siginfo_t info = {.si_pid = 0};

		following = l->next;
		if (run->os_pid &&
		    waitid(P_PID, (id_t)run->os_pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		    info.si_pid)
			on_event_ended(all->daemon, &info);
	}
}

/* Whoever waits for all our children reaps them. */
void event_run_kill_all(struct on_events *all)
{
	while (!list_is_empty(&all->runs)) {
		struct event_run *run = LIST_ENTRY(all->runs.next, struct event_run, link);

		if (run->os_pid) {
			kill(-run->os_pid, SIGKILL);
			map_remove(&all->by_os_pid, (uint64_t)run->os_pid);
		}
		run_free(run);
	}
}

/* ---- its start ---- */

/* The event, to be read from its beginning. -errno. */
static int event_file(const struct waiting *event)
{
	int fd = memfd_create("event", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, event->json, event->json_size) != (ssize_t)event->json_size ||
	    lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -ENOMEM;
	}
	return fd;
}

/* What it writes goes where its service's output does. A service that runs keeps its streams: they
 * are as they were when it was started. One that has never started has none yet. */
static int direct(struct daemon *d, struct event_run *run)
{
	struct child_view v;
	struct process *p;
	int r = 0;

	if (!run->event->exec || !core_view(d->core, core_find(d->core, run->event->owner), &v) ||
	    !v.spec->exec)
		return 0;
	p = process_find(d, v.slot);
	if (!p && !run->bare)
		run->bare = calloc(1, sizeof(*run->bare));
	if (!p)
		p = run->bare;
	if (!p)
		return -ENOMEM;
	if (!p->streams[0] && !p->streams[1])
		r = streams_prepare(d, p, &v);
	if (r == 0)
		streams_direct(p, v.spec, &d->processes->preparation.request);
	return r;
}

/* 0, or -errno with *ret_step and the preparation's object. */
static int launch(struct event_run *run, int event_fd, enum start_step *ret_step)
{
	struct daemon *d = run->all->daemon;
	struct processes *ps = d->processes;
	const struct waiting *event = run->event;
	struct prepare_what what = {
		.path = event->owner,
		.exec = event->exec ? event->exec : run->all->plain,
		.argv = command_of(run)->argv,
		.variables = event->variables,
	};
	struct spawn_failure failure;
	int r;

	handed_clear(&ps->preparation.handed);
	*ret_step = STEP_PREPARE;
	r = process_prepare_beside(d, &what, ret_step);
	if (r == 0)
		r = direct(d, run);
	if (r < 0)
		return r;
	ps->preparation.request.stdin_fd = event_fd;
	r = spawn(&ps->spawner, &ps->preparation.request, &run->os_pid, &failure);
	if (r < 0) {
		*ret_step = failure.step;
		prepare_explain(&ps->preparation, &failure);
	}
	return r;
}

static int start(struct event_run *run, enum start_step *ret_step)
{
	int fd = event_file(run->event);
	int r = fd;

	*ret_step = STEP_PREPARE;
	buf_clear(&run->all->daemon->processes->preparation.object);
	if (fd >= 0) {
		r = map_reserve(&run->all->by_os_pid, run->all->by_os_pid.used + 1);
		if (r == 0)
			r = launch(run, fd, ret_step);
		close(fd);
	}
	if (r < 0)
		return r;
	map_set(&run->all->by_os_pid, (uint64_t)run->os_pid, run);
	loop_timer_start(run->all->daemon->loop, &run->timer,
			 mono_add(loop_now(), run->watcher->what->hook.timeout));
	return 0;
}

/* True: it is tried again. */
static bool failed(struct event_run *run, enum start_step step, int error)
{
	const struct buf *object = &run->all->daemon->processes->preparation.object;
	struct buf what CLEANUP(buf_fini) = BUF_INIT;

	if (spawn_is_shortage(error) && ++run->tries < TRIES) {
		loop_timer_start(run->all->daemon->loop, &run->timer, mono_add(loop_now(), RETRY));
		return true;
	}
	buf_printf(&what, "could not be run (%s)%s%s", start_step_name(step),
		   object->size ? ": " : "", buf_text(object));
	run_complain(run, buf_text(&what), strerror(error));
	return false;
}

/* The command at hand; where it can not be started, the one after it. */
static void run_next(struct event_run *run)
{
	for (; run->index < run->watcher->what->hook.n; run->index++) {
		enum start_step step;
		int r;

		run->timed_out = false;
		r = start(run, &step);
		if (r == 0 || failed(run, step, -r))
			return;
	}
	run_over(run);
}

static void on_timer(void *owner)
{
	struct event_run *run = owner;

	if (!run->os_pid) {
		run_next(run);
		return;
	}
	kill(-run->os_pid, run->timed_out ? SIGKILL : SIGTERM);
	kill(-run->os_pid, SIGCONT);
	if (!run->timed_out)
		loop_timer_start(run->all->daemon->loop, &run->timer, mono_add(loop_now(), GRACE));
	run->timed_out = true;
}

bool event_run_begin(struct on_events *all, struct watcher *watcher, struct waiting *event)
{
	struct event_run *run = calloc(1, sizeof(*run));

	if (!run)
		return false;
	run->all = all;
	run->watcher = watcher;
	run->event = event;
	run->timer.call = on_timer;
	run->timer.owner = run;
	list_append(&all->runs, &run->link);
	watcher->n_running++;
	all->n_running++;
	run_next(run);
	return true;
}
