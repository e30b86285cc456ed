/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "config/words.h"
#include "supd/conditions.h"

/* The first of the conditions that does not hold. */
static char *unmet(const char *conditions)
{
	char **environment = NULL;
	struct exec_when when = {0};
	struct exec exec = {.when = &when};
	const char *found;
	char *copy;

	cr_assert_eq(words_list(conditions, &when.start_if), 0);
	cr_assert_eq(words_list("A=1 EMPTY= LONG=a=b", &environment), 0);
	found = conditions_find_unmet(&exec, "web/proc@self", environment);
	copy = found ? strdup(found) : NULL;
	strings_free(when.start_if);
	strings_free(environment);
	return copy;
}

static bool all_hold(const char *conditions)
{
	char *found CLEANUP(cleanup_free) = unmet(conditions);

	return found == NULL;
}

Test(conditions, each)
{
	static const struct {
		const char *condition;
		bool holds;
	} rows[] = {
		{"path_exists:/proc/self/stat", true},
		{"path_exists:/proc/%i/stat", true},
		{"path_exists:/no/such", false},
		{"path_is_directory:/proc", true},
		{"path_is_directory:/proc/self/stat", false},
		{"path_is_directory:/no/such", false},
		{"env:A", true},
		{"env:A=1", true},
		{"env:A=", false},
		{"env:A=12", false},
		{"env:B", false},
		{"env:EMPTY", true},
		{"env:EMPTY=", true},
		{"env:LONG=a=b", true},
		{"env:LON", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char negated[64];

		snprintf(negated, sizeof(negated), "!%s", rows[i].condition);
		cr_expect_eq(all_hold(rows[i].condition), rows[i].holds, "%s", rows[i].condition);
		cr_expect_eq(all_hold(negated), !rows[i].holds, "%s", negated);
	}
}

Test(conditions, all_must_hold)
{
	char *found CLEANUP(cleanup_free) = unmet("env:A !env:B env:C env:D");
	struct exec none = {0};

	cr_expect_str_eq(found, "env:C", "the first that does not");
	cr_expect(all_hold("env:A !env:B"));
	cr_expect_null(conditions_find_unmet(&none, "a", NULL));
}
