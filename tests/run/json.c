/* SPDX-License-Identifier: MIT */

/* Enough of JSON (RFC 8259) to judge what supctl prints: values are checked and skipped, not built.
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "internal.h"

static const char *json_value(const char *at);

static const char *json_blank(const char *at)
{
	return at ? at + strspn(at, " \t\r\n") : NULL;
}

/* Behind a text in quotes; NULL: it is none. So everywhere. */
static const char *json_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	while (*at != '"') {
		if ((unsigned char)*at < 0x20)
			return NULL;
		if (*at++ != '\\')
			continue;
		if (*at == 'u' && strspn(at + 1, "0123456789abcdefABCDEF") >= 4)
			at += 5;
		else if (*at && strchr("\"\\/bfnrt", *at))
			at++;
		else
			return NULL;
	}
	return at + 1;
}

static const char *json_digits(const char *at)
{
	size_t n = strspn(at, "0123456789");

	return n ? at + n : NULL;
}

static const char *json_number(const char *at)
{
	at += *at == '-';
	at = *at == '0' ? at + 1 : json_digits(at);
	if (at && *at == '.')
		at = json_digits(at + 1);
	if (at && (*at == 'e' || *at == 'E')) {
		at++;
		at = json_digits(at + (*at == '-' || *at == '+'));
	}
	return at;
}

/* [value, ...] or {"key": value, ...} */
static const char *json_list(const char *at, bool object)
{
	char end = object ? '}' : ']';

	at = json_blank(at + 1);
	if (*at == end)
		return at + 1;
	for (;;) {
		if (object) {
			at = json_blank(json_string(at));
			if (!at || *at++ != ':')
				return NULL;
		}
		at = json_blank(json_value(json_blank(at)));
		if (!at)
			return NULL;
		if (*at == end)
			return at + 1;
		if (*at++ != ',')
			return NULL;
		at = json_blank(at);
	}
}

static const char *json_value(const char *at)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	if (*at == '"')
		return json_string(at);
	if (*at == '{' || *at == '[')
		return json_list(at, *at == '{');
	return json_number(at);
}

static void json_check(const char *line)
{
	const char *end = *line == '{' ? json_list(line, true) : NULL;

	if (!end || *json_blank(end) || !text_is_utf8(line, strlen(line)))
		cr_assert_fail("no JSON object: %s", line);
}

char *json_get(const char *line, const char *key)
{
	const char *at = line + 1;

	json_check(line);
	while (*(at = json_blank(at)) == '"') {
		const char *end = json_string(at);
		const char *value = json_blank(json_blank(end) + 1);
		const char *behind = json_value(value);
		bool text = *value == '"';

		if (strlen(key) == (size_t)(end - at) - 2 && strncmp(at + 1, key, strlen(key)) == 0)
			return keep(
				strndup(value + text, (size_t)(behind - value) - (text ? 2 : 0)));
		at = json_blank(behind);
		at += *at == ',';
	}
	return NULL;
}

size_t json_check_lines(const char *text)
{
	size_t n = 0;

	while (*text) {
		size_t size = strcspn(text, "\n");

		json_check(keep(strndup(text, size)));
		cr_assert_eq(text[size], '\n', "the last line has no end: %s", text);
		text += size + 1;
		n++;
	}
	return n;
}
