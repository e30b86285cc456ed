/* SPDX-License-Identifier: MIT */

/*
 * Every cell of both tables. An action has a row here, which drives it through core_step() and says
 * what comes of it; a new action without a row is a failure, and so is a row that does not reach
 * its cell. What is ignored changes nothing; what is impossible breaks core_check().
 *
 * A row is a small script: words of manners and events, each followed by a child's path. What
 * stands before "boot" is done before the tree starts; the last command is the one that reaches the
 * cell.
 */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/core/support.h"

static struct world w;

/* ---- scripts ---- */

static void set_mute(const char *path)
{
	world_manners(&w, path)->mute = true;
}

static void set_stubborn(const char *path)
{
	world_manners(&w, path)->stubborn = true;
}

static void set_lingering(const char *path)
{
	world_manners(&w, path)->lingering = true;
}

static void set_short(const char *path)
{
	world_manners(&w, path)->is_short = true;
}

static void set_failing(const char *path)
{
	world_manners(&w, path)->fails = 1;
}

static void do_behave(const char *path)
{
	struct manners *m = world_manners(&w, path);

	m->mute = m->stubborn = m->lingering = m->is_short = false;
	world_serve(&w);
}

static void do_ignore(const char *path)
{
	world_manners(&w, path)->ignores = true;
	do_behave(path);
}

static void do_fail(const char *path)
{
	set_failing(path);
	do_behave(path);
}

static void do_crash(const char *path)
{
	world_crash(&w, path);
}

static void do_end(const char *path)
{
	world_exit(&w, path, 0);
}

static void do_join(const char *path)
{
	world_join(&w, ROLE_MAIN, path);
}

/* Its mailbox: the connection that joined last. */
static void do_close(const char *path)
{
	(void)path;
	world_leave(&w, w.n_sources, false);
}

static void do_tell(const char *path)
{
	world_tell(&w, path, "enough");
}

static void do_stop(const char *path)
{
	(void)world_send(&w, REQUEST_STOP, path, NULL);
}

static void do_start(const char *path)
{
	(void)world_send(&w, REQUEST_START, path, NULL);
}

static void do_restart(const char *path)
{
	(void)world_send(&w, REQUEST_RESTART, path, NULL);
}

static void do_doom(const char *path)
{
	(void)world_send(&w, REQUEST_EXIT, path, "unhealthy");
}

static void do_kill(const char *path)
{
	(void)world_send(&w, REQUEST_EXIT, path, "kill");
}

static void do_terminate(const char *path)
{
	(void)world_ask(&w, REQUEST_TERMINATE_CHILD, "/", path);
}

static void do_restart_child(const char *path)
{
	(void)world_ask(&w, REQUEST_RESTART_CHILD, "/", path);
}

static void do_refuse(const char *path)
{
	struct event event = {.kind = EVENT_START_FAILED,
			      .pid = world_view(&w, path).pid,
			      .reason = {.kind = REASON_EXEC, .code = 2}};

	w.processes[world_view(&w, path).slot] = PROCESS_NONE;
	world_step(&w, &event);
}

static void do_shortage(const char *path)
{
	struct event event = {.kind = EVENT_SHORTAGE, .pid = world_view(&w, path).pid, .code = 11};

	w.processes[world_view(&w, path).slot] = PROCESS_NONE;
	world_step(&w, &event);
}

static void do_fault(const char *path)
{
	world_step(&w, &(struct event){.kind = EVENT_FAULT,
				       .pid = world_view(&w, path).pid,
				       .reason = REASON(REASON_UNHEALTHY)});
}

/* To a minute from now on. */
static void do_extend(const char *path)
{
	world_step(&w, &(struct event){.kind = EVENT_EXTEND,
				       .pid = world_view(&w, path).pid,
				       .budget = SPAN_S(60)});
}

static void do_pass(const char *ms)
{
	world_pass(&w, atoi(ms));
}

static void do_shutdown(const char *path)
{
	(void)path;
	world_shutdown(&w);
}

static void do_boot(const char *tree)
{
	world_boot(&w, tree);
}

static const struct {
	const char *word;
	void (*act)(const char *what);
} commands[] = {
	{"mute", set_mute},
	{"stubborn", set_stubborn},
	{"lingering", set_lingering},
	{"short", set_short},
	{"failing", set_failing},
	{"behave", do_behave},
	{"ignore", do_ignore},
	{"fail", do_fail},
	{"crash", do_crash},
	{"end", do_end},
	{"tell", do_tell},
	{"join", do_join},
	{"close", do_close},
	{"stop", do_stop},
	{"start", do_start},
	{"restart", do_restart},
	{"doom", do_doom},
	{"kill", do_kill},
	{"terminate", do_terminate},
	{"restart_child", do_restart_child},
	{"refuse", do_refuse},
	{"fault", do_fault},
	{"extend", do_extend},
	{"shortage", do_shortage},
	{"pass", do_pass},
	{"shutdown", do_shutdown},
};

static void run_command(const char *word, const char *what)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].word, word) != 0)
			continue;
		commands[i].act(what);
		return;
	}
	cr_assert_fail("%s: no such command", word);
}

/* The marks that the last command led to. */
static const char *run_script(const char *tree, const char *script, void (*before_last)(void))
{
	char *text = strdup(script), *save = NULL;

	for (char *word = strtok_r(text, " ", &save); word;) {
		char *what = strtok_r(NULL, " ", &save);
		char *next = strtok_r(NULL, " ", &save);

		if (!next) {
			before_last();
			world_marks(&w, "");
		}
		if (strcmp(word, "boot") == 0) {
			do_boot(tree);
			cr_assert_str_eq(what, ".");
		} else {
			run_command(word, what);
		}
		word = next;
	}
	free(text);
	return world_marks(&w, "");
}

/* ---- children ---- */

struct child_case {
	enum child_state state;
	enum child_input input;
	const char *tree, *script, *marks;
};

/* The child is always a. */
static const struct child_case child_rows[] = {
	{CHILD_WAITING, IN_START, "/(rest_for_one){x(notify) a}", "mute x boot . behave x",
	 "+x >a +a +/"},
	{CHILD_WAITING, IN_STOP, "/(rest_for_one){x(notify) a}", "mute x boot . stop a", "held:a"},
	{CHILD_STOPPED, IN_START, "/{a}", "boot . stop a start a", "released:a >a +a"},
	{CHILD_FAILED, IN_START, "/(intensity=0){a}", "boot . crash a restart_child a", ">a +a"},
	{CHILD_DONE, IN_START, "/{a(transient)}", "boot . end a start a", ">a +a"},
	{CHILD_BACKOFF, IN_START, "/{a(restart_delay=1s)}", "boot . crash a pass 1500", ">a +a"},
	{CHILD_BACKOFF, IN_STOP, "/{a(restart_delay=1s)}", "boot . crash a stop a", "held:a"},
	{CHILD_BACKOFF, IN_TIMEOUT, "/{a(restart_delay=1s)}", "boot . crash a pass 1500", ">a +a"},
	{CHILD_DEAD, IN_START, "/{a}", "boot . crash a", "-a >a +a"},
	{CHILD_DEAD, IN_STOP, "/(one_for_all){a x(notify)}", "mute x boot . crash a stop a",
	 "held:a"},
	{CHILD_STARTING, IN_STARTED, "/{a}", "boot . crash a", "-a >a +a"},
	{CHILD_STARTING, IN_START_FAILED, "/{a}", "mute a boot . refuse a", "!a retry:a +/ >a"},
	{CHILD_STARTING, IN_SHORTAGE, "/{a}", "mute a boot . shortage a", "shortage:a"},
	{CHILD_STARTING, IN_READY, "/{a(notify)}", "mute a boot . behave a", "+a +/"},
	{CHILD_STARTING, IN_IGNORE, "/{a(notify)}", "mute a boot . ignore a", "~a +/"},
	{CHILD_STARTING, IN_TOLD, "/{a(notify)}", "mute a boot . tell a", "doomed:a"},
	{CHILD_STARTING, IN_FAULT, "/{a(notify)}", "mute a stubborn a boot . fault a",
	 "doomed:a ta"},
	{CHILD_STARTING, IN_EXTEND, "/{a(notify timeout=1s)}", "mute a boot . extend a", ""},
	{CHILD_STARTING, IN_DOOM, "/{a(notify)}", "mute a stubborn a boot . doom a", "doomed:a ta"},
	{CHILD_STARTING, IN_STOP, "/{a(notify)}", "mute a boot . stop a", "held:a ta !a +/"},
	{CHILD_STARTING, IN_KILL, "/{a(notify)}", "mute a lingering a boot . kill a", "ka"},
	{CHILD_STARTING, IN_EXITED, "/{a(notify)}", "mute a boot . crash a", "!a retry:a +/ >a"},
	{CHILD_STARTING, IN_TIMEOUT, "/{a(notify timeout=1s)}",
	 "mute a lingering a boot . pass 1000", "ka"},
	{CHILD_RUNNING, IN_TOLD, "/{a}", "boot . tell a", "doomed:a"},
	{CHILD_RUNNING, IN_FAULT, "/{a}", "stubborn a boot . fault a", "doomed:a ta"},
	{CHILD_RUNNING, IN_DOOM, "/{a}", "stubborn a boot . doom a", "doomed:a ta"},
	{CHILD_RUNNING, IN_STOP, "/{a}", "boot . stop a", "held:a ta -a"},
	{CHILD_RUNNING, IN_KILL, "/{a}", "lingering a boot . kill a", "ka"},
	{CHILD_RUNNING, IN_EXITED, "/{a}", "lingering a boot . crash a", ""},
	{CHILD_STOPPING, IN_START_FAILED, "/{a}", "mute a boot . stop a refuse a", "!a +/"},
	{CHILD_STOPPING, IN_SHORTAGE, "/{a}", "mute a boot . stop a shortage a", "!a +/"},
	{CHILD_STOPPING, IN_TOLD, "/{a(trap)}", "stubborn a boot . join a stop a tell a",
	 "doomed:a"},
	{CHILD_STOPPING, IN_EXTEND, "/{a(shutdown=1s)}", "stubborn a boot . stop a extend a", ""},
	{CHILD_STOPPING, IN_DOOM, "/{a(trap)}", "stubborn a boot . join a stop a close a doom a",
	 "doomed:a ta"},
	{CHILD_STOPPING, IN_KILL, "/{a}", "stubborn a lingering a boot . stop a kill a", "ka"},
	{CHILD_STOPPING, IN_EXITED, "/{a}", "stubborn a boot . stop a crash a", "-a"},
	{CHILD_STOPPING, IN_TIMEOUT, "/{a(shutdown=1s)}", "stubborn a boot . stop a pass 1000",
	 "ka -a"},
	{CHILD_ENDING, IN_GONE, "/{a}", "lingering a boot . crash a behave a", "-a >a +a"},
	{CHILD_ENDING, IN_KILL, "/{a}", "lingering a boot . crash a kill a", "ka"},
	{CHILD_ENDING, IN_TIMEOUT, "/{a}", "lingering a boot . crash a pass 1000", "lingers:a"},
};

static void forget_cells(void)
{
	memset(w.core->child_cells, 0, sizeof(w.core->child_cells));
	memset(w.core->job_cells, 0, sizeof(w.core->job_cells));
}

Test(cells, child_actions)
{
	for (size_t i = 0; i < ARRAY_LEN(child_rows); i++) {
		const struct child_case *row = &child_rows[i];

		world_init(&w);
		cr_expect_str_eq(run_script(row->tree, row->script, forget_cells), row->marks,
				 "row %zu (%s): %s", i, row->script, w.told);
		cr_expect(w.core->child_cells[row->state] >> row->input & 1,
			  "row %zu (%s): the cell was not reached", i, row->script);
		world_fini(&w);
	}
}

Test(cells, every_child_action_has_a_row)
{
	for (int state = 0; state < CHILD_N_STATES; state++) {
		for (int input = 0; input < IN_N; input++) {
			bool impossible, found = false;
			const char *note = child_cell_note((enum child_state)state,
							   (enum child_input)input, &impossible);

			for (size_t i = 0; i < ARRAY_LEN(child_rows); i++)
				found |= (int)child_rows[i].state == state &&
					 (int)child_rows[i].input == input;
			cr_expect_eq(found, note == NULL, "state %d, input %d", state, input);
			cr_expect(note == NULL || strlen(note) > 10);
			cr_expect_not(impossible && !note);
		}
	}
}

/* One way into each state, for what needs no event of its own. */
static const struct {
	enum child_state state;
	const char *tree, *script;
} child_ways[] = {
	{CHILD_WAITING, "/(rest_for_one){x(notify) a}", "mute x boot ."},
	{CHILD_STARTING, "/{a(notify)}", "mute a boot ."},
	{CHILD_RUNNING, "/{a}", "boot ."},
	{CHILD_STOPPING, "/{a}", "stubborn a boot . terminate a"},
	{CHILD_ENDING, "/{a}", "lingering a boot . crash a"},
	{CHILD_DEAD, "/(one_for_all){a x(notify)}", "mute x boot . crash a"},
	{CHILD_STOPPED, "/{a}", "boot . stop a"},
	{CHILD_BACKOFF, "/{a(restart_delay=1s)}", "boot . crash a"},
	{CHILD_FAILED, "/(intensity=0){a}", "boot . crash a"},
	{CHILD_DONE, "/{a(transient)}", "boot . end a"},
};

static void nothing(void)
{
}

static void check_child_cell(size_t way, enum child_input input)
{
	struct event event = {.reason = REASON(REASON_UNHEALTHY)};
	struct effect effect;
	struct child *a;
	bool impossible;
	const char *note = child_cell_note(child_ways[way].state, input, &impossible);

	if (!note)
		return;
	world_init(&w);
	run_script(child_ways[way].tree, child_ways[way].script, nothing);
	a = world_child(&w, "a");
	cr_assert_eq(a->state, child_ways[way].state, "way %zu", way);
	child_input(a, input, &event);
	cr_expect_eq(a->state, child_ways[way].state, "way %zu, input %d", way, input);
	cr_expect_not(core_next_effect(w.core, &effect), "way %zu, input %d", way, input);
	if (impossible)
		cr_expect_str_eq(core_check(w.core), note);
	else
		cr_expect_null(core_check(w.core));
	world_fini(&w);
}

Test(cells, what_a_child_ignores_changes_nothing_and_the_impossible_is_seen)
{
	cr_assert_eq(ARRAY_LEN(child_ways), CHILD_N_STATES);
	for (size_t way = 0; way < ARRAY_LEN(child_ways); way++)
		for (int input = 0; input < IN_N; input++)
			check_child_cell(way, (enum child_input)input);
}

/* ---- supervisors ---- */

struct job_case {
	enum job job;
	enum supervisor_input input;
	const char *tree, *script, *marks;
};

#define SOLO "/{a(notify) b c}"
#define REST "/(rest_for_one){a b(notify) c}"
#define DELAY "/{a(restart_delay=1s) b(notify)}"
#define PARK "/(rest_for_one intensity=0){a b c}"
#define BUSY "/(intensity=9){a(notify) b}"
#define UNPARK "/{a(requires=b) b(notify) c(notify)}"
#define FATE "/(rest_for_one intensity=9){s{q} p a(notify) e f b(requires=s/q) c}"
#define FATE_AT_ONCE "/(rest_for_one parallel intensity=9){s{q} p a(notify) e f b(requires=s/q) c}"
#define FATAL "/(rest_for_one parallel intensity=1){s{q} p a(notify) e f b(requires=s/q) c}"
/* a starts, and no pass waits for it any more. */
#define LOSING "boot . mute a restart a stubborn c stop s/q "
#define LEFT "boot . mute a crash a stop s/q stubborn f crash e "
#define LEFT_LAST "boot . mute a crash a stop s/q crash e stubborn f crash e "

/* The supervisor is always the root. */
static const struct job_case job_rows[] = {
	{JOB_IDLE, ON_READY, SOLO, "boot . mute a crash a behave a", "+a"},
	{JOB_IDLE, ON_IGNORED, SOLO, "boot . mute a crash a ignore a", "~a"},
	{JOB_IDLE, ON_START_FAILED, SOLO, "boot . mute a crash a fail a", "!a retry:a >a +a"},
	{JOB_IDLE, ON_STOPPED, SOLO, "boot . stubborn a stop a behave a", "-a"},
	{JOB_IDLE, ON_EXIT, SOLO, "boot . crash a", "-a >a +a"},
	{JOB_IDLE, ON_ITEM_EXIT, SOLO, "boot . crash a", "-a >a +a"},
	{JOB_IDLE, ON_ITEM_RETRY, SOLO, "boot . failing a crash a", "-a >a !a retry:a >a +a"},
	{JOB_IDLE, ON_ITEM_RESUME, DELAY, "boot . crash a pass 1500", ">a +a"},
	{JOB_IDLE, ON_ITEM_UNPARK, "/{a(requires=b) b(notify)}", "mute b boot . behave b",
	 "+b +/ >a +a"},
	{JOB_INIT, ON_ITEM_UNPARK, UNPARK, "mute b mute c boot . behave b", "+b >c >a +a"},
	{JOB_INIT, ON_READY, REST, "mute b boot . behave b", "+b >c +c +/"},
	{JOB_INIT, ON_IGNORED, REST, "mute b boot . ignore b", "~b >c +c +/"},
	{JOB_INIT, ON_START_FAILED, REST, "mute b boot . fail b", "!b retry:b +/ >b +b >c +c"},
	{JOB_INIT, ON_STOPPED, REST, "mute b boot . stop b", "held:b tb !b >c +c +/"},
	{JOB_INIT, ON_EXIT, REST, "mute b boot . crash a", "-a"},
	{JOB_INIT, ON_ITEM_EXIT, DELAY, "mute b boot . crash a", "-a backoff:a"},
	{JOB_INIT, ON_ITEM_RETRY, "/{a(notify) b(notify)}", "mute b boot . failing a crash a",
	 "-a >a !a retry:a >a +a"},
	{JOB_INIT, ON_ITEM_RESUME, DELAY, "mute b boot . crash a pass 1500", ">a +a"},
	{JOB_GROUP_START, ON_READY, REST, "boot . mute b crash a behave b", "+b >c +c"},
	{JOB_GROUP_START, ON_IGNORED, REST, "boot . mute b crash a ignore b", "~b >c +c"},
	{JOB_GROUP_START, ON_START_FAILED, REST, "boot . mute b crash a fail b",
	 "!b retry:b >b +b >c +c"},
	{JOB_GROUP_START, ON_STOPPED, REST, "boot . mute b crash a stop b", "held:b tb !b >c +c"},
	{JOB_GROUP_START, ON_EXIT, REST, "boot . mute b crash a crash a", "-a"},
	{JOB_GROUP_STOP, ON_STOPPED, REST, "boot . stubborn c crash a behave c",
	 "-c tb -b >a +a >b +b >c +c"},
	{JOB_GROUP_STOP, ON_EXIT, REST, "boot . stubborn c crash a crash b", "-b"},
	{JOB_GROUP_STOP, ON_READY, FATE_AT_ONCE, LEFT "behave a", "+a"},
	{JOB_GROUP_STOP, ON_IGNORED, FATE_AT_ONCE, LEFT "ignore a", "~a"},
	{JOB_GROUP_STOP, ON_START_FAILED, FATE_AT_ONCE, LEFT "fail a", "!a retry:a"},
	{JOB_PARK, ON_READY, FATAL, LEFT_LAST "behave a", "+a"},
	{JOB_PARK, ON_IGNORED, FATAL, LEFT_LAST "ignore a", "~a"},
	{JOB_PARK, ON_START_FAILED, FATAL, LEFT_LAST "fail a", "!a retry:a"},
	{JOB_SUSPEND, ON_READY, FATE, LOSING "behave a", "+a"},
	{JOB_SUSPEND, ON_IGNORED, FATE, LOSING "ignore a", "~a"},
	{JOB_SUSPEND, ON_START_FAILED, FATE, LOSING "fail a", "!a"},
	{JOB_SUSPEND, ON_STOPPED, FATE, LOSING "behave c",
	 "-c waiting:c tb -b waiting:b ts/q -s/q"},
	{JOB_SUSPEND, ON_EXIT, FATE, LOSING "crash p", "-p"},
	{JOB_PARK, ON_STOPPED, PARK, "boot . stubborn c crash a behave c",
	 "-c waiting:c tb -b waiting:b"},
	{JOB_PARK, ON_EXIT, PARK, "boot . stubborn c crash a crash b", "-b"},
	{JOB_CALL, ON_READY, REST, "boot . terminate b mute b restart_child b behave b", "+b"},
	{JOB_CALL, ON_IGNORED, REST, "boot . terminate b mute b restart_child b ignore b", "~b"},
	{JOB_CALL, ON_START_FAILED, REST, "boot . terminate b mute b restart_child b fail b", "!b"},
	{JOB_CALL, ON_STOPPED, REST, "boot . stubborn b terminate b behave b", "-b"},
	{JOB_CALL, ON_EXIT, REST, "boot . stubborn b terminate b crash c", "-c"},
	{JOB_SHUTDOWN, ON_IGNORED, BUSY, "boot . mute a crash a stubborn b shutdown . ignore a",
	 "~a"},
	{JOB_SHUTDOWN, ON_START_FAILED, BUSY, "boot . mute a crash a stubborn b shutdown . fail a",
	 "!a"},
	{JOB_SHUTDOWN, ON_STOPPED, BUSY, "boot . stubborn b shutdown . behave b", "-b ta -a -/"},
	{JOB_SHUTDOWN, ON_EXIT, BUSY, "boot . stubborn b shutdown . crash a", "-a"},
};

Test(cells, job_actions)
{
	for (size_t i = 0; i < ARRAY_LEN(job_rows); i++) {
		const struct job_case *row = &job_rows[i];

		world_init(&w);
		cr_expect_str_eq(run_script(row->tree, row->script, forget_cells), row->marks,
				 "row %zu (%s): %s", i, row->script, w.told);
		cr_expect(w.core->job_cells[row->job] >> row->input & 1,
			  "row %zu (%s): the cell was not reached", i, row->script);
		world_fini(&w);
	}
}

Test(cells, every_job_action_has_a_row)
{
	for (int job = 0; job < JOB_N; job++) {
		for (int input = 0; input < ON_N; input++) {
			bool impossible, found = false;
			const char *note = supervisor_cell_note(
				(enum job)job, (enum supervisor_input)input, &impossible);

			for (size_t i = 0; i < ARRAY_LEN(job_rows); i++)
				found |= (int)job_rows[i].job == job &&
					 (int)job_rows[i].input == input;
			cr_expect_eq(found, note == NULL, "job %d, input %d", job, input);
			cr_expect(note == NULL || strlen(note) > 10);
		}
	}
}

static const struct {
	enum job job;
	const char *tree, *script;
} job_ways[] = {
	{JOB_DOWN, BUSY, "boot . shutdown ."},
	{JOB_IDLE, BUSY, "boot ."},
	{JOB_INIT, REST, "mute b boot ."},
	{JOB_GROUP_START, REST, "boot . mute b crash a"},
	{JOB_GROUP_STOP, REST, "boot . stubborn c crash a"},
	{JOB_PARK, PARK, "boot . stubborn c crash a"},
	{JOB_SUSPEND, FATE, LOSING},
	{JOB_CALL, REST, "boot . stubborn b terminate b"},
	{JOB_SHUTDOWN, BUSY, "boot . stubborn b shutdown ."},
};

static void check_job_cell(size_t way, enum supervisor_input input)
{
	struct effect effect;
	struct supervisor *s;
	bool impossible;
	const char *note = supervisor_cell_note(job_ways[way].job, input, &impossible);

	if (!note)
		return;
	world_init(&w);
	run_script(job_ways[way].tree, job_ways[way].script, nothing);
	s = w.core->root->sup;
	cr_assert_eq(s->job, job_ways[way].job, "way %zu", way);
	supervisor_input(s, input, world_child(&w, "b"));
	cr_expect_eq(s->job, job_ways[way].job, "way %zu, input %d", way, input);
	cr_expect_not(core_next_effect(w.core, &effect), "way %zu, input %d", way, input);
	if (impossible)
		cr_expect_str_eq(core_check(w.core), note);
	else
		cr_expect_null(core_check(w.core));
	world_fini(&w);
}

Test(cells, what_a_supervisor_ignores_changes_nothing_and_the_impossible_is_seen)
{
	cr_assert_eq(ARRAY_LEN(job_ways), JOB_N);
	for (size_t way = 0; way < ARRAY_LEN(job_ways); way++)
		for (int input = 0; input < ON_N; input++)
			check_job_cell(way, (enum supervisor_input)input);
}

/* The ready of one that was told to go before its news was read. */
Test(cells, a_shutdown_ignores_ready)
{
	world_init(&w);
	run_script(BUSY, "boot . mute a crash a stubborn b shutdown . behave a", forget_cells);
	cr_expect(w.core->job_cells[JOB_SHUTDOWN] >> ON_READY & 1);
	world_fini(&w);
}
