/* SPDX-License-Identifier: MIT */

/*
 * Fields, written and read. Names and texts carry their final NUL over the wire, so that the reader
 * may borrow them from the datagram; that the NUL is there, and is the only one, is checked before.
 */

#include "wire/field.h"

#include <errno.h>
#include <string.h>

#include "wire/number.h"

#define FIELD_HEADER_SIZE 8
#define FIELD_NAME_MAX 64

static void field_put(struct wire_encoder *e, const struct field *head, const void *value,
		      size_t size)
{
	uint8_t header[FIELD_HEADER_SIZE];
	size_t name_size = strlen(head->name) + 1;

	if (size > WIRE_DATAGRAM_MAX || name_size > FIELD_NAME_MAX) {
		if (!e->error)
			e->error = -EMSGSIZE;
		return;
	}
	header[0] = (uint8_t)head->type;
	header[1] = head->flags;
	number_store(header + 2, name_size, 2);
	number_store(header + 4, size, 4);
	wire_put(e, header, sizeof(header));
	wire_put(e, head->name, name_size);
	wire_put(e, value, size);
}

static void field_put_number(struct wire_encoder *e, const struct field *head, int64_t number)
{
	uint8_t value[8];

	number_store(value, (uint64_t)number, sizeof(value));
	field_put(e, head, value, sizeof(value));
}

void field_put_null(struct wire_encoder *e, uint8_t flags, const char *name)
{
	field_put(e, &(struct field){FIELD_NULL, flags, name, NULL, 0, 0}, NULL, 0);
}

void field_put_bool(struct wire_encoder *e, uint8_t flags, const char *name, bool value)
{
	uint8_t byte = value;

	field_put(e, &(struct field){FIELD_BOOL, flags, name, NULL, 0, 0}, &byte, 1);
}

void field_put_int(struct wire_encoder *e, uint8_t flags, const char *name, int64_t value)
{
	field_put_number(e, &(struct field){FIELD_INT, flags, name, NULL, 0, 0}, value);
}

void field_put_text(struct wire_encoder *e, uint8_t flags, const char *name, const char *text)
{
	if (!text)
		field_put_null(e, flags, name);
	else
		field_put(e, &(struct field){FIELD_TEXT, flags, name, NULL, 0, 0}, text,
			  strlen(text) + 1);
}

void field_put_span(struct wire_encoder *e, uint8_t flags, const char *name, struct span span)
{
	field_put_number(e, &(struct field){FIELD_SPAN, flags, name, NULL, 0, 0}, span.ns);
}

void field_put_time(struct wire_encoder *e, uint8_t flags, const char *name, int64_t ns)
{
	field_put_number(e, &(struct field){FIELD_TIME, flags, name, NULL, 0, 0}, ns);
}

void field_put_bytes(struct wire_encoder *e, uint8_t flags, const char *name, const void *bytes,
		     size_t size)
{
	field_put(e, &(struct field){FIELD_BYTES, flags, name, NULL, 0, 0}, bytes, size);
}

void field_put_list(struct wire_encoder *e, uint8_t flags, const char *name, char *const *texts)
{
	size_t size = 0;

	if (!texts) {
		field_put_null(e, flags, name);
		return;
	}
	for (size_t i = 0; texts[i] && size <= WIRE_DATAGRAM_MAX; i++)
		size += strlen(texts[i]) + 1;
	field_put(e, &(struct field){FIELD_LIST, flags, name, NULL, 0, 0}, NULL, 0);
	if (e->error)
		return;
	if (size > WIRE_DATAGRAM_MAX) {
		e->error = -EMSGSIZE;
		return;
	}
	number_store((uint8_t *)e->out->data + e->out->size - strlen(name) - 1 - 4, size, 4);
	for (size_t i = 0; texts[i]; i++)
		wire_put(e, texts[i], strlen(texts[i]) + 1);
}

void field_put_texts(struct wire_encoder *e, uint8_t flags, const char *name, const char *texts,
		     size_t size)
{
	field_put(e, &(struct field){FIELD_LIST, flags, name, NULL, 0, 0}, texts, size);
}

/* A value has the size that its type asks for, and a text exactly one NUL, at its end. */
static bool field_is_sound(const struct field *f, const uint8_t *value, size_t size)
{
	switch (f->type) {
	case FIELD_NULL:
		return size == 0;
	case FIELD_BOOL:
		return size == 1 && value[0] <= 1;
	case FIELD_INT:
	case FIELD_TIME:
		return size == 8;
	case FIELD_SPAN:
		return size == 8 && !(value[7] & 0x80);
	case FIELD_TEXT:
		return size && memchr(value, 0, size) == value + size - 1;
	case FIELD_LIST:
		return !size || value[size - 1] == 0;
	case FIELD_BYTES:
		return true;
	case FIELD_N_TYPES:
		break;
	}
	return false;
}

int field_next(const struct wire_frame *frame, size_t *cursor, struct field *ret_field)
{
	const uint8_t *at = (const uint8_t *)frame->payload + *cursor;
	size_t left = frame->payload_size - *cursor;
	size_t name_size, size;
	struct field f;

	if (left == 0)
		return 0;
	if (left < FIELD_HEADER_SIZE)
		return -EPROTO;
	name_size = (size_t)number_load(at + 2, 2);
	size = (size_t)number_load(at + 4, 4);
	left -= FIELD_HEADER_SIZE;
	if (at[0] >= FIELD_N_TYPES || name_size < 2 || name_size > FIELD_NAME_MAX ||
	    name_size > left || size > left - name_size)
		return -EPROTO;
	f = (struct field){
		.type = at[0], .flags = at[1], .name = (const char *)at + FIELD_HEADER_SIZE};
	if (memchr(f.name, 0, name_size) != f.name + name_size - 1)
		return -EPROTO;
	at += FIELD_HEADER_SIZE + name_size;
	if (!field_is_sound(&f, at, size))
		return -EPROTO;
	if (f.type == FIELD_TEXT || f.type == FIELD_LIST || f.type == FIELD_BYTES) {
		f.text = (const char *)at;
		f.text_size = size;
	} else {
		f.number = (int64_t)number_load(at, size);
	}
	*ret_field = f;
	*cursor += FIELD_HEADER_SIZE + name_size + size;
	return 1;
}

int field_check(const struct wire_frame *frame)
{
	size_t cursor = 0;
	struct field f;
	int r;

	do
		r = field_next(frame, &cursor, &f);
	while (r > 0);
	return r;
}

const char *field_list_next(const struct field *list, size_t *cursor)
{
	const char *text = list->text + *cursor;

	if (list->type != FIELD_LIST || *cursor >= list->text_size)
		return NULL;
	*cursor += strlen(text) + 1;
	return text;
}

bool field_find(const struct wire_frame *frame, const char *name, enum field_type type,
		struct field *ret_field)
{
	size_t cursor = 0;
	struct field f;

	while (field_next(frame, &cursor, &f) > 0) {
		if (f.type == type && strcmp(f.name, name) == 0) {
			*ret_field = f;
			return true;
		}
	}
	return false;
}

const char *field_text(const struct wire_frame *frame, const char *name)
{
	struct field f;

	return field_find(frame, name, FIELD_TEXT, &f) ? f.text : NULL;
}

bool field_bool(const struct wire_frame *frame, const char *name)
{
	struct field f;

	return field_find(frame, name, FIELD_BOOL, &f) && f.number;
}

int64_t field_int(const struct wire_frame *frame, const char *name, int64_t otherwise)
{
	struct field f;

	return field_find(frame, name, FIELD_INT, &f) ? f.number : otherwise;
}
