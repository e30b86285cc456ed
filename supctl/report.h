/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_REPORT_H
#define SUPCTL_REPORT_H

/* Crash reports: pages and tables of them. */

#include <stdint.h>

#include "supctl/command.h"
#include "wire/field.h"

/* report.c: a page. */
void report_put(struct buf *out, const struct wire_frame *row);
/*
 * report_dir.c: `supctl report --dir DIR`, of reports that are logged there: a table of all, or the
 * page of the number-th newest of context's first word. Returns an exit status.
 */
int report_from_dir(const struct context *context, const char *dir, uint64_t number);

#endif
