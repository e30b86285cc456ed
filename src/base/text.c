/* SPDX-License-Identifier: MIT */

/*
 * Numbers and words are read by hand: the C library's own parsers take signs, blanks and whatever
 * the locale allows, and a configuration must not.
 */

#include "base/text.h"

#include <errno.h>
#include <string.h>

#include "base/macros.h"

/* Words longer than this are no slips of the finger: nothing is suggested for them. */
#define NEAREST_MAX 64

int text_parse_u64(const char *text, uint64_t max, uint64_t *ret_value)
{
	bool too_large = false;
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		too_large |= __builtin_mul_overflow(value, 10, &value) ||
			     __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value);
	}
	if (too_large || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int text_parse_bool(const char *text, bool *ret_value)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{"yes", true}, {"no", false},  {"true", true}, {"false", false},
		{"on", true},  {"off", false}, {"1", true},    {"0", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(text, words[i].word) == 0) {
			*ret_value = words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

int text_parse_size(const char *text, uint64_t *ret_value)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;
	bool too_large = false;
	uint64_t value = 0;

	if (strcmp(text, "infinity") == 0) {
		*ret_value = UINT64_MAX;
		return 0;
	}
	if (digits == 0 || (text[digits] && (!unit || text[digits + 1])))
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		too_large |= __builtin_mul_overflow(value, 10, &value) ||
			     __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value);
	for (const char *u = units; unit && u <= unit; u++)
		too_large |= __builtin_mul_overflow(value, 1024, &value);
	/* The largest number means infinity, which has a word of its own. */
	if (too_large || value == UINT64_MAX)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

/* Unicode's table 3-7. Second bytes are bounded by the first: no overlong form, no surrogate,
 * nothing above U+10FFFF. */
size_t text_utf8_size(const char *data, size_t left)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max, size;
	} rows[] = {
		{0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const unsigned char *p = (const unsigned char *)data;
	size_t row = 0;

	while (row < ARRAY_LEN(rows) && (*p < rows[row].first_min || *p > rows[row].first_max))
		row++;
	if (row == ARRAY_LEN(rows) || rows[row].size > left)
		return 0;
	if (rows[row].size > 1 && (p[1] < rows[row].second_min || p[1] > rows[row].second_max))
		return 0;
	for (size_t i = 2; i < rows[row].size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return rows[row].size;
}

/* After a mismatch the last star takes one byte more: no earlier one needs to be tried again. */
bool text_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern && (*pattern == '?' || *pattern == *text)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return !pattern[strspn(pattern, "*")];
}

bool text_is_utf8(const char *data, size_t size)
{
	while (size > 0) {
		size_t step = text_utf8_size(data, size);

		if (step == 0)
			return false;
		data += step;
		size -= step;
	}
	return true;
}

/* Insertions, deletions, replacements, swaps of neighbours that make a into b; both are short. */
static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	/* Three rows of the table of prefixes: before last, last, the one being filled. */
	size_t rows[3][NEAREST_MAX + 1];
	size_t *older = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_size; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		size_t *spare = older;

		row[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			size_t replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
			size_t moved = MIN_OF(last[j], row[j - 1]) + 1;

			row[j] = replaced < moved ? replaced : moved;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN_OF(row[j], older[j - 2] + 1);
		}
		older = last;
		last = row;
		row = spare;
	}
	return last[b_size];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
	size_t size = strnlen(word, NEAREST_MAX + 1);
	size_t nearest = size / 3 + 1;
	const char *found = NULL;

	if (size > NEAREST_MAX)
		return NULL;
	for (; *candidates; candidates++) {
		size_t other = strnlen(*candidates, NEAREST_MAX + 1);
		size_t distance;

		if (other > NEAREST_MAX)
			continue;
		distance = edit_distance(word, size, *candidates, other);
		if (distance < nearest) {
			nearest = distance;
			found = *candidates;
		}
	}
	return found;
}
