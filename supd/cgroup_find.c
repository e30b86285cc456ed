/* SPDX-License-Identifier: MIT */

/*
 * Which folder is our own cgroup's. /proc/self/cgroup has a line "0::PATH" for cgroup v2, seen from
 * the root of our cgroup namespace; /proc/self/mountinfo tells where which part of that tree is
 * mounted: field 4 is the part, field 5 the place, and behind a lonely "-" stands "cgroup2".
 * Blanks and the like in them are \ooo.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/cgroup_folder.h"

#define FIELD_MAX 4096
/* A machine with thousands of mounts. */
#define FILE_MAX ((size_t)4 * 1024 * 1024)

static int read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && out->size < FILE_MAX) {
		char chunk[4096];

		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_append(out, chunk, (size_t)n);
	}
	n = n < 0 ? -errno : out->error;
	close(fd);
	return (int)n;
}

/* The path of the line "0::PATH"; false where there is none that can be reached. */
static bool find_path(const char *cgroup, char out[FIELD_MAX])
{
	for (const char *line = cgroup; line && *line; line = strchr(line, '\n')) {
		size_t size;

		line += *line == '\n';
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		size = strcspn(line + 3, "\n");
		if (size >= FIELD_MAX)
			return false;
		memcpy(out, line + 3, size);
		out[size] = '\0';
		/* Outside of our namespace, or removed by somebody. */
		return strncmp(out, "/..", 3) != 0 && !strstr(out, " (deleted)");
	}
	return false;
}

static bool is_octal(const char *text)
{
	return text[0] >= '0' && text[0] <= '3' && text[1] >= '0' && text[1] <= '7' &&
	       text[2] >= '0' && text[2] <= '7';
}

static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++, to++) {
		*to = *from;
		if (from[0] == '\\' && is_octal(from + 1)) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 3;
		}
	}
	*to = '\0';
}

/* What of path is below root; NULL where it is elsewhere. */
static const char *path_below(const char *path, const char *root)
{
	size_t size = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (strncmp(path, root, size) != 0 || (path[size] != '/' && path[size] != '\0'))
		return NULL;
	return strcmp(path + size, "/") == 0 ? "" : path + size;
}

int cgroup_find(const char *cgroup, const char *mountinfo, struct buf *ret_path)
{
	char path[FIELD_MAX], root[FIELD_MAX], place[FIELD_MAX];

	if (!find_path(cgroup, path))
		return -ENOENT;
	for (const char *line = mountinfo; line && *line; line = strchr(line, '\n')) {
		const char *type, *rest;

		line += *line == '\n';
		type = strstr(line, " - ");
		if (!type || type > line + strcspn(line, "\n") ||
		    strncmp(type + 3, "cgroup2 ", 8) != 0 ||
		    sscanf(line, "%*s %*s %*s %4095s %4095s", root, place) != 2)
			continue;
		unescape(root);
		unescape(place);
		rest = path_below(path, root);
		if (rest)
			return buf_printf(ret_path, "%s%s", place, rest);
	}
	return -ENOENT;
}

int cgroup_find_own(struct buf *ret_path)
{
	struct buf cgroup CLEANUP(buf_fini) = BUF_INIT;
	struct buf mountinfo CLEANUP(buf_fini) = BUF_INIT;
	int r = read_file("/proc/self/cgroup", &cgroup);

	if (r == 0)
		r = read_file("/proc/self/mountinfo", &mountinfo);
	return r < 0 ? r : cgroup_find(buf_text(&cgroup), buf_text(&mountinfo), ret_path);
}
