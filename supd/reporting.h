/* SPDX-License-Identifier: MIT */
#ifndef SUPD_REPORTING_H
#define SUPD_REPORTING_H

/*
 * Between the files that make crash reports: reports.c (which deaths, and when), reports_facts.c
 * (what the dead process tells), reports_row.c (as a row of the wire), reports_kept.c (those that
 * are complete), request_report.c (who asks for them), reports_output.c (the last lines).
 */

#include <sys/types.h>

#include "base/list.h"
#include "base/map.h"
#include "supd/core_place.h"
#include "supd/keeper.h"
#include "supd/processes.h"
#include "supd/reports.h"
#include "supd/texts.h"

/* Starts and ends of a service that are remembered from its first crash on. */
#define PASSAGES_MAX 10
/* Reports under way at a time: one more is left out. */
#define DRAFTS_MAX 64
/* Of those tied to it so many are named. */
#define TIES_MAX ((size_t)20)

/* So many at once, and one more whenever `each` has passed. */
struct bucket {
	struct mono since;
	uint32_t used;
};

bool bucket_take(struct bucket *bucket, uint32_t most, struct span each, struct mono now);

struct passage {
	struct mono at;
	actor_pid pid;
	enum link_kind kind; /* LINK_START, LINK_EXITED, LINK_START_FAILED */
	struct reason reason;
};

/* Of a service that has crashed. */
struct crashes {
	struct bucket bucket;
	uint64_t left_out; /* deaths since its last report */
	uint64_t last_seq; /* of the newest link in passages */
	actor_pid refused; /* of which incarnation the end is left out */
	struct passage passages[PASSAGES_MAX];
	size_t n_passages; /* ever */
};

/* What the dead process has told. */
struct facts {
	pid_t os_pid; /* 0: there was none */
	int32_t code;
	bool by_signal, dumped, used;
	struct span user, system; /* CPU time; used */
	int64_t memory;           /* bytes in RAM, at most; used */
	int64_t cgroup_memory;    /* -1: not known; of all that was in its cgroup, since that is */
	int64_t oom_kills;        /* -1: not known */
	char comm[32];
	uid_t uid;
	gid_t gid;
};

/* A report under way. */
struct draft {
	struct list link;
	struct reports *reports; /* borrowed */
	struct keeper_mark mark; /* while it awaits */
	uint32_t slot;
	actor_pid pid;
	struct mono found, due;
	bool told;   /* its end is: name and row are there */
	bool gone;   /* its child is forgotten: all but the last lines is in the row */
	bool awaits; /* the last lines of its output */
	bool has_output;
	const char *silence; /* why there are none; static; NULL: there are, or it can have none */
	struct facts facts;
	struct texts linked, monitors;
	struct core_place core;
	bool has_core;
	int64_t began; /* seconds since 1970 */
	char *name;    /* owned */
	uint64_t seq;
	struct reason reason; /* owned */
	struct buf outcome;   /* what came of it, as far as that is known */
	struct buf output;    /* the last lines */
	struct buf row;       /* a frame that is not ended */
	struct wire_encoder encoder;
};

/* A complete one: a frame. */
struct report {
	struct list link;
	uint64_t seq;    /* of the event of the death; 0: of a daemon before this one */
	uint32_t number; /* counts them */
	size_t size;
	char data[];
};

struct reports {
	struct daemon *daemon; /* borrowed */
	struct map crashes;    /* struct crashes by slot + 1; owned */
	struct list drafts;
	size_t n_drafts;
	struct loop_timer timer;
	struct bucket bucket; /* of all of them */
	struct list kept;     /* of struct report, the oldest first */
	size_t n_kept, bytes, most;
	uint32_t last_report;
};

/* ---- reports_facts.c ---- */

/* Out of the zombie. */
void facts_take(struct draft *draft, struct daemon *d, struct process *p, const siginfo_t *info);
/* Who is tied to it, and what that will come to. */
void facts_take_ties(struct draft *draft, const struct daemon *d, const struct child_view *v);
/* Where its core is, if it has left one: draft->core, which is looked for later. */
void facts_place_core(struct draft *draft, const struct child_view *v);

/* ---- reports_row.c ---- */

/* Begins the row, when the end is told; v: of whom. */
void draft_put_told(struct draft *draft, const struct daemon *d, const struct child_view *v,
		    const struct link *link, const struct crashes *crashes);
/* Its core, what came of it, and what was before; crashes: NULL where they are forgotten. */
void draft_put_past(struct draft *draft, const struct crashes *crashes);
/* Then the last lines, or why there are none. Ends it. 0; -ENOMEM, -EMSGSIZE: there is no row. */
int draft_put_rest(struct draft *draft);

/* ---- reports.c ---- */

/* lines NULL: they are not to be had. */
void draft_take_output(struct draft *draft, const char *lines, size_t size);

/* ---- reports_output.c ---- */

/* Asks the log keeper for the last lines. False: there is nobody to ask; draft->silence says why.
 */
bool reports_ask_output(struct daemon *d, struct draft *draft, const struct child_view *v);

/* ---- reports_kept.c ---- */

/* Keeps the row, and lets old ones go; writes it to the log of reports, and tells of it. */
void reports_keep(struct daemon *d, const struct draft *draft);
/* What the log of reports has of a daemon before this one. */
void reports_read_back(struct reports *r);
void reports_drop_all(struct reports *r);

#endif
