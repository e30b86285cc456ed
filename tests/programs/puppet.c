/* SPDX-License-Identifier: MIT */

/*
 * puppet FOLDER/NAME [WORD...]: a service that does what it is told. It carries out the words of
 * its command line, then those that come, a line each, through the FIFO FOLDER/NAME.orders, for
 * ever. What happens to it it writes, a line each that begins with NAME, into the FIFO
 * FOLDER/journal, if somebody reads that.
 *
 *   say:TEXT       a line "NAME TEXT"
 *   ready          READY=1 to the notify socket
 *   notify:TEXT    that text; ; stands for a line break
 *   lend:TEXT      the same, sent by a child process, which waits until it has been read, and ends
 *   barrier        waits until all that it has sent has been read
 *   told:REASON    EXIT_REASON=REASON
 *   exit:N         ends with exit status N
 *   die:SIGNAL     ends by that Unix signal
 *   stop           stops itself (SIGSTOP)
 *   ignore:SIGNAL  is deaf to it
 *   catch:SIGNAL   writes "NAME SIGNAL" when it comes, and goes on
 *   leave:SIGNAL=N writes the same and ends with exit status N
 *   box            sends its mailbox's socket and "SUP_PID SUP_TOKEN" to FOLDER/NAME.box
 *   unbox          closes that socket
 *   child          a child process in its group, which waits for a Unix signal: "NAME child OSPID"
 *   stray          a grandchild in a session of its own: "NAME stray OSPID"
 *   orphan         a grandchild whose parent ends, and which ends itself
 *   daemonize      goes on as a child in a session of its own, which becomes the main process
 *   fork           goes on as a child, which becomes the main process; its parent waits for it
 *   report:FILE    writes into FOLDER/FILE what it is made of
 *   once:FILE      the next word only where FOLDER/FILE does not exist, and makes it
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/text.h"

extern char **environ;

static char folder[PATH_MAX - 256];
static char name[128];
static int n_words;
static char **words;
static int exit_status_of[NSIG]; /* -1: go on */
static char signal_lines[NSIG][160];

static void path_in_folder(char path[PATH_MAX], const char *file)
{
	snprintf(path, PATH_MAX, "%s/%s", folder, file);
}

/* ---- the journal ---- */

/* Also from handlers of Unix signals. */
static void journal_write(const char *line, size_t size)
{
	static char path[PATH_MAX];
	int fd;

	if (!*path)
		path_in_folder(path, "journal");
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && write(fd, line, size) < 0)
		_exit(99);
	if (fd >= 0)
		close(fd);
}

static void say(const char *format, ...) PRINTF(1, 2);

static void say(const char *format, ...)
{
	char line[512];
	int size = snprintf(line, sizeof(line), "%s ", name);
	va_list args;

	va_start(args, format);
	size += vsnprintf(line + size, sizeof(line) - (size_t)size - 1, format, args);
	va_end(args);
	line[size++] = '\n';
	journal_write(line, (size_t)size);
}

/* ---- Unix signals ---- */

static void on_signal(int unix_signal)
{
	int error = errno;

	journal_write(signal_lines[unix_signal], strlen(signal_lines[unix_signal]));
	if (exit_status_of[unix_signal] >= 0)
		_exit(exit_status_of[unix_signal]);
	errno = error;
}

static int signal_of(const char *text)
{
	int unix_signal;

	if (text_parse_signal(text, &unix_signal) < 0)
		_exit(98);
	return unix_signal;
}

static void handle(int unix_signal, int exit_status)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	char number[16];

	exit_status_of[unix_signal] = exit_status;
	snprintf(signal_lines[unix_signal], sizeof(signal_lines[0]), "%s %s\n", name,
		 text_signal_name(unix_signal, number));
	sigaction(unix_signal, &action, NULL);
}

static void do_catch(char *text)
{
	handle(signal_of(text), -1);
}

static void do_leave(char *text)
{
	char *equals = strchr(text, '=');

	if (!equals)
		_exit(98);
	*equals = '\0';
	handle(signal_of(text), atoi(equals + 1));
}

static void do_ignore(char *text)
{
	signal(signal_of(text), SIG_IGN);
}

static void do_die(char *text)
{
	int unix_signal = signal_of(text);
	sigset_t set;

	signal(unix_signal, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, unix_signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(unix_signal);
}

static void do_stop(char *text)
{
	(void)text;
	raise(SIGSTOP);
}

static void do_exit(char *text)
{
	_exit(atoi(text));
}

static void do_say(char *text)
{
	say("%s", text);
}

/* ---- the notify socket ---- */

static int notify_address(struct sockaddr_un *to, socklen_t *ret_size)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (!path || strlen(path) >= sizeof(to->sun_path))
		return -ENOENT;
	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(to->sun_path, path);
	*ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (*path == '@')
		to->sun_path[0] = '\0';
	return 0;
}

/* passed: an fd that goes along; -1: none. */
static void notify_with(const char *text, int passed)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char copy[1024];
	struct iovec bytes = {copy, strlen(text)};
	struct sockaddr_un to;
	struct msghdr message = {.msg_name = &to, .msg_iov = &bytes, .msg_iovlen = 1};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || notify_address(&to, &message.msg_namelen) < 0) {
		say("has no notify socket");
		return;
	}
	snprintf(copy, sizeof(copy), "%s", text);
	if (passed >= 0) {
		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
		control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
						  .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.header), &passed, sizeof(int));
	}
	if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		say("cannot notify: %s", strerror(errno));
	close(fd);
}

static void notify(const char *text)
{
	notify_with(text, -1);
}

/* As sd_notify_barrier(3): until all that was sent so far has been read. */
static void do_barrier(char *text)
{
	int ends[2];
	char byte;

	(void)text;
	if (pipe2(ends, O_CLOEXEC) < 0)
		_exit(97);
	notify_with("BARRIER=1", ends[1]);
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(ends[0]);
}

static void do_notify(char *text)
{
	for (char *c = text; *c; c++)
		if (*c == ';')
			*c = '\n';
	notify(text);
}

static void do_ready(char *text)
{
	(void)text;
	notify("READY=1");
}

static void do_told(char *text)
{
	char line[512];

	snprintf(line, sizeof(line), "EXIT_REASON=%s", text);
	notify(line);
}

static void do_lend(char *text)
{
	pid_t os_pid = fork();

	if (os_pid == 0) {
		do_notify(text);
		do_barrier(NULL);
		_exit(0);
	}
	waitpid(os_pid, NULL, 0);
	say("lent");
}

/* ---- other processes ---- */

static void wait_for_ever(const char *what)
{
	say("%s %d", what, (int)getpid());
	for (;;)
		pause();
}

static void do_box(char *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	char path[PATH_MAX], words_of[128];
	struct iovec part = {words_of, 0};
	struct msghdr header = {.msg_name = &address,
				.msg_namelen = sizeof(address),
				.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int box = atoi(getenv("SUP_FD"));

	(void)text;
	part.iov_len = (size_t)snprintf(words_of, sizeof(words_of), "%s %s", getenv("SUP_PID"),
					getenv("SUP_TOKEN"));
	snprintf(path, sizeof(path), "%s/%s.box", folder, name);
	if (strlen(path) >= sizeof(address.sun_path))
		_exit(98);
	memcpy(address.sun_path, path, strlen(path) + 1);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &box, sizeof(box));
	if (sendmsg(fd, &header, 0) < 0)
		say("box %s", strerror(errno));
	close(fd);
}

static void do_unbox(char *text)
{
	(void)text;
	close(atoi(getenv("SUP_FD")));
}

static void do_child(char *text)
{
	(void)text;
	if (fork() == 0)
		wait_for_ever("child");
}

static void do_stray(char *text)
{
	pid_t os_pid = fork();

	(void)text;
	if (os_pid == 0) {
		setsid();
		if (fork() == 0)
			wait_for_ever("stray");
		_exit(0);
	}
	waitpid(os_pid, NULL, 0);
}

static void do_orphan(char *text)
{
	int ends[2];
	pid_t os_pid;
	char byte;

	(void)text;
	if (pipe2(ends, O_CLOEXEC) < 0)
		_exit(97);
	os_pid = fork();
	if (os_pid == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0) {
			close(ends[1]);
			/* Until its parent has gone. */
			if (read(ends[0], &byte, 1) == 0)
				say("orphan %d", (int)getpid());
		}
		_exit(0);
	}
	waitpid(os_pid, NULL, 0);
	close(ends[0]);
	close(ends[1]);
}

/* Goes on as a child, once its parent has named that. */
static void hand_over(bool leave)
{
	char line[32], byte;
	int ends[2];
	pid_t os_pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		_exit(97);
	os_pid = fork();
	close(ends[os_pid == 0]);
	if (os_pid == 0) {
		if (leave)
			setsid();
		if (read(ends[0], &byte, 1) == 0)
			close(ends[0]);
		return;
	}
	snprintf(line, sizeof(line), "MAINPID=%d", (int)os_pid);
	notify(line);
	do_barrier(NULL);
	close(ends[1]);
	if (leave)
		_exit(0);
	waitpid(os_pid, NULL, 0);
	wait_for_ever("parent");
}

static void do_daemonize(char *text)
{
	(void)text;
	hand_over(true);
}

static void do_fork(char *text)
{
	(void)text;
	hand_over(false);
}

/* ---- the report ---- */

static void report_fds(FILE *out)
{
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;

	while (fds && (entry = readdir(fds))) {
		char link[64], target[PATH_MAX];
		ssize_t n;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    atoi(entry->d_name) == dirfd(fds) || atoi(entry->d_name) == fileno(out))
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%.16s", entry->d_name);
		n = readlink(link, target, sizeof(target) - 1);
		fprintf(out, "fd.%s %.*s\n", entry->d_name, n < 0 ? 0 : (int)n, target);
	}
	if (fds)
		closedir(fds);
}

static void report_status(FILE *out)
{
	static const char *const keys[] = {
		"Uid:", "Gid:", "Groups:", "Umask:", "SigBlk:", "SigIgn:", "PPid:"};
	FILE *status = fopen("/proc/self/status", "re");
	char line[4096];

	while (status && fgets(line, sizeof(line), status)) {
		for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
			size_t size = strlen(keys[i]);

			if (strncmp(line, keys[i], size) != 0)
				continue;
			for (char *c = line + size; *c; c++)
				if (*c == '\t')
					*c = ' ';
			fprintf(out, "%.*s%s", (int)size - 1, keys[i], line + size);
		}
	}
	if (status)
		fclose(status);
}

static void do_report(char *text)
{
	char path[PATH_MAX], aside[PATH_MAX + 8], folder_now[PATH_MAX];
	FILE *out;

	path_in_folder(path, text);
	snprintf(aside, sizeof(aside), "%s.new", path);
	out = fopen(aside, "we");
	if (!out) {
		say("cannot report: %s", strerror(errno));
		return;
	}
	fprintf(out, "pid %d\nsid %d\npgid %d\n", (int)getpid(), (int)getsid(0), (int)getpgid(0));
	if (getcwd(folder_now, sizeof(folder_now)))
		fprintf(out, "cwd %s\n", folder_now);
	for (int i = 0; i < n_words; i++)
		fprintf(out, "arg.%d %s\n", i, words[i]);
	for (char **e = environ; *e; e++)
		fprintf(out, "env.%s\n", *e);
	report_status(out);
	report_fds(out);
	fclose(out);
	rename(aside, path);
	say("reported");
}

/* ---- orders ---- */

struct verb {
	const char *word;
	void (*act)(char *text);
};

static const struct verb verbs[] = {
	{"say", do_say},
	{"ready", do_ready},
	{"notify", do_notify},
	{"lend", do_lend},
	{"told", do_told},
	{"exit", do_exit},
	{"die", do_die},
	{"stop", do_stop},
	{"ignore", do_ignore},
	{"catch", do_catch},
	{"leave", do_leave},
	{"child", do_child},
	{"stray", do_stray},
	{"orphan", do_orphan},
	{"report", do_report},
	{"box", do_box},
	{"unbox", do_unbox},
	{"barrier", do_barrier},
	{"daemonize", do_daemonize},
	{"fork", do_fork},
};

static void obey(const char *order)
{
	char copy[1024];
	char *text;

	snprintf(copy, sizeof(copy), "%s", order);
	text = copy + strcspn(copy, ":");
	if (*text)
		*text++ = '\0';
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(copy, verbs[i].word) == 0) {
			verbs[i].act(text);
			return;
		}
	}
	say("does not know how to %s", copy);
	_exit(98);
}

/* True where it is the first to come here. */
static bool is_first(const char *file)
{
	char path[PATH_MAX];
	int fd;

	path_in_folder(path, file);
	fd = open(path, O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

_Noreturn static void obey_orders(void)
{
	char path[PATH_MAX], file[160], line[1024];
	size_t size = 0;
	int fd;

	snprintf(file, sizeof(file), "%s.orders", name);
	path_in_folder(path, file);
	if (mkfifo(path, 0666) < 0 && errno != EEXIST)
		_exit(96);
	/* For writing too: it never comes to an end. A byte at a time: the rest may be for the next
	 * one. */
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		_exit(96);
	for (;;) {
		if (read(fd, line + size, 1) != 1)
			continue;
		if (line[size] != '\n' && size + 1 < sizeof(line)) {
			size++;
			continue;
		}
		line[size] = '\0';
		size = 0;
		obey(line);
	}
}

int main(int argc, char **argv)
{
	char *slash = argc > 1 ? strrchr(argv[1], '/') : NULL;

	if (!slash) {
		fputs("usage: puppet FOLDER/NAME [WORD...]\n", stderr);
		return 2;
	}
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - argv[1]), argv[1]);
	snprintf(name, sizeof(name), "%s", slash + 1);
	n_words = argc;
	words = argv;
	say("start %d", (int)getpid());
	for (int i = 2; i < argc; i++) {
		if (strncmp(argv[i], "once:", 5) != 0)
			obey(argv[i]);
		else if (!is_first(argv[i] + 5))
			i++;
	}
	obey_orders();
}
