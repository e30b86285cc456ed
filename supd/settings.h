/* SPDX-License-Identifier: MIT */
#ifndef SUPD_SETTINGS_H
#define SUPD_SETTINGS_H

/* The configuration as the command line wants it: read, judged, and what is wrong with it printed.
 */

#include "config/config.h"
#include "supd/options.h"

/* What a tree consists of. */
struct census {
	size_t services, supervisors; /* without the root */
	size_t longest;               /* path, in bytes */
};

/*
 * Reads options' file, or the default one. 0 with *ret_config and its name in *ret_file; else an
 * exit status (SUPD_EXIT_CONFIG, SUPD_EXIT_FAILED), and every message has been printed on standard
 * error. With -t they are printed in any case.
 */
int settings_load(const struct options *options, struct config **ret_config, struct buf *ret_file);
/* Its messages as warnings in the log; then all that only they need is freed. */
void settings_log(struct config *config);

void settings_count(const struct spec *root, struct census *ret_census);

#endif
