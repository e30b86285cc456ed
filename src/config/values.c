/* SPDX-License-Identifier: MIT */

/* Words, numbers, spans and texts. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/expand.h"
#include "config/foreign.h"
#include "config/keys.h"
#include "config/words.h"

/* More than this of a text is not shown. */
#define QUOTE_MAX 80

char *quote_text(const char *text, char out[QUOTE_TEXT_MAX])
{
	size_t size = strnlen(text, QUOTE_MAX + 1);
	bool cut = size > QUOTE_MAX;
	char *p = out;

	if (cut) {
		size = QUOTE_MAX;
		while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
			size--;
	}
	*p++ = '"';
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];
		bool c1 = c == 0xc2 && (unsigned char)text[i + 1] < 0xa0;

		/* U+0080 to U+009F are controls too. */
		if (c < 0x20 || c == 0x7f)
			p += sprintf(p, "\\x%02x", c);
		else if (c1)
			p += sprintf(p, "\\u%04x", (unsigned char)text[++i]);
		else
			*p++ = (char)c;
	}
	strcpy(p, cut ? "...\"" : "\"");
	return out;
}

int value_refuse(const struct value *value, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_puts(value->why, text);
	return value->why->error ? value->why->error : 1;
}

int value_refuse_word(const struct value *value, const char *const *words)
{
	const char *foreign = foreign_word(value->key->name, value->text);
	const char *nearest = text_nearest(value->text, words);

	buf_puts(value->why, "use ");
	for (size_t i = 0; words[i]; i++)
		buf_printf(value->why, "%s%s",
			   i == 0         ? ""
			   : words[i + 1] ? ", "
					  : " or ",
			   words[i]);
	if (foreign)
		return value_refuse(value, "; here that is %s", foreign);
	if (nearest)
		return value_refuse(value, "; did you mean \"%s\"?", nearest);
	return value->why->error ? value->why->error : 1;
}

int value_set_text(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int find_word(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(text, words[i]) == 0)
			return i;
	}
	return -1;
}

/* The index of a word, into an enum. */
int value_word(const struct value *value)
{
	int index = find_word(value->text, value->key->words);

	if (index < 0)
		return value_refuse_word(value, value->key->words);
	memcpy(value->field, &index, sizeof(index));
	return 0;
}

/* One of some words, kept as a text. */
int value_choice(const struct value *value)
{
	if (find_word(value->text, value->key->words) < 0)
		return value_refuse_word(value, value->key->words);
	return value_set_text(value->field, value->text);
}

int value_bool(const struct value *value)
{
	if (text_parse_bool(value->text, value->field) < 0)
		return value_refuse(value, "use yes or no");
	return 0;
}

/* A number from min to max, into a uint32_t. */
int value_number(const struct value *value)
{
	uint64_t number;
	uint32_t *field = value->field;

	if (text_parse_u64(value->text, value->key->max, &number) < 0 || number < value->key->min)
		return value_refuse(value, "use a number from %llu to %llu",
				    (unsigned long long)value->key->min,
				    (unsigned long long)value->key->max);
	*field = (uint32_t)number;
	return 0;
}

/* As value_number(), or infinity. */
int value_count(const struct value *value)
{
	uint32_t *field = value->field;

	if (strcmp(value->text, "infinity") != 0) {
		int r = value_number(value);

		return r > 0 ? value_refuse(value, ", or infinity") : r;
	}
	*field = UINT32_MAX;
	return 0;
}

/* A span from min nanoseconds; max says whether it may be infinite. */
int value_span(const struct value *value)
{
	const bool infinite = value->key->max != 0;
	char text[SPAN_TEXT_MAX];
	struct span span;
	int r = span_parse(value->text, &span);

	if (r == -ERANGE)
		return value_refuse(value, infinite ? "that is too long: use infinity"
						    : "that is too long: use less than 292 years");
	if (r < 0)
		return value_refuse(value, "use a time span such as 500ms, 5s, 1min 30s or 2h%s",
				    infinite ? ", or infinity" : "");
	if ((uint64_t)span.ns < value->key->min && value->key->min > 1)
		return value_refuse(value, "it must be %s or longer",
				    span_format((struct span){(int64_t)value->key->min}, text));
	if ((uint64_t)span.ns < value->key->min)
		return value_refuse(value, "it must be longer than 0");
	if (span_is_infinite(span) && !infinite)
		return value_refuse(value, "it must end some time: infinity is not allowed here");
	memcpy(value->field, &span, sizeof(span));
	return 0;
}

int value_shutdown(const struct value *value)
{
	struct spec *spec = value->spec;
	struct span span = SPAN_INFINITY;
	bool brutal = strcmp(value->text, "brutal_kill") == 0;
	int r = brutal ? 0 : span_parse(value->text, &span);

	if (r < 0)
		return value_refuse(value, "use a time span such as 5s, infinity or brutal_kill");
	spec->shutdown_span = brutal ? SPAN_S(0) : span;
	spec->shutdown = SHUTDOWN_SPAN;
	if (brutal)
		spec->shutdown = SHUTDOWN_BRUTAL_KILL;
	else if (span_is_infinite(span))
		spec->shutdown = SHUTDOWN_INFINITY;
	return 0;
}

/* Adds one exit status or Unix signal. 0, or 1. */
static int add_success(const struct value *value, const char *word)
{
	char shown[QUOTE_TEXT_MAX];
	uint64_t code;
	int unix_signal;

	if (*word >= '0' && *word <= '9') {
		if (text_parse_u64(word, 255, &code) < 0)
			return value_refuse(value, "an exit status is a number from 0 to 255");
		spec_success_code(value->spec, (int)code);
		return 0;
	}
	if (text_parse_signal(word, &unix_signal) < 0) {
		return value_refuse(value,
				    "%s is neither an exit status nor the name of a Unix signal",
				    quote_text(word, shown));
	}
	spec_success_signal(value->spec, unix_signal);
	return 0;
}

int value_success_exit(const struct value *value)
{
	char **words = NULL;
	int r = words_list(value->text, &words);

	if (r < 0)
		return r;
	memset(value->spec->success_codes, 0, sizeof(value->spec->success_codes));
	value->spec->success_signals = 0;
	spec_success_code(value->spec, 0);
	if (!words[0])
		r = value_refuse(value, "use exit statuses and Unix signals, such as 0 3 TERM");
	for (size_t i = 0; words[i] && r == 0; i++)
		r = add_success(value, words[i]);
	strings_free(words);
	return r;
}

int value_text(const struct value *value)
{
	if (!*value->text)
		return value_refuse(value, "it is empty: leave the key out to have the default");
	return value_set_text(value->field, value->text);
}

int value_absolute_path(const struct value *value)
{
	if (value->text[0] != '/')
		return value_refuse(value, "use an absolute path, one that begins with /");
	return value_set_text(value->field, value->text);
}

/* A command that is kept as it is written. */
int value_command_text(const struct value *value)
{
	char **words = NULL;
	int r = words_split(value->text, &words);

	if (r > 0)
		return value_refuse(value, "%s", words_error_text((enum words_error)r));
	strings_free(words);
	return r < 0 ? r : value_set_text(value->field, value->text);
}
