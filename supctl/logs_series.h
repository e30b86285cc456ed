/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_LOGS_SERIES_H
#define SUPCTL_LOGS_SERIES_H

/*
 * One log over all of its files, from the oldest to the live one, while the log keeper goes on with
 * it: writes, rotates, packs, removes.
 *
 * A place in it is a file, by the time in its name, and an offset, never an open file: there may be
 * more logs than files that may be open. Those that were not used for the longest time are closed
 * and opened again. What was the live file is, after a rotation, the first old one that is newer
 * than those known before it.
 *
 * Order. Within one log lines stay in the order of their file; a line sorts by its time, or by that
 * of the line before it where that is later (a clock was set back). A line that has no time takes
 * that of the one before it; in a file without times, that at which the file was last written.
 */

#include <sys/types.h>

#include "base/list.h"
#include "logs/name.h"
#include "logs/reader.h"
#include "supctl/logs.h"

/* In place of the time in an old file's name: the live file. */
#define LOG_LIVE ((struct utc){INT64_MAX})

/* What all logs share. */
struct log_pool {
	const struct log_wish *wish;
	const char *path; /* borrowed; the folder's, for messages */
	int dir;          /* owned; the same folder */
	struct list used; /* of series that have a file open, the last used one last */
	size_t n_open, most_open;
	struct buf scratch;
	bool failed, refused; /* something could not be read, and was told; for want of rights */
};

struct log_series {
	/* of a struct log_place, borrowed */
	const char *name, *file;
	enum log_kind kind;
	bool raw;
	struct log_pool *pool;
	struct list used;      /* pool.used, while reader is there */
	struct reader *reader; /* owned; NULL: no file is open */
	struct logs_names old; /* as last looked at */
	struct utc at;         /* the file in hand */
	int64_t offset;        /* ... and where it goes on */
	int64_t limit;         /* of the live file: not read beyond it; -1: none */
	struct utc known;      /* the newest old file when the live one was found; -1: none */
	bool has_live;
	dev_t dev; /* of the live file */
	ino_t ino;
	off_t seen; /* its size at the last look (log_files_changed()) */
	bool waits;
	bool timeless;   /* the file in hand has no times in it */
	bool cut;        /* that it has become shorter was told */
	bool begun;      /* the first line since wish.since was met */
	bool ended;      /* nothing more is to come, ever */
	bool told;       /* that it could not be read */
	struct utc rank; /* that its line sorts by */
	size_t index;    /* among the series; breaks ties */
	/* the line in hand */
	struct log_line line;
	struct buf text; /* all of it, with what stands in front of its text in the file */
	bool of_json;    /* it was a record of a json log */
	int level;       /* of the daemon's: enum daemon_level */
};

/* ---- logs_files.c ---- */

int log_pool_open(struct log_pool *pool, const char *dir, const struct log_wish *wish);
void log_pool_close(struct log_pool *pool);
/* Where another folder has come in its place, that is the one. 0 or -errno. */
int log_pool_reopen(struct log_pool *pool);
/* Finds out which files each of them has. 0 or -ENOMEM; other troubles are told. */
int log_files_list(struct log_pool *pool, struct log_series *const *all, size_t n);
/* The same for one, while it is read; *s goes on where it is. */
int log_files_again(struct log_series *s);
/* The file after that one; LOG_LIVE is last. */
struct utc log_files_next(const struct log_series *s, struct utc at);
/* Opens the file in hand at its offset, if it is not open. 1; 0: it is not there (any more);
 * -errno, told where that is not for want of memory. */
int log_files_open(struct log_series *s);
void log_files_shut(struct log_series *s);
/* There may be more to read than there was: by its size, for those who are not told of changes.
 * s->waits: the beginning of a line has been waiting for its end since the last look. */
bool log_files_changed(struct log_series *s);
/* The live file in hand is not the live one any more. */
bool log_files_rotated(const struct log_series *s);
/* ... and so the file in hand is an old one now; or where there is none that it could be, the next
 * live one, from its beginning. 0 or -ENOMEM. */
int log_files_find_former(struct log_series *s);
/* Says once that a log can not be read. */
void log_series_complain(struct log_series *s, int error);

/* ---- logs_series.c ---- */

void log_series_init(struct log_series *s, struct log_pool *pool, const struct log_place *place);
void log_series_fini(struct log_series *s);
/*
 * Goes to where it is to be shown from: wish.since, the last wish.n lines. *ret_n: how many lines
 * there are, where wish.n is not all. 0 or -ENOMEM.
 */
int log_series_start(struct log_series *s, uint64_t *ret_n);
/* The next line that is wanted, in s->line: 1; 0: there is none, yet; -ENOMEM. */
int log_series_next(struct log_series *s);
/* What there is of a last line without end, as log_series_next(). */
int log_series_rest(struct log_series *s);
/* Whether a line matches. */
bool log_wish_matches(const struct log_wish *wish, const struct log_line *line);

#endif
