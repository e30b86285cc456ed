/* SPDX-License-Identifier: MIT */

/*
 * The order of things:
 *
 *   1. what can be refused by name before anything has happened: limits, run_dir, another supd
 *   2. the loop, its Unix signals, the core
 *   3. what a dead predecessor left is ended
 *   4. sockets, and the tree
 *
 * The end goes the other way. Whatever is still there then is ended too.
 */

#include "supd/setup.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "supd/cgroups.h"
#include "supd/log.h"
#include "supd/notify.h"
#include "supd/place.h"
#include "supd/process.h"
#include "supd/recorder.h"
#include "supd/run_table.h"
#include "supd/settings.h"
#include "wire/hello.h"

#define AT_ONCE SPAN_MS(50)

/* Says what failed, as the log says things; returns the exit status. */
static int setup_failed(const char *what, int error)
{
	log_line(LOG_AT_ERROR, "%s: %s", what, strerror(-error));
	return SUPD_EXIT_FAILED;
}

static int setup_refused(const struct buf *why)
{
	log_line(LOG_AT_ERROR, "%s", why->error ? "out of memory" : buf_text(why));
	return SUPD_EXIT_FAILED;
}

/* ---- 1. what can be refused ---- */

static int setup_check_limits(struct daemon *d, const struct census *census)
{
	struct buf why CLEANUP(buf_fini) = BUF_INIT;

	limits_raise(&d->limits);
	return limits_check(census->services, &why) < 0 ? setup_refused(&why) : 0;
}

static int setup_run_dir(struct daemon *d)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	struct buf why CLEANUP(buf_fini) = BUF_INIT;

	if (place_run_dir(d->config->run_dir, &path, &why) < 0 ||
	    place_make(buf_text(&path), &d->made_run_dir, &why) < 0)
		return setup_refused(&why);
	d->run_dir = buf_take(&path);
	return d->run_dir ? 0 : setup_failed("run_dir", -ENOMEM);
}

static int setup_lock(struct daemon *d)
{
	pid_t owner = 0;
	int r = run_table_open(d->run_dir, &d->run_table, &owner);

	if (r == -EBUSY) {
		log_line(LOG_AT_ERROR,
			 "another supd runs in %s, OS pid %d: end that one, or give this one a "
			 "run_dir of its own",
			 d->run_dir, (int)owner);
		return SUPD_EXIT_FAILED;
	}
	return r < 0 ? setup_failed(d->run_dir, r) : 0;
}

/* ---- 2. the loop, the core ---- */

/* Two that come at once are one, as they often are for the kernel: timeout(1) sends them so. */
static void setup_on_end(void *owner, int unix_signal)
{
	static const struct event shutdown = {.kind = EVENT_SHUTDOWN};
	const char *name = unix_signal == SIGINT ? "SIGINT" : "SIGTERM";
	struct daemon *d = owner;
	bool again = d->told_to_end.ns > 0;

	if (again && mono_between(d->told_to_end, loop_now()).ns < AT_ONCE.ns)
		return;
	if (again)
		log_line(LOG_AT_WARNING, "%s again: all that is left is killed", name);
	else
		log_line(LOG_AT_INFO, "%s: shutting down", name);
	daemon_step(d, &shutdown);
	d->told_to_end = loop_now();
}

static void setup_on_hangup(void *owner, int unix_signal)
{
	(void)owner;
	(void)unix_signal;
	log_line(LOG_AT_WARNING, "SIGHUP: this version can not take a changed configuration while "
				 "it runs; nothing was changed");
}

/*
 * Writing to a terminal from the background, to a pipe that nobody reads, or beyond a limit, must
 * not end or stop us, nor must a Unix signal that somebody meant for another program. Blocked is as
 * good as ignored, and need not be undone for each service. Our own crashes stay what they are.
 */
static void setup_block_signals(void)
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

static void setup_watch_signals(struct daemon *d)
{
	static const struct {
		int unix_signal;
		void (*call)(void *owner, int unix_signal);
	} rows[] = {
		{SIGTERM, setup_on_end},
		{SIGINT, setup_on_end},
		{SIGHUP, setup_on_hangup},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		d->signals[i].call = rows[i].call;
		d->signals[i].owner = d;
		loop_signal_start(d->loop, &d->signals[i], rows[i].unix_signal);
	}
}

static int setup_loop(struct daemon *d, const struct options *options)
{
	int r = loop_new(&d->loop);

	if (r < 0)
		return setup_failed("the event loop", r);
	log_attach(d->loop);
	setup_watch_signals(d);
	r = core_new(&d->core);
	if (r == 0)
		r = run_open(d);
	if (r < 0)
		return setup_failed("the core", r);
	if (options->record)
		r = recorder_open(options->record, d->loop, &d->recorder);
	return r < 0 ? setup_failed(options->record, r) : 0;
}

/* ---- 3. a predecessor ---- */

static int setup_end_predecessors(struct daemon *d)
{
	struct buf socket CLEANUP(buf_fini) = BUF_INIT;
	struct predecessors found = {0};

	if (buf_printf(&socket, "%s/control", d->run_dir) < 0)
		return setup_failed("run_dir", -ENOMEM);
	run_table_end_predecessors(d->run_table, buf_text(&socket), &found);
	cgroups_end_predecessor(d->run_dir, &found);
	if (found.os_pid)
		log_line(LOG_AT_WARNING,
			 "the supd before this one, OS pid %d, did not end in order: of what it "
			 "had started %u OS process%s had to be ended",
			 (int)found.os_pid, found.ended, found.ended == 1 ? "" : "es");
	else if (found.ended)
		log_line(
			LOG_AT_WARNING,
			"a supd before this one did not end in order: of what it had started %u OS "
			"process%s had to be ended",
			found.ended, found.ended == 1 ? "" : "es");
	if (found.left)
		log_line(LOG_AT_ERROR, "%u of them do not go", found.left);
	return 0;
}

/* ---- 4. sockets, and the tree ---- */

static int setup_sockets(struct daemon *d)
{
	int r = notify_open(d);

	if (r < 0)
		return setup_failed("the notify socket", r);
	r = processes_open(d);
	if (r < 0)
		return setup_failed("processes", r);
	r = cgroups_open(d);
	if (r < 0)
		return setup_failed("cgroup", r);
	r = control_open(d, &d->control);
	return r < 0 ? setup_failed("the control socket", r) : 0;
}

static int setup_boot(struct daemon *d)
{
	struct event boot = {
		.kind = EVENT_BOOT,
		.spec = d->config->root,
		.uid = geteuid(),
		.budget = d->config->shutdown_timeout,
	};
	int r;

	if (getrandom(&boot.seed, sizeof(boot.seed), GRND_NONBLOCK) < 0)
		boot.seed = (uint64_t)d->started.ns;
	r = daemon_boot(d, &boot);
	return r < 0 ? setup_failed("the tree", r) : 0;
}

/* ---- all of it ---- */

int daemon_open(struct daemon *d, struct config *config, const char *file,
		const struct options *options)
{
	struct census census;
	int status;

	d->config = config;
	d->started = loop_now();
	/* What we have inherited is nobody's business here, and would be held for ever. */
	closefrom(STDERR_FILENO + 1);
	setup_block_signals();
	settings_count(config->root, &census);
	log_open(config->log_level, config->log_format);
	log_set_width(census.longest);
	settings_log(config);
	status = setup_check_limits(d, &census);
	if (status == 0)
		status = setup_run_dir(d);
	if (status == 0)
		status = setup_lock(d);
	if (status == 0)
		status = setup_loop(d, options);
	if (status == 0)
		log_line(LOG_AT_INFO, "supd %s, OS pid %d: %s, %zu service%s, run_dir %s",
			 WIRE_RELEASE, (int)getpid(), file, census.services,
			 census.services == 1 ? "" : "s", d->run_dir);
	if (status == 0)
		status = setup_end_predecessors(d);
	if (status == 0)
		status = setup_sockets(d);
	return status ? status : setup_boot(d);
}

int daemon_run(struct daemon *d)
{
	if (!d->halted)
		loop_run(d->loop);
	return d->exit_status;
}

/* Told to end while it ends, it ends all the same, and with the status that it has. */
static void setup_block_end(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void daemon_close(struct daemon *d)
{
	setup_block_end();
	control_close(d->control);
	d->control = NULL;
	cgroups_kill_all(d);
	processes_close(d);
	cgroups_close(d);
	notify_close(d);
	run_table_close(d->run_table);
	if (d->made_run_dir)
		rmdir(d->run_dir);
	recorder_close(d->recorder);
	run_close(d);
	core_free(d->core);
	log_close();
	for (size_t i = 0; d->loop && i < ARRAY_LEN(d->signals); i++)
		loop_signal_stop(d->loop, &d->signals[i]);
	loop_free(d->loop);
	config_free(d->config);
	free(d->run_dir);
}
