/* SPDX-License-Identifier: MIT */

#include "base/path.h"

#include <string.h>

bool path_has(const char *path, const char *name)
{
	size_t size = strlen(path);

	if (size == 0 || *name == '\0')
		return false;
	while (size > 0 && path[size - 1] == '/')
		size--;
	if (size == 0)
		return true;
	if (strncmp(name, path, size) != 0)
		return false;
	if (path[size - 1] == '@' && name[size] != '\0')
		return !strchr(name + size, '/');
	return name[size] == '\0' || name[size] == '/';
}
