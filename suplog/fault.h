/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_FAULT_H
#define SUPLOG_FAULT_H

/* What went wrong with a log, and what its user is told: what, where, why, what to do. */

#include "base/macros.h"

struct fault {
	int error; /* -errno */
	char text[512];
};

/* Sets it, the error's own words behind the text; returns the error. */
int fault_set(struct fault *fault, int error, const char *text, ...) PRINTF(3, 4);

#endif
