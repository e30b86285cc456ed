/* SPDX-License-Identifier: MIT */

#include "suplog/rate.h"

#include <string.h>

#include "base/macros.h"

void rate_init(struct rate *rate, uint64_t lines, struct span span)
{
	*rate = (struct rate){.lines = lines, .span = span};
}

bool rate_is_over(const struct rate *rate, struct mono now)
{
	return rate->passed == 0 || mono_between(rate->begin, now).ns >= rate->span.ns;
}

/* Counts bytes of the line that passes: a line for each line_max of them, the first with its first
 * byte. */
static void count(struct rate *rate, size_t line_max, size_t size)
{
	uint64_t max = MAX_OF(line_max, (size_t)1);
	uint64_t before = rate->open ? rate->size / max + 1 : 0;

	rate->size += size;
	rate->passed += rate->size / max + 1 - before;
	rate->open = true;
}

/* Bytes up to the end of the line, that end too, or all there are. */
static size_t line_size(const char *data, size_t size, bool *ret_ended)
{
	const char *newline = memchr(data, '\n', size);

	*ret_ended = newline;
	return newline ? (size_t)(newline - data) + 1 : size;
}

size_t rate_judge(struct rate *rate, struct mono now, size_t line_max, const char *data,
		  size_t size, bool *ret_pass)
{
	bool first = true;
	size_t at = 0;

	*ret_pass = true;
	if (rate->lines == 0)
		return size;
	if (rate_is_over(rate, now)) {
		rate->begin = now;
		rate->passed = 0;
	}
	while (at < size) {
		bool pass = rate->open || (!rate->closed && rate->passed < rate->lines), ended;
		size_t n = line_size(data + at, size - at, &ended);

		if (!first && pass != *ret_pass)
			break;
		*ret_pass = pass;
		first = false;
		if (pass)
			count(rate, line_max, n);
		rate->open = pass && !ended;
		rate->closed = !pass && !ended;
		if (ended)
			rate->size = 0;
		at += n;
	}
	return at;
}
