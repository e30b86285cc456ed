/* SPDX-License-Identifier: MIT */

/*
 * Which deaths get a report, and its way:
 *
 *   1. the zombie, if there was a process: reports_ended() begins a draft, takes the facts, asks
 *      the log keeper for the last lines (before whatever comes next can write more of them)
 *   2. the notice of the end: reason, causes; where it turns out to be none to report, the draft
 *      goes
 *   3. notices of what came of it, while the draft is there
 *   4. the last lines, or two seconds without: what may take a moment is done (the core is looked
 *      for), the row is ended and kept
 *
 * From its first crash on a service has a record (struct crashes) of its last starts and ends, made
 * out of what the model remembers of it.
 */

#include "supd/reporting.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/look.h"
#include "supd/events.h"

#define BURST 5
#define EACH SPAN_S(60)
#define BURST_OF_ALL 100
#define EACH_OF_ALL SPAN_MS(100)
/* For the last lines. */
#define PATIENCE SPAN_S(2)

/* ---- limits ---- */

bool bucket_take(struct bucket *bucket, uint32_t most, struct span each, struct mono now)
{
	int64_t drained = mono_between(bucket->since, now).ns / each.ns;

	if (drained >= bucket->used) {
		bucket->used = 0;
		bucket->since = now;
	} else {
		bucket->used -= (uint32_t)drained;
		bucket->since.ns += drained * each.ns;
	}
	if (bucket->used >= most)
		return false;
	bucket->used++;
	return true;
}

/* ---- records ---- */

static struct crashes *crashes_find(const struct reports *r, uint32_t slot)
{
	return map_get(&r->crashes, (uint64_t)slot + 1);
}

static bool is_passage(enum link_kind kind)
{
	return kind == LINK_START || kind == LINK_EXITED || kind == LINK_START_FAILED;
}

static void crashes_note(struct crashes *crashes, const struct link *link)
{
	struct passage *passage = &crashes->passages[crashes->n_passages % PASSAGES_MAX];

	if (!is_passage(link->kind) || link->seq <= crashes->last_seq)
		return;
	if (crashes->n_passages++ >= PASSAGES_MAX)
		reason_fini(&passage->reason);
	crashes->last_seq = link->seq;
	*passage = (struct passage){link->at, link->pid, link->kind, reason_copy(&link->reason)};
}

/* NULL: no memory. */
static struct crashes *crashes_of(struct reports *r, uint32_t slot)
{
	struct crashes *crashes = crashes_find(r, slot);
	const struct link *link;

	if (crashes)
		return crashes;
	crashes = calloc(1, sizeof(*crashes));
	if (!crashes || map_set(&r->crashes, (uint64_t)slot + 1, crashes) < 0) {
		free(crashes);
		return NULL;
	}
	for (uint32_t i = CHAIN_LENGTH; i > 0; i--)
		if ((link = core_chain(r->daemon->core, slot, i - 1)))
			crashes_note(crashes, link);
	return crashes;
}

static void crashes_free(struct crashes *crashes)
{
	for (size_t i = 0; crashes && i < PASSAGES_MAX; i++)
		reason_fini(&crashes->passages[i].reason);
	free(crashes);
}

/* ---- drafts ---- */

static void draft_free(struct reports *r, struct draft *draft)
{
	list_unlink(&draft->link);
	r->n_drafts--;
	if (draft->awaits)
		keeper_mark_cancel(&draft->mark);
	texts_fini(&draft->linked);
	texts_fini(&draft->monitors);
	if (draft->has_core)
		core_place_fini(&draft->core);
	free(draft->name);
	reason_fini(&draft->reason);
	buf_fini(&draft->outcome);
	buf_fini(&draft->output);
	buf_fini(&draft->row);
	free(draft);
}

static struct draft *draft_find(struct reports *r, uint32_t slot, actor_pid pid)
{
	LIST_EACH (it, &r->drafts) {
		struct draft *draft = LIST_ENTRY(it, struct draft, link);

		if (!draft->gone && draft->slot == slot && draft->pid.n == pid.n)
			return draft;
	}
	return NULL;
}

/* NULL: there is to be none, or no memory for it; it is counted. */
static struct draft *draft_begin(struct reports *r, uint32_t slot, actor_pid pid, bool always)
{
	struct crashes *crashes = crashes_of(r, slot);
	struct mono now = loop_now();
	struct draft *draft = NULL;

	if (!crashes)
		return NULL;
	if (always || (crashes->refused.n != pid.n && r->n_drafts < DRAFTS_MAX &&
		       bucket_take(&crashes->bucket, BURST, EACH, now) &&
		       bucket_take(&r->bucket, BURST_OF_ALL, EACH_OF_ALL, now)))
		draft = calloc(1, sizeof(*draft));
	if (!draft) {
		crashes->left_out += crashes->refused.n != pid.n;
		crashes->refused = pid;
		return NULL;
	}
	draft->reports = r;
	draft->slot = slot;
	draft->pid = pid;
	draft->found = now;
	draft->due = MONO_NEVER;
	draft->facts.cgroup_memory = draft->facts.oom_kills = -1;
	list_append(&r->drafts, &draft->link);
	r->n_drafts++;
	return draft;
}

/* Its supervisor stops others before it comes to it again. */
static bool is_in_hand(const struct child_view *v)
{
	return v->comes_back ||
	       (v->state == CHILD_DEAD && v->spec->restart != RESTART_TEMPORARY && !v->held);
}

/* It has ended, and nothing has come of it yet. */
static void draft_find_outcome(const struct reports *r, struct draft *draft)
{
	struct child_view v, parent;

	if (!core_view(r->daemon->core, draft->slot, &v) || v.pid.n != draft->pid.n)
		return;
	if (v.state == CHILD_DONE || v.state == CHILD_FAILED)
		buf_printf(&draft->outcome, "it is not started again: restart = %s",
			   restart_type_names[v.spec->restart]);
	else if (is_in_hand(&v) && core_view(r->daemon->core, v.parent, &parent) &&
		 parent.state == CHILD_RUNNING &&
		 (parent.spec->strategy == STRATEGY_ONE_FOR_ALL ||
		  parent.spec->strategy == STRATEGY_REST_FOR_ONE))
		buf_printf(
			&draft->outcome, "is started again when %s of %s are down: strategy = %s",
			parent.spec->strategy == STRATEGY_ONE_FOR_ALL ? "all" : "those behind it",
			parent.path, strategy_names[parent.spec->strategy]);
}

static void draft_tell_past(struct reports *r, struct draft *draft, const struct crashes *crashes)
{
	if (!draft->outcome.size)
		draft_find_outcome(r, draft);
	draft_put_past(draft, crashes);
}

/* Step 4. */
static void draft_complete(struct reports *r, struct draft *draft)
{
	if (draft->awaits)
		draft->silence = "the log keeper has not answered in time";
	if (!draft->gone)
		draft_tell_past(r, draft, crashes_find(r, draft->slot));
	if (draft_put_rest(draft) == 0)
		reports_keep(r->daemon, draft);
	draft_free(r, draft);
}

/* ---- 1. the zombie ---- */

/* Somebody has told it to stop, and it did: no more than a crash of its own is worth a report. */
static bool was_told_to_stop(const struct core *core, uint32_t slot, actor_pid pid)
{
	const struct link *link;

	for (uint32_t i = 0; (link = core_chain(core, slot, i)); i++)
		if (link->pid.n == pid.n && link->kind == LINK_STOPPING)
			return true;
	return false;
}

static bool is_to_be_reported(const struct daemon *d, const struct child_view *v, actor_pid pid,
			      const struct reason *reason)
{
	if (v->spawned || v->spec->type != CHILD_SERVICE || reason->kind == REASON_NONE ||
	    reason_is_normal_child(reason))
		return false;
	return reason->kind == REASON_SIGNAL || !was_told_to_stop(d->core, v->slot, pid);
}

void reports_ended(struct daemon *d, struct process *p, const siginfo_t *info)
{
	struct draft *draft;
	struct child_view v;
	struct reason reason;

	if (!d->reports || !core_view(d->core, p->slot, &v) || v.pid.n != p->pid.n)
		return;
	reason = v.verdict.kind != REASON_NONE ? v.verdict
		 : info->si_code == CLD_EXITED ? spec_classify_exit(v.spec, info->si_status)
					       : spec_classify_signal(v.spec, info->si_status);
	if (!is_to_be_reported(d, &v, p->pid, &reason))
		return;
	draft = draft_begin(d->reports, p->slot, p->pid, false);
	if (!draft)
		return;
	draft->awaits = reports_ask_output(d, draft, &v);
	facts_take(draft, d, p, info);
	facts_take_ties(draft, d, &v);
}

/* ---- 2. its end is told ---- */

static void reports_set_timer(struct reports *r)
{
	struct mono due = MONO_NEVER;

	LIST_EACH (it, &r->drafts)
		due.ns = MIN_OF(due.ns, LIST_ENTRY(it, struct draft, link)->due.ns);
	loop_timer_start(r->daemon->loop, &r->timer, due);
}

static void draft_set_due(struct reports *r, struct draft *draft)
{
	draft->due = loop_now();
	if (draft->awaits)
		draft->due = mono_add(draft->due, PATIENCE);
	reports_set_timer(r);
}

static void draft_tell(struct reports *r, struct draft *draft, const struct child_view *v,
		       const struct link *link)
{
	struct crashes *crashes = crashes_find(r, draft->slot);

	draft->name = strdup(v->path);
	if (!draft->name || !crashes) {
		draft_free(r, draft);
		return;
	}
	draft->told = true;
	draft->seq = events_of_link(r->daemon, link->seq);
	draft->reason = reason_copy(&link->reason);
	facts_place_core(draft, v);
	draft_put_told(draft, r->daemon, v, link, crashes);
	crashes->left_out = 0;
	draft_set_due(r, draft);
}

static void take_end(struct reports *r, const struct child_view *v, const struct link *link)
{
	struct draft *draft = draft_find(r, v->slot, link->pid);

	if (draft && draft->told)
		return;
	if (!is_to_be_reported(r->daemon, v, link->pid, &link->reason)) {
		if (draft)
			draft_free(r, draft);
		return;
	}
	if (!draft)
		draft = draft_begin(r, v->slot, link->pid, false);
	if (!draft)
		return;
	if (!draft->facts.os_pid && link->reason.kind == REASON_EXEC)
		draft->silence = "its program was not executed";
	else if (!draft->facts.os_pid)
		draft->awaits = reports_ask_output(r->daemon, draft, v);
	draft_tell(r, draft, v, link);
}

/* ---- 3. what came of it ---- */

/* The newest: those of crashes before it may wait for their last lines still. */
static struct draft *find_told(struct reports *r, uint32_t slot)
{
	for (struct list *it = r->drafts.prev; it != &r->drafts; it = it->prev) {
		struct draft *draft = LIST_ENTRY(it, struct draft, link);

		if (!draft->gone && draft->slot == slot && draft->told)
			return draft;
	}
	return NULL;
}

static void take_outcome(struct reports *r, const struct child_view *v, const struct link *link)
{
	struct draft *draft = find_told(r, v->slot);
	char span[SPAN_TEXT_MAX];

	if (!draft || draft->outcome.size)
		return;
	if (link->kind == LINK_BACKOFF)
		buf_printf(&draft->outcome, "is started again in %s",
			   span_format(SPAN_MS(link->code), span));
	else
		buf_puts(&draft->outcome, link->kind == LINK_START  ? "was started again"
					  : link->kind == LINK_IDLE ? "waits until it is wanted"
								    : "waits for another one");
}

/* A report of its own, even if others were left out. */
static void take_give_up(struct reports *r, const struct child_view *v, const struct link *link)
{
	struct draft *draft = find_told(r, link->cause.slot);
	struct draft *own;

	if (draft && link->kind == LINK_FAILED) {
		buf_clear(&draft->outcome);
		buf_printf(&draft->outcome,
			   "failed: it was restarted too often; supctl start %s tries again",
			   v->path);
		return;
	}
	if (draft) {
		buf_clear(&draft->outcome);
		buf_printf(&draft->outcome, "its supervisor %s gave up", v->path);
	}
	own = draft_begin(r, v->slot, link->pid, true);
	if (!own)
		return;
	if (v->spec->type == CHILD_SERVICE)
		own->awaits = reports_ask_output(r->daemon, own, v);
	draft_tell(r, own, v, link);
}

typedef void take_notice(struct reports *r, const struct child_view *v, const struct link *link);

static take_notice *const takers[LINK_N_KINDS] = {
	[LINK_START] = take_outcome,   [LINK_START_FAILED] = take_end, [LINK_EXITED] = take_end,
	[LINK_BACKOFF] = take_outcome, [LINK_GAVE_UP] = take_give_up,  [LINK_FAILED] = take_give_up,
	[LINK_WAITING] = take_outcome, [LINK_IDLE] = take_outcome,
};

void reports_on_notice(struct daemon *d, uint32_t slot, const struct link *link)
{
	struct reports *r = d->reports;
	struct crashes *crashes = r ? crashes_find(r, slot) : NULL;
	struct child_view v;

	if (crashes)
		crashes_note(crashes, link);
	if (r && takers[link->kind] && core_view(d->core, slot, &v))
		takers[link->kind](r, &v, link);
}

/* What is not told is not told any more; what is told still waits for the last lines. */
void reports_on_forget(struct daemon *d, uint32_t slot)
{
	struct reports *r = d->reports;
	struct crashes *crashes = r ? map_remove(&r->crashes, (uint64_t)slot + 1) : NULL;

	if (!crashes)
		return;
	LIST_EACH (it, &r->drafts) {
		struct draft *draft = LIST_ENTRY(it, struct draft, link);

		if (draft->gone || draft->slot != slot)
			continue;
		if (!draft->told) {
			draft_free(r, draft);
			continue;
		}
		draft_tell_past(r, draft, crashes);
		draft->gone = true;
	}
	crashes_free(crashes);
}

/* ---- 4. the last lines, or none ---- */

static void on_timer(void *owner)
{
	struct reports *r = owner;
	struct mono now = loop_now();

	LIST_EACH (it, &r->drafts) {
		struct draft *draft = LIST_ENTRY(it, struct draft, link);

		if (draft->due.ns <= now.ns)
			draft_complete(r, draft);
	}
	reports_set_timer(r);
}

/* It may be quicker than the news of the end. */
void draft_take_output(struct draft *draft, const char *lines, size_t size)
{
	draft->awaits = false;
	if (!lines)
		draft->silence = "the log keeper does not have them";
	else if (buf_append(&draft->output, lines, size) < 0)
		draft->silence = "the daemon was short of memory";
	else
		draft->has_output = true;
	if (draft->told)
		draft_set_due(draft->reports, draft);
}

/* ---- life ---- */

void reports_open(struct daemon *d)
{
	struct reports *r = calloc(1, sizeof(*r));

	if (!r)
		return;
	r->daemon = d;
	list_init(&r->drafts);
	list_init(&r->kept);
	r->most = d->config->reports_kept;
	r->timer.call = on_timer;
	r->timer.owner = r;
	d->reports = r;
	reports_read_back(r);
}

void reports_close(struct daemon *d)
{
	struct reports *r = d->reports;

	if (!r)
		return;
	loop_timer_stop(d->loop, &r->timer);
	LIST_EACH (it, &r->drafts) {
		struct draft *draft = LIST_ENTRY(it, struct draft, link);

		if (draft->told)
			draft_complete(r, draft);
		else
			draft_free(r, draft);
	}
	for (size_t i = 0; i < r->crashes.capacity; i++)
		if (r->crashes.slots[i].key)
			crashes_free(r->crashes.slots[i].value);
	map_fini(&r->crashes);
	reports_drop_all(r);
	free(r);
	d->reports = NULL;
}
