/* SPDX-License-Identifier: MIT */
#ifndef LOGS_KINDS_H
#define LOGS_KINDS_H

/*
 * What a log file may be: its format, and how an old one is packed.
 *
 *   text   2026-11-30T20:37:10.123456Z line
 *          2026-11-30T20:37:10.123456Z+what goes on a line that was longer than the limit
 *   raw    bytes as they came
 *   json   {"time":"2026-11-30T20:37:10.123456Z","name":"web/api","line":"..."}
 *          line_base64 in place of line where its bytes are not UTF-8; "more":true as the last
 *          field where the next record of the file goes on the same line
 */

enum logs_format { LOGS_TEXT, LOGS_RAW, LOGS_JSON, LOGS_N_FORMATS };
enum logs_packing { LOGS_PLAIN, LOGS_GZIP, LOGS_ZSTD, LOGS_N_PACKINGS };

/* Words of the configuration and of logs/keeper.h, in enum order. */
extern const char *const logs_format_names[LOGS_N_FORMATS + 1];
extern const char *const logs_packing_names[LOGS_N_PACKINGS + 1];
/* What a packed file's name ends with, "" for plain ones. */
extern const char *const logs_packing_endings[LOGS_N_PACKINGS + 1];

#endif
