/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_PLACE_H
#define SUPLOG_PLACE_H

/*
 * A log file and its old ones: opened below the log folder, written at its end, rotated by rename.
 *
 * All of it may wait for a disk, so it is called without the keeper's lock and touches nothing but
 * its own struct. No path component below the log folder may be a symlink, and no folder and no
 * file may belong to another user than root and ourselves: else whoever may write there would have
 * us write where he may not.
 *
 * The file may be cut short, written to, renamed or removed by anybody at any time. Before each
 * batch place_look() finds out: a removed one is made anew, else its end is where we go on. That it
 * was renamed costs a look at the folder, and is found within a second.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "suplog/fault.h"

struct place_root {
	int dir;     /* the log folder; owned; -1: not open */
	char *path;  /* its name; owned; NULL: there are no files */
	gid_t group; /* of files and folders; (gid_t)-1: as they come */
};

struct place {
	const struct place_root *root; /* borrowed */
	char *file;                    /* owned; below the root */
	int fd;                        /* owned; -1: closed */
	uint64_t dev, ino;
	uint64_t offset;      /* where we write; its end, as far as we know */
	uint64_t since;       /* ns since 1970 UTC: of its first byte; 0: empty */
	struct mono named_at; /* when it was last seen to have its name */
	bool torn;            /* behind offset is what could not be taken back */
};

/* Opens the log folder, of which path and group are set, and makes it where it is missing. 0 or
 * -errno with the fault. */
int place_root_open(struct place_root *root, struct fault *fault);
/* It was removed since. */
bool place_root_is_gone(const struct place_root *root);
void place_root_close(struct place_root *root);

int place_init(struct place *p, const struct place_root *root, const char *file);
void place_fini(struct place *p);
void place_close(struct place *p);

/* The file is open, was not removed, and offset is its end. What is left of a batch that failed is
 * cut off first. */
int place_look(struct place *p, struct fault *fault);
/* As place_look, but first cuts the file to offset where it is still that inode's. */
int place_recover(struct place *p, uint64_t dev, uint64_t ino, uint64_t offset,
		  struct fault *fault);

/* Appends all or nothing. */
int place_write(struct place *p, const void *data, size_t size, struct fault *fault);
/* Appends n bytes of a pipe, which has them, all or nothing; on failure some may be left in it. */
int place_splice(struct place *p, int pipe, size_t n, struct fault *fault);

/*
 * Renames the file to its old name and closes it; keeps `keep` old ones (UINT32_MAX: all). The new
 * file, which has no bytes yet, is made by the next place_look(). ret_name: the old file, below the
 * root; the caller's to free; NULL where keep is 0.
 */
int place_rotate(struct place *p, uint32_t keep, char **ret_name, struct fault *fault);

/* The last bytes of the file, at most size, appended to out. */
int place_tail(struct place *p, size_t size, struct buf *out);

#endif
