/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_SETTINGS_H
#define SUPLOG_SETTINGS_H

/* What supd says of a stream (logs/keeper.h); never changed, only replaced. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "logs/kinds.h"
#include "suplog/format.h"
#include "wire/frame.h"

struct settings {
	char *name; /* owned, as all texts here */
	char *file; /* below the log folder; NULL: none */
	enum format_kind format;
	enum logs_packing packing;
	bool syslog;
	bool drop; /* what the log does not take; else the service waits */
	bool show; /* on the console */
	int priority;
	uint64_t size;  /* of a file; UINT64_MAX: no limit */
	uint32_t files; /* old ones; UINT32_MAX: all */
	uint32_t line_max;
	struct span age; /* of a file; infinity: no limit */
	uint64_t rate;   /* lines in rate_span; 0: no limit */
	struct span rate_span;
};

/* From a request `stream`. NULL: no memory, or no name, or a file that leaves the folder. */
struct settings *settings_new(const struct wire_frame *frame);
void settings_free(struct settings *s);

#endif
