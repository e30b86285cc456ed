/* SPDX-License-Identifier: MIT */

/* A record a piece. All records of a batch begin alike: that is put together once. */

#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "logs/line.h"
#include "base/base64.h"
#include "base/utc.h"
#include "suplog/format.h"
#include "suplog/string.h"
#include "suplog/piece.h"

#define TEXT_FIELD "\"line\":\""
#define BASE64_FIELD "\"line_base64\":\""
/* Of a record, without what begins it and without the line. */
#define FRAME_SIZE (sizeof(BASE64_FIELD) + sizeof("\"" LINE_MORE "\n"))

static int put_head(const struct format *f, struct buf *head, int64_t time)
{
	char text[UTC_SIZE];

	utc_write((struct utc){time / 1000}, text);
	buf_puts(head, "{\"time\":\"");
	buf_append(head, text, sizeof(text));
	buf_puts(head, "\",\"name\":\"");
	string_put(head, f->name, strlen(f->name));
	return buf_puts(head, "\",");
}

static char *put_bytes(char *to, const char *data, size_t size)
{
	memcpy(to, data, size);
	return to + size;
}

static int put_tail(struct buf *out, bool more)
{
	return buf_puts(out, more ? "\"" LINE_MORE "\n" : "\"}\n");
}

/* A line of which every byte stands for itself: no call in between. */
static int put_plain(struct buf *out, const struct buf *head, const char *data, size_t size,
		     bool more)
{
	size_t most = head->size + FRAME_SIZE + size;
	char *to = out->data + out->size;

	if (out->capacity - out->size <= most) {
		to = buf_reserve(out, most);
		if (!to)
			return out->error;
	}
	to = put_bytes(to, head->data, head->size);
	to = put_bytes(to, TEXT_FIELD, strlen(TEXT_FIELD));
	to = put_bytes(to, data, size);
	if (more)
		to = put_bytes(to, "\"" LINE_MORE "\n", strlen("\"" LINE_MORE "\n"));
	else
		to = put_bytes(to, "\"}\n", 3);
	*to = '\0';
	out->size = (size_t)(to - out->data);
	return 0;
}

static int put_record(struct buf *out, const struct buf *head, const char *data, size_t size,
		      bool more)
{
	size_t plain = string_plain_span(data, size);

	if (plain == size)
		return put_plain(out, head, data, size, more);
	buf_append(out, head->data, head->size);
	if (string_is_text(data + plain, size - plain)) {
		buf_puts(out, TEXT_FIELD);
		string_put(out, data, size);
	} else {
		buf_puts(out, BASE64_FIELD);
		base64_put(out, data, size);
	}
	return put_tail(out, more);
}

/* How large a record is cannot be told before it is written: one that does not fit is taken back.
 */
static size_t json_put(struct format *f, struct buf *out, const struct format_input *in)
{
	struct buf head CLEANUP(buf_fini) = BUF_INIT;
	size_t at = 0, begin = out->size;

	if (put_head(f, &head, in->time)) {
		out->error = head.error;
		return 0;
	}
	while (at < in->size) {
		struct piece piece =
			piece_next(in->data + at, in->size - at, f->line_max, false, in->rest);
		size_t before = out->size;
		bool more = piece.end != PIECE_LINE;

		if (piece.end == PIECE_NONE)
			break;
		if (put_record(out, &head, in->data + at, piece.size, more))
			break;
		if (before > begin && out->size - begin > in->room) {
			out->size = before;
			out->data[before] = '\0';
			break;
		}
		f->state = (struct format_state){.split = more};
		at += piece.size + !more;
	}
	return at;
}

/* One that is open has said that there is more: an empty piece says that there is not. */
static void json_end(struct format *f, struct buf *out, int64_t time)
{
	struct buf head CLEANUP(buf_fini) = BUF_INIT;

	if (f->state.split && put_head(f, &head, time))
		out->error = head.error;
	else if (f->state.split)
		put_record(out, &head, "", 0, false);
	f->state = (struct format_state){0};
}

static void json_remark(struct format *f, struct buf *out, int64_t time, const char *text)
{
	struct buf head CLEANUP(buf_fini) = BUF_INIT;
	struct buf line CLEANUP(buf_fini) = BUF_INIT;

	buf_puts(&line, "supd: ");
	buf_puts(&line, text);
	if (put_head(f, &head, time) || line.error)
		out->error = -ENOMEM;
	else
		put_record(out, &head, line.data, line.size, false);
}

const struct format_ops format_json_ops = {json_put, json_end, json_remark};
