/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPLOG_RIG_H
#define TESTS_SUPLOG_RIG_H

/*
 * A stand-in for supd: it holds what supd holds (pipes, record, staging) over the lives of log
 * keepers, starts build/suplog with a socket as fd 3, kills it, and reads what it has written.
 * Everything that fails ends the test.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "logs/keeper.h"
#include "wire/field.h"
#include "wire/frame.h"

/* Longest wait for what must come. */
#define RIG_PATIENCE_MS 60000
#define RIG_STREAMS 256

struct rig {
	char folder[64]; /* the log folder */
	char *log_dir;   /* borrowed; what the keeper is told; NULL: none */
	int memfd;
	int staging[2], scratch[2];
	int control; /* our end; -1: no keeper */
	pid_t keeper;
	int n;           /* streams that there may be */
	int (*pipes)[2]; /* owned */
	struct rig_stream {
		bool there;
		const char *name, *file, *format, *overflow, *packing, *match, *output;
		int64_t size, files, line_max, rate, ref;
		struct span age, rate_span; /* rate_span 0: an hour */
		bool show, troubled;
	} * streams; /* owned */
	/* In the keeper's process, before it becomes suplog; NULL: nothing. */
	void (*prepare)(void *argument);
	void *argument;
};

/* Folder, record, staging; no keeper yet. */
void rig_init(struct rig *r);
/* The same for n streams, with its folder in that one. */
void rig_init_in(struct rig *r, const char *where, int n);
/* Ends the keeper, removes the folder. */
void rig_fini(struct rig *r);

/* A keeper with all streams that there are; returns when it said ready. */
void rig_start(struct rig *r);
/* SIGKILL, and reaped. */
void rig_kill(struct rig *r);
/* Asks it to finish and waits for its end; returns its exit status. */
int rig_finish(struct rig *r);

/* A stream, told to the keeper if one runs. The fields of s are borrowed. */
void rig_stream(struct rig *r, int number, const struct rig_stream *s);
void rig_tell_stream(struct rig *r, int number, bool with_pipe);

/* A request with its number and ref (0: none). */
void rig_ask(struct rig *r, enum keeper_request request, int64_t number, int64_t ref);
void rig_mark(struct rig *r, int number, int64_t ref, int64_t tail);
/* The same of a place in the stream. */
void rig_mark_at(struct rig *r, int number, int64_t ref, int64_t tail, int64_t at);
/* Waits until so many bytes of the stream were taken, by all keepers that it had. */
void rig_await_taken(struct rig *r, int number, uint64_t bytes, bool open);
/* A line is waited for; pattern NULL: no more. Also by the keepers that follow. */
void rig_watch(struct rig *r, int number, int64_t ref, const char *pattern);
void rig_send(struct rig *r, const void *data, size_t size);

/* A notice: kept in data until the next. */
struct rig_notice {
	struct wire_frame frame;
	const char *kind;
	int64_t number;
	char data[KEEPER_MESSAGE_MAX];
};

/* The next notice, within the time; false: none came, or the keeper has ended. */
bool rig_hear(struct rig *r, struct rig_notice *ret, int timeout_ms);
/* The next of that kind; others are passed over. */
void rig_expect(struct rig *r, enum keeper_notice kind, struct rig_notice *ret);

/* All of the log of that file, old ones first; packed ones are left out. */
void rig_read_log(const struct rig *r, const char *file, struct buf *out);
/* Each of its files, old ones first; packed ones too, which are nothing to be read. */
void rig_each_file(const struct rig *r, const char *file,
		   void (*act)(const char *path, void *context), void *context);
/* How many old ones it has. */
size_t rig_count_old(const struct rig *r, const char *file);
/* Bytes of its largest file. */
uint64_t rig_largest(const struct rig *r, const char *file);

/* Lines of a text log without their stamps, pieces of a split line put together. */
void rig_strip(const struct buf *log, struct buf *out);
/* All of the log of that file is this; stamped: it is a text log, and its stamps do not count. */
void rig_expect_log(const struct rig *r, const char *file, bool stamped, const char *ought);

/* What /proc/PID/status of the keeper says of that: "VmHWM", in kB. */
long rig_status(const struct rig *r, const char *field);

/* Writes to a stream's pipe. */
void rig_write(const struct rig *r, int number, const void *data, size_t size);
void rig_puts(const struct rig *r, int number, const char *text);

#endif
