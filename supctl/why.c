/* SPDX-License-Identifier: MIT */

/*
 * supctl why: the chain of causes behind the last change of state, in sentences. The kinds of
 * change and where they come from are the daemon's words; one that is not known here is shown as it
 * is.
 */

#include <string.h>

#include "supctl/ask.h"
#include "supctl/render.h"
#include "wire/json.h"

struct phrase {
	const char *word;
	const char *text;
	const char *more; /* behind the time; NULL: nothing */
};

static const struct phrase kinds[] = {
	{"start", "was started", NULL},
	{"ready", "became ready", NULL},
	{"start_failed", "failed to start", NULL},
	{"ignored", "was not started", "it said ignore, or a condition did not hold"},
	{"stopping", "was told to stop", NULL},
	{"killing", "was sent SIGKILL", NULL},
	{"doomed", "was to end", NULL},
	{"exit", "ended", NULL},
	{"backoff", "began to wait before its restart", NULL},
	{"retry", "is to be started again", "its start had failed"},
	{"shortage", "could not be started", "something was short"},
	{"gave_up", "gave up", "more restarts than its intensity allows"},
	{"failed", "failed", "it was restarted too often"},
	{"waiting", "began to wait", "until its cause is up again"},
	{"auto_shutdown", "shut down", "significant children have ended"},
	{"held", "was held down", NULL},
	{"released", "was let go", NULL},
	{"removed", "was removed", NULL},
	{"lingers", "had ended, but not all of its processes", NULL},
	{"replaces", "took the place of its older incarnation", NULL},
	{"idle", "began to wait until it is wanted", NULL},
	{"budget", "ran out of its time for the shutdown", NULL},
	{"cycle", "waited for room in a mailbox", "in a circle of actors that wait for each other"},
	{"exit_signal", "was sent an exit signal, which it took as a message", NULL},
	{"exit_ignored", "was sent an exit signal that did nothing", NULL},
	{"down", "was told of an end", NULL},
	{"link", "was linked", NULL},
	{"unlink", "was unlinked", NULL},
	{"monitor", "was monitored", NULL},
	{"demonitor", "was monitored no more", NULL},
	{"overflow", "had a full mailbox", NULL},
	{"overflow_end", "had room in its mailbox again", NULL},
	{"failing", "failed when it was asked whether it is well", NULL},
	{"unhealthy", "was found unhealthy", NULL},
	{"healthy", "was found well", NULL},
	{"left_out", "had signals that are not told one by one", NULL},
};

static const struct phrase origins[] = {
	{"none", "for a reason that is not known", NULL},
	{"self", "by itself", NULL},
	{"boot", "because the tree starts", NULL},
	{"operator", "because an operator asked for it", NULL},
	{"call", "because the child API was asked for it", NULL},
	{"shutdown", "because the daemon shuts down", NULL},
	{"timer", "because its time was up", NULL},
	{"actor", "because another actor sent it an exit signal", NULL},
	{"link", "because an actor that it was linked to has ended", NULL},
	{"spawn", "because an actor spawned it", NULL},
	{"schedule", "because its time had come", NULL},
	{"socket", "because somebody connected to it", NULL},
	{"watch", "because supd, which watches it, found a fault", NULL},
};

static const struct phrase *phrase_find(const struct phrase *list, size_t n, const char *word)
{
	for (size_t i = 0; word && i < n; i++)
		if (strcmp(list[i].word, word) == 0)
			return &list[i];
	return NULL;
}

static void why_put_reason(struct buf *out, const struct wire_frame *row,
			   const struct phrase *phrase)
{
	const char *explanation = field_text(row, "explanation");
	const char *texts[] = {
		phrase ? phrase->more : NULL,
		explanation ? explanation : field_text(row, "reason"),
		field_text(row, "error"),
	};
	const char *before = ": ";

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (!texts[i])
			continue;
		buf_puts(out, before);
		render_text(out, texts[i], RENDER_LINE);
		before = ", ";
	}
}

/* Where the chain begins. What the kernel calls a death by a Unix signal was not the tree's doing.
 */
static const char *why_origin(const struct wire_frame *row, const char *origin)
{
	const struct phrase *phrase = phrase_find(origins, ARRAY_LEN(origins), origin);
	const char *kind = field_text(row, "kind");
	const char *reason = field_text(row, "reason");
	bool by_signal =
		reason && (strcmp(reason, "killed") == 0 || strncmp(reason, "signal:", 7) == 0);

	/* Last words may be anything. */
	if (strcmp(origin, "self") == 0 && by_signal && kind && strcmp(kind, "exit") == 0)
		return "by a Unix signal from outside the tree";
	return phrase ? phrase->text : origin;
}

/* The last line: "  because <0.9.0> sent it an exit signal". */
static void why_put_origin(struct buf *out, const struct wire_frame *row, const char *origin)
{
	const char *name = field_text(row, "from_name");
	const char *from = name ? name : field_text(row, "from");
	const char *did = strcmp(origin, "link") == 0    ? ", which it was linked to, has ended"
			  : strcmp(origin, "actor") == 0 ? " sent it an exit signal"
			  : strcmp(origin, "spawn") == 0 ? " spawned it"
							 : NULL;

	buf_puts(out, "  ");
	if (from && did) {
		buf_puts(out, "because ");
		render_text(out, from, RENDER_LINE);
		buf_puts(out, did);
	} else {
		render_text(out, why_origin(row, origin), RENDER_LINE);
	}
	buf_putc(out, '\n');
}

/* Its cause is another's end, to which it was tied by a link. */
static bool why_is_by_link(const struct wire_frame *row)
{
	const char *kind = field_text(row, "kind");
	const char *name = field_text(row, "name");
	const char *cause = field_text(row, "cause_name");

	return kind && strcmp(kind, "doomed") == 0 && name && cause && strcmp(name, cause) != 0;
}

/* Likewise, of one that has left no record: a spawned process, of which the pid is known. */
static bool why_is_by_gone(const struct wire_frame *row)
{
	const char *kind = field_text(row, "kind");

	return kind && strcmp(kind, "doomed") == 0 && field_text(row, "from");
}

/* because web/db ended 2s ago: killed */
static void why_print(struct buf *out, const struct wire_frame *row, const char *before)
{
	const char *name = field_text(row, "name");
	const char *kind = field_text(row, "kind");
	const char *origin = field_text(row, "origin");
	const struct phrase *phrase = phrase_find(kinds, ARRAY_LEN(kinds), kind);
	struct field age;

	buf_puts(out, before);
	render_text(out, name ? name : "?", RENDER_LINE);
	buf_putc(out, ' ');
	render_text(out, phrase ? phrase->text : kind ? kind : "?", RENDER_LINE);
	if (field_find(row, "age", FIELD_SPAN, &age)) {
		buf_putc(out, ' ');
		render_span(out, (struct span){age.number});
		buf_puts(out, " ago");
	}
	why_put_reason(out, row, phrase);
	buf_putc(out, '\n');
	if (origin)
		why_put_origin(out, row, origin);
	else if (field_bool(row, "cause_gone") && why_is_by_gone(row))
		why_put_origin(out, row, "link");
	else if (field_bool(row, "cause_gone"))
		buf_puts(out, "because of something older, which is not remembered any more\n");
}

static int why_run(struct context *context)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	struct wire_frame frame;
	const char *before = "";
	int r = ask(context, "why", context->args[0], NULL);

	while (r == 0 && (r = context_receive(context, &frame)) == 0 && frame.op == WIRE_ROW) {
		if (context->json)
			json_put_row(&out, &frame);
		else
			why_print(&out, &frame, before);
		before = why_is_by_link(&frame) ? "because linked " : "because ";
	}
	if (r == 0)
		r = reply_status(&frame);
	if (r == 0 && !*before && !context->json) {
		render_text(&out, context->args[0], RENDER_LINE);
		buf_puts(&out, ": nothing has happened to it yet\n");
	}
	render_flush(&out);
	return r;
}

const struct command why_command = {
	.name = "why",
	.args = "PATH",
	.usage = "the chain of causes behind its last change of state",
	.help = "The root cause stands last. Each child remembers its last 16 changes; where the "
		"chain leads to\n"
		"an older one, that is said.",
	.min_args = 1,
	.max_args = 1,
	.run = why_run,
};
