/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_WORDS_H
#define CONFIG_WORDS_H

/*
 * Commands as lists of words, split as a shell splits them: blanks separate, '...' keeps
 * everything, "..." keeps everything but \ before " \ $ and `, and outside of quotes \ keeps the
 * character after it. No globbing, no variables: a $ that quotes or a backslash keep from meaning
 * anything comes out as %$, which config_expand() turns into $. Lists go by strings_free().
 */

#include "base/strings.h"

enum words_error {
	WORDS_OK,
	WORDS_E_EMPTY,     /* no word at all */
	WORDS_E_QUOTE,     /* a quote that does not end */
	WORDS_E_BACKSLASH, /* a backslash at the end */
};

/* 0 with a list that ends with NULL, owned; a positive enum words_error; -ENOMEM. */
int words_split(const char *text, char ***ret_words);
/* Splits at blanks alone: "a b" -> a, b; an empty text gives an empty list. 0 or -ENOMEM. */
int words_list(const char *text, char ***ret_words);
/* Appends a copy of word to a list that ends with NULL, or NULL. 0 or -ENOMEM. */
int words_append(char ***words, const char *word);
const char *words_error_text(enum words_error error);

#endif
