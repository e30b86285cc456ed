/* SPDX-License-Identifier: MIT */

#include "core/on_event.h"

#include <stdlib.h>

#include "base/strings.h"
#include "base/text.h"

struct on_event *on_event_new(void)
{
	struct on_event *on_event = calloc(1, sizeof(*on_event));

	if (!on_event)
		return NULL;
	on_event->refs = 1;
	on_event->max = ON_EVENT_MAX;
	on_event->rate = ON_EVENT_RATE;
	on_event->rate_span = ON_EVENT_RATE_SPAN;
	on_event->hook.timeout = EXEC_HOOK_TIMEOUT;
	return on_event;
}

struct on_event *on_event_ref(struct on_event *on_event)
{
	if (on_event)
		on_event->refs++;
	return on_event;
}

void on_event_unref(struct on_event *on_event)
{
	if (!on_event || --on_event->refs > 0)
		return;
	exec_hook_fini(&on_event->hook);
	strings_free(on_event->filter);
	free(on_event);
}

bool on_event_wants(const struct on_event *on_event, const char *kind)
{
	char *const *word = on_event->filter;
	bool chosen = false, found = false;

	for (; word && *word; word++) {
		bool wanted = **word != '!';
		bool matches = text_glob(*word + !wanted, kind);

		if (matches && !wanted)
			return false;
		chosen |= wanted;
		found |= matches;
	}
	return found || !chosen;
}
