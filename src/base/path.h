/* SPDX-License-Identifier: MIT */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/* Paths of the tree: "web/api" is what is called api below web; "/" is its root. */

#include <stdbool.h>

/*
 * name is what path names, or below that: of "/" all that has a name; of "web@" the instances of
 * the template web. Slashes at the end of path mean nothing; an empty path names nothing.
 */
bool path_has(const char *path, const char *name);

#endif
