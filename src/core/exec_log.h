/* SPDX-License-Identifier: MIT */
#ifndef CORE_EXEC_LOG_H
#define CORE_EXEC_LOG_H

/* How a service's log is kept; there only where one of its keys was given. */

#include <stdint.h>

#include "base/clock.h"

enum log_file_format { LOG_TEXT, LOG_RAW, LOG_JSON, LOG_N_FORMATS };
enum log_packing { PACK_NO, PACK_GZIP, PACK_ZSTD, PACK_N };
/* Where the log takes no more: the service waits, or lines are dropped and counted. */
enum log_overflow { LOG_BLOCK, LOG_DROP, LOG_N_OVERFLOWS };

struct exec_log {
	uint64_t size;     /* bytes after which a file is rotated; UINT64_MAX: never */
	uint32_t files;    /* old ones that are kept; UINT32_MAX: all */
	uint32_t line_max; /* bytes; a longer line is split */
	struct span age;   /* after which a file is rotated; infinity: never */
	uint64_t rate;     /* lines in rate_span; 0: no limit */
	struct span rate_span;
	uint8_t format, packing, overflow; /* of the enums above */
};

#define EXEC_LOG_SIZE (UINT64_C(10) << 20)
#define EXEC_LOG_FILES 10
#define EXEC_LOG_LINE_MAX 16384

/* All defaults. */
void exec_log_init(struct exec_log *log);

/* Words of the configuration, in enum order, each list ends with NULL. */
extern const char *const log_format_names[];
extern const char *const log_packing_names[];
extern const char *const log_overflow_names[];

#endif
