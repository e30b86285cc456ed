/* SPDX-License-Identifier: MIT */

/*
 * A new child as the text of a configuration file. The daemon parses it, so that supctl has no
 * opinion of its own about keys and values; it only sees to it that one word stays one line.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supctl/ask.h"
#include "supctl/render.h"

static int text_read_file(const char *name, struct buf *out)
{
	FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
	char chunk[4096];
	size_t n;
	int r = 0;

	if (!file) {
		complain("%s: %s", name, strerror(errno));
		return EXIT_FAILED;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0 && out->size <= WIRE_DATAGRAM_MAX)
		buf_append(out, chunk, n);
	if (ferror(file)) {
		complain("%s: %s", name, strerror(errno));
		r = EXIT_FAILED;
	} else if (memchr(buf_text(out), 0, out->size)) {
		complain("%s: this is no text: it holds a NUL byte", name);
		r = EXIT_FAILED;
	}
	if (file != stdin)
		fclose(file);
	return r;
}

static int text_add_word(const struct context *context, const char *word, struct buf *out)
{
	const char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return complain_usage(context, "%s: not KEY=VALUE", word);
	if (strpbrk(word, "\n\r"))
		return complain_usage(context, "%.*s: a value cannot hold a line break",
				      (int)(equals - word), word);
	buf_printf(out, "%.*s = %s\n", (int)(equals - word), word, equals + 1);
	return 0;
}

int child_text(const struct context *context, const char *path, char **words, int n_words,
	       struct buf *out)
{
	const char *file = option_value(context, "--file");
	bool supervisor = option_value(context, "--supervisor") != NULL;
	int r = 0;

	if (strpbrk(path, "\n\r]["))
		return complain_usage(
			context, "that is no name of a child: letters, digits and _ . @ : + -");
	if (file && n_words)
		return complain_usage(context, "either --file or KEY=VALUE, not both");
	if (file)
		return text_read_file(file, out);
	buf_printf(out, "[%s %s]\n", supervisor ? "supervisor" : "service", path);
	for (int i = 0; i < n_words && r == 0; i++)
		r = text_add_word(context, words[i], out);
	return r;
}

/* "argument:3: text" is a line of the text that child_text() made, or of the file. */
static void complain_line(const struct context *context, const char *line, int size)
{
	static const char name[] = "argument:";
	const char *file = option_value(context, "--file");
	const char *text = line + sizeof(name) - 1;

	if (size <= (int)sizeof(name) || strncmp(line, name, sizeof(name) - 1) != 0) {
		complain("%.*s", size, line);
		return;
	}
	size -= (int)sizeof(name) - 1;
	if (file) {
		complain("%s:%.*s", strcmp(file, "-") == 0 ? "standard input" : file, size, text);
		return;
	}
	for (; size && strchr("0123456789", *text); text++)
		size--;
	for (; size && strchr(": ", *text); text++)
		size--;
	complain("%.*s", size, text);
}

int child_reply_status(const struct context *context, const char *request,
		       const struct wire_frame *reply)
{
	const char *error = field_text(reply, "error");
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	if (!error || strncmp(error, "argument:", 9) != 0)
		return reply_status_to(context, request, reply);
	render_text(&text, error, RENDER_LINES);
	for (const char *line = buf_text(&text); *line;) {
		size_t size = strcspn(line, "\n");

		complain_line(context, line, (int)size);
		line += size + (line[size] == '\n');
	}
	return EXIT_FAILED;
}
