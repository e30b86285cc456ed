/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_ALLOC_H
#define TESTS_SUPPORT_ALLOC_H

/*
 * Allocations that fail on demand. Every test binary is linked so that the malloc, calloc, realloc,
 * reallocarray, strdup, strndup and free of our own code pass through here; those of the C library
 * and of Criterion do not.
 *
 *   for (unsigned long n = 1;; n++) {
 *           alloc_fail_at(n);
 *           r = the_function(...);
 *           failed = alloc_fail_end();
 *           if (!failed)
 *                   break;
 *           cr_assert_eq(r, -ENOMEM, "allocation %lu", n);
 *   }
 */

#include <stdbool.h>

/* The n-th allocation from now on fails, once; 0: none. */
void alloc_fail_at(unsigned long n);
/* No more failures. True where the one asked for has happened. */
bool alloc_fail_end(void);
/* Allocations since the last alloc_fail_at(). */
unsigned long alloc_count(void);
/* Allocations that were not freed again, since the start; blocks of the C library are not known. */
long alloc_live(void);

#endif
