/* SPDX-License-Identifier: MIT */

/* One pass, no second look: what a variable's value holds is never expanded again. */

#include "config/expand.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
static const char letters_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

const char *expand_find(char *const *environment, const char *name, unsigned long size)
{
	const char *found = NULL;

	for (; *environment; environment++) {
		if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=')
			found = *environment + size + 1;
	}
	return found;
}

static const char *instance_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *at = strrchr(slash ? slash : path, '@');

	return at ? at + 1 : "";
}

static int expand_percent(const char **text, const struct expand_vars *vars, struct buf *out)
{
	char c = (*text)[1];

	if (c == 'i')
		buf_puts(out, instance_of(vars->path));
	else if (c == 'n')
		buf_puts(out, vars->path);
	else if (c == '%' || c == '$')
		buf_putc(out, c);
	else
		return EXPAND_E_PERCENT;
	*text += 2;
	return 0;
}

static int expand_variable(const char **text, const struct expand_vars *vars, struct buf *out)
{
	const char *name = *text + 2;
	size_t size = strcspn(name, "}");
	const char *value;

	if (name[size] != '}')
		return EXPAND_E_UNCLOSED;
	if (size == 0 || !strchr(letters, *name) || strspn(name, letters_digits) < size)
		return EXPAND_E_NAME;
	value = expand_find(vars->environment, name, size);
	buf_puts(out, value ? value : "");
	*text = name + size + 1;
	return 0;
}

int config_expand(const char *text, const struct expand_vars *vars, char **ret_text)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	int r = 0;

	while (*text && r == 0) {
		size_t plain = strcspn(text, "%$");

		buf_append(&out, text, plain);
		text += plain;
		if (*text == '%') {
			r = expand_percent(&text, vars, &out);
		} else if (*text == '$' && text[1] == '{' && vars->environment) {
			r = expand_variable(&text, vars, &out);
		} else if (*text) {
			buf_putc(&out, *text++);
		}
	}
	if (r == 0 && out.error)
		r = out.error;
	if (r == 0) {
		char *whole = buf_take(&out);

		if (!whole)
			return -ENOMEM;
		*ret_text = whole;
	}
	return r;
}

char *config_literal(const char *text, bool variables)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;

	buf_puts(&out, "");
	for (; *text; text++) {
		if (*text == '%' || (*text == '$' && variables))
			buf_putc(&out, '%');
		buf_putc(&out, *text);
	}
	return out.error ? NULL : buf_take(&out);
}

const char *expand_error_text(enum expand_error error)
{
	switch (error) {
	case EXPAND_E_PERCENT:
		return "only %i, %n and %% mean something: write %% for a percent sign";
	case EXPAND_E_UNCLOSED:
		return "${ without }: write it in single quotes if it is meant for a shell";
	case EXPAND_E_NAME:
		return "only ${NAME} is known: write it in single quotes if it is meant for a "
		       "shell";
	case EXPAND_OK:
		break;
	}
	return "good";
}
