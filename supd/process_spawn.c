/* SPDX-License-Identifier: MIT */

/* A start, into the service's cgroup where that can be, and within its limits. */

#include <unistd.h>

#include "supd/cgroups.h"
#include "supd/resources.h"

static int fail_cgroup(int error, struct spawn_failure *ret_failure)
{
	*ret_failure = (struct spawn_failure){.step = STEP_CGROUP, .error = -error};
	return error;
}

/* fd 0: without a cgroup. */
static int spawn_in(struct daemon *d, struct process *p, const struct child_view *v, int fd,
		    pid_t *ret_os_pid, struct spawn_failure *ret_failure)
{
	struct processes *ps = d->processes;
	int r;

	ps->preparation.request.cgroup_fd = fd;
	buf_clear(&ps->preparation.object);
	r = resources_apply(d, p, v, fd, &ps->preparation.object);
	if (r < 0)
		return fail_cgroup(r, ret_failure);
	r = spawn(&ps->spawner, &ps->preparation.request, ret_os_pid, ret_failure);
	if (r == 0 && ps->preparation.request.setup)
		resources_note_setup(p, v, ps->preparation.setup_not_enforced);
	return r;
}

int process_spawn(struct daemon *d, struct process *p, const struct child_view *v,
		  pid_t *ret_os_pid, struct spawn_failure *ret_failure)
{
	const struct preparation *with = &d->processes->preparation;
	int fd;
	int r = cgroups_enter(d, p, v, &fd);

	if (r < 0)
		return fail_cgroup(r, ret_failure);
	r = spawn_in(d, p, v, fd, ret_os_pid, ret_failure);
	if (fd)
		close(fd);
	if (r < 0 && fd && ret_failure->step == STEP_CGROUP && !with->object.size &&
	    cgroups_refused(d, -r)) {
		p->limited = false;
		r = spawn_in(d, p, v, 0, ret_os_pid, ret_failure);
	}
	if (r < 0)
		cgroups_leave(d, p, false);
	else
		p->cgroup_busy |= with->request.cgroup_fd != 0;
	return r;
}
