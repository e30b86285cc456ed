/* SPDX-License-Identifier: MIT */
#ifndef SUPD_SETTINGS_H
#define SUPD_SETTINGS_H

/* The configuration as the command line wants it: read, judged, and what is wrong with it printed.
 */

#include "config/config.h"
#include "supd/log.h"
#include "supd/options.h"

/* What a tree consists of. */
struct census {
	size_t services, supervisors; /* without the root */
	size_t longest;               /* path, in bytes */
};

/* Where a configuration has come from. */
enum settings_source {
	SETTINGS_FILE,
	SETTINGS_COMMAND,   /* what follows -- */
	SETTINGS_COPY,      /* the last accepted one (fallback.h) */
	SETTINGS_EMERGENCY, /* ... or that command */
	SETTINGS_NOTHING,   /* ... or an empty tree */
};

struct settings {
	struct config *config; /* owned; NULL: none */
	struct buf file;       /* the name of what was read */
	struct buf copy; /* with --init: all of it (config/copy.h); empty: none could be made */
	enum settings_source source;
};

void settings_fini(struct settings *settings);

/*
 * Reads options' file, or the default one; adds options' command, with which no file is read but
 * one that -c names. 0; else an exit status (SUPD_EXIT_CONFIG, SUPD_EXIT_FAILED), and every message
 * has been printed: on standard error, or with --init in the log. With -t they are printed in any
 * case. *settings is zeroed before; what could be read of a file that is not fit for use is in it.
 */
int settings_load(const struct options *options, struct settings *settings);
/* Its messages in the log; then all that only they need is freed. */
void settings_log(struct config *config, enum log_level level);

void settings_count(const struct spec *root, struct census *ret_census);

#endif
