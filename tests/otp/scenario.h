/* SPDX-License-Identifier: MIT */
#ifndef TESTS_OTP_SCENARIO_H
#define TESTS_OTP_SCENARIO_H

/*
 * Scenario files: a tree, then events, one statement a line.
 *
 *   scenario ID class=C compare=strict|set
 *   sup NAME parent=P strategy=S intensity=I period=SECONDS auto_shutdown=A [restart=R
 * significant=B] worker NAME parent=P restart=R significant=B shutdown=T trap=yes|no onterm=O
 * fail=F begin ev EVENT ... end
 *
 * parent=- is the root, parent=@ one that start_child brings. A worker's attempts are counted over
 * the whole scenario, and fail says which of them fail.
 */

#include <stdbool.h>
#include <stddef.h>

#include "core/spec.h"

#define LABEL_MAX 48
#define WORDS_MAX 8
#define FAILS_MAX 64

enum on_term { ON_TERM_OBEY, ON_TERM_IGNORE, ON_TERM_ERROR };

struct actor_def {
	char name[LABEL_MAX];
	char parent[LABEL_MAX];
	bool supervisor;
	enum strategy strategy;
	unsigned intensity;
	unsigned period; /* seconds */
	enum auto_shutdown auto_shutdown;
	enum restart_type restart;
	bool significant;
	enum shutdown_kind shutdown;
	unsigned shutdown_ms;
	bool trap;
	enum on_term on_term; /* what a trapping worker does when its supervisor tells it to end */
	unsigned on_term_code;
	bool fail_all;
	unsigned fails[FAILS_MAX];
	size_t n_fails;
};

struct scenario_event {
	char text[256];
	char cut[256];
	char *words[WORDS_MAX + 1]; /* into cut; ends with NULL */
	size_t n_words;
};

struct scenario {
	char head[256]; /* its first line */
	char name[LABEL_MAX];
	bool unordered;         /* compare=set */
	unsigned pace;          /* by how much its periods and sleeps are longer here; 1 */
	struct actor_def *defs; /* owned */
	size_t n_defs;
	struct scenario_event *events; /* owned */
	size_t n_events;
	char error[256]; /* of a file that can not be read: line and what is wrong */
};

/* Always to be ended with scenario_fini(). 0 or -EINVAL, with error set. */
int scenario_read(const char *path, struct scenario *ret_scenario);
void scenario_fini(struct scenario *scenario);

struct actor_def *scenario_find(const struct scenario *scenario, const char *name); /* or NULL */
const struct actor_def *scenario_root(const struct scenario *scenario);
bool actor_fails(const struct actor_def *def, unsigned attempt);
/* Of its supervisors' periods, with its pace. */
struct span scenario_shortest_period(const struct scenario *scenario);
/* It waits for time to pass. */
bool scenario_sleeps(const struct scenario *scenario);
/* What one worker does to another, or to itself. */
bool scenario_verb_is_act(const char *verb);
/* Workers get messages there: of links, of monitors, or because they trap exits. */
bool scenario_has_messages(const struct scenario *scenario);

/* The specification of def and of what is below it; the root is named "/". NULL: no memory. */
struct spec *scenario_spec(const struct scenario *scenario, const struct actor_def *def);

#endif
