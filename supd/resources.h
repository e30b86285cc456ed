/* SPDX-License-Identifier: MIT */
#ifndef SUPD_RESOURCES_H
#define SUPD_RESOURCES_H

/* What a service may use, as its keys say, and what it uses. */

#include "supd/processes.h"
#include "wire/field.h"

/*
 * Writes the limits of v's service into its cgroup; cgroup_fd 0: it has none. What can not be
 * enforced is told, once, and kept in p->not_enforced. 0, or under enforce = yes -errno of the
 * first such limit, whose name is then in object.
 */
int resources_apply(struct daemon *d, struct process *p, const struct child_view *v, int cgroup_fd,
		    struct buf *object);
/* p was started without that part of its set-up; what is new is told. */
void resources_note_setup(struct process *p, const struct child_view *v, uint32_t not_enforced);
/* What -errno means where a limit can not be enforced. */
const char *resources_error_text(int error);
/* The field not_enforced: names of keys; null where none was given. */
void resources_put(struct wire_encoder *e, const struct daemon *d, uint32_t slot,
		   const struct spec *spec);

/* -1: not known. What has ended counts where somebody has waited for it. */
struct usage {
	int64_t memory; /* bytes in RAM; without a memory controller those shared count for each */
	struct span cpu_time;
	int64_t tasks, fds, io_read, io_write;
	bool partial; /* there were too many processes to look at */
};

/* Of all processes of that slot's service, now. False: none runs. */
bool usage_find(const struct daemon *d, uint32_t slot, struct usage *ret_usage);
/* Of any one. False: it is gone. */
bool usage_find_one(pid_t os_pid, struct usage *ret_usage);
/* The fields memory, cpu_time, tasks, fds, io_read, io_write; NULL: nulls. */
void usage_put(struct wire_encoder *e, uint8_t flags, const struct usage *usage);

#endif
