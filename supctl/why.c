/* SPDX-License-Identifier: MIT */

/*
 * supctl why: the chain of causes behind the last change of state, in sentences. The kinds of
 * change and where they come from are the daemon's words; one that is not known here is shown as it
 * is. What repeats itself in the chain, such as a start that fails again and again, is shown once,
 * with how often it was.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "supctl/ask.h"
#include "supctl/lines.h"
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
	{"gave_up", "gave up", NULL},
	{"failed", "failed", NULL},
	{"waiting", "began to wait", NULL},
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
	{"unix_signal", "was sent", NULL}, /* ... SIGTERM */
};

/* What others than the tree tell of. */
static const struct phrase own_kinds[] = {
	{"config", "was changed by request", NULL},
	{"keeper", "lost its log keeper", NULL},
	{"log_better", "has its log written again", NULL},
	{"log_dropped", "said more than its log took", NULL},
	{"log_trouble", "had a log that could not be written", NULL},
	{"report", "was reported on", NULL},
	{"rotated", "had its log rotated", NULL},
	{"supd_ended", "ended", NULL},
	{"supd_started", "was started", NULL},
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

static const struct phrase *phrase_of_kind(const char *kind)
{
	const struct phrase *phrase = phrase_find(kinds, ARRAY_LEN(kinds), kind);

	return phrase ? phrase : phrase_find(own_kinds, ARRAY_LEN(own_kinds), kind);
}

static void why_put_reason(struct buf *out, const struct wire_frame *row,
			   const struct phrase *phrase)
{
	const char *explanation = field_text(row, "explanation");
	const char *reason = field_text(row, "signal") ? NULL : field_text(row, "reason");
	const char *texts[] = {
		phrase ? phrase->more : NULL,
		explanation ? explanation : reason,
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

/* What the kernel, or the C library, sends a process for what it has done itself. */
static const struct phrase faults[] = {
	{"signal:SEGV", "by a fault of its own: SIGSEGV is for memory that it must not use", NULL},
	{"signal:ABRT", "by a fault of its own: SIGABRT is what abort() and assertions send", NULL},
	{"signal:BUS", "by a fault of its own: SIGBUS is for memory that is not there", NULL},
	{"signal:FPE", "by a fault of its own: SIGFPE is for a division by zero and the like",
	 NULL},
	{"signal:ILL", "by a fault of its own: SIGILL is for an instruction that does not exist",
	 NULL},
	{"signal:TRAP", "by a fault of its own: SIGTRAP is for a breakpoint, or an assertion",
	 NULL},
	{"signal:SYS", "by a fault of its own: SIGSYS is for a system call that is forbidden to it",
	 NULL},
	{"signal:XCPU", "by a fault of its own: SIGXCPU is for more CPU time than its limit", NULL},
	{"signal:XFSZ", "by a fault of its own: SIGXFSZ is for a file larger than its limit", NULL},
};

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
		phrase = phrase_find(faults, ARRAY_LEN(faults), reason);
	else
		by_signal = false;
	if (by_signal && !phrase)
		return "by a Unix signal from outside the tree";
	return phrase ? phrase->text : origin;
}

/* The last line: "  because <0.9.0> sent it an exit signal". */
static void why_put_origin(struct buf *out, const struct wire_frame *row, const char *origin)
{
	const char *name = field_text(row, "from_name");
	const char *from = name ? name : field_text(row, "from");
	const char *after = field_text(row, "after_signal");
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
	if (after) {
		buf_puts(out, ", shortly after an operator had sent it ");
		render_text(out, after, RENDER_LINE);
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

/* "was sent SIGTERM", "began to wait for web/db". */
static void why_put_object(struct buf *out, const struct wire_frame *row, const char *kind)
{
	const char *name = field_text(row, "name"), *cause = field_text(row, "cause_name");
	const char *signal = field_text(row, "signal");
	bool waits = kind && strcmp(kind, "waiting") == 0 && name && cause;

	if (signal) {
		buf_putc(out, ' ');
		render_text(out, signal, RENDER_LINE);
	} else if (waits && strcmp(name, cause) != 0) {
		buf_puts(out, " for ");
		render_text(out, cause, RENDER_LINE);
	}
}

/* because web/db ended at 20:31:05.250, 2s ago: killed */
static void why_put_sentence(struct buf *out, const struct wire_frame *row, const char *before)
{
	const char *name = field_text(row, "name");
	const char *pid = field_text(row, "pid");
	const char *kind = field_text(row, "kind");
	const struct phrase *phrase = phrase_of_kind(kind);
	struct field f;

	buf_puts(out, before);
	render_text(out, name ? name : pid ? pid : "supd", RENDER_LINE);
	buf_putc(out, ' ');
	render_text(out, phrase ? phrase->text : kind ? kind : "?", RENDER_LINE);
	why_put_object(out, row, kind);
	if (field_find(row, "time", FIELD_TIME, &f)) {
		buf_puts(out, " at ");
		render_field(out, &f);
	}
	if (field_find(row, "age", FIELD_SPAN, &f)) {
		buf_puts(out, ", ");
		render_span(out, (struct span){f.number});
		buf_puts(out, " ago");
	}
	why_put_reason(out, row, phrase);
	buf_putc(out, '\n');
}

static void why_put_beginning(struct buf *out, const struct wire_frame *row)
{
	const char *origin = field_text(row, "origin");

	if (origin)
		why_put_origin(out, row, origin);
	else if (field_bool(row, "cause_gone") && why_is_by_gone(row))
		why_put_origin(out, row, "link");
	else if (field_bool(row, "cause_gone"))
		buf_puts(out, "because of something older, which is not remembered any more\n");
}

/* ---- what repeats itself ---- */

/* Sentences that repeat themselves are at most so many. */
#define PERIOD_MAX 12
/* It is worth a line of its own from so many on. */
#define REPEATS_MIN 2

struct sentence {
	char *key;  /* owned; whose, what, why: two with the same are the same but for their time */
	char *text; /* owned */
	int64_t at; /* wall clock; -1: not known */
};

struct story {
	struct sentence *list; /* owned */
	size_t n;
};

static void story_fini(struct story *story)
{
	for (size_t i = 0; i < story->n; i++) {
		free(story->list[i].key);
		free(story->list[i].text);
	}
	free(story->list);
}

/* 0 or -ENOMEM. */
static int story_add(struct story *story, const struct wire_frame *row, const char *before)
{
	struct buf key CLEANUP(buf_fini) = BUF_INIT, text CLEANUP(buf_fini) = BUF_INIT;
	const char *const parts[] = {"name", "kind", "reason", "explanation", "error"};
	struct sentence *to;
	struct field f;

	/* Room doubles at each power of two. */
	if ((story->n & (story->n - 1)) == 0) {
		to = reallocarray(story->list, story->n ? story->n * 2 : 1, sizeof(*to));
		if (!to)
			return -ENOMEM;
		story->list = to;
	}
	to = &story->list[story->n];
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *part = field_text(row, parts[i]);

		buf_puts(&key, part ? part : "");
		buf_putc(&key, '\n');
	}
	why_put_sentence(&text, row, before);
	why_put_beginning(&text, row);
	to->at = field_find(row, "time", FIELD_TIME, &f) ? f.number : -1;
	to->key = buf_take(&key);
	to->text = buf_take(&text);
	story->n++;
	return to->key && to->text ? 0 : -ENOMEM;
}

/* Whose it is, where the kind comes first, and all that follows it. NULL: it is another kind. */
static const char *key_behind(const char *key, const char *kind, size_t *ret_name_size)
{
	*ret_name_size = strcspn(key, "\n") + 1;
	key += *ret_name_size;
	return strncmp(key, kind, strlen(kind)) == 0 ? key + strlen(kind) : NULL;
}

/* That it was found unhealthy, and so was to end: one moment, told twice. */
static bool story_is_told_twice(const struct sentence *doomed, const struct sentence *found)
{
	size_t size, found_size;
	const char *rest = key_behind(doomed->key, "doomed\n", &size);
	const char *found_rest = key_behind(found->key, "unhealthy\n", &found_size);

	return rest && found_rest && strcmp(rest, found_rest) == 0 && size == found_size &&
	       strncmp(doomed->key, found->key, size) == 0;
}

/* The one that tells more stays, but for the first, which is what was asked for. */
static void story_tell_once(struct story *story)
{
	for (size_t i = 0; i + 1 < story->n; i++) {
		size_t drop = i ? i : 1;

		if (!story_is_told_twice(&story->list[i], &story->list[i + 1]))
			continue;
		free(story->list[drop].key);
		free(story->list[drop].text);
		story->n--;
		memmove(&story->list[drop], &story->list[drop + 1],
			(story->n - drop) * sizeof(*story->list));
	}
}

/* How often the `period` sentences from `at` on stand there once more. */
static size_t story_repeats(const struct story *story, size_t at, size_t period)
{
	size_t same = 0;

	while (at + same + period < story->n &&
	       strcmp(story->list[at + same].key, story->list[at + same + period].key) == 0)
		same++;
	return same / period;
}

static void story_put_repeats(struct buf *out, const struct sentence *first, size_t repeats)
{
	const struct field at = {.type = FIELD_TIME, .number = first->at};

	buf_printf(out, "  ... the same %zu times more, since ", repeats);
	render_field(out, &at);
	buf_putc(out, '\n');
}

static void story_print(struct buf *out, const struct story *story)
{
	for (size_t at = 0; at < story->n;) {
		size_t period = 1, repeats;

		while (period < PERIOD_MAX && story_repeats(story, at, period) < REPEATS_MIN)
			period++;
		repeats = story_repeats(story, at, period);
		if (repeats < REPEATS_MIN) {
			buf_puts(out, story->list[at++].text);
			continue;
		}
		for (size_t i = 0; i < period; i++)
			buf_puts(out, story->list[at + i].text);
		at += period * (repeats + 1);
		story_put_repeats(out, &story->list[at - 1], repeats);
	}
}

/* ---- how it is now ---- */

static bool why_is_of_now(const struct wire_frame *row)
{
	const char *kind = field_text(row, "kind");

	return kind && strcmp(kind, "now") == 0;
}

static void why_put_said(struct buf *out, const struct wire_frame *row)
{
	const char *whose = field_text(row, "report");
	const char *missing = field_text(row, "output_missing");
	struct field f;

	if (!whose)
		return;
	buf_puts(out, "\nthe last that ");
	render_text(out, whose, RENDER_LINE);
	buf_puts(out, " said before its crash (supctl report ");
	render_text(out, whose, RENDER_LINE);
	buf_puts(out, " tells more):\n");
	if (field_find(row, "output", FIELD_BYTES, &f) && f.text_size) {
		lines_put(out, f.text, f.text_size);
		return;
	}
	buf_puts(out, "  ");
	render_text(out, missing ? missing : "nothing", RENDER_LINE);
	buf_putc(out, '\n');
}

/* now: web waits for db, which has failed; to start it: supctl start db */
static void why_put_now(struct buf *out, const struct wire_frame *row)
{
	const char *name = field_text(row, "name"), *text = field_text(row, "explanation");
	const char *advice = field_text(row, "advice");
	struct field f;

	buf_puts(out, "\nnow: ");
	render_text(out, name ? name : "it", RENDER_LINE);
	buf_putc(out, ' ');
	render_text(out, text ? text : "is down", RENDER_LINE);
	if (field_find(row, "since", FIELD_TIME, &f)) {
		buf_puts(out, ", since ");
		render_field(out, &f);
	}
	if (field_find(row, "next_run", FIELD_TIME, &f)) {
		buf_puts(out, "; it runs next at ");
		render_field(out, &f);
	}
	if (advice) {
		buf_puts(out, "; to start it: ");
		render_text(out, advice, RENDER_LINE);
	}
	buf_putc(out, '\n');
	why_put_said(out, row);
}

/* ---- the command ---- */

static void fill_seq(const struct context *context, struct wire_encoder *e)
{
	const char *seq = option_value(context, "--seq");
	uint64_t number;

	if (seq && text_parse_u64(seq, INT64_MAX, &number) == 0)
		field_put_int(e, 0, "seq", (int64_t)number);
}

static int why_ask(struct context *context)
{
	const char *seq = option_value(context, "--seq");
	uint64_t number;

	if (!seq == !context->n_args)
		return complain_usage(context, "either PATH or --seq SEQ");
	if (seq && text_parse_u64(seq, INT64_MAX, &number) < 0)
		return complain_usage(context, "--seq %s: not the number of an event", seq);
	return ask(context, "why", seq ? NULL : context->args[0], fill_seq);
}

static void why_put_nothing(struct buf *out, const struct context *context)
{
	render_text(out, context->args[0], RENDER_LINE);
	buf_puts(out, ": nothing has happened to it yet\n");
}

/* What has become of the last frame: the reply. */
static int why_end(struct context *context, const struct wire_frame *reply, bool nothing)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	int status = reply_status(reply);

	if (status == 0 && nothing && !context->json) {
		why_put_nothing(&out, context);
		render_flush(&out);
	}
	return status;
}

static int why_run(struct context *context)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT, now CLEANUP(buf_fini) = BUF_INIT;
	struct story story CLEANUP(story_fini) = {0};
	struct wire_frame frame;
	const char *before = "";
	int r = why_ask(context);

	while (r == 0 && (r = context_receive(context, &frame)) == 0 && frame.op == WIRE_ROW) {
		if (context->json) {
			json_put_row(&out, &frame);
			render_flush(&out);
		} else if (why_is_of_now(&frame)) {
			why_put_now(&now, &frame);
		} else if (story_add(&story, &frame, before) < 0) {
			complain("out of memory");
			return EXIT_FAILED;
		}
		before = why_is_by_link(&frame) ? "because linked " : "because ";
	}
	story_tell_once(&story);
	story_print(&out, &story);
	if (now.size && !story.n)
		why_put_nothing(&out, context);
	buf_append(&out, now.data, now.size);
	render_flush(&out);
	return r == 0 ? why_end(context, &frame, !*before) : r;
}

const struct command why_command = {
	.name = "why",
	.args = "PATH | --seq SEQ",
	.usage = "the chain of causes behind its last change of state",
	.help = "The root cause stands last. PATH may be the pid of one that has ended. The chain "
		"goes as far\n"
		"back as events are kept; where it leads to an older one, that is said. Of one "
		"that "
		"is down it\n"
		"says whom it waits for, what to type, and what the one that crashed has said "
		"last.",
	.options =
		(const struct option_spec[]){
			{"--seq", "SEQ", "what led to that event"},
			{NULL, NULL, NULL},
		},
	.max_args = 1,
	.run = why_run,
};
