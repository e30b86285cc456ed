/* SPDX-License-Identifier: MIT */

/* The notation of calendar events. A text is words; what a word is can be told by the characters in
 * it: ":" is a time, "-" a date, letters weekdays or UTC. */

#include "base/calendar.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"

#define TEXT_MAX 200

static const char why_form[] =
	"use a calendar event such as daily, Mon..Fri 02:30 or *-*-01 04:00:00 (supd.conf(5))";
static const char why_range[] =
	"a number in it is out of its range: months are 1 to 12, days 1 to "
	"31, hours 0 to 23, minutes and seconds 0 to 59, years 1970 to 2199";
static const char why_never[] = "such a day never comes";

static const char *const weekday_names[] = {"sunday",   "monday", "tuesday", "wednesday",
					    "thursday", "friday", "saturday"};

static const struct {
	const char *word, *meaning;
} shortcuts[] = {
	{"minutely", "*-*-* *:*:00"},
	{"hourly", "*-*-* *:00:00"},
	{"daily", "*-*-* 00:00:00"},
	{"weekly", "Mon *-*-* 00:00:00"},
	{"monthly", "*-*-01 00:00:00"},
	{"quarterly", "*-01,04,07,10-01 00:00:00"},
	{"semiannually", "*-01,07-01 00:00:00"},
	{"yearly", "*-01-01 00:00:00"},
	{"annually", "*-01-01 00:00:00"},
};

/* One part of a word: which values of lowest to highest are meant. */
struct part {
	int lowest, highest;
	bool meant[CALENDAR_YEARS];
};

/* A number, and what follows. False: there is none, or it is too long. */
static bool take_number(const char **text, int *ret_n)
{
	int n = 0, digits = 0;

	for (; isdigit((unsigned char)**text) && digits < 5; (*text)++, digits++)
		n = n * 10 + (**text - '0');
	*ret_n = n;
	return digits > 0 && digits < 5;
}

/* Two digits of a year are of this century, as systemd has it. */
static int expand_year(const struct part *part, int n)
{
	if (part->lowest != CALENDAR_YEAR_MIN || n >= 100)
		return n;
	return n < 70 ? 2000 + n : 1900 + n;
}

/* "*", "N", "N..M", each with "/STEP" behind. NULL, or what is wrong. */
static const char *take_range(struct part *part, const char **text)
{
	int from = part->lowest, to = part->highest, step = 0;
	bool open = true;

	if (**text == '*') {
		(*text)++;
	} else {
		if (!take_number(text, &from))
			return why_form;
		from = expand_year(part, from);
		open = false;
		to = from;
		if (strncmp(*text, "..", 2) == 0) {
			*text += 2;
			if (!take_number(text, &to))
				return why_form;
			to = expand_year(part, to);
			open = true;
		}
	}
	if (**text == '/') {
		(*text)++;
		if (!take_number(text, &step))
			return why_form;
		to = open ? to : part->highest;
		if (step == 0)
			return why_range;
	}
	if (from < part->lowest || to > part->highest || from > to)
		return why_range;
	for (int n = from; n <= to; n += MAX_OF(step, 1))
		part->meant[n - part->lowest] = true;
	return NULL;
}

/* Ranges with commas between them, up to the end of text. */
static const char *take_part(const char *text, int lowest, int highest, struct part *ret_part)
{
	const char *why;

	*ret_part = (struct part){.lowest = lowest, .highest = highest};
	for (;; text++) {
		why = take_range(ret_part, &text);
		if (why)
			return why;
		if (*text == '\0')
			return NULL;
		if (*text != ',')
			return why_form;
	}
}

static const char *take_bits(const char *text, int lowest, int highest, uint64_t *ret_bits)
{
	struct part part;
	const char *why = take_part(text, lowest, highest, &part);

	*ret_bits = 0;
	for (int n = lowest; !why && n <= highest; n++)
		*ret_bits |= (uint64_t)part.meant[n - lowest] << n;
	return why;
}

static const char *take_years(const char *text, struct calendar *c)
{
	struct part part;
	const char *why =
		take_part(text, CALENDAR_YEAR_MIN, CALENDAR_YEAR_MIN + CALENDAR_YEARS - 1, &part);

	for (int n = 0; n < CALENDAR_YEARS; n++)
		c->years[n / 64] |= (uint64_t)(!why && part.meant[n]) << n % 64;
	return why;
}

/* ---- words ---- */

/* Cuts text at the last c in it. The part behind it, or NULL. */
static char *cut_last(char *text, char c)
{
	char *at = strrchr(text, c);

	if (at)
		*at++ = '\0';
	return at;
}

static const char *take_date(char *text, struct calendar *c)
{
	char *from_end = cut_last(text, '~');
	char *day = from_end ? from_end : cut_last(text, '-');
	char *month = cut_last(text, '-');
	uint64_t days, months;
	const char *why = NULL;

	if (!month)
		month = text;
	else
		why = take_years(text, c);
	if (month == text)
		why = take_years("*", c);
	if (!day || why)
		return why ? why : why_form;
	why = take_bits(day, 1, 31, &days);
	if (!why)
		why = take_bits(month, 1, 12, &months);
	if (why)
		return why;
	c->from_end = from_end != NULL;
	c->days = (uint32_t)days;
	c->months = (uint16_t)months;
	return NULL;
}

static const char *take_time(char *text, struct calendar *c)
{
	char *save = NULL;
	char *hour = strtok_r(text, ":", &save);
	char *minute = strtok_r(NULL, ":", &save);
	char *second = strtok_r(NULL, ":", &save);
	uint64_t hours = 0;
	const char *why;

	if (!hour || !minute || strtok_r(NULL, ":", &save))
		return why_form;
	why = take_bits(hour, 0, 23, &hours);
	if (!why)
		why = take_bits(minute, 0, 59, &c->minutes);
	if (!why)
		why = take_bits(second ? second : "0", 0, 59, &c->seconds);
	c->hours = (uint32_t)hours;
	return why;
}

/* 0 to 6, or -1. Three letters will do. */
static int find_weekday(const char *name, size_t size)
{
	for (int day = 0; day < 7; day++) {
		bool fits = size == 3 || size == strlen(weekday_names[day]);

		if (fits && strncasecmp(name, weekday_names[day], size) == 0)
			return day;
	}
	return -1;
}

static const char *take_weekdays(const char *text, struct calendar *c)
{
	c->weekdays = 0;
	for (;; text++) {
		size_t size = strcspn(text, ".,");
		int from = find_weekday(text, size), to = from;

		text += size;
		if (strncmp(text, "..", 2) == 0) {
			text += 2;
			size = strcspn(text, ",");
			to = find_weekday(text, size);
			text += size;
		}
		if (from < 0 || to < 0)
			return why_form;
		for (int day = from;; day = (day + 1) % 7) {
			c->weekdays |= (uint8_t)(1u << day);
			if (day == to)
				break;
		}
		if (*text == '\0')
			return NULL;
		if (*text != ',')
			return why_form;
	}
}

/* What has been given so far; in this order. */
enum { HAS_NOTHING, HAS_WEEKDAYS, HAS_DATE, HAS_TIME, HAS_ZONE };

static const char *take_word(char *word, struct calendar *c, int *has)
{
	int kind = strchr(word, ':')              ? HAS_TIME
		   : strcasecmp(word, "utc") == 0 ? HAS_ZONE
		   : strpbrk(word, "-~")          ? HAS_DATE
						  : HAS_WEEKDAYS;

	if (kind <= *has)
		return why_form;
	*has = kind;
	switch (kind) {
	case HAS_TIME:
		return take_time(word, c);
	case HAS_DATE:
		return take_date(word, c);
	case HAS_WEEKDAYS:
		return take_weekdays(word, c);
	default: /* an int */
		c->utc = true;
		return NULL;
	}
}

static const char *parse_words(char *text, struct calendar *c)
{
	char *save = NULL;
	const char *why = NULL;
	int has = HAS_NOTHING;

	for (char *word = strtok_r(text, " \t", &save); word && !why;
	     word = strtok_r(NULL, " \t", &save))
		why = take_word(word, c, &has);
	if (!why && (has == HAS_NOTHING || (has == HAS_ZONE && !c->hours && !c->days)))
		return why_form;
	return why;
}

static const char *find_meaning(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(shortcuts); i++)
		if (strcasecmp(text, shortcuts[i].word) == 0)
			return shortcuts[i].meaning;
	return text;
}

int calendar_parse(const char *text, struct calendar *ret_calendar, const char **ret_why)
{
	const char *meaning = find_meaning(text);
	struct calendar c = {.weekdays = 0x7f};
	char words[TEXT_MAX];

	if (strlen(meaning) >= sizeof(words)) {
		*ret_why = why_form;
		return -EINVAL;
	}
	memcpy(words, meaning, strlen(meaning) + 1);
	*ret_why = parse_words(words, &c);
	if (*ret_why)
		return -EINVAL;
	/* A date or weekdays alone: at midnight. A time alone: every day. */
	if (!c.hours) {
		c.hours = 1;
		c.minutes = c.seconds = 1;
	}
	if (!c.days) {
		c.days = ~(uint32_t)1;
		c.months = 0x1ffe;
		memset(c.years, 0xff, sizeof(c.years));
	}
	if (calendar_next(&c, 0) < 0) {
		*ret_why = why_never;
		return -EINVAL;
	}
	*ret_calendar = c;
	return 0;
}
