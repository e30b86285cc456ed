/* SPDX-License-Identifier: MIT */

/* The key link, with real processes (SEMANTICS D16), and what why says of it. */

#include <fnmatch.h>
#include <string.h>

#include "actor.h"

RUN_SUITE(link_key);

#define PUPPET(path, name, more) \
	"[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n" more

static void check_why(struct node *n, const char *target, const char *pattern)
{
	const char *why = ctl(n, "why %s", target);

	cr_assert_eq(fnmatch(pattern, why, 0), 0, "%s", why);
}

Test(link_key, d16_down_together_and_linked_anew)
{
	struct node *n = node_run("[supervisor web]\n" PUPPET("web/db", "db", "")
					  PUPPET("web/api", "api", "link = web/db\n"));
	const char *pid;
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	for (int i = 0; i < 2; i++) {
		pid = look(n, "web/api").pid;
		order(n, "db", "exit:7");
		watch_until(w, "exit web/api exit:7");
		sync_tree(n);
		cr_expect_str_neq(look(n, "web/api").pid, pid);
		cr_expect_str_eq(state_of(n, "web/db"), "running");
		check_why(n, "web/api",
			  "web/api became ready *\n"
			  "because web/api was started *\n"
			  "because web/api ended * ago: exit:7\n"
			  "because web/api was to end * ago: exit:7\n"
			  "because linked web/db ended * ago: exit:7\n"
			  "  by itself\n");
	}
	node_end(n);
}

/* Held down by an operator: its partner runs on its own, and is linked again when it is started. */
Test(link_key, d16_a_partner_that_is_down)
{
	struct node *n = node_run(PUPPET("db", "db", "restart = temporary\n")
					  PUPPET("api", "api", "link = db\n"));
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	ctl(n, "stop db");
	watch_until(w, "ready api");
	sync_tree(n);
	cr_expect_str_eq(look(n, "api").reason, "shutdown");
	cr_expect_str_eq(state_of(n, "api"), "running");
	ctl(n, "start db");
	order(n, "db", "die:KILL");
	watch_until(w, "exit api killed");
	watch_until(w, "ready api");
	node_end(n);
}

/* SEMANTICS 36: who traps runs on; why tells who sent an exit signal. */
Test(link_key, a_trap_and_an_exit_signal)
{
	struct node *n = node_run(PUPPET("db", "db", "")
					  PUPPET("api", "api", "link = db\ntrap_exit = yes\n"));
	struct actor_end *api;
	const char *pid;

	sync_tree(n);
	pid = look(n, "api").pid;
	api = actor_borrow(n, "api", false);
	cr_assert_eq(actor_request(api, "exit", "target", "db", "reason", "overloaded"), 0);
	sync_tree(n);
	cr_expect_str_eq(look(n, "api").pid, pid);
	check_why(n, "db",
		  "db became ready *\n"
		  "because db was started *\n"
		  "because db ended * ago: overloaded\n"
		  "because db was to end * ago: overloaded\n"
		  "  because api sent it an exit signal\n");
	cr_expect_not_null(strstr(ctl(n, "why db --json"), keep_printf("\"from\":\"%s\"", pid)));
	actor_close(api);
	node_end(n);
}
