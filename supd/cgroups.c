/* SPDX-License-Identifier: MIT */

/*
 * When a cgroup becomes empty inotify tells, of cgroup.events; it is asked only where something has
 * outlived its main process, which is seldom: so there is one inotify for all of them, made when it
 * is first needed. Where it is not to be had, reap.c looks again every now and then.
 *
 * An empty folder is kept for a while after a crash, for the next incarnation; but not one whose
 * processes were killed through it: Linux (6.12 to 6.18 at least) kills what is born into such a
 * one at its birth, as it compares the kills of that cgroup with those of the daemon's own. So it
 * would where the daemon's own has seen one, which spawner_try() finds out.
 */

#include "supd/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supd/cgroup_control.h"
#include "supd/cgroup_folder.h"
#include "supd/log.h"
#include "supd/processes.h"

#define TRIES 3
#define TIDY_AFTER SPAN_S(10)
#define CLOSE_LIMIT SPAN_S(2)

struct cgroups {
	struct daemon *daemon; /* borrowed */
	char *path;            /* owned; of the folder that all of them are in */
	const char *name;      /* in path: its last part */
	char *record;          /* owned; run_dir/cgroup */
	int own_fd;            /* what that folder is in */
	int fd;                /* the folder, locked */
	struct cgroup_control control;
	bool required, told;
	int notify_fd; /* -1: none yet */
	struct loop_fd notify;
	struct loop_timer tidy;
	bool tidy_due;
};

/* ---- names ---- */

/* As in names of services, and what stands between them. */
static bool is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_.@:+-<>", c));
}

/*
 * A name ends in .service, so that no file of the kernel has it; where it is too long the number of
 * its slot makes it one that no other has.
 */
char *cgroups_name(const char *path, uint32_t slot, bool alone, char out[256])
{
	char *p = out;

	for (const char *c = path; *c && p < out + 220; c++) {
		if (*c == '/')
			*p++ = '!';
		else if (is_plain(*c))
			*p++ = *c;
		else
			p += sprintf(p, "%%%02x", (unsigned char)*c);
	}
	if (alone || p >= out + 220)
		p += sprintf(p, "=%" PRIu32, slot);
	strcpy(p, ".service");
	return out;
}

/* ---- a service's ---- */

bool cgroups_refused(struct daemon *d, int error)
{
	struct cgroups *cg = d->cgroups;

	if (cg->required)
		return false;
	if (!cg->told)
		log_line(LOG_AT_WARNING,
			 "%s: a service could not be put into a cgroup of its own: %s; its "
			 "processes are known by session and ancestry",
			 cg->path, strerror(error));
	cg->told = true;
	return true;
}

/* What stays in it is meant to, under kill_mode = main: then it stays too. */
static void take_away(struct cgroups *cg, struct process *p)
{
	if (!p->cgroup || cgroup_remove(cg->fd, p->cgroup) < 0)
		return;
	free(TAKE(p->cgroup));
	p->cgroup_killed = false;
}

static bool give_name(struct process *p, const struct child_view *v)
{
	char name[256];

	if (!p->cgroup)
		p->cgroup = strdup(cgroups_name(v->path, p->slot, v->spec->overlap, name));
	return p->cgroup;
}

int cgroups_enter(struct daemon *d, struct process *p, const struct child_view *v, int *ret_fd)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct cgroups *cg = d->cgroups;
	int fd;

	*ret_fd = 0;
	if (!cg)
		return 0;
	if (p->cgroup_killed)
		take_away(cg, p);
	if (p->cgroup_killed)
		return cgroups_refused(d, EBUSY) ? 0 : -EBUSY;
	if (!give_name(p, v))
		return cgroups_refused(d, ENOMEM) ? 0 : -ENOMEM;
	fd = openat(cg->fd, p->cgroup, flags);
	if (fd < 0 && errno == ENOENT && mkdirat(cg->fd, p->cgroup, 0755) == 0)
		fd = openat(cg->fd, p->cgroup, flags);
	if (fd < 0) {
		int error = errno;

		return cgroups_refused(d, error) ? 0 : -error;
	}
	p->cgroup_idle = false;
	*ret_fd = fd;
	return 0;
}

void cgroups_kill(struct daemon *d, struct process *p)
{
	if (!d->cgroups || !p->in_cgroup || !p->cgroup)
		return;
	cgroup_kill(d->cgroups->fd, p->cgroup);
	p->cgroup_killed = true;
}

struct cgroup_control *cgroups_control(const struct daemon *d)
{
	return &d->cgroups->control;
}

int cgroups_folder(const struct daemon *d)
{
	return d->cgroups->fd;
}

/* ---- when it becomes empty ---- */

static void on_notify(void *owner, int fd, int events)
{
	_Alignas(struct inotify_event) char chunk[4096];
	struct cgroups *cg = owner;

	(void)events;
	while (read(fd, chunk, sizeof(chunk)) > 0)
		;
	reap_settle(cg->daemon->processes);
}

/* Once: by then it is empty, or asked for again. */
static void watch(struct cgroups *cg, const char *name)
{
	char *path = NULL;

	if (cg->notify_fd < 0) {
		cg->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (cg->notify_fd < 0)
			return;
		loop_fd_start(cg->daemon->loop, &cg->notify, cg->notify_fd, LOOP_READ);
	}
	if (asprintf(&path, "%s/%s/cgroup.events", cg->path, name) < 0)
		return;
	inotify_add_watch(cg->notify_fd, path, IN_MODIFY | IN_ONESHOT);
	free(path);
}

bool cgroups_settle(struct daemon *d, struct process *p)
{
	struct cgroups *cg = d->cgroups;

	if (!p->cgroup || cgroup_is_populated(cg->fd, p->cgroup) == 0)
		return true;
	watch(cg, p->cgroup);
	cgroups_kill(d, p);
	return cgroup_is_populated(cg->fd, p->cgroup) == 0;
}

/* ---- when nobody needs it ---- */

static void tidy_later(struct cgroups *cg)
{
	if (cg->tidy_due)
		return;
	cg->tidy_due = true;
	loop_timer_start(cg->daemon->loop, &cg->tidy, mono_add(loop_now(), TIDY_AFTER));
}

/* What was there and empty at the last look too. */
static void on_tidy(void *owner)
{
	struct cgroups *cg = owner;
	const struct processes *ps = cg->daemon->processes;
	bool more = false;

	cg->tidy_due = false;
	for (size_t slot = 0; slot < ps->n_slots; slot++) {
		struct process *p = ps->by_slot[slot];

		if (!p || !p->cgroup || p->os_pid || p->kill_mode == KILL_MAIN ||
		    !list_is_empty(&p->ending))
			continue;
		if (p->cgroup_idle)
			take_away(cg, p);
		p->cgroup_idle = true;
		more |= p->cgroup != NULL;
	}
	if (more)
		tidy_later(cg);
}

void cgroups_leave(struct daemon *d, struct process *p, bool at_once)
{
	if (!d->cgroups || !p->cgroup)
		return;
	if (at_once || p->cgroup_killed)
		take_away(d->cgroups, p);
	else
		tidy_later(d->cgroups);
}

void cgroups_forget(struct daemon *d, struct process *p)
{
	if (d->cgroups)
		take_away(d->cgroups, p);
	free(TAKE(p->cgroup));
}

/* ---- all of them ---- */

/* Makes the folder and locks it. Somebody may take it for a dead daemon's before it is locked. */
static int make_folder(struct cgroups *cg, const char *own)
{
	for (int try = 0; try < TRIES; try++) {
		struct stat held, there;
		uint32_t random;

		if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
			random = (uint32_t)loop_now().ns;
		free(cg->path);
		if (asprintf(&cg->path, "%s/supd-%d-%08" PRIx32, own, (int)getpid(), random) < 0) {
			cg->path = NULL;
			return -ENOMEM;
		}
		cg->name = strrchr(cg->path, '/') + 1;
		if (mkdirat(cg->own_fd, cg->name, 0755) < 0)
			return -errno;
		cg->fd = openat(cg->own_fd, cg->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (cg->fd >= 0 && flock(cg->fd, LOCK_EX | LOCK_NB) == 0 &&
		    fstat(cg->fd, &held) == 0 &&
		    fstatat(cg->own_fd, cg->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    held.st_ino == there.st_ino)
			return 0;
		unlinkat(cg->own_fd, cg->name, AT_REMOVEDIR);
		if (cg->fd >= 0)
			close(cg->fd);
		cg->fd = -1;
	}
	return -EBUSY;
}

static int write_record(struct cgroups *cg)
{
	int fd, r = 0;

	if (!cg->daemon->run_dir)
		return 0;
	if (asprintf(&cg->record, "%s/cgroup", cg->daemon->run_dir) < 0) {
		cg->record = NULL;
		return -ENOMEM;
	}
	fd = open(cg->record, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%s\n", cg->path) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int set_up(struct cgroups *cg)
{
	struct buf own CLEANUP(buf_fini) = BUF_INIT;
	int r = cgroup_find_own(&own);

	if (r < 0)
		return r;
	cg->own_fd = open(buf_text(&own), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cg->own_fd < 0)
		return -errno;
	if (!cgroup_is_folder(cg->own_fd))
		return -ENOENT;
	cgroups_remove_stale(cg->own_fd);
	r = make_folder(cg, buf_text(&own));
	cg->control = (struct cgroup_control){.own_fd = cg->own_fd, .fd = cg->fd, .name = cg->name};
	if (r == 0)
		spawner_try(&cg->daemon->processes->spawner, cg->fd);
	return r < 0 ? r : write_record(cg);
}

void cgroups_close(struct daemon *d)
{
	struct cgroups *cg = d->cgroups;

	if (!cg)
		return;
	d->cgroups = NULL;
	loop_fd_stop(d->loop, &cg->notify);
	loop_timer_stop(d->loop, &cg->tidy);
	if (cg->fd >= 0 &&
	    (!cgroup_await_empty(cg->own_fd, cg->name, mono_add(loop_now(), CLOSE_LIMIT)) ||
	     cgroup_remove(cg->own_fd, cg->name) < 0))
		log_line(LOG_AT_ERROR, "%s: there are processes in it that do not end", cg->path);
	else if (cg->record)
		unlink(cg->record);
	if (cg->fd >= 0)
		cgroup_control_undo(&cg->control);
	if (cg->notify_fd >= 0)
		close(cg->notify_fd);
	if (cg->fd >= 0)
		close(cg->fd);
	if (cg->own_fd >= 0)
		close(cg->own_fd);
	free(cg->path);
	free(cg->record);
	free(cg);
}

void cgroups_kill_all(struct daemon *d)
{
	if (d->cgroups && cgroup_is_populated(d->cgroups->fd, ".") > 0)
		cgroup_kill(d->cgroups->fd, ".");
}

/* Says why there are none. 0, or 1 where one is required. */
static int do_without(const struct cgroups *cg, int error)
{
	const char *why = error == -ENOENT ? "there is no cgroup v2 here" : strerror(-error);

	if (cg->required)
		log_line(LOG_AT_ERROR,
			 "cgroup = require: none can be made below supd's own: %s; start supd in "
			 "one that it may write to, or say cgroup = auto",
			 why);
	else
		log_line(LOG_AT_DEBUG,
			 "no cgroups can be made below supd's own (%s): services are known by "
			 "session and ancestry",
			 why);
	return cg->required;
}

int cgroups_open(struct daemon *d)
{
	const char *use = d->config->cgroup ? d->config->cgroup : "auto";
	struct cgroups *cg;
	int r;

	if (strcmp(use, "no") == 0)
		return 0;
	cg = calloc(1, sizeof(*cg));
	if (!cg)
		return -ENOMEM;
	cg->daemon = d;
	cg->required = strcmp(use, "require") == 0;
	cg->own_fd = cg->fd = cg->notify_fd = -1;
	cg->notify.call = on_notify;
	cg->tidy.call = on_tidy;
	cg->notify.owner = cg->tidy.owner = cg;
	d->cgroups = cg;
	r = set_up(cg);
	if (r == 0)
		return 0;
	r = do_without(cg, r);
	cgroups_close(d);
	return r;
}
