/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_EXPAND_H
#define CONFIG_EXPAND_H

/*
 * What stands for something else in a text of the configuration:
 *   %i  the instance: what follows the last @ of the service's name, else nothing
 *   %n  the service's path     %%  a percent sign
 *   ${NAME}  from the service's own environment; nothing where it is not set
 *   %$  a dollar sign that was quoted (words_split() writes it, users cannot)
 */

#include <stdbool.h>

struct expand_vars {
	const char *path; /* "web/api" */
	/* NAME=VALUE, ends with NULL, the last of a name counts; NULL list: ${ stands for itself */
	char *const *environment;
};

enum expand_error {
	EXPAND_OK,
	EXPAND_E_PERCENT,  /* % and not one of i n % */
	EXPAND_E_UNCLOSED, /* ${ without } */
	EXPAND_E_NAME,     /* what stands between is no name of a variable */
};

/* 0 with an owned text; a positive enum expand_error; -ENOMEM. */
int config_expand(const char *text, const struct expand_vars *vars, char **ret_text);
const char *expand_error_text(enum expand_error error);
/* The text that comes out of config_expand() as this one, with variables or without. Owned; NULL:
 * no memory. */
char *config_literal(const char *text, bool variables);

/* The value of NAME of `size` bytes in environment, or NULL; borrowed. */
const char *expand_find(char *const *environment, const char *name, unsigned long size);

#endif
