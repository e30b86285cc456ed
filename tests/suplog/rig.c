/* SPDX-License-Identifier: MIT */

#include "tests/suplog/rig.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "logs/name.h"

void rig_init(struct rig *r)
{
	rig_init_in(r, "/tmp", RIG_STREAMS);
}

void rig_init_in(struct rig *r, const char *where, int n)
{
	memset(r, 0, sizeof(*r));
	r->n = n;
	r->pipes = calloc((size_t)n, sizeof(*r->pipes));
	r->streams = calloc((size_t)n, sizeof(*r->streams));
	cr_assert(r->pipes && r->streams);
	snprintf(r->folder, sizeof(r->folder), "%s/suplog-test-XXXXXX", where);
	cr_assert_not_null(mkdtemp(r->folder));
	r->log_dir = r->folder;
	r->memfd = memfd_create("record", MFD_CLOEXEC);
	cr_assert_geq(r->memfd, 0);
	cr_assert_eq(pipe2(r->staging, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(r->scratch, O_CLOEXEC), 0);
	fcntl(r->scratch[0], F_SETPIPE_SZ, (int)KEEPER_BATCH_MAX);
	fcntl(r->staging[0], F_SETPIPE_SZ, 1 << 20);
	r->control = -1;
	for (int i = 0; i < n; i++)
		r->pipes[i][0] = r->pipes[i][1] = -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void rig_fini(struct rig *r)
{
	if (r->control >= 0)
		rig_kill(r);
	nftw(r->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	for (int i = 0; i < r->n; i++)
		for (int end = 0; end < 2; end++)
			if (r->pipes[i][end] >= 0)
				close(r->pipes[i][end]);
	free(r->pipes);
	free(r->streams);
	close(r->memfd);
	close(r->staging[0]);
	close(r->staging[1]);
	close(r->scratch[0]);
	close(r->scratch[1]);
}

static void send_with_fds(struct rig *r, const struct buf *data, const int *fds, size_t n)
{
	union {
		char bytes[CMSG_SPACE(5 * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {data->data, data->size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (n > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	cr_assert_eq(sendmsg(r->control, &msg, MSG_NOSIGNAL), (ssize_t)data->size, "%s",
		     strerror(errno));
}

static struct wire_encoder begin(struct buf *data, enum keeper_request request)
{
	struct wire_encoder e;
	struct wire_frame frame = wire_frame(WIRE_REQUEST, keeper_request_names[request], 0);

	wire_begin(&e, data, &frame);
	return e;
}

void rig_tell_stream(struct rig *r, int number, bool with_pipe)
{
	const struct rig_stream *s = &r->streams[number];
	CLEANUP(buf_fini) struct buf data = BUF_INIT;
	struct wire_encoder e = begin(&data, KEEPER_STREAM);

	field_put_int(&e, 0, "number", number);
	field_put_text(&e, 0, "name", s->name ? s->name : "test");
	field_put_text(&e, 0, "output", s->output ? s->output : "log");
	if (s->file)
		field_put_text(&e, 0, "file", s->file);
	field_put_text(&e, 0, "format", s->format ? s->format : "text");
	field_put_int(&e, 0, "size", s->size ? s->size : -1);
	field_put_int(&e, 0, "files", s->files ? s->files : -1);
	field_put_span(&e, 0, "age", s->age.ns ? s->age : SPAN_INFINITY);
	field_put_text(&e, 0, "packing", s->packing ? s->packing : "no");
	field_put_text(&e, 0, "overflow", s->overflow ? s->overflow : "block");
	field_put_int(&e, 0, "line_max", s->line_max ? s->line_max : 16384);
	if (s->match) {
		field_put_text(&e, 0, "match", s->match);
		field_put_int(&e, 0, "ref", s->ref);
	}
	field_put_bool(&e, 0, "show", s->show);
	field_put_int(&e, 0, "rate", s->rate);
	field_put_span(&e, 0, "rate_span", s->rate_span.ns ? s->rate_span : SPAN_S(3600));
	field_put_bool(&e, 0, "troubled", s->troubled);
	cr_assert_eq(wire_end(&e), 0);
	send_with_fds(r, &data, &r->pipes[number][0], with_pipe);
}

void rig_stream(struct rig *r, int number, const struct rig_stream *s)
{
	r->streams[number] = *s;
	r->streams[number].there = true;
	if (r->pipes[number][0] < 0)
		cr_assert_eq(pipe2(r->pipes[number], O_CLOEXEC), 0);
	if (r->control >= 0)
		rig_tell_stream(r, number, true);
}

static void tell_begin(struct rig *r)
{
	CLEANUP(buf_fini) struct buf data = BUF_INIT;
	struct wire_encoder e = begin(&data, KEEPER_BEGIN);
	int fds[] = {r->memfd, r->staging[0], r->staging[1], r->scratch[0], r->scratch[1]};

	if (r->log_dir)
		field_put_text(&e, 0, "log_dir", r->log_dir);
	field_put_int(&e, 0, "group", -1);
	field_put_text(&e, 0, "console", "no");
	field_put_int(&e, 0, "width", 8);
	cr_assert_eq(wire_end(&e), 0);
	send_with_fds(r, &data, fds, 5);
}

void rig_start(struct rig *r)
{
	const char *build = getenv("SUPD_BUILD");
	char path[256];
	int fds[2];
	struct rig_notice notice;

	snprintf(path, sizeof(path), "%s/suplog", build ? build : "build");
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	r->keeper = fork();
	cr_assert_geq(r->keeper, 0);
	if (r->keeper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fds[1] == KEEPER_FD)
			fcntl(KEEPER_FD, F_SETFD, 0);
		else
			dup2(fds[1], KEEPER_FD);
		if (r->prepare)
			r->prepare(r->argument);
		execl(path, "suplog", NULL);
		_exit(127);
	}
	close(fds[1]);
	r->control = fds[0];
	tell_begin(r);
	for (int i = 0; i < r->n; i++)
		if (r->streams[i].there)
			rig_tell_stream(r, i, true);
	rig_expect(r, KEEPER_READY, &notice);
}

static int reap(struct rig *r)
{
	int status;

	cr_assert_eq(waitpid(r->keeper, &status, 0), r->keeper);
	close(r->control);
	r->control = -1;
	return status;
}

void rig_kill(struct rig *r)
{
	kill(r->keeper, SIGKILL);
	reap(r);
}

int rig_finish(struct rig *r)
{
	struct rig_notice notice;

	rig_ask(r, KEEPER_FINISH, -1, 0);
	while (rig_hear(r, &notice, RIG_PATIENCE_MS))
		;
	return reap(r);
}

void rig_ask(struct rig *r, enum keeper_request request, int64_t number, int64_t ref)
{
	CLEANUP(buf_fini) struct buf data = BUF_INIT;
	struct wire_encoder e = begin(&data, request);

	if (number >= 0)
		field_put_int(&e, 0, "number", number);
	if (ref)
		field_put_int(&e, 0, "ref", ref);
	cr_assert_eq(wire_end(&e), 0);
	send_with_fds(r, &data, NULL, 0);
}

void rig_mark(struct rig *r, int number, int64_t ref, int64_t tail)
{
	rig_mark_at(r, number, ref, tail, -1);
}

void rig_mark_at(struct rig *r, int number, int64_t ref, int64_t tail, int64_t at)
{
	CLEANUP(buf_fini) struct buf data = BUF_INIT;
	struct wire_encoder e = begin(&data, KEEPER_MARK);

	field_put_int(&e, 0, "number", number);
	field_put_int(&e, 0, "ref", ref);
	field_put_int(&e, 0, "tail", tail);
	if (at >= 0)
		field_put_int(&e, 0, "at", at);
	cr_assert_eq(wire_end(&e), 0);
	send_with_fds(r, &data, NULL, 0);
}

static bool has_taken(const struct rig *r, int number, uint64_t bytes, bool open)
{
	off_t at = keeper_progress_at((uint32_t)number);
	struct keeper_progress p;

	return pread(r->memfd, &p, sizeof(p), at) == sizeof(p) && p.word == bytes << 1 &&
	       p.open == open;
}

void rig_await_taken(struct rig *r, int number, uint64_t bytes, bool open)
{
	for (int i = 0; !has_taken(r, number, bytes, open); i++) {
		cr_assert_lt(i, RIG_PATIENCE_MS);
		poll(NULL, 0, 1);
	}
}

void rig_watch(struct rig *r, int number, int64_t ref, const char *pattern)
{
	r->streams[number].match = pattern;
	r->streams[number].ref = ref;
	rig_tell_stream(r, number, false);
}

void rig_send(struct rig *r, const void *data, size_t size)
{
	cr_assert_eq(send(r->control, data, size, MSG_NOSIGNAL), (ssize_t)size);
}

bool rig_hear(struct rig *r, struct rig_notice *ret, int timeout_ms)
{
	struct pollfd fd = {.fd = r->control, .events = POLLIN};
	size_t cursor = 0;
	ssize_t n;

	if (poll(&fd, 1, timeout_ms) <= 0)
		return false;
	n = recv(r->control, ret->data, sizeof(ret->data), 0);
	if (n <= 0)
		return false;
	cr_assert_eq(wire_decode(ret->data, (size_t)n, &cursor, &ret->frame), 1);
	ret->kind = field_text(&ret->frame, "kind");
	ret->number = field_int(&ret->frame, "number", -1);
	cr_assert_not_null(ret->kind);
	return true;
}

void rig_expect(struct rig *r, enum keeper_notice kind, struct rig_notice *ret)
{
	while (rig_hear(r, ret, RIG_PATIENCE_MS))
		if (strcmp(ret->kind, keeper_notice_names[kind]) == 0)
			return;
	cr_assert_fail("no notice `%s` came", keeper_notice_names[kind]);
}

static void read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *to;
	ssize_t n;

	if (fd < 0)
		return;
	do {
		to = buf_reserve(out, 1 << 16);
		cr_assert_not_null(to);
		n = read(fd, to, 1 << 16);
		cr_assert_geq(n, 0);
		out->size += (size_t)n;
		out->data[out->size] = '\0';
	} while (n > 0);
	close(fd);
}

void rig_each_file(const struct rig *r, const char *file,
		   void (*act)(const char *path, void *context), void *context)
{
	struct logs_names old = {0};
	int dir = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[512], folder[512];
	const char *slash = strrchr(file, '/');
	int at;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - file) : 1,
		 slash ? file : ".");
	at = openat(dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at >= 0)
		cr_assert_eq(names_list(at, name_base(file), &old), 0);
	for (size_t i = 0; i < old.n; i++) {
		char *name = name_make(file, &old.names[i]);

		snprintf(path, sizeof(path), "%s/%s", r->folder, name);
		free(name);
		act(path, context);
	}
	snprintf(path, sizeof(path), "%s/%s", r->folder, file);
	act(path, context);
	names_fini(&old);
	close(at);
	close(dir);
}

static void act_read(const char *path, void *out)
{
	read_file(path, out);
}

void rig_read_log(const struct rig *r, const char *file, struct buf *out)
{
	rig_each_file(r, file, act_read, out);
}

static void act_count(const char *path, void *count)
{
	(void)path;
	++*(size_t *)count;
}

size_t rig_count_old(const struct rig *r, const char *file)
{
	size_t n = 0;

	rig_each_file(r, file, act_count, &n);
	return n - 1;
}

static void act_largest(const char *path, void *most)
{
	struct stat st;

	if (stat(path, &st) == 0 && (uint64_t)st.st_size > *(uint64_t *)most)
		*(uint64_t *)most = (uint64_t)st.st_size;
}

uint64_t rig_largest(const struct rig *r, const char *file)
{
	uint64_t most = 0;

	rig_each_file(r, file, act_largest, &most);
	return most;
}

long rig_status(const struct rig *r, const char *field)
{
	CLEANUP(buf_fini) struct buf status = BUF_INIT;
	char path[64], line[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)r->keeper);
	read_file(path, &status);
	snprintf(line, sizeof(line), "\n%s:", field);
	at = strstr(buf_text(&status), line);
	cr_assert_not_null(at, "%s has no %s", path, field);
	return atol(at + strlen(line));
}

void rig_strip(const struct buf *log, struct buf *out)
{
	const char *at = log->data, *end = log->data + log->size, *next;

	for (; at && at < end; at = next) {
		next = memchr(at, '\n', (size_t)(end - at));
		next = next ? next + 1 : end;
		cr_assert(next - at >= 29 && at[26] == 'Z' && at[4] == '-' &&
				  (at[27] == ' ' || at[27] == '+'),
			  "no stamp at %zd: %.*s", at - log->data, (int)MIN_OF(next - at, 80L), at);
		if (at[27] == '+' && out->size > 0 && out->data[out->size - 1] == '\n')
			out->size--;
		buf_append(out, at + 28, (size_t)(next - at - 28));
	}
}

void rig_expect_log(const struct rig *r, const char *file, bool stamped, const char *ought)
{
	CLEANUP(buf_fini) struct buf log = BUF_INIT, bare = BUF_INIT;

	rig_read_log(r, file, &log);
	if (stamped)
		rig_strip(&log, &bare);
	cr_assert_str_eq(buf_text(stamped ? &bare : &log), ought);
}

void rig_write(const struct rig *r, int number, const void *data, size_t size)
{
	const char *at = data;
	ssize_t n;

	for (; size > 0; at += n, size -= (size_t)n) {
		n = write(r->pipes[number][1], at, size);
		cr_assert_gt(n, 0);
	}
}

void rig_puts(const struct rig *r, int number, const char *text)
{
	rig_write(r, number, text, strlen(text));
}
