/* SPDX-License-Identifier: MIT */
#ifndef SUPD_CGROUPS_H
#define SUPD_CGROUPS_H

/*
 * A cgroup for each service, so that whatever comes of it is known for its own, and ended with it.
 *
 *   OWN/                        the daemon's own cgroup, as it was started in
 *   OWN/supd-OSPID-XXXXXXXX/    made by it, locked (flock) for as long as it lives
 *     web!api.service/          a service's, while it runs or is about to run again
 *
 * Nothing above OWN/supd-* is changed, and nothing of what others have in OWN: no controller is
 * needed to know and to end what is in a cgroup, so the daemon stays where it is. Its cgroup is
 * noted in run_dir/cgroup, for the daemon that comes after one that was killed. No fd is held for a
 * service. Where this is not possible, services are known by group, session and ancestry
 * (sweep.c); status says so.
 */

#include "supd/daemon.h"
#include "supd/run_table.h"

struct cgroups;
struct process;

/*
 * As the key cgroup of [supd] says. 0: d->cgroups is there, or they are not to be had and need not
 * be; 1, told, where they are required; -ENOMEM.
 */
int cgroups_open(struct daemon *d);
/* All that is left in them is killed; takes a daemon without. */
void cgroups_kill_all(struct daemon *d);
/* They are removed. Takes a daemon without. */
void cgroups_close(struct daemon *d);
/* Kills what is in those of a daemon that was killed, and removes them; adds to *found. */
void cgroups_end_predecessor(const char *run_dir, struct predecessors *found);
/* Removes empty ones that dead daemons have left in that folder. */
void cgroups_remove_stale(int own_fd);

/*
 * Makes the cgroup of p's service where it is not there. 0 with an fd in *ret_fd for
 * spawn_request.cgroup_fd, which the caller closes, or with 0: it is to go without. -errno where it
 * must not.
 */
int cgroups_enter(struct daemon *d, struct process *p, const struct child_view *v, int *ret_fd);
/* A process could not be put there. True: it is to go without one. */
bool cgroups_refused(struct daemon *d, int error);
/* True where nothing of p is left in its cgroup; else what is there is killed, and its end leads to
 * reap_settle(). */
bool cgroups_settle(struct daemon *d, struct process *p);
void cgroups_kill(struct daemon *d, struct process *p);
/* Nothing runs in it: it is removed, at once or in a while. */
void cgroups_leave(struct daemon *d, struct process *p, bool at_once);
void cgroups_forget(struct daemon *d, struct process *p);

/* For its limits; d has cgroups. */
struct cgroup_control *cgroups_control(const struct daemon *d);
/* What p->cgroup is in; d has cgroups. */
int cgroups_folder(const struct daemon *d);

/* The name of a service's folder; alone: of that slot's incarnations alone, as there may be two of
 * one path (the key overlap). */
char *cgroups_name(const char *path, uint32_t slot, bool alone, char out[256]);

#endif
