/* SPDX-License-Identifier: MIT */

/* What info and names see of actors. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/look.h"
#include "tests/core/support.h"

static struct world w;

static void setup(void)
{
	world_init(&w);
}

static void teardown(void)
{
	world_fini(&w);
}

TestSuite(look, .init = setup, .fini = teardown);

/* "web/db guest1 ...": who is tied to the actor of that name or pid, sorted as the core has them.
 */
static const char *ties(const char *text, enum actor_tie tie)
{
	static char out[512];
	struct actor_view view, other;
	actor_pid pids[16];
	size_t n;

	cr_assert(core_view_actor(w.core, text, &view), "%s", text);
	n = core_ties(w.core, view.pid, tie, pids, 16);
	cr_assert_leq(n, 16);
	*out = '\0';
	for (size_t i = 0; i < n; i++) {
		char pid[ACTOR_PID_TEXT_MAX];

		cr_assert(core_view_actor(w.core, actor_pid_format(pids[i], pid), &other), "%s",
			  pid);
		strcat(out, i ? " " : "");
		strcat(out, other.path ? other.path : "guest");
	}
	return out;
}

static const char *view_of(const char *text)
{
	static char out[128];
	struct actor_view view;

	if (!core_view_actor(w.core, text, &view))
		return "none";
	snprintf(out, sizeof(out), "%s %s%s%s", actor_kind_names[view.kind],
		 child_state_name(view.state), view.trap ? " trap" : "",
		 view.has_uid ? "" : " nobody");
	return out;
}

static int by_alphabet(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All names, sorted: "a:path nick:alias ..." */
static const char *names(void)
{
	static char out[512];
	const char *list[32];
	size_t n = core_names(w.core, list, 32);
	struct name_view v;

	cr_assert_leq(n, 32);
	qsort(list, n, sizeof(*list), by_alphabet);
	*out = '\0';
	for (size_t i = 0; i < n; i++) {
		cr_assert(core_view_name(w.core, list[i], &v), "%s", list[i]);
		cr_assert_str_eq(v.text, list[i]);
		sprintf(out + strlen(out), "%s%s:%s", i ? " " : "", v.text,
			name_kind_names[v.kind]);
	}
	return out;
}

Test(look, an_actor_and_its_kind)
{
	uint64_t guest;
	char pid[ACTOR_PID_TEXT_MAX];

	world_boot(&w, "/{a s{b(trap)} c(down)}");
	cr_expect_str_eq(view_of("a"), "service running");
	cr_expect_str_eq(view_of("s"), "supervisor running");
	cr_expect_str_eq(view_of("s/b"), "service running trap");
	cr_expect_str_eq(view_of("nobody"), "none");
	guest = world_guest(&w, 1000);
	actor_pid_format(world_source_pid(&w, guest), pid);
	cr_expect_str_eq(view_of(pid), "guest running");
	world_leave(&w, guest, true);
	cr_expect_str_eq(view_of(pid), "none");
}

/* A doomed one is there until its end; whereis and names do not find it any more. */
Test(look, a_doomed_actor)
{
	world_boot(&w, "/{a b}");
	world_manners(&w, "a")->stubborn = true;
	world_send(&w, REQUEST_EXIT, "a", "bye");
	cr_expect_str_eq(view_of("a"), "service stopping");
	cr_expect_str_eq(names(), "/:path b:path");
}

Test(look, ties)
{
	uint64_t a, guest;

	world_boot(&w, "/{a s{b c}}");
	a = world_join(&w, ROLE_MAIN, "a");
	guest = world_guest(&w, 0);
	world_by(&w, a, REQUEST_LINK, "s/b", NULL);
	world_by(&w, a, REQUEST_LINK, "s/c", NULL);
	world_monitor(&w, a, 1, world_view(&w, "s/b").pid, NULL);
	world_monitor(&w, a, 2, (actor_pid){0}, "s/b");
	world_monitor(&w, guest, 1, world_view(&w, "a").pid, NULL);
	cr_expect_str_eq(ties("a", TIE_LINK), "/ s/b s/c");
	cr_expect_str_eq(ties("s/b", TIE_LINK), "s a");
	cr_expect_str_eq(ties("s", TIE_LINK), "/ s/b s/c");
	cr_expect_str_eq(ties("/", TIE_LINK), "a s");
	cr_expect_str_eq(ties("a", TIE_MONITOR), "s/b s/b");
	cr_expect_str_eq(ties("s/b", TIE_MONITOR), "");
	cr_expect_str_eq(ties("s/b", TIE_MONITORED_BY), "a a");
	cr_expect_str_eq(ties("a", TIE_MONITORED_BY), "guest");
	world_leave(&w, guest, true);
	cr_expect_str_eq(ties("a", TIE_MONITORED_BY), "");
}

/* Where there is no room for all the number says how many there are. */
Test(look, no_more_than_there_is_room_for)
{
	struct actor_view view;
	actor_pid pids[2] = {{0}, {0}};

	world_boot(&w, "/{a b c}");
	cr_assert(core_view_actor(w.core, "/", &view));
	cr_expect_eq(core_ties(w.core, view.pid, TIE_LINK, pids, 1), 3);
	cr_expect_neq(pids[0].n, 0);
	cr_expect_eq(pids[1].n, 0);
	cr_expect_eq(core_names(w.core, NULL, 0), 4);
}

Test(look, names_of_one_and_of_all)
{
	struct actor_view view;
	const char *list[4];
	uint64_t a;

	world_boot(&w, "/{a(alias=nick) s{b(alias=other down)}}");
	a = world_join(&w, ROLE_MAIN, "a");
	world_by(&w, a, REQUEST_REGISTER, NULL, "clock");
	world_by(&w, a, REQUEST_REGISTER, "s", "boss");
	cr_expect_str_eq(names(),
			 "/:path a:path boss:registered clock:registered nick:alias s:path");
	cr_assert(core_view_actor(w.core, "clock", &view));
	cr_assert_eq(core_names_of(w.core, view.pid, list, 4), 3);
	cr_expect_str_eq(list[0], "a");
	cr_expect_str_eq(list[1], "nick");
	cr_expect_str_eq(list[2], "clock");
	world_by(&w, a, REQUEST_UNREGISTER, NULL, "clock");
	cr_expect_not(core_view_actor(w.core, "clock", &view));
	cr_expect_not(core_view_name(w.core, "clock", &(struct name_view){0}));
}
