/* SPDX-License-Identifier: MIT */

#include "tests/suplog/broken.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR offsetof(struct seccomp_data, nr)
/* splice(2)'s place in the file: there is none where it moves between pipes. */
#define OFF_OUT offsetof(struct seccomp_data, args[3])

#ifdef SYS_mkdir
#define NR_MKDIR SYS_mkdir
#else
#define NR_MKDIR SYS_mkdirat
#endif

static struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NR),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 8, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_MKDIR, 7, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 6, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ftruncate, 5, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_splice, 0, 5),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFF_OUT),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFF_OUT + 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static int make_filter(void)
{
	const struct sock_fprog program = {ARRAY_LEN(filter), filter};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

static void send_fd(int socket, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	if (sendmsg(socket, &msg, MSG_NOSIGNAL) < 0)
		_exit(126);
}

static int receive_fd(int socket)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	const struct cmsghdr *c;
	int fd = -1;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) <= 0)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* In the keeper's process. */
static void prepare(void *broken)
{
	const struct broken *b = broken;
	int fd = make_filter();

	if (fd < 0)
		_exit(126);
	send_fd(b->to_test[1], fd);
	close(fd);
}

static int error_for(struct broken *b, const struct seccomp_data *call)
{
	if (call->nr == NR_MKDIR) {
		while (atomic_load(&b->hangs))
			usleep(1000);
		return 0;
	}
	if (call->nr == SYS_ftruncate)
		return atomic_load(&b->cut_error);
	if (call->nr == SYS_renameat2)
		return call->args[4] ? atomic_load(&b->rename_error) : 0;
	return atomic_load(&b->write_error);
}

static void answer(struct broken *b, int fd)
{
	struct seccomp_notif asked = {0};
	struct seccomp_notif_resp reply = {0};
	int error;

	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
		return;
	error = error_for(b, &asked.data);
	if (error)
		atomic_fetch_add(&b->refused, 1);
	reply.id = asked.id;
	reply.error = -error;
	reply.flags = error ? 0 : (unsigned)SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

/* One keeper after the other. */
static void *run(void *broken)
{
	struct broken *b = broken;
	int fd;

	while ((fd = receive_fd(b->to_test[0])) >= 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		while (poll(&p, 1, -1) >= 0 && !(p.revents & (POLLHUP | POLLERR)))
			answer(b, fd);
		close(fd);
	}
	return NULL;
}

void broken_init(struct broken *b, struct rig *r)
{
	const unsigned action = SECCOMP_RET_USER_NOTIF;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		cr_skip_test("system calls cannot be held up here: %s", strerror(errno));
	*b = (struct broken){.write_error = 0};
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, b->to_test), 0);
	cr_assert_eq(pthread_create(&b->thread, NULL, run, b), 0);
	r->prepare = prepare;
	r->argument = b;
}

void broken_fini(struct broken *b)
{
	shutdown(b->to_test[1], SHUT_RDWR);
	pthread_join(b->thread, NULL);
	close(b->to_test[0]);
	close(b->to_test[1]);
}
