/* SPDX-License-Identifier: MIT */

/*
 * Encoding and decoding of frames. The encoder writes straight to the end of an output queue: the
 * header's size is filled in when the frame ends, and a frame that became too long is taken back as
 * if it had never begun. The decoder trusts nothing: each length is compared with what is left
 * before it is used.
 */

#include "wire/frame.h"

#include <errno.h>
#include <string.h>

#include "wire/number.h"

enum {
	OFFSET_OP = 4,
	OFFSET_FLAGS = 5,
	OFFSET_TAG_SIZE = 6,
	OFFSET_FROM = 8,
	OFFSET_TO = 16,
	OFFSET_REF = 24
};

struct wire_frame wire_frame(enum wire_op op, const char *tag, uint64_t ref)
{
	return (struct wire_frame){
		.op = (uint8_t)op,
		.tag = tag,
		.tag_size = (uint16_t)strnlen(tag, WIRE_TAG_MAX),
		.ref = ref,
	};
}

void wire_begin(struct wire_encoder *e, struct buf *out, const struct wire_frame *frame)
{
	uint8_t header[WIRE_HEADER_SIZE] = {0};

	*e = (struct wire_encoder){.out = out, .start = out->size};
	header[OFFSET_OP] = frame->op;
	header[OFFSET_FLAGS] = frame->flags;
	number_store(header + OFFSET_TAG_SIZE, frame->tag_size, 2);
	number_store(header + OFFSET_FROM, frame->from, 8);
	number_store(header + OFFSET_TO, frame->to, 8);
	number_store(header + OFFSET_REF, frame->ref, 8);
	wire_put(e, header, sizeof(header));
	wire_put(e, frame->tag, frame->tag_size);
}

void wire_put(struct wire_encoder *e, const void *data, size_t size)
{
	if (e->error || !size)
		return;
	if (size > WIRE_DATAGRAM_MAX || e->out->size - e->start + size > WIRE_DATAGRAM_MAX)
		e->error = -EMSGSIZE;
	else
		e->error = buf_append(e->out, data, size);
}

int wire_end(struct wire_encoder *e)
{
	size_t size = e->out->size - e->start;

	if (e->error) {
		e->out->size = e->start;
		if (e->out->data)
			e->out->data[e->start] = '\0';
		return e->error;
	}
	number_store((uint8_t *)e->out->data + e->start, size, 4);
	return 0;
}

int wire_decode(const void *datagram, size_t size, size_t *cursor, struct wire_frame *ret_frame)
{
	const uint8_t *at = (const uint8_t *)datagram + *cursor;
	size_t left = size - *cursor;
	size_t frame_size, tag_size;

	if (left == 0)
		return 0;
	if (left < WIRE_HEADER_SIZE)
		return -EPROTO;
	frame_size = (size_t)number_load(at, 4);
	tag_size = (size_t)number_load(at + OFFSET_TAG_SIZE, 2);
	if (frame_size < WIRE_HEADER_SIZE || frame_size > left || frame_size > WIRE_DATAGRAM_MAX)
		return -EPROTO;
	if (tag_size > WIRE_TAG_MAX || tag_size > frame_size - WIRE_HEADER_SIZE)
		return -EPROTO;
	*ret_frame = (struct wire_frame){
		.op = at[OFFSET_OP],
		.flags = at[OFFSET_FLAGS],
		.tag_size = (uint16_t)tag_size,
		.from = number_load(at + OFFSET_FROM, 8),
		.to = number_load(at + OFFSET_TO, 8),
		.ref = number_load(at + OFFSET_REF, 8),
		.tag = (const char *)at + WIRE_HEADER_SIZE,
		.payload = at + WIRE_HEADER_SIZE + tag_size,
		.payload_size = frame_size - WIRE_HEADER_SIZE - tag_size,
	};
	*cursor += frame_size;
	return 1;
}

size_t wire_datagram_size(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	size_t at = 0;

	while (size - at >= WIRE_HEADER_SIZE) {
		size_t frame_size = (size_t)number_load(bytes + at, 4);

		if (at && at + frame_size > WIRE_DATAGRAM_MAX)
			break;
		at += frame_size;
	}
	return at;
}

bool wire_tag_is(const struct wire_frame *frame, const char *text)
{
	return strlen(text) == frame->tag_size && memcmp(text, frame->tag, frame->tag_size) == 0;
}
