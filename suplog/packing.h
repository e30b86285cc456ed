/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_PACKING_H
#define SUPLOG_PACKING_H

/*
 * Old files are packed in the background: by a thread with the lowest priority there is, one file
 * at a time, in the order they came.
 *
 *   1  pack NAME into NAME.zst.tmp, with NAME's owner, mode and time
 *   2  fsync it, rename it to NAME.zst
 *   3  remove NAME
 *
 * Whatever ends the process or the machine in between, NAME is there, or NAME.zst is, whole. Before
 * 3 both may be: then the next packing of NAME begins with 1 again, and ends well.
 */

#include <stdbool.h>

#include "base/clock.h"
#include "base/macros.h"
#include "logs/kinds.h"

struct packing;

/* Something that could not be packed stays as it is. Called by the thread; once until something can
 * be again. */
typedef void packing_failed(void *owner, const char *file, int error);

/* The thread is made with the first file. NULL without memory. dir: a fd, borrowed; files are below
 * it. */
struct packing *packing_new(int dir, packing_failed *failed, void *owner);
/*
 * Forgets the files that wait, waits for the one that is being packed, at most so long, and frees
 * it; packing_failed is not called any more. False: it is in the midst of one still; then nothing
 * is freed, and the process can only end. What is unfinished is made again by the next.
 */
bool packing_end(struct packing *packing, struct span wait); /* takes NULL */

/* Packs an old file; `file` is copied. One that is gone when its turn comes is no error. 0,
 * -ENOMEM, or -errno without a thread. */
int packing_add(struct packing *packing, const char *file, enum logs_packing with);
/*
 * All old files of a log that are not packed yet, as they were left by a process before this one;
 * its unfinished ones are removed. Not while one of its own files may be at hand. 0 or -errno.
 */
int packing_add_left(struct packing *packing, const char *log, enum logs_packing with);

/* Packs one file, now. For the thread, and for tests. */
int packing_pack(int dir, const char *file, enum logs_packing with);

#endif
