/* SPDX-License-Identifier: MIT */

/* Notices. Their order is kept: while any waits, all others wait behind it. */

#include "suplog/notice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A supd that takes none for long shall not cost memory for long. */
#define MANY 1000

struct waiting {
	struct list link;
	size_t size;
	char data[];
};

void notice_begin(struct notice *n, enum keeper_notice kind, const struct stream *s)
{
	struct wire_frame frame = wire_frame(WIRE_ROW, "", 0);

	n->data = BUF_INIT;
	wire_begin(&n->encoder, &n->data, &frame);
	field_put_text(&n->encoder, 0, "kind", keeper_notice_names[kind]);
	if (s)
		field_put_int(&n->encoder, 0, "number", s->number);
}

/* 0, or -errno: -EAGAIN where supd does not take it now. */
static int send_now(const struct keeper *k, const void *data, size_t size)
{
	ssize_t r;

	do
		r = send(k->control, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static bool must_wait(int error)
{
	return error == -EAGAIN || error == -ENOBUFS || error == -ENOMEM;
}

void notice_send(struct keeper *k, struct notice *n)
{
	struct waiting *w;

	if (wire_end(&n->encoder) == 0 && n->data.size > 0 &&
	    (!list_is_empty(&k->notices) || must_wait(send_now(k, n->data.data, n->data.size)))) {
		w = malloc(sizeof(*w) + n->data.size);
		if (w) {
			w->size = n->data.size;
			memcpy(w->data, n->data.data, w->size);
			list_append(&k->notices, &w->link);
			k->n_notices++;
			keeper_wake(k->wake_main);
		}
	}
	buf_fini(&n->data);
}

void notice_trouble(struct keeper *k, const struct stream *s, const struct fault *fault)
{
	struct notice n;

	notice_begin(&n, KEEPER_TROUBLE, s);
	field_put_text(&n.encoder, 0, "error", fault->text);
	field_put_int(&n.encoder, 0, "errno", -fault->error);
	notice_send(k, &n);
}

void notice_simple(struct keeper *k, enum keeper_notice kind, const struct stream *s)
{
	struct notice n;

	notice_begin(&n, kind, s);
	notice_send(k, &n);
}

void notice_dropped(struct keeper *k, const struct stream *s, const char *why,
		    const struct tally *tally)
{
	struct notice n;

	notice_begin(&n, KEEPER_DROPPED, s);
	field_put_text(&n.encoder, 0, "why", why);
	field_put_int(&n.encoder, 0, "lines", (int64_t)tally->lines);
	field_put_int(&n.encoder, 0, "bytes", (int64_t)tally->bytes);
	notice_send(k, &n);
}

bool notices_are_many(const struct keeper *k)
{
	return k->n_notices >= MANY;
}

bool notices_flush(struct keeper *k)
{
	LIST_EACH (node, &k->notices) {
		struct waiting *w = LIST_ENTRY(node, struct waiting, link);

		if (must_wait(send_now(k, w->data, w->size)))
			return false;
		list_unlink(node);
		k->n_notices--;
		free(w);
	}
	return true;
}

void notices_fini(struct keeper *k)
{
	struct list *node;

	while ((node = list_take_first(&k->notices)))
		free(LIST_ENTRY(node, struct waiting, link));
}
