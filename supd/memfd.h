/* SPDX-License-Identifier: MIT */
#ifndef SUPD_MEMFD_H
#define SUPD_MEMFD_H

/*
 * Payloads too large for a datagram: they come and go as memfds. The core knows each by a number,
 * which stands in the payload of its frame: the size in the low half, the number in the high half.
 * The daemon keeps the fd for as long as the core, or a connection that is about to send it, counts
 * on it.
 *
 * An fd is taken only where nobody can change what it says any more: a memfd sealed against
 * shrinking, growing and writing, whose size, as the kernel gives it, is what its frame says.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"
#include "base/map.h"

#define MEMFD_SIZE_MAX ((uint64_t)1 << 30)
/* Of one sender at a time, where that is not less than a quarter of all. */
#define MEMFDS_OF_SENDER 256

struct memfd {
	uint32_t number;
	uint32_t holds; /* the core's, and one for each connection that is about to send it */
	int fd;
	uint64_t sender; /* source of the connection that it came on */
};

struct memfds {
	struct map by_number; /* number -> struct memfd, owned */
	struct map of_sender; /* source -> how many, as a pointer's value */
	uint32_t last;        /* number */
	size_t n, most;       /* in all */
};

void memfds_init(struct memfds *m, size_t most);
/* Of one sender at a time. */
static inline size_t memfds_most_of_sender(const struct memfds *m)
{
	return MAX_OF(m->most / 4, (size_t)MEMFDS_OF_SENDER);
}
void memfds_fini(struct memfds *m); /* closes all */

/*
 * Takes over fd, which came from sender as a payload of that size. 0 with *ret_number and one hold;
 * -EINVAL: it is not what it should be; -EDQUOT: the sender, or all together, have too many;
 * -ENOMEM. fd is the caller's where it fails.
 */
int memfd_take(struct memfds *m, uint64_t sender, int fd, uint64_t size, uint32_t *ret_number);
struct memfd *memfd_hold(struct memfds *m, uint32_t number); /* NULL: there is no such one */
void memfd_release(struct memfds *m, uint32_t number);

#endif
