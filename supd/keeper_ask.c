/* SPDX-License-Identifier: MIT */

/*
 * Marks and rotations that others ask for. All marks have the same time, and so have all rotations:
 * each list is in the order of their ends. A keeper that does not answer keeps nobody waiting.
 */

#include <sys/ioctl.h>
#include <unistd.h>

#include "supd/daemon.h"
#include "supd/keeping.h"
#include "supd/processes.h"

#define MARK_TIME SPAN_S(5)
#define ROTATION_TIME SPAN_S(30)

/* ---- time ---- */

static void set_timer(struct keeper *k)
{
	struct mono due = MONO_NEVER;

	if (!list_is_empty(&k->marks))
		due = LIST_ENTRY(k->marks.next, struct keeper_mark, link)->until;
	if (!list_is_empty(&k->rotations))
		due.ns = MIN_OF(
			due.ns,
			LIST_ENTRY(k->rotations.next, struct keeper_rotation, link)->until.ns);
	loop_timer_start(k->daemon->loop, &k->due, due);
}

static void end_mark(struct keeper_mark *mark, const char *tail, size_t size)
{
	list_unlink(&mark->link);
	mark->call(mark, tail, size);
}

void keeper_end_rotation(struct keeper_rotation *r, const char *error)
{
	list_unlink(&r->link);
	r->done(r, error);
}

/* Who is called may ask anew, or cancel others: the lists are looked at from the front. */
static void end_old(struct keeper *k, struct mono now)
{
	while (!list_is_empty(&k->marks)) {
		struct keeper_mark *m = LIST_ENTRY(k->marks.next, struct keeper_mark, link);

		if (m->until.ns > now.ns)
			break;
		end_mark(m, NULL, 0);
	}
	while (!list_is_empty(&k->rotations)) {
		struct keeper_rotation *r =
			LIST_ENTRY(k->rotations.next, struct keeper_rotation, link);

		if (r->until.ns > now.ns)
			break;
		keeper_end_rotation(r, "the log keeper does not answer");
	}
}

static void on_due(void *owner)
{
	struct keeper *k = owner;

	end_old(k, loop_now());
	set_timer(k);
}

void keeper_ask_init(struct keeper *k)
{
	list_init(&k->marks);
	list_init(&k->rotations);
	k->due.call = on_due;
	k->due.owner = k;
}

void keeper_ask_close(struct keeper *k)
{
	end_old(k, MONO_NEVER);
	loop_timer_stop(k->daemon->loop, &k->due);
}

void keeper_asked_anew(struct keeper *k)
{
	LIST_EACH (it, &k->marks) {
		struct keeper_mark *m = LIST_ENTRY(it, struct keeper_mark, link);

		/* It counts anew. */
		m->at = -1;
		m->sent = false;
	}
	LIST_EACH (it, &k->rotations)
		LIST_ENTRY(it, struct keeper_rotation, link)->sent = false;
}

/* ---- marks ---- */

static bool read_progress(const struct stream *s, struct keeper_progress *ret)
{
	return pread(s->keeper->record, ret, sizeof(*ret), keeper_progress_at(s->number)) ==
		       sizeof(*ret) &&
	       ret->pipe == s->inode && !(ret->word & 1);
}

bool stream_is_settled(const struct stream *s, int64_t *ret_at)
{
	struct keeper_progress before, after;
	int waiting = 0;

	*ret_at = -1;
	if (!s->told || !read_progress(s, &before) || ioctl(s->in, FIONREAD, &waiting) < 0 ||
	    !read_progress(s, &after) || before.word != after.word)
		return false;
	*ret_at = (int64_t)(after.word >> 1) + waiting;
	return waiting == 0 && !after.open;
}

/* The one that has a file, where only one of two has. */
static struct stream *stream_of(const struct daemon *d, uint32_t slot)
{
	const struct process *p = d->keeper && d->processes ? process_find(d, slot) : NULL;
	struct buf file CLEANUP(buf_fini) = BUF_INIT;

	if (!p)
		return NULL;
	if (p->streams[1] && stream_file(p->streams[1], &file))
		return p->streams[1];
	return p->streams[0] ? p->streams[0] : p->streams[1];
}

bool keeper_mark(struct daemon *d, uint32_t slot, uint32_t lines, struct keeper_mark *mark)
{
	struct stream *s = stream_of(d, slot);
	bool first;

	list_init(&mark->link);
	if (!s)
		return false;
	first = list_is_empty(&d->keeper->marks);
	mark->ref = ++d->keeper->ref;
	mark->until = mono_add(loop_now(), MARK_TIME);
	mark->number = s->number;
	mark->lines = lines;
	mark->sent = false;
	if (!stream_is_settled(s, &mark->at) && mark->at < 0)
		d->keeper->hurries = true;
	d->keeper->wonders = true;
	list_append(&d->keeper->marks, &mark->link);
	if (first)
		set_timer(d->keeper);
	return true;
}

void keeper_mark_cancel(struct keeper_mark *mark)
{
	if (mark->link.next)
		list_unlink(&mark->link);
}

void keeper_answer_mark(struct keeper *k, uint64_t ref, const char *tail, size_t size)
{
	LIST_EACH (it, &k->marks) {
		struct keeper_mark *m = LIST_ENTRY(it, struct keeper_mark, link);

		if (m->ref == ref) {
			end_mark(m, tail, size);
			return;
		}
	}
}

/* ---- rotations ---- */

bool keeper_rotate(struct daemon *d, uint32_t slot, struct keeper_rotation *r)
{
	const struct stream *s = slot == SLOT_NONE ? NULL : stream_of(d, slot);

	list_init(&r->link);
	if (!keeper_dir(d) || (slot != SLOT_NONE && !s))
		return false;
	r->ref = ++d->keeper->ref;
	r->until = mono_add(loop_now(), ROTATION_TIME);
	r->number = s ? (int64_t)s->number : -1;
	r->sent = false;
	list_append(&d->keeper->rotations, &r->link);
	set_timer(d->keeper);
	return true;
}

struct keeper_rotation *keeper_find_rotation(struct keeper *k, uint64_t ref)
{
	LIST_EACH (it, &k->rotations) {
		struct keeper_rotation *r = LIST_ENTRY(it, struct keeper_rotation, link);

		if (r->ref == ref)
			return r;
	}
	return NULL;
}
