/* SPDX-License-Identifier: MIT */

/* A stream's settings, read. What is missing or makes no sense is the default. */

#include "suplog/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "wire/field.h"

#define LINE_MAX_DEFAULT 16384
/* As log_line_max has it. A line that the pipe cannot hold is written as it comes: text goes on in
 * the same line, json in a further record. */
#define LINE_MAX_MOST (1 << 20)

/* The place of a field's word in a list; 0 where it is in none. */
static int word(const struct wire_frame *frame, const char *field, const char *const *words)
{
	const char *text = field_text(frame, field);

	for (int i = 0; text && words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return 0;
}

static uint64_t limit(const struct wire_frame *frame, const char *field, uint64_t most)
{
	int64_t value = field_int(frame, field, -1);

	return value < 0 || (uint64_t)value > most ? most : (uint64_t)value;
}

static struct span span(const struct wire_frame *frame, const char *field, struct span otherwise)
{
	struct field f;

	return field_find(frame, field, FIELD_SPAN, &f) && f.number > 0 ? (struct span){f.number}
									: otherwise;
}

/* A file below the folder: no component that leads elsewhere, none that is empty. */
static bool file_is_inside(const char *file)
{
	for (const char *at = file;; at++) {
		size_t n = strcspn(at, "/");

		if (n == 0 || (n == 1 && at[0] == '.') || (n == 2 && memcmp(at, "..", 2) == 0))
			return false;
		at += n;
		if (!*at)
			return true;
	}
}

static int copy_text(const struct wire_frame *frame, const char *field, char **to)
{
	const char *text = field_text(frame, field);

	*to = text ? strdup(text) : NULL;
	return text && !*to ? -1 : 0;
}

struct settings *settings_new(const struct wire_frame *frame)
{
	static const char *const outputs[] = {"log", "syslog", NULL};
	static const char *const overflows[] = {"block", "drop", NULL};
	struct settings *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (copy_text(frame, "name", &s->name) < 0 || copy_text(frame, "file", &s->file) < 0 ||
	    !s->name || (s->file && !file_is_inside(s->file))) {
		settings_free(s);
		return NULL;
	}
	s->format = (enum format_kind)word(frame, "format", logs_format_names);
	s->packing = (enum logs_packing)word(frame, "packing", logs_packing_names);
	s->syslog = word(frame, "output", outputs) == 1;
	s->drop = word(frame, "overflow", overflows) == 1;
	s->show = field_bool(frame, "show");
	s->priority = (int)field_int(frame, "priority", 6);
	s->size = limit(frame, "size", UINT64_MAX);
	s->files = (uint32_t)limit(frame, "files", UINT32_MAX);
	s->line_max = (uint32_t)limit(frame, "line_max", LINE_MAX_MOST);
	if (!field_int(frame, "line_max", 0))
		s->line_max = LINE_MAX_DEFAULT;
	s->age = span(frame, "age", SPAN_INFINITY);
	s->rate = (uint64_t)MAX_OF(field_int(frame, "rate", 0), INT64_C(0));
	s->rate_span = span(frame, "rate_span", SPAN_S(1));
	return s;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	free(s->name);
	free(s->file);
	free(s);
}
