/* SPDX-License-Identifier: MIT */

/* What supd ends with where the tree ends by itself: the status of the service that caused it. */

#include "support.h"

RUN_SUITE(halt);

#define ANY "[supervisor /]\nauto_shutdown = any_significant\n"
#define SIGNIFICANT "restart = temporary\nsignificant = yes\n"

Test(halt, exit_status_of_the_service_that_ended_the_tree)
{
	static const struct {
		const char *config;
		int status;
	} rows[] = {
		{ANY "[service a]\ncommand = true\n" SIGNIFICANT, 0},
		{ANY "[service a]\ncommand = sh -c 'exit 5'\n" SIGNIFICANT, 5},
		{ANY "[service a]\ncommand = sh -c 'exit 7'\nsuccess_exit = 7\n" SIGNIFICANT, 7},
		{ANY "[service a]\ncommand = sh -c 'kill -SEGV $$'\n" SIGNIFICANT, 128 + 11},
		{ANY "[service a]\ncommand = sh -c 'kill -KILL $$'\n" SIGNIFICANT, 128 + 9},
		{ANY "[service b]\ncommand = sleep 1000\n"
		     "[service a]\ncommand = sh -c 'exit 3'\n" SIGNIFICANT,
		 3},
		/* through a supervisor that ends for it, or gives up on it */
		{ANY "[supervisor s]\nauto_shutdown = any_significant\n" SIGNIFICANT
		     "[service s/a]\ncommand = sh -c 'exit 8'\n" SIGNIFICANT,
		 8},
		{ANY "[supervisor s]\nintensity = 1\n" SIGNIFICANT
		     "[service s/a]\ncommand = sh -c 'exit 9'\n",
		 9},
		{"[supervisor /]\ngive_up = escalate\n[service a]\ncommand = false\n", 1},
	};

	struct node *n = node_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int status;

		node_config(n, rows[i].config);
		node_spawn(n);
		status = node_wait(n);
		cr_assert_eq(status, rows[i].status, "row %zu: %d\n%s", i, status, node_log(n));
		node_check_nothing_left(n);
	}
}
