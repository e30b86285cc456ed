/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/map.h"
#include "tests/support/alloc.h"

#define KEYS 1000
#define OPERATIONS 100000

/* A fixed sequence: a failure is the same failure again. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Values are addresses in here. */
static char values[256];

Test(map, empty)
{
	struct map m = {0};

	cr_assert_null(map_get(&m, 1));
	cr_assert_null(map_remove(&m, 1));
	cr_assert_null(map_get(&m, 0));
	map_fini(&m);
	map_fini(&m);
}

Test(map, set_replace_remove)
{
	struct map m = {0};

	cr_assert_eq(map_set(&m, 7, &values[1]), 0);
	cr_assert_eq(map_set(&m, 7, &values[2]), 0);
	cr_assert_eq(m.used, 1u);
	cr_assert_eq(map_get(&m, 7), &values[2]);
	cr_assert_null(map_get(&m, 0));
	cr_assert_null(map_remove(&m, 0));
	cr_assert_null(map_get(&m, 8));
	cr_assert_eq(map_remove(&m, 7), &values[2]);
	cr_assert_null(map_remove(&m, 7));
	cr_assert_eq(m.used, 0u);
	map_fini(&m);
}

Test(map, agrees_with_a_plain_array)
{
	/* Small keys, and keys that differ in their high bits only. */
	static const int shifts[] = {0, 32, 54};

	for (size_t s = 0; s < ARRAY_LEN(shifts); s++) {
		uint64_t random = UINT64_C(88172645463325252);
		void *model[KEYS + 1] = {0};
		struct map m = {0};
		size_t used = 0;

		for (int i = 0; i < OPERATIONS; i++) {
			uint64_t r = next_random(&random);
			size_t k = 1 + r % KEYS;
			uint64_t key = (uint64_t)k << shifts[s];
			void *value = &values[r >> 32 & 255];

			switch (r >> 60 & 3) {
			case 0:
				used += !model[k];
				model[k] = value;
				cr_assert_eq(map_set(&m, key, value), 0);
				break;
			case 1:
				used -= !!model[k];
				cr_assert_eq(map_remove(&m, key), model[k], "operation %d", i);
				model[k] = NULL;
				break;
			default:
				cr_assert_eq(map_get(&m, key), model[k], "operation %d", i);
				break;
			}
			cr_assert_eq(m.used, used, "operation %d", i);
		}
		for (size_t k = 1; k <= KEYS; k++)
			cr_assert_eq(map_get(&m, (uint64_t)k << shifts[s]), model[k], "key %zu", k);
		map_fini(&m);
	}
}

Test(map, coming_and_going_does_not_grow)
{
	struct map m = {0};
	size_t capacity;

	cr_assert_eq(map_reserve(&m, 100), 0);
	capacity = m.capacity;
	alloc_fail_at(1);
	for (uint64_t key = 1; key <= 20000; key++) {
		cr_assert_eq(map_set(&m, key, values), 0);
		if (key >= 100)
			cr_assert_eq(map_remove(&m, key - 99), values);
	}
	cr_assert_eq(m.capacity, capacity);
	cr_assert_not(alloc_fail_end(), "an allocation within the reserve");
	map_fini(&m);
}

Test(map, every_reserve_holds_what_it_promises)
{
	for (size_t n = 0; n < 200; n++) {
		struct map m = {0};
		struct strmap s = {0};
		char keys[200][24];

		cr_assert_eq(map_reserve(&m, n), 0);
		cr_assert_eq(strmap_reserve(&s, n), 0);
		alloc_fail_at(1);
		for (size_t i = 0; i < n; i++) {
			snprintf(keys[i], sizeof(keys[i]), "%zu", i);
			cr_assert_eq(map_set(&m, i + 1, values), 0, "%zu of %zu", i, n);
			cr_assert_eq(strmap_set(&s, keys[i], values), 0, "%zu of %zu", i, n);
		}
		cr_assert_not(alloc_fail_end(), "reserve of %zu", n);
		map_fini(&m);
		strmap_fini(&s);
	}
}

Test(map, no_memory)
{
	struct map m = {0};
	struct strmap s = {0};

	cr_assert_eq(map_reserve(&m, SIZE_MAX), -ENOMEM);
	cr_assert_eq(map_reserve(&m, SIZE_MAX / 64), -ENOMEM);
	cr_assert_eq(strmap_reserve(&s, SIZE_MAX), -ENOMEM);
	for (uint64_t key = 1; key < 1000; key++) {
		int r;

		alloc_fail_at(1);
		r = map_set(&m, key, values);
		if (alloc_fail_end()) {
			cr_assert_eq(r, -ENOMEM);
			cr_assert_null(map_get(&m, key));
			cr_assert_eq(m.used, key - 1);
			cr_assert_eq(map_get(&m, key - 1), key > 1 ? (void *)values : NULL);
			cr_assert_eq(map_set(&m, key, values), 0);
		}
		cr_assert_eq(map_get(&m, key), values);
	}
	alloc_fail_at(1);
	cr_assert_eq(strmap_set(&s, "key", values), -ENOMEM);
	cr_assert(alloc_fail_end());
	cr_assert_null(strmap_get(&s, "key"));
	map_fini(&m);
	strmap_fini(&s);
}

Test(strmap, set_replace_remove)
{
	char one[] = "key", other[] = "key";
	struct strmap m = {0};

	cr_assert_null(strmap_get(&m, "key"));
	cr_assert_null(strmap_remove(&m, "key"));
	cr_assert_eq(strmap_set(&m, one, &values[1]), 0);
	cr_assert_eq(strmap_set(&m, other, &values[2]), 0);
	/* The key is the new one's: the old text may be gone. */
	memset(one, 'x', sizeof(one));
	cr_assert_eq(m.used, 1u);
	cr_assert_eq(strmap_get(&m, "key"), &values[2]);
	cr_assert_null(strmap_get(&m, ""));
	cr_assert_eq(strmap_set(&m, "", &values[3]), 0);
	cr_assert_eq(strmap_get(&m, ""), &values[3]);
	cr_assert_eq(strmap_remove(&m, "key"), &values[2]);
	cr_assert_null(strmap_remove(&m, "key"));
	strmap_fini(&m);
	strmap_fini(&m);
}

Test(strmap, agrees_with_a_plain_array)
{
	static char keys[KEYS][16];
	uint64_t random = UINT64_C(2463534242);
	void *model[KEYS] = {0};
	struct strmap m = {0};
	size_t used = 0;

	for (size_t k = 0; k < KEYS; k++)
		snprintf(keys[k], sizeof(keys[k]), "web/worker-%zu", k);
	for (int i = 0; i < OPERATIONS; i++) {
		uint64_t r = next_random(&random);
		size_t k = r % KEYS;
		void *value = &values[r >> 32 & 255];

		switch (r >> 60 & 3) {
		case 0:
			used += !model[k];
			model[k] = value;
			cr_assert_eq(strmap_set(&m, keys[k], value), 0);
			break;
		case 1:
			used -= !!model[k];
			cr_assert_eq(strmap_remove(&m, keys[k]), model[k], "operation %d", i);
			model[k] = NULL;
			break;
		default:
			cr_assert_eq(strmap_get(&m, keys[k]), model[k], "operation %d", i);
			break;
		}
		cr_assert_eq(m.used, used, "operation %d", i);
	}
	for (size_t k = 0; k < KEYS; k++)
		cr_assert_eq(strmap_get(&m, keys[k]), model[k], "%s", keys[k]);
	strmap_fini(&m);
}

Test(map, text_hash_is_fnv_1a)
{
	cr_expect_eq(text_hash(""), UINT64_C(0xcbf29ce484222325));
	cr_expect_eq(text_hash("a"), UINT64_C(0xaf63dc4c8601ec8c));
	cr_expect_eq(text_hash("foobar"), UINT64_C(0x85944171f73967e8));
}
