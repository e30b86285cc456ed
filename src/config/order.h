/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_ORDER_H
#define CONFIG_ORDER_H

struct loader;

/* After linking: the names in after, requires and provides, and circles that they make. Complains
 * of what does not go. */
void loader_check_order(struct loader *loader);

#endif
