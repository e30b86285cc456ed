/* SPDX-License-Identifier: MIT */

/* The core's answers to calls, in OTP's words. */

#include "core/core.h"
#include "tests/otp/play.h"

static void answer_rows(struct play *play, const struct reply *reply, struct buf *out)
{
	static const char *const states[] = {
		[ROW_UP] = "up", [ROW_UNDEFINED] = "undefined", [ROW_RESTARTING] = "restarting"};

	for (uint32_t i = 0; i < reply->n_rows; i++) {
		const struct child_row *row = &reply->rows[i];

		play_put_row(play, row->name, states[row->state], row->pid,
			     row->type == CHILD_SUPERVISOR ? "supervisor" : "worker");
	}
	play_end_rows(play, out);
}

static void answer_spec(const struct spec *spec, struct buf *out)
{
	buf_printf(out, "ok id=%s restart=%s significant=%s shutdown=", spec->name,
		   restart_type_names[spec->restart], spec->significant ? "true" : "false");
	if (spec->shutdown == SHUTDOWN_SPAN)
		buf_printf(out, "%lld", (long long)spec->shutdown_span.ns / 1000000);
	else
		buf_puts(out, spec->shutdown == SHUTDOWN_INFINITY ? "infinity" : "brutal_kill");
	buf_printf(out, " type=%s", spec->type == CHILD_SUPERVISOR ? "supervisor" : "worker");
}

void core_answer_put(struct play *play, const struct reply *reply, struct buf *out)
{
	char reason[REASON_FORMAT_MAX];

	if (reply->answer == ANSWER_OK)
		buf_puts(out, "ok");
	else if (reply->answer == ANSWER_OK_UP)
		buf_puts(out, "ok up");
	else if (reply->answer == ANSWER_OK_UNDEFINED)
		buf_puts(out, "ok undefined");
	else if (reply->answer == ANSWER_NOPROC)
		buf_puts(out, "noproc");
	else if (reply->answer == ANSWER_START_FAILED)
		buf_printf(out, "error start(%s)", reason_format(&reply->reason, reason));
	else if (reply->answer == ANSWER_ROWS)
		answer_rows(play, reply, out);
	else if (reply->answer == ANSWER_COUNTS)
		buf_printf(out, "ok specs=%u active=%u supervisors=%u workers=%u",
			   (unsigned)reply->counts.specs, (unsigned)reply->counts.active,
			   (unsigned)reply->counts.supervisors, (unsigned)reply->counts.workers);
	else if (reply->answer == ANSWER_SPEC)
		answer_spec(reply->spec, out);
	else
		buf_printf(out, "error %s", answer_names[reply->answer]);
}
