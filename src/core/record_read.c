/* SPDX-License-Identifier: MIT */

/*
 * One event out of a recording. Its line is copied and cut in place, so that the texts that the
 * event borrows live in the copy; a table says what each key sets.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "core/record_spec.h"

struct reader {
	struct recorded *recorded;
	size_t n_args;
	struct reason reason; /* owned */
};

struct event_key {
	const char *key;
	int (*read)(struct reader *reader, const char *value); /* 0, -EINVAL, -ENOMEM */
};

/* ---- keys ---- */

static int read_uint(const char *value, uint64_t max, uint64_t *ret_number)
{
	uint64_t number;

	if (!record_read_uint(value, &number) || number > max)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

static int read_flag(const char *value, bool *ret_flag)
{
	uint64_t number;
	int r = read_uint(value, 1, &number);

	if (r == 0)
		*ret_flag = number;
	return r;
}

static int read_pid(struct reader *reader, const char *value)
{
	return read_uint(value, UINT64_MAX, &reader->recorded->event.pid.n);
}

static int read_code(struct reader *reader, const char *value)
{
	int64_t code;

	if (!record_read_int(value, &code) || code < INT32_MIN || code > INT32_MAX)
		return -EINVAL;
	reader->recorded->event.code = (int32_t)code;
	return 0;
}

static int read_by_signal(struct reader *reader, const char *value)
{
	return read_flag(value, &reader->recorded->event.by_signal);
}

static int read_reason(struct reader *reader, const char *value)
{
	reason_fini(&reader->reason);
	return reason_parse(value, &reader->reason);
}

static int read_step(struct reader *reader, const char *value)
{
	reader->reason.step = (uint8_t)start_step_parse(value);
	return 0;
}

static int read_budget(struct reader *reader, const char *value)
{
	int64_t ns;

	if (!record_read_int(value, &ns) || ns < 0)
		return -EINVAL;
	reader->recorded->event.budget.ns = ns;
	return 0;
}

static int read_seed(struct reader *reader, const char *value)
{
	return read_uint(value, UINT64_MAX, &reader->recorded->event.seed);
}

static int read_id(struct reader *reader, const char *value)
{
	return read_uint(value, UINT64_MAX, &reader->recorded->event.request.id);
}

static int read_request(struct reader *reader, const char *value)
{
	int kind = record_find_name(value, request_kind_names);

	if (kind < 0)
		return -EINVAL;
	reader->recorded->event.request.kind = (enum request_kind)kind;
	return 0;
}

static int read_target(struct reader *reader, const char *value)
{
	reader->recorded->event.request.target = value;
	return 0;
}

static int read_child(struct reader *reader, const char *value)
{
	reader->recorded->event.request.child = value;
	return 0;
}

static int read_arg(struct reader *reader, const char *value)
{
	char **args = reallocarray(reader->recorded->args, reader->n_args + 2, sizeof(*args));

	if (!args)
		return -ENOMEM;
	reader->recorded->args = args;
	args[reader->n_args] = strdup(value);
	if (!args[reader->n_args])
		return -ENOMEM;
	args[++reader->n_args] = NULL;
	return 0;
}

/* There is a list, be it empty. */
static int read_args(struct reader *reader, const char *value)
{
	bool given;
	int r = read_flag(value, &given);

	if (r < 0 || reader->recorded->args)
		return r;
	reader->recorded->args = calloc(1, sizeof(char *));
	return reader->recorded->args ? 0 : -ENOMEM;
}

static int read_no_wait(struct reader *reader, const char *value)
{
	return read_flag(value, &reader->recorded->event.request.no_wait);
}

static int read_allow_starting(struct reader *reader, const char *value)
{
	return read_flag(value, &reader->recorded->event.request.allow_starting);
}

static int read_origin(struct reader *reader, const char *value)
{
	uint64_t origin;

	if (!record_read_uint(value, &origin) || origin >= ORIGIN_N)
		return -EINVAL;
	reader->recorded->event.request.origin = (uint32_t)origin;
	return 0;
}

static int read_on(struct reader *reader, const char *value)
{
	return read_flag(value, &reader->recorded->event.request.on);
}

/* A request has one of its own. */
static int read_source(struct reader *reader, const char *value)
{
	struct event *event = &reader->recorded->event;

	return read_uint(value, UINT64_MAX,
			 event->kind == EVENT_REQUEST ? &event->request.source : &event->source);
}

static int read_role(struct reader *reader, const char *value)
{
	int role = record_find_name(value, role_names);

	if (role < 0)
		return -EINVAL;
	reader->recorded->event.role = (enum role)role;
	return 0;
}

static int read_uid(struct reader *reader, const char *value)
{
	uint64_t uid;
	int r = read_uint(value, UINT32_MAX, &uid);

	if (r == 0 && reader->recorded->event.kind == EVENT_REQUEST)
		reader->recorded->event.request.uid = (uint32_t)uid;
	else if (r == 0)
		reader->recorded->event.uid = (uint32_t)uid;
	return r;
}

static int read_ref(struct reader *reader, const char *value)
{
	return read_uint(value, UINT64_MAX, &reader->recorded->event.request.ref);
}

static int read_admin(struct reader *reader, const char *value)
{
	return read_flag(value, &reader->recorded->event.admin);
}

static int read_data(struct reader *reader, const char *value)
{
	reader->recorded->event.data = value;
	return record_read_bytes((char *)(uintptr_t)value, &reader->recorded->event.size);
}

static const struct event_key keys[] = {
	{"ref", read_ref},         {"pid", read_pid},
	{"code", read_code},       {"by_signal", read_by_signal},
	{"reason", read_reason},   {"step", read_step},
	{"budget", read_budget},   {"seed", read_seed},
	{"id", read_id},           {"request", read_request},
	{"target", read_target},   {"child", read_child},
	{"arg", read_arg},         {"args", read_args},
	{"no_wait", read_no_wait}, {"allow_starting", read_allow_starting},
	{"on", read_on},           {"source", read_source},
	{"role", read_role},       {"uid", read_uid},
	{"admin", read_admin},     {"data", read_data},
	{"origin", read_origin},
};

static int read_key(struct reader *reader, char *word)
{
	const char *key, *value;

	if (!record_split(word, &key, &value))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcmp(key, keys[i].key) == 0)
			return keys[i].read(reader, value);
	return -EINVAL;
}

/* ---- lines ---- */

static bool line_is(const char *text, const char *word)
{
	size_t size = strlen(word);

	return strncmp(text, word, size) == 0 && text[size] == ' ';
}

static const char *line_end(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? end : text + strlen(text);
}

static const char *line_skip(const char *text)
{
	text = line_end(text);
	return *text ? text + 1 : text;
}

/* The line's words after the first one, in memory of its own. */
static int line_copy(const char *text, struct buf *out)
{
	const char *end = line_end(text);

	text += strcspn(text, " \n");
	return buf_append(out, text, (size_t)(end - text));
}

static int read_event(struct reader *reader)
{
	struct recorded *recorded = reader->recorded;
	char *cursor = recorded->storage.data;
	char *at = record_next_word(&cursor);
	char *kind_word = record_next_word(&cursor);
	int kind = kind_word ? record_find_name(kind_word, event_kind_names) : -1;
	char *word;
	int r = 0;

	if (kind < 0 || !record_read_int(at, &recorded->at.ns))
		return -EINVAL;
	recorded->event.kind = (enum event_kind)kind;
	while (r == 0 && (word = record_next_word(&cursor)))
		r = read_key(reader, word);
	recorded->event.request.args = recorded->args;
	/* One reason is enough: a request's is the request's. */
	if (recorded->event.kind == EVENT_REQUEST)
		recorded->event.request.reason = reader->reason;
	else
		recorded->event.reason = reader->reason;
	return r;
}

/* ---- specs ---- */

/* Hangs a spec below the last one that is one level higher. */
static int tree_hang(struct spec **path, unsigned *n_path, unsigned depth, struct spec *spec)
{
	int r = 0;

	if (depth > *n_path || depth > SPEC_DEPTH_MAX + 1 || (!depth && *n_path))
		r = -EINVAL;
	else if (depth)
		r = spec_add_child(path[depth - 1], spec);
	if (r < 0) {
		spec_unref(spec);
		return r;
	}
	path[depth] = spec;
	*n_path = depth + 1;
	return 0;
}

static int read_specs(const char **cursor, struct spec **ret_spec)
{
	struct spec *path[SPEC_DEPTH_MAX + 2] = {NULL};
	unsigned n_path = 0, depth;
	struct spec *spec;
	int r = 0;

	while (r == 0 && line_is(*cursor, "spec")) {
		struct buf line CLEANUP(buf_fini) = BUF_INIT;

		r = line_copy(*cursor, &line);
		if (r == 0)
			r = line.data ? record_read_spec(line.data, &depth, &spec) : -EINVAL;
		if (r == 0)
			r = tree_hang(path, &n_path, depth, spec);
		*cursor = line_skip(*cursor);
	}
	if (r < 0) {
		spec_unref(path[0]);
		return r;
	}
	*ret_spec = path[0];
	return 0;
}

/* ---- all of it ---- */

int record_parse(const char **cursor, struct recorded *ret_event)
{
	struct reader reader = {.recorded = ret_event};
	struct event *event = &ret_event->event;
	struct spec *spec = NULL;
	int r;

	while (line_is(*cursor, "fx"))
		*cursor = line_skip(*cursor);
	if (!**cursor)
		return 1;
	if (!line_is(*cursor, "ev"))
		return -EINVAL;
	*ret_event = (struct recorded){.storage = BUF_INIT};
	r = line_copy(*cursor, &ret_event->storage);
	if (r == 0)
		r = read_event(&reader);
	*cursor = line_skip(*cursor);
	if (r == 0)
		r = read_specs(cursor, &spec);
	if (event->kind == EVENT_BOOT)
		event->spec = spec;
	else
		event->request.spec = spec;
	if (r == 0 && event->kind == EVENT_BOOT && !spec)
		r = -EINVAL;
	if (r < 0)
		record_event_fini(ret_event);
	return r;
}

void record_event_fini(struct recorded *event)
{
	spec_unref(event->event.spec);
	spec_unref(event->event.request.spec);
	reason_fini(&event->event.reason);
	reason_fini(&event->event.request.reason);
	for (size_t i = 0; event->args && event->args[i]; i++)
		free(event->args[i]);
	free(event->args);
	buf_fini(&event->storage);
	*event = (struct recorded){.storage = BUF_INIT};
}
