/* SPDX-License-Identifier: MIT */
#ifndef LOGS_LINE_H
#define LOGS_LINE_H

/* One line of a log file, taken apart. For logs/reader.h, whose struct log_line it fills. */

#include "base/buf.h"
#include "logs/reader.h"

/* How a record ends that the next one continues, its newline not counted. */
#define LINE_MORE ",\"more\":true}"

/*
 * Sets text, name, time, and of a text's piece `continues`, of a json's `more`. A line of
 * the other of these two formats is taken as what it is, any other as text without a time. scratch
 * takes what has to be decoded, and must live as long as the line. 0 or -ENOMEM.
 */
int line_parse(enum logs_format format, const char *raw, size_t size, struct buf *scratch,
	       struct log_line *ret_line);

/* Of a line in the file: whether it is a text's piece that continues the line before it, or a json
 * record that the next one continues. */
bool line_is_piece(const char *raw, size_t size);
bool line_is_continued(const char *raw, size_t size);

#endif
