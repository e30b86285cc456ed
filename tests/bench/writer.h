/* SPDX-License-Identifier: MIT */
#ifndef BENCH_WRITER_H
#define BENCH_WRITER_H

/*
 * Writers: processes that write lines to standard output, all at once when they are told to, by a
 * file in memory that they share with the driver. A line tells whose it is and which, so that what
 * was kept of it can be checked.
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WRITER_LINE 100 /* bytes, with its end */
#define WRITER_BLOCK ((size_t)65536)

struct writers {
	uint32_t ready; /* that wait */
	uint32_t go;    /* a futex */
};

/* The number-th line of the index-th writer. */
static inline void writer_line(char out[WRITER_LINE], unsigned index, unsigned number)
{
	char head[32];
	int size = snprintf(head, sizeof(head), "%04u %09u ", index % 10000, number % 1000000000);

	memset(out, 'a' + (int)(number % 26), WRITER_LINE);
	memcpy(out, head, (size_t)size);
	out[WRITER_LINE - 1] = '\n';
}

#endif
