/* SPDX-License-Identifier: MIT */

#include "supd/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "supd/fallback.h"
#include "supd/foreground.h"
#include "supd/log.h"

#define AT_ONCE SPAN_MS(50)

/* ---- what they do ---- */

/* Two that come at once are one, as they often are for the kernel: timeout(1) sends them so. */
void signals_end(struct daemon *d, int unix_signal)
{
	static const struct event shutdown = {.kind = EVENT_SHUTDOWN};
	bool again = d->told_to_end.ns > 0;
	char buf[16];
	const char *name = text_signal_name(unix_signal, buf);

	if (again && mono_between(d->told_to_end, loop_now()).ns < AT_ONCE.ns)
		return;
	if (again)
		log_line(LOG_AT_WARNING, "SIG%s again: all that is left is killed", name);
	else
		log_line(LOG_AT_INFO, "SIG%s: shutting down", name);
	daemon_step(d, &shutdown);
	d->told_to_end = loop_now();
}

/* The controlling terminal can be opened as long as it has not been hung up. */
static bool signals_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void signals_on_signal(void *owner, int unix_signal)
{
	struct daemon *d = owner;

	if (unix_signal != SIGHUP || (d->has_terminal && !signals_terminal()))
		signals_end(d, unix_signal);
	else if (d->source != SETTINGS_FILE)
		fallback_try_again(d);
	else
		log_line(LOG_AT_WARNING,
			 "SIGHUP: this version can not take a changed configuration while "
			 "it runs; nothing was changed");
}

/* ---- watching ---- */

/*
 * Writing to a terminal from the background, to a pipe that nobody reads, or beyond a limit, must
 * not end or stop us, nor must a Unix signal that somebody meant for another program. Blocked is as
 * good as ignored, and need not be undone for each service. Our own crashes stay what they are.
 */
void signals_block(void)
{
	static const int blocked[] = {SIGPIPE,   SIGTTOU, SIGTTIN, SIGXFSZ,  SIGXCPU,
				      SIGQUIT,   SIGUSR1, SIGUSR2, SIGALRM,  SIGPROF,
				      SIGVTALRM, SIGIO,   SIGPWR,  SIGSTKFLT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(blocked); i++)
		sigaddset(&set, blocked[i]);
	for (int s = SIGRTMIN; s <= SIGRTMAX; s++)
		sigaddset(&set, s);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void signals_watch(struct daemon *d)
{
	const int watched[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPWR, SIGRTMIN + 3};
	size_t n = d->options->init ? ARRAY_LEN(watched) : 3;

	_Static_assert(ARRAY_LEN(watched) == ARRAY_LEN(d->signals), "there is room for each");
	d->has_terminal = signals_terminal();
	if (foreground_watch(d))
		return;
	for (size_t i = 0; i < n; i++) {
		d->signals[i].call = signals_on_signal;
		d->signals[i].owner = d;
		loop_signal_start(d->loop, &d->signals[i], watched[i]);
	}
}

void signals_unwatch(struct daemon *d)
{
	for (size_t i = 0; d->loop && i < ARRAY_LEN(d->signals); i++)
		loop_signal_stop(d->loop, &d->signals[i]);
}

void signals_hold(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
}
