/* SPDX-License-Identifier: MIT */
#ifndef SUPD_REMOVER_H
#define SUPD_REMOVER_H

/*
 * Removes directory trees, whatever is in them, in slices between which the loop has its turn. A
 * tree is renamed first, so that its name is free at once, and shut off from whoever could change
 * it by name.
 *
 * Symbolic links are removed, never followed; what is mounted somewhere in a tree stays, and the
 * directories that lead there. Depth costs nothing: a directory in a directory is moved up to the
 * tree's top, so there are never more than two open.
 */

#include <sys/types.h>

#include "supd/loop.h"

struct remover;

struct remover *remover_new(struct loop *loop); /* NULL: no memory */
/* What is still to be removed is removed now, within a few seconds. Takes NULL. */
void remover_free(struct remover *remover);
/*
 * Removes the directory `name` in parent, where it is one and belongs to uid; else leaves it. shown
 * is its path, for the log. 0, or -errno: it is still there.
 */
int remover_add(struct remover *remover, int parent, const char *name, uid_t uid,
		const char *shown);

#endif
