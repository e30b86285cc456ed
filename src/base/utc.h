/* SPDX-License-Identifier: MIT */
#ifndef BASE_UTC_H
#define BASE_UTC_H

/*
 * Points in time of the wall clock as they stand in logs and in JSON: UTC, to the microsecond,
 * always of the same length, so that texts sort as times do. What is written is put into the
 * caller's bytes without a NUL behind it; no function here looks at the locale.
 */

#include <stddef.h>
#include <stdint.h>

/* Microseconds since 1970 in UTC. Written are the years 1970 to 9999; what is outside is taken for
 * the nearest in it. */
struct utc {
	int64_t us;
};

#define UTC_SIZE 27         /* 2026-11-30T20:37:10.123456Z */
#define UTC_COMPACT_SIZE 23 /* 20261130T203710.123456Z */
#define UTC_LOCAL_SIZE 12   /* 20:37:10.123 */

#define UTC_MAX ((struct utc){INT64_C(253402300799999999)})

struct utc utc_now(void);

void utc_write(struct utc s, char out[UTC_SIZE]);
void utc_write_compact(struct utc s, char out[UTC_COMPACT_SIZE]);
/* The time of the day where the process is (TZ), to the millisecond. */
void utc_write_local(struct utc s, char out[UTC_LOCAL_SIZE]);

/* Days since 1970 of a date of the calendar, years 1 and later; before 1970 they are negative. */
int64_t utc_days(int year, int month, int day);

/* Reads what the first two have written from the beginning of text; more may follow. 0 or -EINVAL.
 */
int utc_read(const char *text, size_t size, struct utc *ret_utc);
int utc_read_compact(const char *text, size_t size, struct utc *ret_utc);

#endif
