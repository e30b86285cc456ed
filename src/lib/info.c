/* SPDX-License-Identifier: MIT */

/* What the daemon knows of an actor: the reply is kept whole, texts and lists point into it. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/pid.h"
#include "lib/connection.h"
#include "wire/field.h"

struct info {
	struct sup_info info;
	struct buf reply;   /* owned */
	sup_pid *lists[3];  /* owned: links, monitors, monitored_by */
	const char **names; /* owned array */
};

static struct info *info_of(struct sup_info *info)
{
	return CONTAINER_OF(info, struct info, info);
}

void sup_info_free(struct sup_info *info)
{
	struct info *i = info ? info_of(info) : NULL;

	if (!i)
		return;
	buf_fini(&i->reply);
	for (size_t n = 0; n < ARRAY_LEN(i->lists); n++)
		free(i->lists[n]);
	free(i->names);
	free(i);
}

static size_t info_count(const struct field *list)
{
	size_t cursor = 0, n = 0;

	while (field_list_next(list, &cursor))
		n++;
	return n;
}

/* A list of pids; one that is not there is empty. */
static int info_pids(const struct wire_frame *reply, const char *name, sup_pid **ret_pids,
		     size_t *ret_n)
{
	size_t cursor = 0, n = 0;
	struct field list;
	const char *text;

	if (!field_find(reply, name, FIELD_LIST, &list))
		return 0;
	*ret_pids = calloc(info_count(&list) + 1, sizeof(**ret_pids));
	if (!*ret_pids)
		return -ENOMEM;
	while ((text = field_list_next(&list, &cursor)))
		if (sup_pid_parse(text, &(*ret_pids)[n++]) < 0)
			return -EPROTO;
	*ret_n = n;
	return 0;
}

static int info_names(struct info *i, const struct wire_frame *reply)
{
	struct field list = {.type = FIELD_LIST};
	size_t cursor = 0;

	field_find(reply, "names", FIELD_LIST, &list);
	i->names = calloc(info_count(&list) + 1, sizeof(*i->names));
	if (!i->names)
		return -ENOMEM;
	while ((i->names[i->info.n_names] = field_list_next(&list, &cursor)))
		i->info.n_names++;
	i->info.names = i->names;
	return 0;
}

static const char *info_text(const struct wire_frame *reply, const char *name)
{
	const char *text = field_text(reply, name);

	return text ? text : "";
}

static void info_read(struct info *i, const struct wire_frame *reply)
{
	struct field span;

	i->info = (struct sup_info){
		.name = info_text(reply, "name"),
		.kind = info_text(reply, "kind"),
		.state = info_text(reply, "state"),
		.os_pid = field_int(reply, "os_pid", -1),
		.uid = field_int(reply, "uid", -1),
		.trap_exit = field_bool(reply, "trap_exit"),
		.message_queue_len = field_int(reply, "message_queue_len", -1),
		.mailbox_bytes = field_int(reply, "mailbox_bytes", -1),
		.mailbox_limit = field_int(reply, "mailbox_limit", -1),
		.memory = field_int(reply, "memory", -1),
		.cpu_time_ns = -1,
	};
	sup_pid_parse(info_text(reply, "pid"), &i->info.pid);
	sup_pid_parse(info_text(reply, "blocked_on"), &i->info.blocked_on);
	if (field_find(reply, "cpu_time", FIELD_SPAN, &span))
		i->info.cpu_time_ns = span.number;
}

static int info_fill(struct info *i, struct waiter *waiter)
{
	struct wire_frame reply = waiter->frame;
	struct sup_info *info = &i->info;
	int r;

	i->reply = waiter->bytes;
	waiter->bytes = BUF_INIT;
	info_read(i, &reply);
	r = info_pids(&reply, "links", &i->lists[0], &info->n_links);
	if (r == 0)
		r = info_pids(&reply, "monitors", &i->lists[1], &info->n_monitors);
	if (r == 0)
		r = info_pids(&reply, "monitored_by", &i->lists[2], &info->n_monitored_by);
	info->links = i->lists[0];
	info->monitors = i->lists[1];
	info->monitored_by = i->lists[2];
	return r == 0 ? info_names(i, &reply) : r;
}

int sup_info(struct sup *sup, sup_pid pid, struct sup_info **ret_info)
{
	char text[SUP_PID_TEXT_MAX];
	struct info *i = calloc(1, sizeof(*i));
	struct request q;
	int r;

	if (!i)
		return -ENOMEM;
	request_begin(&q, sup, "info");
	field_put_text(&q.e, 0, "target", sup_pid_format(pid, text));
	r = request_ask(&q, NULL, 0);
	if (r == 0)
		r = info_fill(i, &q.waiter);
	request_fini(&q);
	if (r < 0)
		sup_info_free(&i->info);
	else
		*ret_info = &i->info;
	return r;
}
