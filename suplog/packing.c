/* SPDX-License-Identifier: MIT */

#include "suplog/packing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "logs/name.h"
#include "logs/pack.h"

/* For the disk as well only what nobody else wants: class "idle" of ioprio_set(2). */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)

struct job {
	struct list link;
	enum logs_packing with;
	char file[];
};

struct packing {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool running; /* there is a thread */
	bool ending;
	bool failing;     /* said so */
	struct list jobs; /* owned */
	int dir;
	packing_failed *failed;
	void *owner;
};

/* ---- one file ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* The folder of a file: no component below dir may be a symlink, as the keeper follows none. */
static int open_folder(int dir, const char *file)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	size_t size = (size_t)(name_base(file) - file);
	char *folder CLEANUP(cleanup_free) = size > 0 ? strndup(file, size) : strdup(".");
	int fd;

	if (!folder)
		return -ENOMEM;
	fd = (int)syscall(SYS_openat2, dir, folder, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

/* Names of the packed file, while it is one and after that. */
struct names {
	char *packed, *unfinished; /* owned */
};

static void names_free(struct names *names)
{
	free(names->packed);
	free(names->unfinished);
}

static int make_names(const char *base, enum logs_packing with, struct names *names)
{
	if (asprintf(&names->packed, "%s%s", base, logs_packing_endings[with]) < 0)
		names->packed = NULL;
	if (asprintf(&names->unfinished, "%s%s%s", base, logs_packing_endings[with], LOGS_TMP) < 0)
		names->unfinished = NULL;
	return names->packed && names->unfinished ? 0 : -ENOMEM;
}

/* What the old file has, the packed one has. Its group we may have no right to give. */
static int copy_attributes(int from, int to)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(from, &st) < 0)
		return -errno;
	if (fchown(to, (uid_t)-1, st.st_gid) < 0 && errno != EPERM)
		return -errno;
	if (fchmod(to, st.st_mode & 0777) < 0)
		return -errno;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return futimens(to, times) < 0 ? -errno : 0;
}

static int fill(int from, int to, enum logs_packing with)
{
	int r = pack_with(with)->pack(from, to);

	if (r == 0)
		r = copy_attributes(from, to);
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	return r;
}

/* Packed, and not removed meanwhile, as old files are that are too many. */
static int finish(int folder, int from, const char *base, const struct names *names)
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return -errno;
	if (st.st_nlink == 0)
		return -ENOENT;
	if (renameat(folder, names->unfinished, folder, names->packed) < 0)
		return -errno;
	return unlinkat(folder, base, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int pack_in(int folder, const char *base, enum logs_packing with, const struct names *names)
{
	int from CLEANUP(close_fd) =
		openat(folder, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int to CLEANUP(close_fd) = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	unlinkat(folder, names->unfinished, 0);
	to = openat(folder, names->unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (to < 0)
		return -errno;
	r = fill(from, to, with);
	if (r == 0)
		r = finish(folder, from, base, names);
	if (r)
		unlinkat(folder, names->unfinished, 0);
	return r;
}

int packing_pack(int dir, const char *file, enum logs_packing with)
{
	struct names names CLEANUP(names_free) = {0};
	int folder CLEANUP(close_fd) = open_folder(dir, file);
	int r;

	if (folder < 0)
		return folder == -ENOENT ? 0 : folder;
	r = make_names(name_base(file), with, &names);
	if (r == 0)
		r = pack_in(folder, name_base(file), with, &names);
	return r == -ENOENT ? 0 : r;
}

/* ---- the thread ---- */

static void pack_job(struct packing *packing, const struct job *job)
{
	int error = -packing_pack(packing->dir, job->file, job->with);

	if (error && !packing->failing)
		packing->failed(packing->owner, job->file, error);
	packing->failing = error != 0;
}

static void *run(void *argument)
{
	struct packing *packing = argument;

	setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
	pthread_mutex_lock(&packing->lock);
	while (!packing->ending) {
		struct job *job;

		if (list_is_empty(&packing->jobs)) {
			pthread_cond_wait(&packing->changed, &packing->lock);
			continue;
		}
		job = LIST_ENTRY(packing->jobs.next, struct job, link);
		list_unlink(&job->link);
		pthread_mutex_unlock(&packing->lock);
		pack_job(packing, job);
		free(job);
		pthread_mutex_lock(&packing->lock);
	}
	pthread_mutex_unlock(&packing->lock);
	return NULL;
}

/* ---- what it is asked ---- */

struct packing *packing_new(int dir, packing_failed *failed, void *owner)
{
	struct packing *packing = calloc(1, sizeof(*packing));

	if (!packing)
		return NULL;
	pthread_mutex_init(&packing->lock, NULL);
	pthread_cond_init(&packing->changed, NULL);
	list_init(&packing->jobs);
	packing->dir = dir;
	packing->failed = failed;
	packing->owner = owner;
	return packing;
}

static void free_jobs(struct packing *packing)
{
	LIST_EACH (node, &packing->jobs) {
		list_unlink(node);
		free(LIST_ENTRY(node, struct job, link));
	}
}

bool packing_end(struct packing *packing, struct span wait)
{
	struct timespec until;

	if (!packing)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait.ns / 1000000000;
	pthread_mutex_lock(&packing->lock);
	packing->ending = true;
	free_jobs(packing);
	pthread_cond_signal(&packing->changed);
	pthread_mutex_unlock(&packing->lock);
	if (packing->running &&
	    pthread_clockjoin_np(packing->thread, NULL, CLOCK_MONOTONIC, &until) != 0)
		return false;
	pthread_cond_destroy(&packing->changed);
	pthread_mutex_destroy(&packing->lock);
	free(packing);
	return true;
}

int packing_add(struct packing *packing, const char *file, enum logs_packing with)
{
	size_t size = strlen(file) + 1;
	struct job *job = malloc(sizeof(*job) + size);
	int r = 0;

	if (!job)
		return -ENOMEM;
	memcpy(job->file, file, size);
	job->with = with;
	pthread_mutex_lock(&packing->lock);
	if (!packing->running)
		r = -pthread_create(&packing->thread, NULL, run, packing);
	packing->running = packing->running || r == 0;
	if (r == 0) {
		list_insert_before(&packing->jobs, &job->link);
		pthread_cond_signal(&packing->changed);
	} else {
		free(job);
	}
	pthread_mutex_unlock(&packing->lock);
	return r;
}

int packing_add_left(struct packing *packing, const char *log, enum logs_packing with)
{
	struct logs_names names CLEANUP(names_fini) = {0};
	int r = names_remove_unfinished(packing->dir, log);

	if (r == 0)
		r = names_list(packing->dir, log, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		char *file CLEANUP(cleanup_free) = NULL;

		if (names.names[i].packing != LOGS_PLAIN)
			continue;
		file = name_make(log, &names.names[i]);
		r = file ? packing_add(packing, file, with) : -ENOMEM;
	}
	return r;
}
