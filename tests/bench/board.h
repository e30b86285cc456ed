/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BOARD_H
#define BENCH_BOARD_H

/*
 * The board: a file in memory on which every service under test writes when it came up, at its
 * first instruction. The driver sleeps until as many have come as it wants, so that it takes no
 * processor time from what it measures.
 *
 *   offset 0    struct board_head, padded to 64 bytes
 *   64 + 16 i   struct board_cell of service i
 *
 * Services are programs without a C library: this header needs no other.
 */

#include <stdint.h>

struct board_head {
	uint32_t arrived; /* arrivals since the file was made; counted after the cell is written */
	uint32_t wanted;  /* the arrival that wakes the driver */
	uint32_t done;    /* a futex: 1 once that one has come */
};

struct board_cell {
	int64_t at; /* CLOCK_MONOTONIC, ns */
	int32_t os_pid;
	uint32_t count; /* arrivals of this one */
};

#define BOARD_CELLS 64
#define BOARD_MAX 20000
#define BOARD_SIZE (BOARD_CELLS + BOARD_MAX * sizeof(struct board_cell))

#endif
