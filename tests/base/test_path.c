/* SPDX-License-Identifier: MIT */

#include "base/path.h"

#include <criterion/criterion.h>

#include "base/macros.h"

Test(path, at_or_below)
{
	static const struct {
		const char *path, *name;
		bool has;
	} rows[] = {
		{"web", "web", true},
		{"web", "web/api", true},
		{"web", "web/api/x", true},
		{"web", "webby", false},
		{"web", "we", false},
		{"web", "web@1", false},
		{"web/api", "web", false},
		{"web/api", "web/api", true},
		{"web/api", "web/api2", false},
		{"web/", "web", true},
		{"web/", "web/api", true},
		{"web//", "web/api", true},
		{"web/", "webby", false},
		{"/", "/", true},
		{"/", "web", true},
		{"/", "web/api", true},
		{"//", "web", true},
		{"/web", "web", false},
		{"", "web", false},
		{"", "/", false},
		{"", "", false},
		{"/", "", false},
		{"web", "", false},
		{"web", "/", false},
		{"web@", "web@", true},
		{"web@", "web@1", true},
		{"web@", "web@blue", true},
		{"web@", "web", false},
		{"web@", "web@1/x", false},
		{"web@1", "web@1", true},
		{"web@1", "web@12", false},
		{"web/worker@", "web/worker@3", true},
		{"web/worker@/", "web/worker@3", true},
		{"web/worker@", "web/workers", false},
		{"@", "@1", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(path_has(rows[i].path, rows[i].name), rows[i].has, "\"%s\" and \"%s\"",
			     rows[i].path, rows[i].name);
}
