/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_SURROUNDINGS_H
#define CONFIG_SURROUNDINGS_H

/* Between the files that look at what a service needs of its host. */

#include <sys/types.h>

#include "config/expand.h"
#include "config/loader.h"

/* One service under the eye. */
struct look {
	struct loader *loader;
	const struct section *section;
	const struct exec *exec;
	bool nameless; /* a template without instances yet: nobody knows what their names will be */
	struct expand_vars vars;
};

/* PATH: KEY WHAT: WHY, at the line that has the key. */
void look_complain(const struct look *look, const char *key, const char *what, const char *why);
/* The text with % and ${} expanded; NULL: no memory, or nothing to look at. Owned. */
char *look_expand(const struct look *look, const char *text);
/* True where text is a number, or the name of a user; *ret_uid is it. */
bool look_find_user(const char *text, uid_t *ret_uid);

/* surroundings_setup.c; only where the service has such keys. */
void look_at_setup(const struct look *look);

#endif
