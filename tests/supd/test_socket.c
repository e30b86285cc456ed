/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/socket.h"
#include "tests/supd/folder.h"

/* A struct exec_listen owns its texts; here nothing writes to them. */
static struct exec_listen unix_at(char *path, enum listen_kind kind)
{
	return (struct exec_listen){.kind = kind, .address = path, .mode = 0640, .backlog = 5};
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	cr_assert_eq(lstat(path, &st), 0, "%s", path);
	return st.st_mode;
}

/* With its mode whatever the umask, close-on-exec, blocking; gone when it is closed. */
Test(socket, path)
{
	static const struct {
		enum listen_kind kind;
		int type;
	} rows[] = {{LISTEN_UNIX, SOCK_STREAM},
		    {LISTEN_UNIX_DGRAM, SOCK_DGRAM},
		    {LISTEN_UNIX_SEQPACKET, SOCK_SEQPACKET}};
	struct folder folder CLEANUP(folder_fini);
	char *path;

	folder_init(&folder);
	path = folder_at(&folder, "s");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exec_listen listen = unix_at(path, rows[i].kind);
		struct held_socket held;
		const char *why;
		int type;
		socklen_t size = sizeof(type);
		mode_t old = umask(077);

		cr_assert_eq(socket_make(&listen, "a", &held, &why), 0);
		cr_expect_eq(umask(old), 077, "our umask has changed");
		cr_expect_eq(mode_of(path), S_IFSOCK | 0640);
		cr_expect_eq(fcntl(held.fd, F_GETFD), FD_CLOEXEC);
		cr_expect_eq(fcntl(held.fd, F_GETFL) & O_NONBLOCK, 0);
		cr_assert_eq(getsockopt(held.fd, SOL_SOCKET, SO_TYPE, &type, &size), 0);
		cr_expect_eq(type, rows[i].type);
		cr_expect(socket_is_there(&held));
		socket_unmake(&held);
		cr_expect_eq(access(path, F_OK), -1);
		cr_expect_eq(held.fd, -1);
		socket_unmake(&held);
	}
}

/* What somebody else has put where it was is not ours to remove. */
Test(socket, path_of_another_stays)
{
	struct folder folder CLEANUP(folder_fini);
	struct held_socket first, second;
	struct exec_listen listen;
	const char *why;
	char *path;

	folder_init(&folder);
	path = folder_at(&folder, "s");
	listen = unix_at(path, LISTEN_UNIX);
	cr_assert_eq(socket_make(&listen, "a", &first, &why), 0);
	cr_expect_eq(socket_make(&listen, "a", &second, &why), -EADDRINUSE);
	cr_expect_str_eq(why, "a process listens there");
	cr_assert_eq(unlink(path), 0);
	cr_expect_not(socket_is_there(&first));
	cr_assert_eq(socket_make(&listen, "a", &second, &why), 0);
	socket_unmake(&first);
	cr_expect_eq(access(path, F_OK), 0);
	socket_unmake(&second);
}

Test(socket, fifo_that_is_there_is_used)
{
	struct folder folder CLEANUP(folder_fini);
	struct held_socket held;
	struct exec_listen listen;
	const char *why;
	char *path;

	folder_init(&folder);
	path = folder_at(&folder, "f");
	listen = unix_at(path, LISTEN_FIFO);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(socket_make(&listen, "a", &held, &why), 0);
	cr_expect_eq(mode_of(path), S_IFIFO | 0640);
	cr_expect_eq(fcntl(held.fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_RDWR);
	socket_unmake(&held);
	cr_assert_eq(symlink("/dev/null", path), 0);
	cr_expect_lt(socket_make(&listen, "a", &held, &why), 0, "through a link");
	cr_expect_str_eq(why, "what is there can not be used");
}

Test(socket, path_after_expansion_is_too_long)
{
	char path[] = "/tmp/%n%n%n%n%n%n%n%n%n%n";
	struct exec_listen listen = unix_at(path, LISTEN_UNIX);
	struct held_socket held;
	const char *why;

	cr_expect_eq(socket_make(&listen, "twelve/bytes", &held, &why), -ENAMETOOLONG);
	cr_expect_not_null(why);
}

Test(socket, abstract_has_no_path)
{
	char path[] = "@supd-test-%n";
	struct exec_listen listen = unix_at(path, LISTEN_UNIX);
	struct held_socket held, other;
	const char *why;
	char name[32];

	snprintf(name, sizeof(name), "a%d", (int)getpid());
	cr_assert_eq(socket_make(&listen, name, &held, &why), 0);
	cr_expect_null(held.path);
	cr_expect(socket_is_there(&held));
	cr_expect_eq(socket_make(&listen, name, &other, &why), -EADDRINUSE);
	socket_unmake(&held);
}
