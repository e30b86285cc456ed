/* SPDX-License-Identifier: MIT */

/* The last lines of a service's output, for its report. */

#include "logs/keeper.h"
#include "supd/reporting.h"

static void on_mark(struct keeper_mark *mark, const char *tail, size_t size)
{
	draft_take_output(CONTAINER_OF(mark, struct draft, mark), tail, size);
}

static const char *why_silent(const struct exec *exec)
{
	static const char *const texts[OUTPUT_N_KINDS] = {
		[OUTPUT_LOG] = "no log is kept",
		[OUTPUT_NULL] = "its output goes nowhere (stdout = null)",
		[OUTPUT_INHERIT] = "its output goes where that of supd does (stdout = inherit)",
		[OUTPUT_FILE] = "its output goes to a file of its own (stdout = file:)",
	};
	const char *text = exec ? texts[exec->standard_output.kind] : NULL;

	return text ? text : "its output goes to no log";
}

bool reports_ask_output(struct daemon *d, struct draft *draft, const struct child_view *v)
{
	draft->mark.call = on_mark;
	if (keeper_mark(d, v->slot, KEEPER_TAIL_LINES, &draft->mark))
		return true;
	draft->silence = why_silent(v->spec->exec);
	return false;
}
