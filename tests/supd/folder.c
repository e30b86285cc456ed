/* SPDX-License-Identifier: MIT */

#include "tests/supd/folder.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void folder_init(struct folder *f)
{
	const char *base = getenv("TMPDIR");

	*f = (struct folder){0};
	cr_assert_gt(asprintf(&f->path, "%s/supd-test-XXXXXX", base ? base : "/tmp"), 0);
	cr_assert_not_null(mkdtemp(f->path));
	cr_assert_eq(chmod(f->path, 0777), 0);
}

void folder_fini(struct folder *f)
{
	DIR *dir = opendir(f->path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	cr_assert_eq(rmdir(f->path), 0, "%s: %s", f->path, strerror(errno));
	for (size_t i = 0; i < f->n; i++)
		free(f->texts[i]);
	free(f->texts);
	free(f->path);
}

char *folder_at(struct folder *f, const char *name)
{
	char *path = NULL;

	f->texts = reallocarray(f->texts, f->n + 1, sizeof(*f->texts));
	cr_assert_gt(asprintf(&path, "%s/%s", f->path, name), 0);
	return f->texts[f->n++] = path;
}

char *folder_write(struct folder *f, const char *name, const char *text, mode_t mode)
{
	char *path = folder_at(f, name);
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, mode);

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
	return path;
}
