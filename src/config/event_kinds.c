/* SPDX-License-Identifier: MIT */

#include "config/event_kinds.h"

#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "core/core.h"

const char *const event_own_kinds[] = {
	"config", "keeper",  "log_better", "log_dropped",  "log_trouble",
	"report", "rotated", "supd_ended", "supd_started", NULL,
};

static const char *const *const lists[] = {link_kind_names, event_own_kinds};

bool event_kind_exists(const char *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (const char *const *name = lists[i]; *name; name++) {
			if (strcmp(*name, kind) == 0)
				return true;
		}
	}
	return false;
}

bool event_kind_matches(const char *pattern)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (const char *const *name = lists[i]; *name; name++) {
			if (text_glob(pattern, *name))
				return true;
		}
	}
	return false;
}

const char *event_kind_nearest(const char *word)
{
	const char *names[LINK_N_KINDS + ARRAY_LEN(event_own_kinds)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (const char *const *name = lists[i]; *name; name++)
			names[n++] = *name;
	}
	names[n] = NULL;
	return text_nearest(word, names);
}

int event_kinds_put(struct buf *out)
{
	const char *before = "";

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (const char *const *name = lists[i]; *name; name++) {
			buf_printf(out, "%s%s", before, *name);
			before = ", ";
		}
	}
	return out->error;
}
