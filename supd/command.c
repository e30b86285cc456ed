/* SPDX-License-Identifier: MIT */

/*
 * A command's record lives from its start until its group is empty. It is on its process's list all
 * that time, which keeps the service from being gone. Whoever started it knows it only until its
 * end is told.
 */

#include "supd/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "supd/notify.h"

struct command {
	struct processes *ps; /* borrowed */
	struct process *p;    /* borrowed; outlives this */
	struct command *next; /* owned; of p's others */
	struct list ending;   /* processes.commands: dead, and its group is not empty yet */
	struct loop_timer timer;
	struct span grace;
	void (*call)(void *owner, const struct command_end *end); /* NULL: nobody asks */
	void *owner;                                              /* borrowed */
	pid_t os_pid;                                             /* and its group */
	bool dead, timed_out, stays, told;
};

/* ---- records ---- */

static void command_free(struct command *c)
{
	struct command **place = &c->p->commands;

	while (*place != c)
		place = &(*place)->next;
	*place = c->next;
	list_unlink(&c->ending);
	loop_timer_stop(c->ps->daemon->loop, &c->timer);
	if (!c->dead)
		map_remove(&c->ps->by_command, (uint64_t)c->os_pid);
	free(c);
}

struct command *command_find(const struct processes *ps, pid_t os_pid)
{
	return map_get(&ps->by_command, (uint64_t)os_pid);
}

struct process *command_process(const struct command *c)
{
	return c->p;
}

void commands_forget(struct processes *ps)
{
	for (size_t slot = 0; slot < ps->n_slots; slot++) {
		struct command *c = ps->by_slot[slot] ? ps->by_slot[slot]->commands : NULL;

		for (; c; c = c->next) {
			if (!c->dead)
				map_remove(&ps->by_command, (uint64_t)c->os_pid);
			c->dead = true;
		}
	}
}

void commands_fini(struct processes *ps)
{
	for (size_t slot = 0; slot < ps->n_slots; slot++) {
		while (ps->by_slot[slot] && ps->by_slot[slot]->commands)
			command_free(ps->by_slot[slot]->commands);
	}
	map_fini(&ps->by_command);
}

/* ---- Unix signals ---- */

static void send(const struct command *c, int unix_signal)
{
	if (c->dead)
		return;
	kill(-c->os_pid, unix_signal);
	if (unix_signal != SIGKILL)
		kill(-c->os_pid, SIGCONT);
}

void command_stop(struct command *c)
{
	if (!c->told)
		send(c, SIGTERM);
	c->told = true;
}

void command_abandon(struct command *c)
{
	c->call = NULL;
	command_stop(c);
}

void command_kill(struct command *c)
{
	send(c, SIGKILL);
}

void command_cancel(struct command *c)
{
	if (!c)
		return;
	c->call = NULL;
	command_kill(c);
}

void command_kill_all(const struct process *p, bool all)
{
	for (struct command *c = p->commands; c; c = c->next) {
		if (all || !c->stays)
			command_kill(c);
	}
}

static void on_timeout(void *owner)
{
	struct command *c = owner;

	if (c->timed_out || c->grace.ns <= 0) {
		c->timed_out = true;
		command_kill(c);
		return;
	}
	c->timed_out = true;
	send(c, SIGTERM);
	loop_timer_start(c->ps->daemon->loop, &c->timer, mono_add(loop_now(), c->grace));
}

/* ---- start ---- */

const char *command_object(const struct daemon *d)
{
	return buf_text(&d->processes->preparation.object);
}

static int launch(struct daemon *d, struct process *p, const struct command_what *what,
		  pid_t *ret_os_pid, enum start_step *ret_step)
{
	struct processes *ps = d->processes;
	struct prepare_what with = {
		.pid = p->pid,
		.argv = what->argv,
		.variables = what->variables,
		.main_os_pid = p->os_pid,
	};
	struct spawn_failure failure;
	struct child_view v;
	int r;

	if (!core_view(d->core, what->slot, &v))
		return -ESRCH;
	handed_clear(&ps->preparation.handed);
	r = process_prepare(d, &v, &with, ret_step);
	if (r < 0)
		return r;
	r = process_spawn(d, p, &v, ret_os_pid, &failure);
	if (r < 0) {
		*ret_step = failure.step;
		prepare_explain(&ps->preparation, &failure);
	}
	return r;
}

static void begin(struct command *c, const struct command_what *what, pid_t os_pid)
{
	c->os_pid = os_pid;
	c->grace = what->grace;
	c->stays = what->stays;
	c->call = what->call;
	c->owner = what->owner;
	c->timer.call = on_timeout;
	c->timer.owner = c;
	c->next = c->p->commands;
	c->p->commands = c;
	map_set(&c->ps->by_command, (uint64_t)os_pid, c);
	if (what->timeout.ns != SPAN_INFINITY.ns)
		loop_timer_start(c->ps->daemon->loop, &c->timer,
				 mono_add(loop_now(), what->timeout));
}

int command_start(struct daemon *d, const struct command_what *what, struct command **ret_command,
		  enum start_step *ret_step)
{
	struct processes *ps = d->processes;
	struct process *p = process_find(d, what->slot);
	struct command *c;
	pid_t os_pid;
	int r = -ENOMEM;

	*ret_step = STEP_PREPARE;
	buf_clear(&ps->preparation.object);
	if (!p)
		return -ESRCH;
	c = calloc(1, sizeof(*c));
	if (c && map_reserve(&ps->by_command, ps->by_command.used + 1) == 0)
		r = launch(d, p, what, &os_pid, ret_step);
	if (r < 0) {
		free(c);
		return r;
	}
	c->ps = ps;
	c->p = p;
	list_init(&c->ending);
	begin(c, what, os_pid);
	*ret_command = c;
	return 0;
}

/* ---- end ---- */

static bool group_is_empty(pid_t group)
{
	return kill(-group, 0) < 0 && errno == ESRCH;
}

void command_ended(struct processes *ps, struct command *c, const siginfo_t *info)
{
	struct command_end end = {
		.code = info->si_status,
		.by_signal = info->si_code != CLD_EXITED,
		.timed_out = c->timed_out,
	};
	void (*call)(void *owner, const struct command_end *end) = c->call;
	void *owner = c->owner;

	notify_drain(ps->daemon);
	kill(-c->os_pid, SIGKILL);
	while (waitpid(c->os_pid, NULL, 0) < 0 && errno == EINTR)
		;
	map_remove(&ps->by_command, (uint64_t)c->os_pid);
	loop_timer_stop(ps->daemon->loop, &c->timer);
	c->dead = true;
	c->call = NULL;
	if (group_is_empty(c->os_pid))
		command_free(c);
	else
		list_append(&ps->commands, &c->ending);
	if (call)
		call(owner, &end);
}

void commands_settle(struct processes *ps)
{
	LIST_EACH (it, &ps->commands) {
		struct command *c = LIST_ENTRY(it, struct command, ending);

		if (group_is_empty(c->os_pid))
			command_free(c);
	}
}

char *command_end_text(const struct command_end *end, char buf[32])
{
	char name[16];

	if (end->timed_out)
		snprintf(buf, 32, "timeout");
	else if (end->by_signal)
		snprintf(buf, 32, "signal:%s", text_signal_name(end->code, name));
	else
		snprintf(buf, 32, "exit:%d", (int)end->code);
	return buf;
}
