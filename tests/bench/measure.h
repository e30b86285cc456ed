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
/* The same as latency, of a service with its session, log pipe and mailbox, and with a cgroup. */
void measure_starts(struct bench *b);
/* What each of 1000 health probes a second costs in processor time. */
void measure_probes(struct bench *b);
/* Wake-ups of the daemon for a restart, with ready = notify beside ready = exec. */
void measure_notify(struct bench *b);
/* 200 instances restarted rolling while somebody connects to them all the time. */
void measure_rolling(struct bench *b);
/* The system calls of one crash and restart, by feature, where strace is installed. */
void measure_calls(struct bench *b);
/* The same start and crash with other supervisors, where they are installed. */
void measure_peers(struct bench *b);

/* Messages over bare relays: what it costs at the least that a daemon stands in between. */
void measure_relays(struct bench *b);
/* kill -9 to the replacement while 8 actors flood a ninth. */
void measure_flood(struct bench *b);
/* ... and through supd, beside them. */
void measure_mail(struct bench *b);

/* Lines of output into files: supd, its peers, bare loops. */
void measure_log(struct bench *b);
/* ... its last rows: kill -9 to the replacement while services write without end. */
void measure_log_flood(struct bench *b);
/* Events as JSON to one reader. */
void measure_events(struct bench *b);

/* Nothing is measured: whether all of this works, for `make check`. */
void measure_smoke(struct bench *b);

/* Each relay once and small: how many failed. A line to standard output for each that did. */
unsigned relays_smoke(unsigned *ret_passed);
/* The same with messages through supd. */
unsigned mail_smoke(struct bench *b, unsigned *ret_passed);

/* Each of these parts once and small: what is wrong, or NULL. */
const char *starts_smoke(struct bench *b);
const char *probes_smoke(struct bench *b);
const char *notify_smoke(struct bench *b);
const char *rolling_smoke(struct bench *b);
const char *calls_smoke(struct bench *b);
const char *log_smoke(struct bench *b);
const char *log_flood_smoke(struct bench *b);
const char *events_smoke(struct bench *b);

/* KiB of PSS of a process. */
double memory_of(pid_t os_pid);
/* How often a process has given up its processor by itself. */
double wakes_of(pid_t os_pid);
/* Keeps every processor awake, at the lowest priority, until awake_end(). */
void awake_begin(void);
void awake_end(void);
/* Many pairs, at rest and with the processors awake: two rows of the table, each with its target.
 */
void latency_measure(struct subject *raw, struct subject *s, const char *what,
		     const double targets[2]);
/* One pair of restarts, of raw's and of s's i-th service, after a rest of so many us each. */
void latency_pair(struct subject *raw, struct subject *s, uint32_t i, unsigned rest_us,
		  struct samples ret_times[2]);

#endif
