/* SPDX-License-Identifier: MIT */

/* Files of gzip(1), by zlib. A file may consist of several members, one behind the other: that is
 * what `cat a.gz b.gz` makes. */

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/macros.h"
#include "logs/pack.h"

/* The largest window, and a gzip header in front. */
#define GZIP_WINDOW (15 + 16)
#define GZIP_MEMORY 8
#define GZIP_LEVEL 6

struct gzip_reader {
	struct pack_input input;
	z_stream stream;
	bool inside; /* of a member, from its first byte on */
	bool full;   /* there was no more room: zlib may hold more without input */
	int error;   /* comes with the next call */
};

struct gzip_writer {
	struct pack_input input;
	unsigned char out[PACK_CHUNK];
};

static void cleanup_deflate(z_stream *stream)
{
	deflateEnd(stream);
}

/* Packs the piece that is there; the empty last one ends it. */
static int pack_piece(struct gzip_writer *w, z_stream *stream, int to)
{
	int flush = w->input.end ? Z_FINISH : Z_NO_FLUSH;

	stream->next_in = w->input.data;
	stream->avail_in = (uInt)w->input.size;
	do {
		int r;

		stream->next_out = w->out;
		stream->avail_out = sizeof(w->out);
		deflate(stream, flush);
		r = pack_write(to, w->out, sizeof(w->out) - stream->avail_out);
		if (r)
			return r;
	} while (stream->avail_out == 0);
	return 0;
}

static int gzip_pack(int from, int to)
{
	struct gzip_writer *w CLEANUP(cleanup_free) = calloc(1, sizeof(*w));
	z_stream stream CLEANUP(cleanup_deflate) = {0};
	int r = 0;

	if (!w || deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			       Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	w->input.fd = from;
	while (r == 0 && !w->input.end) {
		r = pack_input_next(&w->input);
		if (r == 0)
			r = pack_piece(w, &stream, to);
	}
	return r;
}

static void *gzip_open(int fd)
{
	struct gzip_reader *reader = calloc(1, sizeof(*reader));

	if (!reader || inflateInit2(&reader->stream, GZIP_WINDOW) != Z_OK) {
		free(reader);
		return NULL;
	}
	reader->input.fd = fd;
	reader->inside = true; /* an empty file is a cut one */
	return reader;
}

static int next_piece(struct gzip_reader *reader)
{
	int r = pack_input_next(&reader->input);

	if (r)
		return r;
	reader->stream.next_in = reader->input.data;
	reader->stream.avail_in = (uInt)reader->input.size;
	return reader->input.end && reader->inside ? -ENODATA : 0;
}

/* One step: more input, or as much as there is room for. */
static int step(struct gzip_reader *reader)
{
	int r;

	if (reader->stream.avail_in == 0 && !reader->full)
		return next_piece(reader);
	if (!reader->inside)
		inflateReset(&reader->stream);
	reader->inside = true;
	r = inflate(&reader->stream, Z_NO_FLUSH);
	reader->full = reader->stream.avail_out == 0 && r != Z_STREAM_END;
	switch (r) {
	case Z_OK:
	case Z_BUF_ERROR: /* needs input, or room */
		return 0;
	case Z_STREAM_END:
		reader->inside = false;
		return 0;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

static int gzip_read(void *state, char *out, size_t room, size_t *ret_size)
{
	struct gzip_reader *reader = state;
	uInt wanted = (uInt)MIN_OF(room, (size_t)1 << 30);
	size_t size;

	reader->stream.next_out = (unsigned char *)out;
	reader->stream.avail_out = wanted;
	while (reader->error == 0 && reader->stream.avail_out > 0 && !reader->input.end)
		reader->error = step(reader);
	size = wanted - reader->stream.avail_out;
	if (size == 0 && reader->error)
		return reader->error;
	*ret_size = size;
	return 0;
}

static void gzip_close(void *state)
{
	struct gzip_reader *reader = state;

	if (reader)
		inflateEnd(&reader->stream);
	free(reader);
}

const struct packer gzip_packer = {gzip_pack, gzip_open, gzip_read, gzip_close};
