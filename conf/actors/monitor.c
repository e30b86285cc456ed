/* SPDX-License-Identifier: MIT */

/* A monitor: we are told once when somebody ends, and why. It does not tie us to them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sup.h>

/* The end of whom ref is a monitor. */
static int down(struct sup *sup, sup_ref ref, const char *who)
{
	const struct sup_clause clause = {.kind = SUP_DOWN, .ref = ref};
	struct sup_message *message;
	int r = sup_receive(sup, &clause, 1, 0, SUP_FOREVER, &message);

	if (r < 0)
		return r;
	printf("c: %s has ended: %s\n", who, (const char *)message->payload);
	sup_message_free(message);
	return 0;
}

static int run(struct sup *sup)
{
	static const char *const argv[] = {"sh", "-c", "exit 4", NULL};
	static const struct sup_command command = {.argv = argv};
	sup_ref ref;
	int r = sup_monitor_name(sup, "nobody", &ref);

	if (r == 0)
		r = down(sup, ref, "nobody");
	if (r == 0)
		r = sup_spawn_monitor(sup, &command, NULL, &ref);
	return r < 0 ? r : down(sup, ref, "a child");
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
		fprintf(stderr, "monitor: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
