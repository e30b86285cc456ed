/* SPDX-License-Identifier: MIT */

#include "supctl/logs_show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "logs/colour.h"
#include "logs/escape.h"
#include "supctl/logs_daemon.h"
#include "supctl/render.h"
#include "wire/json.h"

#define FLUSH_SIZE 65536
/* A longer name shifts its lines. */
#define WIDTH_MAX 32
#define US_PER_MINUTE INT64_C(60000000)

static const char *const level_colours[DAEMON_N_LEVELS] = {
	[DAEMON_LEVEL_NONE] = "", [DAEMON_ERROR] = COLOUR_ERROR, [DAEMON_WARNING] = COLOUR_WARNING,
	[DAEMON_INFO] = "",       [DAEMON_DEBUG] = COLOUR_DEBUG,
};

void log_show_init(struct log_show *show, const struct log_wish *wish, bool named)
{
	time_t now = time(NULL);
	struct tm tm = {0};

	localtime_r(&now, &tm);
	*show = (struct log_show){
		.wish = wish,
		.terminal = isatty(STDOUT_FILENO) == 1,
		.coloured = render_is_coloured(),
		.named = named,
		.width = strlen("supd"),
		.out = BUF_INIT,
		.minute = -1,
		.year = tm.tm_year,
		.day = tm.tm_yday,
	};
}

void log_show_fini(struct log_show *show)
{
	buf_fini(&show->out);
}

static void show_widen(struct log_show *show, size_t width)
{
	width = MIN_OF(width, (size_t)WIDTH_MAX);
	show->width = MAX_OF(show->width, width);
}

void log_show_widen(struct log_show *show, const char *name)
{
	show_widen(show, strlen(name));
}

bool log_show_flush(struct log_show *show)
{
	render_flush(&show->out);
	return fflush(stdout) == 0;
}

/* ---- parts of lines ---- */

static void put_padded(struct log_show *show, const char *text, size_t size)
{
	buf_append(&show->out, text, size);
	for (; size < show->width; size++)
		buf_putc(&show->out, ' ');
}

static void put_name(struct log_show *show, const char *name, size_t size)
{
	buf_puts(&show->out, show->coloured ? colour_of_name(name, size) : "");
	put_padded(show, name, size);
	buf_puts(&show->out, show->coloured ? COLOUR_END : "");
}

/* Where the day is another one than that of the line before. */
static void put_day(struct log_show *show)
{
	char text[32];

	if (show->tm.tm_yday == show->day && show->tm.tm_year == show->year)
		return;
	show->day = show->tm.tm_yday;
	show->year = show->tm.tm_year;
	strftime(text, sizeof(text), "-- %Y-%m-%d --", &show->tm);
	buf_printf(&show->out, "%s%s%s\n", show->coloured ? COLOUR_TIME : "", text,
		   show->coloured ? COLOUR_END : "");
}

static void put_time(struct log_show *show, const struct log_line *line)
{
	int64_t minute = line->time.us / US_PER_MINUTE, in_minute = line->time.us % US_PER_MINUTE;
	time_t seconds = (time_t)(minute * 60);
	char text[16];

	if (!line->has_time) {
		buf_puts(&show->out, "              ");
		return;
	}
	if (minute != show->minute) {
		show->minute = minute;
		localtime_r(&seconds, &show->tm);
		put_day(show);
	}
	snprintf(text, sizeof(text), "%02d:%02d:%02d.%03d", show->tm.tm_hour, show->tm.tm_min,
		 (int)(in_minute / 1000000), (int)(in_minute / 1000 % 1000));
	buf_printf(&show->out, "%s%s%s  ", show->coloured ? COLOUR_TIME : "", text,
		   show->coloured ? COLOUR_END : "");
}

/* ---- lines ---- */

/* As the daemon shows it on its own terminal: the level is a colour, and the name of whom the line
 * is about stands where those of services do. */
static void put_daemon_line(struct log_show *show, const struct log_series *s)
{
	const char *text = s->line.text, *colour = "";
	size_t size = s->line.size, gap, word;

	if (s->level == DAEMON_LEVEL_NONE) {
		put_name(show, s->name, strlen(s->name));
		buf_puts(&show->out, "   ");
		escape_text(&show->out, text, size);
		return;
	}
	word = daemon_word(text, size, &gap) + gap;
	text += word;
	size -= word;
	word = daemon_word(text, size, &gap);
	/* It is padded to the longest name of the tree, and two blanks follow. */
	if (gap > 2)
		show_widen(show, word + gap - 2);
	put_name(show, text, word);
	buf_puts(&show->out, "   ");
	if (show->coloured)
		colour = level_colours[s->level];
	else if (s->level != DAEMON_INFO)
		buf_printf(&show->out, "%s: ", daemon_level_names[s->level]);
	buf_puts(&show->out, colour);
	escape_text(&show->out, text + word + gap, size - word - gap);
	if (*colour)
		buf_puts(&show->out, COLOUR_END);
}

static void put_for_people(struct log_show *show, const struct log_series *s)
{
	put_time(show, &s->line);
	if (s->kind == LOG_OF_DAEMON) {
		put_daemon_line(show, s);
	} else {
		put_name(show, s->name, strlen(s->name));
		buf_puts(&show->out, " | ");
		escape_text(&show->out, s->line.text, s->line.size);
	}
	buf_putc(&show->out, '\n');
}

static void put_json(struct log_show *show, const struct log_series *s)
{
	char time[UTC_SIZE];

	if (s->line.has_time) {
		utc_write(s->line.time, time);
		buf_printf(&show->out, "{\"time\":\"%.*s\",\"name\":", UTC_SIZE, time);
	} else {
		buf_puts(&show->out, "{\"time\":null,\"name\":");
	}
	json_put_text(&show->out, s->name, strlen(s->name));
	buf_putc(&show->out, ',');
	json_put_bytes(&show->out, "line", s->line.text, s->line.size);
	buf_puts(&show->out, "}\n");
}

/* A line that was not ended is none that is: the bytes are all that there is. */
static void put_raw(struct log_show *show, const struct log_series *s)
{
	buf_append(&show->out, s->line.text, s->line.size);
	if (show->named || (s->line.ended && !s->line.more))
		buf_putc(&show->out, '\n');
}

static void put_own_line(struct log_show *show, const struct log_series *s)
{
	if (show->named) {
		put_padded(show, s->name, strlen(s->name));
		buf_puts(&show->out, " | ");
	}
	if (s->of_json) {
		put_json(show, s);
		return;
	}
	buf_append(&show->out, s->text.data, s->text.size);
	buf_putc(&show->out, '\n');
}

void log_show_line(struct log_show *show, const struct log_series *s)
{
	if (show->wish->json)
		put_json(show, s);
	else if (show->wish->raw)
		put_raw(show, s);
	else if (show->terminal)
		put_for_people(show, s);
	else
		put_own_line(show, s);
	if (show->out.error) {
		complain("%s: a line of it is too long for the memory there is", s->name);
		buf_clear(&show->out);
	}
	if (show->out.size >= FLUSH_SIZE)
		render_flush(&show->out);
}
