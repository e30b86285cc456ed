/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/run_table.h"
#include "tests/supd/folder.h"

/* ---- helpers ---- */

/* The control socket of the daemon of this folder: no two tests share one. */
static void socket_of(const char *folder, char ret_path[static 128])
{
	snprintf(ret_path, 128, "%s/control", folder);
}

/*
 * A daemon that is killed: a process that opens the table, starts scripts by spawn() in the slots
 * 0, 1, ..., and stays until killed. Each script says a line when it is there; we are the
 * subreaper.
 */
struct victim {
	struct folder folder;
	pid_t daemon;
	int said[2];
};

static void start_one(struct run_table *table, struct spawner *spawner, uint32_t slot,
		      const char *script, char *socket)
{
	static char path[] = "/bin/sh", name[] = "sh", option[] = "-c";
	static char pid[] = "SUP_PID=<0.7.0>";
	char *programs[] = {path, NULL}, *none[] = {NULL}, *environment[] = {socket, pid, NULL};
	char *argv[] = {name, option, strdup(script), NULL};
	struct run_entry *entry = run_table_entry(table, slot);
	struct spawn_request request = {.programs = programs,
					.argv = argv,
					.envp = socket ? environment : none,
					.umask = -1,
					.stdin_fd = -1};
	struct spawn_failure failure;
	pid_t os_pid;

	entry->actor = 7;
	entry->stop_signal = SIGTERM;
	entry->patience_ms = strstr(script, "brutal") ? 0 : 5000;
	request.stamp = &entry->stamp;
	if (spawn(spawner, &request, &os_pid, &failure) < 0)
		_exit(3);
	free(argv[2]);
}

static void run_victim(struct victim *v, const char *const *scripts, bool with_environment)
{
	struct run_table *table = NULL;
	struct spawner spawner;
	char socket[192] = "SUP_SOCKET=";
	pid_t owner;

	socket_of(v->folder.path, socket + strlen(socket));
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	dup2(v->said[1], STDOUT_FILENO);
	if (run_table_open(v->folder.path, &table, &owner) < 0 || spawner_init(&spawner) < 0)
		_exit(2);
	for (uint32_t i = 0; scripts[i]; i++)
		start_one(table, &spawner, i, scripts[i], with_environment ? socket : NULL);
	for (;;)
		pause();
}

/* Starts it, waits for n lines of its scripts, kills it. */
static void victim_run(struct victim *v, const char *const *scripts, bool with_environment, int n)
{
	char c;

	folder_init(&v->folder);
	cr_assert_eq(pipe2(v->said, O_CLOEXEC), 0);
	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	v->daemon = fork();
	if (v->daemon == 0)
		run_victim(v, scripts, with_environment);
	while (n > 0) {
		cr_assert_eq(read(v->said[0], &c, 1), 1);
		n -= c == '\n';
	}
	cr_assert_eq(kill(v->daemon, SIGKILL), 0);
	cr_assert_eq(waitpid(v->daemon, NULL, 0), v->daemon);
}

static void victim_fini(struct victim *v)
{
	close(v->said[0]);
	close(v->said[1]);
	folder_fini(&v->folder);
}

/* Reaps what has become ours; true where one that lives is left. */
static bool anybody_left(void)
{
	pid_t os_pid;

	while ((os_pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return os_pid == 0;
}

static void kill_children(void)
{
	while (anybody_left()) {
		FILE *file = fopen("/proc/thread-self/children", "re");
		int os_pid;

		while (fscanf(file, "%d", &os_pid) == 1)
			kill(os_pid, SIGKILL);
		fclose(file);
		poll(NULL, 0, 1);
	}
}

static struct predecessors end_predecessors(const char *folder)
{
	struct predecessors found;
	struct run_table *table = NULL;
	char socket[128];
	pid_t owner;

	socket_of(folder, socket);
	cr_assert_eq(run_table_open(folder, &table, &owner), 0);
	run_table_end_predecessors(table, socket, &found);
	run_table_close(table);
	return found;
}

/* ---- the file ---- */

Test(run_table, one_daemon_a_folder)
{
	struct run_table *table = NULL, *second = NULL;
	struct predecessors found;
	struct folder folder;
	pid_t owner = 0;

	folder_init(&folder);
	cr_assert_eq(run_table_open(folder.path, &table, &owner), 0);
	cr_assert_eq(run_table_open(folder.path, &second, &owner), -EBUSY);
	cr_assert_eq(owner, getpid());
	cr_assert_null(second);
	run_table_end_predecessors(table, "/test/control", &found);
	cr_assert_eq(found.os_pid, 0);
	run_table_close(table);
	cr_assert_neq(access(folder_at(&folder, "processes"), F_OK), 0, "the file is left");
	cr_assert_eq(run_table_open(folder.path, &table, &owner), 0);
	run_table_close(table);
	folder_fini(&folder);
}

Test(run_table, entries_stay_where_it_grows)
{
	struct run_table *table = NULL;
	struct folder folder;
	pid_t owner;

	folder_init(&folder);
	cr_assert_eq(run_table_open(folder.path, &table, &owner), 0);
	for (uint32_t slot = 0; slot < 20000; slot++)
		run_table_entry(table, slot)->actor = slot;
	for (uint32_t slot = 0; slot < 20000; slot++)
		cr_assert_eq(run_table_entry(table, slot)->actor, slot);
	run_table_entry(table, 7)->stamp.os_pid = 1;
	run_table_clear(table, 7);
	cr_assert_eq(run_table_entry(table, 7)->stamp.os_pid, 0);
	run_table_clear(table, 70000);
	run_table_close(table);
	run_table_clear(NULL, 0);
	cr_assert_null(run_table_entry(NULL, 0));
	run_table_close(NULL);
	folder_fini(&folder);
}

/* Without room for the table there is still the lock, and no SIGBUS. */
Test(run_table, no_room)
{
	struct rlimit none = {64, 64};
	struct run_table *table = NULL, *second = NULL;
	struct folder folder;
	pid_t owner;

	folder_init(&folder);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	cr_assert_eq(run_table_open(folder.path, &table, &owner), 0);
	cr_assert_null(run_table_entry(table, 0));
	cr_assert_eq(run_table_error(table), EFBIG);
	run_table_clear(table, 0);
	cr_assert_eq(run_table_open(folder.path, &second, &owner), -EBUSY);
	run_table_close(table);
	folder_fini(&folder);
}

/* Nothing that may stand there hurts; a file that is no file of ours is refused. */
Test(run_table, garbage)
{
	static const struct {
		const char *name;
		size_t size;
		int byte;
	} rows[] = {
		{"empty", 0, 0},      {"one byte", 1, 's'},     {"zeros", 4096, 0},
		{"ones", 4096, 0xff}, {"letters", 100000, 's'},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct folder folder;
		char *garbage = malloc(rows[i].size + 1);
		FILE *file;

		folder_init(&folder);
		memset(garbage, rows[i].byte, rows[i].size + 1);
		file = fopen(folder_write(&folder, "processes", "", 0600), "we");
		fwrite(garbage, rows[i].size, 1, file);
		fclose(file);
		cr_expect_eq(end_predecessors(folder.path).ended, 0, "%s", rows[i].name);
		free(garbage);
		folder_fini(&folder);
	}
}

Test(run_table, other_kinds_of_file)
{
	struct run_table *table = NULL;
	struct folder folder;
	pid_t owner;

	folder_init(&folder);
	cr_assert_eq(mkfifo(folder_at(&folder, "processes"), 0600), 0);
	cr_assert_eq(run_table_open(folder.path, &table, &owner), -EPERM);
	unlink(folder_at(&folder, "processes"));
	cr_assert_eq(symlink("/etc/passwd", folder_at(&folder, "processes")), 0);
	cr_assert_eq(run_table_open(folder.path, &table, &owner), -ELOOP);
	cr_assert_null(table);
	folder_fini(&folder);
}

/* ---- predecessors ---- */

Test(run_table, what_a_dead_daemon_left_is_ended)
{
	static const char *const scripts[] = {
		"echo; exec sleep 1000",                               /* goes at SIGTERM */
		"trap '' TERM; sleep 1000 & echo brutal; wait",        /* SIGKILL, and a member */
		"setsid sh -c 'echo; exec sleep 1000' & wait",         /* another session */
		"(setsid sh -c 'trap \"\" TERM; echo; sleep 1000' &)", /* its main process is gone
									*/
		NULL,
	};
	struct predecessors found;
	struct victim v;

	victim_run(&v, scripts, true, 4);
	found = end_predecessors(v.folder.path);
	cr_expect_eq(found.os_pid, v.daemon);
	/* Which ends by itself when another does is not for us to say. */
	cr_expect_geq(found.ended, 4, "%u", found.ended);
	cr_expect_eq(found.left, 0);
	cr_expect(!anybody_left(), "something is left");
	kill_children();
	/* The second time there is nothing to do. */
	found = end_predecessors(v.folder.path);
	cr_expect_eq(found.os_pid, 0);
	victim_fini(&v);
}

/* What has no word of us in its environment is known by its start, its session and group. */
Test(run_table, known_by_start_and_session)
{
	static const char *const scripts[] = {
		"sleep 1000 & echo; wait",
		"setsid sh -c 'echo; exec sleep 1000' & wait",
		NULL,
	};
	struct predecessors found;
	struct victim v;

	victim_run(&v, scripts, false, 2);
	found = end_predecessors(v.folder.path);
	cr_expect_geq(found.ended, 2, "%u", found.ended);
	cr_expect(anybody_left(), "a stranger's session was ended");
	kill_children();
	victim_fini(&v);
}

/* The numbers are right, but the processes are strangers': nobody is touched. */
Test(run_table, strangers_are_left_alone)
{
	static const char *const scripts[] = {"sleep 1000 & echo; wait", "echo; exec sleep 1000",
					      NULL};
	struct predecessors found;
	struct run_entry *entry;
	char *path, *data;
	struct victim v;
	struct stat st;
	int fd;

	victim_run(&v, scripts, false, 2);
	path = folder_at(&v.folder, "processes");
	fd = open(path, O_RDWR | O_CLOEXEC);
	cr_assert(fd >= 0 && fstat(fd, &st) == 0);
	data = malloc((size_t)st.st_size);
	cr_assert_eq(read(fd, data, (size_t)st.st_size), st.st_size);
	for (size_t i = 0; i < 2; i++) {
		entry = (struct run_entry *)(void *)(data + 128) + i;
		cr_assert_gt(entry->stamp.os_pid, 0);
		/* One was started a second later, one earlier. */
		entry->stamp.earliest_ns += i ? 1000000000 : -1000000000;
		entry->stamp.latest_ns += i ? 1000000000 : -1000000000;
	}
	cr_assert_eq(pwrite(fd, data, (size_t)st.st_size, 0), st.st_size);
	close(fd);
	found = end_predecessors(v.folder.path);
	cr_expect_eq(found.os_pid, v.daemon);
	cr_expect_eq(found.ended, 0);
	cr_expect(anybody_left(), "strangers were ended");
	free(data);
	kill_children();
	victim_fini(&v);
}

/* Of another boot, or cut anywhere: nobody is touched, and nothing breaks. */
Test(run_table, cut_and_old_tables)
{
	static const char *const scripts[] = {"echo; exec sleep 1000", NULL};
	struct predecessors found;
	struct victim v;
	char *path;
	int fd;

	victim_run(&v, scripts, false, 1);
	path = folder_at(&v.folder, "processes");
	fd = open(path, O_RDWR | O_CLOEXEC);
	cr_assert_eq(ftruncate(fd, 128 + 39), 0);
	found = end_predecessors(v.folder.path);
	cr_expect_eq(found.os_pid, v.daemon);
	cr_expect_eq(found.ended, 0);
	close(fd);
	victim_fini(&v);
	kill_children();

	victim_run(&v, scripts, true, 1);
	path = folder_at(&v.folder, "processes");
	fd = open(path, O_RDWR | O_CLOEXEC);
	cr_assert_eq(pwrite(fd, "x", 1, 16), 1); /* the boot id */
	found = end_predecessors(v.folder.path);
	cr_expect_eq(found.os_pid, 0);
	cr_expect(anybody_left());
	close(fd);
	kill_children();
	victim_fini(&v);

	/* The disk was full: no table at all, but their environment tells. */
	victim_run(&v, scripts, true, 1);
	cr_assert_eq(truncate(folder_at(&v.folder, "processes"), 0), 0);
	found = end_predecessors(v.folder.path);
	cr_expect_eq(found.os_pid, 0);
	cr_expect_eq(found.ended, 1);
	cr_expect_not(anybody_left());
	kill_children();
	victim_fini(&v);
}
