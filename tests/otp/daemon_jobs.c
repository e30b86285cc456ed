/* SPDX-License-Identifier: MIT */

/*
 * Scenarios side by side, each in a process and a folder of its own. Whatever ends such a process,
 * its supd is told to end with it, and is our child then: we wait for that, kill what does not go,
 * and remove the folder.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/otp/daemon.h"

#define STRAYS_SECONDS 10
/* Longer ones do not leave room for the path of a socket. */
#define FOLDER_MAX 60
/* Scenarios that mostly sleep, beside those that work. */
#define SLEEPERS 4
#define AGAIN 75 /* EX_TEMPFAIL of sysexits.h */

struct job {
	pid_t os_pid; /* 0: none */
	const char *file;
	unsigned pace;
	char folder[128];
};

struct jobs {
	const char *dir;
	char folder[128];
	const char **files; /* owned; those that sleep first */
	size_t n_files, n_sleepers;
	size_t next, next_sleeper;
	struct job *list; /* owned; the first SLEEPERS are for those that sleep */
	size_t n_list;
	size_t started;
	sigset_t awaited;
	int stopped_by; /* a Unix signal; 0: none */
	bool failed;
};

/* ---- what is left ---- */

size_t jobs_children(pid_t *ret_list, size_t max)
{
	char path[64];
	FILE *file;
	size_t n = 0;
	int os_pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	while (file && n < max && fscanf(file, "%d", &os_pid) == 1)
		ret_list[n++] = (pid_t)os_pid;
	if (file)
		fclose(file);
	return n;
}

static struct job *find_job(struct jobs *jobs, pid_t os_pid)
{
	for (size_t i = 0; i < jobs->n_list; i++)
		if (jobs->list[i].os_pid == os_pid)
			return &jobs->list[i];
	return NULL;
}

/* Children that are no jobs: what a job has left. Killed where asked for; returns how many. */
static size_t count_strays(struct jobs *jobs, bool killed)
{
	pid_t list[256];
	size_t n = jobs_children(list, ARRAY_LEN(list));
	size_t strays = 0;

	for (size_t i = 0; i < n; i++) {
		if (find_job(jobs, list[i]))
			continue;
		strays++;
		if (killed)
			kill(list[i], SIGKILL);
	}
	return strays;
}

static void reap_strays(struct jobs *jobs)
{
	pid_t list[256];
	size_t n = jobs_children(list, ARRAY_LEN(list));

	for (size_t i = 0; i < n; i++)
		if (!find_job(jobs, list[i]))
			waitpid(list[i], NULL, WNOHANG);
}

static void end_strays(struct jobs *jobs)
{
	struct timespec limit = {.tv_sec = STRAYS_SECONDS};
	sigset_t child;
	bool killed = false;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (reap_strays(jobs); count_strays(jobs, killed); reap_strays(jobs))
		if (sigtimedwait(&child, NULL, &limit) < 0 && errno == EAGAIN)
			killed = true;
	/* That signal may have been a job's. */
	kill(getpid(), SIGCHLD);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st, (void)kind, (void)walk;
	return remove(path);
}

static void remove_folder(const char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- one job ---- */

_Noreturn static void job_run(const struct jobs *jobs, const struct job *job)
{
	char path[PATH_MAX];
	int r;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* A worker may end while an order is on its way. */
	signal(SIGPIPE, SIG_IGN);
	/* What its supd leaves becomes its child, and is found. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigprocmask(SIG_UNBLOCK, &jobs->awaited, NULL);
	alarm(SCENARIO_MAX);
	if (!realpath(job->file, path) || chdir(job->folder) < 0) {
		perror(job->file);
		_exit(1);
	}
	r = play_file(&world_daemon, jobs->dir, path, job->pace);
	exit(r == PLAY_AGAIN ? AGAIN : r < 0);
}

static int job_start(struct jobs *jobs, struct job *job, const char *file, unsigned pace)
{
	pid_t self = getpid();

	*job = (struct job){.file = file, .pace = pace};
	snprintf(job->folder, sizeof(job->folder), "%.100s/%zu", jobs->folder, jobs->started++);
	if (mkdir(job->folder, 0700) < 0) {
		perror(job->folder);
		return -1;
	}
	fflush(NULL);
	job->os_pid = fork();
	if (job->os_pid == 0 && getppid() == self)
		job_run(jobs, job);
	if (job->os_pid == 0)
		_exit(1);
	if (job->os_pid > 0)
		return 0;
	job->os_pid = 0;
	perror("fork");
	return -1;
}

static void job_explain(const struct jobs *jobs, const struct job *job, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		fprintf(stderr, "otp: %s: given up, as it was not through after %d s\n", job->file,
			SCENARIO_MAX);
	else if (WIFSIGNALED(status) && !jobs->stopped_by)
		fprintf(stderr, "otp: %s: its player died of Unix signal %d\n", job->file,
			WTERMSIG(status));
	else if (WIFEXITED(status) && WEXITSTATUS(status) == AGAIN)
		fprintf(stderr, "otp: %s: this machine is too slow for its periods\n", job->file);
}

static void job_end(struct jobs *jobs, struct job *job, int status)
{
	bool late = WIFEXITED(status) && WEXITSTATUS(status) == AGAIN;

	job->os_pid = 0;
	if (status != 0)
		end_strays(jobs);
	remove_folder(job->folder);
	if (late && job->pace < PACE_MAX && !jobs->stopped_by &&
	    job_start(jobs, job, job->file, job->pace * PACE_STEP) == 0)
		return;
	job_explain(jobs, job, status);
	jobs->failed = jobs->failed || status != 0;
}

/* ---- all of them ---- */

static void jobs_reap(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->n_list; i++) {
		struct job *job = &jobs->list[i];
		int status;

		if (job->os_pid && waitpid(job->os_pid, &status, WNOHANG) == job->os_pid)
			job_end(jobs, job, status);
	}
}

static void jobs_stop(struct jobs *jobs, int unix_signal)
{
	if (!jobs->stopped_by)
		jobs->stopped_by = unix_signal;
	for (size_t i = 0; i < jobs->n_list; i++)
		if (jobs->list[i].os_pid)
			kill(jobs->list[i].os_pid, SIGTERM);
}

static bool jobs_are_running(const struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->n_list; i++)
		if (jobs->list[i].os_pid)
			return true;
	return false;
}

/* The next one for a place; NULL: there is none. */
static const char *jobs_take(struct jobs *jobs, size_t place)
{
	if (place >= SLEEPERS && jobs->next < jobs->n_files)
		return jobs->files[jobs->next++];
	return jobs->next_sleeper < jobs->n_sleepers ? jobs->files[jobs->next_sleeper++] : NULL;
}

static void jobs_fill(struct jobs *jobs)
{
	const char *file;

	for (size_t i = 0; i < jobs->n_list && !jobs->stopped_by; i++)
		while (!jobs->list[i].os_pid && (file = jobs_take(jobs, i)))
			if (job_start(jobs, &jobs->list[i], file, 1) < 0)
				jobs->failed = true;
}

static void jobs_play(struct jobs *jobs)
{
	int unix_signal;

	for (jobs_fill(jobs); jobs_are_running(jobs); jobs_fill(jobs)) {
		if (sigwait(&jobs->awaited, &unix_signal) != 0)
			continue;
		if (unix_signal != SIGCHLD)
			jobs_stop(jobs, unix_signal);
		jobs_reap(jobs);
	}
}

static bool file_sleeps(const char *path)
{
	struct scenario scenario;
	bool sleeps = scenario_read(path, &scenario) == 0 && scenario_sleeps(&scenario);

	scenario_fini(&scenario);
	return sleeps;
}

static void jobs_sort(struct jobs *jobs, char *const *files)
{
	for (size_t i = 0; i < jobs->n_files; i++)
		if (file_sleeps(files[i]))
			jobs->files[jobs->n_sleepers++] = files[i];
	jobs->next = jobs->n_sleepers;
	for (size_t i = 0; i < jobs->n_files; i++)
		if (!file_sleeps(files[i]))
			jobs->files[jobs->next++] = files[i];
	jobs->next = jobs->n_sleepers;
}

static int jobs_open(struct jobs *jobs)
{
	static const int awaited[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
	const char *tmp = getenv("TMPDIR");

	if (!tmp || *tmp != '/' || strlen(tmp) > FOLDER_MAX)
		tmp = "/tmp";
	snprintf(jobs->folder, sizeof(jobs->folder), "%s/supd-otp-XXXXXX", tmp);
	if (!mkdtemp(jobs->folder)) {
		perror(jobs->folder);
		return -1;
	}
	sigemptyset(&jobs->awaited);
	for (size_t i = 0; i < ARRAY_LEN(awaited); i++)
		sigaddset(&jobs->awaited, awaited[i]);
	sigprocmask(SIG_BLOCK, &jobs->awaited, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return 0;
}

static int jobs_end(struct jobs *jobs)
{
	end_strays(jobs);
	remove_folder(jobs->folder);
	if (!jobs->stopped_by)
		return jobs->failed ? -1 : 0;
	/* As if it had not been blocked. */
	signal(jobs->stopped_by, SIG_DFL);
	kill(getpid(), jobs->stopped_by);
	sigprocmask(SIG_UNBLOCK, &jobs->awaited, NULL);
	return -1;
}

int jobs_run(const char *dir, char *const *files, size_t n_files, size_t at_a_time)
{
	struct jobs jobs = {.dir = dir, .n_files = n_files, .n_list = SLEEPERS + at_a_time};
	int r = -1;

	jobs.files = calloc(n_files, sizeof(*jobs.files));
	jobs.list = calloc(jobs.n_list, sizeof(*jobs.list));
	if (jobs.files && jobs.list && jobs_open(&jobs) == 0) {
		jobs_sort(&jobs, files);
		jobs_play(&jobs);
		r = jobs_end(&jobs);
	}
	free(jobs.files);
	free(jobs.list);
	return r;
}
