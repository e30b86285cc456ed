/* SPDX-License-Identifier: MIT */

/*
 * The terminal changes no byte (no OPOST) and echoes nothing: nobody types. Once every process has
 * closed it the kernel says so at each look, so it is not looked at any more.
 */

#include "supd/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "core/exec.h"
#include "supd/log.h"
#include "supd/streams.h"

/* Read at a time; a pipe that has room takes all of it. */
#define CHUNK PIPE_BUF
/* Chunks passed on at the end of a service before others have their turn. */
#define LAST_CHUNKS 256

struct tty {
	struct loop *loop; /* borrowed */
	int master, slave; /* owned; -1: closed */
	int out;           /* where to write; owned unless it is standard output; -1: nowhere */
	bool socket;       /* out is one */
	bool polls;        /* out may make a writer wait */
	bool ended;        /* nothing comes after what is there */
	struct loop_fd reader, writer;
	size_t size; /* of data, not written yet */
	char data[CHUNK];
};

/* ---- passing on ---- */

static void close_all(struct tty *t)
{
	loop_fd_stop(t->loop, &t->reader);
	loop_fd_stop(t->loop, &t->writer);
	if (t->master >= 0)
		close(t->master);
	if (t->slave >= 0)
		close(t->slave);
	if (t->out > STDERR_FILENO)
		close(t->out);
	t->master = t->slave = t->out = -1;
	t->size = 0;
}

static ssize_t write_some(struct tty *t)
{
	struct pollfd p = {.fd = t->out, .events = POLLOUT};

	if (t->socket)
		return send(t->out, t->data, t->size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (t->polls && poll(&p, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(t->out, t->data, t->size);
}

/* False: there is no room for all of it. What can not be written at all is lost. */
static bool pass_on(struct tty *t)
{
	while (t->size && t->out >= 0) {
		ssize_t n = write_some(t);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0) {
			t->size -= (size_t)n;
			for (size_t i = 0; i < t->size; i++)
				t->data[i] = t->data[i + (size_t)n];
		}
	}
	t->size = 0;
	return true;
}

/* False: nothing is there now. */
static bool take(struct tty *t)
{
	ssize_t n = read(t->master, t->data, sizeof(t->data));

	t->size = n > 0 ? (size_t)n : 0;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		loop_fd_stop(t->loop, &t->reader);
	return n > 0;
}

static void wait_for_room(struct tty *t)
{
	loop_fd_stop(t->loop, &t->reader);
	loop_fd_start(t->loop, &t->writer, t->out, LOOP_WRITE);
}

static void on_output(void *owner, int fd, int events)
{
	struct tty *t = owner;

	(void)fd, (void)events;
	if (take(t) && !pass_on(t))
		wait_for_room(t);
}

/* What is there, up to a good deal of it. */
static void pass_on_rest(struct tty *t)
{
	for (int i = 0; i < LAST_CHUNKS; i++) {
		if (!pass_on(t)) {
			wait_for_room(t);
			return;
		}
		if (!take(t))
			break;
	}
	close_all(t);
}

static void on_room(void *owner, int fd, int events)
{
	struct tty *t = owner;

	(void)fd, (void)events;
	if (!pass_on(t))
		return;
	loop_fd_stop(t->loop, &t->writer);
	if (t->ended)
		pass_on_rest(t);
	else
		loop_fd_start(t->loop, &t->reader, t->master, LOOP_READ);
}

/* ---- where it goes ---- */

/* Pipes and terminals are opened anew: whoever else has them sees no difference. */
static void use_our_output(struct tty *t)
{
	struct stat st;

	t->out = STDOUT_FILENO;
	if (fstat(STDOUT_FILENO, &st) < 0 || S_ISREG(st.st_mode))
		return;
	t->socket = S_ISSOCK(st.st_mode);
	if (t->socket)
		return;
	t->out = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	t->polls = t->out < 0;
	if (t->out < 0)
		t->out = STDOUT_FILENO;
}

/* Ours, while the service's are in their place: otherwise ours would count. */
struct our_groups {
	gid_t *groups; /* owned */
	int n;
};

/* 0, or -errno with nothing changed. */
static int lend_groups(struct our_groups *ours, const struct spawn_identity *ids)
{
	if (!ids->set_groups)
		return 0;
	ours->n = getgroups(0, NULL);
	ours->groups = ours->n < 0 ? NULL : calloc((size_t)ours->n + 1, sizeof(gid_t));
	if (!ours->groups)
		return -ENOMEM;
	ours->n = getgroups(ours->n, ours->groups);
	if (ours->n >= 0 && setgroups(ids->n_groups, ids->groups) == 0)
		return 0;
	free(TAKE(ours->groups));
	return -EPERM;
}

static void take_groups_back(struct our_groups *ours)
{
	if (ours->groups && setgroups((size_t)ours->n, ours->groups) < 0)
		log_line(LOG_AT_ERROR, "the daemon's own groups: %s", strerror(errno));
	free(ours->groups);
}

static int open_path(const struct preparation *prep, int top)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW |
			 O_CLOEXEC,
		.mode = 0666,
		.resolve = RESOLVE_IN_ROOT,
	};
	const char *path = prep->request.output.path;
	int fd;

	if (prep->setup.chroot)
		fd = (int)syscall(SYS_openat2, top, path, &how, sizeof(how));
	else
		fd = open(path, (int)how.flags, 0666);
	return fd < 0 ? -errno : fd;
}

/* As the service's user, where that is another. An fd or -errno. */
static int open_file(const struct preparation *prep)
{
	const struct spawn_identity *ids = &prep->identity.ids;
	const char *root = prep->setup.chroot ? prep->setup.chroot : "/";
	int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct our_groups ours = {0};
	int fd;

	if (top < 0)
		return -errno;
	fd = lend_groups(&ours, ids);
	if (fd == 0) {
		setfsgid(ids->gid);
		setfsuid(ids->uid);
		fd = open_path(prep, top);
		setfsuid(geteuid());
		setfsgid(getegid());
		take_groups_back(&ours);
	}
	close(top);
	return fd;
}

static int use_file(struct tty *t, const struct preparation *prep)
{
	int fd = open_file(prep);
	struct stat st;

	if (fd < 0)
		return fd;
	t->out = fd;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

/* A place of its own in the stream's pipe, where writing never waits. */
static int use_stream(struct tty *t, int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	t->out = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	t->polls = t->out < 0;
	if (t->out < 0)
		t->out = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return t->out < 0 ? -errno : 0;
}

static int find_output(struct tty *t, const struct process *p, const struct exec *exec,
		       struct preparation *prep, enum start_step *ret_step)
{
	int stream = streams_output(p);
	int r = 0;

	switch (exec->standard_output.kind) {
	case OUTPUT_LOG:
	case OUTPUT_SYSLOG:
	case OUTPUT_INHERIT:
		if (stream >= 0)
			r = use_stream(t, stream);
		else
			use_our_output(t);
		break;
	case OUTPUT_FILE:
		*ret_step = STEP_STDOUT;
		buf_puts(&prep->object, prep->request.output.path);
		r = use_file(t, prep);
		break;
	case OUTPUT_NULL:
	case OUTPUT_SAME:
	case OUTPUT_N_KINDS:
		break;
	}
	return r;
}

/* ---- the terminal ---- */

static int set_terminal(int slave, const struct spawn_identity *ids)
{
	const struct winsize window = {.ws_row = 24, .ws_col = 80};
	struct termios settings;

	if (tcgetattr(slave, &settings) < 0)
		return -errno;
	settings.c_oflag &= ~(tcflag_t)OPOST;
	settings.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(slave, TCSANOW, &settings) < 0 || ioctl(slave, TIOCSWINSZ, &window) < 0)
		return -errno;
	if (ids->set_uid && (fchown(slave, ids->uid, (gid_t)-1) < 0 || fchmod(slave, 0600) < 0))
		return -errno;
	return 0;
}

static int open_terminal(struct tty *t, const struct spawn_identity *ids)
{
	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (t->master < 0 || unlockpt(t->master) < 0)
		return -errno;
	t->slave = ioctl(t->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return t->slave < 0 ? -errno : set_terminal(t->slave, ids);
}

static struct tty *tty_new(struct loop *loop)
{
	struct tty *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->loop = loop;
	t->master = t->slave = t->out = -1;
	t->reader.call = on_output;
	t->writer.call = on_room;
	t->reader.owner = t->writer.owner = t;
	return t;
}

void tty_free(struct tty *t)
{
	if (!t)
		return;
	if (t->ended && t->master >= 0)
		pass_on_rest(t);
	close_all(t);
	free(t);
}

int tty_open(struct daemon *d, struct process *p, const struct child_view *v,
	     enum start_step *ret_step)
{
	struct preparation *prep = &d->processes->preparation;
	const struct exec *exec = v->spec->exec;
	int r;

	if (!exec->setup || !exec->setup->tty)
		return 0;
	tty_free(p->tty);
	p->tty = tty_new(d->loop);
	*ret_step = STEP_TTY;
	buf_clear(&prep->object);
	r = p->tty ? open_terminal(p->tty, &prep->identity.ids) : -ENOMEM;
	if (r == 0)
		r = find_output(p->tty, p, exec, prep, ret_step);
	else
		buf_puts(&prep->object, "/dev/ptmx");
	if (r < 0) {
		tty_started(p, false);
		return r;
	}
	prep->setup.terminal = p->tty->slave;
	prep->request.output = (struct spawn_stream){SPAWN_TO_FD, p->tty->slave, NULL};
	if (exec->standard_error.kind == OUTPUT_SAME)
		prep->request.error = prep->request.output;
	return 0;
}

void tty_started(struct process *p, bool good)
{
	struct tty *t = p->tty;

	if (!t)
		return;
	if (!good) {
		tty_free(t);
		p->tty = NULL;
		return;
	}
	close(t->slave);
	t->slave = -1;
	loop_fd_start(t->loop, &t->reader, t->master, LOOP_READ);
}

void tty_end(struct process *p)
{
	struct tty *t = p->tty;

	if (!t || t->master < 0)
		return;
	t->ended = true;
	loop_fd_stop(t->loop, &t->reader);
	loop_fd_stop(t->loop, &t->writer);
	pass_on_rest(t);
}
