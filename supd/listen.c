/* SPDX-License-Identifier: MIT */

/*
 * A listener belongs to a slot. Whether its sockets are still wanted is asked of the core at the
 * end of each turn in which something has happened to its child or to any supervisor, and again
 * while the answer is that nobody knows yet: its supervisor is on its way, down or up again.
 */

#include "supd/listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supd/listener.h"
#include "supd/texts.h"
#include "wire/field.h"

/* ---- records ---- */

struct listener *listener_find(const struct daemon *d, uint32_t slot)
{
	return d->listen ? map_get(&d->listen->by_slot, slot) : NULL;
}

static struct listen *get_all(struct daemon *d)
{
	if (d->listen)
		return d->listen;
	d->listen = calloc(1, sizeof(*d->listen));
	if (!d->listen)
		return NULL;
	d->listen->daemon = d;
	list_init(&d->listen->listeners);
	list_init(&d->listen->unsettled);
	return d->listen;
}

static struct listener *admit(struct daemon *d, const struct child_view *v)
{
	struct listener *l = listener_find(d, v->slot);
	struct listen *all = get_all(d);

	if (l || !all)
		return l;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	if (map_set(&all->by_slot, v->slot, l) < 0) {
		free(l);
		return NULL;
	}
	l->all = all;
	l->slot = v->slot;
	l->spec = v->spec;
	list_append(&all->listeners, &l->link);
	list_init(&l->unsettled);
	return l;
}

static void close_sockets(struct listener *l)
{
	const struct exec_sockets *what = listener_sockets(l->spec);

	for (size_t i = 0; l->sockets && i < what->n_listen; i++)
		socket_unmake(&l->sockets[i]);
	free(l->sockets);
	l->sockets = NULL;
}

static void drop(struct listener *l)
{
	lazy_free(l);
	accept_free(l);
	close_sockets(l);
	map_remove(&l->all->by_slot, l->slot);
	list_unlink(&l->link);
	list_unlink(&l->unsettled);
	free(l);
}

/* ---- opening ---- */

/* Of the service with that path. Addresses of one port collide, or one is all of them. */
static bool is_same_place(const struct exec_listen *has, const char *path,
			  const struct exec_listen *wanted, const struct endpoint *there)
{
	struct endpoint here = {.name = NULL};
	const char *advice;
	bool same = has->kind == wanted->kind && socket_endpoint(has, path, &here, &advice) == 0;

	if (same && listen_is_internet(has->kind))
		same = here.port == there->port;
	else if (same)
		same = strcmp(here.name, there->name) == 0;
	endpoint_fini(&here);
	return same;
}

/* Which service of this daemon listens there, other than l; NULL: none. */
static const char *find_holder(const struct listener *l, const struct exec_listen *wanted,
			       const struct endpoint *there)
{
	struct child_view v;

	LIST_EACH (it, &l->all->listeners) {
		const struct listener *other = LIST_ENTRY(it, struct listener, link);
		const struct exec_sockets *what = listener_sockets(other->spec);

		if (other == l || !other->sockets ||
		    !core_view(l->all->daemon->core, other->slot, &v))
			continue;
		for (size_t i = 0; i < what->n_listen; i++) {
			if (is_same_place(&what->listen[i], v.path, wanted, there))
				return v.path;
		}
	}
	return NULL;
}

/* "unix:/run/web@1.sock", of the service with that path, and where that is: owned. False: with that
 * path it is nowhere; then as it is written. */
static bool print_place(struct buf *out, const struct exec_listen *what, const char *path,
			struct endpoint *ret_there)
{
	const char *advice;
	bool found = socket_endpoint(what, path, ret_there, &advice) == 0;

	buf_printf(out, "%s:%s", listen_kind_names[what->kind],
		   found ? ret_there->name : what->address);
	return found;
}

/* "tcp:127.0.0.1:80 (web/api has it)" */
static void explain(const struct listener *l, const char *path, const struct exec_listen *what,
		    int error, const char *why, struct buf *object)
{
	struct endpoint there = {.name = NULL};
	const char *holder = NULL;

	buf_clear(object);
	if (print_place(object, what, path, &there) && error == EADDRINUSE)
		holder = find_holder(l, what, &there);
	endpoint_fini(&there);
	if (holder)
		buf_printf(object, " (service %s has it)", holder);
	else if (why)
		buf_printf(object, " (%s)", why);
	else if (error == EADDRINUSE)
		buf_puts(object, " (a process that is no service of this supd has it)");
}

int listener_open(struct listener *l, const char *path, struct buf *object)
{
	const struct exec_sockets *what = listener_sockets(l->spec);
	const char *why = NULL;
	int r = 0;

	l->sockets = calloc(what->n_listen, sizeof(*l->sockets));
	if (!l->sockets)
		return -ENOMEM;
	for (size_t i = 0; i < what->n_listen; i++)
		l->sockets[i].fd = -1;
	for (size_t i = 0; r == 0 && i < what->n_listen; i++) {
		r = socket_make(&what->listen[i], path, &l->sockets[i], &why);
		if (r < 0)
			explain(l, path, &what->listen[i], -r, why, object);
	}
	if (r < 0)
		close_sockets(l);
	return r;
}

/* Somebody has taken a path away meanwhile: clients find nothing there, and never will. */
static int renew_paths(struct listener *l, const char *path, struct buf *object)
{
	const struct exec_sockets *what = listener_sockets(l->spec);
	const char *why = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < what->n_listen; i++) {
		if (l->sockets[i].fd >= 0 && socket_is_there(&l->sockets[i]))
			continue;
		socket_unmake(&l->sockets[i]);
		r = socket_make(&what->listen[i], path, &l->sockets[i], &why);
		if (r < 0)
			explain(l, path, &what->listen[i], -r, why, object);
	}
	return r;
}

int listen_hand(struct daemon *d, const struct child_view *v, struct handed *handed,
		struct buf *object)
{
	const struct exec_sockets *what = listener_sockets(v->spec);
	struct child_view elder; /* the one beside which it starts has them */
	struct listener *l;
	int r;

	if (!what)
		return 0;
	if (what->accept)
		return accept_hand(d, v, handed);
	l = admit(d, core_view(d->core, v->elder, &elder) ? &elder : v);
	if (!l)
		return -ENOMEM;
	r = l->sockets ? renew_paths(l, v->path, object) : listener_open(l, v->path, object);
	for (size_t i = 0; r == 0 && i < what->n_listen; i++) {
		const char *name = what->listen[i].name;

		r = handed_listen(handed, l->sockets[i].fd, name ? name : v->spec->name, v->path);
	}
	return r;
}

void listener_note_change(struct listener *l)
{
	if (list_is_empty(&l->unsettled))
		list_append(&l->all->unsettled, &l->unsettled);
}

/*
 * A supervisor starts: its lazy children are not told of otherwise. What can not be opened now,
 * before those after them start, is a start that fails in a moment.
 */
static void admit_lazy(struct daemon *d, const struct child_view *above)
{
	for (uint32_t i = 0; i < above->spec->n_children; i++) {
		const struct spec *spec = above->spec->children[i];
		struct buf path CLEANUP(buf_fini) = BUF_INIT;
		struct buf object CLEANUP(buf_fini) = BUF_INIT;
		struct listener *l;
		struct child_view v;

		if (!listener_is_lazy(spec))
			continue;
		if (above->parent != SLOT_NONE)
			buf_printf(&path, "%s/", above->path);
		buf_puts(&path, spec->name);
		if (path.error || !core_view(d->core, core_find(d->core, buf_text(&path)), &v) ||
		    v.spec != spec || v.state != CHILD_WAITING)
			continue;
		l = admit(d, &v);
		if (l && !l->sockets)
			listener_open(l, v.path, &object);
		if (l)
			listener_note_change(l);
	}
}

/* ---- for how long ---- */

enum wish { UNWANTED, WANTED, UNDECIDED };

static bool is_moving(enum child_state state)
{
	switch (state) {
	case CHILD_WAITING:
	case CHILD_STARTING:
	case CHILD_STOPPING:
	case CHILD_ENDING:
	case CHILD_DEAD:
	case CHILD_BACKOFF:
		return true;
	case CHILD_RUNNING:
	case CHILD_STOPPED:
	case CHILD_FAILED:
	case CHILD_DONE:
	case CHILD_N_STATES:
		break;
	}
	return false;
}

/* It was stopped with its supervisor: that may be on its way down and up again, or one above. */
static enum wish judge_stopped(const struct core *core, const struct child_view *v)
{
	struct child_view above = *v;

	while (!above.held && above.parent != SLOT_NONE && core_view(core, above.parent, &above)) {
		if (above.held || above.parent == SLOT_NONE)
			return UNWANTED;
		if (is_moving(above.state))
			return UNDECIDED;
		if (above.state != CHILD_STOPPED)
			return UNWANTED;
	}
	return UNWANTED;
}

static enum wish judge(const struct daemon *d, uint32_t slot)
{
	struct child_view v;

	if (!core_view(d->core, slot, &v) || v.removed)
		return UNWANTED;
	switch (v.state) {
	case CHILD_STARTING:
	case CHILD_RUNNING:
		return WANTED;
	case CHILD_WAITING:
		return v.parked ? UNWANTED : WANTED;
	case CHILD_STOPPING:
	case CHILD_ENDING:
	case CHILD_DEAD:
	case CHILD_BACKOFF:
		return UNDECIDED;
	case CHILD_STOPPED:
		return v.comes_back ? UNDECIDED : judge_stopped(d->core, &v);
	case CHILD_FAILED:
	case CHILD_DONE:
	case CHILD_N_STATES:
		break;
	}
	return UNWANTED;
}

/* It is open before those after it start. */
static void admit_accept(struct daemon *d, uint32_t slot)
{
	struct buf object CLEANUP(buf_fini) = BUF_INIT;
	struct listener *l;
	struct child_view v;

	if (!core_view(d->core, slot, &v) || !listener_accepts(v.spec))
		return;
	l = admit(d, &v);
	if (l && !l->sockets)
		listener_open(l, v.path, &object);
	if (l)
		listener_note_change(l);
}

void listen_on_notice(struct daemon *d, uint32_t slot, const struct link *link)
{
	struct listener *l = listener_find(d, slot);
	struct child_view v;

	if (l)
		listener_note_change(l);
	else if (link->kind == LINK_START)
		admit_accept(d, slot);
	if (l || !core_view(d->core, slot, &v) || v.spec->type != CHILD_SUPERVISOR)
		return;
	if (link->kind == LINK_START)
		admit_lazy(d, &v);
	if (!d->listen)
		return;
	LIST_EACH (it, &d->listen->listeners) {
		listener_note_change(LIST_ENTRY(it, struct listener, link));
	}
}

void listen_on_forget(struct daemon *d, uint32_t slot)
{
	struct listener *l = listener_find(d, slot);

	accept_on_forget(d, slot);
	if (l)
		drop(l);
}

void listen_pass(struct daemon *d, uint32_t from, uint32_t to)
{
	struct listener *l = listener_find(d, from);
	struct child_view v;

	/* Room for it is there: one goes, one comes. */
	if (!l || !core_view(d->core, to, &v))
		return;
	map_remove(&d->listen->by_slot, from);
	map_set(&d->listen->by_slot, to, l);
	l->slot = to;
	l->spec = v.spec;
	listener_note_change(l);
}

void listen_settle(struct daemon *d)
{
	if (!d->listen || list_is_empty(&d->listen->unsettled))
		return;
	LIST_EACH (it, &d->listen->unsettled) {
		struct listener *l = LIST_ENTRY(it, struct listener, unsettled);
		enum wish wish = judge(d, l->slot);

		if (wish == UNWANTED)
			drop(l);
		else if (wish == WANTED && lazy_settle(l) && accept_settle(l))
			list_unlink(&l->unsettled);
		else if (wish == UNDECIDED)
			accept_settle(l);
	}
}

void listen_close(struct daemon *d)
{
	if (!d->listen)
		return;
	LIST_EACH (it, &d->listen->listeners)
		drop(LIST_ENTRY(it, struct listener, link));
	map_fini(&d->listen->by_slot);
	map_fini(&d->listen->connections);
	free(d->listen);
	d->listen = NULL;
}

/* ---- for people ---- */

void listen_put_row(struct wire_encoder *e, const struct daemon *d, const struct child_view *v)
{
	const struct exec_sockets *what = listener_sockets(v->spec);
	const struct listener *l = listener_find(d, v->slot);
	struct texts addresses = {0}, names = {0};

	if (!what || (what->accept && v->spec->type == CHILD_SERVICE)) {
		field_put_null(e, FIELD_DETAIL, "listen");
		return;
	}
	for (size_t i = 0; i < what->n_listen; i++) {
		const struct exec_listen *one = &what->listen[i];
		struct buf text CLEANUP(buf_fini) = BUF_INIT;
		struct endpoint there = {.name = NULL};

		print_place(&text, one, v->path, &there);
		endpoint_fini(&there);
		texts_add(&addresses, buf_text(&text));
		texts_add(&names, one->name ? one->name : v->spec->name);
	}
	field_put_list(e, FIELD_DETAIL, "listen", texts_list(&addresses));
	field_put_list(e, FIELD_DETAIL, "listen_names", texts_list(&names));
	field_put_bool(e, FIELD_DETAIL, "bound", l && l->sockets);
	field_put_bool(e, FIELD_DETAIL, "listening", l && lazy_is_watching(l));
	if (what->accept)
		field_put_int(e, FIELD_DETAIL, "connections", l ? (int64_t)accept_count(l) : 0);
	texts_fini(&addresses);
	texts_fini(&names);
}
