/* SPDX-License-Identifier: MIT */

#include "supd/resources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/exec.h"
#include "supd/cgroup_control.h"
#include "supd/cgroups.h"
#include "supd/log.h"

_Static_assert(RESOURCE_N <= 8, "process.not_enforced is a set of eight");

const char *resources_error_text(int error)
{
	switch (-error) {
	case EOPNOTSUPP:
		return "it has no cgroup of its own";
	case ENOENT:
		return "cgroup v2 has no controller for it here";
	case EBUSY:
		return "other processes run in supd's own cgroup, so it can not hand controllers "
		       "on";
	case EPERM:
		return "supd runs in the root of all cgroups, which it does not change: start it "
		       "in "
		       "a cgroup of its own";
	default:
		return strerror(-error);
	}
}

static void tell(const struct child_view *v, enum resource resource, int error)
{
	const struct log_about about = {.name = v->path, .event = "not_enforced"};

	log_about(LOG_AT_WARNING, &about, "%s is not enforced: %s", resource_names[resource],
		  resources_error_text(error));
}

static void find_errors(struct daemon *d, const struct exec_resources *resources, int cgroup_fd,
			int ret_errors[RESOURCE_N])
{
	if (cgroup_fd) {
		cgroup_control_apply(cgroups_control(d), cgroup_fd, resources, ret_errors);
		return;
	}
	for (int i = 0; i < RESOURCE_N; i++)
		ret_errors[i] = resource_is_asked(resources, (enum resource)i) ? -EOPNOTSUPP : 0;
}

int resources_apply(struct daemon *d, struct process *p, const struct child_view *v, int cgroup_fd,
		    struct buf *object)
{
	const struct exec_resources *resources = v->spec->exec->resources;
	int errors[RESOURCE_N];
	uint8_t before = p->not_enforced;

	if (!resources || p->limited)
		return 0;
	find_errors(d, resources, cgroup_fd, errors);
	p->not_enforced = 0;
	for (int i = 0; i < RESOURCE_N; i++) {
		if (!errors[i])
			continue;
		if (resources->enforce) {
			buf_puts(object, resource_names[i]);
			return errors[i];
		}
		p->not_enforced |= (uint8_t)(1 << i);
		if (!(before >> i & 1))
			tell(v, (enum resource)i, errors[i]);
	}
	p->limited = true;
	return 0;
}

/* What stands behind a bit of spawn_setup.h: the key, and what it takes. */
static const char *setup_key(int bit, const char **ret_takes)
{
	static const struct {
		const char *key, *takes;
	} rows[] = {
		[SETUP_BIT_NICE] = {"nice", "that takes CAP_SYS_NICE"},
		[SETUP_BIT_IO_CLASS] = {"io_class", "that takes CAP_SYS_ADMIN or CAP_SYS_NICE"},
		[SETUP_BIT_OOM_SCORE_ADJ] = {"oom_score_adj",
					     "that takes /proc, and CAP_SYS_RESOURCE"},
	};

	if (bit < SETUP_BIT_LIMITS) {
		*ret_takes = rows[bit].takes;
		return rows[bit].key;
	}
	*ret_takes = "to raise a hard limit takes CAP_SYS_RESOURCE; it is the daemon's own";
	return exec_limit_names[bit - SETUP_BIT_LIMITS];
}

void resources_note_setup(struct process *p, const struct child_view *v, uint32_t not_enforced)
{
	const struct log_about about = {.name = v->path, .event = "not_enforced"};
	uint32_t new = not_enforced & ~p->setup_not_enforced;

	p->setup_not_enforced = not_enforced;
	for (int bit = 0; bit < SETUP_BITS; bit++) {
		const char *takes, *key = setup_key(bit, &takes);

		if (new >> bit & 1)
			log_about(LOG_AT_WARNING, &about, "%s%s is not enforced: %s",
				  bit < SETUP_BIT_LIMITS ? "" : "limit_", key, takes);
	}
}

void resources_put(struct wire_encoder *e, const struct daemon *d, uint32_t slot,
		   const struct spec *spec)
{
	const struct process *p = process_find(d, slot);
	char names[RESOURCE_N + SETUP_BITS][24];
	char *list[RESOURCE_N + SETUP_BITS + 1];
	const char *takes;
	size_t n = 0;

	if (!spec->exec || (!spec->exec->resources && !spec->exec->setup)) {
		field_put_null(e, FIELD_DETAIL, "not_enforced");
		return;
	}
	for (int i = 0; p && i < RESOURCE_N; i++) {
		if (p->not_enforced >> i & 1) {
			strcpy(names[n], resource_names[i]);
			list[n] = names[n];
			n++;
		}
	}
	for (int bit = 0; p && bit < SETUP_BITS; bit++) {
		if (p->setup_not_enforced >> bit & 1) {
			snprintf(names[n], sizeof(names[n]), "%s%s",
				 bit < SETUP_BIT_LIMITS ? "" : "limit_", setup_key(bit, &takes));
			list[n] = names[n];
			n++;
		}
	}
	list[n] = NULL;
	field_put_list(e, FIELD_DETAIL, "not_enforced", list);
}
