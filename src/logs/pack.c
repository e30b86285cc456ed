/* SPDX-License-Identifier: MIT */

#include "logs/pack.h"

#include <errno.h>
#include <unistd.h>

const struct packer *pack_with(enum logs_packing packing)
{
	static const struct packer *const packers[LOGS_N_PACKINGS] = {
		[LOGS_PLAIN] = NULL,
		[LOGS_GZIP] = &gzip_packer,
		[LOGS_ZSTD] = &zstd_packer,
	};

	return packers[packing];
}

int pack_input_next(struct pack_input *input)
{
	ssize_t n;

	do
		n = pread(input->fd, input->data, sizeof(input->data), (off_t)input->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	input->size = (size_t)n;
	input->offset += n;
	input->end = n == 0;
	return 0;
}

int pack_write(int fd, const void *data, size_t size)
{
	const char *from = data;

	while (size > 0) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}
