/* SPDX-License-Identifier: MIT */

#include "supd/what_if.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supd/rows.h"

/* The process ends itself before we end it. */
#define THINKS SPAN_S(7)
#define LIVES SPAN_S(10)
#define CPU_SECONDS 9
#define READ_SIZE 65536

struct what_if {
	struct conn *conn; /* borrowed */
	uint64_t ref;
	int fd;        /* owned; the reading end */
	int pidfd;     /* owned */
	bool reading;  /* the watcher runs */
	bool answered; /* its reply has been passed on */
	bool late;     /* we have killed it */
	struct loop_fd watcher;
	struct loop_timer timer;
	struct buf in; /* frames that are not whole yet */
};

/* ---- in the process that pretends ---- */

struct pretender {
	const struct conn *conn; /* borrowed, as all of the daemon: copies */
	const struct request_command *command;
	const struct pretend_what *what;
	uint64_t ref;
	int fd;
	struct buf out;
};

/* A pipe that nobody reads waits: we are killed then. */
static void pretender_flush(struct pretender *p)
{
	size_t done = 0;

	if (p->out.error)
		_exit(1);
	while (done < p->out.size) {
		ssize_t n = write(p->fd, p->out.data + done, p->out.size - done);

		if (n <= 0 && errno != EINTR)
			_exit(1);
		done += n > 0 ? (size_t)n : 0;
	}
	buf_clear(&p->out);
}

static void pretender_begin(struct pretender *p, struct wire_encoder *e, enum wire_op op)
{
	struct wire_frame frame = wire_frame(op, "", p->ref);

	wire_begin(e, &p->out, &frame);
}

static void pretender_end(struct pretender *p, struct wire_encoder *e)
{
	if (wire_end(e) == -ENOMEM)
		_exit(1);
	if (p->out.size >= READ_SIZE)
		pretender_flush(p);
}

static void on_notice(void *owner, const struct pretend_notice *n)
{
	struct pretender *p = owner;
	const struct core *core = p->conn->control->daemon->core;
	char text[REASON_FORMAT_MAX];
	const struct link *link = n->link;
	struct wire_encoder e;
	struct child_view v;

	pretender_begin(p, &e, WIRE_ROW);
	field_put_int(&e, 0, "seq", (int64_t)n->seq);
	field_put_span(&e, 0, "after", n->after);
	field_put_text(&e, 0, "kind", link_kind_names[link->kind]);
	field_put_text(&e, 0, "name", core_view(core, n->slot, &v) ? v.path : NULL);
	field_put_text(&e, 0, "reason",
		       link->reason.kind == REASON_NONE ? NULL
							: reason_format(&link->reason, text));
	if (n->cause)
		field_put_int(&e, 0, "cause", (int64_t)n->cause);
	else
		field_put_null(&e, 0, "cause");
	field_put_text(&e, 0, "cause_kind",
		       n->cause_kind == LINK_N_KINDS ? NULL : link_kind_names[n->cause_kind]);
	field_put_text(&e, 0, "cause_name", n->cause_name);
	field_put_text(&e, 0, "origin", link->cause.seq ? NULL : origin_names[link->cause.origin]);
	if (link->kind == LINK_BACKOFF)
		field_put_span(&e, FIELD_DETAIL, "delay", SPAN_MS(link->code));
	pretender_end(p, &e);
}

/* Only what was refused: what has happened is told by its changes. */
static void on_answer(void *owner, size_t i, const struct reply *reply)
{
	struct pretender *p = owner;
	struct pending pending = {.conn = (struct conn *)(uintptr_t)p->conn,
				  .command = p->command,
				  .target = (char *)(uintptr_t)p->what->targets[i]};
	struct buf error = BUF_INIT;
	struct wire_encoder e;

	if (request_answer_words(&pending, reply, &error) != STATUS_OK) {
		pretender_begin(p, &e, WIRE_ROW);
		field_put_text(&e, 0, "kind", "refused");
		field_put_text(&e, 0, "name", p->what->targets[i]);
		field_put_text(&e, 0, "error", buf_text(&error));
		pretender_end(p, &e);
	}
	buf_fini(&error);
}

static void on_result(void *owner, uint32_t slot, enum child_state before, uint64_t starts_before)
{
	struct pretender *p = owner;
	const struct core *core = p->conn->control->daemon->core;
	struct wire_encoder e;
	struct child_view v;
	uint32_t used;

	if (!core_view(core, slot, &v))
		return;
	pretender_begin(p, &e, WIRE_ROW);
	field_put_text(&e, 0, "kind", "result");
	field_put_text(&e, 0, "name", v.path);
	field_put_text(&e, 0, "state_before", child_state_name(before));
	field_put_text(&e, 0, "state", child_state_name(v.state));
	field_put_int(&e, 0, "starts", (int64_t)(v.starts - MIN_OF(starts_before, v.starts)));
	if (core_restarts_counted(core, slot, &used)) {
		field_put_int(&e, FIELD_DETAIL, "restarts_counted", used);
		field_put_int(&e, FIELD_DETAIL, "intensity", v.spec->intensity);
		field_put_span(&e, FIELD_DETAIL, "period", v.spec->period);
	}
	pretender_end(p, &e);
}

/* None of the daemon's fds but the pipe, no Unix signal, little of the machine. */
static void pretender_seclude(int fd)
{
	struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS}, none = {0, 0};
	sigset_t all;
	int score;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_NAME, "supd-what-if");
	/* Before all others, where memory is short. */
	score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (score >= 0 && write(score, "1000", 4) < 0)
		close(score);
	if (dup2(fd, 0) < 0)
		_exit(1);
	if (syscall(SYS_close_range, 1, ~0U, 0) < 0)
		for (int i = 1; i < (int)sysconf(_SC_OPEN_MAX); i++)
			close(i);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_FSIZE, &none);
	if (nice(10) < 0)
		errno = 0;
}

_Noreturn static void pretender_run(struct pretender *p)
{
	const struct pretend_hears hears = {
		.notice = on_notice, .answer = on_answer, .result = on_result, .owner = p};
	struct wire_encoder e;
	enum pretend_end end;

	pretender_seclude(p->fd);
	p->fd = 0;
	end = pretend_run(p->conn->control->daemon->core, p->what, &hears, loop_now, THINKS);
	pretender_begin(p, &e, WIRE_REPLY);
	field_put_int(&e, FIELD_HIDDEN, "status", STATUS_OK);
	field_put_text(&e, 0, "end", pretend_end_names[end]);
	pretender_end(p, &e);
	pretender_flush(p);
	_exit(0);
}

/* ---- in the daemon ---- */

static void what_if_free(struct what_if *w)
{
	struct control *control = w->conn->control;

	loop_timer_stop(control->daemon->loop, &w->timer);
	loop_fd_end(control->daemon->loop, &w->watcher, w->fd);
	close(w->fd);
	close(w->pidfd);
	buf_fini(&w->in);
	w->conn->what_if = NULL;
	control->n_what_ifs--;
	free(w);
}

void what_if_cancel(struct what_if *w)
{
	if (!w)
		return;
	syscall(SYS_pidfd_send_signal, w->pidfd, SIGKILL, NULL, 0);
	what_if_free(w);
}

/* Whole frames go on; false: it has written nonsense. */
static bool what_if_pass(struct what_if *w)
{
	size_t cursor = 0, end = 0;
	struct wire_frame frame;

	while (wire_decode(w->in.data, w->in.size, &cursor, &frame) == 1) {
		w->answered |= frame.op == WIRE_REPLY;
		conn_put_frames(w->conn, w->in.data + end, cursor - end);
		end = cursor;
	}
	memmove(w->in.data, w->in.data + end, w->in.size - end);
	w->in.size -= end;
	return w->in.size <= WIRE_DATAGRAM_MAX;
}

static void what_if_end(struct what_if *w)
{
	if (!w->answered)
		request_fail(w->conn, w->ref, STATUS_FAILED,
			     w->late ? "what-if: it would take more than 10 seconds to find out: "
				       "ask for less at a time"
				     : "what-if: the process that was to find out has ended early: "
				       "the host is short of memory, perhaps; nothing was changed");
	what_if_free(w);
}

static void what_if_read(void *owner, int fd, int events)
{
	struct what_if *w = owner;
	uint8_t *to;
	ssize_t n;

	(void)events;
	if (conn_is_full(w->conn)) {
		loop_fd_stop(w->conn->control->daemon->loop, &w->watcher);
		w->reading = false;
		return;
	}
	to = buf_reserve(&w->in, READ_SIZE);
	n = to ? read(fd, to, READ_SIZE) : -1;
	if (n < 0 && to && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		w->in.size += (size_t)n;
	if (n > 0 && what_if_pass(w))
		return;
	syscall(SYS_pidfd_send_signal, w->pidfd, SIGKILL, NULL, 0);
	what_if_end(w);
}

void what_if_continue(struct what_if *w)
{
	if (!w || w->reading || conn_is_full(w->conn))
		return;
	w->reading = true;
	loop_fd_start(w->conn->control->daemon->loop, &w->watcher, w->fd, LOOP_READ);
}

static void on_time(void *owner)
{
	struct what_if *w = owner;

	w->late = true;
	syscall(SYS_pidfd_send_signal, w->pidfd, SIGKILL, NULL, 0);
	what_if_end(w);
}

static int what_if_fork(struct conn *conn, struct pretender *p)
{
	struct what_if *w = calloc(1, sizeof(*w));
	int ends[2], r = 0;
	sigset_t all, before;
	pid_t child;

	if (!w || pipe2(ends, O_CLOEXEC) < 0) {
		r = w ? -errno : -ENOMEM;
		free(w);
		return r;
	}
	/* A handler of ours must not run in it, and wake our loop. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	child = fork();
	if (child == 0) {
		p->fd = ends[1];
		pretender_run(p);
	}
	r = child < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	w->pidfd = r < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
	if (r == 0 && w->pidfd < 0) {
		r = -errno;
		kill(child, SIGKILL); /* nobody has reaped it yet */
	}
	if (r < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
		close(ends[0]);
		free(w);
		return r;
	}
	w->conn = conn;
	w->ref = p->ref;
	w->fd = ends[0];
	w->watcher.call = what_if_read;
	w->timer.call = on_time;
	w->watcher.owner = w->timer.owner = w;
	conn->what_if = w;
	conn->control->n_what_ifs++;
	loop_timer_start(conn->control->daemon->loop, &w->timer, mono_add(loop_now(), LIVES));
	what_if_continue(w);
	return 0;
}

int what_if_start(struct conn *conn, const struct request_command *command, uint64_t ref,
		  const struct pretend_what *what)
{
	struct pretender p = {
		.conn = conn, .command = command, .what = what, .ref = ref, .out = BUF_INIT};

	return what_if_fork(conn, &p);
}
