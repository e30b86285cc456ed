/* SPDX-License-Identifier: MIT */
#ifndef WIRE_JSON_READ_H
#define WIRE_JSON_READ_H

/*
 * Lines of JSON as wire/json.h writes them, read back. JSON does not tell a time or a span from
 * other values: who reads knows by their names which they are. A name with _base64 behind it is
 * bytes.
 */

#include "wire/field.h"

struct json_member {
	const char *name;
	enum field_type type; /* FIELD_TIME, FIELD_SPAN, FIELD_BYTES */
	uint8_t flags;
};

/*
 * Appends the members of one object as fields. members: those that are not what they look like, or
 * have flags; its last name is NULL. 0; -EPROTO: it is no such line, and what was appended up to
 * there is to be dropped with the frame; -ENOMEM.
 */
int json_read_row(const char *line, size_t size, const struct json_member *members,
		  struct wire_encoder *e);

#endif
