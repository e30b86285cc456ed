/* SPDX-License-Identifier: MIT */

/* Calls that come to nothing: their supervisor ends, or the child that they are about goes. */

#include "core/model.h"

void call_cancel_all(struct supervisor *s)
{
	LIST_EACH (l, &s->queue) {
		struct item *item = LIST_ENTRY(l, struct item, link);
		struct call *call;

		list_unlink(&item->link);
		if (item->kind != ITEM_CALL)
			continue;
		call = CONTAINER_OF(item, struct call, item);
		if (call->kind != REQUEST_START) {
			call_answer(call, ANSWER_NOPROC);
			continue;
		}
		call_free(call);
	}
}

void call_drop_child(struct child *c)
{
	LIST_EACH (l, &c->core->calls) {
		struct call *call = LIST_ENTRY(l, struct call, in_calls);

		if (call->item.child == c)
			call_answer(call, ANSWER_NOPROC);
	}
	if (c->sup)
		call_cancel_all(c->sup);
}
