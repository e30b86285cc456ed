/* SPDX-License-Identifier: MIT */

/* What becomes of each message: post.h. */

#include <stdlib.h>

#include "base/macros.h"
#include "tests/sim/post.h"
#include "wire/number.h"

uint64_t post_letter(struct pair *pair)
{
	if (pair->sent == pair->letters_capacity) {
		pair->letters_capacity = 2 * pair->sent + 16;
		pair->letters = realloc(pair->letters, pair->letters_capacity);
		if (!pair->letters)
			abort();
	}
	pair->letters[pair->sent] = LETTER_WAITS;
	return ++pair->sent;
}

uint64_t post_letter_waits(struct pair *pair, uint64_t last, bool again)
{
	uint64_t n = pair->low + 1;

	while (n <= last &&
	       (pair->letters[n - 1] == LETTER_TAKEN || pair->letters[n - 1] == LETTER_HELD ||
		(!again && pair->letters[n - 1] == LETTER_BACK)))
		n++;
	while (pair->low < pair->sent && pair->letters[pair->low] == LETTER_TAKEN)
		pair->low++;
	return n <= last ? n : 0;
}

/* In order, but for what a helper takes, which comes over a connection of its own; one that had
 * come back, to its place before all that come later, is marked. */
uint64_t post_take_letter(struct sim *sim, const struct player *to, const struct wire_frame *frame,
			  enum letter becomes)
{
	struct pair *pair = post_pair(sim, (actor_pid){frame->from}, to->pid);
	uint64_t number = frame->payload_size < 8 ? 0 : number_load(frame->payload, 8), waits;
	const char *wrong = NULL;
	uint8_t *letter;

	if (!number || number > pair->sent) {
		sim_fail(sim, "pid %llu: a message that was never sent",
			 (unsigned long long)to->pid.n);
		return 0;
	}
	letter = &pair->letters[number - 1];
	waits = post_letter_waits(pair, number - 1, true);
	if (*letter == LETTER_TAKEN || *letter == LETTER_HELD)
		wrong = "twice";
	else if ((*letter == LETTER_BACK) != !!(frame->flags & WIRE_REDELIVERED))
		wrong = "wrongly marked as redelivered, or not marked";
	else if (*letter == LETTER_WAITS && number <= pair->got && becomes != LETTER_HELD)
		wrong = "after a later one";
	else if (to->lossless && waits && !helper_asks(sim, to->pid))
		wrong = "and one before it is missing";
	if (wrong)
		sim_fail(sim, "pid %llu: message %llu of %llu comes %s",
			 (unsigned long long)to->pid.n, (unsigned long long)number,
			 (unsigned long long)frame->from, wrong);
	*letter = (uint8_t)becomes;
	pair->got = MAX_OF(pair->got, number);
	return number;
}
