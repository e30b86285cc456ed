/* SPDX-License-Identifier: MIT */

/*
 * A reader for what our own writer writes, and no more than that: one object, no object in it, no
 * exponent. It may still be fed anything, as a file may be damaged or somebody else's.
 */

#include "wire/json_read.h"

#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "base/utc.h"
#include "wire/json_text.h"

#define NS_PER_S INT64_C(1000000000)
#define NAME_MAX_SIZE 64

static const char base64_name[] = "_base64";

struct reader {
	const char *at, *end;
	const struct json_member *members;
	struct wire_encoder *e;
	struct buf text; /* the string in hand */
	int error;       /* 0 or -ENOMEM */
};

/* ---- characters ---- */

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size) != 0)
		return false;
	r->at += size;
	return true;
}

/* Into r->text. */
static bool take_string(struct reader *r)
{
	bool understood;

	buf_clear(&r->text);
	if (!take(r, '"'))
		return false;
	understood = json_text_read(&r->at, r->end, &r->text);
	if (r->text.error)
		r->error = r->text.error;
	return !r->error && understood && take(r, '"');
}

/* ---- what strings stand for ---- */

static bool parse_digits(const char **at, int n, int64_t *ret_value)
{
	*ret_value = 0;
	for (; n; n--, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*ret_value = *ret_value * 10 + (**at - '0');
	}
	return true;
}

/* "2026-11-30T20:37:10.123456Z" */
static bool parse_time(const char *text, int64_t *ret_ns)
{
	static const struct {
		int digits;
		char behind;
	} parts[] = {{4, '-'}, {2, '-'}, {2, 'T'}, {2, ':'}, {2, ':'}, {2, '.'}, {6, 'Z'}};
	int64_t v[ARRAY_LEN(parts)];

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!parse_digits(&text, parts[i].digits, &v[i]) || *text++ != parts[i].behind)
			return false;
	if (*text || v[0] < 1677 || v[0] > 2261 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 ||
	    v[3] > 23 || v[4] > 59 || v[5] > 60)
		return false;
	*ret_ns = (((utc_days((int)v[0], (int)v[1], (int)v[2]) * 24 + v[3]) * 60 + v[4]) * 60 +
		   v[5]) * NS_PER_S +
		  v[6] * 1000;
	return true;
}

/* In its place. */
static bool decode_base64(struct buf *text)
{
	size_t size = text->size;
	ssize_t n;

	if (size % 4)
		return false;
	while (size && text->data[size - 1] == '=')
		size--;
	n = base64_read(text->data, size, text->data);
	if (n >= 0)
		text->size = (size_t)n;
	return n >= 0;
}

/* ---- values ---- */

static const struct json_member *member_of(const struct reader *r, const char *name)
{
	static const struct json_member other = {NULL, FIELD_NULL, 0};
	const struct json_member *m = r->members;

	for (; m && m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return &other;
}

static bool read_string(struct reader *r, char *name)
{
	size_t base = strlen(name) - MIN_OF(strlen(name), sizeof(base64_name) - 1);
	bool is_base64 = strcmp(name + base, base64_name) == 0;
	const struct json_member *m;
	int64_t ns;

	if (!take_string(r))
		return false;
	if (is_base64)
		name[base] = '\0';
	m = member_of(r, name);
	if (is_base64 || m->type == FIELD_BYTES) {
		if (is_base64 && !decode_base64(&r->text))
			return false;
		field_put_bytes(r->e, m->flags, name, r->text.size ? r->text.data : "",
				r->text.size);
		return true;
	}
	if (memchr(buf_text(&r->text), '\0', r->text.size))
		return false;
	if (m->type == FIELD_TIME && !parse_time(buf_text(&r->text), &ns))
		return false;
	if (m->type == FIELD_TIME)
		field_put_time(r->e, m->flags, name, ns);
	else if (m->type == FIELD_SPAN && strcmp(buf_text(&r->text), "infinity") == 0)
		field_put_span(r->e, m->flags, name, SPAN_INFINITY);
	else
		field_put_text(r->e, m->flags, name, buf_text(&r->text));
	return true;
}

static bool take_number(struct reader *r, uint64_t *ret_value)
{
	const char *start = r->at;
	uint64_t value = 0;

	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
		if (value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(*r->at - '0');
	}
	*ret_value = value;
	return r->at > start;
}

/* Seconds, with any number of digits behind the point. */
static bool take_fraction(struct reader *r, uint64_t seconds, int64_t *ret_ns)
{
	int64_t ns = 0, grain = NS_PER_S / 10;

	if (seconds >= INT64_MAX / NS_PER_S)
		return false;
	r->at++;
	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++, grain /= 10)
		ns += (*r->at - '0') * grain;
	*ret_ns = (int64_t)seconds * NS_PER_S + ns;
	return true;
}

static bool read_number(struct reader *r, const char *name)
{
	const struct json_member *m = member_of(r, name);
	bool negative = take_word(r, "-");
	uint64_t value;
	int64_t ns;

	if (!take_number(r, &value) || value > (uint64_t)INT64_MAX + negative)
		return false;
	if (r->at < r->end && *r->at == '.') {
		if (negative || !take_fraction(r, value, &ns))
			return false;
		field_put_span(r->e, m->flags, name, (struct span){ns});
		return true;
	}
	field_put_int(r->e, m->flags, name, negative ? (int64_t)(0 - value) : (int64_t)value);
	return true;
}

/* Of strings. */
static bool read_list(struct reader *r, const char *name)
{
	struct buf bytes CLEANUP(buf_fini) = BUF_INIT;
	bool first = true;

	r->at++;
	while (!take(r, ']')) {
		if ((!first && !take(r, ',')) || !take_string(r) ||
		    memchr(buf_text(&r->text), '\0', r->text.size))
			return false;
		buf_append(&bytes, buf_text(&r->text), r->text.size + 1);
		first = false;
	}
	if (bytes.error)
		r->error = bytes.error;
	field_put_texts(r->e, member_of(r, name)->flags, name, buf_text(&bytes), bytes.size);
	return true;
}

static bool read_value(struct reader *r, char *name)
{
	uint8_t flags = member_of(r, name)->flags;

	skip_blanks(r);
	if (r->at == r->end)
		return false;
	if (*r->at == '"')
		return read_string(r, name);
	if (*r->at == '[')
		return read_list(r, name);
	if (take_word(r, "null"))
		field_put_null(r->e, flags, name);
	else if (take_word(r, "true"))
		field_put_bool(r->e, flags, name, true);
	else if (take_word(r, "false"))
		field_put_bool(r->e, flags, name, false);
	else
		return read_number(r, name);
	return true;
}

static bool read_member(struct reader *r)
{
	char name[NAME_MAX_SIZE];

	if (!take_string(r) || !r->text.size || r->text.size >= sizeof(name) ||
	    memchr(r->text.data, '\0', r->text.size))
		return false;
	memcpy(name, r->text.data, r->text.size + 1);
	return take(r, ':') && read_value(r, name);
}

int json_read_row(const char *line, size_t size, const struct json_member *members,
		  struct wire_encoder *e)
{
	struct reader r = {line, line + size, members, e, BUF_INIT, 0};
	bool good = take(&r, '{'), more = good && !take(&r, '}');

	while (good && more) {
		good = read_member(&r);
		more = good && take(&r, ',');
		if (good && !more)
			good = take(&r, '}');
	}
	skip_blanks(&r);
	good = good && r.at == r.end;
	buf_fini(&r.text);
	return r.error ? r.error : good ? 0 : -EPROTO;
}
