/* SPDX-License-Identifier: MIT */

/* What a process is made of where that is more than user, directory and files: exec_setup.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/capabilities.h"
#include "config/directories.h"
#include "config/expand.h"
#include "config/keys.h"
#include "config/words.h"

/* A number that may be negative, from min to max, into an int. */
int value_integer(const struct value *value)
{
	long long least = (long long)value->key->min, most = (long long)value->key->max;
	bool negative = value->text[0] == '-';
	uint64_t number;
	long long n;
	int *field = value->field;

	if (text_parse_u64(value->text + negative, INT32_MAX, &number) < 0)
		return value_refuse(value, "use a number from %lld to %lld", least, most);
	n = negative ? -(long long)number : (long long)number;
	if (n < least || n > most)
		return value_refuse(value, "use a number from %lld to %lld", least, most);
	*field = (int)n;
	return 0;
}

/* ---- limits ---- */

static int refuse_limit(const struct value *value)
{
	static const char *const forms[] = {
		[LIMIT_IN_NUMBERS] = "a number",
		[LIMIT_IN_BYTES] = "a size such as 64K, 10M or 1G",
		[LIMIT_IN_SECONDS] = "a time span such as 30s or 1h",
		[LIMIT_IN_MICROSECONDS] = "a time span such as 500ms",
	};
	const char *form = forms[value->key->min];

	if (value->key->max)
		return value_refuse(value,
				    "use a number from 0 to %llu, or two with a : between them, "
				    "the soft limit and the hard one",
				    (unsigned long long)value->key->max);
	return value_refuse(value,
			    "use %s, or infinity; or two with a : between them, the soft limit and "
			    "the hard one",
			    form);
}

/* In whole units; a part of one counts as one. */
static int parse_time(const char *text, int64_t unit, uint64_t *ret_number)
{
	struct span span;
	int r = span_parse(text, &span);

	if (r < 0)
		return r;
	*ret_number = span_is_infinite(span) ? UINT64_MAX
					     : (uint64_t)(span.ns / unit + (span.ns % unit != 0));
	return 0;
}

/* 0 or a negative errno. */
static int parse_limit(const struct key *key, const char *text, uint64_t *ret_number)
{
	bool endless = strcmp(text, "infinity") == 0;

	switch ((enum limit_unit)key->min) {
	case LIMIT_IN_BYTES:
		return text_parse_size(text, ret_number);
	case LIMIT_IN_SECONDS:
		return parse_time(text, 1000000000, ret_number);
	case LIMIT_IN_MICROSECONDS:
		return parse_time(text, 1000, ret_number);
	case LIMIT_IN_NUMBERS:
		break;
	}
	if (endless && !key->max) {
		*ret_number = UINT64_MAX;
		return 0;
	}
	return text_parse_u64(text, key->max ? key->max : (uint64_t)INT64_MAX, ret_number);
}

int value_limit(const struct value *value)
{
	struct exec_limit *field = value->field;
	struct exec_limit limit = {.given = true};
	const char *colon = strchr(value->text, ':');
	char soft[64];
	size_t size = strcspn(value->text, ":");

	if (size >= sizeof(soft))
		return refuse_limit(value);
	memcpy(soft, value->text, size);
	soft[size] = '\0';
	if (parse_limit(value->key, soft, &limit.soft) < 0 ||
	    parse_limit(value->key, colon ? colon + 1 : soft, &limit.hard) < 0)
		return refuse_limit(value);
	if (limit.soft > limit.hard)
		return value_refuse(value, "the soft limit comes first, and is not above the hard "
					   "one");
	*field = limit;
	return 0;
}

/* ---- priorities and CPUs ---- */

int value_io_class(const struct value *value)
{
	static const struct {
		const char *name;
		enum io_class class;
	} rows[] = {
		{"realtime", IO_CLASS_REALTIME},
		{"best-effort", IO_CLASS_BEST_EFFORT},
	};
	struct exec_io *field = value->field;
	size_t size = strcspn(value->text, ":");
	uint64_t level;

	if (strcmp(value->text, "idle") == 0) {
		*field = (struct exec_io){IO_CLASS_IDLE, 0};
		return 0;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strlen(rows[i].name) != size || strncmp(value->text, rows[i].name, size) != 0)
			continue;
		if (value->text[size] != ':' ||
		    text_parse_u64(value->text + size + 1, 7, &level) < 0)
			return value_refuse(value,
					    "say which of its levels, from 0 (first) to 7: %s:4",
					    rows[i].name);
		*field = (struct exec_io){rows[i].class, (int)level};
		return 0;
	}
	return value_refuse_word(value, value->key->words);
}

/* "3" or "0-3". 0 or -EINVAL. */
static int add_cpus(const char *word, size_t size, struct exec_cpus *cpus)
{
	char first[16], *last;
	uint64_t from, to;

	if (size >= sizeof(first))
		return -EINVAL;
	memcpy(first, word, size);
	first[size] = '\0';
	last = strchr(first, '-');
	if (last)
		*last++ = '\0';
	if (text_parse_u64(first, EXEC_CPUS_MAX - 1, &from) < 0 ||
	    text_parse_u64(last ? last : first, EXEC_CPUS_MAX - 1, &to) < 0 || from > to)
		return -EINVAL;
	for (; from <= to; from++)
		cpus->bits[from / 64] |= UINT64_C(1) << (from % 64);
	return 0;
}

int value_cpus(const struct value *value)
{
	struct exec_cpus cpus = {.given = true};
	struct exec_cpus *field = value->field;
	const char *p = value->text;
	size_t size;

	for (;; p += size + 1) {
		p += strspn(p, " \t");
		size = strcspn(p, ",");
		if (add_cpus(p, size, &cpus) < 0)
			return value_refuse(value,
					    "use numbers of CPUs from 0 to %d, and ranges of them, "
					    "such as 0-3,5",
					    EXEC_CPUS_MAX - 1);
		if (!p[size])
			break;
	}
	*field = cpus;
	return 0;
}

/* ---- directories ---- */

/* Octal, up to max. */
int value_mode(const struct value *value)
{
	uint64_t mode = 0;
	const char *p = value->text;
	int *field = value->field;

	for (; *p >= '0' && *p <= '7' && mode <= value->key->max; p++)
		mode = mode * 8 + (uint64_t)(*p - '0');
	if (*p || p == value->text || mode > value->key->max)
		return value_refuse(value, "use an octal number from 0 to 0%llo, such as 0750",
				    (unsigned long long)value->key->max);
	*field = (int)mode;
	return 0;
}

static int check_directory(const struct value *value, const char *name)
{
	/* Of any service: what %n and %i stand for is not known where there are defaults. */
	const struct expand_vars vars = {.path = "path/of@service"};
	char *expanded CLEANUP(cleanup_free) = NULL;
	char shown[QUOTE_TEXT_MAX];
	int r = config_expand(name, &vars, &expanded);

	if (r > 0)
		return value_refuse(value, "%s", expand_error_text((enum expand_error)r));
	if (r == 0 && !directory_is_name(expanded))
		return value_refuse(value,
				    "%s: use a name, or a relative path without . and .. in it, "
				    "such as name or name/more; it is made below %s",
				    quote_text(name, shown),
				    directory_kind_base(directory_kind_of(value->key->name)));
	return r;
}

int value_directories(const struct value *value)
{
	char ***field = value->field;
	char **words = NULL;
	int r = words_list(value->text, &words);

	if (r == 0 && !words[0])
		r = value_refuse(value, "it is empty: leave the key out to have none");
	for (size_t i = 0; r == 0 && words[i]; i++)
		r = check_directory(value, words[i]);
	if (r) {
		strings_free(words);
		return r;
	}
	strings_free(*field);
	*field = words;
	return 0;
}

/* ---- privileges and input ---- */

/* A list of names; ~ before it: all but those. max is 1 where ~ is not allowed. */
int value_capabilities(const struct value *value)
{
	struct exec_capabilities *field = value->field;
	struct exec_capabilities capabilities = {.given = true};
	bool but = value->text[0] == '~' && value->key->max == 0;
	char shown[QUOTE_TEXT_MAX];
	char **words = NULL;
	int r = words_list(value->text + but, &words);

	if (r == 0 && !words[0])
		r = value_refuse(value, "use names as in capabilities(7), such as net_bind_service "
					"chown, or none");
	for (size_t i = 0; r == 0 && words[i]; i++) {
		int number = capability_find(words[i]);

		if (number >= 0) {
			capabilities.set |= UINT64_C(1) << number;
		} else if (strcmp(words[i], "none") != 0 || words[1] || but) {
			const char *nearest = text_nearest(words[i], capability_names);

			r = value_refuse(
				value, "there is no capability %s%s%s%s: see capabilities(7)",
				quote_text(words[i], shown), nearest ? "; did you mean \"" : "",
				nearest ? nearest : "", nearest ? "\"?" : "");
		}
	}
	strings_free(words);
	if (r)
		return r;
	if (but)
		capabilities.set = ~capabilities.set;
	*field = capabilities;
	return 0;
}

static const char two_terminals[] = "it can have one terminal: tty = yes, or stdin = tty:PATH";

int value_tty(const struct value *value)
{
	int r = value_bool(value);

	if (r == 0 && value->spec->exec->setup->tty &&
	    value->spec->exec->setup->input.kind == INPUT_TTY)
		return value_refuse(value, "%s", two_terminals);
	return r;
}

int value_input(const struct value *value)
{
	static const struct {
		const char *prefix;
		enum input_kind kind;
	} rows[] = {{"file:", INPUT_FILE}, {"tty:", INPUT_TTY}};
	const struct expand_vars vars = {.path = ""};
	struct input *input = value->field;

	if (strcmp(value->text, "null") == 0) {
		free(input->path);
		*input = (struct input){.kind = INPUT_NULL};
		return 0;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *path = value->text + strlen(rows[i].prefix);
		char *expanded CLEANUP(cleanup_free) = NULL;
		int r;

		if (strncmp(value->text, rows[i].prefix, strlen(rows[i].prefix)) != 0)
			continue;
		if (*path != '/')
			return value_refuse(value, "use an absolute path, as in %s%s",
					    rows[i].prefix,
					    rows[i].kind == INPUT_TTY ? "/dev/tty9" : "/srv/input");
		r = config_expand(path, &vars, &expanded);
		if (r > 0)
			return value_refuse(value, "%s", expand_error_text((enum expand_error)r));
		if (rows[i].kind == INPUT_TTY && value->spec->exec->setup->tty)
			return value_refuse(value, "%s", two_terminals);
		if (r == 0)
			r = value_set_text(&input->path, path);
		if (r == 0)
			input->kind = rows[i].kind;
		return r;
	}
	return value_refuse_word(value, value->key->words);
}
