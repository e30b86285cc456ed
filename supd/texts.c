/* SPDX-License-Identifier: MIT */

/*
 * Texts are found by their place in bytes, which may move as it grows; pointers are made at the
 * end. A setting that was replaced or unset keeps its index, with no place: texts_list() leaves it
 * out.
 */

#include "supd/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

#define KEEP_MAX ((size_t)64 * 1024)
#define NOWHERE SIZE_MAX

void texts_fini(struct texts *t)
{
	buf_fini(&t->bytes);
	free(t->at);
	free(t->list);
	free(t->buckets);
	*t = (struct texts){0};
}

void texts_clear(struct texts *t)
{
	if (t->bytes.capacity > KEEP_MAX || t->capacity > KEEP_MAX / sizeof(*t->at)) {
		texts_fini(t);
		return;
	}
	buf_clear(&t->bytes);
	t->n = 0;
	t->error = 0;
	if (t->buckets)
		memset(t->buckets, 0, t->n_buckets * sizeof(*t->buckets));
}

static bool texts_fail(struct texts *t)
{
	t->error = -ENOMEM;
	return false;
}

/* Room for one more index. */
static bool texts_grow(struct texts *t)
{
	size_t capacity = MAX_OF(t->capacity * 2, (size_t)32);
	size_t *at;
	char **list;

	if (t->error || t->n < t->capacity)
		return !t->error;
	at = reallocarray(t->at, capacity, sizeof(*at));
	if (!at)
		return texts_fail(t);
	t->at = at;
	list = reallocarray(t->list, capacity + 1, sizeof(*list));
	if (!list)
		return texts_fail(t);
	t->list = list;
	t->capacity = capacity;
	return true;
}

/* ---- names ---- */

static size_t name_size(const char *setting)
{
	return strcspn(setting, "=");
}

static size_t name_hash(const char *name, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)name[i]) * UINT64_C(0x100000001b3);
	return (size_t)(hash ^ hash >> 32);
}

static char *texts_at(const struct texts *t, size_t i)
{
	return t->at[i] == NOWHERE ? NULL : t->bytes.data + t->at[i];
}

/* The bucket of name, or the free one where it belongs. An index without a place is passed over. */
static size_t texts_bucket(const struct texts *t, const char *name, size_t size)
{
	size_t mask = t->n_buckets - 1;
	size_t bucket = name_hash(name, size) & mask;

	for (; t->buckets[bucket]; bucket = (bucket + 1) & mask) {
		const char *text = texts_at(t, t->buckets[bucket] - 1);

		if (text && strncmp(text, name, size) == 0 && text[size] == '=')
			break;
	}
	return bucket;
}

static bool texts_rehash(struct texts *t)
{
	size_t n_buckets = MAX_OF(t->n_buckets, (size_t)64);
	uint32_t *buckets;

	while (n_buckets / 2 <= t->n)
		n_buckets *= 2;
	if (n_buckets == t->n_buckets)
		return true;
	buckets = calloc(n_buckets, sizeof(*buckets));
	if (!buckets)
		return texts_fail(t);
	free(t->buckets);
	t->buckets = buckets;
	t->n_buckets = n_buckets;
	for (size_t i = 0; i < t->n; i++) {
		const char *text = texts_at(t, i);

		if (text)
			buckets[texts_bucket(t, text, name_size(text))] = (uint32_t)i + 1;
	}
	return true;
}

/* ---- adding ---- */

/* The parts in a row, as one text, at index i or as a new one. */
static void texts_put(struct texts *t, size_t i, const char *const parts[3])
{
	size_t at = t->bytes.size;

	for (size_t part = 0; part < 3 && parts[part]; part++)
		buf_puts(&t->bytes, parts[part]);
	buf_putc(&t->bytes, '\0');
	if (t->bytes.error) {
		texts_fail(t);
		return;
	}
	t->at[i] = at;
	if (i == t->n)
		t->n++;
}

void texts_add(struct texts *t, const char *text)
{
	if (texts_grow(t))
		texts_put(t, t->n, (const char *const[3]){text});
}

static void texts_put_setting(struct texts *t, const char *name, size_t size,
			      const char *const parts[3])
{
	size_t bucket;

	if (!texts_grow(t) || !texts_rehash(t))
		return;
	bucket = texts_bucket(t, name, size);
	if (t->buckets[bucket]) {
		texts_put(t, t->buckets[bucket] - 1, parts);
		return;
	}
	texts_put(t, t->n, parts);
	if (!t->error)
		t->buckets[bucket] = (uint32_t)t->n;
}

void texts_set(struct texts *t, const char *setting)
{
	texts_put_setting(t, setting, name_size(setting), (const char *const[3]){setting});
}

void texts_set_value(struct texts *t, const char *name, const char *value)
{
	texts_put_setting(t, name, strlen(name), (const char *const[3]){name, "=", value});
}

void texts_unset(struct texts *t, const char *name)
{
	size_t bucket;

	if (!t->buckets)
		return;
	bucket = texts_bucket(t, name, strlen(name));
	if (t->buckets[bucket])
		t->at[t->buckets[bucket] - 1] = NOWHERE;
}

char *texts_get(const struct texts *t, const char *name)
{
	size_t size = strlen(name);
	size_t bucket;

	if (!t->buckets)
		return NULL;
	bucket = texts_bucket(t, name, size);
	return t->buckets[bucket] ? texts_at(t, t->buckets[bucket] - 1) + size + 1 : NULL;
}

char **texts_list(struct texts *t)
{
	size_t n = 0;

	if (!texts_grow(t))
		return NULL;
	for (size_t i = 0; i < t->n; i++) {
		if (t->at[i] != NOWHERE)
			t->list[n++] = t->bytes.data + t->at[i];
	}
	t->list[n] = NULL;
	return t->list;
}
