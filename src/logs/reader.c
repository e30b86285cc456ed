/* SPDX-License-Identifier: MIT */

#include "logs/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logs/line.h"
#include "logs/reader_source.h"

/* ---- opening ---- */

static enum logs_packing packing_of(const char *path)
{
	size_t size = strlen(path);

	for (enum logs_packing p = LOGS_GZIP; p < LOGS_N_PACKINGS; p++) {
		size_t ending = strlen(logs_packing_endings[p]);

		if (size > ending && strcmp(path + size - ending, logs_packing_endings[p]) == 0)
			return p;
	}
	return LOGS_PLAIN;
}

int reader_new(int fd, enum logs_format format, enum logs_packing packing, bool join,
	       struct reader **ret_reader)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	*r = (struct reader){
		.fd = fd,
		.format = format,
		.join = join,
		.packer = pack_with(packing),
	};
	if (r->packer) {
		r->packed = r->packer->open(fd);
		if (!r->packed) {
			free(r);
			return -ENOMEM;
		}
	}
	*ret_reader = r;
	return 0;
}

int reader_open(int dir, const char *path, enum logs_format format, bool join,
		struct reader **ret_reader)
{
	/* Nothing may make it wait that somebody has put in the file's place. */
	int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int result;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		result = -errno;
	else if (!S_ISREG(st.st_mode))
		result = -EINVAL;
	else
		result = reader_new(fd, format, packing_of(path), join, ret_reader);
	if (result)
		close(fd);
	return result;
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	if (r->packer)
		r->packer->close(r->packed);
	close(r->fd);
	buf_fini(&r->in);
	buf_fini(&r->scratch);
	buf_fini(&r->joined);
	free(r);
}

int64_t reader_offset(const struct reader *r)
{
	return r->held ? r->held_offset : r->offset;
}

int reader_fd(const struct reader *r)
{
	return r->fd;
}

int reader_rewind(struct reader *r)
{
	if (r->packer) {
		void *again = r->packer->open(r->fd);

		if (!again)
			return -ENOMEM;
		r->packer->close(r->packed);
		r->packed = again;
	}
	r->error = 0;
	reader_place(r, 0);
	return 0;
}

/* ---- lines ---- */

/* The piece that was peeked at, as what it is behind the last one. */
static int parse(struct reader *r, size_t size, bool ended, struct log_line *ret_line)
{
	/* Where the last piece has no end nothing in this one is a time, or a field. */
	enum logs_format format = r->open ? LOGS_RAW : r->format;
	struct log_line line;
	int result = line_parse(format, reader_data(r), size, &r->scratch, &line);

	if (result)
		return result;
	line.ended = ended;
	line.more = line.more || (!ended && size == READER_LINE_MAX);
	line.continues = line.continues || r->open || (format == LOGS_JSON && r->last.more);
	if (line.continues && !line.has_time) {
		line.has_time = r->last.has_time;
		line.time = r->last.time;
	}
	*ret_line = line;
	return 0;
}

/* Whether the line may go on in the next piece. Of a text the next piece says that: as long as it
 * is in memory, a look is enough. */
static bool may_go_on(const struct reader *r, const struct log_line *line)
{
	if (line->more)
		return true;
	if (r->format != LOGS_TEXT || !line->ended || !line->has_time)
		return false;
	return reader_left(r) <= UTC_SIZE || line_is_piece(reader_data(r), reader_left(r));
}

/* Copies what the line borrows; it points there only when all is together. */
static int keep(struct reader *r, const struct log_line *line)
{
	buf_clear(&r->joined);
	buf_append(&r->joined, line->name, line->name_size);
	return buf_append(&r->joined, line->text, line->size);
}

/* Appends the next piece: false where it does not go on the line, is not there, or does not fit. */
static bool join_piece(struct reader *r, struct log_line *line)
{
	struct log_line piece;
	bool ended;
	size_t size;

	if (reader_peek(r, &size, &ended) <= 0 || parse(r, size, ended, &piece))
		return false;
	if (!piece.continues)
		return false;
	if (r->joined.size + piece.size > READER_LINE_MAX ||
	    buf_append(&r->joined, piece.text, piece.size)) {
		line->more = true;
		return false;
	}
	reader_take(r, size, ended);
	r->last = piece;
	line->more = piece.more;
	line->ended = piece.ended;
	line->size += piece.size;
	return true;
}

/* Puts the pieces together that go on the line. What finds no memory stays in pieces. */
static void join_all(struct reader *r, struct log_line *line)
{
	if (!may_go_on(r, line) || keep(r, line))
		return;
	while (may_go_on(r, line) && join_piece(r, line))
		;
	line->name = line->name ? buf_text(&r->joined) : NULL;
	line->text = buf_text(&r->joined) + line->name_size;
}

/* The next `size` bytes as a line. */
static int give(struct reader *r, size_t size, bool ended, struct log_line *ret_line)
{
	struct log_line line;
	int64_t offset = r->offset;
	int result = parse(r, size, ended, &line);

	if (result)
		return result;
	reader_take(r, size, ended);
	r->last = line;
	if (r->join)
		join_all(r, &line);
	r->last = line;
	r->held_offset = offset;
	*ret_line = line;
	return 1;
}

int reader_next(struct reader *r, struct log_line *ret_line)
{
	bool ended;
	size_t size;
	int result;

	if (r->held) {
		r->held = false;
		*ret_line = r->last;
		return 1;
	}
	result = reader_peek(r, &size, &ended);
	return result <= 0 ? result : give(r, size, ended, ret_line);
}

int reader_rest(struct reader *r, struct log_line *ret_line)
{
	if (r->held || reader_left(r) == 0)
		return 0;
	return give(r, reader_left(r), false, ret_line);
}
