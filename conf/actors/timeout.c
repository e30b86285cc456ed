/* SPDX-License-Identifier: MIT */

/*
 * Receive with a timeout, and the poll; then the same in an event loop of one's own: sup_fd() turns
 * readable when there may be a message.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sup.h>

/* Takes all that is there. How many, or a negative errno. */
static int drain(struct sup *sup)
{
	struct sup_message *message;
	int r, n = 0;

	while ((r = sup_receive(sup, NULL, 0, 0, 0, &message)) == 0) {
		printf("c: %s\n", (const char *)message->payload);
		sup_message_free(message);
		n++;
	}
	return r == -ETIMEDOUT ? n : r;
}

/* A loop: look first, then wait, as long as there is something to wait for. */
static int loop(struct sup *sup, int expected)
{
	struct pollfd fd = {.fd = sup_fd(sup), .events = POLLIN};
	int r = 0;

	for (int n = 0; (r = drain(sup)) >= 0; poll(&fd, 1, -1)) {
		n += r;
		if (n >= expected)
			return 0;
	}
	return r;
}

static int run(struct sup *sup)
{
	struct sup_message *message;
	sup_pid self;
	int r = sup_receive(sup, NULL, 0, 0, 50, &message);

	if (r != -ETIMEDOUT)
		return r;
	printf("c: nothing has come\n");
	r = sup_self(sup, &self);
	if (r == 0)
		r = sup_send(sup, self, "", sup_text("one"), 0);
	if (r == 0)
		r = sup_send(sup, self, "", sup_text("two"), 0);
	return r < 0 ? r : loop(sup, 2);
}

int main(void)
{
	struct sup *sup;
	int r = sup_open(&sup);

	if (r == 0) {
		r = run(sup);
		sup_close(sup);
	}
	if (r < 0)
		fprintf(stderr, "timeout: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
