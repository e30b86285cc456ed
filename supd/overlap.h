/* SPDX-License-Identifier: MIT */
#ifndef SUPD_OVERLAP_H
#define SUPD_OVERLAP_H

/*
 * A restart that overlaps (the key overlap, core/overlap.c): what is kept by slot, and belongs to
 * the service, goes from one slot to the other in the step in which the new incarnation takes the
 * place of the old one: the sockets that are held, the fd store, the care for its directories.
 * Until then the new one, which has its own record, is lent them.
 */

#include "supd/processes.h"

void overlap_on_notice(struct daemon *d, uint32_t slot, const struct link *link);
/* The fd store that a start of v's service gets: p's, or that of whose heir it is. 0, -errno. */
int overlap_hand_fds(struct daemon *d, struct process *p, const struct child_view *v,
		     struct handed *handed);

#endif
