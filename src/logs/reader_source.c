/* SPDX-License-Identifier: MIT */

/* Bytes of the file, found in pieces. */

#include "logs/reader_source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)65536)

void reader_place(struct reader *r, int64_t offset)
{
	buf_clear(&r->in);
	r->at = 0;
	r->offset = offset;
	r->open = r->held = false;
	r->last = (struct log_line){0};
}

/* At the end of a plain file: it may have been cut short. What is here of it then is none of its
 * bytes any more. */
static int check_size(struct reader *r, int64_t end)
{
	struct stat st;

	if (fstat(r->fd, &st) < 0)
		return -errno;
	if (st.st_size < end)
		reader_place(r, st.st_size);
	return 0;
}

static int read_plain(struct reader *r, char *to, size_t room, size_t *ret_size)
{
	int64_t end = r->offset + (int64_t)reader_left(r);
	ssize_t n;

	do
		n = pread(r->fd, to, room, (off_t)end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*ret_size = (size_t)n;
	return n == 0 ? check_size(r, end) : 0;
}

/* More of the file: 1, 0 at its end, -errno. */
static int fill(struct reader *r)
{
	size_t size = 0;
	char *to;
	int result;

	if (r->error)
		return r->error;
	if (r->at > 0)
		buf_consume(&r->in, r->at);
	r->at = 0;
	to = buf_reserve(&r->in, CHUNK);
	if (!to) {
		r->in.error = 0;
		return -ENOMEM;
	}
	if (!r->packer) {
		result = read_plain(r, to, CHUNK, &size);
	} else {
		result = r->packer->read(r->packed, to, CHUNK, &size);
		r->error = result;
	}
	if (result)
		return result;
	r->in.size += size;
	if (size > 0)
		r->in.data[r->in.size] = '\0';
	return size > 0;
}

int reader_peek(struct reader *r, size_t *ret_size, bool *ret_ended)
{
	size_t seen = 0;

	for (;;) {
		const char *data = reader_data(r);
		size_t left = MIN_OF(reader_left(r), READER_LINE_MAX);
		const char *newline = left > seen ? memchr(data + seen, '\n', left - seen) : NULL;
		int result;

		if (newline || left == READER_LINE_MAX) {
			*ret_size = newline ? (size_t)(newline - data) : left;
			*ret_ended = newline;
			return 1;
		}
		seen = left;
		result = fill(r);
		if (result == 0)
			return 0;
		if (result > 0)
			continue;
		if (left == 0 || !r->error)
			return result;
		*ret_size = left;
		*ret_ended = false;
		return 1;
	}
}

void reader_take(struct reader *r, size_t size, bool ended)
{
	r->at += size + ended;
	r->offset += (int64_t)(size + ended);
	r->open = !ended;
}
