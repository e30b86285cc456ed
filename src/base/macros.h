/* SPDX-License-Identifier: MIT */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

/*
 * Ownership and small helpers.
 *
 * A local that owns something is declared with CLEANUP(fn): fn(&local) runs when it leaves scope.
 * TAKE(p) hands the value over and leaves NULL behind, so that the cleanup has nothing to do.
 */

#include <stddef.h>
#include <stdint.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define PRINTF(text, first) __attribute__((format(printf, text, first)))
#define TAKE(p)                         \
	__extension__({                 \
		__typeof__(p) _p = (p); \
		(p) = NULL;             \
		_p;                     \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))

/* The larger, the smaller of two values of one type; each argument is evaluated once. */
#define MAX_OF(a, b)                              \
	__extension__({                           \
		__typeof__(a) _a = (a), _b = (b); \
		_a > _b ? _a : _b;                \
	})
#define MIN_OF(a, b)                              \
	__extension__({                           \
		__typeof__(a) _a = (a), _b = (b); \
		_a < _b ? _a : _b;                \
	})

/* CLEANUP function for memory from malloc. */
void cleanup_free(void *ptr_to_ptr);

#endif
