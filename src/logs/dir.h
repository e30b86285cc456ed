/* SPDX-License-Identifier: MIT */
#ifndef LOGS_DIR_H
#define LOGS_DIR_H

#include "base/buf.h"

/*
 * Where logs are unless log_dir says so: the system's place for root, a user's own state (XDG base
 * directories) for everybody else. 0, -ENOMEM, or -ENOENT where neither XDG_STATE_HOME nor HOME
 * names an absolute path.
 */
int logs_default_dir(struct buf *out);

#endif
