/* SPDX-License-Identifier: MIT */

/* Memfds as payloads. Nothing of one is looked at before its seals and its size were checked. */

#include "lib/large.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int large_new(int *ret_fd)
{
	int fd = memfd_create("sup-payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int large_size(int fd, uint64_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int large_append(int fd, const void *data, size_t size)
{
	const char *at = data;
	uint64_t before = 0;
	int r = large_size(fd, &before);

	if (r < 0)
		return r;
	if (size > LARGE_MAX || before > LARGE_MAX - size)
		return -EFBIG;
	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int large_seal(int fd, uint64_t *ret_size)
{
	if (fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) < 0)
		return -errno;
	return large_size(fd, ret_size);
}

int large_map(int fd, uint64_t size, void **ret_data)
{
	int seals = fcntl(fd, F_GET_SEALS);
	void *data = NULL;
	uint64_t real = 0;

	if (seals < 0 || (seals & SEALS) != SEALS || large_size(fd, &real) < 0 || real != size)
		return -EPROTO;
	if (size)
		data = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	*ret_data = data;
	return 0;
}

void large_unmap(void *data, uint64_t size)
{
	if (data)
		munmap(data, (size_t)size);
}
