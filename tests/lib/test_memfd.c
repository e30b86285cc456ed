/* SPDX-License-Identifier: MIT */

/* Payloads that come in memfds. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "peer.h"
#include "wire/number.h"

static int sealed(const void *data, size_t size, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert_eq(write(fd, data, size), (ssize_t)size);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void put_in_memfd(struct peer *p, uint64_t size, int fd)
{
	struct wire_frame frame = wire_frame(WIRE_MESSAGE, "big", 0);
	uint8_t bytes[8];

	number_store(bytes, size, 8);
	frame.to = 1;
	frame.flags = WIRE_MEMFD;
	peer_put(p, frame, bytes, 8);
	peer_send_fd(p, fd);
	close(fd);
}

/* Also where it fills its pages, a NUL follows. */
Test(memfd, a_payload_in_a_memfd)
{
	static char data[3 * 4096];
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct sup_message *m;

	memset(data, 'x', sizeof(data));
	put_in_memfd(p, sizeof(data),
		     sealed(data, sizeof(data), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
	cr_assert_eq(sup_receive(p->sup, NULL, 0, 0, 0, &m), 0);
	cr_expect_eq(m->size, sizeof(data));
	cr_expect_eq(memcmp(m->payload, data, sizeof(data)), 0);
	cr_expect_eq(((const char *)m->payload)[sizeof(data)], '\0');
	sup_message_free(m);
	peer_end(p);
}

Test(memfd, memfds_that_could_change)
{
	static const int seals[] = {0, F_SEAL_SHRINK, F_SEAL_SHRINK | F_SEAL_GROW};

	for (size_t i = 0; i < 3; i++) {
		struct peer *p = peer_new(PEER_WINDOW, 0);

		put_in_memfd(p, 3, sealed("abc", 3, seals[i]));
		cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "EPROTO");
		cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "EPIPE");
		peer_end(p);
	}
	struct peer *p = peer_new(PEER_WINDOW, 0);

	put_in_memfd(p, 4, sealed("abc", 3, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
	cr_expect_str_eq(peer_receive(p, NULL, 0, 0, 0), "EPROTO", "of another size");
	peer_end(p);
}
