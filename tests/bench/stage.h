/* SPDX-License-Identifier: MIT */
#ifndef BENCH_STAGE_H
#define BENCH_STAGE_H

/*
 * The stage: memory that the driver shares with processes that send each other messages. The driver
 * writes down what is to be played, wakes all, and sleeps until all are through, so that it takes
 * no processor time from what is measured.
 *
 *   Actors 0 to senders - 1 send; the receivers behind them receive. In RANDOM the senders are the
 *   receivers as well. The k-th message of a sender goes to receiver k modulo receivers.
 *
 * Every message begins with a struct stage_head, by which its receiver checks that of each sender
 * all have come, once each and in order. What is wrong with that ends the run.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STAGE_ACTORS_MAX 1000
/* However slow the machine: a round that takes longer has failed. */
#define STAGE_LIMIT_SECONDS 120

enum stage_task {
	STAGE_SEND,   /* one by one */
	STAGE_CORKED, /* as many in one datagram as it holds */
	STAGE_CALL,   /* actor 0 asks actor 1, one at a time */
	STAGE_MAP,    /* a payload of many MiB from actor 0 to actor 1, one at a time */
	STAGE_RANDOM, /* bursts of BURST to anybody, receiving in between */
};

#define STAGE_BURST 16u

struct stage_round {
	enum stage_task task;
	uint32_t size;  /* of a message */
	uint32_t count; /* messages of each sender; a multiple of receivers */
	uint32_t senders;
	uint32_t receivers;
	uint32_t batch; /* SEND: messages a system call of the sender, up to 64 */
};

struct stage_head {
	uint32_t to; /* an actor's index: what a relay goes by */
	uint32_t sender;
	uint32_t number; /* of the round */
	uint32_t at;     /* its place among this sender's, from 0 */
};

struct stage_actor {
	int64_t ended; /* when it was through with the round, CLOCK_MONOTONIC, ns */
	uint64_t pid;  /* under supd: who it is there */
	int32_t os_pid;
	uint32_t expected; /* RANDOM: how many messages come to it */
};

struct stage {
	uint32_t number;  /* a futex: of the round that is played */
	uint32_t waiting; /* a futex: actors that wait for the next one; UINT32_MAX: all do */
	uint32_t n;
	struct stage_round round;
	char wrong[256]; /* what an actor has found wrong, or "" */
	struct stage_actor actors[STAGE_ACTORS_MAX];
};

/* What has come from each sender so far. */
struct stage_count {
	uint32_t next[STAGE_ACTORS_MAX];
	uint32_t total;
};

/* ---- the driver ---- */

/* A stage for n actors, in memory that children inherit; NULL: no memory. */
struct stage *stage_new(uint32_t n);
/* The same in a file that is made, for processes that are no children. */
struct stage *stage_make(const char *path, uint32_t n);
void stage_free(struct stage *stage);
/* Waits until all n actors wait for a round. False: it took too long, or stage->wrong says what. */
bool stage_gather(struct stage *stage);
/* Begins a round and does not wait for its end; when that was. */
int64_t stage_begin(struct stage *stage, const struct stage_round *round);
/* Plays one round; ns until its last actor was through, below 0: as stage_gather's false. */
double stage_play(struct stage *stage, const struct stage_round *round);

/* ---- an actor ---- */

/* The stage in that file; NULL: errno says why not. */
struct stage *stage_open(const char *path);
/* Ends the round for actor i, if there was one, and waits for the next. */
void stage_wait(struct stage *stage, uint32_t i);
/* Notes what is wrong, and ends the process. */
void stage_fail(struct stage *stage, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
/* How many messages come to one receiver in this round. */
uint32_t stage_expected(const struct stage *stage, uint32_t i);
/* To whom the k-th message of a sender goes. */
uint32_t stage_target(const struct stage_round *round, uint32_t sender, uint32_t k);
/* Writes the head of the k-th message of a sender. */
void stage_head_put(const struct stage *stage, void *message, uint32_t sender, uint32_t k);
/* Counts a message that has come; fails where it is not the one that had to come next. */
void stage_count(struct stage *stage, struct stage_count *count, const void *message, size_t size);

#endif
