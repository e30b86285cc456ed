/* SPDX-License-Identifier: MIT */
#ifndef SUPD_PREPARE_SETUP_H
#define SUPD_PREPARE_SETUP_H

/* From a service's struct exec_setup to a struct spawn_setup, and back from a failure to words. */

#include "base/buf.h"
#include "supd/spawn_setup.h"

/* Fills *setup, which borrows from exec. */
void prepare_setup(struct spawn_setup *setup, const struct exec_setup *exec);
/*
 * What a failed step was about: its value, and why that may be where it is known, appended to out.
 * False: it is none of the steps here.
 */
bool prepare_setup_explain(const struct spawn_setup *setup, const struct spawn_failure *failure,
			   struct buf *out);

/* As it is written in a configuration. */
void setup_print_limit(struct buf *out, const struct exec_limit *limit, enum exec_limit_kind kind);
void setup_print_io(struct buf *out, const struct exec_io *io);
void setup_print_cpus(struct buf *out, const struct exec_cpus *cpus);

#endif
