/* SPDX-License-Identifier: MIT */
#ifndef SUPD_RUN_TABLE_H
#define SUPD_RUN_TABLE_H

/*
 * run_dir/processes: which OS processes run, for the daemon that comes after one that was killed.
 * The file is locked for as long as its daemon lives: two daemons never share a run_dir.
 *
 *   header   128 bytes: magic, boot id, PID namespace, OS pid of the daemon
 *   entries   40 bytes each, by slot: spawn_stamp, actor pid, stop signal, patience
 *
 * It is mapped, and written in an order that makes it right at any instant: an entry counts while
 * its OS pid is not 0, and that is written last and cleared first. A reader trusts nothing in it:
 * an OS pid is ours only where the process of that number was started at the noted time in this
 * boot and PID namespace, or says so in its environment. A daemon that ends well takes the file
 * away.
 */

#include "supd/daemon.h"
#include "supd/spawn.h"

struct run_entry {
	struct spawn_stamp stamp;
	uint64_t actor;
	int32_t stop_signal;
	int32_t patience_ms; /* how long it is given after stop_signal */
};

/* What became of a dead predecessor's processes. */
struct predecessors {
	pid_t os_pid;   /* of the dead daemon; 0: there was none, or it ended well */
	unsigned ended; /* OS processes */
	unsigned left;  /* ... that did not go */
};

/*
 * Opens and locks the table in run_dir. 0; -EBUSY with *ret_owner, the OS pid of the daemon that
 * has it (0: not known); -errno.
 */
int run_table_open(const char *run_dir, struct run_table **ret_table, pid_t *ret_owner);
/* All has ended well: takes the file away. Takes NULL. */
void run_table_close(struct run_table *table);
/*
 * Ends what a dead predecessor left: its services' stop signals first, SIGKILL where their time is
 * up, or ten seconds. socket is SUP_SOCKET of its services. Then the table is empty and ours.
 */
void run_table_end_predecessors(struct run_table *table, const char *socket,
				struct predecessors *ret_found);

/* slot's entry, borrowed until the next call; NULL where the file has no room (or table is NULL).
 */
struct run_entry *run_table_entry(struct run_table *table, uint32_t slot);
/* Why it has no room for more: an errno, or 0. */
int run_table_error(const struct run_table *table);
/* Nothing is left of slot's process. Takes a NULL table. */
void run_table_clear(struct run_table *table, uint32_t slot);

/* predecessors.c: of n entries. */
void predecessors_end(const struct run_entry *entries, size_t n, const char *socket,
		      struct predecessors *found);

#endif
