/* SPDX-License-Identifier: MIT */
#ifndef TESTS_OTP_DAEMON_H
#define TESTS_OTP_DAEMON_H

/*
 * Scenarios on the real daemon with real processes, between the files that do it.
 *
 * Each scenario is played by a process of its own, in a folder of its own, which is its working
 * directory: supd.conf, run/, supd's log, and what the workers use (tests/programs/otp_worker.c).
 * The process is a child of otp-daemon, which cleans up after it however it ends.
 */

#include <limits.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "lib/client.h"
#include "tests/otp/play.h"

/* How long one thing may take, and how long a scenario, in seconds: for a machine that is busy. */
#define PATIENCE 60
#define SCENARIO_MAX 300
/* A scenario with periods of a second, which a slow machine can not meet, is played again with
 * PACE_STEP times the time, and so on; so is one where processes ended in an order of their own, as
 * that may be chance, but not for ever. */
#define PACE_STEP 2
#define PACE_MAX 16
#define DISORDER_PACE_MAX 8

extern const struct world_ops world_daemon;

/* ---- configuration (daemon_config.c) ---- */

/* PROGRAMS/NAME, beside the program that runs; 0 or -1. */
int daemon_program(const char *name, char path[PATH_MAX]);
/* The sections of def, under that path, and of what is below it. */
void daemon_put_sections(const struct scenario *scenario, const struct actor_def *def,
			 const char *path, struct buf *out);

/* All of supd.conf, for a supd in the working directory. 0 or -1. */
int daemon_put_config(const struct scenario *scenario, struct buf *out);

/* ---- supd (daemon_node.c) ---- */

struct node {
	const char *name; /* of the scenario; borrowed */
	pid_t os_pid;     /* 0: it has ended, with that status as a shell would say it */
	int status;
	int pidfd;
	int log; /* what it and its services print */
	off_t log_at;
	struct buf log_rest;
	struct client *client; /* owned; NULL: not connected, or no more */
};

struct mono daemon_now(void);
struct mono daemon_deadline(void); /* PATIENCE from now */
/* Says what is wrong, with supd's last words; returns -1. */
int node_fail(const struct node *node, const char *format, ...) PRINTF(2, 3);
/* Starts supd in the working directory and connects; os_pid is 0 where it has ended already. */
int node_open(struct node *node, const char *name, const struct buf *config);
/* The next whole line of the log without its end; false: there is none yet. */
bool node_next_line(struct node *node, struct buf *line);
/* The text of a field of such a line; "" where it has none. */
void node_get_field(const char *line, const char *key, char *text, size_t size);
/* Until it has ended. */
int node_wait(struct node *node);
/* Ends it; -1 where it, or what it has started, did not end as it should. */
int node_close(struct node *node);

/* ---- workers (daemon_workers.c) ---- */

struct workers {
	struct play *play;       /* borrowed */
	const struct node *node; /* borrowed */
	actor_pid *live;         /* owned; those that are ready */
	size_t n_live;
	actor_pid *dying; /* owned; killed or doomed, in order */
	size_t n_dying;
	actor_pid *stopping; /* owned; told to end by their supervisors */
	size_t n_stopping;
	bool disordered; /* one of the dying has overtaken another */
	int notes;
	struct buf rest;
};

void workers_open(struct workers *workers, struct play *play, const struct node *node);
void workers_close(struct workers *workers);
/* An event of a worker, as supd's log names it. */
void workers_take(struct workers *workers, const char *event, actor_pid pid);
/* From now on all end when they are told. */
void workers_let_go(struct workers *workers);
/* Sends an order; sends one and waits until it is carried out, or the worker has ended. 0 or -1. */
int workers_order(struct workers *workers, actor_pid pid, const char *order);
int workers_do(struct workers *workers, actor_pid pid, const char *order);
/* All that live take what was sent to them. 0 or -1. */
int workers_flush(struct workers *workers);
/* What was taken goes to the play. 0 or -1. */
int workers_read_notes(struct workers *workers);

/* ---- calls (daemon_answers.c) ---- */

/* A call that was made. */
struct waiting_call {
	uint64_t ref; /* 0: answered */
	int number;
	bool async;
	bool lists; /* which_children */
	bool shown; /* its row was the answer */
};

void call_take_row(struct play *play, struct waiting_call *call, const struct wire_frame *row);
void call_take_reply(struct play *play, struct waiting_call *call, const struct wire_frame *reply);

/* ---- side by side (daemon_jobs.c) ---- */

/* Plays them, some at a time; 0, or -1 where one of them did not come to its end. */
int jobs_run(const char *dir, char *const *files, size_t n_files, size_t at_a_time);
/* Children of this process; returns how many there are, at most max. */
size_t jobs_children(pid_t *ret_list, size_t max);

#endif
