/* SPDX-License-Identifier: MIT */

#include "supd/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "supd/place.h"

#define FOLDER "/stamps"

static void put_name(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_putc(out, *text == '/' ? '%' : *text);
}

static int make_folder(const struct buf *path)
{
	return mkdir(buf_text(path), 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* The file's path; makes the folders where they are to be there. 0 or -errno. */
static int find_file(const struct daemon *d, const char *path, bool make, struct buf *out)
{
	struct buf why CLEANUP(buf_fini) = BUF_INIT;
	int r = place_state_dir(out, &why);

	if (r == 0 && make)
		r = make_folder(out);
	if (r == 0)
		r = buf_puts(out, FOLDER);
	if (r == 0 && make)
		r = make_folder(out);
	if (r < 0)
		return r;
	buf_putc(out, '/');
	put_name(out, d->run_dir);
	buf_putc(out, '%');
	put_name(out, path);
	return out->error;
}

int64_t stamp_read(const struct daemon *d, const char *path)
{
	struct buf file CLEANUP(buf_fini) = BUF_INIT;
	struct stat st;

	if (find_file(d, path, false, &file) < 0 || lstat(buf_text(&file), &st) < 0)
		return -1;
	return st.st_mtim.tv_sec;
}

int stamp_write(const struct daemon *d, const char *path, int64_t at)
{
	struct buf file CLEANUP(buf_fini) = BUF_INIT;
	const struct timespec times[] = {{.tv_sec = (time_t)at}, {.tv_sec = (time_t)at}};
	int r = find_file(d, path, true, &file);
	int fd;

	if (r < 0)
		return r;
	fd = open(buf_text(&file), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = futimens(fd, times) < 0 ? -errno : 0;
	close(fd);
	return r;
}
