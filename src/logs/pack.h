/* SPDX-License-Identifier: MIT */
#ifndef LOGS_PACK_H
#define LOGS_PACK_H

/*
 * Packing a file and reading a packed one, the same for each library: a packer is a table of
 * functions, and no header of the library is seen outside the file that has the table.
 *
 * What is damaged or cut is read as far as it goes: the bytes in front of the damage are given, the
 * error comes with the next call, and stays.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logs/kinds.h"

struct packer {
	/* All of the file `from`, from its first byte, into `to`, from where that stands. 0,
	 * -ENOMEM, -errno of reading or writing. */
	int (*pack)(int from, int to);
	/* A reader, from the first byte of the file; NULL without memory. The fd is borrowed. */
	void *(*open)(int fd);
	/* Up to room bytes; none: the end. 0, -ENOMEM, -errno of reading, -EBADMSG where the bytes
	 * are damaged, -ENODATA where their end is missing. */
	int (*read)(void *reader, char *out, size_t room, size_t *ret_size);
	void (*close)(void *reader); /* takes NULL */
};

extern const struct packer gzip_packer, zstd_packer;

/* NULL for LOGS_PLAIN. */
const struct packer *pack_with(enum logs_packing packing);

/* ---- for packers ---- */

#define PACK_CHUNK 65536

/* What is read of a file, a piece at a time. */
struct pack_input {
	int fd;
	int64_t offset; /* of what comes next */
	size_t size;    /* of the piece in data */
	bool end;       /* it was the last */
	unsigned char data[PACK_CHUNK];
};

/* The next piece, of no bytes at the end. 0 or -errno. */
int pack_input_next(struct pack_input *input);
/* 0 or -errno. */
int pack_write(int fd, const void *data, size_t size);

#endif
