/* SPDX-License-Identifier: MIT */
#ifndef LIB_LARGE_H
#define LIB_LARGE_H

/*
 * Payloads too large for a datagram: a memfd that is written, then sealed, so that whoever gets it
 * can rely on what it says; and the other end of that.
 */

#include <stddef.h>
#include <stdint.h>

/* A frame's payload above this goes into a memfd: the frame fits a datagram whatever its tag. */
#define LARGE_FROM 61440
/* The daemon takes no larger ones. */
#define LARGE_MAX ((uint64_t)1 << 30)

/* A new, empty one, close-on-exec, owned by the caller. 0 or the errno of memfd_create. */
int large_new(int *ret_fd);
/* Appends all of data. 0 or the errno of write; -EFBIG: it would become larger than LARGE_MAX. */
int large_append(int fd, const void *data, size_t size);
/* Nothing changes it any more; its size. 0 or -errno. */
int large_seal(int fd, uint64_t *ret_size);

/*
 * Maps one that came with a frame that says its size. 0; -EPROTO: it is not sealed, or of another
 * size; or the errno of mmap. The mapping is the caller's, to be given to large_unmap(); it stays
 * when fd is closed. Of an empty one it is NULL.
 */
int large_map(int fd, uint64_t size, void **ret_data);
void large_unmap(void *data, uint64_t size); /* takes NULL */

#endif
