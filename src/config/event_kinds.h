/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_EVENT_KINDS_H
#define CONFIG_EVENT_KINDS_H

/*
 * The kinds of events that on_event_filter can name: the core's changes (link_kind_names), and what
 * other parts of the daemon tell of. The manual is checked against both.
 */

#include <stdbool.h>

#include "base/buf.h"

/* The daemon's own, ends with NULL. */
extern const char *const event_own_kinds[];

bool event_kind_exists(const char *kind);
bool event_kind_matches(const char *pattern); /* any of them */
/* All of them, with ", " between; 0 or -ENOMEM. */
int event_kinds_put(struct buf *out);
/* The kind nearest to word, or NULL. */
const char *event_kind_nearest(const char *word);

#endif
