/* SPDX-License-Identifier: MIT */

/* Files of zstd(1), by libzstd. A file may consist of several frames, one behind the other. */

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/macros.h"
#include "logs/pack.h"

#define LEVEL 3

struct zstd_reader {
	struct pack_input input;
	ZSTD_inBuffer in; /* in input.data */
	ZSTD_DStream *stream;
	bool inside; /* of a frame, from its first byte on */
	int error;   /* comes with the next call */
};

struct zstd_writer {
	struct pack_input input;
	unsigned char out[PACK_CHUNK];
};

static void cleanup_stream(ZSTD_CStream **stream)
{
	ZSTD_freeCStream(*stream);
}

static int zstd_errno(size_t result)
{
	if (!ZSTD_isError(result))
		return 0;
	return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation ? -ENOMEM : -EBADMSG;
}

/* Packs the piece that is there; the empty last one ends it. */
static int pack_piece(struct zstd_writer *w, ZSTD_CStream *stream, int to)
{
	ZSTD_EndDirective how = w->input.end ? ZSTD_e_end : ZSTD_e_continue;
	ZSTD_inBuffer in = {w->input.data, w->input.size, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {w->out, sizeof(w->out), 0};
		int r;

		left = ZSTD_compressStream2(stream, &out, &in, how);
		r = zstd_errno(left);
		if (r == 0)
			r = pack_write(to, w->out, out.pos);
		if (r)
			return r;
	} while (w->input.end ? left > 0 : in.pos < in.size);
	return 0;
}

static int zstd_pack(int from, int to)
{
	struct zstd_writer *w CLEANUP(cleanup_free) = calloc(1, sizeof(*w));
	ZSTD_CStream *stream CLEANUP(cleanup_stream) = ZSTD_createCStream();
	int r;

	if (!w || !stream)
		return -ENOMEM;
	w->input.fd = from;
	r = zstd_errno(ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, LEVEL));
	if (r == 0)
		r = zstd_errno(ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1));
	while (r == 0 && !w->input.end) {
		r = pack_input_next(&w->input);
		if (r == 0)
			r = pack_piece(w, stream, to);
	}
	return r;
}

static void zstd_close(void *state)
{
	struct zstd_reader *reader = state;

	if (reader)
		ZSTD_freeDStream(reader->stream);
	free(reader);
}

static void *zstd_open(int fd)
{
	struct zstd_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->stream = ZSTD_createDStream();
	if (!reader->stream) {
		zstd_close(reader);
		return NULL;
	}
	reader->input.fd = fd;
	reader->in.src = reader->input.data;
	reader->inside = true; /* an empty file is a cut one */
	return reader;
}

/* One step: more input, or as much as there is room for. What the library still holds of a frame
 * whose input is all there comes first. */
static int step(struct zstd_reader *reader, ZSTD_outBuffer *out)
{
	size_t before = out->pos, left;
	int r;

	if (reader->in.pos == reader->in.size) {
		r = pack_input_next(&reader->input);
		if (r)
			return r;
		reader->in.size = reader->input.size;
		reader->in.pos = 0;
		if (reader->input.end && !reader->inside)
			return 0;
	}
	left = ZSTD_decompressStream(reader->stream, out, &reader->in);
	r = zstd_errno(left);
	if (r)
		return r;
	reader->inside = left > 0;
	return reader->input.end && reader->inside && out->pos == before ? -ENODATA : 0;
}

static int zstd_read(void *state, char *out, size_t room, size_t *ret_size)
{
	struct zstd_reader *reader = state;
	ZSTD_outBuffer to = {out, room, 0};

	while (reader->error == 0 && to.pos < to.size && (reader->inside || !reader->input.end))
		reader->error = step(reader, &to);
	if (to.pos == 0 && reader->error)
		return reader->error;
	*ret_size = to.pos;
	return 0;
}

const struct packer zstd_packer = {zstd_pack, zstd_open, zstd_read, zstd_close};
