/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_LOGS_FOLLOW_H
#define SUPCTL_LOGS_FOLLOW_H

/* More lines as they come, for ever, of logs that are not there yet as well. */

#include "supctl/logs_merge.h"

/* All that is read. */
struct log_set {
	struct log_places *places; /* borrowed */
	struct log_pool pool;
	struct log_series **all; /* owned, as each of them */
	size_t n;
	struct log_merge merge;
	struct log_show show;
	bool grows; /* more logs may come that are meant */
};

/* ---- logs_set.c ---- */

/* 0 or an exit status with the message printed. */
int log_set_open(struct log_set *set, struct log_places *places, const struct log_wish *wish);
void log_set_close(struct log_set *set);
/* Of the places from that one on, those that have a file, and are not there yet. 0 or -ENOMEM. */
int log_set_add(struct log_set *set, size_t first_place);
/* Shows what there is now. 0, -ENOMEM or -EPIPE. */
int log_set_show(struct log_set *set);

/* ---- logs_follow.c ---- */

/* -ENOMEM; -EPIPE: nobody takes what is shown. */
int log_set_follow(struct log_set *set);

#endif
