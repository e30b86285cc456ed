/* SPDX-License-Identifier: MIT */

#include "supd/conditions.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "config/expand.h"

static bool path_exists(const char *path, char *const *environment)
{
	struct stat st;

	(void)environment;
	return stat(path, &st) == 0;
}

static bool path_is_directory(const char *path, char *const *environment)
{
	struct stat st;

	(void)environment;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* NAME, or NAME=VALUE. */
static bool environment_has(const char *setting, char *const *environment)
{
	size_t name = strcspn(setting, "=");
	const char *value = expand_find(environment, setting, name);

	return value && (!setting[name] || strcmp(setting + name + 1, value) == 0);
}

static const struct {
	const char *kind;
	bool (*holds)(const char *text, char *const *environment);
} kinds[] = {
	{"path_exists:", path_exists},
	{"path_is_directory:", path_is_directory},
	{"env:", environment_has},
};

static bool holds(const char *condition, const char *path, char *const *environment)
{
	bool wanted = *condition != '!';
	const char *text = condition + !wanted;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t size = strlen(kinds[i].kind);
		char *expanded CLEANUP(cleanup_free) = NULL;

		if (strncmp(text, kinds[i].kind, size) != 0)
			continue;
		return config_expand(text + size, &(struct expand_vars){.path = path}, &expanded) ==
			       0 &&
		       kinds[i].holds(expanded, environment) == wanted;
	}
	return true;
}

const char *conditions_find_unmet(const struct exec *exec, const char *path,
				  char *const *environment)
{
	char *const *condition = exec->when ? exec->when->start_if : NULL;

	for (; condition && *condition; condition++)
		if (!holds(*condition, path, environment))
			return *condition;
	return NULL;
}
