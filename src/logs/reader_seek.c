/* SPDX-License-Identifier: MIT */

/* Places in a file: by time, and counted from the end. Packed files know only one way: forward. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logs/line.h"
#include "logs/reader_source.h"

/* A bisection ends where that little is left: it is read anyway. */
#define NEAR 65536
/* Read at once from behind ... */
#define BLOCK 65536
/* ... with what may have to be seen of the lines around. */
#define MARGIN 64

static int size_of(const struct reader *r, int64_t *ret_size)
{
	struct stat st;

	if (fstat(r->fd, &st) < 0)
		return -errno;
	*ret_size = st.st_size;
	return 0;
}

/* ---- by time ---- */

/*
 * The first line with a time that begins behind `from` and before `to`: 1, 0: none does, or as
 * reader_next(). What stands at `from` may be the midst of a line.
 */
static int find_time(struct reader *r, int64_t from, int64_t to, int64_t *ret_offset,
		     struct utc *ret_time)
{
	bool begins = false;

	reader_place(r, from);
	while (r->offset < to) {
		struct log_line line;
		bool ended, continued;
		size_t size;
		int result = reader_peek(r, &size, &ended);

		if (result <= 0)
			return result;
		result = line_parse(r->format, reader_data(r), size, &r->scratch, &line);
		if (result)
			return result;
		if (begins && line.has_time && !line.continues) {
			*ret_offset = r->offset;
			*ret_time = line.time;
			return 1;
		}
		continued = r->format == LOGS_JSON && line_is_continued(reader_data(r), size);
		begins = ended && !continued;
		reader_take(r, size, ended);
	}
	return 0;
}

static int bisect(struct reader *r, struct utc t)
{
	int64_t low = 0, high = 0, begin = 0;
	int result = size_of(r, &high);

	while (result == 0 && high - low > NEAR) {
		int64_t middle = low + (high - low) / 2;
		struct utc time = {0};
		int found = find_time(r, middle, high, &begin, &time);

		if (found < 0)
			result = found;
		else if (found == 0 || time.us >= t.us)
			high = middle;
		else
			low = begin;
	}
	reader_place(r, low);
	return result;
}

int reader_seek_time(struct reader *r, struct utc t)
{
	struct log_line line;
	int result = reader_rewind(r);

	if (result || r->format == LOGS_RAW)
		return result;
	if (!r->packer)
		result = bisect(r, t);
	if (result)
		return result;
	while ((result = reader_next(r, &line)) > 0) {
		if (line.has_time && !line.continues && line.time.us >= t.us) {
			r->held = true;
			return 0;
		}
	}
	return result;
}

/* ---- from the end ---- */

/* A part of the file: [begin, begin + size). */
struct block {
	int64_t begin;
	size_t size;
	char data[MARGIN + BLOCK + MARGIN];
};

static int read_block(const struct reader *r, int64_t begin, int64_t end, struct block *block)
{
	block->begin = begin;
	block->size = 0;
	while (block->size < (size_t)(end - begin)) {
		ssize_t n =
			pread(r->fd, block->data + block->size, (size_t)(end - begin) - block->size,
			      (off_t)(begin + (int64_t)block->size));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break; /* it was cut short meanwhile */
		block->size += (size_t)n;
	}
	return 0;
}

/* Whether a line begins at a place behind a newline, or only goes on there. */
static bool begins_line(const struct reader *r, const struct block *block, int64_t place)
{
	size_t at = (size_t)(place - block->begin);

	if (!r->join || r->format == LOGS_RAW)
		return true;
	if (r->format == LOGS_JSON)
		return !line_is_continued(block->data, at - 1);
	return !line_is_piece(block->data + at, block->size - at);
}

/* Counts the lines that begin in (from, to], from behind, until they are n. True: they are, and
 * *place is where the last of them begins. */
static bool count_back(const struct reader *r, const struct block *block, int64_t from,
		       int64_t *place, size_t n, size_t *count)
{
	while (*place > from) {
		size_t left = (size_t)(*place - block->begin);
		const char *newline;

		if (left > block->size)
			left = block->size;
		newline = memrchr(block->data, '\n', left);
		*place = newline ? block->begin + (newline - block->data) : from;
		if (*place < from || !newline)
			break;
		if (newline + 1 < block->data + block->size && begins_line(r, block, *place + 1) &&
		    ++*count == n) {
			++*place;
			return true;
		}
	}
	*place = from;
	return false;
}

static int tail_plain(struct reader *r, size_t n, size_t *ret_n)
{
	struct block block;
	int64_t size = 0, place;
	size_t count = 0;
	int result = size_of(r, &size);

	place = size;
	while (result == 0 && place > 0 && count < n) {
		int64_t from = MAX_OF(place - BLOCK, INT64_C(0));

		result = read_block(r, MAX_OF(from - MARGIN, INT64_C(0)),
				    MIN_OF(place + MARGIN, size), &block);
		if (result == 0 && count_back(r, &block, from, &place, n, &count))
			break;
	}
	if (result)
		return result;
	if (place == 0 && count < n && size > 0)
		count++; /* the first line */
	reader_place(r, n > 0 ? place : size);
	*ret_n = count;
	return 0;
}

/* What is there is counted, then passed over but for the last n. */
static int tail_packed(struct reader *r, size_t n, size_t *ret_n)
{
	struct log_line line;
	size_t count = 0;
	int result = reader_rewind(r);

	if (result)
		return result;
	while (reader_next(r, &line) > 0)
		count++;
	result = reader_rewind(r);
	if (result)
		return result;
	*ret_n = MIN_OF(n, count);
	for (size_t i = *ret_n; i < count && reader_next(r, &line) > 0; i++)
		;
	return 0;
}

int reader_seek_tail(struct reader *r, size_t n, size_t *ret_n)
{
	size_t count = 0;
	int result = r->packer ? tail_packed(r, n, &count) : tail_plain(r, n, &count);

	if (result == 0 && ret_n)
		*ret_n = count;
	return result;
}

/* ---- by offset ---- */

int reader_go(struct reader *r, int64_t offset)
{
	int result = 0;

	if (!r->packer) {
		reader_place(r, offset);
		return 0;
	}
	if (offset < r->offset)
		result = reader_rewind(r);
	while (result == 0 && r->offset < offset) {
		size_t size, left = (size_t)(offset - r->offset);
		bool ended;

		result = reader_peek(r, &size, &ended);
		if (result <= 0)
			break;
		result = 0;
		if (size + ended > left)
			ended = false;
		reader_take(r, MIN_OF(size, left), ended);
	}
	r->open = r->held = false;
	r->last = (struct log_line){0};
	return result;
}
