/* SPDX-License-Identifier: MIT */

/*
 * An echo server: it answers every call with what it was asked, and sends every message back.
 * sup_server_run() is the loop; a server is the functions that it calls.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sup.h>

static int handle_call(struct sup *sup, void *state, const struct sup_message *call)
{
	(void)state;
	return sup_reply(sup, call->from, call->ref, call->tag,
			 sup_bytes(call->payload, call->size), 0);
}

static int handle_cast(struct sup *sup, void *state, const struct sup_message *cast)
{
	(void)state;
	return sup_send(sup, cast->from, cast->tag, sup_bytes(cast->payload, cast->size), 0);
}

static const struct sup_server echo = {.handle_call = handle_call, .handle_cast = handle_cast};

int main(void)
{
	struct sup *sup;
	int r = sup_open(&sup);

	if (r == 0) {
		r = sup_server_run(sup, &echo, NULL);
		sup_close(sup);
	}
	/* -EPIPE: supd has gone, or has ended us. */
	if (r < 0)
		fprintf(stderr, "echo: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
