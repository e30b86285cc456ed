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
	cr_expect_not_null(strstr(ctl(n, "tree web/api"), "  waits for data/db\n"));
	ctl_fails(n, 1, "start web/api");
	ctl(n, "start data/db");
	watch_until(w, "ready web/api");
	node_end(n);
}

/* One that is to be down for long: no start meanwhile, and what comes after it goes on. */
Test(depend, d16_parking_instead_of_a_crash_loop)
{
	struct node *n = node_run(PUPPET("api", "api", "requires = db\n") PUPPET(
		"late", "late", "after = db\n") PUPPET("db", "db",
						       "restart_delay = 1h\n"
						       "restart_delay_max = 1h\n"));
	struct watch *w;

	sync_tree(n);
	w = watch_open(n);
	order(n, "db", "die:KILL");
	watch_until(w, "waiting api");
	cr_expect_str_eq(state_of(n, "api"), "waiting");
	cr_expect_str_eq(state_of(n, "db"), "backoff");
	cr_expect_str_eq(state_of(n, "late"), "running");
	cr_expect(strstr(ctl(n, "status --json api"), "\"restarts\":0"));
	ctl(n, "start db");
	watch_until(w, "ready api");
	node_end(n);
}

/* Children that are added: names must be there, and make no circle; a start that is blocked. */
Test(depend, d4_d16_added)
{
	struct node *n = node_run("[supervisor s]\n" PUPPET("db", "db", "")
					  PUPPET("slow", "slow",
						 "restart_delay = 1h\n"
						 "restart_delay_max = 1h\n"));
	struct watch *w;

	sync_tree(n);
	cr_expect(strstr(ctl_fails(n, 1, "add s/a command='sleep 1000' requires=nobody"),
			 "add that first"));
	cr_expect(strstr(ctl_fails(n, 1, "add s/a command='sleep 1000' after=s"), "itself"));
	ctl(n, "add s/a command='sleep 1000' requires=db");
	cr_expect_str_eq(state_of(n, "s/a"), "running");
	w = watch_open(n);
	order(n, "slow", "die:KILL");
	watch_until(w, "backoff slow");
	cr_expect(strstr(ctl(n, "add s/c command='sleep 1000' after=slow"),
			 "starts when what it depends on is ready"));
	cr_expect_str_eq(state_of(n, "s/c"), "waiting");
	ctl(n, "stop db");
	cr_expect_str_eq(state_of(n, "s/a"), "waiting");
	cr_expect(strstr(ctl_fails(n, 1, "start s/a"), "waits for db, which is down"));
	cr_expect(strstr(ctl_fails(n, 1, "add s/b command='sleep 1000' requires=db"), "db"));
	node_end(n);
}
