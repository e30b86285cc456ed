/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/alloc.h"
#include "base/macros.h"
#include "logs/name.h"
#include "tests/logs/place.h"

#define T "20261130T203710.123456Z"

Test(name, made_and_parsed)
{
	static const struct {
		const char *entry;
		enum logs_packing packing;
		bool unfinished;
	} rows[] = {
		{"api.log." T, LOGS_PLAIN, false},       {"api.log." T ".gz", LOGS_GZIP, false},
		{"api.log." T ".zst", LOGS_ZSTD, false}, {"api.log." T ".zst.tmp", LOGS_ZSTD, true},
		{"api.log." T ".tmp", LOGS_PLAIN, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct logs_name name;
		char *made;

		cr_assert(name_parse("api.log", rows[i].entry, &name), "%s", rows[i].entry);
		cr_expect_eq(name.packing, rows[i].packing);
		cr_expect_eq(name.unfinished, rows[i].unfinished);
		made = name_make("api.log", &name);
		cr_expect_str_eq(made, rows[i].entry);
		free(made);
	}
}

Test(name, what_is_not_of_the_log)
{
	static const char *const entries[] = {
		"api.log",
		"api.log.",
		"api.log.log",
		"api.log." T ".log",
		"api.log." T ".gz.log",
		"api.log." T ".xz",
		"api.log." T ".",
		"api.log." T ".tmp.gz",
		"api.logs." T,
		"xapi.log." T,
		"api.log.20261330T203710.123456Z",
		"api.log.20261130T203710.123456",
	};

	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		struct logs_name name;

		cr_expect(!name_parse("api.log", entries[i], &name), "%s", entries[i]);
	}
}

static void touch(const struct place *place, const char *name)
{
	place_write(place, name, "x", 1);
}

Test(name, listed_oldest_first)
{
	struct logs_names names;
	struct place place;

	place_init(&place);
	mkdirat(place.dir, "web", 0700);
	touch(&place, "web/api.log");
	touch(&place, "web/api.log.20261130T203710.000002Z");
	touch(&place, "web/api.log.20251130T203710.000001Z.gz");
	touch(&place, "web/api.log.20261130T203710.000001Z.zst");
	touch(&place, "web/api.log.20261130T203710.000001Z");
	touch(&place, "web/api.log.20271130T203710.000001Z.zst.tmp");
	touch(&place, "web/api.log.log");
	cr_assert_eq(names_list(place.dir, "web/api.log", &names), 0);
	cr_assert_eq(names.n, 3);
	cr_expect(names.names[0].packing == LOGS_GZIP);
	cr_expect(names.names[1].packing == LOGS_PLAIN); /* not its half removed likeness */
	cr_expect_eq(names.names[2].time.us - names.names[1].time.us, 1);
	names_fini(&names);

	cr_assert_eq(names_remove_unfinished(place.dir, "web/api.log"), 0);
	cr_expect_neq(faccessat(place.dir, "web/api.log.20271130T203710.000001Z.zst.tmp", F_OK, 0),
		      0);
	cr_assert_eq(names_list(place.dir, "web/api.log", &names), 0);
	cr_assert_eq(names.n, 3);
	names_fini(&names);
	place_fini(&place);
}

Test(name, folders)
{
	struct logs_names names;
	struct place place;

	place_init(&place);
	touch(&place, "api.log." T);
	cr_assert_eq(names_list(place.dir, "api.log", &names), 0);
	cr_expect_eq(names.n, 1);
	names_fini(&names);
	cr_assert_eq(names_list(place.dir, "absent/api.log", &names), 0);
	cr_expect_eq(names.n, 0);
	names_fini(&names);
	cr_expect_eq(names_list(place.dir, "api.log." T "/api.log", &names), -ENOTDIR);
	cr_expect_eq(names_remove_unfinished(place.dir, "absent/api.log"), 0);
	place_fini(&place);
}

Test(name, no_memory)
{
	struct logs_names names;
	struct place place;
	long before;
	bool failed;

	place_init(&place);
	for (int i = 0; i < 40; i++) {
		struct logs_name name = {.time = time_of_line(i)};
		char *made = name_make("api.log", &name);

		touch(&place, made);
		free(made);
	}
	before = alloc_live();
	for (unsigned long n = 1;; n++) {
		int r;

		alloc_fail_at(n);
		r = names_list(place.dir, "api.log", &names);
		failed = alloc_fail_end();
		if (!failed) {
			cr_assert_eq(r, 0);
			break;
		}
		cr_assert_eq(r, -ENOMEM);
		cr_assert_eq(alloc_live(), before);
	}
	cr_assert_eq(names.n, 40);
	names_fini(&names);
	cr_assert_eq(alloc_live(), before);
	place_fini(&place);
}

Test(name, of_services)
{
	static const char *const rows[][2] = {
		{"a", "services/a.log"},
		{"web/api", "services/web/api.log"},
		{"a.log", "services/a.log.log"},
		{"a.log/b", "services/a.log~/b.log"},
		{"a.log~/b.log/c.log", "services/a.log~~/b.log~/c.log.log"},
		{"a~/.log/~", "services/a~/.log~/~.log"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf file = BUF_INIT, back = BUF_INIT;

		cr_assert_eq(name_put_service_file(&file, rows[i][0]), 0);
		cr_expect_str_eq(buf_text(&file), rows[i][1]);
		cr_assert(name_is_service_file(buf_text(&file), file.size));
		cr_assert_eq(name_put_service(&back, buf_text(&file), file.size), 0);
		cr_expect_str_eq(buf_text(&back), rows[i][0]);
		buf_fini(&file);
		buf_fini(&back);
	}
	cr_expect_not(name_is_service_file("services/.log", 13));
	cr_expect_not(name_is_service_file("supd.log", 8));
	cr_expect_not(name_is_service_file("service/a.log", 13));
}
