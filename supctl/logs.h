/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_LOGS_H
#define SUPCTL_LOGS_H

/*
 * supctl logs: which logs are meant and where they lie (logs_where.c, logs_find.c), from when to
 * when (logs_when.c), one log over all of its files (logs_series.h), several in the order of their
 * times (logs_merge.c), more as it comes (logs_follow.c), and how lines look (logs_show.c).
 *
 * The daemon is only asked where logs are; they are read by supctl itself, so that they can be read
 * where no daemon runs.
 */

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "logs/kinds.h"
#include "base/utc.h"
#include "supctl/ask.h"

/* What its lines are. */
enum log_kind {
	LOG_OF_SERVICE,
	LOG_OF_DAEMON, /* supd's own (logs_daemon.c) */
};

/* One log. */
struct log_place {
	char *name; /* owned; the service's path, or whose log it writes into */
	char *path; /* owned; the service's; NULL: not known, or the same */
	char *file; /* owned; below the folder of logs; NULL: it has none */
	char *why;  /* owned; where it has none: a sentence; NULL: nothing to say */
	enum log_kind kind;
	bool raw;   /* what lies there is known to be bytes as they came */
	bool named; /* a PATH of the command line is this one, not one above it */
};

struct log_places {
	struct log_place *all; /* owned */
	size_t n;
	char *dir;         /* owned; the folder; NULL: the daemon keeps none */
	char *no_dir;      /* owned; why it keeps none, where it should; NULL: it should not */
	int status;        /* of the first PATH of which there is none, where there are others */
	char *const *args; /* borrowed; the PATHs that were given, for what comes later */
	int n_args;
	struct strmap seen; /* files, and names of those without */
	/* logs_find() tells of each folder that it reads, "" or with a "/" at its end; may be NULL
	 */
	void (*on_folder)(void *owner, const char *folder);
	void *owner;
};

/* What is to be seen of them. */
struct log_wish {
	bool has_since, has_until;
	struct utc since, until;
	uint64_t n; /* the last n lines; UINT64_MAX: all */
	bool grep;  /* only lines that match: */
	regex_t regex;
	bool follow, json, raw;
};

/* ---- logs_where.c ---- */

/* Finds the logs that the command line means. 0 or an exit status with the message printed. */
int logs_where(struct context *context, struct log_places *ret_places);
void log_places_fini(struct log_places *places);
/* Who may read logs, to follow an error's text (-errno); "" where that is not what is wrong. */
const char *log_rights_hint(int error);
/* Tells that the folder of the logs can not be read (-errno); the exit status for that. */
int log_dir_failed(const char *dir, int error);
/* 1, 0: it is there already, or -ENOMEM; what is given is copied. file may be NULL. */
int log_places_add(struct log_places *places, const char *name, const char *file,
		   struct log_place **ret_place);

/* ---- logs_find.c: without the daemon ---- */

/*
 * Adds all logs in places->dir that are meant by its args (no args: all there are), each once. 0,
 * -ENOMEM or -errno of the folder.
 */
int logs_find(struct log_places *places);
/* The name of the log whose file, live or old, has that path below the folder of logs: appended to
 * out, and in *ret_size the length of the live file's path. False: it is none. */
bool log_name_of_file(const char *path, struct buf *out, size_t *ret_size);

/* ---- logs_when.c ---- */

/*
 * "10min" (ago), "20:00", "2026-11-30", "2026-11-30 20:00:15", the same with Z or UTC behind it,
 * "today", "yesterday", "now", "@UNIX". Local time where nothing else is said. 0 or -EINVAL.
 */
int log_when_parse(const char *text, struct utc now, struct utc *ret_when);

#endif
