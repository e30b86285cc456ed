/* SPDX-License-Identifier: MIT */

/* Limits of a service's cgroup. */

#include <string.h>

#include "config/keys.h"

/* The kernel's least is a millisecond in a tenth of a second; its most is beyond any machine. */
#define PERMILLE_MIN 10
#define PERMILLE_MAX 10000000

static int refuse_cpu(const struct value *value)
{
	return value_refuse(value, "use a share of one processor such as 50%%, a number of "
				   "processors such as 2 or 2.5, or infinity");
}

/* Digits into thousandths; a fraction of at most three. NULL where there is none; else its end. */
static const char *take_decimal(const char *text, uint64_t *ret_permille)
{
	uint64_t number = 0;
	int digits = 0, fraction = -1;

	for (;; text++) {
		if (*text >= '0' && *text <= '9') {
			if (fraction == 3 || number > PERMILLE_MAX)
				return NULL;
			number = number * 10 + (uint64_t)(*text - '0');
			digits++;
			fraction += fraction >= 0;
		} else if (*text == '.' && fraction < 0 && digits) {
			fraction = 0;
		} else {
			break;
		}
	}
	for (int i = fraction < 0 ? 0 : fraction; i < 3; i++)
		number *= 10;
	*ret_permille = number;
	return digits && fraction != 0 ? text : NULL;
}

/* 50%, 2, 2.5, infinity: into thousandths of a processor; 0: no limit. */
int value_cpu_max(const struct value *value)
{
	uint32_t *field = value->field;
	uint64_t permille;
	const char *rest;

	if (strcmp(value->text, "infinity") == 0) {
		*field = 0;
		return 0;
	}
	rest = take_decimal(value->text, &permille);
	if (rest && strcmp(rest, "%") == 0)
		permille = (permille + 50) / 100;
	else if (!rest || *rest)
		return refuse_cpu(value);
	if (permille < PERMILLE_MIN)
		return value_refuse(value, "it must be 1%% of a processor at least");
	if (permille > PERMILLE_MAX)
		return value_refuse(value, "no machine has that many processors: use infinity");
	*field = (uint32_t)permille;
	return 0;
}
