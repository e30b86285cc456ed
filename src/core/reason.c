/* SPDX-License-Identifier: MIT */

/*
 * Reasons as values. What prints alike is alike, so reason_parse(reason_format(r)) gives r back,
 * but for the step of a failed start, which is no part of the text. Free text lives in a counted
 * block: a copy adds to the count, so that the path from a death to its restart never allocates.
 */

#include "core/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"

struct reason_text {
	uint32_t refs;
	char text[]; /* at most REASON_TEXT_MAX bytes, then a NUL */
};

/* Kinds that are a word and nothing else. */
static const char *const reason_words[REASON_N_KINDS] = {
	[REASON_NORMAL] = "normal",
	[REASON_SHUTDOWN] = "shutdown",
	[REASON_KILLED] = "killed",
	[REASON_KILL] = "kill",
	[REASON_NOPROC] = "noproc",
	[REASON_NOCONNECTION] = "noconnection",
	[REASON_TIMEOUT_START] = "timeout:start",
	[REASON_WATCHDOG] = "watchdog",
	[REASON_UNHEALTHY] = "unhealthy",
	[REASON_MAILBOX_OVERFLOW] = "mailbox_overflow",
	[REASON_ALREADY_REGISTERED] = "already_registered",
};

static const char *const step_names[STEP_N] = {
	[STEP_NONE] = "",
	[STEP_SPAWN] = "spawn",
	[STEP_PREPARE] = "prepare",
	[STEP_USER] = "user",
	[STEP_GROUPS] = "groups",
	[STEP_CHDIR] = "chdir",
	[STEP_STDIN] = "stdin",
	[STEP_STDOUT] = "stdout",
	[STEP_STDERR] = "stderr",
	[STEP_SESSION] = "session",
	[STEP_EXEC] = "exec",
	[STEP_LIMIT] = "limit",
	[STEP_MAILBOX] = "mailbox",
	[STEP_NICE] = "nice",
	[STEP_IO_CLASS] = "io_class",
	[STEP_CPU_AFFINITY] = "cpu_affinity",
	[STEP_OOM_SCORE_ADJ] = "oom_score_adj",
	[STEP_CGROUP] = "cgroup",
	[STEP_DIRECTORIES] = "directories",
	[STEP_LISTEN] = "listen",
	[STEP_READY] = "ready",
	[STEP_CHROOT] = "chroot",
	[STEP_CAPABILITIES] = "capabilities",
	[STEP_AMBIENT_CAPABILITIES] = "ambient_capabilities",
	[STEP_NO_NEW_PRIVILEGES] = "no_new_privileges",
	[STEP_TTY] = "tty",
};

/* The size of text, or of what is left of it where it is cut at a character's border. */
static size_t cut_size(const char *text)
{
	size_t size = strnlen(text, REASON_TEXT_MAX + 1);

	if (size <= REASON_TEXT_MAX)
		return size;
	size = REASON_TEXT_MAX;
	while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
		size--;
	return size;
}

static struct reason_text *text_new(const char *text)
{
	size_t size = cut_size(text);
	struct reason_text *t = malloc(sizeof(*t) + size + 1);

	if (!t)
		return NULL;
	t->refs = 1;
	memcpy(t->text, text, size);
	t->text[size] = '\0';
	return t;
}

/* No byte of it could move a terminal's cursor; the C1 controls are two bytes in UTF-8. */
static bool is_printable(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	for (; *p; p++) {
		if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
			return false;
	}
	return text_is_utf8(text, strlen(text));
}

static int parse_text(enum reason_kind kind, const char *text, struct reason *ret_reason)
{
	struct reason_text *t = text_new(text);

	if (!t)
		return -ENOMEM;
	*ret_reason = (struct reason){.kind = (uint8_t)kind, .text = t};
	return 0;
}

/* exit:N, signal:NAME, exec:ERRNO. False where it is none of them. */
static bool parse_code(const char *text, struct reason *ret_reason)
{
	uint64_t number;
	int code;

	if (strncmp(text, "exit:", 5) == 0 && text_parse_u64(text + 5, 255, &number) == 0) {
		*ret_reason =
			number == 0 ? REASON(REASON_NORMAL) : REASON_EXIT_CODE((int32_t)number);
		return true;
	}
	if (strncmp(text, "signal:", 7) == 0 && text_parse_signal(text + 7, &code) == 0) {
		*ret_reason = (struct reason){.kind = REASON_SIGNAL, .code = code};
		return true;
	}
	code = strncmp(text, "exec:", 5) == 0 ? text_errno_parse(text + 5) : 0;
	if (code == 0)
		return false;
	*ret_reason = (struct reason){.kind = REASON_EXEC, .code = code};
	return true;
}

struct reason reason_copy(const struct reason *reason)
{
	if (reason->text)
		reason->text->refs++;
	return *reason;
}

void reason_fini(struct reason *reason)
{
	if (reason->text && --reason->text->refs == 0)
		free(reason->text);
	*reason = REASON(REASON_NONE);
}

char *reason_format(const struct reason *reason, char buf[REASON_FORMAT_MAX])
{
	enum reason_kind kind = (enum reason_kind)reason->kind;
	const char *text = reason->text ? reason->text->text : "";
	const char *word = kind < REASON_N_KINDS ? reason_words[kind] : NULL;
	char name[16];

	if (kind == REASON_SHUTDOWN_TEXT)
		snprintf(buf, REASON_FORMAT_MAX, "shutdown:%s", text);
	else if (kind == REASON_EXIT)
		snprintf(buf, REASON_FORMAT_MAX, "exit:%d", (int)reason->code);
	else if (kind == REASON_SIGNAL)
		snprintf(buf, REASON_FORMAT_MAX, "signal:%s", text_signal_name(reason->code, name));
	else if (kind == REASON_EXEC)
		snprintf(buf, REASON_FORMAT_MAX, "exec:%s", text_errno_name(reason->code, name));
	else
		snprintf(buf, REASON_FORMAT_MAX, "%s", word ? word : text);
	return buf;
}

int reason_parse(const char *text, struct reason *ret_reason)
{
	if (!*text || !is_printable(text))
		return -EINVAL;
	for (size_t kind = 0; kind < REASON_N_KINDS; kind++) {
		if (reason_words[kind] && strcmp(text, reason_words[kind]) == 0) {
			*ret_reason = REASON((uint8_t)kind);
			return 0;
		}
	}
	if (parse_code(text, ret_reason))
		return 0;
	if (strncmp(text, "shutdown:", 9) == 0)
		return parse_text(REASON_SHUTDOWN_TEXT, text + 9, ret_reason);
	return parse_text(REASON_TEXT, text, ret_reason);
}

struct reason reason_shutdown_text(const char *text)
{
	struct reason_text *t = text_new(text);

	if (!t)
		return REASON(REASON_SHUTDOWN);
	return (struct reason){.kind = REASON_SHUTDOWN_TEXT, .text = t};
}

struct reason reason_exec(enum start_step step, int error, const char *object)
{
	return (struct reason){.kind = REASON_EXEC,
			       .step = (uint8_t)step,
			       .code = error,
			       .text = object ? text_new(object) : NULL};
}

struct reason reason_found(enum reason_kind kind, const char *object)
{
	return (struct reason){.kind = (uint8_t)kind, .text = object ? text_new(object) : NULL};
}

/* Its text is no part of how it prints. */
static bool has_object(const struct reason *reason)
{
	return reason->kind == REASON_EXEC || reason->kind == REASON_TIMEOUT_START ||
	       reason->kind == REASON_WATCHDOG || reason->kind == REASON_UNHEALTHY;
}

const char *reason_object(const struct reason *reason)
{
	return has_object(reason) && reason->text ? reason->text->text : NULL;
}

bool reason_equal(const struct reason *a, const struct reason *b)
{
	if (a->kind != b->kind || a->code != b->code)
		return false;
	if (has_object(a))
		return true;
	if (!a->text || !b->text)
		return a->text == b->text;
	return a->text == b->text || strcmp(a->text->text, b->text->text) == 0;
}

bool reason_is_normal_child(const struct reason *reason)
{
	return reason->kind == REASON_NORMAL || reason->kind == REASON_SHUTDOWN ||
	       reason->kind == REASON_SHUTDOWN_TEXT;
}

bool reason_is_normal_link(const struct reason *reason)
{
	return reason->kind == REASON_NORMAL;
}

const char *start_step_name(enum start_step step)
{
	return step < STEP_N ? step_names[step] : "";
}

enum start_step start_step_parse(const char *name)
{
	for (size_t step = STEP_NONE + 1; step < STEP_N; step++) {
		if (strcmp(name, step_names[step]) == 0)
			return (enum start_step)step;
	}
	return STEP_NONE;
}
