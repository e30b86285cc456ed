/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_PUMP_H
#define SUPLOG_PUMP_H

/* From a pipe to a log. The hand's. */

#include "suplog/keeper.h"

/* A line without its end is written when it is this old. */
#define PARTIAL_TIME SPAN_S(1)

/* What a look at a stream has found. */
struct look {
	size_t n;     /* bytes in the pipe that were seen, and are written */
	bool partial; /* a line without its end is left */
	bool full;    /* who takes lines besides the file takes no more now */
};

/* Writes what is in the stream's pipe, a batch of it; answers marks; tells of trouble. */
void pump_look(struct keeper *k, struct stream *s, struct mono now, struct look *ret_look);

/* For its parts. Looks at the front of the pipe: bytes in scratch; 0: nothing is there. */
size_t pump_peek(struct keeper *k, struct stream *s, size_t most);
void pump_empty_scratch(struct keeper *k);
/* All of scratch into the keeper's buffer. */
void pump_read_scratch(struct keeper *k, size_t n);
/* n bytes at the front of the pipe are in the log. False: what is behind them is gone meanwhile. */
bool pump_commit(struct keeper *k, struct stream *s, size_t n);
/* The file has got something that is not out of the pipe; a batch may be under way. */
void pump_note(struct keeper *k, struct stream *s);
/* marks.c: those that are reached are answered; 0 or -errno with the fault. */
int marks_answer(struct keeper *k, struct stream *s, struct fault *fault);
/* All that came is seen: nothing else is to be waited for. */
void marks_reached(struct stream *s);
/* ... where the log takes nothing. */
void marks_in_trouble(struct keeper *k, struct stream *s, struct mono now);

/* sweep.c: what is due by time: rotations by age and on request, notices that were held back. */
void sweep(struct keeper *k);

/* rotate.c: rotates the stream's file. ref: of the request; 0: by itself. 0 or -errno. */
int rotate_now(struct keeper *k, struct stream *s, uint64_t ref, struct fault *fault);
/* ... where that is asked for and the file ends with a line's end. */
void rotate_on_request(struct keeper *k, struct stream *s);
/* The stream has had its turn in the request, if there is one. */
void rotation_passed(struct keeper *k, struct stream *s, const struct fault *fault);

/* trouble.c */
void trouble_begin(struct keeper *k, struct stream *s, const struct fault *fault);
void trouble_end(struct keeper *k, struct stream *s);
/* Says that it is over, when it has been for a while. */
void trouble_sweep(struct keeper *k, struct stream *s, struct mono now);

#endif
