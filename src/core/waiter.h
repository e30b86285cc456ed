/* SPDX-License-Identifier: MIT */
#ifndef CORE_WAITER_H
#define CORE_WAITER_H

/* Between waiter.c and operator.c: who waits for a child's state. */

#include "core/model.h"

/* Its memory, and room for its answer; it does not wait before waiter_join(). NULL: no memory. */
struct waiter *waiter_new(struct child *c, const struct request *request);
void waiter_join(struct waiter *w);
void waiter_free(struct waiter *w);
void waiter_answer(struct waiter *w, enum answer answer); /* and frees it */
enum answer waiter_judge(struct waiter *w);               /* ANSWER_N: not yet */
bool child_is_down(const struct child *c);
bool sync_add(struct core *core, const struct request *request); /* false: no memory */

#endif
