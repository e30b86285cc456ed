/* SPDX-License-Identifier: MIT */

/*
 * herald WORD...: says things on the notify socket, fair and foul; a word each, in order.
 *
 *   send:TEXT      a notification; ; stands for a line break
 *   barrier        waits until all that was sent has been dealt with, as sd_notify_barrier(3)
 *   flood:N        STATUS=1 to STATUS=N
 *   burst          STATUS=x until the socket is full; prints "full"
 *   big            READY=1 and a megabyte
 *   nul            READY=1, a NUL, and more
 *   fds:N          STATUS=fds with N fds
 *   store:SPEC=TEXT  FDSTORE=1, with a file that holds TEXT; SPEC is more of the message
 *   again:SPEC     the same with the last file, twice
 *   pipe:SPEC      the same with the reading end of a pipe, whose other end is kept open
 *   hangup         closes that other end
 *   stored         prints what it was given: "NAME TEXT", or "NAME" of what is no file
 *   pulse:MS*N     WATCHDOG=1 N times, so many milliseconds apart
 *   print:TEXT     prints it
 *   say:FIFO=TEXT  writes it into a FIFO that is read, as a line
 *   pause          waits for a Unix signal, for ever
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macros.h"

#define FDS_MAX 253
#define MEGABYTE ((size_t)1 << 20)

static int fd;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

/* 0 or an errno. */
static int send_bytes(const void *bytes, size_t size, const int *fds, size_t n, int flags)
{
	static _Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	union {
		const void *from;
		void *to;
	} data = {.from = bytes};
	struct iovec part = {data.to, size};
	struct msghdr header = {
		.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
	struct cmsghdr *c = (struct cmsghdr *)(void *)control;

	if (n) {
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(n * sizeof(int));
		*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(n * sizeof(int)),
				      .cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	return sendmsg(fd, &header, flags | MSG_NOSIGNAL) < 0 ? errno : 0;
}

static void send_text(const char *text)
{
	char copy[4096];

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *p = copy; *p; p++)
		*p = (char)(*p == ';' ? '\n' : *p);
	errno = send_bytes(copy, strlen(copy), NULL, 0, 0);
	if (errno)
		fail("send");
}

static void do_barrier(const char *text)
{
	struct pollfd gone = {.events = 0};
	int ends[2];

	(void)text;
	if (pipe2(ends, O_CLOEXEC) < 0)
		fail("pipe");
	errno = send_bytes("BARRIER=1", 9, &ends[1], 1, 0);
	if (errno)
		fail("barrier");
	close(ends[1]);
	gone.fd = ends[0];
	while (poll(&gone, 1, -1) < 0 && errno == EINTR)
		;
	close(ends[0]);
}

static void do_flood(const char *text)
{
	char line[32];

	for (int i = 1; i <= atoi(text); i++) {
		snprintf(line, sizeof(line), "STATUS=%d", i);
		send_text(line);
	}
}

static void do_burst(const char *text)
{
	int error;

	(void)text;
	do
		error = send_bytes("STATUS=x", 8, NULL, 0, MSG_DONTWAIT);
	while (!error);
	puts(error == EAGAIN ? "full" : strerror(error));
}

static void do_big(const char *text)
{
	char *bytes = calloc(1, MEGABYTE);
	int size = 2 * (int)MEGABYTE;
	int error;

	(void)text;
	if (!bytes)
		fail("memory");
	/* Root may; without that the kernel refuses. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	memset(bytes, 'x', MEGABYTE);
	memcpy(bytes, "READY=1\n", 8);
	error = send_bytes(bytes, MEGABYTE, NULL, 0, 0);
	puts(error ? strerror(error) : "sent");
	free(bytes);
}

static void do_nul(const char *text)
{
	(void)text;
	send_bytes("READY=1\0STATUS=nul", 18, NULL, 0, 0);
}

static void do_fds(const char *text)
{
	int fds[FDS_MAX];
	size_t n = (size_t)atoi(text);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < n && i < FDS_MAX; i++)
		fds[i] = null;
	errno = send_bytes("STATUS=fds", 10, fds, MIN_OF(n, (size_t)FDS_MAX), 0);
	if (errno)
		fail("fds");
	close(null);
}

static int last = -1, other_end = -1;

static void store(const char *more, size_t size, const int *fds, size_t n)
{
	char text[1024];

	snprintf(text, sizeof(text), "FDSTORE=1;%.*s", (int)size, more);
	for (char *p = text; *p; p++)
		*p = (char)(*p == ';' ? '\n' : *p);
	errno = send_bytes(text, strlen(text), fds, n, 0);
	if (errno)
		fail("store");
}

static void do_store(const char *text)
{
	const char *content = strrchr(text, '=');

	last = memfd_create("stored", MFD_CLOEXEC);
	if (last < 0 || !content || write(last, content + 1, strlen(content + 1)) < 0)
		fail("memfd");
	store(text, (size_t)(content - text), &last, 1);
}

static void do_again(const char *text)
{
	const int fds[] = {last, last};

	store(text, strlen(text), fds, 2);
}

static void do_pipe(const char *text)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		fail("pipe");
	store(text, strlen(text), &ends[0], 1);
	close(ends[0]);
	other_end = ends[1];
}

static void do_hangup(const char *text)
{
	(void)text;
	close(other_end);
}

static void do_stored(const char *text)
{
	const char *names = getenv("LISTEN_FDNAMES"), *n = getenv("LISTEN_FDS");
	const char *os_pid = getenv("LISTEN_PID");

	(void)text;
	if (!names || !n || !os_pid || atoi(os_pid) != getpid()) {
		puts("nothing");
		return;
	}
	for (int i = 0; i < atoi(n); i++) {
		size_t size = strcspn(names, ":");
		char content[64] = "";

		if (pread(3 + i, content, sizeof(content) - 1, 0) < 0)
			content[0] = '\0';
		printf("%.*s%s%s\n", (int)size, names, *content ? " " : "", content);
		names += size + (names[size] == ':');
	}
}

static void do_pulse(const char *text)
{
	const char *times = strchr(text, '*');

	for (int i = 0; times && i < atoi(times + 1); i++) {
		send_bytes("WATCHDOG=1", 10, NULL, 0, MSG_DONTWAIT);
		poll(NULL, 0, atoi(text));
	}
}

static void do_print(const char *text)
{
	puts(text);
}

static void do_say(const char *text)
{
	size_t size = strcspn(text, "=");
	char path[256], line[256];
	int fifo, n;

	snprintf(path, sizeof(path), "%.*s", (int)size, text);
	n = snprintf(line, sizeof(line), "%s\n", text + size + (text[size] == '='));
	fifo = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fifo < 0 || write(fifo, line, (size_t)n) != n)
		fail(path);
	close(fifo);
}

static void do_pause(const char *text)
{
	(void)text;
	for (;;)
		pause();
}

static const struct {
	const char *word;
	void (*act)(const char *text);
} verbs[] = {
	{"send", send_text},   {"barrier", do_barrier}, {"flood", do_flood}, {"burst", do_burst},
	{"big", do_big},       {"nul", do_nul},         {"fds", do_fds},     {"pulse", do_pulse},
	{"store", do_store},   {"again", do_again},     {"pipe", do_pipe},   {"hangup", do_hangup},
	{"stored", do_stored}, {"print", do_print},     {"say", do_say},     {"pause", do_pause},
};

static void obey(const char *word)
{
	size_t size = strcspn(word, ":");

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strlen(verbs[i].word) == size && strncmp(word, verbs[i].word, size) == 0) {
			verbs[i].act(word[size] ? word + size + 1 : "");
			fflush(stdout);
			return;
		}
	}
	errno = EINVAL;
	fail(word);
}

int main(int argc, char **argv)
{
	const char *path = getenv("NOTIFY_SOCKET");

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !path || strlen(path) >= sizeof(address.sun_path))
		fail("NOTIFY_SOCKET");
	memcpy(address.sun_path, path, strlen(path) + 1);
	for (int i = 1; i < argc; i++)
		obey(argv[i]);
	return 0;
}
