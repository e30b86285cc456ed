/* SPDX-License-Identifier: MIT */

/* When a service is started, and whether. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/calendar.h"
#include "config/expand.h"
#include "config/keys.h"
#include "config/words.h"

static bool is_absolute(const char *text)
{
	return *text == '/';
}

static bool is_setting(const char *text)
{
	return *text && *text != '=';
}

/* Where what stands behind the colon is not good, `use` says what would be. */
static const struct {
	const char *kind;
	bool (*good)(const char *text);
	const char *use;
} conditions[] = {
	{"path_exists:", is_absolute, "use path_exists: and an absolute path"},
	{"path_is_directory:", is_absolute, "use path_is_directory: and an absolute path"},
	{"env:", is_setting, "use env:NAME or env:NAME=VALUE"},
};

/* Its commands are run as hooks are, before all others. */
static int add_command(const struct value *value, const char *text, bool negated)
{
	struct exec_hooks *hooks = exec_part(value->spec->exec, PART_HOOKS);
	struct exec_hook *hook = hooks ? &hooks->of[HOOK_START_IF] : NULL;
	struct value command = *value;
	int r;

	if (!hook)
		return -ENOMEM;
	command.text = text;
	command.field = hook;
	r = value_hook(&command);
	if (r == 0)
		hook->commands[hook->n - 1].negated = negated;
	return r ? r : words_append(value->field, value->text);
}

int value_condition(const struct value *value)
{
	const char *text = value->text + (*value->text == '!');
	char *expanded = NULL;
	int r;

	if (strncmp(text, "command:", 8) == 0)
		return add_command(value, text + 8, text != value->text);
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		size_t size = strlen(conditions[i].kind);

		if (strncmp(text, conditions[i].kind, size) != 0)
			continue;
		if (!conditions[i].good(text + size))
			return value_refuse(value, "%s", conditions[i].use);
		r = config_expand(text + size, &(struct expand_vars){.path = "x"}, &expanded);
		free(expanded);
		if (r > 0)
			return value_refuse(value, "%s", expand_error_text((enum expand_error)r));
		return r < 0 ? r : words_append(value->field, value->text);
	}
	return value_refuse(
		value,
		"use path_exists:PATH, path_is_directory:PATH, "
		"env:NAME[=VALUE] or command:COMMAND, with a ! before it where it must not be so");
}

int value_schedule(const struct value *value)
{
	struct calendar calendar;
	const char *why;

	if (calendar_parse(value->text, &calendar, &why) < 0)
		return value_refuse(value, "%s", why);
	return words_append(value->field, value->text);
}
