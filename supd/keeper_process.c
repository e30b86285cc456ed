/* SPDX-License-Identifier: MIT */

/*
 * The keeper's process. It is a child like others but no service: the tree does not know it, sweeps
 * pass it over, and its end is followed by a start. At once after a long life; in a moment where it
 * had begun to work, which is what a kill looks like; later and later where it had not. Meanwhile
 * services write into their pipes, and wait where those are full.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "supd/daemon.h"
#include "supd/events.h"
#include "supd/keeping.h"
#include "supd/log.h"

#define LONG_LIFE SPAN_S(10)
/* After a short life in which it had begun; after so many of them in a row. */
#define WAIT_SHORT SPAN_MS(10)
#define WAIT_MANY SPAN_S(1)
#define MANY 300
#define WAIT_FIRST SPAN_MS(100)
#define WAIT_MAX SPAN_S(10)

/* ---- its start ---- */

/* Local time on the console, and nothing else of ours. */
static void make_environment(char zone[256], char *envp[3])
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	const char *tz = getenv("TZ");

	envp[0] = path;
	envp[1] = NULL;
	if (tz && snprintf(zone, 256, "TZ=%s", tz) < 256)
		envp[1] = zone;
}

/* Of our groups it needs the one that its files are to have. */
static void be_plain(const struct keeper *k, gid_t *group, struct spawn_identity *ids)
{
	if (geteuid() != 0)
		return;
	*group = k->group < 0 ? 0 : (gid_t)k->group;
	ids->set_groups = true;
	ids->groups = group;
	ids->n_groups = k->group < 0 ? 0 : 1;
}

static int spawn_it(struct keeper *k, int socket)
{
	char name[] = "suplog", zone[256], *envp[3] = {NULL};
	char *argv[] = {name, NULL}, *programs[] = {k->program, NULL};
	struct spawn_fd fds[] = {{.fd = socket, .target = KEEPER_FD, .step = STEP_PREPARE},
				 {.fd = k->lock, .target = KEEPER_FD + 1, .step = STEP_PREPARE}};
	const struct spawn_stream nowhere = {SPAWN_TO_FD, STDIN_FILENO, NULL};
	struct spawn_request request = {
		.programs = programs,
		.argv = argv,
		.envp = envp,
		.directory = "/",
		.umask = -1,
		.stdin_fd = -1,
		.output = nowhere,
		.fds = fds,
		.n_fds = k->lock < 0 ? 1 : 2,
	};
	struct spawn_failure failure;
	gid_t group;

	make_environment(zone, envp);
	be_plain(k, &group, &request.identity);
	return spawn(&k->spawner, &request, &k->os_pid, &failure);
}

static void start_later(struct keeper *k, struct span wait)
{
	k->waits = true;
	loop_timer_start(k->daemon->loop, &k->again, mono_add(loop_now(), wait));
}

/* It has not begun. */
static struct span wait_longer(struct keeper *k)
{
	k->wait.ns = k->wait.ns ? MIN_OF(k->wait.ns * 2, WAIT_MAX.ns) : WAIT_FIRST.ns;
	return k->wait;
}

static struct span wait_after(struct keeper *k, struct span lived)
{
	if (!k->ready)
		return wait_longer(k);
	k->wait.ns = 0;
	if (lived.ns >= LONG_LIFE.ns) {
		k->short_lives = 0;
		return k->wait;
	}
	return k->short_lives++ < MANY ? WAIT_SHORT : WAIT_MANY;
}

static void on_socket(void *owner, int fd, int events)
{
	struct keeper *k = owner;

	(void)fd;
	if (events & LOOP_WRITE) {
		k->blocked = k->full = false;
		loop_fd_change(k->daemon->loop, &k->watcher, LOOP_READ);
	}
	/* Who has closed it is about to end, or is made to. */
	if (events & LOOP_READ && !keeper_hear(k) && !k->deaf) {
		keeper_shoot(k);
	}
	if (k->deaf)
		loop_fd_change(k->daemon->loop, &k->watcher, 0);
	else
		keeper_say(k);
}

void keeper_start(struct keeper *k)
{
	char span[SPAN_TEXT_MAX];
	int ends[2];
	int r;

	if (k->os_pid || k->waits || k->finished)
		return;
	r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
	if (r == 0) {
		r = spawn_it(k, ends[1]);
		close(ends[1]);
		if (r < 0)
			close(ends[0]);
	}
	if (r < 0) {
		start_later(k, wait_longer(k));
		log_line(LOG_AT_ERROR,
			 "the log keeper %s can not be started: %s: what services write waits; "
			 "next try in %s",
			 k->program, strerror(-r), span_format(k->wait, span));
		return;
	}
	k->socket = ends[0];
	k->started = loop_now();
	k->begun = k->ready = k->blocked = k->deaf = k->last = false;
	k->watcher.call = on_socket;
	k->watcher.owner = k;
	loop_fd_start(k->daemon->loop, &k->watcher, k->socket, LOOP_READ);
	keeper_say_anew(k);
	log_line(LOG_AT_DEBUG, "log keeper %s, OS pid %d", k->program, (int)k->os_pid);
}

static void on_again(void *owner)
{
	struct keeper *k = owner;

	k->waits = false;
	keeper_start(k);
	keeper_say(k);
}

static void on_retry(void *owner)
{
	struct keeper *k = owner;

	k->blocked = false;
	keeper_say(k);
}

void keeper_process_init(struct keeper *k)
{
	k->again.call = on_again;
	k->retry.call = on_retry;
	k->again.owner = k->retry.owner = k;
	k->socket = -1;
	keeper_pulse_init(k);
}

/* ---- its end ---- */

void keeper_lost_process(struct keeper *k)
{
	while (keeper_hear(k) && k->heard_more)
		;
	loop_timer_stop(k->daemon->loop, &k->retry);
	keeper_pulse_stop(k);
	loop_fd_close(k->daemon->loop, &k->watcher, k->socket);
	k->socket = -1;
	k->os_pid = 0;
	k->deaf = k->blocked = k->begun = false;
}

bool keeper_is(const struct daemon *d, pid_t os_pid)
{
	return d->keeper && d->keeper->os_pid == os_pid;
}

static void tell_end(struct keeper *k, const siginfo_t *info, struct span lived, struct span after)
{
	struct log_about about = {.event = "keeper", .os_pid = info->si_pid};
	char how[80], name[16], span[SPAN_TEXT_MAX], wait[SPAN_TEXT_MAX];
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	if (k->silent.ns)
		snprintf(how, sizeof(how), "did not answer for %s, and was killed",
			 span_format(k->silent, span));
	else if (info->si_code == CLD_EXITED)
		snprintf(how, sizeof(how), "has ended with status %d", info->si_status);
	else
		snprintf(how, sizeof(how), "was ended by SIG%s",
			 text_signal_name(info->si_status, name));
	lived.ns -= lived.ns % 1000000;
	buf_printf(&text, "OS pid %d %s after %s: another one goes on where it was, in %s",
		   (int)info->si_pid, how, span_format(lived, span), span_format(after, wait));
	events_add(k->daemon, &(struct occurrence){.kind = "keeper",
						   .explanation = buf_text(&text),
						   .origin = "self"});
	if (log_quota_take(&k->quota, loop_now()))
		log_about(LOG_AT_WARNING, &about,
			  "the log keeper, OS pid %d, %s after %s: another one goes on where it "
			  "was, in %s",
			  (int)info->si_pid, how, span, wait);
}

bool keeper_ended(struct daemon *d, const siginfo_t *info)
{
	struct keeper *k = d->keeper;
	struct span lived, wait;

	if (!keeper_is(d, info->si_pid))
		return false;
	while (waitpid(k->os_pid, NULL, 0) < 0 && errno == EINTR)
		;
	lived = mono_between(k->started, loop_now());
	keeper_lost_process(k);
	wait = wait_after(k, lived);
	tell_end(k, info, lived, wait);
	k->silent.ns = 0;
	start_later(k, wait);
	return true;
}

/* Reaped by somebody else, its number may be another's by now. */
static bool kill_it(const struct keeper *k)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)k->os_pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       kill(k->os_pid, SIGKILL) == 0;
}

void keeper_shoot(struct keeper *k)
{
	k->deaf = true;
	kill_it(k);
}

void keeper_kill(struct keeper *k)
{
	if (kill_it(k)) {
		while (waitpid(k->os_pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}
