/* SPDX-License-Identifier: MIT */

/* What the daemon answers to a call of the child API, in OTP's words. */

#include <stdio.h>
#include <string.h>

#include "tests/otp/daemon.h"

static void answer_counts(const struct wire_frame *row, struct buf *out)
{
	buf_printf(out, "ok specs=%d active=%d supervisors=%d workers=%d",
		   (int)field_int(row, "specs", -1), (int)field_int(row, "active", -1),
		   (int)field_int(row, "supervisors", -1), (int)field_int(row, "workers", -1));
}

static void answer_spec(const struct wire_frame *row, struct buf *out)
{
	const char *shutdown = field_text(row, "shutdown");
	struct span span;

	buf_printf(out, "ok id=%s restart=%s significant=%s shutdown=", field_text(row, "id"),
		   field_text(row, "restart"), field_bool(row, "significant") ? "true" : "false");
	if (strcmp(shutdown, "infinity") != 0 && span_parse(shutdown, &span) == 0)
		buf_printf(out, "%lld", (long long)span.ns / 1000000);
	else
		buf_puts(out, shutdown);
	buf_printf(out, " type=%s", field_text(row, "type"));
}

void call_take_row(struct play *play, struct waiting_call *call, const struct wire_frame *row)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	const char *state = field_text(row, "pid");
	actor_pid pid = ACTOR_PID_NONE;

	if (call->lists) {
		if (actor_pid_parse(state, &pid) == 0)
			state = "up";
		play_put_row(play, field_text(row, "id"), state, pid, field_text(row, "type"));
		return;
	}
	if (field_int(row, "specs", -1) >= 0)
		answer_counts(row, &text);
	else
		answer_spec(row, &text);
	call->shown = true;
	play_answer(play, call->number, call->async, buf_text(&text));
}

void call_take_reply(struct play *play, struct waiting_call *call, const struct wire_frame *reply)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	const char *answer = field_text(reply, "answer");
	const char *error = field_text(reply, "error");

	call->ref = 0;
	if (call->shown)
		return;
	if (call->lists && field_int(reply, "status", 1) == 0)
		play_end_rows(play, &text);
	else if (!answer)
		buf_printf(&text, "error %s", error ? error : "?");
	else if (strcmp(answer, "ok") != 0)
		buf_printf(&text, "%s%s", strcmp(error, "noproc") == 0 ? "" : "error ", error);
	else if (field_text(reply, "child"))
		buf_printf(&text, "ok %s", field_text(reply, "child"));
	else
		buf_puts(&text, field_text(reply, "pid") ? "ok up" : "ok");
	play_answer(play, call->number, call->async, buf_text(&text));
}
