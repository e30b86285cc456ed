/* SPDX-License-Identifier: MIT */

/* What a service is as an actor: sizes, names, grants. */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/keys.h"
#include "config/words.h"
#include "core/rights.h"

/* A size from min to max bytes; where max is no limit at all, infinity. */
int value_size(const struct value *value)
{
	bool endless = value->key->max == UINT64_MAX;
	uint64_t size;
	uint64_t *field = value->field;

	if (text_parse_size(value->text, &size) < 0)
		return value_refuse(value, "use a size such as 64K, 10M or 1G%s",
				    endless ? ", or infinity" : "");
	if (size < value->key->min && value->key->min > 1)
		return value_refuse(value, "it must be %llu bytes or more",
				    (unsigned long long)value->key->min);
	if (size < value->key->min)
		return value_refuse(value, "it must be more than 0");
	if (size > value->key->max)
		return value_refuse(value, "at most %lluM are possible",
				    (unsigned long long)value->key->max >> 20);
	*field = size;
	return 0;
}

/* 0, or 1 where a word is there twice. */
static int check_once(const struct value *value, char *const *words)
{
	char shown[QUOTE_TEXT_MAX];

	for (size_t i = 0; words[i]; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(words[i], words[j]) == 0)
				return value_refuse(value, "%s is there twice",
						    quote_text(words[i], shown));
	return 0;
}

/* A list of words, each judged, none of them twice, in place of the list that there was. */
static int take_list(const struct value *value, int (*check)(const struct value *, const char *),
		     const char *when_empty)
{
	char ***field = value->field;
	char **words = NULL;
	int r = words_list(value->text, &words);

	if (r < 0)
		return r;
	if (!words[0])
		r = value_refuse(value, "%s", when_empty);
	for (size_t i = 0; r == 0 && words[i]; i++)
		r = check(value, words[i]);
	if (r == 0)
		r = check_once(value, words);
	if (r) {
		strings_free(words);
		return r;
	}
	strings_free(*field);
	*field = words;
	return 0;
}

static int check_alias(const struct value *value, const char *word)
{
	char shown[QUOTE_TEXT_MAX];

	if (strchr(word, '/'))
		return value_refuse(value, "%s: an alias has no / in it", quote_text(word, shown));
	if (!spec_name_is_valid(word))
		return value_refuse(value, "%s: %s", quote_text(word, shown),
				    spec_error_text(SPEC_E_NAME));
	return 0;
}

int value_aliases(const struct value *value)
{
	return take_list(value, check_alias, "use names with blanks between them");
}

/* Whether there is such a child is known when all was read: actors.c. */
static int check_link(const struct value *value, const char *word)
{
	char shown[QUOTE_TEXT_MAX];

	if (strlen(word) > SPEC_PATH_MAX)
		return value_refuse(value, "%s: a path is at most %d bytes long",
				    quote_text(word, shown), SPEC_PATH_MAX);
	return 0;
}

int value_links(const struct value *value)
{
	return take_list(value, check_link, "use paths of services or supervisors, such as web/db");
}

int value_depends(const struct value *value)
{
	return take_list(value, check_link,
			 "use paths or aliases of services or supervisors, or what they provide");
}

static int check_provided(const struct value *value, const char *word)
{
	char shown[QUOTE_TEXT_MAX];

	if (strchr(word, '/'))
		return value_refuse(value, "%s: a name in provides has no / in it",
				    quote_text(word, shown));
	if (!spec_name_is_valid(word))
		return value_refuse(value, "%s: %s", quote_text(word, shown),
				    spec_error_text(SPEC_E_NAME));
	return 0;
}

int value_provides(const struct value *value)
{
	return take_list(value, check_provided, "use names with blanks between them");
}

static int check_grant(const struct value *value, const char *word)
{
	static const char *const words[] = {"link", "exit", "spawn", "admin", NULL};
	char shown[QUOTE_TEXT_MAX], kind[16] = "";
	size_t size = strcspn(word, ":");
	const char *rest = word + size;
	const char *nearest;

	if (rights_is_grant(word))
		return 0;
	quote_text(word, shown);
	if (size < sizeof(kind))
		memcpy(kind, word, size);
	nearest = text_nearest(kind, words);
	if (!nearest)
		return value_refuse(value, "%s: use link:PATH, exit:PATH, spawn:USER or admin",
				    shown);
	if (strcmp(nearest, "admin") == 0)
		return value_refuse(value, "%s: did you mean \"admin\"?", shown);
	if (!*rest || !rest[1])
		return value_refuse(value, "%s: for whom? As in %s:%s", shown, nearest,
				    strcmp(nearest, "spawn") == 0 ? "www-data" : "web/*");
	return value_refuse(value, "%s: did you mean \"%s\"?", shown, nearest);
}

int value_grants(const struct value *value)
{
	return take_list(value, check_grant, "use link:PATH, exit:PATH, spawn:USER or admin");
}
