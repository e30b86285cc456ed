/* SPDX-License-Identifier: MIT */

/* Where a process's output goes, and how its log is kept. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/expand.h"
#include "config/keys.h"

static int take_file(const struct value *value, const char *path)
{
	const struct expand_vars vars = {.path = "", .environment = NULL};
	struct output *output = value->field;
	char *expanded CLEANUP(cleanup_free) = NULL;
	char *copy;
	int r;

	if (*path != '/')
		return value_refuse(value, "use an absolute path, as in file:/var/log/name.log");
	r = config_expand(path, &vars, &expanded);
	if (r > 0)
		return value_refuse(value, "%s", expand_error_text((enum expand_error)r));
	copy = r < 0 ? NULL : strdup(path);
	if (!copy)
		return -ENOMEM;
	free(output->path);
	*output = (struct output){.kind = OUTPUT_FILE, .path = copy};
	return 0;
}

/* A key whose max is 1 may say that it goes where standard output goes. */
int value_output(const struct value *value)
{
	struct output *output = value->field;

	if (strncmp(value->text, "file:", 5) == 0)
		return take_file(value, value->text + 5);
	for (int kind = 0; kind < OUTPUT_N_KINDS; kind++) {
		if (kind == OUTPUT_FILE || (kind == OUTPUT_SAME && value->key->max != 1) ||
		    strcmp(value->text, output_kind_names[kind]) != 0)
			continue;
		free(output->path);
		*output = (struct output){.kind = (enum output_kind)kind};
		return 0;
	}
	return value_refuse_word(value, value->key->words);
}

int value_log_dir(const struct value *value)
{
	if (strcmp(value->text, "none") == 0)
		return value_set_text(value->field, value->text);
	if (value->text[0] != '/')
		return value_refuse(value, "use an absolute path, one that begins with /, or none");
	return value_absolute_path(value);
}

/* The index of a word, into a byte. */
int value_small_word(const struct value *value)
{
	const char *const *words = value->key->words;
	uint8_t *field = value->field;

	for (uint8_t i = 0; words[i]; i++) {
		if (strcmp(value->text, words[i]) == 0) {
			*field = i;
			return 0;
		}
	}
	return value_refuse_word(value, words);
}

int value_line_max(const struct value *value)
{
	struct value whole = *value;
	uint32_t *field = value->field;
	uint64_t size;
	int r;

	whole.field = &size;
	r = value_size(&whole);
	if (r == 0)
		*field = (uint32_t)size;
	return r;
}

/* The span of a rate: a unit alone is one of it. */
static int parse_per(const char *text, struct span *ret_span)
{
	char one[SPAN_TEXT_MAX];

	if (*text < 'a' || *text > 'z' || strlen(text) > SPAN_TEXT_MAX - 2)
		return span_parse(text, ret_span);
	snprintf(one, sizeof(one), "1%s", text);
	return span_parse(one, ret_span);
}

int value_rate(const struct value *value, const char *what, uint64_t *ret_rate,
	       struct span *ret_span)
{
	const char *slash = strchr(value->text, '/');
	char number[24] = "";
	struct span per;
	uint64_t rate;

	if (strcmp(value->text, "infinity") == 0) {
		*ret_rate = 0;
		*ret_span = SPAN_S(0);
		return 0;
	}
	if (slash && slash - value->text < (long)sizeof(number))
		memcpy(number, value->text, (size_t)(slash - value->text));
	if (!slash || text_parse_u64(number, UINT32_MAX, &rate) < 0 ||
	    parse_per(slash + 1, &per) < 0 || span_is_infinite(per))
		return value_refuse(value,
				    "use a number of %s and a time span, such as 1000/30s, or "
				    "infinity",
				    what);
	if (per.ns < 1000000)
		return value_refuse(value, "its time span must be 1ms or longer");
	*ret_rate = rate;
	*ret_span = per;
	return 0;
}

/* Into rate and rate_span of the record whose rate the field is. */
int value_log_rate(const struct value *value)
{
	struct exec_log *log =
		(struct exec_log *)(void *)((char *)value->field - offsetof(struct exec_log, rate));
	struct span span = {0};
	uint64_t rate = 0;
	int r = value_rate(value, "lines", &rate, &span);

	if (r == 0 && rate == 0 && strcmp(value->text, "infinity") != 0)
		r = value_refuse(value, "that takes no line at all: say stdout = null for it");
	if (r)
		return r;
	log->rate = rate;
	log->rate_span = span;
	return 0;
}
