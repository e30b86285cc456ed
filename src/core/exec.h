/* SPDX-License-Identifier: MIT */
#ifndef CORE_EXEC_H
#define CORE_EXEC_H

/*
 * What a service's process is made of: carried by the core for the daemon, never looked at by it.
 * Texts are as the configuration has them, before % and ${} are expanded.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/exec_parts.h"

enum kill_mode { KILL_GROUP, KILL_MAIN, KILL_MIXED, KILL_N_MODES };
enum notify_access { NOTIFY_MAIN, NOTIFY_GROUP, NOTIFY_NONE, NOTIFY_N_ACCESSES };
enum output_kind {
	OUTPUT_LOG,
	OUTPUT_NULL,
	OUTPUT_INHERIT,
	OUTPUT_FILE,
	OUTPUT_SAME,
	OUTPUT_SYSLOG,
	OUTPUT_N_KINDS
};
/* "log", ...; a file's has a ':' and its path behind it. In enum order, ends with NULL. */
extern const char *const output_kind_names[OUTPUT_N_KINDS + 1];

struct output {
	enum output_kind kind; /* OUTPUT_SAME: where standard output goes (stderr's default) */
	char *path;            /* owned; OUTPUT_FILE only */
};

/* Where programs are looked for whose environment has no PATH. */
#define EXEC_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Shared by the instances of a template. Lists of texts end with NULL; a list that was not given is
 * NULL. All is owned. */
struct exec {
	uint32_t refs;
	bool packed; /* all but its parts lies in the same block of memory as this */
	char **argv; /* the command split into words; never NULL in a service */
	char *user;  /* NULL: the daemon's */
	char *group; /* NULL: the user's */
	char **groups;
	char *working_directory;
	char **environment;       /* NAME=VALUE */
	char **environment_files; /* absolute paths; a leading '-' means: may be missing */
	char **pass_environment;  /* NULL: the default, PATH LANG TZ */
	struct output standard_output;
	struct output standard_error;
	int umask; /* -1: the daemon's */
	int stop_signal;
	enum kill_mode kill_mode;
	enum notify_access notify_access;
	char *source; /* "FILE:LINE" of the section, for messages; NULL where it came by request */
	/* owned; NULL where none of its keys was given (exec_parts.h) */
	struct exec_hooks *hooks;
	struct exec_setup *setup;
	struct exec_probes *probes;
	struct exec_sockets *sockets;
	struct exec_resources *resources;
	struct exec_when *when;
	struct exec_notify *notify;
	struct exec_log *log;
};

/* Defaults filled in; NULL where memory is short. */
struct exec *exec_new(void);
struct exec *exec_ref(struct exec *exec); /* takes NULL */
void exec_free(struct exec *exec);        /* one count; takes NULL */
/*
 * Moves all of it but its parts into one block, a third smaller; from then on it is not to be
 * changed. It stays as it is where memory is short, which is no error. Takes NULL.
 */
struct exec *exec_pack(struct exec *exec);

#endif
