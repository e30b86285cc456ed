/* SPDX-License-Identifier: MIT */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

/*
 * Fields: the payload of requests, rows and replies. A list of name, type and value, so that a tool
 * can show a row that it does not know, as a table or as JSON.
 *
 *   offset  size  what
 *        0     1  type
 *        1     1  flags
 *        2     2  size of the name, its final NUL included
 *        4     4  size of the value
 *        8        the name, then the value
 *
 *   type          value
 *   null     0    nothing
 *   bool     1    one byte, 0 or 1
 *   int      2    8 bytes, signed
 *   text     3    bytes without NUL, then a NUL
 *   span     4    8 bytes, nanoseconds; the largest number is infinity
 *   time     5    8 bytes, nanoseconds since 1970 UTC
 *   list     6    texts, each with its final NUL
 *   bytes    7    any bytes
 */

#include "wire/frame.h"

enum field_type {
	FIELD_NULL,
	FIELD_BOOL,
	FIELD_INT,
	FIELD_TEXT,
	FIELD_SPAN,
	FIELD_TIME,
	FIELD_LIST,
	FIELD_BYTES,
	FIELD_N_TYPES
};

enum {
	FIELD_DETAIL = 1, /* not a column of a table; shown in JSON and in the long form */
	FIELD_HIDDEN = 2, /* for the tool itself: shown nowhere */
};

struct field {
	enum field_type type;
	uint8_t flags;
	const char *name; /* borrowed, ends with NUL */
	const char *text; /* borrowed; FIELD_TEXT, FIELD_BYTES, and the bytes of FIELD_LIST */
	size_t text_size; /* with the final NUL; FIELD_LIST: of all its texts */
	int64_t number;   /* FIELD_BOOL, FIELD_INT, FIELD_SPAN, FIELD_TIME */
};

/* Append one field each. A NULL text or list is sent as null. */
void field_put_null(struct wire_encoder *e, uint8_t flags, const char *name);
void field_put_bool(struct wire_encoder *e, uint8_t flags, const char *name, bool value);
void field_put_int(struct wire_encoder *e, uint8_t flags, const char *name, int64_t value);
void field_put_text(struct wire_encoder *e, uint8_t flags, const char *name, const char *text);
void field_put_span(struct wire_encoder *e, uint8_t flags, const char *name, struct span span);
void field_put_time(struct wire_encoder *e, uint8_t flags, const char *name, int64_t ns);
void field_put_bytes(struct wire_encoder *e, uint8_t flags, const char *name, const void *bytes,
		     size_t size);
void field_put_list(struct wire_encoder *e, uint8_t flags, const char *name, char *const *texts);
/* The same as field_put_list(): texts, each with its NUL, one behind the other. */
void field_put_texts(struct wire_encoder *e, uint8_t flags, const char *name, const char *texts,
		     size_t size);

/* The field at *cursor of a frame's payload. 1: there was one; 0: no more; -EPROTO: damaged. */
int field_next(const struct wire_frame *frame, size_t *cursor, struct field *ret_field);
/* All fields of the payload are whole. 0 or -EPROTO. */
int field_check(const struct wire_frame *frame);

/* The next text of a FIELD_LIST from *cursor, or NULL; borrowed. */
const char *field_list_next(const struct field *list, size_t *cursor);

/* The named field of that type; false where there is none. */
bool field_find(const struct wire_frame *frame, const char *name, enum field_type type,
		struct field *ret_field);
/* Its text, borrowed, or NULL; its truth, false where absent; its number, or `otherwise`. */
const char *field_text(const struct wire_frame *frame, const char *name);
bool field_bool(const struct wire_frame *frame, const char *name);
int64_t field_int(const struct wire_frame *frame, const char *name, int64_t otherwise);

#endif
