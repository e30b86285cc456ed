/* SPDX-License-Identifier: MIT */

/*
 * listener [WORD...]: a server on the sockets that it is handed (LISTEN_FDS), for tests. To each
 * line that comes over a connection, and each datagram, it answers "OSPID NAME LINE", NAME being
 * that of the socket. It ends on SIGTERM when it has answered what it has begun.
 *
 *   once      ends with exit status 0 after one answer
 *   crash     ends with exit status 1 at once
 *   leave     ends with exit status 0 at once
 *   say:TEXT  prints a line when it serves
 *   fds:FILE  writes what fds it has into FILE, a line each: "NUMBER TARGET"
 *   inetd     one connection, which is fds 0, 1 and 3: answers "OSPID REMOTE_ADDR LINE", and ends
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST 3
#define MOST 64

static volatile sig_atomic_t stopping;
static char *names[MOST];
static struct pollfd fds[MOST];
static nfds_t n_fds;

static void on_term(int unix_signal)
{
	(void)unix_signal;
	stopping = 1;
}

static void fail(const char *what)
{
	perror(what);
	exit(99);
}

/* Another process may take a connection that this one has seen. */
static void dont_wait(int fd)
{
	int listens = 0;
	socklen_t size = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens)
		fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void take_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	char *name = getenv("LISTEN_FDNAMES");

	if (!pid || atoi(pid) != (int)getpid() || !count || !name) {
		fputs("nothing was handed over\n", stderr);
		exit(98);
	}
	n_fds = (nfds_t)atoi(count);
	for (nfds_t i = 0; i < n_fds; i++) {
		names[i] = strsep(&name, ":");
		fds[i] = (struct pollfd){.fd = FIRST + (int)i, .events = POLLIN};
		dont_wait(fds[i].fd);
	}
}

static void write_fds(const char *path)
{
	FILE *file = fopen(path, "we");
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!file || !dir)
		fail(path);
	while ((entry = readdir(dir))) {
		char link[64], target[256] = "";
		int fd = atoi(entry->d_name);

		if (*entry->d_name == '.' || fd == dirfd(dir) || fd == fileno(file))
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, target, sizeof(target) - 1) < 0)
			fail(link);
		fprintf(file, "%d %s\n", fd, target);
	}
	closedir(dir);
	fclose(file);
}

/* A line, or what came before the end; without its line break. */
static size_t read_line(int fd, char *line, size_t size)
{
	size_t used = 0;

	while (used < size - 1) {
		ssize_t n = read(fd, line + used, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || line[used] == '\n')
			break;
		used++;
	}
	line[used] = '\0';
	return used;
}

static void answer_connection(int fd, const char *name)
{
	char line[256], text[512];
	ssize_t n;
	int size;

	n = recv(fd, line, sizeof(line) - 1, 0);
	if (n <= 0)
		return;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	size = snprintf(text, sizeof(text), "%d %s %s\n", (int)getpid(), name, line);
	if (send(fd, text, (size_t)size, MSG_NOSIGNAL) < 0)
		perror("send");
}

static void answer_datagram(int fd, const char *name)
{
	struct sockaddr_storage from;
	socklen_t from_size = sizeof(from);
	char line[256], text[512];
	ssize_t n = recvfrom(fd, line, sizeof(line) - 1, 0, (struct sockaddr *)&from, &from_size);
	int size;

	if (n < 0)
		return;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	size = snprintf(text, sizeof(text), "%d %s %s\n", (int)getpid(), name, line);
	if (sendto(fd, text, (size_t)size, 0, (struct sockaddr *)&from, from_size) < 0)
		perror("sendto");
}

static void answer(int fd, const char *name)
{
	int listens = 0;
	socklen_t size = sizeof(listens);
	char line[256];
	int connection;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0) {
		read_line(fd, line, sizeof(line));
		printf("%s %s\n", name, line);
		fflush(stdout);
	} else if (listens) {
		connection = accept(fd, NULL, NULL);
		if (connection < 0)
			return;
		answer_connection(connection, name);
		close(connection);
	} else {
		answer_datagram(fd, name);
	}
}

static void serve(bool once)
{
	sigset_t term, none;

	/* Told to end between two answers, never before the next one can see it. */
	sigemptyset(&none);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	while (!stopping) {
		if (ppoll(fds, n_fds, NULL, &none) < 0)
			continue;
		for (nfds_t i = 0; i < n_fds && !stopping; i++) {
			if (!(fds[i].revents & POLLIN))
				continue;
			answer(fds[i].fd, names[i]);
			if (once)
				return;
		}
	}
}

static int serve_one(void)
{
	const char *remote = getenv("REMOTE_ADDR");
	struct stat in, third;

	if (fstat(STDIN_FILENO, &in) < 0 || fstat(FIRST, &third) < 0 || in.st_ino != third.st_ino)
		return 97;
	answer_connection(STDOUT_FILENO, remote ? remote : "nobody");
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_term};
	const char *words = NULL;
	bool once = false;

	sigaction(SIGTERM, &action, NULL);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "once") == 0)
			once = true;
		else if (strncmp(argv[i], "say:", 4) == 0)
			words = argv[i] + 4;
		else if (strcmp(argv[i], "crash") == 0)
			return 1;
		else if (strcmp(argv[i], "leave") == 0)
			return 0;
		else if (strncmp(argv[i], "fds:", 4) == 0)
			write_fds(argv[i] + 4);
		else if (strcmp(argv[i], "inetd") == 0)
			return serve_one();
	}
	take_fds();
	if (words)
		puts(words);
	fflush(stdout);
	serve(once);
	return 0;
}
