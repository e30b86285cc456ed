/* SPDX-License-Identifier: MIT */

/* What workers do to each other, and the messages that come of it. */

#include <stdio.h>
#include <string.h>

#include "tests/otp/play_state.h"

/* ---- monitors ---- */

static uint64_t monitor_add(struct play *play, actor_pid owner, const char *of, const char *mark)
{
	struct monitor *m;

	play->monitors = play_grow(play->monitors, play->n_monitors, sizeof(*play->monitors));
	m = &play->monitors[play->n_monitors++];
	*m = (struct monitor){.ref = ++play->n_refs, .owner = owner};
	snprintf(m->mark, sizeof(m->mark), "%s", mark);
	snprintf(m->of, sizeof(m->of), "%s", of);
	return m->ref;
}

static void monitor_drop(struct play *play, struct monitor *m)
{
	*m = play->monitors[--play->n_monitors];
}

/* ---- acts ---- */

/* All of the actor's with that mark. */
static int do_demonitor(struct play *play, struct act *act, const char *mark)
{
	for (size_t i = play->n_monitors; i--;) {
		struct monitor *m = &play->monitors[i];

		if (m->owner.n != act->pid.n || strcmp(m->mark, mark) != 0)
			continue;
		act->ref = m->ref;
		monitor_drop(play, m);
		if (play->ops->act(play->world, act) < 0)
			return -1;
	}
	return 0;
}

int play_do_act(struct play *play, char *const *words)
{
	bool has_target = strcmp(words[0], "trap") != 0 && strcmp(words[0], "demonitor") != 0;
	const struct label *target = has_target ? label_find(play, words[2]) : NULL;
	const struct label *label = label_live(play, words[1]);
	struct act act = {.verb = words[0]};
	const char *refusal = has_target && !target ? "never_started" : !label ? "noproc" : NULL;

	snprintf(play->answer, sizeof(play->answer), "%s", refusal ? refusal : "ok");
	if (refusal)
		return 0;
	act.pid = label->pid;
	if (target)
		act.target = target->pid;
	if (strcmp(words[0], "demonitor") == 0)
		return do_demonitor(play, &act, words[2]);
	if (strcmp(words[0], "monitor") == 0)
		act.ref = monitor_add(play, label->pid, words[2], words[3]);
	act.on = strcmp(words[2], "on") == 0;
	return play->ops->act(play->world, &act);
}

/* ---- messages ---- */

static const char *label_text(const struct play *play, actor_pid pid)
{
	const struct label *label = label_of_pid(play, pid);

	return label ? label->text : "driver";
}

static void note(struct play *play, actor_pid to, const char *what, const char *reason)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	buf_printf(&text, "%s %s ", label_text(play, to), what);
	play_put_reason(&text, reason);
	lines_add(&play->notes, buf_text(&text));
}

void play_took_exit(struct play *play, actor_pid to, actor_pid from, const char *reason)
{
	char what[LABEL_MAX + 8];

	snprintf(what, sizeof(what), "EXIT %s", label_text(play, from));
	note(play, to, what, reason);
}

/* One that nobody has asked for shows in the trace. */
void play_took_down(struct play *play, actor_pid to, uint64_t ref, const char *reason)
{
	char what[2 * LABEL_MAX + 8] = "DOWN ? ?";

	for (size_t i = 0; i < play->n_monitors; i++) {
		struct monitor *m = &play->monitors[i];

		if (m->ref != ref || m->owner.n != to.n)
			continue;
		snprintf(what, sizeof(what), "DOWN %s %s", m->mark, m->of);
		monitor_drop(play, m);
		break;
	}
	note(play, to, what, reason);
}
