/* SPDX-License-Identifier: MIT */

#include "logs/keeper.h"

#include <stddef.h>

const char *const keeper_request_names[KEEPER_N_REQUESTS + 1] = {
	[KEEPER_BEGIN] = "begin",   [KEEPER_STREAM] = "stream", [KEEPER_MARK] = "mark",
	[KEEPER_ROTATE] = "rotate", [KEEPER_FORGET] = "forget", [KEEPER_PING] = "ping",
	[KEEPER_FINISH] = "finish",
};

const char *const keeper_notice_names[KEEPER_N_NOTICES + 1] = {
	[KEEPER_READY] = "ready",     [KEEPER_MARKED] = "marked",   [KEEPER_PONG] = "pong",
	[KEEPER_ROTATED] = "rotated", [KEEPER_DONE] = "done",       [KEEPER_WATCHING] = "watching",
	[KEEPER_MATCHED] = "matched", [KEEPER_TROUBLE] = "trouble", [KEEPER_BETTER] = "better",
	[KEEPER_DROPPED] = "dropped",
};
