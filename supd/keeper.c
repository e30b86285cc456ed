/* SPDX-License-Identifier: MIT */

/* The log keeper's beginning and end, as the daemon's. */

#include "supd/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supd/daemon.h"
#include "supd/keeping.h"
#include "supd/log.h"
#include "supd/settings.h"

/* Of the fds that there may be, the part that logs have: two for each. */
#define FDS_PART 4
/* What there is besides logs, and mailboxes of the services of the configuration, at most. */
#define FDS_OTHERS 256
/* ... and what supd has itself. */
#define FDS_OWN 64
#define STREAMS_MIN 8
/* What was written last is waited for so long. */
#define LAST SPAN_S(5)
#define LAST_LOOK_MS 20
/* One that cannot be started is tried so often at least. */
#define LAST_TRY SPAN_S(1)
/* One that does not answer for so long then is followed by another. */
#define LAST_ANSWER SPAN_S(2)

/* ---- its beginning ---- */

static enum console find_console(const struct keeper *k)
{
	const struct options *options = k->daemon->options;
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	bool terminal = isatty(STDOUT_FILENO) == 1;

	if (k->dir && !options->console && !options->init && !terminal)
		return CONSOLE_NO;
	if (!terminal || (no_colour && *no_colour) || (term && strcmp(term, "dumb") == 0))
		return CONSOLE_PLAIN;
	return CONSOLE_COLOUR;
}

static int64_t find_group(const struct daemon *d)
{
	const char *name = d->config->control_group;
	const struct group *group = name ? getgrnam(name) : NULL;

	return group ? (int64_t)group->gr_gid : -1;
}

/* A service whose log is one with others' runs; one without its mailbox does not. */
static size_t find_max(size_t services)
{
	struct rlimit limit;
	uint64_t fds, others, taken, max = KEEPER_STREAMS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return STREAMS_MIN;
	fds = limit.rlim_cur;
	others = MAX_OF(fds / 8, (uint64_t)FDS_OWN);
	taken = services + MIN_OF(others, (uint64_t)FDS_OTHERS);
	max = MIN_OF(max, fds / FDS_PART);
	max = MIN_OF(max, fds > taken ? (fds - taken) / 2 : 0);
	return MAX_OF((size_t)max, (size_t)STREAMS_MIN);
}

/* What it goes by after a death: it is empty until it writes there. */
static int open_record(struct keeper *k)
{
	k->record = memfd_create("suplog", MFD_CLOEXEC);
	if (k->record < 0)
		return -errno;
	if (pipe2(k->staging, O_CLOEXEC) < 0 || pipe2(k->scratch, O_CLOEXEC) < 0)
		return -errno;
	/* A smaller one does as well. */
	(void)!fcntl(k->scratch[0], F_SETPIPE_SZ, (int)KEEPER_BATCH_MAX);
	(void)!fcntl(k->staging[0], F_SETPIPE_SZ, (int)KEEPER_BATCH_MAX);
	return 0;
}

static struct keeper *keeper_new(struct daemon *d)
{
	struct keeper *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->daemon = d;
	k->lock = k->record = k->staging[0] = k->staging[1] = -1;
	k->scratch[0] = k->scratch[1] = -1;
	k->group = find_group(d);
	list_init(&k->dirty);
	keeper_process_init(k);
	keeper_ask_init(k);
	return k;
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void keeper_free(struct keeper *k)
{
	keeper_ask_close(k);
	keeper_own_close(k);
	loop_timer_stop(k->daemon->loop, &k->again);
	loop_timer_stop(k->daemon->loop, &k->retry);
	loop_turn_stop(k->daemon->loop, &k->turn);
	for (size_t i = 0; i < k->n_numbers; i++)
		stream_free(k->by_number[i]);
	keeper_pulse_close(k);
	free(k->by_number);
	strmap_fini(&k->by_key);
	spawner_fini(&k->spawner);
	buf_fini(&k->message);
	close_one(k->record);
	close_one(k->staging[0]);
	close_one(k->staging[1]);
	close_one(k->scratch[0]);
	close_one(k->scratch[1]);
	close_one(k->lock);
	free(k->program);
	free(k->dir);
	free(k->no_dir);
	free(k);
}

/* Where there is no program nothing is kept, and services write where we do. */
static int find_all(struct keeper *k)
{
	struct buf why CLEANUP(buf_fini) = BUF_INIT;
	int r = keeper_place_program(&k->program, &why);

	if (r < 0 && r != -ENOMEM) {
		log_line(LOG_AT_WARNING,
			 "%s no logs are kept, and services write to the standard "
			 "output of supd",
			 buf_text(&why));
		return r;
	}
	if (r == 0)
		r = keeper_place_dir(k, &why);
	if (r < 0 && r != -ENOMEM) {
		log_line(LOG_AT_WARNING,
			 "%s: so no logs are kept: they go to the standard output of supd",
			 buf_text(&why));
		k->no_dir = buf_take(&why);
		r = 0;
	}
	return r;
}

static void on_turn(void *owner)
{
	keeper_say(owner);
}

static int set_up(struct keeper *k)
{
	int r = spawner_init(&k->spawner);

	if (r == 0)
		r = open_record(k);
	k->console = find_console(k);
	k->turn.call = on_turn;
	k->turn.owner = k;
	if (r == 0 && k->dir)
		r = keeper_own_open(k);
	return r;
}

static void copy_log(void *owner, const char *data, size_t size)
{
	keeper_write(owner, KEEPER_SUPD, data, size);
}

int keeper_open(struct daemon *d)
{
	struct keeper *k = keeper_new(d);
	struct census census;
	int r = k ? find_all(k) : -ENOMEM;

	if (r == 0)
		r = set_up(k);
	if (r < 0) {
		if (k)
			keeper_free(k);
		return r == -ENOENT ? 0 : r;
	}
	settings_count(d->config->root, &census);
	census.longest = MIN_OF(census.longest, (size_t)LOG_WIDTH_MAX);
	k->width = (int)MAX_OF(census.longest, strlen("supd"));
	k->max_streams = find_max(census.services);
	d->keeper = k;
	if (k->dir)
		log_copy_to(copy_log, d);
	return 0;
}

void keeper_begin(struct daemon *d)
{
	struct keeper *k = d->keeper;

	if (!k)
		return;
	loop_turn_start(d->loop, &k->turn);
	keeper_say(k);
}

const char *keeper_dir(const struct daemon *d)
{
	return d->keeper ? d->keeper->dir : NULL;
}

const char *keeper_no_dir(const struct daemon *d)
{
	const char *configured = d->config->log_dir;

	if (d->keeper)
		return d->keeper->no_dir;
	return configured && strcmp(configured, "none") == 0
		       ? NULL
		       : "there is no suplog: install it beside supd";
}

/* ---- its end ---- */

/* True: it has ended, by itself. One that was killed is followed by another. */
static bool has_ended(struct keeper *k)
{
	int status = 0;
	pid_t os_pid = waitpid(k->os_pid, &status, WNOHANG);

	if (os_pid == 0)
		return false;
	keeper_lost_process(k);
	return os_pid < 0 || !WIFSIGNALED(status);
}

static void look(const struct keeper *k, bool all)
{
	struct pollfd p[1 + KEEPER_N_OWN];
	nfds_t n = 0;

	p[n++] = (struct pollfd){k->socket, (short)(all ? POLLIN : POLLIN | POLLOUT), 0};
	for (int i = 0; i < KEEPER_N_OWN; i++) {
		if (k->own[i].stream && k->own[i].kept.size)
			p[n++] = (struct pollfd){k->own[i].stream->out, POLLOUT, 0};
	}
	poll(p, n, LAST_LOOK_MS);
}

/* One round. True: it has said all, and ended. */
static bool finish_some(struct keeper *k)
{
	bool all;

	if (!k->os_pid) {
		k->waits = false;
		keeper_start(k);
	}
	if (!k->os_pid) {
		poll(NULL, 0, (int)(MIN_OF(k->wait.ns, LAST_TRY.ns) / 1000000));
		return false;
	}
	all = !k->deaf && keeper_own_pass_on(k) && keeper_say_all(k) && keeper_say_finish(k);
	look(k, all);
	if (keeper_hear(k))
		return false;
	poll(NULL, 0, 1);
	return has_ended(k) && all;
}

static bool hangs(const struct keeper *k)
{
	struct mono since = {MAX_OF(k->started.ns, k->pulse_since.ns)};

	return k->os_pid && k->pulse != PULSE_ANSWERED &&
	       mono_between(since, loop_now()).ns >= LAST_ANSWER.ns;
}

/* All that was written is in its place, or time is up. */
static void finish(struct keeper *k)
{
	struct mono end = mono_add(loop_now(), LAST);
	bool done = false, replaced = false;

	keeper_ask_pulse(k);
	while (!done && loop_now().ns < end.ns) {
		done = finish_some(k);
		if (done || replaced || !hangs(k))
			continue;
		log_line(LOG_AT_WARNING,
			 "the log keeper, OS pid %d, does not answer: another one writes what is "
			 "left",
			 (int)k->os_pid);
		keeper_kill(k);
		keeper_lost_process(k);
		replaced = true;
		end = mono_add(loop_now(), LAST);
	}
	if (!k->os_pid)
		return;
	keeper_kill(k);
	keeper_lost_process(k);
	log_line(LOG_AT_ERROR,
		 "the log keeper has not ended in time: what it had not written is lost");
}

void keeper_settle(struct daemon *d)
{
	struct keeper *k = d->keeper;
	struct mono end = mono_add(loop_now(), LAST_ANSWER);

	while (k && !list_is_empty(&k->marks) && k->os_pid && !k->deaf && loop_now().ns < end.ns) {
		look(k, keeper_say_all(k));
		if (!keeper_hear(k))
			return;
	}
}

void keeper_finish(struct daemon *d)
{
	struct keeper *k = d->keeper;

	if (!k || k->finished)
		return;
	if (k->n_streams)
		finish(k);
	k->finished = true;
	log_copy_to(NULL, NULL);
}

void keeper_close(struct daemon *d)
{
	struct keeper *k = d->keeper;

	if (!k)
		return;
	keeper_finish(d);
	keeper_free(k);
	d->keeper = NULL;
}
