/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/spawn.h"
#include "tests/supd/folder.h"
#include "tests/supd/shell.h"

/* ---- what a process gets ---- */

Test(spawn, session_of_its_own)
{
	struct shell s;
	char text[256];
	int pid, group, session;

	shell_init(&s, "read -r pid name state parent group session rest </proc/self/stat; "
		       "echo $pid $group $session");
	shell_run(&s, text, sizeof(text));
	cr_assert_eq(sscanf(text, "%d %d %d", &pid, &group, &session), 3, "%s", text);
	cr_assert_eq(pid, group);
	cr_assert_eq(pid, session);
	shell_fini(&s);
}

/* SEMANTICS: signal mask and dispositions are reset, whatever ours are. */
Test(spawn, unix_signals_at_their_defaults)
{
	struct shell s;
	char text[512];
	sigset_t set;

	shell_init(&s, "while read -r line; do case $line in Sig[BI]*) echo \"$line\"; esac; done "
		       "</proc/self/status");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGRTMAX, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	shell_run(&s, text, sizeof(text));
	cr_assert_str_eq(text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	sigprocmask(SIG_BLOCK, NULL, &set);
	cr_assert(sigismember(&set, SIGCHLD) && !sigismember(&set, SIGINT),
		  "our own mask has changed");
	shell_fini(&s);
}

Test(spawn, nothing_but_three_fds)
{
	struct spawn_failure failure;
	struct dirent *entry;
	char path[64];
	struct shell s;
	pid_t os_pid;
	int in[2];
	DIR *dir;

	shell_init(&s, "echo; read line");
	cr_assert_eq(pipe2(in, O_CLOEXEC), 0);
	s.request.stdin_fd = in[0];
	/* Whatever the test runner left open without the flag is not the daemon's. */
	for (int fd = 3; fd < 256; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	cr_assert_eq(spawn(&s.spawner, &s.request, &os_pid, &failure), 0);
	/* The clone returns a moment before the kernel has closed the rest. */
	cr_assert_eq(read(s.out[0], path, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)os_pid);
	dir = opendir(path);
	cr_assert_not_null(dir);
	while ((entry = readdir(dir)))
		cr_expect_lt(atoi(entry->d_name), 3, "it has fd %s", entry->d_name);
	closedir(dir);
	cr_assert_eq(write(in[1], "\n", 1), 1);
	cr_assert_eq(wait_for(os_pid), 0);
	close(in[0]), close(in[1]), close(s.out[1]);
	shell_fini(&s);
}

Test(spawn, directory_umask_os_pid)
{
	struct shell s;
	char number[] = "SUP_OS_PID=__________";
	char listen[] = "LISTEN_PID=__________";
	char *environment[] = {number, listen, NULL};
	char text[256];

	shell_init(&s, "pwd; umask; [ $SUP_OS_PID = $$ ] && [ $LISTEN_PID = $$ ] && echo same");
	s.request.envp = environment;
	s.request.os_pid_texts[0] = number + 11;
	s.request.os_pid_texts[1] = listen + 11;
	s.request.directory = "/usr";
	s.request.umask = 027;
	shell_run(&s, text, sizeof(text));
	cr_assert_str_eq(text, "/usr\n0027\nsame\n");
	shell_fini(&s);
}

Test(spawn, limits_as_asked)
{
	struct rlimit limit = {.rlim_cur = 77, .rlim_max = 99};
	struct shell s;
	char text[256];

	shell_init(&s, "ulimit -Sn; ulimit -Hn");
	s.request.nofile = &limit;
	shell_run(&s, text, sizeof(text));
	cr_assert_str_eq(text, "77\n99\n");
	shell_fini(&s);
}

Test(spawn, another_user)
{
	gid_t groups[] = {65533, 65532};
	struct shell s;
	char text[256];

	if (geteuid() != 0)
		cr_skip("not root");
	shell_init(&s, "grep -E '^(Uid|Gid|Groups)' /proc/self/status");
	s.request.identity = (struct spawn_identity){.set_groups = true,
						     .set_gid = true,
						     .set_uid = true,
						     .groups = groups,
						     .n_groups = 2,
						     .gid = 65534,
						     .uid = 65534};
	shell_run(&s, text, sizeof(text));
	cr_assert_str_eq(text, "Uid:\t65534\t65534\t65534\t65534\n"
			       "Gid:\t65534\t65534\t65534\t65534\nGroups:\t65532 65533 \n");
	cr_assert_eq(getuid(), 0);
	shell_fini(&s);
}

Test(spawn, stamp_holds_its_start)
{
	struct spawn_stamp stamp = {0};
	struct spawn_failure failure;
	struct timespec before, after;
	struct shell s;
	pid_t os_pid;

	shell_init(&s, "exit 0");
	s.request.stamp = &stamp;
	clock_gettime(CLOCK_BOOTTIME, &before);
	cr_assert_eq(spawn(&s.spawner, &s.request, &os_pid, &failure), 0);
	clock_gettime(CLOCK_BOOTTIME, &after);
	cr_assert_eq(stamp.os_pid, os_pid);
	cr_assert_leq(before.tv_sec * 1000000000 + before.tv_nsec, stamp.earliest_ns);
	cr_assert_leq(stamp.earliest_ns, stamp.latest_ns);
	cr_assert_leq(stamp.latest_ns, after.tv_sec * 1000000000 + after.tv_nsec);
	wait_for(os_pid);
	close(s.out[1]);
	shell_fini(&s);
}

/* ---- files ---- */

Test(spawn, output_to_the_end_of_a_file)
{
	struct folder folder;
	struct shell s;
	char text[256];
	char *path;
	int fd;

	folder_init(&folder);
	path = folder_at(&folder, "log");
	for (int i = 0; i < 2; i++) {
		shell_init(&s, "echo out; echo err >&2");
		s.request.output = (struct spawn_stream){.kind = SPAWN_TO_FILE, .path = path};
		s.request.error = (struct spawn_stream){.kind = SPAWN_TO_STDOUT};
		shell_run(&s, text, sizeof(text));
		cr_assert_str_eq(text, "");
		shell_fini(&s);
	}
	fd = open(path, O_RDONLY);
	read_all(fd, text, sizeof(text));
	close(fd);
	cr_assert_str_eq(text, "out\nerr\nout\nerr\n");
	folder_fini(&folder);
}

Test(spawn, file_is_an_ordinary_one_for_its_program)
{
	struct folder folder;
	struct shell s;
	char text[256];
	unsigned flags;
	char *path;

	folder_init(&folder);
	path = folder_at(&folder, "log");
	shell_init(&s, "grep flags /proc/self/fdinfo/2");
	s.request.error = (struct spawn_stream){.kind = SPAWN_TO_FILE, .path = path};
	shell_run(&s, text, sizeof(text));
	cr_assert_eq(sscanf(text, "flags: %o", &flags), 1, "%s", text);
	cr_assert_eq(flags & (O_APPEND | O_NONBLOCK), O_APPEND, "flags %o", flags);
	shell_fini(&s);
	folder_fini(&folder);
}

Test(spawn, files_that_are_refused)
{
	static const struct {
		const char *name;
		enum start_step step;
		int error;
	} rows[] = {
		{"fifo", STEP_STDOUT, ENXIO},       {"fifo", STEP_STDERR, ENXIO},
		{"read-fifo", STEP_STDOUT, EINVAL}, {"link", STEP_STDOUT, ELOOP},
		{"dangling", STEP_STDERR, ELOOP},   {"none/log", STEP_STDOUT, ENOENT},
		{"", STEP_STDOUT, EISDIR},          {"/dev/null", STEP_STDOUT, EINVAL},
		{"file/log", STEP_STDOUT, ENOTDIR},
	};
	struct folder folder;
	char *file;
	int reader;

	folder_init(&folder);
	file = folder_write(&folder, "file", "", 0666);
	cr_assert_eq(mkfifo(folder_at(&folder, "fifo"), 0666), 0);
	cr_assert_eq(mkfifo(folder_at(&folder, "read-fifo"), 0666), 0);
	cr_assert_eq(symlink(file, folder_at(&folder, "link")), 0);
	cr_assert_eq(symlink("/nowhere", folder_at(&folder, "dangling")), 0);
	reader = open(folder_at(&folder, "read-fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *path =
			*rows[i].name == '/' ? rows[i].name : folder_at(&folder, rows[i].name);
		struct spawn_stream stream = {.kind = SPAWN_TO_FILE, .path = path};
		struct spawn_failure failure;
		struct shell s;

		shell_init(&s, "exit 0");
		if (rows[i].step == STEP_STDERR)
			s.request.error = stream;
		else
			s.request.output = stream;
		failure = spawn_fails(&s);
		cr_expect_eq(failure.step, rows[i].step, "%s: step %d", rows[i].name, failure.step);
		cr_expect_eq(failure.error, rows[i].error, "%s: %s", rows[i].name,
			     strerror(failure.error));
		shell_fini(&s);
	}
	close(reader);
	folder_fini(&folder);
}

/* A file is opened as the service's user: root's own rights are no help to it. */
Test(spawn, file_opened_as_its_user)
{
	struct spawn_failure failure;
	struct folder folder;
	struct shell s;
	char *path;

	if (geteuid() != 0)
		cr_skip("not root");
	folder_init(&folder);
	path = folder_at(&folder, "log");
	close(open(path, O_CREAT | O_WRONLY, 0600));
	shell_init(&s, "exit 0");
	s.request.identity = (struct spawn_identity){.set_uid = true, .uid = 65534};
	s.request.output = (struct spawn_stream){.kind = SPAWN_TO_FILE, .path = path};
	failure = spawn_fails(&s);
	cr_assert_eq(failure.step, STEP_STDOUT);
	cr_assert_eq(failure.error, EACCES);
	shell_fini(&s);
	folder_fini(&folder);
}

/* ---- programs ---- */

Test(spawn, programs_tried_in_order)
{
	struct folder folder;
	char *plain, *odd, *text;
	char sh[] = "/bin/sh", none[] = "/nowhere/sh", under[] = "/bin/sh/sh";

	folder_init(&folder);
	plain = folder_write(&folder, "plain", "", 0666);
	odd = folder_write(&folder, "odd", "\177ELF nonsense", 0777);
	text = folder_write(&folder, "text", "exit 0\n", 0777);
	const struct {
		char *programs[4];
		int error; /* 0: it runs */
		const char *found;
	} rows[] = {
		{{sh}, 0, NULL},
		{{none, under, sh}, 0, NULL},
		{{plain, sh}, 0, NULL},
		{{none}, ENOENT, none},
		{{under}, ENOTDIR, under},
		{{none, plain, none}, EACCES, plain},
		{{plain, none}, EACCES, plain},
		{{folder.path}, EACCES, folder.path},
		{{odd, sh}, ENOEXEC, odd},
		{{text}, ENOEXEC, text},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct shell s;
		char said[64];

		shell_init(&s, "echo runs");
		s.request.programs = rows[i].programs;
		if (rows[i].error == 0) {
			shell_run(&s, said, sizeof(said));
			cr_expect_str_eq(said, "runs\n", "row %zu: %s", i, said);
		} else {
			struct spawn_failure failure = spawn_fails(&s);

			cr_expect_eq(failure.step, STEP_EXEC, "row %zu: %d", i, failure.step);
			cr_expect_eq(failure.error, rows[i].error, "row %zu: %s", i,
				     strerror(failure.error));
			cr_expect_str_eq(failure.program, rows[i].found, "row %zu", i);
		}
		shell_fini(&s);
	}
	folder_fini(&folder);
}

Test(spawn, steps_that_fail)
{
	struct spawn_stamp stamp = {0};
	struct spawn_failure failure;
	struct rlimit high = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	struct shell s;

	shell_init(&s, "exit 0");
	s.request.directory = "/srv/nowhere";
	s.request.stamp = &stamp;
	failure = spawn_fails(&s);
	cr_expect_eq(failure.step, STEP_CHDIR);
	cr_expect_eq(failure.error, ENOENT);
	cr_expect_eq(stamp.os_pid, 0, "what failed is still noted");
	shell_fini(&s);

	shell_init(&s, "exit 0");
	s.request.stdin_fd = 9999;
	failure = spawn_fails(&s);
	cr_expect_eq(failure.step, STEP_STDIN);
	cr_expect_eq(failure.error, EBADF);
	shell_fini(&s);

	shell_init(&s, "exit 0");
	s.request.nofile = &high;
	failure = spawn_fails(&s);
	cr_expect_eq(failure.step, STEP_LIMIT);
	cr_expect_eq(failure.error, EPERM);
	shell_fini(&s);
}

/* As an ordinary user nobody else can be had. */
Test(spawn, identities_that_are_refused)
{
	static const struct {
		struct spawn_identity identity;
		enum start_step step;
	} rows[] = {
		{{.set_uid = true, .uid = 0}, STEP_USER},
		{{.set_gid = true, .gid = 0}, STEP_GROUPS},
		{{.set_groups = true}, STEP_GROUPS},
		{{.set_groups = true, .for_user = true}, STEP_USER},
		{{.set_gid = true, .gid = 0, .for_user = true}, STEP_USER},
	};

	if (geteuid() == 0)
		cr_assert(setgid(65534) == 0 && setuid(65534) == 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spawn_failure failure;
		struct shell s;

		shell_init(&s, "exit 0");
		s.request.identity = rows[i].identity;
		failure = spawn_fails(&s);
		cr_expect_eq(failure.step, rows[i].step, "row %zu", i);
		cr_expect_eq(failure.error, EPERM, "row %zu", i);
		shell_fini(&s);
	}
}

/* A limit on processes is the host's shortage; the next start is none the worse for it. */
Test(spawn, shortage)
{
	struct rlimit none = {0, 0}, old;
	struct spawn_failure failure;
	struct shell s;

	if (geteuid() == 0)
		cr_assert(setgid(65534) == 0 && setuid(65534) == 0);
	getrlimit(RLIMIT_NPROC, &old);
	none.rlim_max = old.rlim_max;
	shell_init(&s, "exit 0");
	setrlimit(RLIMIT_NPROC, &none);
	failure = spawn_fails(&s);
	cr_assert_eq(failure.step, STEP_SPAWN);
	cr_assert_eq(failure.error, EAGAIN);
	cr_assert(spawn_is_shortage(failure.error));
	cr_assert(!spawn_is_shortage(ENOENT));
	shell_fini(&s);
	setrlimit(RLIMIT_NPROC, &old);
	shell_init(&s, "echo again");
	shell_run(&s, (char[64]){0}, 64);
	shell_fini(&s);
}

/* In our session, with a group of its own; without a terminal there is none to be given. */
Test(spawn, shares_session)
{
	struct shell s;
	char text[64], expected[64];

	shell_init(&s, "set -- $(cat /proc/$$/stat); echo $(($5 == $$)) $6");
	s.request.shares_session = true;
	shell_run(&s, text, sizeof(text));
	snprintf(expected, sizeof(expected), "1 %d\n", (int)getsid(0));
	cr_expect_str_eq(text, expected);
	shell_fini(&s);
}
