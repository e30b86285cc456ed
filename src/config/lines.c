/* SPDX-License-Identifier: MIT */

/*
 * The one file that knows inih. inih decides what a section and a key are called back for, but it
 * cuts lines at 200 bytes and names at 49, takes " ;" inside a value for a comment, joins lines by
 * its own rules and counts none. So it never sees the text: our reader joins, counts and splits the
 * lines, keeps their text aside as "the line in hand", and gives inih a short stand-in for it. inih
 * asks for one line at a time and calls back before it asks for the next: one line in hand is
 * enough.
 *
 *   [service web/api]        ->  [section]     and then   section = 1
 *   command = sleep 1        ->  key = 2                  (the number is the line's)
 */

#include "config/lines.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct reader {
	char *next; /* what is unread */
	char *end;
	int number;       /* of the line at next */
	struct line line; /* in hand */
	bool in_section;  /* [section] has been given out, its first key not yet */
	bool ended;
	line_fn *fn;
	void *user;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static char *skip_blanks(char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

/* Cuts blanks off the end of what begins at start; returns the new end. */
static char *trim_end(char *start, char *end)
{
	while (end > start && is_blank(end[-1]))
		end--;
	*end = '\0';
	return end;
}

/* The end of the physical line at start, without its line end; *ret_next is the line after it. */
static char *line_end(char *start, char *end, char **ret_next)
{
	char *newline = memchr(start, '\n', (size_t)(end - start));
	char *stop = newline ? newline : end;

	*ret_next = newline ? newline + 1 : end;
	if (stop > start && stop[-1] == '\r')
		stop--;
	return stop;
}

static bool is_continued(const char *start, const char *stop)
{
	size_t n = 0;

	while (stop > start && *--stop == '\\')
		n++;
	return n % 2 == 1;
}

/*
 * Takes one line with all that is joined to it, moved together in place; a NUL stands behind it.
 * False where a backslash has nothing to join.
 */
static bool take_line(struct reader *r, char **ret_start, char **ret_stop)
{
	char *start = r->next;
	char *stop = line_end(start, r->end, &r->next);
	bool comment = *skip_blanks(start) == '#' || *skip_blanks(start) == ';';
	bool whole = true;

	r->number++;
	while (!comment && is_continued(start, stop)) {
		char *from = r->next;
		char *from_stop;

		stop--;
		if (from >= r->end) {
			whole = false;
			break;
		}
		from_stop = line_end(from, r->end, &r->next);
		memmove(stop, from, (size_t)(from_stop - from));
		stop += from_stop - from;
		r->number++;
	}
	*stop = '\0';
	*ret_start = start;
	*ret_stop = stop;
	return whole;
}

static void classify(struct line *line, char *start, char *stop)
{
	char *equals;

	stop = trim_end(start, stop);
	line->name = start;
	line->value = NULL;
	if (*start == '[') {
		line->kind = stop[-1] == ']' ? LINE_SECTION : LINE_UNCLOSED;
		if (line->kind == LINE_SECTION) {
			line->name = skip_blanks(start + 1);
			trim_end(line->name, stop - 1);
		}
		return;
	}
	equals = strchr(start, '=');
	line->kind = equals && equals > start ? LINE_KEY : LINE_OTHER;
	if (line->kind == LINE_KEY) {
		trim_end(start, equals);
		line->value = skip_blanks(equals + 1);
	}
}

/* Puts the next line that says something in hand. False at the end. */
static bool next_line(struct reader *r)
{
	while (r->next < r->end) {
		int number = r->number;
		char *start;
		char *stop;
		bool whole = take_line(r, &start, &stop);

		start = skip_blanks(start);
		if (whole && (!*start || *start == '#' || *start == ';'))
			continue;
		r->line.number = number;
		classify(&r->line, start, stop > start ? stop : start);
		if (!whole)
			r->line.kind = LINE_CUT;
		return true;
	}
	return false;
}

static char *read_stand_in(char *out, int size, void *stream)
{
	struct reader *r = stream;

	if (r->in_section) {
		r->in_section = false;
		snprintf(out, (size_t)size, "section = %d\n", r->line.number);
		return out;
	}
	if (r->ended || !next_line(r))
		return NULL;
	r->in_section = r->line.kind == LINE_SECTION;
	if (r->in_section)
		snprintf(out, (size_t)size, "[section]\n");
	else
		snprintf(out, (size_t)size, "key = %d\n", r->line.number);
	return out;
}

static int hand_over(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;

	(void)section;
	(void)name;
	(void)value;
	r->ended = r->ended || !r->fn(r->user, &r->line);
	return 1;
}

int lines_read(char *text, size_t size, line_fn *fn, void *user)
{
	struct reader r = {.next = text, .end = text + size, .number = 1, .fn = fn, .user = user};

	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		r.next += 3;
	return ini_parse_stream(read_stand_in, &r, hand_over, &r) == -2 ? -ENOMEM : 0;
}

int lines_find_binary(const char *text, size_t size, bool *ret_is_nul)
{
	const char *end = text + size;

	for (int number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);

		if (!text_is_utf8(text, length)) {
			*ret_is_nul = memchr(text, '\0', length) != NULL;
			return number;
		}
		text += length + 1;
	}
	return 0;
}
