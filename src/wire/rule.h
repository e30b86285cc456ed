/* SPDX-License-Identifier: MIT */
#ifndef WIRE_RULE_H
#define WIRE_RULE_H

/*
 * What each op may be: who sends it, with which flags, and what must be in its header. One table,
 * for both ends, the tests and the page sup(7).
 */

#include "wire/frame.h"

/* The way that a frame goes. */
enum wire_way {
	WIRE_TO_DAEMON = 1,
	WIRE_TO_ACTOR = 2,
};

struct wire_rule {
	const char *name;
	uint8_t ways;            /* of enum wire_way, or'ed */
	uint8_t flags_to_daemon; /* those that it may have on that way */
	uint8_t flags_to_actor;
	bool is_actors;    /* a signal, or what goes with them; not the handshake or a request */
	bool takes_credit; /* handed out, it counts as one credit */
	bool needs_ref;    /* towards the daemon its ref is not 0 */
};

/* NULL where there is no such op. */
const struct wire_rule *wire_rule(uint8_t op);

/* NULL: the frame may go that way. Else what it does wrong, a static text. */
const char *wire_broken_rule(const struct wire_frame *frame, enum wire_way way);

/* The receiver's name in a NAMED frame's tag, which ends with a NUL; its size without that. */
size_t wire_name_size(const struct wire_frame *frame);

#endif
