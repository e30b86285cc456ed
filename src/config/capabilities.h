/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_CAPABILITIES_H
#define CONFIG_CAPABILITIES_H

/*
 * Names of capabilities, as capabilities(7) has them. A table of our own instead of libcap: names
 * are all that would be used of it, since between clone and exec only system calls are allowed, and
 * the kernel's numbers never change.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* "net_bind_service", by number; ends with NULL. */
extern const char *const capability_names[];

/* With or without CAP_, in whatever case. -1: there is no such one. */
int capability_find(const char *name);
/* Appends a set, with blanks between: "chown kill", "none"; where that is shorter "~sys_admin". */
void capability_print(struct buf *out, uint64_t set);
/* This process has it; true also where nobody can tell. */
bool capability_is_ours(int capability);

#endif
