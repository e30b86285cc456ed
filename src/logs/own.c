/* SPDX-License-Identifier: MIT */

#include "logs/own.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/path.h"
#include "base/pid.h"

/* What JSON does not tell: the same fields as supd/rows_event.c and others have put. */
const struct json_member logs_event_members[] = {
	{"time", FIELD_TIME, 0},
	{"delay", FIELD_SPAN, FIELD_DETAIL},
	{"cause_kind", FIELD_TEXT, FIELD_DETAIL},
	{"cause_gone", FIELD_BOOL, FIELD_DETAIL},
	{"count", FIELD_INT, FIELD_DETAIL},
	{"error", FIELD_TEXT, FIELD_DETAIL},
	{"explanation", FIELD_TEXT, FIELD_DETAIL},
	{"failures", FIELD_INT, FIELD_DETAIL},
	{"from", FIELD_TEXT, FIELD_DETAIL},
	{"from_name", FIELD_TEXT, FIELD_DETAIL},
	{"starts", FIELD_INT, FIELD_DETAIL},
	{"after_signal", FIELD_TEXT, FIELD_DETAIL},
	{"signal", FIELD_TEXT, FIELD_DETAIL},
	{"step", FIELD_TEXT, FIELD_DETAIL},
	{"intensity", FIELD_INT, FIELD_DETAIL},
	{"period", FIELD_SPAN, FIELD_DETAIL},
	{"supd", FIELD_TEXT, FIELD_DETAIL},
	{NULL, FIELD_NULL, 0},
};

const struct json_member logs_report_members[] = {
	{"time", FIELD_TIME, 0},       {"uptime", FIELD_SPAN, 0},  {"cpu_user", FIELD_SPAN, 0},
	{"cpu_system", FIELD_SPAN, 0}, {"output", FIELD_BYTES, 0}, {NULL, FIELD_NULL, 0},
};

void logs_report_put_short(struct wire_encoder *e, const struct wire_frame *report)
{
	static const struct {
		const char *name;
		uint8_t flags;
	} wanted[] = {
		{"seq", 0},         {"time", 0},           {"name", 0},
		{"reason", 0},      {"pid", FIELD_DETAIL}, {"kind", FIELD_DETAIL},
		{"explanation", 0},
	};
	struct field f;

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		if (field_find(report, wanted[i].name, FIELD_INT, &f))
			field_put_int(e, wanted[i].flags, f.name, f.number);
		else if (field_find(report, wanted[i].name, FIELD_TIME, &f))
			field_put_time(e, wanted[i].flags, f.name, f.number);
		else
			field_put_text(e, wanted[i].flags, wanted[i].name,
				       field_text(report, wanted[i].name));
	}
}

bool logs_row_is_of(const struct wire_frame *row, const char *target)
{
	const char *name = field_text(row, "name"), *pid = field_text(row, "pid");
	char text[ACTOR_PID_TEXT_MAX];
	const char *who = actor_pid_spell(target, text);

	/* What has no path is of the whole. */
	return path_has(who, name ? name : "/") || (pid && strcmp(who, pid) == 0);
}

void logs_event_put_gap(struct wire_encoder *e, int64_t from, int64_t to, int64_t lost)
{
	field_put_text(e, 0, "kind", "gap");
	field_put_int(e, 0, "from", from);
	field_put_int(e, 0, "to", to);
	field_put_int(e, 0, "lost", lost);
}

int logs_read_row(const char *line, size_t size, const struct json_member *members, struct buf *buf,
		  struct wire_frame *ret_row)
{
	static const struct wire_frame frame = {.op = WIRE_ROW};
	struct wire_encoder e;
	size_t cursor = 0;
	int r;

	buf_clear(buf);
	wire_begin(&e, buf, &frame);
	r = json_read_row(line, size, members, &e);
	if (r == 0)
		r = wire_end(&e);
	if (r == 0 && wire_decode(buf->data, buf->size, &cursor, ret_row) != 1)
		r = -EPROTO;
	return r;
}
