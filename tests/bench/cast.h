/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CAST_H
#define BENCH_CAST_H

/*
 * A cast: the processes on a stage, and the relay between them. They speak over SEQPACKET sockets,
 * and a message is its payload and nothing else.
 */

#include "tests/bench/relay.h"
#include "tests/bench/stage.h"
#include "tests/bench/subject.h"

struct cast {
	struct stage *stage; /* owned */
	pid_t relay;         /* 0: none */
};

void cast_start(struct cast *cast, enum relay_kind kind, uint32_t n);
/* Ends all of it. */
void cast_end(struct cast *cast);
/* One round: ns until its last actor was through; below 0: cast->stage->wrong says why. */
double cast_play(struct cast *cast, const struct stage_round *round);
/* All of it on one processor, or, below 0, on any. */
void cast_pin(const struct cast *cast, int processor);

/* What actor i does, without end. */
void cast_actor(struct stage *stage, uint32_t i, int fd) __attribute__((noreturn));

#endif
