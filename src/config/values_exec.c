/* SPDX-License-Identifier: MIT */

/* What a process is made of: command, environment, files, identities. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/expand.h"
#include "config/keys.h"
#include "config/words.h"

/* What Linux takes: one text of a command or environment with its NUL, all of them together. */
#define TEXT_MAX ((size_t)128 * 1024 - 1)
#define COMMAND_MAX ((size_t)6 * 1024 * 1024)
/* Of the name of a user or group: LOGIN_NAME_MAX. Longer ones end the C library's lookup badly. */
#define ACCOUNT_MAX 255

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
static const char letters_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

/* Refuses a % that means nothing, and where variables count a ${ that does not end. */
static int check_expansion(const struct value *value, const char *text, bool variables)
{
	static char *const none[] = {NULL};
	struct expand_vars vars = {.path = "", .environment = variables ? none : NULL};
	char *expanded = NULL;
	int r = config_expand(text, &vars, &expanded);

	free(expanded);
	if (r > 0)
		return value_refuse(value, "%s", expand_error_text((enum expand_error)r));
	return r;
}

/* %$ means something between words_split() and config_expand() only. */
static int check_percent(const struct value *value)
{
	if (!strstr(value->text, "%$"))
		return check_expansion(value, value->text, false);
	for (const char *p = value->text; (p = strchr(p, '%')); p += 2) {
		if (!p[1] || !strchr("in%", p[1]))
			return value_refuse(value, "%s", expand_error_text(EXPAND_E_PERCENT));
	}
	return 0;
}

static int check_size(const struct value *value, char *const *words)
{
	size_t total = 0;

	for (; *words; words++) {
		size_t size = strlen(*words) + 1;

		total += size + sizeof(char *);
		if (size > TEXT_MAX || total > COMMAND_MAX)
			return value_refuse(
				value,
				"a word of %zu bytes in a command of %zu: Linux takes at "
				"most 128 KiB in one word and 6 MiB in all",
				size - 1, total);
	}
	return 0;
}

int value_command(const struct value *value)
{
	char **words = NULL;
	char ***field = value->field;
	int r = check_percent(value);

	if (r != 0)
		return r;
	r = words_split(value->text, &words);
	if (r > 0)
		return value_refuse(value, "%s", words_error_text((enum words_error)r));
	for (size_t i = 0; r == 0 && words[i]; i++)
		r = check_expansion(value, words[i], true);
	if (r == 0)
		r = check_size(value, words);
	if (r == 0 && words[0] && !*words[0])
		r = value_refuse(value, "its first word, the program, is empty");
	if (r) {
		strings_free(words);
		return r;
	}
	strings_free(*field);
	*field = words;
	return 0;
}

static bool is_variable(const char *name, size_t size)
{
	return size > 0 && strchr(letters, *name) && strspn(name, letters_digits) >= size;
}

/* NAME=VALUE without the quotes around VALUE. NULL: no memory. */
static char *assignment(const char *text)
{
	size_t name = (size_t)(strchr(text, '=') - text) + 1;
	size_t size = strlen(text);
	bool quoted = size >= name + 2 && (text[name] == '"' || text[name] == '\'') &&
		      strchr(text + name + 1, text[name]) == text + size - 1;
	char *copy = strdup(text);

	if (copy && quoted) {
		memmove(copy + name, text + name + 1, size - name - 2);
		copy[size - 2] = '\0';
	}
	return copy;
}

/* The place of the setting of the same name, or NULL. */
static char **find_setting(char **environment, const char *setting)
{
	size_t size = strcspn(setting, "=") + 1;

	for (; environment && *environment; environment++) {
		if (strncmp(*environment, setting, size) == 0)
			return environment;
	}
	return NULL;
}

int value_environment(const struct value *value)
{
	size_t size = strcspn(value->text, "=");
	char ***field = value->field;
	char *setting;
	char **old;
	int r;

	if (value->text[size] != '=' || !is_variable(value->text, size))
		return value_refuse(value,
				    "use NAME=VALUE, one to a line; the key may be repeated");
	if (strlen(value->text) >= TEXT_MAX)
		return value_refuse(value, "%zu bytes: Linux takes at most 128 KiB",
				    strlen(value->text));
	r = check_expansion(value, value->text, false);
	if (r)
		return r;
	setting = assignment(value->text);
	if (!setting)
		return -ENOMEM;
	old = find_setting(*field, setting);
	if (old) {
		free(*old);
		*old = setting;
		return 0;
	}
	r = words_append(field, setting);
	free(setting);
	return r;
}

int value_environment_file(const struct value *value)
{
	struct buf whole CLEANUP(buf_fini) = BUF_INIT;
	bool optional = value->text[0] == '-';
	const char *path = value->text + optional;
	int r;

	if (!*path)
		return value_refuse(value,
				    "use the name of a file; a - before it: it may be missing");
	if (*path != '/' && !value->directory)
		return value_refuse(value, "use an absolute path, one that begins with /");
	r = check_expansion(value, path, false);
	if (r)
		return r;
	buf_puts(&whole, optional ? "-" : "");
	if (*path != '/')
		buf_printf(&whole, "%s/", value->directory);
	buf_puts(&whole, path);
	return whole.error ? whole.error : words_append(value->field, buf_text(&whole));
}

/* Names of variables, or * alone. */
int value_name_list(const struct value *value)
{
	char ***field = value->field;
	char shown[QUOTE_TEXT_MAX];
	char **words = NULL;
	int r = words_list(value->text, &words);

	for (size_t i = 0; r == 0 && words[i]; i++) {
		if (!is_variable(words[i], strlen(words[i])) && strcmp(words[i], "*") != 0) {
			r = value_refuse(value,
					 "%s is no name of a variable; use names, or * for all",
					 quote_text(words[i], shown));
		}
	}
	if (r) {
		strings_free(words);
		return r;
	}
	strings_free(*field);
	*field = words;
	return 0;
}

static int check_account(const struct value *value, const char *name)
{
	if (strlen(name) > ACCOUNT_MAX)
		return value_refuse(value, "names of users and groups have at most %d bytes",
				    ACCOUNT_MAX);
	return 0;
}

int value_account(const struct value *value)
{
	int r = check_account(value, value->text);

	return r ? r : value_text(value);
}

int value_group_list(const struct value *value)
{
	char ***field = value->field;
	char **words = NULL;
	int r = words_list(value->text, &words);

	for (size_t i = 0; r == 0 && words[i]; i++)
		r = check_account(value, words[i]);
	if (r) {
		strings_free(words);
		return r;
	}
	strings_free(*field);
	*field = words;
	return 0;
}

int value_root_directory(const struct value *value)
{
	int r = check_expansion(value, value->text, false);

	return r ? r : value_absolute_path(value);
}

/* Relative to the folder of the file, where there is one. */
int value_working_directory(const struct value *value)
{
	struct buf whole CLEANUP(buf_fini) = BUF_INIT;
	char *folder CLEANUP(cleanup_free) = NULL;
	int r = check_expansion(value, value->text, false);

	if (r || !*value->text || *value->text == '/' || !value->directory)
		return r ? r : value_absolute_path(value);
	folder = config_literal(value->directory, false);
	if (!folder)
		return -ENOMEM;
	buf_printf(&whole, "%s/%s", folder, value->text);
	return whole.error ? whole.error : value_set_text(value->field, buf_text(&whole));
}

int value_signal(const struct value *value)
{
	if (text_parse_signal(value->text, value->field) < 0)
		return value_refuse(value,
				    "use the name of a Unix signal, such as TERM, INT or RTMIN+3");
	return 0;
}

int value_umask(const struct value *value)
{
	const char *p = value->text;
	int mask = 0;
	int *field = value->field;

	for (; *p >= '0' && *p <= '7' && mask <= 0777; p++)
		mask = mask * 8 + (*p - '0');
	if (*p || p == value->text || mask > 0777)
		return value_refuse(value, "use an octal number from 0 to 0777, such as 022");
	*field = mask;
	return 0;
}
