/* SPDX-License-Identifier: MIT */

#include "tests/otp/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

static int find_word(const char *word, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(word, names[i]) == 0)
			return i;
	return -1;
}

static size_t split(char *text, char *words[WORDS_MAX + 4])
{
	size_t n = 0;
	char *rest = NULL;

	for (char *w = strtok_r(text, " \t", &rest); w && n < WORDS_MAX + 4;
	     w = strtok_r(NULL, " \t", &rest))
		words[n++] = w;
	return n;
}

/* ---- definitions ---- */

static void read_fails(struct actor_def *def, const char *value)
{
	char *end;

	def->fail_all = strcmp(value, "all") == 0;
	while (*value >= '0' && *value <= '9' && def->n_fails < FAILS_MAX) {
		def->fails[def->n_fails++] = (unsigned)strtoul(value, &end, 10);
		value = *end == ',' ? end + 1 : end;
	}
}

static bool read_shutdown(struct actor_def *def, const char *value)
{
	char *end;

	if (strcmp(value, "infinity") == 0) {
		def->shutdown = SHUTDOWN_INFINITY;
		return true;
	}
	if (strcmp(value, "brutal_kill") == 0) {
		def->shutdown = SHUTDOWN_BRUTAL_KILL;
		return true;
	}
	def->shutdown = SHUTDOWN_SPAN;
	def->shutdown_ms = (unsigned)strtoul(value, &end, 10);
	return *value && !*end;
}

static bool read_on_term(struct actor_def *def, const char *value)
{
	if (strncmp(value, "error:", 6) == 0) {
		def->on_term = ON_TERM_ERROR;
		def->on_term_code = (unsigned)strtoul(value + 6, NULL, 10);
		return true;
	}
	def->on_term = strcmp(value, "ignore") == 0 ? ON_TERM_IGNORE : ON_TERM_OBEY;
	return def->on_term == ON_TERM_IGNORE || strcmp(value, "obey") == 0;
}

static bool read_enum(const char *value, const char *const *names, void *ret_enum)
{
	int found = find_word(value, names);

	if (found < 0)
		return false;
	memcpy(ret_enum, &found, sizeof(found));
	return true;
}

static bool read_attribute(struct actor_def *def, const char *key, const char *value)
{
	if (strcmp(key, "parent") == 0)
		return snprintf(def->parent, sizeof(def->parent), "%s", value) < LABEL_MAX;
	if (strcmp(key, "strategy") == 0)
		return read_enum(value, strategy_names, &def->strategy);
	if (strcmp(key, "restart") == 0)
		return read_enum(value, restart_type_names, &def->restart);
	if (strcmp(key, "auto_shutdown") == 0)
		return read_enum(value, auto_shutdown_names, &def->auto_shutdown);
	if (strcmp(key, "shutdown") == 0)
		return read_shutdown(def, value);
	if (strcmp(key, "intensity") == 0)
		def->intensity = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(key, "period") == 0)
		def->period = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(key, "significant") == 0)
		def->significant = strcmp(value, "true") == 0;
	else if (strcmp(key, "trap") == 0)
		def->trap = strcmp(value, "yes") == 0;
	else if (strcmp(key, "fail") == 0)
		read_fails(def, value);
	else if (strcmp(key, "onterm") == 0)
		return read_on_term(def, value);
	else
		return false;
	return true;
}

static bool read_def(struct scenario *s, char *words[], size_t n)
{
	struct actor_def *defs = reallocarray(s->defs, s->n_defs + 1, sizeof(*defs));
	struct actor_def *def;

	if (!defs || n < 3)
		return false;
	s->defs = defs;
	def = &defs[s->n_defs++];
	*def = (struct actor_def){.supervisor = strcmp(words[0], "sup") == 0};
	def->shutdown = def->supervisor ? SHUTDOWN_INFINITY : SHUTDOWN_SPAN;
	def->shutdown_ms = 5000;
	if (snprintf(def->name, sizeof(def->name), "%s", words[1]) >= LABEL_MAX)
		return false;
	for (size_t i = 2; i < n; i++) {
		char *equals = strchr(words[i], '=');

		if (!equals)
			return false;
		*equals = '\0';
		if (!read_attribute(def, words[i], equals + 1))
			return false;
	}
	return true;
}

/* ---- lines ---- */

static bool read_event(struct scenario *s, const char *text)
{
	struct scenario_event *events = reallocarray(s->events, s->n_events + 1, sizeof(*events));
	struct scenario_event *event;

	if (!events || strlen(text) >= sizeof(event->text))
		return false;
	s->events = events;
	event = &events[s->n_events++];
	*event = (struct scenario_event){0};
	strcpy(event->text, text);
	return true;
}

static bool read_head(struct scenario *s, const char *line, char *words[], size_t n)
{
	if (n < 2 || strlen(line) >= sizeof(s->head) || strlen(words[1]) >= sizeof(s->name))
		return false;
	strcpy(s->head, line);
	strcpy(s->name, words[1]);
	for (size_t i = 2; i < n; i++)
		s->unordered = s->unordered || strcmp(words[i], "compare=set") == 0;
	return true;
}

static bool read_line(struct scenario *s, char *line)
{
	char *words[WORDS_MAX + 4];
	char cut[512];
	size_t n;

	line[strcspn(line, "\r\n")] = '\0';
	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return true;
	if (strncmp(line, "ev ", 3) == 0)
		return read_event(s, line + 3);
	if (snprintf(cut, sizeof(cut), "%s", line) >= (int)sizeof(cut))
		return false;
	n = split(cut, words);
	if (!n)
		return true;
	if (strcmp(words[0], "scenario") == 0)
		return read_head(s, line, words, n);
	if (strcmp(words[0], "sup") == 0 || strcmp(words[0], "worker") == 0)
		return read_def(s, words, n);
	return strcmp(words[0], "begin") == 0 || strcmp(words[0], "end") == 0;
}

/* The events do not move any more: their words can point into them. */
static void cut_events(struct scenario *s)
{
	for (size_t i = 0; i < s->n_events; i++) {
		struct scenario_event *event = &s->events[i];
		char *rest = NULL;

		strcpy(event->cut, event->text);
		for (char *w = strtok_r(event->cut, " \t", &rest); w && event->n_words < WORDS_MAX;
		     w = strtok_r(NULL, " \t", &rest))
			event->words[event->n_words++] = w;
	}
}

int scenario_read(const char *path, struct scenario *ret_scenario)
{
	struct scenario *s = ret_scenario;
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int number = 0;

	*s = (struct scenario){.pace = 1};
	if (!file) {
		snprintf(s->error, sizeof(s->error), "%s", strerror(errno));
		return -EINVAL;
	}
	while (!s->error[0] && getline(&line, &size, file) >= 0) {
		number++;
		if (!read_line(s, line))
			snprintf(s->error, sizeof(s->error), "line %d is no statement", number);
	}
	free(line);
	fclose(file);
	if (!s->error[0] && (!s->head[0] || !scenario_root(s)))
		snprintf(s->error, sizeof(s->error), "no scenario, or no root in it");
	cut_events(s);
	return s->error[0] ? -EINVAL : 0;
}

void scenario_fini(struct scenario *scenario)
{
	free(scenario->defs);
	free(scenario->events);
	*scenario = (struct scenario){0};
}

/* ---- questions ---- */

struct actor_def *scenario_find(const struct scenario *scenario, const char *name)
{
	for (size_t i = 0; i < scenario->n_defs; i++)
		if (strcmp(scenario->defs[i].name, name) == 0)
			return &scenario->defs[i];
	return NULL;
}

const struct actor_def *scenario_root(const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->n_defs; i++)
		if (strcmp(scenario->defs[i].parent, "-") == 0)
			return &scenario->defs[i];
	return NULL;
}

bool actor_fails(const struct actor_def *def, unsigned attempt)
{
	for (size_t i = 0; i < def->n_fails; i++)
		if (def->fails[i] == attempt)
			return true;
	return def->fail_all;
}

struct span scenario_shortest_period(const struct scenario *scenario)
{
	struct span shortest = SPAN_INFINITY;

	for (size_t i = 0; i < scenario->n_defs; i++) {
		struct span period = SPAN_S(scenario->defs[i].period * scenario->pace);

		if (scenario->defs[i].supervisor && period.ns < shortest.ns)
			shortest = period;
	}
	return shortest;
}

bool scenario_sleeps(const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->n_events; i++)
		if (strcmp(scenario->events[i].words[0], "sleep") == 0)
			return true;
	return false;
}

bool scenario_verb_is_act(const char *verb)
{
	static const char *const verbs[] = {"link", "unlink", "monitor", "demonitor", "trap", NULL};

	return find_word(verb, verbs) >= 0;
}

bool scenario_has_messages(const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->n_defs; i++)
		if (scenario->defs[i].trap)
			return true;
	for (size_t i = 0; i < scenario->n_events; i++)
		if (scenario_verb_is_act(scenario->events[i].words[0]))
			return true;
	return false;
}

/* ---- specs ---- */

static struct spec *spec_of(const struct actor_def *def)
{
	bool root = strcmp(def->parent, "-") == 0;
	struct spec *spec = spec_new(def->supervisor ? CHILD_SUPERVISOR : CHILD_SERVICE,
				     root ? "/" : def->name);

	if (!spec)
		return NULL;
	spec->restart = def->restart;
	spec->significant = def->significant;
	spec->shutdown = def->shutdown;
	spec->shutdown_span = SPAN_MS(def->shutdown_ms);
	spec->start_timeout = SPAN_INFINITY;
	spec->ready = READY_NOTIFY;
	spec->trap_exit = def->trap;
	if (!def->supervisor)
		return spec;
	spec->strategy = def->strategy;
	spec->intensity = def->intensity;
	spec->period = SPAN_S(def->period);
	spec->auto_shutdown = def->auto_shutdown;
	spec->give_up = GIVE_UP_ESCALATE;
	return spec;
}

/* Scenarios are a few levels deep: recursion is fine in a test's own tool. */
struct spec *scenario_spec(const struct scenario *scenario, const struct actor_def *def)
{
	struct spec *spec = spec_of(def);

	for (size_t i = 0; spec && def->supervisor && i < scenario->n_defs; i++) {
		const struct actor_def *below = &scenario->defs[i];
		struct spec *child;

		if (strcmp(below->parent, def->name) != 0)
			continue;
		child = scenario_spec(scenario, below);
		if (!child || spec_add_child(spec, child) < 0) {
			spec_unref(child);
			spec_unref(spec);
			return NULL;
		}
	}
	return spec;
}
