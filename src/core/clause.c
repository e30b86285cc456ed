/* SPDX-License-Identifier: MIT */

/* A match looks at a frame where it lies. */

#include "core/clause.h"

#include "core/frames.h"

bool clause_matches(const struct clause *clause, const uint8_t *frame, uint64_t *work)
{
	*work += 1;
	if (clause->kind != CLAUSE_ANY && clause->kind != clause_kind_of(frame_op(frame)))
		return false;
	if (clause->has & CLAUSE_HAS_FROM && clause->from != frame_from(frame))
		return false;
	if (clause->has & CLAUSE_HAS_REF && clause->ref != frame_ref(frame))
		return false;
	return !(clause->has & CLAUSE_HAS_TAG) ||
	       clause_glob(clause->glob, clause->glob_size, frame_tag(frame), frame_tag_size(frame),
			   work);
}
