/* SPDX-License-Identifier: MIT */

#include "config/directories.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PART_MAX 255
#define NAME_SIZE_MAX 1024

const char *const directory_keys[DIRECTORY_N_KINDS] = {
	[DIRECTORY_RUNTIME] = "runtime_directory",
	[DIRECTORY_STATE] = "state_directory",
	[DIRECTORY_CACHE] = "cache_directory",
	[DIRECTORY_LOGS] = "logs_directory",
};

const char *const directory_variables[DIRECTORY_N_KINDS] = {
	[DIRECTORY_RUNTIME] = "RUNTIME_DIRECTORY",
	[DIRECTORY_STATE] = "STATE_DIRECTORY",
	[DIRECTORY_CACHE] = "CACHE_DIRECTORY",
	[DIRECTORY_LOGS] = "LOGS_DIRECTORY",
};

/* Of an ordinary user's: a variable, then what stands for it below HOME, and what follows both. */
static const struct {
	const char *roots, *users, *variable, *below_home, *behind;
} rows[DIRECTORY_N_KINDS] = {
	[DIRECTORY_RUNTIME] = {"/run", "$XDG_RUNTIME_DIR", "XDG_RUNTIME_DIR", NULL, ""},
	[DIRECTORY_STATE] = {"/var/lib", "$XDG_STATE_HOME or ~/.local/state", "XDG_STATE_HOME",
			     "/.local/state", ""},
	[DIRECTORY_CACHE] = {"/var/cache", "$XDG_CACHE_HOME or ~/.cache", "XDG_CACHE_HOME",
			     "/.cache", ""},
	[DIRECTORY_LOGS] = {"/var/log", "log in $XDG_STATE_HOME or ~/.local/state",
			    "XDG_STATE_HOME", "/.local/state", "/log"},
};

enum directory_kind directory_kind_of(const char *key)
{
	int kind = 0;

	while (kind < DIRECTORY_N_KINDS - 1 && strcmp(key, directory_keys[kind]) != 0)
		kind++;
	return (enum directory_kind)kind;
}

const char *directory_kind_base(enum directory_kind kind)
{
	return geteuid() == 0 ? rows[kind].roots : rows[kind].users;
}

/* A variable that names an absolute path; others do not count (XDG base directories). */
static const char *find_variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

int directory_find_base(enum directory_kind kind, struct buf *out)
{
	const char *path = rows[kind].roots, *below = "", *behind = "";

	if (geteuid() != 0) {
		path = find_variable(rows[kind].variable);
		behind = rows[kind].behind;
	}
	if (!path && rows[kind].below_home) {
		path = find_variable("HOME");
		below = rows[kind].below_home;
	}
	return path ? buf_printf(out, "%s%s%s", path, below, behind) : -ENOENT;
}

bool directory_is_name(const char *name)
{
	size_t size = strlen(name);

	if (size > NAME_SIZE_MAX)
		return false;
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == ':')
			return false;
	for (const char *part = name;; part += size + 1) {
		size = strcspn(part, "/");
		if (size == 0 || size > PART_MAX || (size <= 2 && strspn(part, ".") >= size))
			return false;
		if (!part[size])
			return true;
	}
}
