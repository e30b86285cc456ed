/* SPDX-License-Identifier: MIT */

/* Payloads in memfds: many of them on their way at once, and what becomes of their fds. */

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actor.h"
#include "wire/number.h"

RUN_SUITE(payloads);

#define PUPPET(path, name) "[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n"
#define LARGE 4096

static struct node *n;
static struct actor_end *a, *b;
static struct buf datagram;
static int fds[64];
static size_t n_fds;

static void begin(void)
{
	n = node_run(PUPPET("a", "a") PUPPET("b", "b"));
	sync_tree(n);
	a = actor_borrow(n, "a", false);
	b = actor_borrow(n, "b", false);
}

static void end(void)
{
	actor_close(a);
	actor_close(b);
	buf_fini(&datagram);
	node_end(n);
}

/* ---- datagrams ---- */

static void put(uint8_t op, uint8_t flags, uint64_t to, uint64_t ref, size_t size)
{
	static const uint8_t zeros[60000];
	struct wire_frame frame = wire_frame((enum wire_op)op, "", ref);
	struct wire_encoder e;

	frame.to = to;
	frame.flags = flags;
	wire_begin(&e, &datagram, &frame);
	wire_put(&e, zeros, size);
	cr_assert_eq(wire_end(&e), 0);
}

static int make_memfd(void)
{
	int fd = memfd_create("payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert(fd >= 0 && ftruncate(fd, LARGE) == 0);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
	return fd;
}

static void put_memfd(uint8_t op, uint64_t to, uint64_t ref)
{
	uint8_t payload[8];

	put(op, WIRE_MEMFD, to, ref, sizeof(payload));
	number_store((uint8_t *)datagram.data + datagram.size - 8, LARGE, 8);
	fds[n_fds++] = make_memfd();
}

static void send_all(struct actor_end *from)
{
	actor_send_bytes(from, datagram.data, datagram.size, fds, n_fds);
	buf_clear(&datagram);
	while (n_fds)
		close(fds[--n_fds]);
}

/* ---- the daemon's fds ---- */

static size_t memfds_of_supd(void)
{
	DIR *folder = opendir(keep_printf("/proc/%d/fd", (int)n->supd.os_pid));
	struct dirent *entry;
	size_t count = 0;

	cr_assert_not_null(folder);
	while ((entry = readdir(folder))) {
		char to[64] = "";

		if (readlinkat(dirfd(folder), entry->d_name, to, sizeof(to) - 1) > 0)
			count += strstr(to, "/memfd:payload") == to;
	}
	closedir(folder);
	return count;
}

/* More than its mailbox takes: the others wait, and all of them come. */
Test(payloads, two_hundred_wait_for_one_receiver)
{
	begin();
	for (int i = 0; i < 4; i++) {
		for (int j = 0; j < 50; j++)
			put_memfd(WIRE_MESSAGE, b->pid, 0);
		send_all(a);
	}
	actor_request(a, "ping", NULL, NULL, NULL, NULL);
	cr_expect_eq(memfds_of_supd(), 200);
	actor_credit(b, 1000);
	for (int i = 0; i < 200; i++) {
		struct wire_frame frame = actor_receive(b);

		cr_assert_eq(frame.op, WIRE_MESSAGE);
		cr_assert_eq(frame.flags, WIRE_MEMFD);
		cr_assert_gt(b->n_fds, 0);
	}
	actor_request(b, "ping", NULL, NULL, NULL, NULL);
	cr_expect_eq(memfds_of_supd(), 0);
	end();
}

/* Whatever it is that ends the connection in the middle of a datagram. */
Test(payloads, behind_a_broken_rule)
{
	static const uint8_t wrongs[] = {WIRE_CREDIT, WIRE_CALL, WIRE_MESSAGE};

	begin();
	for (size_t i = 0; i < ARRAY_LEN(wrongs); i++) {
		struct actor_end *guest = actor_guest(n);

		put(WIRE_MONITOR, 0, b->pid, 7, 0);
		if (wrongs[i] == WIRE_CREDIT)
			put(WIRE_CREDIT, 0, 99, 0, 0);
		else
			put_memfd(wrongs[i], wrongs[i] == WIRE_CALL ? b->pid : 0, 7);
		for (int j = 0; j < 3; j++)
			put_memfd(WIRE_MESSAGE, b->pid, 0);
		send_all(guest);
		cr_assert(actor_is_cut_off(guest));
		actor_close(guest);
		cr_expect_eq(memfds_of_supd(), 0, "%zu", i);
	}
	end();
}

static void call_directly(uint64_t n_calls)
{
	for (uint64_t ref = 1; ref <= n_calls; ref++)
		put(WIRE_CALL, WIRE_DIRECT, b->pid, ref, 0);
	send_all(a);
	for (uint64_t ref = 1; ref <= n_calls; ref++)
		cr_assert_eq(actor_receive(b).op, WIRE_CALL);
}

/* Of them a datagram takes 64 at most, whatever came together. */
Test(payloads, a_hundred_direct_answers)
{
	begin();
	actor_credit(b, 1000);
	call_directly(100);
	for (uint64_t ref = 1; ref <= 100; ref++) {
		put_memfd(WIRE_RESPONSE, a->pid, ref);
		if (ref % 50 == 0)
			send_all(b);
	}
	for (uint64_t ref = 1; ref <= 100; ref++)
		cr_assert_eq(actor_receive_op(a, WIRE_RESPONSE).ref, ref);
	actor_request(a, "ping", NULL, NULL, NULL, NULL);
	cr_expect_eq(memfds_of_supd(), 0);
	end();
}

/* An answer that goes past the mailbox may have to wait for the next turn, behind others. */
Test(payloads, direct_answers_behind_long_ones)
{
	enum { CALLS = 8 };

	begin();
	actor_credit(b, 1000);
	call_directly(CALLS);
	for (uint64_t ref = 1; ref < CALLS; ref++) {
		put(WIRE_RESPONSE, 0, a->pid, ref, 60000);
		send_all(b);
	}
	put_memfd(WIRE_RESPONSE, a->pid, CALLS);
	send_all(b);
	for (uint64_t ref = 1; ref <= CALLS; ref++)
		cr_assert_eq(actor_receive_op(a, WIRE_RESPONSE).ref, ref);
	cr_expect_eq(a->n_fds, 1);
	actor_request(a, "ping", NULL, NULL, NULL, NULL);
	cr_expect_eq(memfds_of_supd(), 0);
	end();
}
