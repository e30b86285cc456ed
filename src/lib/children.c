/* SPDX-License-Identifier: MIT */

/* The child API: OTP's answers as errnos. */

#include <errno.h>
#include <string.h>

#include "lib/connection.h"
#include "wire/field.h"

static const struct {
	const char *word;
	int error;
} words[] = {
	{"already_started", -EALREADY},
	{"already_present", -EEXIST},
	{"running", -EBUSY},
	{"restarting", -EINPROGRESS},
	{"not_found", -ENOENT},
	{"simple_one_for_one", -ENOTUNIQ},
	{"bad_combination", -EINVAL},
	{"bad_spec", -EINVAL},
	{"max_children", -EDQUOT},
	{"not_supervisor", -ENOTDIR},
	{"no_memory", -ENOMEM},
};

/* A text that could not be read has no answer, only a sentence. */
static int child_error(const struct request *q, int r)
{
	const char *word = field_text(&q->waiter.frame, "error");

	if (r != -EREMOTEIO || !word)
		return r;
	if (!field_text(&q->waiter.frame, "answer"))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].error;
	return strncmp(word, "start(", 6) == 0 ? -ECHILD : r;
}

static void child_begin(struct request *q, struct sup *sup, const char *command,
			const char *supervisor)
{
	request_begin(q, sup, command);
	field_put_text(&q->e, 0, "target", supervisor);
}

/* Asks, and takes the pid that comes with a success and with already_started. */
static int child_ask(struct request *q, sup_pid *ret_pid)
{
	int r = child_error(q, request_ask(q, NULL, 0));
	sup_pid pid = {0};

	if ((r == 0 || r == -EALREADY) && ret_pid) {
		request_pid(q, "pid", &pid);
		*ret_pid = pid;
	}
	request_fini(q);
	return r;
}

static int child_ask_about(struct sup *sup, const char *command, const char *supervisor,
			   const char *child, sup_pid *ret_pid)
{
	struct request q;

	child_begin(&q, sup, command, supervisor);
	field_put_text(&q.e, 0, "child", child);
	return child_ask(&q, ret_pid);
}

int sup_start_child(struct sup *sup, const char *supervisor, const char *path, const char *text,
		    sup_pid *ret_pid)
{
	struct request q;

	child_begin(&q, sup, "start_child", supervisor);
	field_put_text(&q.e, 0, "path", path);
	field_put_text(&q.e, 0, "text", text);
	return child_ask(&q, ret_pid);
}

int sup_start_copy(struct sup *sup, const char *supervisor, const char *const *arguments,
		   sup_pid *ret_pid)
{
	struct request q;

	child_begin(&q, sup, "start_child", supervisor);
	if (arguments)
		field_put_list(&q.e, 0, "arguments", (char *const *)(uintptr_t)arguments);
	return child_ask(&q, ret_pid);
}

int sup_terminate_child(struct sup *sup, const char *supervisor, const char *child)
{
	return child_ask_about(sup, "terminate_child", supervisor, child, NULL);
}

int sup_restart_child(struct sup *sup, const char *supervisor, const char *child, sup_pid *ret_pid)
{
	return child_ask_about(sup, "restart_child", supervisor, child, ret_pid);
}

int sup_delete_child(struct sup *sup, const char *supervisor, const char *child)
{
	return child_ask_about(sup, "delete_child", supervisor, child, NULL);
}

/* ---- rows ---- */

struct each_child {
	int (*each)(void *argument, const struct sup_child *child);
	void *argument;
	int n;
};

static int child_row(void *argument, const struct wire_frame *row)
{
	struct each_child *e = argument;
	const char *id = field_text(row, "id"), *pid = field_text(row, "pid");
	const char *type = field_text(row, "type");
	struct sup_child child = {
		.id = id && strcmp(id, "undefined") != 0 ? id : "",
		.is_restarting = pid && strcmp(pid, "restarting") == 0,
		.is_supervisor = type && strcmp(type, "supervisor") == 0,
	};

	if (pid)
		sup_pid_parse(pid, &child.pid);
	e->n++;
	return e->each(e->argument, &child);
}

int sup_which_children(struct sup *sup, const char *supervisor,
		       int (*each)(void *argument, const struct sup_child *child), void *argument)
{
	struct each_child e = {.each = each, .argument = argument};
	struct request q;
	int r;

	child_begin(&q, sup, "which_children", supervisor);
	q.waiter.row = child_row;
	q.waiter.argument = &e;
	r = child_ask(&q, NULL);
	return r == 0 ? e.n : r;
}

static int counts_row(void *argument, const struct wire_frame *row)
{
	struct sup_child_counts *counts = argument;

	counts->specs = field_int(row, "specs", 0);
	counts->active = field_int(row, "active", 0);
	counts->supervisors = field_int(row, "supervisors", 0);
	counts->workers = field_int(row, "workers", 0);
	return 0;
}

int sup_count_children(struct sup *sup, const char *supervisor, struct sup_child_counts *ret_counts)
{
	struct sup_child_counts counts = {0};
	struct request q;
	int r;

	child_begin(&q, sup, "count_children", supervisor);
	q.waiter.row = counts_row;
	q.waiter.argument = &counts;
	r = child_ask(&q, NULL);
	if (r == 0)
		*ret_counts = counts;
	return r;
}
