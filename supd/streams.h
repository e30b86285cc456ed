/* SPDX-License-Identifier: MIT */
#ifndef SUPD_STREAMS_H
#define SUPD_STREAMS_H

/*
 * Where services write what is for the log: a pipe each, both of whose ends the daemon holds over
 * restarts of the service and of the log keeper, so that whoever writes meets neither an end nor a
 * gap. Standard output and error are one stream where they go to the same place.
 *
 *   whose                                         stream
 *   a service                                     its path
 *   a child of a simple_one_for_one               its supervisor's path
 *   what was spawned                              its spawner's; a guest's: "spawned"
 *   more than the daemon's limit on fds allows    "others"
 */

#include "supd/processes.h"
#include "wire/field.h"

struct stream;

/*
 * p, of v's service, is about to be started, or a command of it: its streams are there, with the
 * settings that its configuration has now. 0, or -errno: a shortage.
 */
int streams_prepare(struct daemon *d, struct process *p, const struct child_view *v);
/* What is for the log in a request goes there; of p's main process or a command. */
void streams_direct(struct process *p, const struct spec *spec, struct spawn_request *request);
/* Nothing of p's incarnation is left: a last line without its end is one. */
void streams_ended(struct process *p);
/* p is forgotten. */
void streams_let_go(struct process *p);
/* A process has started: what is wanted of the one before it is asked for. */
void streams_started(struct daemon *d);
/* The writing end of p's standard output, borrowed; -1: it is not for the log. */
int streams_output(const struct process *p);

/*
 * Who waits for a line of p's output that matches: in its own memory, not moved until found was
 * called or it is forgotten. Only what is written after watching was called counts, of p's own:
 * what an earlier incarnation has left in the pipe does not. So p's process is to be started then.
 */
struct stream_match {
	const char *pattern; /* borrowed; an extended regular expression */
	/* Once, later; never again after it was forgotten. */
	void (*watching)(void *owner);
	void (*found)(void *owner);
	void *owner; /* borrowed */
	bool waits;  /* for watching */
	struct match_place {
		struct stream *stream; /* borrowed; NULL: none */
		struct stream_match *match;
		uint64_t ref;
		bool heard;
	} places[2]; /* standard output's, and error's where that is another */
};

/*
 * found is called once, for a line of standard output or error. False: p writes to no log, or to
 * one that is not its own alone, where nobody could tell whose a line is.
 */
bool streams_match(struct process *p, struct stream_match *match);
void streams_forget_match(struct stream_match *match); /* takes one that was found, or is zeroed */

/* Fields of a row of status: log_file, log_dropped, log_trouble; of the root, the daemon's own. */
void streams_put(struct wire_encoder *e, const struct daemon *d, uint32_t slot);

#endif
