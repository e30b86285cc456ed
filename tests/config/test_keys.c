/* SPDX-License-Identifier: MIT */

/* The table of keys, the manual page and the commented reference say the same. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "config/keys.h"

static char *read_all(const char *path)
{
	struct buf out = BUF_INIT;
	char chunk[4096];
	FILE *file = fopen(path, "re");
	size_t n;

	cr_assert_not_null(file, "%s", path);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_append(&out, chunk, n);
	fclose(file);
	return buf_take(&out);
}

Test(keys, rows_are_complete)
{
	for (const struct key *key = config_keys; key->name; key++) {
		cr_expect_neq(key->where, 0, "%s", key->name);
		cr_expect_eq(key_find(key->name), key, "%s is there twice", key->name);
		if (!key->parse)
			continue;
		cr_expect_not_null(key->help, "%s", key->name);
		cr_expect_not_null(key->fallback, "%s", key->name);
	}
	cr_expect_null(key_find("nonsense"));
	cr_expect_null(key_find(""));
	cr_expect_null(key_find("limit_"));
}

Test(keys, nearest_may_stand_there)
{
	cr_expect_str_eq(key_nearest("intensty", KEY_IN_SUPERVISOR), "intensity");
	cr_expect_null(key_nearest("intensty", KEY_IN_SERVICE));
	cr_expect_str_eq(key_nearest("limit_nofiles", KEY_IN_SERVICE), "limit_nofile");
	cr_expect_str_eq(key_nearest("requiers", KEY_IN_SERVICE), "requires");
}

/* Every key has an item ".It Ic KEY" in the page; every such item is a key, be it one to come. */
Test(keys, manual)
{
	char *page CLEANUP(cleanup_free) = read_all("man/supd.conf.5");
	char item[128];

	for (const struct key *key = config_keys; key->name; key++) {
		if (!key->parse)
			continue;
		snprintf(item, sizeof(item), "\n.It Ic %s ", key->name);
		cr_expect_not_null(strstr(page, item), "man/supd.conf.5 has no \".It Ic %s\"",
				   key->name);
	}
	for (const char *p = page; (p = strstr(p, "\n.It Ic ")); p++) {
		const struct key *key;

		snprintf(item, sizeof(item), "%.*s", (int)strcspn(p + 8, " \n"), p + 8);
		key = key_find(item);
		cr_expect(key, "man/supd.conf.5 has an unknown key: %s", item);
	}
}

/* Every key stands in conf/supd.conf, as a comment. */
Test(keys, reference)
{
	char *text CLEANUP(cleanup_free) = read_all("conf/supd.conf");
	char line[128];

	for (const struct key *key = config_keys; key->name; key++) {
		snprintf(line, sizeof(line), "\n#%s = ", key->name);
		if (key->parse)
			cr_expect_not_null(strstr(text, line),
					   "conf/supd.conf has no #%s =", key->name);
	}
}
