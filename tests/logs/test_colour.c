/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "logs/colour.h"

Test(colour, the_same_for_a_name)
{
	cr_expect_eq(colour_of_name("web/api", 7), colour_of_name("web/api and more", 7));
	cr_expect_eq(colour_of_name("", 0), colour_of_name("x", 0));
}

/* Names that differ in a digit are told apart, mostly; none looks like a warning or an error. */
Test(colour, of_many)
{
	size_t changes = 0;

	for (int i = 0; i < 1000; i++) {
		char name[16], next[16];
		const char *colour;

		snprintf(name, sizeof(name), "web/%d", i);
		snprintf(next, sizeof(next), "web/%d", i + 1);
		colour = colour_of_name(name, strlen(name));
		changes += colour != colour_of_name(next, strlen(next));
		cr_expect(strcmp(colour, COLOUR_ERROR) != 0);
		cr_expect(strcmp(colour, COLOUR_WARNING) != 0);
	}
	cr_expect_geq(changes, 700, "%zu", changes);
}
