/* SPDX-License-Identifier: MIT */

/* What is run at events, as it could stand in the file. */

#include <errno.h>
#include <string.h>

#include "supd/rows.h"
#include "supd/texts.h"

/* So that it is one word again: quoted where it has to be. A dollar sign that was quoted is kept as
 * %$. */
static void put_word(struct buf *out, const char *word)
{
	bool plain = *word && !strpbrk(word, " \t\n\"'\\") && !strstr(word, "%$");

	if (plain) {
		buf_puts(out, word);
		return;
	}
	buf_putc(out, '\'');
	for (; *word; word++) {
		word += word[0] == '%' && word[1] == '$';
		if (*word == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, *word);
	}
	buf_putc(out, '\'');
}

static void put_command(struct texts *texts, const struct exec_command *command)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	if (command->may_fail)
		buf_putc(&text, '-');
	for (size_t i = 0; command->argv[i]; i++) {
		if (i)
			buf_putc(&text, ' ');
		put_word(&text, command->argv[i]);
	}
	texts_add(texts, buf_text(&text));
}

void row_put_on_event(struct wire_encoder *e, const struct on_event *on_event)
{
	static char any[] = "*";
	char *const all[] = {any, NULL};
	struct texts texts CLEANUP(texts_fini) = {0};
	struct buf rate CLEANUP(buf_fini) = BUF_INIT;
	char span[SPAN_TEXT_MAX];

	if (!on_event || !on_event->hook.n)
		return;
	for (size_t i = 0; i < on_event->hook.n; i++)
		put_command(&texts, &on_event->hook.commands[i]);
	if (!texts_list(&texts)) {
		e->error = -ENOMEM;
		return;
	}
	field_put_list(e, 0, "on_event", texts_list(&texts));
	field_put_list(e, 0, "on_event_filter", on_event->filter ? on_event->filter : all);
	if (on_event->rate)
		buf_printf(&rate, "%llu/%s", (unsigned long long)on_event->rate,
			   span_format(on_event->rate_span, span));
	field_put_text(e, 0, "on_event_rate", on_event->rate ? buf_text(&rate) : "infinity");
	field_put_int(e, 0, "on_event_max", on_event->max);
	field_put_span(e, 0, "on_event_timeout", on_event->hook.timeout);
}
