/* SPDX-License-Identifier: MIT */

/*
 * How a process finds its mailbox, and the handshake. The socket SUP_FD comes without close-on-exec
 * from supd; that it has it is the mark that it was opened before.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/pid.h"
#include "base/text.h"
#include "lib/connection.h"
#include "wire/hello.h"

#define SYSTEM_SOCKET "/run/supd/control"
/* A daemon that lives answers at once; one that stands still is not waited for without end. */
#define HELLO_TIMEOUT_MS 30000
/* Set in the refs of those who share a pid with the main process. */
#define REF_OF_HELPER ((uint64_t)1 << 63)

/* ---- the object ---- */

static int sup_new(enum role role, struct sup **ret_sup)
{
	struct sup *sup = calloc(1, sizeof(*sup));

	if (!sup)
		return -ENOMEM;
	sup->fd = -1;
	sup->role = role;
	sup->next_ref = 1;
	list_init(&sup->waiters);
	queue_init(&sup->queue);
	*ret_sup = sup;
	return 0;
}

static void sup_free(struct sup *sup)
{
	while (sup->n_fds_taken < sup->n_fds)
		close(sup->fds[sup->n_fds_taken++]);
	if (sup->fd >= 0)
		close(sup->fd);
	queue_fini(&sup->queue);
	buf_fini(&sup->out);
	buf_fini(&sup->error);
	buf_fini(&sup->reason);
	buf_fini(&sup->stop_reason);
	free(sup);
}

void sup_close(struct sup *sup)
{
	struct wire_frame goodbye = wire_frame(WIRE_GOODBYE, "", 0);

	if (!sup)
		return;
	if (sup->role == ROLE_GUEST)
		output_put(sup, &goodbye);
	if (!sup->closed)
		output_flush(sup, true);
	sup_free(sup);
}

/* ---- the socket ---- */

static int sup_connect(struct sup *sup, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	sup->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sup->fd < 0)
		return -errno;
	if (connect(sup->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}

/* The number in a variable of the environment, at most max. */
static int environment_number(const char *name, uint64_t max, uint64_t *ret_value)
{
	const char *text = getenv(name);

	return text && text_parse_u64(text, max, ret_value) == 0 ? 0 : -ENOTCONN;
}

static int sup_adopt(struct sup *sup)
{
	int flags, type;
	socklen_t size = sizeof(type);
	uint64_t fd;
	int r = environment_number("SUP_FD", INT32_MAX, &fd);

	if (r < 0)
		return r;
	if (getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
		return -ENOTCONN;
	flags = fcntl((int)fd, F_GETFD);
	if (flags < 0)
		return -errno;
	if (flags & FD_CLOEXEC)
		return -EBUSY;
	if (fcntl((int)fd, F_SETFD, flags | FD_CLOEXEC) < 0)
		return -errno;
	sup->fd = (int)fd;
	return 0;
}

/* ---- the handshake ---- */

static int token_parse(const char *text, uint8_t token[HELLO_TOKEN_SIZE])
{
	if (!text || strlen(text) != 2 * (size_t)HELLO_TOKEN_SIZE)
		return -ENOTCONN;
	for (size_t i = 0; i < HELLO_TOKEN_SIZE; i++) {
		char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};
		char *end;

		token[i] = (uint8_t)strtoul(digits, &end, 16);
		if (*end)
			return -ENOTCONN;
	}
	return 0;
}

static int sup_greet(struct sup *sup)
{
	struct mono deadline = deadline_in(HELLO_TIMEOUT_MS);
	int r = 0;

	while (!sup->greeted && r == 0) {
		r = wait_input(sup, deadline);
		if (r == -EINTR)
			r = 0;
	}
	return r;
}

/* The daemon's HELLO does not wait for ours: only an answer tells that it took the token. */
static int sup_check_token(struct sup *sup)
{
	sup_pid self;
	int r = sup_self(sup, &self);

	return r == -EPIPE ? -EKEYREJECTED : r;
}

/* Connects through the socket as the actor whose pid and token are in the environment. */
static int sup_open_helper(struct sup *sup)
{
	const char *path = getenv("SUP_SOCKET"), *pid_text = getenv("SUP_PID");
	uint8_t token[HELLO_TOKEN_SIZE];
	actor_pid pid;
	int r = token_parse(getenv("SUP_TOKEN"), token);

	if (r < 0)
		return r;
	if (!path || !pid_text || actor_pid_parse(pid_text, &pid) < 0)
		return -ENOTCONN;
	if (getrandom(&sup->next_ref, sizeof(sup->next_ref), 0) < 0)
		return -errno;
	/* Room to count up. */
	sup->next_ref = REF_OF_HELPER | (sup->next_ref >> 2);
	r = sup_connect(sup, path);
	if (r == 0)
		r = hello_put_helper(&sup->out, pid.n, token);
	if (r == 0)
		r = sup_greet(sup);
	return r == 0 ? sup_check_token(sup) : r;
}

static int sup_open_main(struct sup *sup)
{
	int r = sup_adopt(sup);

	if (r == 0)
		r = hello_put(&sup->out);
	if (r == 0)
		r = receive_report(sup);
	return r < 0 ? r : sup_greet(sup);
}

int sup_open(struct sup **ret_sup)
{
	uint64_t os_pid;
	bool is_main = getenv("SUP_FD") &&
		       environment_number("SUP_OS_PID", INT32_MAX, &os_pid) == 0 &&
		       (pid_t)os_pid == getpid();
	struct sup *sup;
	int r = sup_new(is_main ? ROLE_MAIN : ROLE_HELPER, &sup);

	if (r < 0)
		return r;
	r = is_main ? sup_open_main(sup) : sup_open_helper(sup);
	if (r < 0) {
		sup_free(sup);
		return r;
	}
	*ret_sup = sup;
	return 0;
}

/* As supctl(1) has it. */
static int default_socket(struct buf *path)
{
	const char *given = getenv("SUP_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");

	if (given && *given)
		return buf_puts(path, given);
	if (geteuid() != 0 && runtime && *runtime &&
	    buf_printf(path, "%s/supd/control", runtime) == 0) {
		if (access(buf_text(path), F_OK) == 0)
			return 0;
		buf_clear(path);
	}
	return buf_puts(path, SYSTEM_SOCKET);
}

int sup_open_guest(const char *path, struct sup **ret_sup)
{
	struct buf where CLEANUP(buf_fini) = BUF_INIT;
	struct sup *sup;
	int r = path ? buf_puts(&where, path) : default_socket(&where);

	if (r < 0)
		return r;
	r = sup_new(ROLE_GUEST, &sup);
	if (r < 0)
		return r;
	r = sup_connect(sup, buf_text(&where));
	if (r == 0)
		r = hello_put(&sup->out);
	if (r == 0)
		r = receive_report(sup);
	if (r == 0)
		r = sup_greet(sup);
	if (r < 0) {
		sup_free(sup);
		return r;
	}
	*ret_sup = sup;
	return 0;
}

int sup_fd(const struct sup *sup)
{
	return sup->fd;
}

int fail_without_words(struct sup *sup, int r)
{
	if (r < 0 && r != -EPIPE) {
		buf_clear(&sup->error);
		buf_clear(&sup->reason);
	}
	return r;
}

const char *sup_error(const struct sup *sup)
{
	return buf_text(&sup->error);
}

const char *sup_reason(const struct sup *sup)
{
	return buf_text(&sup->reason);
}
