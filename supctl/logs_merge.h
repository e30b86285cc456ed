/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_LOGS_MERGE_H
#define SUPCTL_LOGS_MERGE_H

/* Several logs as one, in the order of their lines' ranks: a heap of those that have a line in
 * hand. Of equal ranks that of the log that was named first comes first. */

#include "supctl/logs_series.h"
#include "supctl/logs_show.h"

struct log_merge {
	struct log_series **heap; /* owned; what it points to is borrowed */
	size_t n, room;
};

void log_merge_fini(struct log_merge *merge);
/* Room for that many. 0 or -ENOMEM. */
int log_merge_reserve(struct log_merge *merge, size_t n);
/* A log that may have a line, and that is not in the heap. 0 or -ENOMEM. */
int log_merge_add(struct log_merge *merge, struct log_series *s);
/* Shows all lines that there are, but for the first `skip`. 0, -ENOMEM; -EPIPE: nobody takes them.
 */
int log_merge_show(struct log_merge *merge, uint64_t skip, struct log_show *show);

#endif
