/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

/*
 * A subject is something that keeps N services running: the raw loop, supd, or one of their peers
 * where it is installed. Each has a directory and a board of its own, so that two can run side by
 * side and be measured in turn. Whatever goes wrong in here ends the whole run with a message:
 * there is nothing to be measured then.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/bench/board.h"

struct subject;

/* How to make one go. */
struct subject_kind {
	const char *name;
	const char *program; /* found in PATH; NULL: it is of this build */
	/* Writes the files it needs into s->dir. */
	void (*prepare)(struct subject *s);
	/* argv for it, borrowed from s; ends with NULL. */
	void (*command)(struct subject *s, const char *argv[16]);
	int stop_signal;
};

/* Kills and reaps all children of the calling process, and theirs as it inherits them. */
void descendants_end(void);

struct bench {
	const char *build;
	const char *dir; /* everything that is written is in it */
	unsigned serial;
};

struct subject {
	const struct subject_kind *kind;
	struct bench *bench;
	uint32_t n;
	bool at_once;         /* all are started, and stopped, at once */
	bool below;           /* supd: under the supervisor "all" instead of the root */
	bool mute;            /* supd: its services have no mailbox */
	const char *more;     /* supd: further sections of its configuration, or NULL; borrowed */
	bool instances;       /* supd: of one template, "w@1" to "w@N" */
	const char *settings; /* supd: lines of [supd]; NULL: "cgroup = no"; without a log_dir there
			       is none; borrowed */
	const char *keys;     /* supd: lines of each service, or NULL; borrowed */
	const char *task;     /* supd: what each service does once it is up (service.c), or NULL */
	unsigned intensity;   /* restarts of one service that supd allows in a second; 0: default */
	char dir[256];        /* its own */
	char text[4][320];    /* command's room */
	struct board_head *board; /* mapped */
	pid_t os_pid;
	int64_t started; /* when it was */
};

extern const struct subject_kind subject_raw, subject_supd;
extern const struct subject_kind *const subject_peers[]; /* ends with NULL */

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
int64_t now_ns(void);
/* Runs argv with standard output to `out`, and no input; the OS pid. */
pid_t run_program(const char *const *argv, const char *out);
void write_file(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes its files; nothing runs yet. n, at_once and intensity are set by then. */
void subject_prepare(struct subject *s, struct bench *b, const struct subject_kind *kind);
/* Starts it and waits until all services have come up: how long that took, in ns. */
double subject_start(struct subject *s);
/* Kills service i, waits for its successor: from the kill to its first instruction. */
double subject_kill_one(struct subject *s, uint32_t i);
/* The same with all of them, from the first kill to the last first instruction. */
double subject_kill_all(struct subject *s);
/* Tells it to stop, waits until it is gone: how long that took. */
double subject_stop(struct subject *s);

/* Of supd: it has made a cgroup for its services. */
bool subject_has_cgroup(const struct subject *s);
/* Of supd: starts supctl with these words, which end with NULL; its OS pid. Its output is in the
 * file "supctl" of s->dir. */
pid_t subject_supctl(const struct subject *s, const char *const *words);
/* supd, below: `supctl stop all`; how long it took. */
double subject_stop_all(struct subject *s);

/* From now on so many more are to come up; waits until they have. */
void subject_expect(struct subject *s, uint32_t more);
void subject_await(struct subject *s);
pid_t subject_service(const struct subject *s, uint32_t i);

#endif
