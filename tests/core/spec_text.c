/* SPDX-License-Identifier: MIT */

#include "tests/core/spec_text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* The place of word in names, or -1. */
static int place(const char *const *names, const char *word)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	return -1;
}

/* Words that need no key. */
static bool read_word(struct spec *spec, const char *word)
{
	int i;

	if ((i = place(restart_type_names, word)) >= 0)
		spec->restart = (enum restart_type)i;
	else if (spec->type == CHILD_SERVICE && (i = place(ready_kind_names, word)) >= 0)
		spec->ready = (enum ready_kind)i;
	else if ((i = place(strategy_names, word)) >= 0)
		spec->strategy = (enum strategy)i;
	else if ((i = place(give_up_names, word)) >= 0)
		spec->give_up = (enum give_up)i;
	else if ((i = place(auto_shutdown_names, word)) >= 0)
		spec->auto_shutdown = (enum auto_shutdown)i;
	else if ((i = place(start_mode_names, word)) >= 0)
		spec->start = (enum start_mode)i;
	else if ((i = place(mailbox_overflow_names, word)) >= 0)
		spec->mailbox_overflow = (enum mailbox_overflow)i;
	else if ((i = place(mailbox_kind_names, word)) >= 0)
		spec->mailbox = (enum mailbox_kind)i;
	else if (strcmp(word, "significant") == 0)
		spec->significant = true;
	else if (strcmp(word, "remain") == 0)
		spec->remain = true;
	else if (strcmp(word, "on_demand") == 0)
		spec->on_demand = true;
	else if (strcmp(word, "overlap") == 0)
		spec->overlap = true;
	else if (strcmp(word, "down") == 0)
		spec->autostart = false;
	else if (strcmp(word, "post") == 0)
		spec->start_post = true;
	else if (strcmp(word, "trap") == 0)
		spec->trap_exit = true;
	else
		return false;
	return true;
}

static void read_shutdown(struct spec *spec, const char *value)
{
	spec->shutdown = SHUTDOWN_SPAN;
	if (strcmp(value, "brutal_kill") == 0)
		spec->shutdown = SHUTDOWN_BRUTAL_KILL;
	else
		cr_assert_eq(span_parse(value, &spec->shutdown_span), 0, "%s", value);
	if (span_is_infinite(spec->shutdown_span) && spec->shutdown == SHUTDOWN_SPAN)
		spec->shutdown = SHUTDOWN_INFINITY;
}

static void read_span(struct spec *spec, const char *key, const char *value)
{
	struct {
		const char *key;
		struct span *span;
	} keys[] = {{"period", &spec->period},
		    {"delay", &spec->ready_delay},
		    {"timeout", &spec->start_timeout},
		    {"restart_delay", &spec->restart_delay},
		    {"restart_delay_max", &spec->restart_delay_max},
		    {"restart_reset", &spec->restart_reset}};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].key, key) != 0)
			continue;
		cr_assert_eq(span_parse(value, keys[i].span), 0, "%s", value);
		if (strcmp(key, "delay") == 0)
			spec->ready = READY_DELAY;
		return;
	}
	cr_assert_fail("%s: no such key", key);
}

static bool read_text(struct spec *spec, const char *key, const char *value)
{
	char ***list = strcmp(key, "alias") == 0      ? &spec->aliases
		       : strcmp(key, "link") == 0     ? &spec->links
		       : strcmp(key, "after") == 0    ? &spec->after
		       : strcmp(key, "requires") == 0 ? &spec->requires
		       : strcmp(key, "provides") == 0 ? &spec->provides
		       : strcmp(key, "grant") == 0    ? &spec->grants
						      : NULL;

	if (list)
		cr_assert_eq(spec_add_text(list, value), 0);
	return list;
}

static void read_instances(struct spec *spec, const char *value)
{
	spec->template = true;
	spec->instances = (uint32_t)atoi(value);
}

static void read_option(struct spec *spec, char *word)
{
	char *value = strchr(word, '=');

	if (!value) {
		cr_assert(read_word(spec, word), "%s: no such word", word);
		return;
	}
	*value++ = '\0';
	if (read_text(spec, word, value))
		return;
	if (strcmp(word, "intensity") == 0)
		spec->intensity = (uint32_t)atoi(value);
	else if (strcmp(word, "max_children") == 0)
		spec->max_children = (uint32_t)atoi(value);
	else if (strcmp(word, "instances") == 0)
		read_instances(spec, value);
	else if (strcmp(word, "limit") == 0)
		spec->mailbox_limit = (uint64_t)atoi(value);
	else if (strcmp(word, "outbox") == 0)
		spec->outbox_limit = (uint64_t)atoi(value);
	else if (strcmp(word, "success") == 0)
		spec_success_code(spec, atoi(value));
	else if (strcmp(word, "shutdown") == 0)
		read_shutdown(spec, value);
	else
		read_span(spec, word, value);
}

/* (WORD ...); NULL where there is none. Moves on *text behind it. */
static char *cut_options(const char **text)
{
	size_t size = strcspn(*text, ")");
	char *options;

	if (**text != '(')
		return NULL;
	options = strndup(*text + 1, size - 1);
	cr_assert_not_null(options);
	*text += size + 1;
	return options;
}

/* The parent of each supervisor that is open stands in a small stack: no test nests deeper. */
struct spec *world_spec(const char *text)
{
	struct spec *stack[8] = {NULL};
	struct spec *spec = NULL;
	unsigned depth = 0;

	while (*(text += strspn(text, " "))) {
		size_t size = strcspn(text, " (){}");
		char *name, *options, *save = NULL;

		if (*text == '}') {
			spec = stack[--depth];
			text++;
			continue;
		}
		name = strndup(text, size);
		text += size;
		options = cut_options(&text);
		spec = spec_new(*text == '{' ? CHILD_SUPERVISOR : CHILD_SERVICE, name);
		cr_assert_not_null(spec);
		for (char *w = options ? strtok_r(options, " ", &save) : NULL; w;
		     w = strtok_r(NULL, " ", &save))
			read_option(spec, w);
		if (depth)
			cr_assert_eq(spec_add_child(stack[depth - 1], spec), 0);
		if (*text == '{') {
			cr_assert(depth < 8);
			stack[depth++] = spec;
			text++;
		}
		free(options);
		free(name);
	}
	cr_assert(spec && !depth, "braces");
	return spec;
}
