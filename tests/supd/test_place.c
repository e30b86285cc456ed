/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supd/place.h"
#include "tests/supd/folder.h"

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

/* For a while: who looks for leaks at the end needs to be who we were. */
static void become_ordinary(void)
{
	if (geteuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
}

static void become_ourselves(void)
{
	cr_assert_eq(seteuid(getuid()), 0);
	prctl(PR_SET_DUMPABLE, 1);
}

TestSuite(place, .fini = become_ourselves);

/* ---- defaults ---- */

Test(place, configuration)
{
	static const struct {
		const char *config, *home, *path; /* path NULL: an error */
	} rows[] = {
		{NULL, "/home/me", "/home/me/.config/supd/supd.conf"},
		{"/cfg", "/home/me", "/cfg/supd/supd.conf"},
		{"relative", "/home/me", "/home/me/.config/supd/supd.conf"},
		{"", "/home/me", "/home/me/.config/supd/supd.conf"},
		{NULL, NULL, NULL},
	};

	become_ordinary();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out CLEANUP(buf_fini) = BUF_INIT;
		struct buf why CLEANUP(buf_fini) = BUF_INIT;

		set("XDG_CONFIG_HOME", rows[i].config);
		set("HOME", rows[i].home);
		cr_assert_eq(place_config(&out, &why), rows[i].path ? 0 : -ENOENT, "row %zu", i);
		cr_assert_str_eq(buf_text(&out), rows[i].path ? rows[i].path : "");
		cr_assert_eq(why.size > 0, !rows[i].path);
	}
}

Test(place, run_dir)
{
	static const struct {
		const char *given, *runtime, *path;
	} rows[] = {
		{"/given", "/run/user/7", "/given"},
		{NULL, "/run/user/7", "/run/user/7/supd"},
		{NULL, "run/user/7", NULL},
		{NULL, "", NULL},
		{NULL, NULL, NULL},
	};

	become_ordinary();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out CLEANUP(buf_fini) = BUF_INIT;
		struct buf why CLEANUP(buf_fini) = BUF_INIT;
		int r;

		set("XDG_RUNTIME_DIR", rows[i].runtime);
		r = place_run_dir(rows[i].given, &out, &why);
		cr_assert_eq(r, rows[i].path ? 0 : -ENOENT, "row %zu", i);
		cr_assert_str_eq(buf_text(&out), rows[i].path ? rows[i].path : "");
		if (!rows[i].path)
			cr_assert(strstr(buf_text(&why), "XDG_RUNTIME_DIR is not set"));
	}
}

Test(place, of_root)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct buf why CLEANUP(buf_fini) = BUF_INIT;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	set("XDG_RUNTIME_DIR", "/run/user/0");
	set("XDG_CONFIG_HOME", "/root/.config");
	cr_assert_eq(place_config(&out, &why), 0);
	cr_assert_str_eq(buf_text(&out), "/etc/supd/supd.conf");
	buf_clear(&out);
	cr_assert_eq(place_run_dir(NULL, &out, &why), 0);
	cr_assert_str_eq(buf_text(&out), "/run/supd");
}

/* ---- making it ---- */

static struct folder folder;

static void set_up(void)
{
	folder_init(&folder);
}

static void tear_down(void)
{
	folder_fini(&folder);
}

TestSuite(place_make, .init = set_up, .fini = tear_down);

static void check_made(const char *path, bool made)
{
	struct buf why CLEANUP(buf_fini) = BUF_INIT;
	bool ret_made = !made;

	cr_assert_eq(place_make(path, &ret_made, &why), 0, "%s", buf_text(&why));
	cr_assert_eq(ret_made, made);
}

static void check_refused(const char *path, const char *word)
{
	struct buf why CLEANUP(buf_fini) = BUF_INIT;
	bool made = false;

	cr_assert_eq(place_make(path, &made, &why), -EINVAL);
	cr_assert_eq(strncmp(buf_text(&why), "run_dir /", 9), 0, "%s", buf_text(&why));
	cr_assert(strstr(buf_text(&why), word), "%s", buf_text(&why));
}

Test(place_make, mode_whatever_the_umask)
{
	char *path = folder_at(&folder, "run");
	struct stat st;

	umask(0077);
	check_made(path, true);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0755);
	check_made(path, false);
	cr_assert_eq(chmod(path, 0700), 0);
	check_made(path, false);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700, "what is there keeps its mode");
	rmdir(path);
}

Test(place_make, refusals)
{
	char *others = folder_at(&folder, "others");
	char *name = folder_at(&folder, "link");
	char text[300] = "/";

	memset(text + 1, 'x', sizeof(text) - 2);
	check_refused(text, "at most 99 bytes");
	check_refused(folder_at(&folder, "no/such"), "the folder above it does not exist");
	check_refused(folder_write(&folder, "file", "", 0644), "is not a folder");
	cr_assert_eq(mkdir(others, 0755), 0);
	cr_assert_eq(chmod(others, 0775), 0);
	check_refused(others, "chmod go-w");
	cr_assert_eq(chmod(others, 0755), 0);
	cr_assert_eq(symlink(others, name), 0);
	check_refused(name, "symbolic links do not count");
	unlink(name);
	if (geteuid() == 0) {
		cr_assert_eq(chown(others, 65534, 65534), 0);
		check_refused(others, "belongs to another user");
	}
	rmdir(others);
}

Test(place, how_supctl_finds_it)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	become_ordinary();
	set("XDG_RUNTIME_DIR", "/r");
	place_put_supctl(&text, "/r/supd");
	cr_expect_str_eq(buf_text(&text), "supctl");
	buf_clear(&text);
	place_put_supctl(&text, "/elsewhere");
	cr_expect_str_eq(buf_text(&text), "supctl -s /elsewhere/control");
	set("XDG_RUNTIME_DIR", NULL);
	buf_clear(&text);
	place_put_supctl(&text, "/r/supd");
	cr_expect_str_eq(buf_text(&text), "supctl -s /r/supd/control");
}
