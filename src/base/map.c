/* SPDX-License-Identifier: MIT */

/*
 * Both tables probe linearly from the hash's slot and keep at least a quarter of the slots empty.
 * Removal moves the entries behind the gap back, as far as their own first slots allow: there are
 * no tombstones, so a table that entries come to and leave for years never degrades or grows.
 */

#include "base/map.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

#define CAPACITY_MIN ((size_t)8)

uint64_t text_hash(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return hash;
}

/* Keys are counters and addresses: every bit of the key reaches the low bits of the hash. */
static uint64_t key_hash(uint64_t key)
{
	key = (key ^ key >> 33) * UINT64_C(0xff51afd7ed558ccd);
	key = (key ^ key >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return key ^ key >> 33;
}

/* How many slots n entries want; 0: more than there can be. */
static size_t capacity_for(size_t n, size_t capacity)
{
	capacity = MAX_OF(capacity, CAPACITY_MIN);
	if (n > SIZE_MAX / 128)
		return 0;
	while (capacity / 4 * 3 < n)
		capacity *= 2;
	return capacity;
}

/* True where an entry in slot `at` whose probing begins at `home` may move to the gap before it. */
static bool may_fill(size_t gap, size_t at, size_t home, size_t mask)
{
	return ((at - home) & mask) >= ((at - gap) & mask);
}

/* From a number. */

/* The slot of the key, or the empty one where it belongs. The table has capacity. */
static size_t map_slot(const struct map *m, uint64_t key)
{
	size_t mask = m->capacity - 1;
	size_t at = (size_t)key_hash(key) & mask;

	while (m->slots[at].key != 0 && m->slots[at].key != key)
		at = (at + 1) & mask;
	return at;
}

void map_fini(struct map *m)
{
	free(m->slots);
	*m = (struct map){0};
}

int map_reserve(struct map *m, size_t n)
{
	struct map wider = {.capacity = capacity_for(n, m->capacity), .used = m->used};

	if (wider.capacity == 0)
		return -ENOMEM;
	if (wider.capacity == m->capacity)
		return 0;
	wider.slots = calloc(wider.capacity, sizeof(*wider.slots));
	if (!wider.slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->capacity; i++) {
		if (m->slots[i].key != 0)
			wider.slots[map_slot(&wider, m->slots[i].key)] = m->slots[i];
	}
	free(m->slots);
	*m = wider;
	return 0;
}

int map_set(struct map *m, uint64_t key, void *value)
{
	size_t at;

	assert(key != 0);
	if (m->capacity > 0) {
		at = map_slot(m, key);
		if (m->slots[at].key == key) {
			m->slots[at].value = value;
			return 0;
		}
	}
	if (map_reserve(m, m->used + 1) < 0)
		return -ENOMEM;
	m->slots[map_slot(m, key)] = (struct map_slot){key, value};
	m->used++;
	return 0;
}

void *map_get(const struct map *m, uint64_t key)
{
	/* Key 0 ends at an empty slot, whose value is NULL. */
	return m->capacity > 0 ? m->slots[map_slot(m, key)].value : NULL;
}

void *map_remove(struct map *m, uint64_t key)
{
	size_t mask = m->capacity - 1;
	size_t gap;
	void *value;

	if (m->capacity == 0 || key == 0)
		return NULL;
	gap = map_slot(m, key);
	if (m->slots[gap].key != key)
		return NULL;
	value = m->slots[gap].value;
	for (size_t at = (gap + 1) & mask; m->slots[at].key != 0; at = (at + 1) & mask) {
		if (!may_fill(gap, at, (size_t)key_hash(m->slots[at].key) & mask, mask))
			continue;
		m->slots[gap] = m->slots[at];
		gap = at;
	}
	m->slots[gap] = (struct map_slot){0};
	m->used--;
	return value;
}

/* From a text. */

static size_t strmap_slot(const struct strmap *m, const char *key, uint64_t hash)
{
	size_t mask = m->capacity - 1;
	size_t at = (size_t)hash & mask;

	while (m->slots[at].key &&
	       (m->slots[at].hash != hash || strcmp(m->slots[at].key, key) != 0))
		at = (at + 1) & mask;
	return at;
}

void strmap_fini(struct strmap *m)
{
	free(m->slots);
	*m = (struct strmap){0};
}

int strmap_reserve(struct strmap *m, size_t n)
{
	struct strmap wider = {.capacity = capacity_for(n, m->capacity), .used = m->used};

	if (wider.capacity == 0)
		return -ENOMEM;
	if (wider.capacity == m->capacity)
		return 0;
	wider.slots = calloc(wider.capacity, sizeof(*wider.slots));
	if (!wider.slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->capacity; i++) {
		const struct strmap_slot *slot = &m->slots[i];

		if (slot->key)
			wider.slots[strmap_slot(&wider, slot->key, slot->hash)] = *slot;
	}
	free(m->slots);
	*m = wider;
	return 0;
}

int strmap_set(struct strmap *m, const char *key, void *value)
{
	struct strmap_slot entry = {key, value, text_hash(key)};
	size_t at;

	if (m->capacity > 0) {
		at = strmap_slot(m, key, entry.hash);
		if (m->slots[at].key) {
			/* The key too: the old text may go away together with the old value. */
			m->slots[at] = entry;
			return 0;
		}
	}
	if (strmap_reserve(m, m->used + 1) < 0)
		return -ENOMEM;
	m->slots[strmap_slot(m, key, entry.hash)] = entry;
	m->used++;
	return 0;
}

void *strmap_get(const struct strmap *m, const char *key)
{
	return m->capacity > 0 ? m->slots[strmap_slot(m, key, text_hash(key))].value : NULL;
}

void *strmap_remove(struct strmap *m, const char *key)
{
	size_t mask = m->capacity - 1;
	size_t gap;
	void *value;

	if (m->capacity == 0)
		return NULL;
	gap = strmap_slot(m, key, text_hash(key));
	if (!m->slots[gap].key)
		return NULL;
	value = m->slots[gap].value;
	for (size_t at = (gap + 1) & mask; m->slots[at].key; at = (at + 1) & mask) {
		if (!may_fill(gap, at, (size_t)m->slots[at].hash & mask, mask))
			continue;
		m->slots[gap] = m->slots[at];
		gap = at;
	}
	m->slots[gap] = (struct strmap_slot){0};
	m->used--;
	return value;
}
