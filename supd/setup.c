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
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "supd/cgroups.h"
#include "supd/events.h"
#include "supd/on_event.h"
#include "supd/foreground.h"
#include "supd/keeper.h"
#include "supd/listen.h"
#include "supd/reports.h"
#include "supd/schedule.h"
#include "supd/log.h"
#include "supd/notify.h"
#include "supd/place.h"
#include "supd/process.h"
#include "supd/recorder.h"
#include "supd/run_table.h"
#include "supd/settings.h"
#include "supd/signals.h"
#include "wire/hello.h"

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

/* An init, and whoever only wants its COMMAND, run without what is not there, and say so. */
static bool setup_makes_do(const struct daemon *d)
{
	return d->options->init || d->options->command;
}

static int setup_check_limits(struct daemon *d, const struct census *census)
{
	struct buf why CLEANUP(buf_fini) = BUF_INIT;

	limits_raise(&d->limits);
	return limits_check(census->services, &why) < 0 ? setup_refused(&why) : 0;
}

/* A COMMAND's own, beside the one of the system's or the user's daemon. */
static bool setup_is_private(const struct daemon *d)
{
	return d->options->command && !d->options->init && !d->config->run_dir;
}

/* 0, or -errno with why. */
static int setup_run_dir(struct daemon *d, struct buf *why)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT, supctl CLEANUP(buf_fini) = BUF_INIT;
	int r = place_run_dir(d->config->run_dir, &path, why);

	if (r == 0 && setup_is_private(d))
		r = buf_printf(&path, "-%d", (int)getpid());
	if (r == 0)
		r = place_make(buf_text(&path), &d->made_run_dir, why);
	if (r < 0)
		return r;
	d->run_dir = buf_take(&path);
	place_put_supctl(&supctl, d->run_dir);
	d->supctl = buf_take(&supctl);
	return d->run_dir && d->supctl ? 0 : -ENOMEM;
}

static int setup_lock(struct daemon *d, struct buf *why)
{
	pid_t owner = 0;
	int r = run_table_open(d->run_dir, &d->run_table, &owner);

	if (r == -EBUSY)
		buf_printf(why,
			   "another supd runs in %s, OS pid %d: end that one, or give this one a "
			   "run_dir of its own",
			   d->run_dir, (int)owner);
	else if (r < 0)
		buf_printf(why, "%s: %s", d->run_dir, strerror(-r));
	return r;
}

static int setup_place(struct daemon *d)
{
	struct buf why CLEANUP(buf_fini) = BUF_INIT;
	int r = setup_run_dir(d, &why);

	if (r == 0)
		r = setup_lock(d, &why);
	if (r == 0)
		return 0;
	if (!setup_makes_do(d) || r == -ENOMEM)
		return setup_refused(&why);
	log_line(LOG_AT_WARNING, "%s: so there is no control socket, and supctl can not be used",
		 buf_text(&why));
	if (d->made_run_dir)
		rmdir(d->run_dir);
	d->made_run_dir = false;
	free(TAKE(d->run_dir));
	free(TAKE(d->supctl));
	return 0;
}

/* What others of our files do without. */
static void setup_look(void)
{
	if (access("/dev/null", R_OK | W_OK) < 0)
		log_line(LOG_AT_WARNING,
			 "/dev/null: %s: services read nothing, but what writes there fails",
			 strerror(errno));
	if (access("/proc/self/stat", R_OK) < 0)
		log_line(LOG_AT_WARNING,
			 "/proc is not there: what a service leaves outside of its process group "
			 "is not found before supd ends%s",
			 getpid() == 1 ? "" : ", and not then: mount it");
}

/* ---- 2. the loop, the core ---- */

static int setup_loop(struct daemon *d, const struct options *options)
{
	int r = loop_new(&d->loop);

	if (r < 0)
		return setup_failed("the event loop", r);
	log_attach(d->loop);
	signals_watch(d);
	r = core_new(&d->core);
	if (r == 0)
		r = run_open(d);
	if (r == 0)
		r = events_open(d);
	if (r == 0)
		r = on_event_open(d);
	if (r < 0)
		return setup_failed("the core", r);
	r = keeper_open(d);
	if (r < 0)
		return setup_failed("the log keeper", r);
	reports_open(d);
	if (options->record)
		r = recorder_open(options->record, d->loop, &d->recorder);
	return r < 0 ? setup_failed(options->record, r) : 0;
}

/* ---- 3. a predecessor ---- */

static int setup_end_predecessors(struct daemon *d)
{
	struct buf socket CLEANUP(buf_fini) = BUF_INIT;
	struct predecessors found = {0};

	if (!d->run_dir)
		return 0;
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
	if (r > 0)
		return SUPD_EXIT_FAILED;
	keeper_begin(d);
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
	events_resume(d);
	r = daemon_boot(d, &boot);
	return r < 0 ? setup_failed("the tree", r) : 0;
}

/* ---- all of it ---- */

static int setup_foreground(struct daemon *d, enum settings_source source)
{
	int r = 0;

	if (source == SETTINGS_COMMAND)
		r = foreground_open(d, FOREGROUND_COMMAND, true);
	else if (source == SETTINGS_EMERGENCY)
		r = foreground_open(d, FOREGROUND_EMERGENCY, false);
	return r < 0 ? setup_failed("standard input", r) : 0;
}

/* A COMMAND has the terminal to itself, as long as nothing goes wrong. */
static void setup_log(struct daemon *d, enum settings_source source)
{
	const char *level = d->config->log_level;

	if (!level && source == SETTINGS_COMMAND)
		level = "warning";
	log_open(level, d->config->log_format);
	settings_log(d->config, LOG_AT_WARNING);
	setup_look();
}

int daemon_open(struct daemon *d, struct settings *settings, const struct options *options)
{
	struct census census;
	int status;

	d->config = settings->config;
	d->options = options;
	d->source = settings->source;
	d->started = loop_now();
	signals_block();
	settings_count(d->config->root, &census);
	log_set_width(census.longest);
	setup_log(d, settings->source);
	status = setup_foreground(d, settings->source);
	if (status == 0)
		status = setup_check_limits(d, &census);
	if (status == 0)
		status = setup_place(d);
	if (status == 0)
		status = setup_loop(d, options);
	if (status == 0)
		log_line(LOG_AT_INFO, "supd %s, OS pid %d: %s, %zu service%s, run_dir %s",
			 WIRE_RELEASE, (int)getpid(),
			 settings->file.size ? buf_text(&settings->file) : "a command",
			 census.services, census.services == 1 ? "" : "s",
			 d->run_dir ? d->run_dir : "none");
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

void daemon_close(struct daemon *d)
{
	signals_hold();
	control_close(d->control);
	d->control = NULL;
	on_event_close(d);
	cgroups_kill_all(d);
	/* Before the keeper, which is to write what they come to, with the last lines. */
	keeper_settle(d);
	reports_close(d);
	/* The first process of a namespace ends whatever is left in it. */
	if (getpid() == 1)
		keeper_finish(d);
	processes_close(d);
	keeper_close(d);
	cgroups_close(d);
	listen_close(d);
	schedule_close(d);
	notify_close(d);
	run_table_close(d->run_table);
	if (d->made_run_dir)
		rmdir(d->run_dir);
	recorder_close(d->recorder);
	run_close(d);
	events_close(d);
	core_free(d->core);
	log_close();
	signals_unwatch(d);
	foreground_close(d);
	loop_free(d->loop);
	free(d->run_dir);
	free(d->supctl);
}
