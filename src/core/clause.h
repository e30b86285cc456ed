/* SPDX-License-Identifier: MIT */
#ifndef CORE_CLAUSE_H
#define CORE_CLAUSE_H

/* Clauses (wire/clause.h) tried on messages as they lie in a mailbox, as whole frames. */

#include "wire/clause.h"

/* True where the whole frame matches. Adds what it cost, in steps of about 1 ns, to *work. */
bool clause_matches(const struct clause *clause, const uint8_t *frame, uint64_t *work);

#endif
