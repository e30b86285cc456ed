/* SPDX-License-Identifier: MIT */

/* The table of keys, the manual page and the commented reference say the same. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "config/foreign.h"
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
		for (unsigned where = 1; where <= KEY_IN_SERVICE; where *= 2) {
			if (key->where & where)
				cr_expect_eq(key_find_in(key->name, where), key,
					     "%s is there twice", key->name);
		}
		cr_expect_str_eq(key_find(key->name)->name, key->name);
		cr_expect_eq(key_where(key->name) & key->where, key->where);
		if (!key->parse)
			continue;
		cr_expect_not_null(key->help, "%s", key->name);
		cr_expect_not_null(key->fallback, "%s", key->name);
	}
	cr_expect_null(key_find("nonsense"));
	cr_expect_null(key_find(""));
	cr_expect_null(key_find("limit_"));
}

Test(keys, found_for_a_section)
{
	cr_expect_eq(key_find_in("log_format", KEY_IN_SUPD)->object, OBJECT_CONFIG);
	cr_expect_eq(key_find_in("log_format", KEY_IN_SERVICE)->object, OBJECT_PART);
	cr_expect_eq(key_find_in("log_rate", KEY_IN_SUPD), key_find("log_rate"));
	cr_expect_null(key_find_in("nonsense", KEY_IN_SUPD));
	cr_expect_eq(key_where("log_format"), KEY_IN_SUPD | KEY_IN_SERVICE);
	cr_expect_eq(key_where("nonsense"), 0);
}

Test(keys, nearest_may_stand_there)
{
	cr_expect_str_eq(key_nearest("intensty", KEY_IN_SUPERVISOR), "intensity");
	cr_expect_null(key_nearest("intensty", KEY_IN_SERVICE));
	cr_expect_str_eq(key_nearest("limit_nofiles", KEY_IN_SERVICE), "limit_nofile");
	cr_expect_str_eq(key_nearest("requiers", KEY_IN_SERVICE), "requires");
}

Test(keys, of_systemd)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"ExecStart", "command"},
		{"KillMode", "kill_mode"},
		{"LimitNOFILE", "limit_nofile"},
		{"NoNewPrivileges", "no_new_privileges"},
		{"RuntimeDirectoryMode", "runtime_directory_mode"},
		{"UMask", "umask"},
		{"execstart", "command"},
		{"PrivateTmp", NULL},
		{"killmode", NULL},
		{"", NULL},
		{"A", NULL},
		{"LimitABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *ours = foreign_key(rows[i].theirs);

		cr_expect(!ours == !rows[i].ours, "%s", rows[i].theirs);
		if (ours && rows[i].ours)
			cr_expect_str_eq(ours, rows[i].ours);
	}
	cr_expect_str_eq(foreign_word("restart", "on-failure"), "transient");
	cr_expect_str_eq(foreign_word("kill_mode", "Control-Group"), "group");
	cr_expect_null(foreign_word("restart", "transient"));
	cr_expect_null(foreign_word("kill_mode", "always"));
	cr_expect_str_eq(foreign_word("stderr", "append:/x"), "file:PATH");
	cr_expect_str_eq(foreign_word("stdout", "journal"), "log");
	cr_expect_null(foreign_word("stdout", "append"));
	cr_expect_null(foreign_word("log_format", "journal"));
	cr_expect_str_eq(foreign_key("stdout_logfile"), "stdout");
	cr_expect_str_eq(foreign_key("LogRateLimitIntervalSec"), "log_rate");
}

/* What the page says of systemd's names is what the hints say, and each is a key. */
Test(keys, of_systemd_in_the_manual)
{
	char *page CLEANUP(cleanup_free) = read_all("man/supd.conf.5");
	char *line = strstr(page, "\n.Sh FROM SYSTEMD");
	char theirs[64], ours[64];
	unsigned n = 0;

	cr_assert_not_null(line);
	for (line++; line && strncmp(line, ".Sh FILES", 9) != 0; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, ".It Li %63s Ta Ic %63s", theirs, ours) != 2)
			continue;
		n++;
		cr_expect_not_null(foreign_key(theirs), "%s", theirs);
		cr_expect_str_eq(foreign_key(theirs), ours, "%s", theirs);
		cr_expect_not_null(key_find(ours), "%s", ours);
	}
	cr_expect_gt(n, 40u);
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
