/* SPDX-License-Identifier: MIT */

/* Commands that are run at events. The record is made by the first of their keys. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/event_kinds.h"
#include "config/keys.h"
#include "config/words.h"

/* Of the section in hand. NULL: no memory. */
static struct on_event *record(const struct value *value)
{
	struct spec *spec = value->spec;

	if (!spec->on_event)
		spec->on_event = on_event_new();
	return spec->on_event;
}

int value_on_event(const struct value *value)
{
	struct on_event *on_event = record(value);
	struct value hook = *value;

	if (!on_event)
		return -ENOMEM;
	hook.field = &on_event->hook;
	return value_hook(&hook);
}

/* A kind, or a pattern that some kind matches, perhaps with ! before it. */
static int check_kind(const struct value *value, const char *word)
{
	const char *kind = word + (*word == '!');
	char shown[QUOTE_TEXT_MAX];
	const char *nearest;

	if (event_kind_exists(kind) || (kind[strcspn(kind, "*?")] && event_kind_matches(kind)))
		return 0;
	nearest = event_kind_nearest(kind);
	quote_text(kind, shown);
	if (nearest)
		return value_refuse(value, "%s is no kind of event; did you mean \"%s\"?", shown,
				    nearest);
	return value_refuse(value, "%s is no kind of event: see sup(7) for what there is", shown);
}

int value_on_event_filter(const struct value *value)
{
	struct on_event *on_event = record(value);
	char **words = NULL;
	int r = on_event ? words_list(value->text, &words) : -ENOMEM;

	if (r == 0 && !words[0])
		r = value_refuse(value, "name kinds of events, such as exit or gave_up; patterns, "
					"as in log_*; and with ! before it what is not wanted");
	for (size_t i = 0; r == 0 && words[i]; i++)
		r = check_kind(value, words[i]);
	if (r) {
		strings_free(words);
		return r;
	}
	strings_free(on_event->filter);
	on_event->filter = words;
	return 0;
}

int value_on_event_rate(const struct value *value)
{
	struct on_event *on_event = record(value);
	uint64_t rate;
	struct span span;
	int r = on_event ? value_rate(value, "runs", &rate, &span) : -ENOMEM;

	if (r == 0 && rate == 0 && strcmp(value->text, "infinity") != 0)
		r = value_refuse(value, "that runs nothing: remove on_event instead");
	if (r)
		return r;
	on_event->rate = rate;
	on_event->rate_span = span;
	return 0;
}

int value_on_event_max(const struct value *value)
{
	struct on_event *on_event = record(value);
	struct value number = *value;

	if (!on_event)
		return -ENOMEM;
	number.field = &on_event->max;
	return value_number(&number);
}

int value_on_event_timeout(const struct value *value)
{
	struct on_event *on_event = record(value);
	struct value span = *value;

	if (!on_event)
		return -ENOMEM;
	span.field = &on_event->hook.timeout;
	return value_span(&span);
}
