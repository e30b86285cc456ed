/* SPDX-License-Identifier: MIT */

/*
 * An actor: tells the actor whose pid it is given "hello", with who it is, then answers calls with
 * what they bring, until it gets a message. "last words" as the second argument: it ends with
 * these, a reason, instead of status 0.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/sup.h"

static int answer(struct sup *sup, void *state, const struct sup_message *call)
{
	(void)state;
	return sup_reply(sup, call->from, call->ref, call->tag,
			 sup_bytes(call->payload, call->size), 0);
}

static int stop(struct sup *sup, void *state, const struct sup_message *message)
{
	const char *last_words = state;

	(void)message;
	return last_words ? sup_server_stop(sup, last_words) : SUP_STOP;
}

static int hello(struct sup *sup, const char *owner_text)
{
	char text[SUP_PID_TEXT_MAX];
	sup_pid self, owner;
	int r = sup_pid_parse(owner_text, &owner);

	if (r == 0)
		r = sup_self(sup, &self);
	return r < 0 ? r : sup_send(sup, owner, "hello", sup_text(sup_pid_format(self, text)), 0);
}

int main(int argc, char **argv)
{
	static const struct sup_server server = {.handle_call = answer, .handle_cast = stop};
	struct sup *sup;
	int r = argc > 1 ? sup_open(&sup) : -1;

	if (r < 0)
		return 2;
	r = hello(sup, argv[1]);
	if (r == 0)
		r = sup_server_run(sup, &server, argc > 2 ? argv[2] : NULL);
	sup_close(sup);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
