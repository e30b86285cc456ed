/* SPDX-License-Identifier: MIT */

#include "supd/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "supd/log.h"
#include "supd/options.h"
#include "supd/signals.h"

#define SIGNALS_MAX 64

struct foreground {
	const struct spec *spec; /* borrowed */
	bool forwards;
	bool handed;  /* the terminal is the command's, by us */
	pid_t os_pid; /* 0: it does not run */
	int stdin_fd; /* owned; the daemon's, as it came */
	int terminal; /* owned; the one that controls our session; -1: there is none */
	int status;   /* what a start that failed stands for; 0: none has */
	struct loop_signal signals[SIGNALS_MAX];
};

/* ---- the terminal ---- */

static int keep_fd(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/* Also where our group is in its background now: a shell may bring us to the foreground. */
static int find_terminal(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (tcgetpgrp(fd) >= 0)
			return keep_fd(fd);
	}
	fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && tcgetpgrp(fd) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool is_ours(const struct foreground *f)
{
	return f->terminal >= 0 && tcgetpgrp(f->terminal) == getpgrp();
}

/* SIGTTOU is blocked: that is no reason to stop us. */
static void take_back(struct foreground *f)
{
	if (f->handed)
		tcsetpgrp(f->terminal, getpgrp());
	f->handed = false;
}

static bool hand_over(struct foreground *f)
{
	if (is_ours(f) && tcsetpgrp(f->terminal, f->os_pid) == 0)
		f->handed = true;
	return f->handed;
}

/* ---- stops ---- */

/* True where we were stopped, and somebody has continued us. */
static bool stop_ourselves(void)
{
	static const struct timespec now;
	sigset_t stop, go;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigemptyset(&go);
	sigaddset(&go, SIGCONT);
	sigprocmask(SIG_BLOCK, &go, NULL);
	kill(0, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	return sigtimedwait(&go, NULL, &now) == SIGCONT;
}

static void stopped(struct foreground *f, int unix_signal)
{
	bool wants_terminal = unix_signal != SIGTSTP;
	bool continued;

	if (wants_terminal && !f->handed && hand_over(f)) {
		kill(-f->os_pid, SIGCONT);
		return;
	}
	take_back(f);
	continued = stop_ourselves();
	if (hand_over(f) || continued || !wants_terminal)
		kill(-f->os_pid, SIGCONT);
	else
		log_line(LOG_AT_WARNING,
			 "%s waits for the terminal, which is not ours to give: SIGCONT lets it go "
			 "on",
			 f->spec->name);
}

void foreground_look(struct daemon *d)
{
	struct foreground *f = d->foreground;
	siginfo_t info = {.si_pid = 0};

	if (!f || !f->os_pid || waitid(P_PID, (id_t)f->os_pid, &info, WSTOPPED | WNOHANG) < 0 ||
	    !info.si_pid)
		return;
	/* SIGSTOP comes from somebody who means the command, and knows how to let it go on. */
	if (info.si_status == SIGTSTP || info.si_status == SIGTTIN || info.si_status == SIGTTOU)
		stopped(f, info.si_status);
}

/* ---- its life ---- */

void foreground_request(struct daemon *d, const struct spec *spec, struct spawn_request *request)
{
	struct foreground *f = d->foreground;

	if (!f || f->spec != spec)
		return;
	request->stdin_fd = f->stdin_fd;
	request->shares_session = true;
	f->handed = is_ours(f);
	request->terminal = f->handed ? f->terminal : 0;
}

void foreground_started(struct daemon *d, pid_t os_pid)
{
	d->foreground->os_pid = os_pid;
}

void foreground_failed(struct daemon *d, enum start_step step, int error)
{
	struct foreground *f = d->foreground;

	if (step == STEP_EXEC && (error == ENOENT || error == ENOTDIR))
		f->status = SUPD_EXIT_NOT_FOUND;
	else
		f->status = SUPD_EXIT_NO_EXEC;
	/* The child may have got as far as that. */
	take_back(f);
}

void foreground_ended(struct daemon *d, pid_t os_pid)
{
	struct foreground *f = d->foreground;

	if (!f || f->os_pid != os_pid)
		return;
	f->os_pid = 0;
	take_back(f);
}

bool foreground_is_command(const struct daemon *d, const struct spec *spec)
{
	const struct foreground *f = d->foreground;

	return f && f->forwards && f->spec == spec;
}

int foreground_exit_status(const struct daemon *d, int status)
{
	return d->foreground && d->foreground->status ? d->foreground->status : status;
}

/* ---- Unix signals ---- */

/* Those of which the kernel sends us some itself, for what we do, and those that can not be sent
 * on. */
static bool is_sent_on(int unix_signal)
{
	static const int others[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGFPE,  SIGILL,
				     SIGSEGV, SIGBUS,  SIGABRT, SIGTRAP, SIGSYS,
				     SIGPIPE, SIGTTIN, SIGTTOU, SIGXCPU, SIGXFSZ};

	if (unix_signal > SIGSYS && unix_signal < SIGRTMIN)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (others[i] == unix_signal)
			return false;
	}
	return true;
}

static void on_signal(void *owner, int unix_signal)
{
	struct daemon *d = owner;
	struct foreground *f = d->foreground;

	if (f->os_pid) {
		if (unix_signal == SIGCONT && hand_over(f))
			kill(-f->os_pid, SIGCONT);
		else
			kill(f->os_pid, unix_signal);
		return;
	}
	if (unix_signal == SIGTERM || unix_signal == SIGINT || unix_signal == SIGHUP ||
	    unix_signal == SIGQUIT || unix_signal == SIGPWR)
		signals_end(d, unix_signal);
}

bool foreground_watch(struct daemon *d)
{
	struct foreground *f = d->foreground;

	if (!f || !f->forwards)
		return false;
	for (int s = 1; s <= SIGRTMAX && s <= SIGNALS_MAX; s++) {
		struct loop_signal *w = &f->signals[s - 1];

		if (!is_sent_on(s))
			continue;
		w->call = on_signal;
		w->owner = d;
		loop_signal_start(d->loop, w, s);
	}
	return true;
}

/* ---- the beginning and the end ---- */

static const struct spec *find_spec(const struct spec *root, const char *name)
{
	for (uint32_t i = 0; i < root->n_children; i++) {
		if (strcmp(root->children[i]->name, name) == 0)
			return root->children[i];
	}
	return NULL;
}

int foreground_open(struct daemon *d, const char *name, bool forwards)
{
	struct foreground *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	d->foreground = f;
	f->spec = find_spec(d->config->root, name);
	f->forwards = forwards;
	f->terminal = find_terminal();
	f->stdin_fd = keep_fd(STDIN_FILENO);
	return f->stdin_fd < 0 ? -errno : 0;
}

void foreground_close(struct daemon *d)
{
	struct foreground *f = d->foreground;

	if (!f)
		return;
	for (int s = 0; d->loop && f->forwards && s < SIGNALS_MAX; s++)
		loop_signal_stop(d->loop, &f->signals[s]);
	if (f->terminal >= 0)
		close(f->terminal);
	if (f->stdin_fd >= 0)
		close(f->stdin_fd);
	free(f);
	d->foreground = NULL;
}
