/* SPDX-License-Identifier: MIT */

#include "supd/overlap.h"

#include "supd/fdstore.h"
#include "supd/listen.h"
#include "supd/log.h"

static void tell_lost(const struct daemon *d, uint32_t slot)
{
	struct child_view v;

	if (core_view(d->core, slot, &v))
		log_about(LOG_AT_WARNING, &(struct log_about){.name = v.path, .event = "notify"},
			  "out of memory: the fds that it had stored are lost");
}

void overlap_on_notice(struct daemon *d, uint32_t slot, const struct link *link)
{
	uint32_t elder = (uint32_t)link->code;
	struct process *from, *to;

	if (link->kind != LINK_REPLACES)
		return;
	listen_pass(d, elder, slot);
	from = process_find(d, elder);
	to = process_find(d, slot);
	if (!from)
		return;
	if (fdstore_count(from) && (!to || !fdstore_pass(d, from, to)))
		tell_lost(d, slot);
	if (from->directories && to && to->directories)
		process_pass_directories(from);
}

int overlap_hand_fds(struct daemon *d, struct process *p, const struct child_view *v,
		     struct handed *handed)
{
	const struct process *from = v->elder == SLOT_NONE ? p : process_find(d, v->elder);

	return from ? fdstore_hand(from, v->path, handed) : 0;
}
