/* SPDX-License-Identifier: MIT */
#ifndef LIB_REGISTRY_H
#define LIB_REGISTRY_H

/*
 * What a registry (registry.c) and those who use it (registry_client.c) say to each other: calls,
 * answered with the tag "ok", or "taken", "none", "error". Numbers are little-endian.
 *
 *   call         payload             the answer's payload
 *   register     key, NUL, value
 *   unregister   key
 *   lookup       key                 for each who has it: pid (8), size of the value (4), the value
 */

#include "lib/sup.h"

#define REGISTRY_ENTRY_SIZE 12

#endif
