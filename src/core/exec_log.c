/* SPDX-License-Identifier: MIT */

#include "core/exec_log.h"

#include <stddef.h>

const char *const log_format_names[] = {"text", "raw", "json", NULL};
const char *const log_packing_names[] = {"no", "gzip", "zstd", NULL};
const char *const log_overflow_names[] = {"block", "drop", NULL};

void exec_log_init(struct exec_log *log)
{
	*log = (struct exec_log){
		.size = EXEC_LOG_SIZE,
		.files = EXEC_LOG_FILES,
		.line_max = EXEC_LOG_LINE_MAX,
		.age = SPAN_INFINITY,
	};
}
