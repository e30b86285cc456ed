/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

/*
 * supd.conf(5) -> specs. Reading never stops at the first error: all of them are collected, each
 * with file, line, the offending text and what to do.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "core/exec_log.h"
#include "core/spec.h"

enum config_severity {
	CONFIG_ERROR,        /* of structure: the whole configuration is refused */
	CONFIG_SURROUNDINGS, /* a user, program or directory that does not exist: an error for -t,
				else a warning */
	CONFIG_WARNING,
};

struct config_message {
	enum config_severity severity;
	char *file;     /* owned; as the user named it, or "argument" */
	int line;       /* 0: the file as a whole */
	char *text;     /* owned; what is wrong and what to do, no final newline */
	uint32_t order; /* of the file: they are counted as they are read */
};

#define CONFIG_EVENTS_KEPT 10000
#define CONFIG_REPORTS_KEPT 100

struct config_places; /* where everything stands, for config_check_surroundings() */

/* The [supd] section; texts are owned, NULL where not given. */
struct config {
	char *run_dir;
	char *log_dir; /* "none": no files */
	char *control_group;
	char *view_group;
	char *emergency;
	char *log_level;
	char *log_format;
	char *cgroup; /* auto, no, require */
	struct span shutdown_timeout;
	struct exec_log log; /* of the daemon's own log, of events and reports */
	uint32_t events_kept;
	uint32_t reports_kept;
	struct spec *root;               /* owned count; the whole tree */
	struct config_message *messages; /* owned, in the order of files and lines */
	size_t n_messages;
	size_t n_errors; /* of severity CONFIG_ERROR */
	size_t n_surroundings;
	struct config_places *places; /* owned */
};

/*
 * Reads the file and what it includes. 0 also where there are errors: look at n_errors (root is
 * NULL then). -ENOMEM. Does not look at users, programs and directories:
 * config_check_surroundings() does.
 */
int config_load(const char *file, struct config **ret_config);

/*
 * The same, with a copy of all that was read in *copy (copy.h), which stays empty where there can
 * be none. NULL: none is wanted.
 */
int config_load_and_copy(const char *file, struct buf *copy, struct config **ret_config);
/* The same out of such a copy. -ENOENT: it is none of that file. */
int config_load_copy(const char *file, const char *copy, size_t size, struct config **ret_config);

/*
 * Reads sections out of a text, for children added at run time: names in it are relative to no one,
 * the first section describes the child itself and those below it its children. *ret_config->root
 * is that child.
 */
int config_load_child(const char *text, size_t size, const char *path, struct config **ret_config);

/* Adds messages of severity CONFIG_SURROUNDINGS for what the host lacks. 0 or -ENOMEM. */
int config_check_surroundings(struct config *config);

/* made.c: the settings of a [supd] without keys, into one that is zeroed. */
void config_init(struct config *config);
/* No file, a root without children, all settings at their defaults. 0 or -ENOMEM. */
int config_new(struct config **ret_config);
/* The settings that there are, a root without children, no message. 0 or -ENOMEM. */
int config_empty(struct config *config);
/*
 * Appends a service to the root: a command that gets the daemon's own environment, standard output
 * and error, and whose words mean themselves; all else is at its defaults. 0; -EEXIST: there is a
 * child of that name; -EINVAL: such a root takes no further service; -ENOMEM.
 */
int config_add_service(struct config *config, const char *name, const char *const *argv,
		       struct spec **ret_spec);

/* "FILE:LINE: text", one line a message, to out. */
void config_print_messages(const struct config *config, struct buf *out);

/* Messages, and what they are made of, are not needed any more. */
void config_forget_messages(struct config *config);

void config_free(struct config *config); /* takes NULL */

#endif
