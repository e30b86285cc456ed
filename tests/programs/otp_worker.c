/* SPDX-License-Identifier: MIT */

/*
 * otp_worker NAME FOLDER FAILS: a worker of a scenario (tests/otp/scenario.h). FAILS says which of
 * its attempts to start fail: "2,3", "all" or "-".
 *
 *   FOLDER/NAME.attempts  grows by a byte an attempt, over all incarnations
 *   FOLDER/NAME.hold      while it is there, an attempt waits for the order ok or fail
 *   FOLDER/held           a FIFO: here an attempt that waits says so, with its pid
 *   FOLDER/PID.orders     a FIFO of its own, with an order a line: normal, error:N (the exit
 *                         status), or another reason, which is told before the end
 *
 * An attempt fails with exit status 7, before it is ready.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FAILED 7
#define BROKEN 99 /* nothing that a scenario asks for */

struct worker {
	const char *name, *folder, *fails, *pid;
	int orders;
};

_Noreturn static void give_up(const char *what)
{
	fprintf(stderr, "otp_worker: %s: %s\n", what, strerror(errno));
	_exit(BROKEN);
}

static void put_path(const struct worker *w, char path[PATH_MAX], const char *name,
		     const char *ending)
{
	snprintf(path, PATH_MAX, "%s/%s%s", w->folder, name, ending);
}

/* ---- attempts ---- */

static unsigned count_attempt(const struct worker *w)
{
	char path[PATH_MAX];
	off_t size;
	int fd;

	put_path(w, path, w->name, ".attempts");
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, ".", 1) != 1)
		give_up(path);
	/* After an append the offset is behind our own byte. */
	size = lseek(fd, 0, SEEK_CUR);
	close(fd);
	return (unsigned)size;
}

static bool attempt_fails(const char *fails, unsigned attempt)
{
	char *end;

	if (strcmp(fails, "all") == 0)
		return true;
	while (*fails >= '0' && *fails <= '9') {
		if (strtoul(fails, &end, 10) == attempt)
			return true;
		fails = *end == ',' ? end + 1 : end;
	}
	return false;
}

/* ---- orders ---- */

static void open_orders(struct worker *w)
{
	char path[PATH_MAX];

	put_path(w, path, w->pid, ".orders");
	if (mkfifo(path, 0600) < 0)
		give_up(path);
	/* For writing too: it never comes to an end. */
	w->orders = open(path, O_RDWR | O_CLOEXEC);
	if (w->orders < 0)
		give_up(path);
}

static void next_order(const struct worker *w, char *line, size_t size)
{
	size_t n = 0;

	while (read(w->orders, line + n, 1) == 1 && line[n] != '\n' && n + 1 < size)
		n++;
	line[n] = '\0';
}

/* Waits where it is held; returns whether the attempt is to fail. */
static bool wait_for_release(const struct worker *w)
{
	char path[PATH_MAX], line[64];
	int size, fd;

	put_path(w, path, w->name, ".hold");
	if (access(path, F_OK) < 0)
		return false;
	put_path(w, path, "held", "");
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	size = snprintf(line, sizeof(line), "%s\n", w->pid);
	if (fd < 0 || write(fd, line, (size_t)size) != size)
		give_up(path);
	close(fd);
	next_order(w, line, sizeof(line));
	return strcmp(line, "fail") == 0;
}

/* ---- the daemon ---- */

static void notify(const char *text)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!path || fd < 0 || strlen(path) >= sizeof(to.sun_path))
		give_up("NOTIFY_SOCKET");
	strcpy(to.sun_path, path);
	if (sendto(fd, text, strlen(text), 0, (const struct sockaddr *)&to, sizeof(to)) < 0)
		give_up(path);
	close(fd);
}

_Noreturn static void die(const char *reason)
{
	char text[256];

	if (strncmp(reason, "error:", 6) == 0)
		_exit(atoi(reason + 6));
	if (strcmp(reason, "normal") == 0)
		_exit(0);
	snprintf(text, sizeof(text), "EXIT_REASON=%s", reason);
	notify(text);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct worker w = {.pid = getenv("SUP_PID")};
	unsigned attempt;
	char line[128];

	if (argc != 4 || !w.pid) {
		fputs("usage: otp_worker NAME FOLDER FAILS, as a service\n", stderr);
		return 2;
	}
	w.name = argv[1];
	w.folder = argv[2];
	w.fails = argv[3];
	open_orders(&w);
	attempt = count_attempt(&w);
	if (wait_for_release(&w) || attempt_fails(w.fails, attempt))
		_exit(FAILED);
	notify("READY=1");
	next_order(&w, line, sizeof(line));
	die(line);
}
