/* SPDX-License-Identifier: MIT */

/*
 * zoo KIND: a service that is unkind to whoever wants to end it. When all its processes are there
 * and behave, the first one says READY=1. Whatever they do, they stay in the working directory that
 * they were started in: by that a test knows them.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CROWD 20
#define FLOOD (4 * 1024 * 1024)

extern char **environ;

static const char *program;
static int told[2]; /* a byte for each process that is where it is to be */
static char **first_argument;

static void fail(const char *what)
{
	fprintf(stderr, "zoo: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void tell(void)
{
	if (write(told[1], "x", 1) != 1)
		fail("tell");
}

static void await(int n)
{
	char c;

	while (n-- > 0) {
		if (read(told[0], &c, 1) != 1)
			fail("await");
	}
}

static void say_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!path || strlen(path) >= sizeof(address.sun_path))
		return;
	strcpy(address.sun_path, path);
	if (sendto(fd, "READY=1", 7, 0, (const struct sockaddr *)&address, sizeof(address)) != 7)
		fail("READY=1");
	close(fd);
}

/* For ever. */
static void stay(void)
{
	for (;;)
		pause();
}

static void be_deaf(void)
{
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

/* Runs it in a new process. */
static pid_t beget(void (*run)(void))
{
	pid_t os_pid = fork();

	if (os_pid < 0)
		fail("fork");
	if (os_pid == 0) {
		run();
		_exit(0);
	}
	return os_pid;
}

/* ... whose parent has ended, in a session of its own. */
static void beget_stray(void (*run)(void))
{
	pid_t os_pid = fork();

	if (os_pid == 0) {
		setsid();
		beget(run);
		_exit(0);
	}
	if (os_pid < 0 || waitpid(os_pid, NULL, 0) != os_pid)
		fail("stray");
}

static void be_deaf_and_stay(void)
{
	be_deaf();
	tell();
	stay();
}

/* ---- kinds ---- */

static void quiet(void)
{
	say_ready();
	stay();
}

static void forks_a_lot(void)
{
	for (int i = 0; i < CROWD; i++) {
		beget(be_deaf_and_stay);
		beget_stray(be_deaf_and_stay);
	}
	await(2 * CROWD);
	quiet();
}

/* Never the same process for long: each one leaves its place to a child in another session. */
static void run_away(void)
{
	tell();
	for (;;) {
		if (fork() > 0)
			_exit(0);
		setsid();
		poll(NULL, 0, 5);
	}
}

static void runs_away(void)
{
	for (int i = 0; i < 3; i++)
		beget_stray(run_away);
	await(3);
	quiet();
}

static void double_forks(void)
{
	beget_stray(be_deaf_and_stay);
	await(1);
	quiet();
}

static void ignores(void)
{
	be_deaf();
	beget(be_deaf_and_stay);
	await(1);
	quiet();
}

static void change_group(void)
{
	setpgid(0, 0);
	be_deaf_and_stay();
}

static void change_session(void)
{
	setsid();
	be_deaf_and_stay();
}

static void changes_group_and_session(void)
{
	beget(change_group);
	beget(change_session);
	await(2);
	quiet();
}

static void stop_itself(void)
{
	setsid();
	tell();
	for (;;)
		raise(SIGSTOP);
}

static void stops_itself(void)
{
	pid_t child = beget(stop_itself);
	int status;

	await(1);
	waitpid(child, &status, WUNTRACED);
	say_ready();
	for (;;)
		raise(SIGSTOP);
}

static void closes_its_fds(void)
{
	beget_stray(be_deaf_and_stay);
	await(1);
	say_ready();
	closefrom(0);
	stay();
}

static void flood(void)
{
	char line[1024];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (size_t n = 0; n < FLOOD; n += sizeof(line)) {
		if (write(STDOUT_FILENO, line, sizeof(line)) < 0)
			break;
	}
	stay();
}

static void floods_its_output(void)
{
	beget(flood);
	beget_stray(flood);
	say_ready();
	flood();
}

static void leave_one_and_die(int s)
{
	(void)s;
	beget_stray(be_deaf_and_stay);
	_exit(3);
}

static void dies_while_it_is_stopped(void)
{
	signal(SIGTERM, leave_one_and_die);
	quiet();
}

/* What holds the other end of its output lives longer than it. */
static void leaves_holders_of_its_output(void)
{
	beget_stray(be_deaf_and_stay);
	beget(change_session);
	await(2);
	signal(SIGTERM, _exit);
	quiet();
}

static void become_another(void)
{
	execl(program, program, "quiet", (char *)NULL);
}

/* Gone before its child is what it is to be. */
static void exits_before_its_child_is_ready(void)
{
	beget(become_another);
	say_ready();
	_exit(0);
}

static void lose_the_environment(void)
{
	static char *none[] = {NULL};
	char *arguments[] = {(char *)(size_t)program, (char *)(size_t) "tells", NULL};

	fcntl(told[1], F_SETFD, 0);
	dup2(told[1], STDIN_FILENO);
	execve(program, arguments, none);
	fail("exec");
}

/* What it becomes. */
static void tells(void)
{
	told[1] = STDIN_FILENO;
	be_deaf_and_stay();
}

static void clears_its_environment(void)
{
	beget_stray(lose_the_environment);
	await(1);
	quiet();
}

/* As daemons do that change their title: over arguments and environment. */
static void rename_itself(void)
{
	char *begin = *first_argument, *end = begin;

	for (char **p = first_argument; *p; p++)
		end = *p + strlen(*p);
	for (char **p = environ; *p; p++)
		end = *p + strlen(*p);
	memset(begin, 'z', (size_t)(end - begin));
	prctl(PR_SET_NAME, "supd", 0, 0, 0);
	be_deaf_and_stay();
}

static void renames_itself(void)
{
	beget_stray(rename_itself);
	await(1);
	quiet();
}

static void let_be_traced(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	stay();
}

static void traces(void)
{
	pid_t child = beget(let_be_traced);
	int status;

	waitpid(child, &status, 0);
	quiet();
}

static void trace_parent(void)
{
	if (ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) < 0)
		fail("ptrace");
	be_deaf_and_stay();
}

/* The Unix signal stops it for its tracer, which does not care: it never runs again. */
static void let_child_trace(void (*run)(void))
{
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	beget(run);
	await(1);
	say_ready();
	raise(SIGUSR1);
	stay();
}

static void is_traced(void)
{
	let_child_trace(trace_parent);
}

static void trace_parent_from_afar(void)
{
	setsid();
	trace_parent();
}

static void is_traced_from_afar(void)
{
	let_child_trace(trace_parent_from_afar);
}

static void be_init(void)
{
	beget(be_deaf_and_stay);
	beget(change_session);
	be_deaf_and_stay();
}

static void has_a_pid_namespace(void)
{
	if (unshare(CLONE_NEWPID) < 0)
		fail("unshare");
	beget(be_init);
	await(3);
	quiet();
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{"quiet", quiet},
	{"tells", tells},
	{"forks_a_lot", forks_a_lot},
	{"runs_away", runs_away},
	{"double_forks", double_forks},
	{"ignores", ignores},
	{"changes_group_and_session", changes_group_and_session},
	{"stops_itself", stops_itself},
	{"closes_its_fds", closes_its_fds},
	{"floods_its_output", floods_its_output},
	{"dies_while_it_is_stopped", dies_while_it_is_stopped},
	{"leaves_holders_of_its_output", leaves_holders_of_its_output},
	{"exits_before_its_child_is_ready", exits_before_its_child_is_ready},
	{"clears_its_environment", clears_its_environment},
	{"renames_itself", renames_itself},
	{"traces", traces},
	{"is_traced", is_traced},
	{"is_traced_from_afar", is_traced_from_afar},
	{"has_a_pid_namespace", has_a_pid_namespace},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	program = realpath("/proc/self/exe", NULL);
	first_argument = argv;
	if (argc != 2 || !program || pipe2(told, O_CLOEXEC) < 0)
		return 2;
	for (size_t i = 0; kinds[i].name; i++) {
		if (strcmp(argv[1], kinds[i].name) == 0)
			kinds[i].run();
	}
	fprintf(stderr, "zoo: no such kind: %s\n", argv[1]);
	return 2;
}
