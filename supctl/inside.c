/* SPDX-License-Identifier: MIT */

/*
 * Inside an actor: a service, and whatever it starts, has SUP_PID and SUP_TOKEN. With them a
 * command acts for that actor. Where -s names another daemon than the actor's own the token means
 * nothing, and the command speaks as a guest.
 */

#include <stdlib.h>
#include <string.h>

#include "base/pid.h"
#include "supctl/ask.h"

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

bool inside_an_actor(const struct context *context)
{
	const char *own = variable("SUP_SOCKET");

	if (!variable("SUP_PID") || !variable("SUP_TOKEN"))
		return false;
	return !context->socket || (own && strcmp(own, context->socket) == 0);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool token_parse(const char *text, uint8_t ret_token[HELLO_TOKEN_SIZE])
{
	if (strlen(text) != 2 * (size_t)HELLO_TOKEN_SIZE)
		return false;
	for (size_t i = 0; i < HELLO_TOKEN_SIZE; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_token[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

int identity_read(struct identity *ret_identity)
{
	const char *pid_text = variable("SUP_PID"), *token = variable("SUP_TOKEN");
	struct identity who;
	actor_pid pid;

	if (!pid_text || actor_pid_parse(pid_text, &pid) < 0) {
		complain("SUP_PID: not a pid such as <0.5.0>; leave it as supd has set it");
		return EXIT_FAILED;
	}
	who.pid = pid.n;
	/* The token is a secret: what is wrong with it is said without it. */
	if (!token || !token_parse(token, who.token)) {
		complain("SUP_TOKEN: not a token; leave it as supd has set it");
		return EXIT_FAILED;
	}
	*ret_identity = who;
	return 0;
}
