/* SPDX-License-Identifier: MIT */
#ifndef SUPD_TELL_H
#define SUPD_TELL_H

/* Changes of state as lines of the log. */

#include "supd/daemon.h"

void tell_notice(const struct daemon *d, uint32_t slot, const struct link *link);
/* How supd itself ends, and why. */
void tell_halt(const struct daemon *d, enum halt_kind halt, uint32_t slot,
	       const struct reason *reason);

#endif
