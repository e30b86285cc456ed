/* SPDX-License-Identifier: MIT */

/* When the directories of services are made and removed. */

#include <errno.h>

#include "supd/directories.h"
#include "supd/processes.h"

int process_make_directories(struct daemon *d, struct process *p, const struct child_view *v,
			     enum start_step *ret_step)
{
	struct preparation *prep = &d->processes->preparation;
	const struct exec *exec = v->spec->exec;
	struct directories_what what = {.setup = exec->setup, .path = v->path};
	const char *name = NULL;
	int r;

	if (!exec->setup || !exec_setup_has_directories(exec->setup))
		return 0;
	buf_clear(&prep->object);
	r = identity_find(&prep->identity, exec, ret_step, &name);
	if (r < 0) {
		buf_puts(&prep->object, name ? name : "");
		return r;
	}
	*ret_step = STEP_DIRECTORIES;
	what.uid = prep->identity.ids.uid;
	what.gid = prep->identity.ids.gid;
	return directories_make(&p->directories, &what, &prep->object);
}

static void remove_all(struct processes *ps, struct process *p)
{
	if (!ps->remover)
		ps->remover = remover_new(ps->daemon->loop);
	if (ps->remover)
		directories_remove(p->directories, ps->remover);
	else
		directories_free(p->directories);
	p->directories = NULL;
}

/* The other incarnation of a restart that overlaps uses them, and sees to them when it ends. */
static bool leaves_to_other(struct processes *ps, struct process *p)
{
	struct daemon *d = ps->daemon;
	struct process *other;
	struct child_view v;

	if (!core_view(d->core, p->slot, &v))
		return false;
	other = v.elder != SLOT_NONE  ? process_find(d, v.elder)
		: v.heir != SLOT_NONE ? process_find(d, v.heir)
				      : NULL;
	if (!other || !other->directories)
		return false;
	process_pass_directories(p);
	return true;
}

void process_pass_directories(struct process *p)
{
	directories_free(TAKE(p->directories));
}

void process_end_directories(struct processes *ps, struct process *p)
{
	if (p->directories && !leaves_to_other(ps, p) &&
	    !directories_outlive_restart(p->directories))
		remove_all(ps, p);
}

void process_drop_directories(struct processes *ps, struct process *p)
{
	if (p->directories)
		remove_all(ps, p);
}

/* Down for good: what was kept for a restart goes as well. */
void process_noticed(struct daemon *d, uint32_t slot)
{
	struct process *p = process_find(d, slot);
	struct child_view v;

	if (!p || !p->directories || p->os_pid || !core_view(d->core, slot, &v))
		return;
	if (v.state == CHILD_STOPPED || v.state == CHILD_FAILED || v.state == CHILD_DONE)
		remove_all(d->processes, p);
}
