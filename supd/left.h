/* SPDX-License-Identifier: MIT */
#ifndef SUPD_LEFT_H
#define SUPD_LEFT_H

/*
 * What does not go: processes of a service that is to be gone and has had SIGKILL, or whose main
 * process has ended, a second ago or more.
 */

#include "supd/processes.h"
#include "supd/texts.h"
#include "wire/field.h"

/* So many are named. */
#define LEFT_MAX 16

/* "4242 (sleep, D)" for each: OS pid, name, state as in proc(5). How many there are in all, a lower
 * bound where processes can not be looked at. */
size_t left_find(const struct daemon *d, const struct process *p, struct texts *ret_texts);
/* What is left of it are commands of stop_post, which begins when nothing else is. */
bool left_only_stop_post(const struct daemon *d, uint32_t slot);
/* Appends them in a row, "4242 (sleep, D), 4243 (cat, D) and 3 more"; nothing where none is. */
void left_print(const struct daemon *d, uint32_t slot, struct buf *out);
/* The field left: a list; null where nothing is late. */
void left_put(struct wire_encoder *e, const struct daemon *d, uint32_t slot);

#endif
