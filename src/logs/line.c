/* SPDX-License-Identifier: MIT */

/* Of json only what the log keeper writes is understood: these fields in this order. */

#include "logs/line.h"

#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "wire/json_text.h"

#define TIME_FIELD "{\"time\":\""
#define NAME_FIELD "\",\"name\":\""
#define LINE_FIELD "\",\"line\":\""
#define BASE64_FIELD "\",\"line_base64\":\""

/* What has not been taken yet. */
struct rest {
	const char *data;
	size_t size;
};

static void drop(struct rest *rest, size_t n)
{
	rest->data += n;
	rest->size -= n;
}

static bool take_literal(struct rest *rest, const char *literal)
{
	size_t size = strlen(literal);

	if (rest->size < size || memcmp(rest->data, literal, size) != 0)
		return false;
	drop(rest, size);
	return true;
}

/* ---- what strings stand for ---- */

/* All up to the quote at the end, which stays. */
static bool take_string(struct rest *rest, struct buf *out)
{
	const char *at = rest->data;
	bool understood = json_text_read(&at, rest->data + rest->size, out);

	drop(rest, (size_t)(at - rest->data));
	return understood;
}

/* Likewise, in base64. */
static bool take_base64(struct rest *rest, struct buf *out)
{
	const char *quote = memchr(rest->data, '"', rest->size);
	size_t size = quote ? (size_t)(quote - rest->data) : rest->size, used = size;
	char *room = buf_reserve(out, size);
	ssize_t n;

	while (used > 0 && size - used < 2 && rest->data[used - 1] == '=')
		used--;
	n = room ? base64_read(rest->data, used, room) : -1;
	if (n < 0)
		return false;
	out->size += (size_t)n;
	out->data[out->size] = '\0';
	drop(rest, size);
	return true;
}

/* ---- formats ---- */

static bool take_time(struct rest *rest, struct utc *ret_time)
{
	if (utc_read(rest->data, rest->size, ret_time))
		return false;
	drop(rest, UTC_SIZE);
	return true;
}

static bool parse_json(struct rest rest, struct buf *scratch, struct log_line *line)
{
	size_t name_size;

	if (!take_literal(&rest, TIME_FIELD) || !take_time(&rest, &line->time) ||
	    !take_literal(&rest, NAME_FIELD))
		return false;
	if (!take_string(&rest, scratch))
		return false;
	name_size = scratch->size;
	if (take_literal(&rest, LINE_FIELD)) {
		if (!take_string(&rest, scratch))
			return false;
	} else if (!take_literal(&rest, BASE64_FIELD) || !take_base64(&rest, scratch)) {
		return false;
	}
	if (!take_literal(&rest, "\""))
		return false;
	line->more = take_literal(&rest, LINE_MORE);
	if (!line->more && !take_literal(&rest, "}"))
		return false;
	line->name = buf_text(scratch);
	line->name_size = name_size;
	line->text = buf_text(scratch) + name_size;
	line->size = scratch->size - name_size;
	line->has_time = true;
	return rest.size == 0;
}

static bool parse_text(struct rest rest, struct log_line *line)
{
	if (!take_time(&rest, &line->time) || rest.size == 0)
		return false;
	if (rest.data[0] != ' ' && rest.data[0] != '+')
		return false;
	line->continues = rest.data[0] == '+';
	line->has_time = true;
	line->text = rest.data + 1;
	line->size = rest.size - 1;
	return true;
}

int line_parse(enum logs_format format, const char *raw, size_t size, struct buf *scratch,
	       struct log_line *ret_line)
{
	struct rest rest = {raw, size};
	struct log_line line = {0};
	bool understood = false;

	buf_clear(scratch);
	/* A file has both where its log's format was changed. */
	if (format != LOGS_RAW)
		understood = size && *raw == '{' ? parse_json(rest, scratch, &line)
						 : parse_text(rest, &line);
	if (scratch->error)
		return scratch->error;
	if (!understood)
		line = (struct log_line){.text = raw, .size = size};
	*ret_line = line;
	return 0;
}

bool line_is_piece(const char *raw, size_t size)
{
	struct utc time;

	return size > UTC_SIZE && raw[UTC_SIZE] == '+' && utc_read(raw, size, &time) == 0;
}

bool line_is_continued(const char *raw, size_t size)
{
	size_t more = strlen(LINE_MORE);

	return size >= more && memcmp(raw + size - more, LINE_MORE, more) == 0;
}
