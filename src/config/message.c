/* SPDX-License-Identifier: MIT */

/* Messages, kept in the order of files and lines; those of one line in the order in which they
 * came. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/loader.h"

bool array_grow(void *array, size_t n, size_t size)
{
	void **field = array;
	void *longer;

	if ((n & (n - 1)) != 0)
		return true;
	longer = reallocarray(*field, n == 0 ? 1 : n * 2, size);
	if (longer)
		*field = longer;
	return longer != NULL;
}

static void count(struct config *config, enum config_severity severity)
{
	if (severity == CONFIG_ERROR)
		config->n_errors++;
	else if (severity == CONFIG_SURROUNDINGS)
		config->n_surroundings++;
}

void message_add(struct loader *loader, enum config_severity severity, uint32_t file, int line,
		 const char *text)
{
	struct config *config = loader->config;
	struct config_message message = {
		.severity = severity,
		.file = strdup(loader->places->files[file]),
		.line = line,
		.text = strdup(text),
		.order = file,
	};
	size_t at = config->n_messages;

	if (!message.file || !message.text ||
	    !array_grow(&config->messages, config->n_messages, sizeof(message))) {
		free(message.file);
		free(message.text);
		loader->error = -ENOMEM;
		return;
	}
	for (; at > 0; at--) {
		const struct config_message *before = &config->messages[at - 1];

		if (before->order < file || (before->order == file && before->line <= line))
			break;
	}
	memmove(&config->messages[at + 1], &config->messages[at],
		(config->n_messages - at) * sizeof(message));
	config->messages[at] = message;
	config->n_messages++;
	count(config, severity);
}

void loader_complain(struct loader *loader, enum config_severity severity, uint32_t file, int line,
		     const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	message_add(loader, severity, file, line, text);
}

void config_print_messages(const struct config *config, struct buf *out)
{
	for (size_t i = 0; i < config->n_messages; i++) {
		const struct config_message *m = &config->messages[i];

		if (m->line > 0)
			buf_printf(out, "%s:%d: %s\n", m->file, m->line, m->text);
		else
			buf_printf(out, "%s: %s\n", m->file, m->text);
	}
}
