/* SPDX-License-Identifier: MIT */

/*
 * Lines of the daemon's own log, as supd/log.c writes them where that is no terminal:
 *
 *   2025-11-25 06:51:02.123  info     web/db        running, OS pid 4242     in local time
 *   {"time":"2025-11-25T06:51:02.123Z","level":"info","name":"web/db",...}
 *
 * or with a time as logs have it. Others are taken as they are.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "supctl/logs_daemon.h"
#include "supctl/logs_series.h"

#define TIME_BEGIN "{\"time\":\""

const char *const daemon_level_names[DAEMON_N_LEVELS] = {"", "error", "warning", "info", "debug"};

/* "2025-11-25 06:51:02.123", with that between date and time, as if it were UTC. */
static bool read_millis(const char *text, size_t size, char between, struct utc *ret_utc)
{
	char full[UTC_SIZE];

	if (size < 23 || text[10] != between)
		return false;
	memcpy(full, text, 23);
	full[10] = 'T';
	memcpy(full + 23, "000Z", 4);
	return utc_read(full, UTC_SIZE, ret_utc) == 0;
}

/* How long the time at the beginning is; 0: there is none. */
static size_t read_time(const char *text, size_t size, struct utc *ret_time)
{
	struct utc as_utc;
	time_t seconds;
	struct tm tm;

	if (utc_read(text, size, ret_time) == 0)
		return UTC_SIZE;
	if (!read_millis(text, size, ' ', &as_utc))
		return 0;
	seconds = (time_t)(as_utc.us / 1000000);
	gmtime_r(&seconds, &tm);
	tm.tm_isdst = -1;
	*ret_time = (struct utc){(int64_t)mktime(&tm) * 1000000 + as_utc.us % 1000000};
	return 23;
}

static size_t read_time_of_json(const char *text, size_t size, struct utc *ret_time)
{
	size_t begin = sizeof(TIME_BEGIN) - 1;

	if (size < begin || memcmp(text, TIME_BEGIN, begin) != 0)
		return 0;
	if (utc_read(text + begin, size - begin, ret_time) == 0)
		return UTC_SIZE;
	return read_millis(text + begin, size - begin, 'T', ret_time) ? 24 : 0;
}

size_t daemon_word(const char *text, size_t size, size_t *ret_gap)
{
	const char *end = memchr(text, ' ', size);
	size_t word = end ? (size_t)(end - text) : size, gap = 0;

	while (word + gap < size && text[word + gap] == ' ')
		gap++;
	*ret_gap = gap;
	return word;
}

static int find_level(const char *text, size_t size)
{
	for (int i = 1; i < DAEMON_N_LEVELS; i++)
		if (strlen(daemon_level_names[i]) == size &&
		    memcmp(daemon_level_names[i], text, size) == 0)
			return i;
	return 0;
}

void log_line_of_daemon(struct log_line *line, int *ret_level)
{
	size_t gap, size = read_time(line->text, line->size, &line->time);

	*ret_level = 0;
	line->has_time = size || read_time_of_json(line->text, line->size, &line->time);
	if (!size)
		return;
	while (size < line->size && line->text[size] == ' ')
		size++;
	line->text += size;
	line->size -= size;
	*ret_level = find_level(line->text, daemon_word(line->text, line->size, &gap));
}
