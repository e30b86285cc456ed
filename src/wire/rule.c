/* SPDX-License-Identifier: MIT */

/* The table of ops. */

#include "wire/rule.h"

#include <string.h>

#define MEMFD_SIZE 8
#define BOTH_WAYS (WIRE_TO_DAEMON | WIRE_TO_ACTOR)

static const struct wire_rule rules[WIRE_N_OPS] = {
	[WIRE_HELLO] = {.name = "HELLO", .ways = BOTH_WAYS},
	[WIRE_REQUEST] = {.name = "REQUEST", .ways = WIRE_TO_DAEMON, .needs_ref = true},
	[WIRE_ROW] = {.name = "ROW", .ways = WIRE_TO_ACTOR},
	[WIRE_REPLY] = {.name = "REPLY", .ways = WIRE_TO_ACTOR},
	[WIRE_MESSAGE] = {.name = "MESSAGE",
			  .ways = BOTH_WAYS,
			  .flags_to_daemon = WIRE_NAMED | WIRE_MEMFD | WIRE_CONFIRM,
			  .flags_to_actor = WIRE_MEMFD | WIRE_REDELIVERED,
			  .is_actors = true,
			  .takes_credit = true},
	[WIRE_CALL] = {.name = "CALL",
		       .ways = BOTH_WAYS,
		       .flags_to_daemon = WIRE_NAMED | WIRE_MEMFD | WIRE_DIRECT,
		       .flags_to_actor = WIRE_MEMFD | WIRE_REDELIVERED,
		       .is_actors = true,
		       .takes_credit = true,
		       .needs_ref = true},
	[WIRE_RESPONSE] = {.name = "RESPONSE",
			   .ways = BOTH_WAYS,
			   .flags_to_daemon = WIRE_MEMFD,
			   .flags_to_actor = WIRE_MEMFD | WIRE_REDELIVERED,
			   .is_actors = true,
			   .takes_credit = true,
			   .needs_ref = true},
	[WIRE_EXIT] = {.name = "EXIT",
		       .ways = WIRE_TO_ACTOR,
		       .flags_to_actor = WIRE_REDELIVERED,
		       .is_actors = true,
		       .takes_credit = true},
	[WIRE_DOWN] = {.name = "DOWN",
		       .ways = WIRE_TO_ACTOR,
		       .flags_to_actor = WIRE_REDELIVERED,
		       .is_actors = true,
		       .takes_credit = true},
	[WIRE_MONITOR] = {.name = "MONITOR",
			  .ways = WIRE_TO_DAEMON,
			  .flags_to_daemon = WIRE_NAMED,
			  .is_actors = true,
			  .needs_ref = true},
	[WIRE_CANCEL] = {.name = "CANCEL",
			 .ways = WIRE_TO_DAEMON,
			 .flags_to_daemon = WIRE_FLUSH,
			 .is_actors = true,
			 .needs_ref = true},
	[WIRE_CREDIT] = {.name = "CREDIT", .ways = WIRE_TO_DAEMON, .is_actors = true},
	[WIRE_RECEIVE] = {.name = "RECEIVE",
			  .ways = WIRE_TO_DAEMON,
			  .flags_to_daemon = WIRE_NOW | WIRE_IN_ORDER,
			  .is_actors = true,
			  .needs_ref = true},
	[WIRE_ACK] = {.name = "ACK", .ways = WIRE_TO_DAEMON, .is_actors = true, .needs_ref = true},
	[WIRE_DONE] = {.name = "DONE", .ways = WIRE_TO_ACTOR, .is_actors = true},
	[WIRE_WINDOW] = {.name = "WINDOW", .ways = WIRE_TO_ACTOR, .is_actors = true},
	[WIRE_QUEUED] = {.name = "QUEUED", .ways = WIRE_TO_ACTOR, .is_actors = true},
	[WIRE_GOODBYE] = {.name = "GOODBYE", .ways = WIRE_TO_DAEMON, .is_actors = true},
};

const struct wire_rule *wire_rule(uint8_t op)
{
	return op < WIRE_N_OPS && rules[op].name ? &rules[op] : NULL;
}

size_t wire_name_size(const struct wire_frame *frame)
{
	return strnlen(frame->tag, frame->tag_size);
}

const char *wire_broken_rule(const struct wire_frame *frame, enum wire_way way)
{
	const struct wire_rule *rule = wire_rule(frame->op);
	uint8_t flags;
	size_t name_size;

	if (!rule || !(rule->ways & way))
		return "a frame of a kind that does not go that way";
	flags = way == WIRE_TO_DAEMON ? rule->flags_to_daemon : rule->flags_to_actor;
	if (frame->flags & ~flags)
		return "a frame with a flag that is not one of its kind";
	if (way == WIRE_TO_DAEMON && rule->needs_ref && !frame->ref)
		return "a frame whose ref is 0";
	if ((frame->flags & WIRE_CONFIRM) && !frame->ref)
		return "a message to be confirmed whose ref is 0";
	if ((frame->flags & WIRE_MEMFD) && frame->payload_size != MEMFD_SIZE)
		return "a payload in a memfd without its size";
	if (!(frame->flags & WIRE_NAMED))
		return NULL;
	name_size = wire_name_size(frame);
	if (name_size == 0 || name_size == frame->tag_size)
		return "a tag that does not begin with the receiver's name and a NUL";
	return NULL;
}
