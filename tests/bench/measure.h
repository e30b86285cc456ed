/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

/* What is measured, one function a part of the table; each prints its rows. */

#include "tests/bench/samples.h"
#include "tests/bench/subject.h"

/* kill -9 to the replacement's first instruction: alone, idle and with the processors awake. */
void measure_latency(struct bench *b);
/* 1000 services: start, all killed, all stopped, in order and at once. */
void measure_fleet(struct bench *b);
/* 1000 services at rest: memory, wake-ups. */
void measure_rest(struct bench *b);
/* 10,000 services beside 1000: start, memory, latency, supctl status. */
void measure_many(struct bench *b);
/* The system calls of one crash and restart, where strace is installed. */
void measure_calls(struct bench *b);
/* The same start and crash with other supervisors, where they are installed. */
void measure_peers(struct bench *b);

/* Messages over bare relays: what it costs at the least that a daemon stands in between. */
void measure_relays(struct bench *b);
/* kill -9 to the replacement while 8 actors flood a ninth. */
void measure_flood(struct bench *b);
/* ... and through supd, beside them. */
void measure_mail(struct bench *b);

/* Nothing is measured: whether all of this works, for `make check`. */
void measure_smoke(struct bench *b);

/* Each relay once and small: how many failed. A line to standard output for each that did. */
unsigned relays_smoke(unsigned *ret_passed);
/* The same with messages through supd. */
unsigned mail_smoke(struct bench *b, unsigned *ret_passed);

/* KiB of PSS of a process. */
double memory_of(pid_t os_pid);
/* Keeps every processor awake, at the lowest priority, until awake_end(). */
void awake_begin(void);
void awake_end(void);
/* One pair of restarts, of raw's and of s's i-th service, after a rest of so many us each. */
void latency_pair(struct subject *raw, struct subject *s, uint32_t i, unsigned rest_us,
		  struct samples ret_times[2]);

#endif
