/* SPDX-License-Identifier: MIT */

/*
 * Selective receive: the clauses say what is taken first, not the order in which things came. What
 * no clause is for stays in the mailbox.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sup.h>

static const struct sup_clause urgent_first[] = {{.tag = "priority"}, {.tag = "normal"}};

static int send_all(struct sup *sup)
{
	static const char *const messages[][2] = {
		{"junk", "you have won a prize"},
		{"normal", "a letter"},
		{"normal", "another letter"},
		{"priority", "the house is on fire"},
	};
	sup_pid self;
	int r = sup_self(sup, &self);

	for (size_t i = 0; r == 0 && i < sizeof(messages) / sizeof(*messages); i++)
		r = sup_send(sup, self, messages[i][0], sup_text(messages[i][1]), 0);
	return r;
}

/* With a timeout of 0 the whole mailbox is looked at once, and nothing is waited for. */
static int receive_all(struct sup *sup)
{
	struct sup_message *message;
	int r;

	while ((r = sup_receive(sup, urgent_first, 2, 0, 0, &message)) == 0) {
		printf("c: %s\n", (const char *)message->payload);
		sup_message_free(message);
	}
	return r == -ETIMEDOUT ? 0 : r;
}

int main(void)
{
	struct sup *sup;
	int r = sup_open(&sup);

	if (r == 0) {
		r = send_all(sup);
		if (r == 0)
			r = receive_all(sup);
		sup_close(sup);
	}
	if (r < 0)
		fprintf(stderr, "priority: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
