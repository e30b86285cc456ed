/* SPDX-License-Identifier: MIT */
#ifndef BASE_MAP_H
#define BASE_MAP_H

/*
 * Two open-addressing hash tables: from a 64-bit key (0 is not a key), and from a text.
 * map_reserve() makes later insertions up to that number free of allocation, which is what the
 * path from a death to its restart needs. Values and text keys are borrowed.
 */

#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint64_t key;
	void *value;
};

struct map {
	struct map_slot *slots; /* owned */
	size_t capacity;        /* a power of two, or 0 */
	size_t used;
};

struct strmap_slot {
	const char *key;
	void *value;
	uint64_t hash;
};

struct strmap {
	struct strmap_slot *slots; /* owned */
	size_t capacity;
	size_t used;
};

void map_fini(struct map *m);
/* Room for n entries in all. 0 or -ENOMEM. */
int map_reserve(struct map *m, size_t n);
/* Sets or replaces; never fails within what was reserved. 0 or -ENOMEM. */
int map_set(struct map *m, uint64_t key, void *value);
void *map_get(const struct map *m, uint64_t key); /* NULL: absent */
void *map_remove(struct map *m, uint64_t key);    /* the value it had, or NULL */

void strmap_fini(struct strmap *m);
int strmap_reserve(struct strmap *m, size_t n);
int strmap_set(struct strmap *m, const char *key, void *value);
void *strmap_get(const struct strmap *m, const char *key);
void *strmap_remove(struct strmap *m, const char *key);

/* FNV-1a of a text. */
uint64_t text_hash(const char *text);

#endif
