/* SPDX-License-Identifier: MIT */

#include "logs/kinds.h"

#include <stddef.h>

const char *const logs_format_names[LOGS_N_FORMATS + 1] = {
	[LOGS_TEXT] = "text",
	[LOGS_RAW] = "raw",
	[LOGS_JSON] = "json",
};

const char *const logs_packing_names[LOGS_N_PACKINGS + 1] = {
	[LOGS_PLAIN] = "no",
	[LOGS_GZIP] = "gzip",
	[LOGS_ZSTD] = "zstd",
};

const char *const logs_packing_endings[LOGS_N_PACKINGS + 1] = {
	[LOGS_PLAIN] = "",
	[LOGS_GZIP] = ".gz",
	[LOGS_ZSTD] = ".zst",
};
