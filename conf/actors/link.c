/* SPDX-License-Identifier: MIT */

/*
 * spawn_link: a child that is linked from its first moment on. Its crash takes us along; started as
 * `link trap`, where exits are trapped, it is a message, and we live on.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sup.h>

static const char *const child_argv[] = {"sh", "-c", "echo 'child: I crash'; exit 7", NULL};
static const struct sup_command child_command = {.argv = child_argv};

/* Takes one message that is like clause, and prints what it says of an end. */
static int take(struct sup *sup, const struct sup_clause *clause)
{
	struct sup_message *message;
	int r = sup_receive(sup, clause, 1, 0, SUP_FOREVER, &message);

	if (r < 0)
		return r;
	if (message->kind == SUP_EXIT)
		printf("c: my child has ended: %s\n", (const char *)message->payload);
	sup_message_free(message);
	return 0;
}

static int run(struct sup *sup, bool trap)
{
	struct sup_clause begin = {.tag = "begin"}, end = {.kind = SUP_EXIT};
	int r = take(sup, &begin);

	if (r == 0 && trap)
		r = sup_trap_exit(sup, true);
	if (r < 0)
		return r;
	printf("c: I spawn a child\n");
	r = sup_spawn_link(sup, &child_command, &end.from);
	return r < 0 ? r : take(sup, &end);
}

int main(int argc, char **argv)
{
	struct sup *sup;
	int r = sup_open(&sup);

	/* Lines are to be out before somebody ends us. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (r == 0) {
		r = run(sup, argc > 1 && strcmp(argv[1], "trap") == 0);
		sup_close(sup);
	}
	if (r < 0)
		fprintf(stderr, "link: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
