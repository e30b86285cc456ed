/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPCTL_LOGS_PLACE_H
#define TESTS_SUPCTL_LOGS_PLACE_H

/* A folder of logs made by hand, and supctl logs on it. Nothing here waits longer than PATIENCE. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "logs/kinds.h"

struct logs_place {
	char path[64];
};

void logs_place_init(struct logs_place *place);
void logs_place_fini(struct logs_place *place); /* removes it with all in it */
/* Files are named by their path in the folder; folders on the way are made. */
void logs_append(const struct logs_place *place, const char *file, const char *data, size_t size);
void logs_append_text(const struct logs_place *place, const char *file, const char *text);
/* The live file becomes an old one of that time, packed or not. */
void logs_rotate(const struct logs_place *place, const char *file, int64_t us,
		 enum logs_packing packing);
/* Renames, or removes where `to` is NULL. */
void logs_rename(const struct logs_place *place, const char *from, const char *to);
/* The stamp of a text log for that many microseconds after 2026-11-30 12:00 UTC, with a blank. */
const char *logs_stamp(int64_t us);
int64_t logs_time(int64_t us); /* the same point in time, as struct utc has it */

struct logs_output {
	int status;
	struct buf out, err; /* owned */
};

/* Runs a shell command in which supctl, L (the words "supctl logs --dir FOLDER") and $DIR are to be
 * had. */
struct logs_output logs_run(const struct logs_place *place, const char *shell);
void logs_output_fini(struct logs_output *output);
/* The same; status 0, nothing on standard error, and this on standard output. */
void logs_expect(const struct logs_place *place, const char *shell, const char *out);

/* A command that runs on; its output is read line by line. */
struct logs_running {
	pid_t os_pid;
	int fd;
	struct buf rest;
};

void logs_begin(const struct logs_place *place, const char *shell, struct logs_running *ret);
/* The next line is that one. */
void logs_until(struct logs_running *running, const char *line);
/* Whether something comes within that time. */
bool logs_wait(struct logs_running *running, int ms);
/* The next line, without its end; owned. */
char *logs_next(struct logs_running *running);
/* Ends it; nothing more has come. */
void logs_end(struct logs_running *running);

#endif
