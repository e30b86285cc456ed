/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_WARN_H
#define CONFIG_WARN_H

/* Warnings about what is allowed and seldom meant. */

struct loader;

/*
 * Adds a warning for a transient supervisor, whose giving up nobody would notice (SEMANTICS 183),
 * and for an intensity that the children's restart delays make unreachable (SEMANTICS D7).
 */
void loader_warn(struct loader *loader);

#endif
