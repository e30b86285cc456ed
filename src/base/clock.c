/* SPDX-License-Identifier: MIT */

/*
 * The text of a span. One table of units serves both directions: parsing takes any of them in any
 * order and sums up, formatting takes the canonical ones from the largest down. Fractions are
 * decimal and exact to the nanosecond; what is finer is refused, so that no text loses its value in
 * silence.
 */

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

struct unit {
	const char *name;
	int64_t ns;
	bool canonical; /* what span_format writes */
};

static const struct unit units[] = {
	{"d", INT64_C(86400000000000), true},
	{"h", INT64_C(3600000000000), true},
	{"min", INT64_C(60000000000), true},
	{"m", INT64_C(60000000000), false},
	{"s", INT64_C(1000000000), true},
	{"sec", INT64_C(1000000000), false},
	{"ms", INT64_C(1000000), true},
	{"us", INT64_C(1000), true},
	{"ns", INT64_C(1), true},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* The unit that the letters at *at name, a second where there are none; NULL: unknown. */
static const struct unit *take_unit(const char **at)
{
	size_t length = 0;

	while ((*at)[length] >= 'a' && (*at)[length] <= 'z')
		length++;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		const char *name = length > 0 ? *at : "s";
		size_t size = length > 0 ? length : 1;

		if (strlen(units[i].name) != size || memcmp(units[i].name, name, size) != 0)
			continue;
		*at += length;
		return &units[i];
	}
	return NULL;
}

/* Adds a * b to *sum. 0 or -ERANGE; infinity is not a number to reach by adding. */
static int add_product(int64_t *sum, int64_t a, int64_t b)
{
	int64_t product;

	if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(*sum, product, sum) ||
	    *sum == INT64_MAX)
		return -ERANGE;
	return 0;
}

/* Adds the digits of a fraction, each worth a tenth of the one before it. */
static int add_fraction(int64_t *sum, const char *digits, int64_t unit_ns)
{
	for (; is_digit(*digits); digits++) {
		int r;

		if (unit_ns % 10 != 0) {
			/* 1min is 6 * 10^10 ns: below the last whole tenth only zeros are exact. */
			if (*digits != '0')
				return -EINVAL;
			continue;
		}
		unit_ns /= 10;
		r = add_product(sum, *digits - '0', unit_ns);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Takes one "1.5min" at *at and adds it to *sum. */
static int take_term(const char **at, int64_t *sum, bool *ret_bare)
{
	const struct unit *unit;
	const char *fraction = "";
	bool too_large = false;
	int64_t number = 0;
	int r;

	if (!is_digit(**at))
		return -EINVAL;
	for (; is_digit(**at); (*at)++)
		too_large |= __builtin_mul_overflow(number, 10, &number) ||
			     __builtin_add_overflow(number, **at - '0', &number);
	if (**at == '.') {
		fraction = ++*at;
		while (is_digit(**at))
			(*at)++;
		if (*at == fraction)
			return -EINVAL;
	}
	*at = skip_blanks(*at);
	*ret_bare = !(**at >= 'a' && **at <= 'z');
	unit = take_unit(at);
	if (!unit)
		return -EINVAL;
	if (too_large)
		return -ERANGE;
	r = add_product(sum, number, unit->ns);
	return r < 0 ? r : add_fraction(sum, fraction, unit->ns);
}

int span_parse(const char *text, struct span *ret_span)
{
	const char *at = skip_blanks(text);
	int64_t sum = 0;
	bool bare = false, range = false;
	int terms = 0;

	if (strcmp(at, "infinity") == 0) {
		*ret_span = SPAN_INFINITY;
		return 0;
	}
	/* A bad text is -EINVAL even where it is also too large: the range is judged last. */
	do {
		int r = take_term(&at, &sum, &bare);

		if (r == -ERANGE)
			range = true;
		else if (r < 0)
			return r;
		/* "5 30s" is a slip, not 35 seconds. */
		if (bare && (terms > 0 || *at != '\0'))
			return -EINVAL;
		at = skip_blanks(at);
		terms++;
	} while (*at != '\0');
	if (range)
		return -ERANGE;
	*ret_span = (struct span){sum};
	return 0;
}

char *span_format(struct span s, char buf[SPAN_TEXT_MAX])
{
	int64_t rest = s.ns;
	size_t used = 0;

	if (span_is_infinite(s))
		return strcpy(buf, "infinity");
	if (rest <= 0)
		return strcpy(buf, "0s");
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		int64_t count = rest / units[i].ns;

		if (!units[i].canonical || count == 0)
			continue;
		used += (size_t)snprintf(buf + used, SPAN_TEXT_MAX - used, "%s%" PRId64 "%s",
					 used > 0 ? " " : "", count, units[i].name);
		rest %= units[i].ns;
	}
	return buf;
}
