/* SPDX-License-Identifier: MIT */
#ifndef SUPD_ON_EVENT_QUEUE_H
#define SUPD_ON_EVENT_QUEUE_H

/* Between on_event.c (who wants what, whose turn it is) and on_event_run.c (processes). */

#include "base/list.h"
#include "base/map.h"
#include "supd/events.h"
#include "supd/log.h"

/* Settings of its environment. */
#define ON_EVENT_VARIABLES 4

/* An event that waits for a run, or has one. */
struct waiting {
	struct list link;  /* of its watcher's queue */
	struct exec *exec; /* owned count; of the service whose commands they are; NULL: of none */
	const char *owner; /* the path of whom they are */
	char *variables[ON_EVENT_VARIABLES + 2]; /* NAME=VALUE, with dropped; ends with NULL */
	char dropped[48];
	const char *json;
	size_t json_size, size; /* ... of all of it */
				/* The texts follow in the same block of memory. */
};

/* A section with on_event, while something of it waits or runs, or its rate counts. */
struct watcher {
	struct list link;      /* of on_events.watchers */
	struct on_event *what; /* owned count */
	struct list queue;     /* of struct waiting, oldest first */
	uint32_t n_waiting, n_running;
	uint64_t dropped; /* since the last run was begun */
	bool complained;
	struct mono window; /* the span in hand began */
	uint64_t begun;     /* runs in it */
};

struct event_run {
	struct list link;      /* of on_events.runs */
	struct on_events *all; /* borrowed */
	struct watcher *watcher;
	struct waiting *event; /* owned */
	struct process *bare;  /* owned; the streams of a service that has never started; or NULL */
	size_t index;          /* of the command */
	pid_t os_pid;          /* 0: a start is to be tried again */
	int tries;
	bool timed_out;
	struct loop_timer timer;
};

struct on_events {
	struct daemon *daemon; /* borrowed */
	struct events_listener listener;
	struct map by_record; /* struct watcher, owned, by its struct on_event */
	struct map by_os_pid; /* struct event_run by the OS pid of what runs */
	struct list watchers;
	struct list runs;
	uint32_t slot;      /* whose change is being told; SLOT_NONE */
	size_t n_running;   /* runs, of all */
	size_t bytes;       /* that wait */
	struct exec *plain; /* owned; what a supervisor's commands are made of */
	struct buf json;
	struct loop_timer go;
	struct log_quota quota; /* of failures */
};

/* ---- on_event.c ---- */

/* A run is over, and freed: it is another's turn. */
void on_event_run_over(struct on_events *all, struct watcher *watcher);
void waiting_free(struct waiting *event);

/* ---- on_event_run.c ---- */

/* Takes over event. False: no memory, and it is the caller's. */
bool event_run_begin(struct on_events *all, struct watcher *watcher, struct waiting *event);
void event_run_kill_all(struct on_events *all); /* they are forgotten, and nobody is told */
/* Looks at each of them, whether it has ended. */
void event_run_look_at_all(struct on_events *all);

#endif
