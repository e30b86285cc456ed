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

static bool is_between(char byte, unsigned char min, unsigned char max)
{
	return (unsigned char)byte >= min && (unsigned char)byte <= max;
}

/* Unicode's table 3-7. Second bytes are bounded by the first: no overlong form, no surrogate,
 * nothing above U+10FFFF. */
size_t text_utf8_size(const char *data, size_t left)
{
	unsigned char first = (unsigned char)data[0];
	size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	unsigned char min = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char max = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	if (first < 0x80)
		return first != '\0';
	if (first < 0xc2 || first > 0xf4 || size > left || !is_between(data[1], min, max))
		return 0;
	for (size_t i = 2; i < size; i++) {
		if (!is_between(data[i], 0x80, 0xbf))
			return 0;
	}
	return size;
}

bool text_is_treacherous(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c}, {0x200b, 0x200f},
		{0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff},
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (character <= ranges[i].last)
			return character >= ranges[i].first;
	return false;
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
