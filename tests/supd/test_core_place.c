/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "supd/core_place.h"
#include "tests/support/alloc.h"

static const struct core_of crashed = {
	.os_pid = 4242,
	.uid = 33,
	.gid = 34,
	.unix_signal = 11,
	.limit = UINT64_MAX,
	.comm = "api",
	.exe = "/srv/bin/api",
	.directory = "/srv/api",
};

/* name: of the file, with @ for the host's name; glob: empty where all is known. */
static const struct row {
	const char *pattern;
	bool uses_pid;
	const char *path, *glob;
} rows[] = {
	{"core", false, "/srv/api/core", ""},
	{"core\n", false, "/srv/api/core", ""},
	{"core", true, "/srv/api/core.4242", ""},
	{"core.%p", true, "/srv/api/core.4242", ""},
	{"dir/core", false, "/srv/api/dir/core", ""},
	{"/var/crash/%u-%g-%s-%c-%p", true, "/var/crash/33-34-11-18446744073709551615-4242", ""},
	{"/x/%h", false, "/x/@", ""},
	{"/x/100%%", false, "/x/100%", ""},
	{"/x/a%", false, "/x/a", ""},
	{"/x/a%z", false, "/x/a", ""},
	{"/x/%e.%p", true, "/x/api.4242", "*.4242"},
	{"/x/%f", false, "/x/api", "*"},
	{"/x/%E-%p", false, "/x/!srv!bin!api-4242", "*-4242"},
	{"/x/a*[%i", false, "/x/a*[4242", "a\\*\\[*"},
	{"/x/%P", true, "/x/4242", "*"},
	{"/x/c%C", true, "/x/c0.4242", "c*.4242"},
};

static char *with_host(const char *text)
{
	static char out[600];
	char host[256] = "";
	const char *at = strchr(text, '@');

	gethostname(host, sizeof(host) - 1);
	if (!at)
		return strcpy(out, text);
	snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - text), text, host, at + 1);
	return out;
}

Test(core_place, patterns)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct core_place place;

		cr_assert_eq(core_place_find(rows[i].pattern, rows[i].uses_pid, &crashed, &place),
			     0);
		cr_expect_eq(place.kind, CORE_FILE);
		cr_expect_str_eq(buf_text(&place.path), with_host(rows[i].path), "%s: %s",
				 rows[i].pattern, buf_text(&place.path));
		cr_expect_str_eq(buf_text(&place.glob), rows[i].glob, "%s: %s", rows[i].pattern,
				 buf_text(&place.glob));
		core_place_fini(&place);
	}
}

Test(core_place, chroot_and_root)
{
	struct core_of of = crashed;
	struct core_place place;

	of.chroot = "/jail";
	cr_assert_eq(core_place_find("core", false, &of, &place), 0);
	cr_expect_str_eq(buf_text(&place.path), "/jail/srv/api/core");
	core_place_fini(&place);
	of.directory = "/";
	cr_assert_eq(core_place_find("core", false, &of, &place), 0);
	cr_expect_str_eq(buf_text(&place.path), "/jail/core");
	core_place_fini(&place);
}

Test(core_place, takers)
{
	static const struct {
		const char *pattern, *path;
		enum core_kind kind;
	} takers[] = {
		{"|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h",
		 "/usr/lib/systemd/systemd-coredump", CORE_PROGRAM},
		{"|/bin/false\n", "/bin/false", CORE_PROGRAM},
		{"@/run/coredump.socket\n", "/run/coredump.socket", CORE_SOCKET},
		{"@@/run/coredump.socket", "/run/coredump.socket", CORE_SOCKET},
	};

	for (size_t i = 0; i < ARRAY_LEN(takers); i++) {
		struct core_place place;

		cr_assert_eq(core_place_find(takers[i].pattern, true, &crashed, &place), 0);
		cr_expect_eq(place.kind, takers[i].kind);
		cr_expect_str_eq(buf_text(&place.path), takers[i].path);
		core_place_fini(&place);
	}
}

static bool look(struct folder *f, const char *pattern, int64_t began, struct core_place *place)
{
	struct core_of of = crashed;

	of.directory = f->path;
	cr_assert_eq(core_place_find(pattern, false, &of, place), 0);
	return core_place_look(place, began);
}

Test(core_place, looks_for_it)
{
	struct folder f;
	struct core_place place;
	int64_t now = (int64_t)time(NULL);
	char *path;

	folder_init(&f);
	cr_expect(!look(&f, "core", 0, &place));
	core_place_fini(&place);
	path = folder_write(&f, "core", "x", 0600);
	cr_expect(look(&f, "core", now - 10, &place));
	cr_expect_str_eq(buf_text(&place.path), path);
	core_place_fini(&place);
	/* An older one is another's. */
	cr_expect(!look(&f, "core", now + 100, &place));
	core_place_fini(&place);
	/* The second of the dump is not known. */
	path = folder_write(&f, "core.4242.123456", "x", 0600);
	folder_write(&f, "core.4243.123457", "x", 0600);
	cr_expect(look(&f, "core.%p.%t", now - 10, &place));
	cr_expect_str_eq(buf_text(&place.path), path);
	core_place_fini(&place);
	cr_expect(!look(&f, "core.%t", now + 100, &place));
	core_place_fini(&place);
	cr_expect(!look(&f, "nothing.%t", now - 10, &place));
	core_place_fini(&place);
	folder_fini(&f);
}

/* A folder of such a name, or a link, is none. */
Test(core_place, only_files)
{
	struct folder f;
	struct core_place place;

	folder_init(&f);
	folder_write(&f, "file", "x", 0600);
	cr_assert_eq(symlink(folder_at(&f, "file"), folder_at(&f, "core")), 0);
	cr_expect(!look(&f, "core", 0, &place));
	core_place_fini(&place);
	folder_fini(&f);
}

Test(core_place, no_memory)
{
	bool failed = true;

	for (unsigned long n = 1; failed; n++) {
		struct core_place place;
		int r;

		alloc_fail_at(n);
		r = core_place_find("/x/%e.%p", false, &crashed, &place);
		failed = alloc_fail_end();
		core_place_fini(&place);
		cr_assert_eq(r, failed ? -ENOMEM : 0, "allocation %lu", n);
	}
}
