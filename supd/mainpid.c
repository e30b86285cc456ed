/* SPDX-License-Identifier: MIT */

#include "supd/mainpid.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supd/command.h"
#include "supd/log.h"
#include "supd/on_event.h"
#include "supd/proc.h"
#include "supd/run_table.h"
#include "supd/said.h"

/* How far up a descent is followed. */
#define GENERATIONS_MAX 64
/* Of the map of OS pids, for each that has moved: of the first and the new one. */
#define PLACES 2

struct main_process {
	struct processes *ps;    /* borrowed */
	struct process *process; /* borrowed */
	pid_t first;             /* the one that was started; 0: it was reaped */
	pid_t first_group;       /* that it led; 0: seen empty, or nobody asks any more */
	pid_t listed;            /* the first one's number, as the map may have it */
	pid_t session;           /* of the new one */
	int pidfd;               /* owned; of the new one */
	struct loop_fd watcher;
};

static struct main_process *moved_of(const struct process *p)
{
	return p->said ? p->said->moved : NULL;
}

static bool is_our_child(pid_t os_pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)os_pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* ---- Unix signals ---- */

/*
 * It may have gone to another group since, or to a session of its own: where it is now is the
 * service's. False: not known for sure.
 */
static bool find_group(struct process *p)
{
	pid_t group = is_our_child(p->os_pid) ? getpgid(p->os_pid) : -1;

	if (group <= 0 || group == getpgrp())
		return false;
	p->group = group;
	return true;
}

static int signal_main(const struct process *p, int unix_signal)
{
	const struct main_process *moved = moved_of(p);

	if (!moved)
		return kill(p->os_pid, unix_signal) < 0 ? -errno : 0;
	return syscall(SYS_pidfd_send_signal, moved->pidfd, unix_signal, NULL, 0) < 0 ? -errno : 0;
}

static int signal_groups(struct process *p, int unix_signal)
{
	const struct main_process *moved = moved_of(p);
	bool known;

	if (!moved)
		return kill(-p->group, unix_signal) < 0 ? -errno : 0;
	if (moved->first)
		kill(-moved->first, unix_signal);
	known = find_group(p);
	if (known && p->group != moved->first)
		return kill(-p->group, unix_signal) < 0 ? -errno : 0;
	/* It may have got it with the first one's group. */
	if (known || (moved->first && getpgid(p->os_pid) == moved->first))
		return 0;
	return signal_main(p, unix_signal);
}

int mainpid_signal(struct process *p, int unix_signal, bool group)
{
	return group ? signal_groups(p, unix_signal) : signal_main(p, unix_signal);
}

/* ---- is it one of its own? ---- */

static bool is_descended(pid_t os_pid, pid_t from)
{
	struct proc_stat stat = {.parent = os_pid};

	for (int i = 0; i < GENERATIONS_MAX && stat.parent > 1; i++) {
		if (stat.parent == from)
			return true;
		if (proc_stat(stat.parent, &stat) < 0)
			return false;
	}
	return false;
}

/* Its environment says so, and it is a child of ours: nobody else could have become its parent. */
static bool says_so(const struct processes *ps, const struct process *p, pid_t os_pid)
{
	struct buf environment CLEANUP(buf_fini) = BUF_INIT;
	const char *socket, *text;
	actor_pid pid;

	if (!is_our_child(os_pid) || proc_environment(os_pid, &environment) < 0)
		return false;
	socket = proc_variable(&environment, "SUP_SOCKET");
	text = proc_variable(&environment, "SUP_PID");
	return socket && text && strcmp(socket, ps->control_socket) == 0 &&
	       actor_pid_parse(text, &pid) == 0 && pid.n == p->pid.n;
}

/* A cgroup of its own tells too. */
static bool is_in_its_cgroup(const struct process *p, pid_t os_pid)
{
	struct buf its CLEANUP(buf_fini) = BUF_INIT;
	struct buf main CLEANUP(buf_fini) = BUF_INIT;

	return p->in_cgroup && proc_cgroup(os_pid, &its) == 0 &&
	       proc_cgroup(p->os_pid, &main) == 0 && its.size > 1 &&
	       strcmp(buf_text(&its), buf_text(&main)) == 0;
}

static bool is_anothers(const struct processes *ps, const struct process *p, pid_t os_pid)
{
	const struct process *other = map_get(&ps->by_os_pid, (uint64_t)os_pid);

	return (other && other != p) || command_find(ps, os_pid) ||
	       on_event_is_run(ps->daemon, os_pid);
}

static bool is_its_own(const struct processes *ps, const struct process *p, pid_t os_pid,
		       const struct proc_stat *stat)
{
	const struct main_process *moved = moved_of(p);
	pid_t first = moved ? moved->first : p->os_pid;

	if (stat->group == getpgrp() || stat->session == getsid(0) || is_anothers(ps, p, os_pid) ||
	    is_anothers(ps, p, stat->group) || is_anothers(ps, p, stat->session))
		return false;
	return (first && stat->session == first) || (moved && stat->session == moved->session) ||
	       is_descended(os_pid, p->os_pid) || (first && is_descended(os_pid, first)) ||
	       says_so(ps, p, os_pid) || is_in_its_cgroup(p, os_pid);
}

/* ---- the move ---- */

/* Its end, where nobody but its own parent gets its wait status: as systemd has it, a success. */
static void on_pidfd(void *owner, int fd, int events)
{
	struct main_process *moved = owner;
	struct processes *ps = moved->ps;
	pid_t os_pid = moved->process->os_pid;
	siginfo_t info = {.si_pid = 0};

	(void)fd, (void)events;
	if (waitid(P_PID, (id_t)os_pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
		if (!info.si_pid)
			return;
	} else {
		info = (siginfo_t){.si_code = CLD_EXITED};
		info.si_pid = os_pid;
		log_line(LOG_AT_INFO,
			 "OS pid %d has ended as the child of another process: its exit status is "
			 "not known, and counts as 0",
			 (int)os_pid);
	}
	reap_one(ps, &info);
	reap_settle(ps);
}

static struct main_process *make_moved(struct processes *ps, struct process *p)
{
	struct said *said = said_of(ps->daemon, p);
	struct main_process *moved = moved_of(p);

	if (!said || moved)
		return moved;
	if (map_reserve(&ps->by_os_pid, ps->n_records + ps->n_moved + PLACES) < 0)
		return NULL;
	moved = calloc(1, sizeof(*moved));
	if (!moved)
		return NULL;
	ps->n_moved += PLACES;
	*moved = (struct main_process){
		.ps = ps,
		.process = p,
		.first = p->os_pid,
		.listed = p->os_pid,
		.first_group = p->group,
		.pidfd = -1,
	};
	moved->watcher.call = on_pidfd;
	moved->watcher.owner = moved;
	said->moved = moved;
	return moved;
}

static void let_go(struct main_process *moved)
{
	if (moved->pidfd < 0)
		return;
	loop_fd_close(moved->ps->daemon->loop, &moved->watcher, moved->pidfd);
	moved->pidfd = -1;
}

static void forget_os_pid(struct processes *ps, const struct process *p, pid_t os_pid)
{
	if (os_pid && map_get(&ps->by_os_pid, (uint64_t)os_pid) == p)
		map_remove(&ps->by_os_pid, (uint64_t)os_pid);
}

/* For a daemon after us; written in the order in which it is read. */
static void note(struct processes *ps, const struct process *p, const struct proc_stat *stat)
{
	struct run_entry *entry = run_table_entry(ps->daemon->run_table, p->slot);

	if (!entry)
		return;
	__atomic_store_n(&entry->stamp.os_pid, 0, __ATOMIC_RELEASE);
	entry->stamp.earliest_ns = (int64_t)stat->start_ticks * (1000000000 / PROC_TICKS);
	entry->stamp.latest_ns = entry->stamp.earliest_ns;
	__atomic_store_n(&entry->stamp.os_pid, p->os_pid, __ATOMIC_RELEASE);
}

static void move(struct main_process *moved, pid_t os_pid, int pidfd, const struct proc_stat *stat)
{
	struct processes *ps = moved->ps;
	struct process *p = moved->process;

	let_go(moved);
	if (p->os_pid != moved->first)
		forget_os_pid(ps, p, p->os_pid);
	moved->pidfd = pidfd;
	moved->session = stat->session;
	p->os_pid = os_pid;
	p->group = stat->group;
	map_set(&ps->by_os_pid, (uint64_t)os_pid, p);
	note(ps, p, stat);
	loop_fd_start(ps->daemon->loop, &moved->watcher, pidfd, LOOP_READ);
}

const char *mainpid_move(struct daemon *d, struct process *p, pid_t os_pid)
{
	struct processes *ps = d->processes;
	struct main_process *moved;
	struct proc_stat stat;
	int pidfd;

	if (os_pid == p->os_pid)
		return NULL;
	if (p->shares_session)
		return "it is the command of supd's own command line";
	pidfd = os_pid > 1 && os_pid != getpid() ? (int)syscall(SYS_pidfd_open, os_pid, 0) : -1;
	if (pidfd < 0 || proc_stat(os_pid, &stat) < 0 || !is_its_own(ps, p, os_pid, &stat) ||
	    (stat.dead && !is_our_child(os_pid))) {
		if (pidfd >= 0)
			close(pidfd);
		return "that is none of its processes";
	}
	moved = make_moved(ps, p);
	if (!moved) {
		close(pidfd);
		return "the daemon is short of memory";
	}
	move(moved, os_pid, pidfd, &stat);
	return NULL;
}

/* ---- ends ---- */

void mainpid_first_ended(struct processes *ps, struct process *p)
{
	struct main_process *moved = moved_of(p);

	if (!moved || !moved->first)
		return;
	/* Its number stays the name of its group for as long as the new one holds that. */
	if (p->group != moved->first)
		forget_os_pid(ps, p, moved->first);
	/* While the service lives on, that group may become empty, and its number another's. */
	if (p->os_pid)
		moved->first_group = 0;
	moved->first = 0;
}

void mainpid_ended(struct processes *ps, struct process *p)
{
	struct main_process *moved = moved_of(p);
	bool stays = p->kill_mode == KILL_MAIN;

	if (!stays)
		signal_groups(p, SIGKILL);
	if (stays || (moved && (!find_group(p) || p->group == moved->first_group)))
		p->group = 0;
	if (!moved)
		return;
	if (is_our_child(p->os_pid))
		moved->session = getsid(p->os_pid);
	let_go(moved);
	if (stays)
		moved->first_group = 0;
	if (moved->first == p->os_pid)
		moved->first = 0;
	if (moved->first)
		sweep_note_end(ps, p, moved->first);
	if (moved->session > 0 && moved->session != p->os_pid)
		sweep_note_end(ps, p, moved->session);
}

bool mainpid_lingers(const struct process *p)
{
	struct main_process *moved = moved_of(p);

	if (!moved || !moved->first_group)
		return false;
	if (kill(-moved->first_group, 0) < 0 && errno == ESRCH)
		moved->first_group = 0;
	return moved->first_group;
}

void mainpid_forget(struct processes *ps, struct process *p)
{
	struct main_process *moved = moved_of(p);

	if (!moved)
		return;
	p->said->moved = NULL;
	let_go(moved);
	forget_os_pid(ps, p, moved->listed);
	ps->n_moved -= PLACES;
	free(moved);
}
