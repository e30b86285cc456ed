/* SPDX-License-Identifier: MIT */

#include "tests/otp/play_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *play_grow(void *array, size_t n, size_t size)
{
	void *grown = reallocarray(array, n + 1, size);

	if (!grown) {
		fputs("otp: out of memory\n", stderr);
		exit(1);
	}
	return grown;
}

void lines_add(struct lines *lines, const char *text)
{
	lines->at = play_grow(lines->at, lines->n, sizeof(*lines->at));
	snprintf(lines->at[lines->n++], LINE_MAX_SIZE, "%s", text);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* ---- reasons ---- */

void play_put_reason(struct buf *out, const char *reason)
{
	static const char failed[] = "shutdown:failed_to_start_child(";

	while (*reason) {
		if (strncmp(reason, failed, sizeof(failed) - 1) == 0) {
			reason += strlen("shutdown:");
		} else if (strncmp(reason, "exit:", 5) == 0) {
			buf_puts(out, "error:");
			reason += 5;
		} else {
			buf_putc(out, *reason++);
		}
	}
}

/* ---- labels ---- */

struct label *label_find(struct play *play, const char *text)
{
	for (size_t i = 0; i < play->n_labels; i++)
		if (strcmp(play->labels[i].text, text) == 0)
			return &play->labels[i];
	return NULL;
}

struct label *label_of_pid(const struct play *play, actor_pid pid)
{
	for (size_t i = play->n_lives; pid.n && i--;)
		if (play->lives[i].pid.n == pid.n)
			return &play->labels[play->lives[i].label];
	return NULL;
}

static struct label *label_get(struct play *play, const char *text)
{
	struct label *label = label_find(play, text);

	if (label)
		return label;
	play->labels = play_grow(play->labels, play->n_labels, sizeof(*play->labels));
	label = &play->labels[play->n_labels++];
	*label = (struct label){0};
	snprintf(label->text, sizeof(label->text), "%s", text);
	return label;
}

void play_path_name(const struct play *play, const char *path, char name[LABEL_MAX])
{
	const char *slash = strrchr(path, '/');

	if (strcmp(path, "/") == 0) {
		snprintf(name, LABEL_MAX, "%s", scenario_root(play->scenario)->name);
		return;
	}
	snprintf(name, LABEL_MAX, "%s", slash ? slash + 1 : path);
	name[strcspn(name, "@")] = '\0';
}

const struct actor_def *play_def(const struct play *play, const char *path)
{
	char name[LABEL_MAX];

	play_path_name(play, path, name);
	return scenario_find(play->scenario, name);
}

const struct actor_def *play_simple_parent(const struct play *play, const struct actor_def *def)
{
	const struct actor_def *parent = def ? scenario_find(play->scenario, def->parent) : NULL;

	return parent && parent->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE ? parent : NULL;
}

/* The label of an actor that has just become ready. */
static struct label *label_ready(struct play *play, const char *path)
{
	const struct actor_def *def = play_def(play, path);
	const struct actor_def *simple = play_simple_parent(play, def);
	char text[LABEL_MAX + 16];
	size_t size;
	unsigned n = 1;

	if (!simple) {
		play_path_name(play, path, text);
		return label_get(play, text);
	}
	size = (size_t)snprintf(text, sizeof(text), "%s#", simple->name);
	for (size_t i = 0; i < play->n_labels; i++)
		n += strncmp(play->labels[i].text, text, size) == 0;
	snprintf(text + size, sizeof(text) - size, "%u", n);
	return label_get(play, text);
}

/* ---- what happens ---- */

static void happened_exit(struct play *play, actor_pid pid, const char *path, const char *reason)
{
	struct label *label = label_of_pid(play, pid);
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	if (!label)
		return;
	if (label->pid.n == pid.n)
		label->alive = false;
	buf_printf(&text, "- %s ", label->text);
	play_put_reason(&text, reason);
	lines_add(&play->log, buf_text(&text));
	if (strcmp(path, "/") == 0) {
		play->ended = true;
		snprintf(play->end, sizeof(play->end), "%s", strchr(buf_text(&text) + 2, ' ') + 1);
	}
}

void play_happened(struct play *play, enum happening what, actor_pid pid, const char *path,
		   const char *reason)
{
	char text[LINE_MAX_SIZE], name[LABEL_MAX];
	struct buf end CLEANUP(buf_fini) = BUF_INIT;
	struct label *label;

	play_path_name(play, path, name);
	if (what == HAPPENED_EXIT) {
		happened_exit(play, pid, path, reason);
		return;
	}
	if (what == HAPPENED_READY) {
		label = label_ready(play, path);
		label->pid = pid;
		label->alive = true;
		play->lives = play_grow(play->lives, play->n_lives, sizeof(*play->lives));
		play->lives[play->n_lives++] = (struct life){pid, (size_t)(label - play->labels)};
		snprintf(text, sizeof(text), "+ %s %u", label->text, ++label->starts);
	} else {
		snprintf(text, sizeof(text), "%c %s", what == HAPPENED_HELD ? '?' : '!', name);
	}
	lines_add(&play->log, text);
	if (what == HAPPENED_START_FAILED && strcmp(path, "/") == 0) {
		play->ended = true;
		play_put_reason(&end, reason);
		snprintf(play->end, sizeof(play->end), "%s", buf_text(&end));
	}
}

void play_answer(struct play *play, int number, bool async, const char *text)
{
	struct buf answer CLEANUP(buf_fini) = BUF_INIT;
	struct buf note CLEANUP(buf_fini) = BUF_INIT;

	play_put_reason(&answer, text);
	if (!async) {
		snprintf(play->answer, sizeof(play->answer), "%s", buf_text(&answer));
		return;
	}
	play->pending--;
	buf_printf(&note, "async %d %s", number, buf_text(&answer));
	lines_add(&play->notes, buf_text(&note));
}

static bool name_is_simple(const struct play *play, const char *target)
{
	const struct actor_def *def = play_def(play, target);

	return def && def->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE;
}

void play_put_row(struct play *play, const char *id, const char *state, actor_pid pid,
		  const char *type)
{
	const struct label *label = pid.n ? label_of_pid(play, pid) : NULL;
	char text[LINE_MAX_SIZE];

	if (label && strcmp(id, "undefined") == 0)
		id = label->text;
	snprintf(text, sizeof(text), "%s=%s:%s", id, state, type);
	lines_add(&play->rows, text);
}

void play_end_rows(struct play *play, struct buf *out)
{
	struct lines *rows = &play->rows;

	/* Under a simple_one_for_one OTP's order means nothing. */
	if (rows->n && (strchr(rows->at[0], '#') || strncmp(rows->at[0], "undefined=", 10) == 0))
		qsort(rows->at, rows->n, sizeof(*rows->at), compare_lines);
	buf_puts(out, "ok [");
	for (size_t i = 0; i < rows->n; i++)
		buf_printf(out, "%s%s", i ? "," : "", rows->at[i]);
	buf_putc(out, ']');
	rows->n = 0;
}

const struct scenario *play_scenario(const struct play *play)
{
	return play->scenario;
}

/* ---- blocks ---- */

/* Children of a simple_one_for_one stop at the same time: each run of their stops is sorted. */
static void sort_runs(struct lines *log)
{
	size_t start = 0;

	for (size_t i = 0; i <= log->n; i++) {
		if (i < log->n && log->at[i][0] == '-' && strchr(log->at[i], '#'))
			continue;
		qsort(log->at + start, i - start, sizeof(*log->at), compare_lines);
		start = i + 1;
	}
}

static int put_block(struct play *play, size_t number, const char *text, const char *result)
{
	struct lines *log = &play->log, *notes = &play->notes;

	buf_printf(play->out, "== %zu %s\n", number, text);
	if (play->scenario->unordered && log->n)
		qsort(log->at, log->n, sizeof(*log->at), compare_lines);
	else if (log->n)
		sort_runs(log);
	for (size_t i = 0; i < log->n; i++)
		buf_printf(play->out, "%s\n", log->at[i]);
	if (notes->n)
		qsort(notes->at, notes->n, sizeof(*notes->at), compare_lines);
	for (size_t i = 0; i < notes->n; i++)
		buf_printf(play->out, "* %s\n", notes->at[i]);
	log->n = notes->n = 0;
	buf_printf(play->out, "result %s\n", result);
	return play_put_tree(play);
}

/* ---- events ---- */

struct label *label_live(struct play *play, const char *text)
{
	struct label *label = label_find(play, text);

	return label && label->alive ? label : NULL;
}

/* The pid that a child's label means for a simple_one_for_one: a living stranger's if it has none.
 */
static void child_pid_text(struct play *play, const char *text, char pid[ACTOR_PID_TEXT_MAX])
{
	struct label *label = label_find(play, text);

	if (!label)
		label = label_find(play, scenario_root(play->scenario)->name);
	actor_pid_format(label->pid, pid);
}

static int do_call(struct play *play, char *const *words, size_t n, int number, bool async)
{
	struct label *target = n > 1 ? label_live(play, words[1]) : NULL;
	struct api_call call = {.verb = words[0], .number = number, .async = async};
	char pid[ACTOR_PID_TEXT_MAX], target_pid[ACTOR_PID_TEXT_MAX];

	if (async)
		play->pending++;
	if (!target) {
		play_answer(play, number, async, "noproc");
		return 0;
	}
	if (!async && play->ops->is_held(play->world, words[1])) {
		play_answer(play, number, async, "busy");
		return 0;
	}
	actor_pid_format(target->pid, target_pid);
	call.target = target_pid;
	call.child = n > 2 ? words[2] : NULL;
	if (strcmp(words[0], "start_child") == 0) {
		call.spec = n > 2 ? scenario_find(play->scenario, words[2]) : NULL;
		call.child = NULL;
	} else if (name_is_simple(play, words[1]) && n > 2 && strchr(words[2], '#')) {
		child_pid_text(play, words[2], pid);
		call.child = pid;
	}
	return play->ops->call(play->world, &call);
}

static int do_release(struct play *play, char *const *words, size_t n)
{
	int r = play->ops->release(play->world, words[1], n > 2 && strcmp(words[2], "fail") == 0);

	snprintf(play->answer, sizeof(play->answer), "%s", r ? "ok" : "none");
	return r < 0 ? -1 : 0;
}

/* Acts of, or on, an actor that is alive. */
static int do_to_actor(struct play *play, char *const *words)
{
	struct label *label = label_live(play, words[1]);

	snprintf(play->answer, sizeof(play->answer), "%s", label ? "ok" : "noproc");
	if (!label)
		return 0;
	if (strcmp(words[0], "die") == 0)
		return play->ops->die(play->world, label->text, label->pid, words[2]);
	/* Who plays the scenario is the root's parent, and in OTP obeyed. */
	if (strcmp(label->text, scenario_root(play->scenario)->name) == 0 &&
	    strcmp(words[2], "shutdown") == 0)
		return play->ops->stop(play->world);
	return play->ops->exit(play->world, label->pid, words[2]);
}

static int do_stop(struct play *play)
{
	if (!label_live(play, scenario_root(play->scenario)->name)) {
		snprintf(play->answer, sizeof(play->answer), "noproc");
		return 0;
	}
	return play->ops->stop(play->world);
}

static int do_event(struct play *play, const struct scenario_event *event, int number)
{
	char *const *words = event->words;
	const char *verb = words[0];

	snprintf(play->answer, sizeof(play->answer), "ok");
	if (strcmp(verb, "die") == 0 || strcmp(verb, "exit") == 0)
		return do_to_actor(play, words);
	if (strcmp(verb, "hold") == 0)
		return play->ops->hold(play->world, words[1]);
	if (strcmp(verb, "release") == 0)
		return do_release(play, words, event->n_words);
	if (strcmp(verb, "sleep") == 0)
		return play->ops->sleep(play->world, (unsigned)strtoul(words[1], NULL, 10));
	if (strcmp(verb, "stop") == 0)
		return do_stop(play);
	if (scenario_verb_is_act(verb))
		return play_do_act(play, words);
	if (strcmp(verb, "async") != 0)
		return do_call(play, words, event->n_words, number, false);
	snprintf(play->answer, sizeof(play->answer), "queued");
	return do_call(play, words + 1, event->n_words - 1, number, true);
}

static int play_event(struct play *play, size_t i)
{
	const struct scenario_event *event = &play->scenario->events[i];
	bool ended = play->ended;
	int r;

	if (do_event(play, event, (int)i + 1) < 0)
		return -1;
	r = play->ops->rest(play->world);
	if (r)
		return r;
	if (strcmp(event->words[0], "stop") == 0 && play->ended && !ended)
		snprintf(play->answer, sizeof(play->answer), "ok %s", play->end);
	return put_block(play, i + 1, event->text, play->answer);
}

static int play_begin(struct play *play)
{
	int r;

	if (play->ops->open(play, &play->world) < 0)
		return -1;
	r = play->ops->rest(play->world);
	if (r)
		return r;
	snprintf(play->answer, sizeof(play->answer), "ok");
	if (play->ended)
		snprintf(play->answer, sizeof(play->answer), "error start(%s)", play->end);
	return put_block(play, 0, "begin", play->answer);
}

int play_scenario_in(const struct world_ops *ops, const struct scenario *scenario, struct buf *out)
{
	struct play play = {.scenario = scenario, .ops = ops, .out = out};
	int r;

	buf_printf(out, "%s\n", scenario->head);
	r = play_begin(&play);
	for (size_t i = 0; r == 0 && i < scenario->n_events; i++)
		r = play_event(&play, i);
	if (play.world && ops->close(play.world) < 0)
		r = -1;
	if (r == 0)
		buf_puts(out, "end\n");
	free(play.labels);
	free(play.lives);
	free(play.nodes);
	free(play.monitors);
	free(play.log.at);
	free(play.notes.at);
	free(play.rows.at);
	return out->error ? -1 : r;
}
