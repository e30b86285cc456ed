/* SPDX-License-Identifier: MIT */

/* Splitting by one pass over the text; a word under way is a buffer, so that "" is a word too. */

#include "config/words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Takes word over, also where it fails. Lists grow by doubling: room is known from their length. */
static int append_owned(char ***words, size_t n, char *word)
{
	if (word && (n & (n + 1)) == 0) {
		char **longer = reallocarray(*words, 2 * (n + 1), sizeof(char *));

		if (!longer) {
			free(word);
			return -ENOMEM;
		}
		*words = longer;
	}
	if (!word)
		return -ENOMEM;
	(*words)[n] = word;
	(*words)[n + 1] = NULL;
	return 0;
}

int words_append(char ***words, const char *word)
{
	size_t n = 0;

	while (*words && (*words)[n])
		n++;
	return append_owned(words, n, strdup(word));
}

static void put_literal(struct buf *word, char c)
{
	if (c == '$')
		buf_putc(word, '%');
	buf_putc(word, c);
}

/* Takes "..." or '...' at text; returns what follows it, NULL where it does not end. */
static const char *take_quoted(const char *text, struct buf *word)
{
	char quote = *text++;

	for (; *text && *text != quote; text++) {
		if (quote == '"' && *text == '\\' && text[1] && strchr("\"\\$`", text[1]))
			put_literal(word, *++text);
		else if (quote == '\'')
			put_literal(word, *text);
		else
			buf_putc(word, *text);
	}
	return *text ? text + 1 : NULL;
}

static int take_word(const char **text, struct buf *word)
{
	const char *p = *text;

	while (*p && !is_blank(*p)) {
		if (*p == '"' || *p == '\'') {
			p = take_quoted(p, word);
			if (!p)
				return WORDS_E_QUOTE;
		} else if (*p == '\\') {
			if (!p[1])
				return WORDS_E_BACKSLASH;
			put_literal(word, p[1]);
			p += 2;
		} else {
			buf_putc(word, *p++);
		}
	}
	*text = p;
	return word->error;
}

int words_split(const char *text, char ***ret_words)
{
	char **words = NULL;
	size_t n = 0;
	int r = 0;

	for (;;) {
		struct buf word CLEANUP(buf_fini) = BUF_INIT;

		while (is_blank(*text))
			text++;
		if (!*text || r)
			break;
		r = take_word(&text, &word);
		if (r == 0)
			r = append_owned(&words, n++, buf_take(&word));
	}
	if (r == 0 && n == 0)
		r = WORDS_E_EMPTY;
	if (r) {
		strings_free(words);
		return r;
	}
	*ret_words = words;
	return 0;
}

int words_list(const char *text, char ***ret_words)
{
	char **words = calloc(2, sizeof(*words));
	size_t n = 0;

	if (!words)
		return -ENOMEM;
	while (*text) {
		size_t size = strcspn(text, " \t\r\n");

		if (size > 0 && append_owned(&words, n++, strndup(text, size)) < 0) {
			strings_free(words);
			return -ENOMEM;
		}
		text += size;
		text += strspn(text, " \t\r\n");
	}
	*ret_words = words;
	return 0;
}

const char *words_error_text(enum words_error error)
{
	switch (error) {
	case WORDS_E_EMPTY:
		return "the command is empty";
	case WORDS_E_QUOTE:
		return "a quote is opened and not closed";
	case WORDS_E_BACKSLASH:
		return "a backslash at the end has nothing to quote";
	case WORDS_OK:
		break;
	}
	return "good";
}
