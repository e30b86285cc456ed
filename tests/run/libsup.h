/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUN_LIBSUP_H
#define TESTS_RUN_LIBSUP_H

/* The library in the test's own process, on mailboxes that puppets lend. */

#include "lib/sup.h"
#include "tests/run/actor.h"

/* Opens the mailbox of a puppet, which is in nobody else's hands then. The caller closes it. */
struct sup *sup_borrow(struct node *n, const char *puppet);
/* What a receive takes, as "KIND TAG PAYLOAD", or the errno's name. */
const char *sup_take(struct sup *sup, const struct sup_clause *clauses, size_t n, unsigned flags,
		     int64_t timeout_ms);
/* sh -c TEXT; good until the next one. */
struct sup_command *shell_command(const char *text);

#endif
