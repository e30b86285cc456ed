/* SPDX-License-Identifier: MIT */

/* after and requires with real processes (SEMANTICS D16). */

#include <fnmatch.h>
#include <string.h>

#include "actor.h"

RUN_SUITE(depend);

#define PUPPET(path, name, more) \
	"[service " path "]\ncommand = @puppet/" name " ready\nready = notify\n" more

static void check_why(struct node *n, const char *target, const char *pattern)
{
	const char *why = ctl(n, "why %s", target);

	cr_assert_eq(fnmatch(pattern, why, 0), 0, "%s", why);
}

/* Across supervisors: a start in the order of dependence, a crash of the required one, a stop. */
Test(depend, d16_starts_stops_and_fate)
{
	struct node *n = node_run("[supervisor web]\n" PUPPET(
		"web/api", "api", "requires = data/db\n") "[supervisor data]\n" PUPPET("data/db",
										       "db", ""));
	struct watch *w;
	const char *pid;

	sync_tree(n);
	cr_expect_str_eq(state_of(n, "web/api"), "running");
	pid = look(n, "web/api").pid;
	w = watch_open(n);
	order(n, "db", "exit:7");
	watch_until(w, "exit data/db exit:7");
	watch_until(w, "ready web/api");
	sync_tree(n);
	cr_expect_str_neq(look(n, "web/api").pid, pid);
	cr_expect_str_eq(look(n, "web/api").reason, "shutdown");
	check_why(n, "web/api",
		  "web/api became ready *\nbecause web/api was started *\n"
		  "because data/db became ready *");
	ctl(n, "stop data/db");
	watch_until(w, "exit web/api shutdown");
	watch_until(w, "exit data/db shutdown");
	sync_tree(n);
	cr_expect_str_eq(state_of(n, "web/api"), "waiting");
	cr_expect(strstr(ctl(n, "status --json web/api"), "\"waits_for\":\"data/db\""));
	ctl_fails(n, 1, "start web/api");
	ctl(n, "start data/db");
	watch_until(w, "ready web/api");
	node_end(n);
}
