/* SPDX-License-Identifier: MIT */

#include "supd/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void memfds_init(struct memfds *m, size_t most)
{
	*m = (struct memfds){.most = most};
}

void memfds_fini(struct memfds *m)
{
	for (size_t i = 0; i < m->by_number.capacity; i++) {
		struct memfd *memfd =
			m->by_number.slots[i].key ? m->by_number.slots[i].value : NULL;

		if (!memfd)
			continue;
		close(memfd->fd);
		free(memfd);
	}
	map_fini(&m->by_number);
	map_fini(&m->of_sender);
}

/* ---- whose ---- */

static uintptr_t memfds_of(const struct memfds *m, uint64_t sender)
{
	return (uintptr_t)map_get(&m->of_sender, sender);
}

static int memfds_count(struct memfds *m, uint64_t sender, uintptr_t n)
{
	if (n)
		return map_set(&m->of_sender, sender, (void *)n);
	map_remove(&m->of_sender, sender);
	return 0;
}

/* ---- one ---- */

static bool memfd_is_sound(int fd, uint64_t size)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &st) == 0 && st.st_size >= 0 &&
	       (uint64_t)st.st_size == size && size <= MEMFD_SIZE_MAX;
}

/* Numbers come again after four thousand million of them: one that is still in use is passed over.
 */
static uint32_t memfds_next(struct memfds *m)
{
	do
		m->last++;
	while (m->last == 0 || map_get(&m->by_number, m->last));
	return m->last;
}

int memfd_take(struct memfds *m, uint64_t sender, int fd, uint64_t size, uint32_t *ret_number)
{
	uintptr_t n = memfds_of(m, sender);
	struct memfd *memfd;

	if (!memfd_is_sound(fd, size))
		return -EINVAL;
	if (n >= memfds_most_of_sender(m) || m->n >= m->most)
		return -EDQUOT;
	memfd = calloc(1, sizeof(*memfd));
	if (!memfd || map_reserve(&m->by_number, m->n + 1) < 0 ||
	    memfds_count(m, sender, n + 1) < 0) {
		free(memfd);
		return -ENOMEM;
	}
	*memfd = (struct memfd){
		.number = memfds_next(m),
		.holds = 1,
		.fd = fd,
		.sender = sender,
	};
	map_set(&m->by_number, memfd->number, memfd);
	m->n++;
	*ret_number = memfd->number;
	return 0;
}

struct memfd *memfd_hold(struct memfds *m, uint32_t number)
{
	struct memfd *memfd = number ? map_get(&m->by_number, number) : NULL;

	if (memfd)
		memfd->holds++;
	return memfd;
}

void memfd_release(struct memfds *m, uint32_t number)
{
	struct memfd *memfd = number ? map_get(&m->by_number, number) : NULL;

	if (!memfd || --memfd->holds > 0)
		return;
	map_remove(&m->by_number, number);
	memfds_count(m, memfd->sender, memfds_of(m, memfd->sender) - 1);
	m->n--;
	close(memfd->fd);
	free(memfd);
}
