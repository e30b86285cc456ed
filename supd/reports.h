/* SPDX-License-Identifier: MIT */
#ifndef SUPD_REPORTS_H
#define SUPD_REPORTS_H

/*
 * Crash reports: all that is known of an abnormal death of a service (also of a start that failed,
 * and of a supervisor that gave up), put together once, for `supctl report`. A stop is none, and
 * neither is the end of what an actor has spawned: that is told to whoever monitors it.
 *
 * Nothing waits for a report. What only the dead process tells is taken when it is reaped; what the
 * model tells when the end is published; the rest, and the last lines of its output, when the turn
 * is over and the log keeper has answered, or has not within two seconds.
 *
 * They are limited: of one service the first five and then one a minute, of all together a hundred
 * and then ten a second; how many deaths had none the next report tells.
 */

#include <signal.h>

#include "supd/daemon.h"
#include "wire/field.h"

struct conn;
struct listing;
struct process;

/* Of all that are kept. */
#define REPORTS_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* d->reports, or NULL where memory is short: there are none then. */
void reports_open(struct daemon *d);
/* What is not complete is completed as it is. Takes a daemon without. */
void reports_close(struct daemon *d);

/* p's main process is dead and not reaped yet; its end is not told. */
void reports_ended(struct daemon *d, struct process *p, const siginfo_t *info);
/* A change of state; the event that tells of it has been made. */
void reports_on_notice(struct daemon *d, uint32_t slot, const struct link *link);
void reports_on_forget(struct daemon *d, uint32_t slot);

/* request_report.c: the newest report of exactly that path, or that of that number (name NULL), if
 * it is kept: borrowed until the next one is. 0: there is none. */
uint32_t reports_find(const struct daemon *d, const char *name, uint32_t number,
		      struct wire_frame *ret_row);
/* request_why.c: the newest report of who, in the chain of causes of that target, has crashed
 * first. False: there is none. */
bool why_find_culprit(const struct daemon *d, const char *target, struct wire_frame *ret_row);

/* request_report.c: the row of a listing for the report of that number, if it is still kept. */
void listing_write_report(struct conn *conn, const struct listing *listing, uint32_t number);

#endif
