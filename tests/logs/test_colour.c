/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
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

/* A console is read by its colours: few services do not share one. */
Test(colour, of_a_few_together)
{
	static const char *const groups[][8] = {
		{"web", "web/db", "web/pool/one", "jobs"},
		{"supd", "web/db", "web/api", "web/pool/one", "web/pool/two", "clock", "flaky",
		 "jobs/job"}, /* conf/demo.conf */
		{"web/redis", "web/nginx", "web/worker"},
		{"web/1", "web/2", "web/3"},
		{"a", "b"},
	};

	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		for (size_t i = 0; i < 8 && groups[g][i]; i++) {
			for (size_t j = 0; j < i; j++) {
				const char *a = groups[g][i], *b = groups[g][j];

				cr_expect_str_neq(colour_of_name(a, strlen(a)),
						  colour_of_name(b, strlen(b)), "%s and %s", a, b);
			}
		}
	}
}
