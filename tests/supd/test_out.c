/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supd/out.h"
#include "wire/number.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static struct memfds memfds;
static struct out out;
static int ends[2];
static uint8_t datagram[2 * WIRE_DATAGRAM_MAX];
static int got_fds[2];

static void set_up(void)
{
	int size = WIRE_DATAGRAM_MAX;

	memfds_init(&memfds, 1000);
	out = (struct out){.bytes = BUF_INIT, .memfds = BUF_INIT};
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
		     0);
	cr_assert_eq(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
}

static void tear_down(void)
{
	out_fini(&out, &memfds);
	cr_assert_eq(memfds.n, 0, "a memfd is held for ever");
	memfds_fini(&memfds);
	close(ends[0]);
	close(ends[1]);
}

TestSuite(out, .init = set_up, .fini = tear_down);

/* A frame with that ref and so many bytes of payload, at the end of b. */
static void add_frame(struct buf *b, uint64_t ref, size_t payload)
{
	static const uint8_t zeros[WIRE_DATAGRAM_MAX];
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, "t", ref);
	struct wire_encoder e;

	wire_begin(&e, b, &frame);
	wire_put(&e, zeros, payload);
	cr_assert_eq(wire_end(&e), 0);
}

/* A unit of n frames with refs from first on. */
static void put_unit(uint64_t first, size_t n, size_t payload)
{
	struct buf b CLEANUP(buf_fini) = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		add_frame(&b, first + i, payload);
	cr_assert_eq(out_put(&out, b.data, b.size, &memfds), 0);
}

static void put_frame(uint64_t ref, size_t payload)
{
	static const uint8_t zeros[WIRE_DATAGRAM_MAX];
	struct wire_frame frame = wire_frame(WIRE_ROW, "", ref);
	struct wire_encoder e;

	out_begin(&out, &e, &frame);
	wire_put(&e, zeros, payload);
	cr_assert_eq(out_end(&out, &e), 0);
}

/* A unit whose payload lies in a memfd. */
static void put_memfd(uint64_t ref, off_t size)
{
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, "", ref);
	struct buf b CLEANUP(buf_fini) = BUF_INIT;
	int fd = memfd_create("payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct wire_encoder e;
	uint8_t payload[8];
	uint32_t number;

	cr_assert(ftruncate(fd, size) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0);
	cr_assert_eq(memfd_take(&memfds, 1, fd, (uint64_t)size, &number), 0);
	frame.flags = WIRE_MEMFD;
	number_store(payload, (uint64_t)size, 4);
	number_store(payload + 4, number, 4);
	wire_begin(&e, &b, &frame);
	wire_put(&e, payload, sizeof(payload));
	cr_assert_eq(wire_end(&e), 0);
	cr_assert_eq(out_put(&out, b.data, b.size, &memfds), 0);
	/* The core needs it no longer. */
	memfd_release(&memfds, number);
}

/* The refs of the next datagram as text, "1 2 3"; "" where there is none. */
static const char *receive(void)
{
	static char text[65536];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(64 * sizeof(int))];
	struct iovec part = {datagram, sizeof(datagram)};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(ends[1], &header, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&header);
	struct wire_frame frame;
	size_t cursor = 0, used = 0;

	text[0] = '\0';
	if (c && c->cmsg_type == SCM_RIGHTS) {
		cr_assert_eq(c->cmsg_len, CMSG_LEN(sizeof(got_fds)));
		memcpy(got_fds, CMSG_DATA(c), sizeof(got_fds));
	}
	while (n > 0 && wire_decode(datagram, (size_t)n, &cursor, &frame) == 1)
		used += (size_t)snprintf(text + used, sizeof(text) - used, used ? " %d" : "%d",
					 (int)frame.ref);
	cr_assert_leq(n, WIRE_DATAGRAM_MAX);
	return text;
}

Test(out, what_comes_together_leaves_together)
{
	put_frame(1, 10);
	put_unit(2, 2, 100);
	put_frame(4, 10);
	cr_assert_eq(out_send(&out, ends[0], &memfds), 0);
	cr_expect_str_eq(receive(), "1 2 3 4");
	cr_expect_str_eq(receive(), "");
	cr_expect_eq(out_size(&out), 0);
}

/* A unit goes into the next datagram as a whole; so does a frame that ends too late. */
Test(out, units_are_not_cut)
{
	put_unit(1, 3, 15000);
	put_unit(4, 2, 15000);
	put_frame(6, 30000);
	put_frame(7, 1);
	put_frame(8, 60000);
	cr_assert_geq(out_send(&out, ends[0], &memfds), 0);
	cr_expect_str_eq(receive(), "1 2 3");
	cr_expect_str_eq(receive(), "4 5 6 7");
	cr_assert_eq(out_send(&out, ends[0], &memfds), 0);
	cr_expect_str_eq(receive(), "8");
}

/* The kernel's buffer is small: what it does not take stays, in order, and nobody waits. */
Test(out, more_than_the_socket_takes)
{
	int next = 1, r;

	for (int i = 1; i <= 100; i++)
		put_unit((uint64_t)i, 1, 60000);
	do {
		const char *refs;

		r = out_send(&out, ends[0], &memfds);
		cr_assert(r == 0 || r == 1, "%d", r);
		if (next == 50)
			put_unit(101, 1, 60000);
		while (*(refs = receive()))
			cr_assert_eq(atoi(refs), next++, "%s", refs);
	} while (r == 1);
	cr_expect_eq(next, next > 101 ? 102 : 101);
	cr_expect_null(out.bytes.data);
}

Test(out, memfds_travel_with_their_frames)
{
	struct wire_frame frame;
	size_t cursor = 0;

	put_frame(1, 10);
	put_memfd(2, 5000);
	put_memfd(3, 6000);
	put_frame(4, 10);
	cr_assert_eq(out_send(&out, ends[0], &memfds), 0);
	cr_expect_eq(memfds.n, 0);
	cr_expect_str_eq(receive(), "1 2 3 4");
	for (int i = 0; wire_decode(datagram, sizeof(datagram), &cursor, &frame) == 1;) {
		off_t size;

		if (!(frame.flags & WIRE_MEMFD))
			continue;
		size = lseek(got_fds[i], 0, SEEK_END);
		cr_expect_eq(size, i ? 6000 : 5000);
		cr_expect_eq(number_load(frame.payload, 8), (uint64_t)size);
		close(got_fds[i++]);
	}
}

/* What was not sent holds its memfds until the connection goes (tear_down looks). */
Test(out, unsent_memfds_are_let_go)
{
	put_memfd(1, 1);
	put_memfd(2, 2);
	cr_expect_eq(memfds.n, 2);
}

Test(out, nobody_at_the_other_end)
{
	put_frame(1, 1);
	close(ends[1]);
	cr_expect_eq(out_send(&out, ends[0], &memfds), -EPIPE);
	ends[1] = dup(ends[0]);
}
