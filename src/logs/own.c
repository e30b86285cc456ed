/* SPDX-License-Identifier: MIT */

#include "logs/own.h"

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
