/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_ROLLING_H
#define SUPCTL_ROLLING_H

#include "supctl/ask.h"

/* supctl restart --rolling, its words and options judged here. An exit status. */
int rolling_run(struct context *context, fill_request *fill);

#endif
