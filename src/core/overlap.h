/* SPDX-License-Identifier: MIT */
#ifndef CORE_OVERLAP_H
#define CORE_OVERLAP_H

/* The key overlap: a restart that starts the new incarnation before it stops the old one. The rules
 * are in overlap.c. */

#include "core/model.h"

/* A restart of c, by request, is to overlap. */
bool overlap_applies(const struct child *c);
/* The record, not started yet. NULL: no memory. */
struct child *overlap_new_heir(struct child *c);
void overlap_start(struct child *heir);
/* An heir, or one whose place has been taken: nobody knows it by name. */
bool overlap_is_unseen(const struct child *c);
/* True where the supervisor has nothing to do about that news, now or ever. */
bool overlap_takes_news(struct supervisor *s, struct child *c, uint8_t news);
/* One that is unseen is down: it is forgotten, or an heir starts again. */
void overlap_ended(struct supervisor *s, struct child *c);
/* c is told to stop. True where it has ended, and waits for its heir. */
bool overlap_stop_heir(struct child *c, struct cause cause);
/* Its record goes. */
void overlap_forget(struct child *c);
/* NULL, or what is broken. */
const char *overlap_check(const struct child *c);

#endif
