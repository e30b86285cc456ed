/* SPDX-License-Identifier: MIT */

/*
 * otp_worker NAME FOLDER FAILS TRAP ONTERM: a worker of a scenario (tests/otp/scenario.h), and an
 * actor over the bare frames of its mailbox socket. FAILS says which of its attempts to start fail:
 * "2,3", "all" or "-". TRAP (yes, no): it traps exits before it is ready.
 * ONTERM: what it does when it traps and its supervisor tells it to end: obey, ignore, error:N.
 *
 *   FOLDER/NAME.attempts  grows by a byte an attempt, over all incarnations
 *   FOLDER/NAME.hold      while it is there, an attempt waits for the order ok or fail
 *   FOLDER/held           a FIFO: here an attempt that waits says so, with its pid
 *   FOLDER/PID.orders     a FIFO of its own, with an order a line
 *   FOLDER/PID.done       a FIFO of its own: a line when an order has been carried out
 *   FOLDER/notes          a line for each message: "PID EXIT FROM REASON", "PID DOWN REF REASON"
 *
 * Orders: "die REASON" ends it: normal, error:N (the exit status), or another reason, which is told
 * before the end. The others are "link PID", "unlink PID", "monitor PID REF", "demonitor REF",
 * "trap on", "trap off", and "flush": all messages sent to it so far have been noted. "end":
 * SIGTERM may end it, which waits for that, so that deaths come in the order that the scenario's
 * player wants.
 *
 * An attempt fails with exit status 7, before it is ready. A worker that traps is deaf to SIGTERM.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/pid.h"
#include "wire/field.h"
#include "wire/hello.h"

#define FAILED 7
#define CREDIT 1000000 /* all the messages that there will be */
#define BROKEN 99      /* nothing that a scenario asks for */

struct worker {
	const char *name, *folder, *fails, *pid;
	const char *on_term;
	bool trap;
	bool may_end, terminated; /* the order, and SIGTERM, have come */
	int orders, done, box, signals;
	uint64_t parent; /* its supervisor's pid */
	uint64_t last_ref;
	struct buf out;
	uint8_t datagram[WIRE_DATAGRAM_MAX];
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

/* For both directions: neither waits for the other side, and it never comes to an end here. */
static int open_fifo(const struct worker *w, const char *ending)
{
	char path[PATH_MAX];
	int fd;

	put_path(w, path, w->pid, ending);
	if (mkfifo(path, 0600) < 0)
		give_up(path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		give_up(path);
	return fd;
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

/* ---- messages ---- */

static void note(const struct worker *w, const struct wire_frame *frame)
{
	bool exit = frame->op == WIRE_EXIT;
	char path[PATH_MAX];
	int fd;

	put_path(w, path, "notes", "");
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || dprintf(fd, "%s %s %" PRIu64 " %.*s\n", w->pid, exit ? "EXIT" : "DOWN",
			      exit ? frame->from : frame->ref, (int)frame->payload_size,
			      (const char *)frame->payload) < 0)
		give_up(path);
	close(fd);
}

static void take_exit(const struct worker *w, const struct wire_frame *frame)
{
	char reason[256];

	if (frame->from != w->parent) {
		note(w, frame);
		return;
	}
	snprintf(reason, sizeof(reason), "%.*s", (int)frame->payload_size,
		 (const char *)frame->payload);
	if (strcmp(w->on_term, "obey") == 0)
		die(reason);
	if (strcmp(w->on_term, "ignore") != 0)
		die(w->on_term);
}

/* One datagram: its messages, and the answer to ref. False: none is there, or none will come. */
static bool take_datagram(struct worker *w, int flags, uint64_t ref, struct wire_frame *ret_answer)
{
	ssize_t size = recv(w->box, w->datagram, sizeof(w->datagram), flags);
	struct wire_frame frame;
	size_t cursor = 0;

	if (size <= 0)
		return false;
	while (wire_decode(w->datagram, (size_t)size, &cursor, &frame) == 1) {
		if (frame.op == WIRE_EXIT)
			take_exit(w, &frame);
		else if (frame.op == WIRE_DOWN)
			note(w, &frame);
		else if (ref && frame.ref == ref)
			*ret_answer = frame;
	}
	return true;
}

/* The answer to ref, with all that comes before it. Where there is none, its op is 0. */
static struct wire_frame take_answer(struct worker *w, uint64_t ref)
{
	struct wire_frame answer = {0};

	while (!answer.op && take_datagram(w, 0, ref, &answer))
		;
	return answer;
}

static void send_out(struct worker *w)
{
	if (send(w->box, w->out.data, w->out.size, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		give_up("SUP_FD");
	buf_clear(&w->out);
}

/* A request with at most one field, a text or (text NULL) a truth. */
static struct wire_frame ask(struct worker *w, const char *command, const char *field,
			     const char *text, bool on)
{
	uint64_t ref = ++w->last_ref | UINT64_C(1) << 62;
	struct wire_frame frame = wire_frame(WIRE_REQUEST, command, ref);
	struct wire_encoder e;

	wire_begin(&e, &w->out, &frame);
	if (field && text)
		field_put_text(&e, 0, field, text);
	else if (field)
		field_put_bool(&e, 0, field, on);
	if (wire_end(&e) < 0)
		give_up(command);
	send_out(w);
	return take_answer(w, ref);
}

static void send_frame(struct worker *w, const struct wire_frame *frame)
{
	struct wire_encoder e;

	wire_begin(&e, &w->out, frame);
	if (wire_end(&e) < 0)
		give_up("a frame");
	send_out(w);
}

static void open_box(struct worker *w)
{
	const struct wire_frame credit = {.op = WIRE_CREDIT, .ref = CREDIT};
	const char *fd = getenv("SUP_FD"), *path = getenv("SUP_NAME"), *pid;
	char parent[256] = "/";
	struct wire_frame answer;
	actor_pid parsed;

	if (!fd || !path || hello_put(&w->out) < 0)
		give_up("SUP_FD");
	w->box = atoi(fd);
	send_out(w);
	send_frame(w, &credit);
	if (strrchr(path, '/'))
		snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);
	answer = ask(w, "whereis", "target", parent, false);
	pid = field_text(&answer, "pid");
	if (!pid || actor_pid_parse(pid, &parsed) < 0)
		give_up("its supervisor's pid");
	w->parent = parsed.n;
}

/* ---- its life ---- */

static void carry_out(struct worker *w, char *line)
{
	char *verb = strtok(line, " "), *word = strtok(NULL, " "), *more = strtok(NULL, " ");
	struct wire_frame frame = {.op = WIRE_CANCEL, .flags = WIRE_FLUSH};
	actor_pid pid;

	if (strcmp(verb, "die") == 0)
		die(word);
	if (strcmp(verb, "end") == 0) {
		w->may_end = true;
		return;
	}
	if (strcmp(verb, "flush") == 0) {
		ask(w, "self", NULL, NULL, false);
	} else if (strcmp(verb, "monitor") == 0 && actor_pid_parse(word, &pid) == 0) {
		frame = (struct wire_frame){.op = WIRE_MONITOR, .to = pid.n};
		frame.ref = strtoull(more, NULL, 10);
		send_frame(w, &frame);
	} else if (strcmp(verb, "demonitor") == 0) {
		frame.ref = strtoull(word, NULL, 10);
		send_frame(w, &frame);
		take_answer(w, frame.ref);
	} else if (strcmp(verb, "trap") == 0) {
		w->trap = strcmp(word, "on") == 0;
		ask(w, "trap", "on", NULL, w->trap);
	} else {
		ask(w, verb, "target", word, false);
	}
	if (write(w->done, "\n", 1) != 1)
		give_up("done");
}

/* SIGTERM is blocked, and waits in w->signals. */
static void open_signals(struct worker *w)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	w->signals = signalfd(-1, &term, SFD_CLOEXEC);
	if (w->signals < 0)
		give_up("signalfd");
}

static void take_signal(struct worker *w)
{
	struct signalfd_siginfo info;

	if (read(w->signals, &info, sizeof(info)) < 0)
		give_up("signalfd");
	w->terminated = !w->trap;
}

_Noreturn static void end_by_signal(void)
{
	sigset_t all;

	kill(getpid(), SIGTERM);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	give_up("SIGTERM");
}

_Noreturn static void work(struct worker *w)
{
	struct pollfd fds[] = {{.fd = w->orders, .events = POLLIN},
			       {.fd = w->signals, .events = POLLIN},
			       {.fd = w->box, .events = POLLIN}};
	char line[256];

	for (;;) {
		if (poll(fds, 3, -1) < 0)
			give_up("poll");
		if (fds[1].revents)
			take_signal(w);
		if (fds[2].revents && !take_datagram(w, MSG_DONTWAIT, 0, NULL))
			fds[2].fd = -1;
		if (fds[0].revents) {
			next_order(w, line, sizeof(line));
			carry_out(w, line);
		}
		if (w->terminated && w->may_end)
			end_by_signal();
	}
}

int main(int argc, char **argv)
{
	static struct worker w;
	unsigned attempt;

	w.pid = getenv("SUP_PID");
	if (argc != 6 || !w.pid) {
		fputs("usage: otp_worker NAME FOLDER FAILS TRAP ONTERM, as a service\n", stderr);
		return 2;
	}
	w.name = argv[1];
	w.folder = argv[2];
	w.fails = argv[3];
	w.trap = strcmp(argv[4], "yes") == 0;
	w.on_term = argv[5];
	w.orders = open_fifo(&w, ".orders");
	w.done = open_fifo(&w, ".done");
	attempt = count_attempt(&w);
	if (wait_for_release(&w) || attempt_fails(w.fails, attempt))
		_exit(FAILED);
	open_signals(&w);
	open_box(&w);
	if (w.trap)
		ask(&w, "trap", "on", NULL, true);
	notify("READY=1");
	work(&w);
}
