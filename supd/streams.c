/* SPDX-License-Identifier: MIT */

#include "supd/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logs/name.h"
#include "supd/keeping.h"
#include "supd/log.h"

/* How a stream is kept, before its name in its key. */
#define AS_LOG "="
#define AS_SYSLOG "s="
#define AS_SYSLOG_ERROR "e="
#define SPAWNED "spawned"

/* ---- which ---- */

/* What is for the log goes to the terminal that is its standard input. */
static bool goes_to_terminal(const struct exec *exec)
{
	return exec->setup && exec->setup->input.kind == INPUT_TTY;
}

/* As LOG where a line of it is waited for: then it has to pass the keeper. */
static enum output_kind kind_of(const struct spec *spec, const struct output *output)
{
	if (output->kind == OUTPUT_INHERIT && spec->ready == READY_LOG)
		return OUTPUT_LOG;
	return output->kind;
}

static enum output_kind kind_of_output(const struct spec *spec)
{
	return kind_of(spec, &spec->exec->standard_output);
}

static enum output_kind kind_of_error(const struct spec *spec)
{
	enum output_kind kind = kind_of(spec, &spec->exec->standard_error);

	return kind == OUTPUT_SAME ? kind_of_output(spec) : kind;
}

/* NULL: it is for no stream. */
static const char *keeping_of(enum output_kind kind, bool alone)
{
	switch (kind) {
	case OUTPUT_LOG:
		return AS_LOG;
	case OUTPUT_SYSLOG:
		return alone ? AS_SYSLOG_ERROR : AS_SYSLOG;
	case OUTPUT_NULL:
	case OUTPUT_INHERIT:
	case OUTPUT_FILE:
	case OUTPUT_SAME:
	case OUTPUT_N_KINDS:
		break;
	}
	return NULL;
}

/* Of standard output, and of error: the same where they go to the same place. */
static void find_keepings(const struct spec *spec, const char *ret_keeping[2])
{
	enum output_kind out = kind_of_output(spec), error = kind_of_error(spec);

	ret_keeping[0] = ret_keeping[1] = NULL;
	if (goes_to_terminal(spec->exec))
		return;
	ret_keeping[0] = keeping_of(out, false);
	ret_keeping[1] = keeping_of(error, error != out);
}

static const char *name_of_spawned(const struct daemon *d, const struct child_view *v)
{
	const struct process_streams *streams = d->processes ? d->processes->streams : NULL;
	const struct process *by = NULL;

	if (streams && streams->spec == v->spec && streams->spawner != SLOT_NONE)
		by = process_find(d, streams->spawner);
	if (by && by->streams[0])
		return by->streams[0]->name;
	if (by && by->streams[1])
		return by->streams[1]->name;
	return SPAWNED;
}

/* Of the root's children as well: its path is no name. */
static const char *name_of(const struct daemon *d, const struct child_view *v)
{
	struct child_view above;

	if (v->spawned)
		return name_of_spawned(d, v);
	if (v->parent == SLOT_NONE || !core_view(d->core, v->parent, &above) ||
	    above.spec->strategy != STRATEGY_SIMPLE_ONE_FOR_ONE)
		return v->path;
	return above.depth ? above.path : v->spec->name;
}

/* ---- a stream ---- */

const char *stream_file(const struct stream *s, struct buf *out)
{
	if (s->key[0] != AS_LOG[0] || !s->keeper->dir)
		return NULL;
	buf_clear(out);
	if (s->exec)
		name_put_service_file(out, s->name);
	else
		buf_printf(out, "%s.log", s->name);
	return out->error ? NULL : buf_text(out);
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	if (s->watch)
		s->watch->stream = NULL;
	list_unlink(&s->dirty);
	strmap_remove(&s->keeper->by_key, s->key);
	s->keeper->by_number[s->number] = NULL;
	s->keeper->lowest = MIN_OF(s->keeper->lowest, (size_t)s->number);
	s->keeper->n_streams--;
	keeper_pulse_remove(s);
	close(s->in);
	close(s->out);
	exec_free(s->exec);
	free(s->trouble);
	free(s);
}

static int find_number(struct keeper *k, uint32_t *ret_number)
{
	struct stream **by_number;
	size_t n = k->lowest;

	while (n < k->n_numbers && k->by_number[n])
		n++;
	k->lowest = n;
	if (n == k->n_numbers) {
		size_t more = MAX_OF(k->n_numbers * 2, (size_t)64);

		by_number = reallocarray(k->by_number, more, sizeof(struct stream *));
		if (!by_number)
			return -ENOMEM;
		memset(by_number + n, 0, (more - n) * sizeof(struct stream *));
		k->by_number = by_number;
		k->n_numbers = more;
	}
	*ret_number = (uint32_t)n;
	return 0;
}

/* The writing end waits, as long as nobody says otherwise; nobody waits for the reading end. */
static int open_pipe(struct stream *s)
{
	struct stat st;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 || fstat(fds[0], &st) < 0) {
		int error = errno;

		close(fds[0]);
		close(fds[1]);
		return -error;
	}
	s->in = fds[0];
	s->out = fds[1];
	s->owner = geteuid();
	s->inode = st.st_ino;
	return 0;
}

static int set_up(struct keeper *k, struct stream *s)
{
	int r = find_number(k, &s->number);

	if (r == 0)
		r = strmap_set(&k->by_key, s->key, s);
	if (r < 0)
		return r;
	r = open_pipe(s);
	if (r < 0)
		strmap_remove(&k->by_key, s->key);
	return r;
}

struct stream *stream_new(struct keeper *k, const char *kind, const char *name, int *ret_error)
{
	size_t size = strlen(kind) + strlen(name) + 1;
	struct stream *s = calloc(1, sizeof(*s) + size);
	int r = -ENOMEM;

	if (s) {
		s->keeper = k;
		snprintf(s->key, size, "%s%s", kind, name);
		s->name = s->key + strlen(kind);
		list_init(&s->dirty);
		list_init(&s->writes);
		s->ended_at = -1;
		r = set_up(k, s);
	}
	if (r < 0) {
		*ret_error = -r;
		free(s);
		return NULL;
	}
	k->by_number[s->number] = s;
	k->n_streams++;
	k->hurries = true;
	keeper_say_later(s, SAY_STREAM);
	keeper_pulse_add(s);
	return s;
}

/* ---- services' ---- */

static void tell_max(struct keeper *k, int error)
{
	if (k->told_max)
		return;
	k->told_max = true;
	if (error)
		log_line(LOG_AT_WARNING, "%s: services that start from now on share the log of %s",
			 strerror(error), STREAM_OTHERS);
	else
		log_line(LOG_AT_WARNING,
			 "there are %zu logs, and no fds for more: services that start from now on "
			 "share the log of %s: raise RLIMIT_NOFILE (ulimit -n)",
			 k->n_streams, STREAM_OTHERS);
}

static struct stream *find(struct keeper *k, const char *keeping, const char *name)
{
	char key[SPEC_PATH_MAX + 8];

	snprintf(key, sizeof(key), "%s%s", keeping, name);
	return strmap_get(&k->by_key, key);
}

/* One of its own, or where there is no place for that, the others'. */
static struct stream *take(struct keeper *k, const char *keeping, const char *name, int *ret_error)
{
	struct stream *s = find(k, keeping, name);
	bool full = k->n_streams >= k->max_streams;

	*ret_error = 0;
	if (!s && !full)
		s = stream_new(k, keeping, name, ret_error);
	if (s || *ret_error == ENOMEM)
		return s;
	tell_max(k, *ret_error);
	s = find(k, keeping, STREAM_OTHERS);
	return s ? s : stream_new(k, keeping, STREAM_OTHERS, ret_error);
}

static void let_go(struct stream *s)
{
	if (!s || --s->users)
		return;
	keeper_say_later(s, SAY_RELEASE);
}

static void hold(struct stream *s)
{
	if (s->users++ == 0) {
		s->released = 0;
		s->say &= (uint8_t) ~(SAY_RELEASE | SAY_FORGET);
	}
}

/* As its configuration is now: it may have changed since the last start. */
static void set_exec(struct stream *s, const struct spec *spec)
{
	if (s->exec == spec->exec)
		return;
	exec_free(s->exec);
	s->exec = exec_ref(spec->exec);
	s->keeper->hurries = true;
	keeper_say_later(s, SAY_STREAM);
}

static void set_stream(struct stream **place, struct stream *s)
{
	if (s)
		hold(s);
	let_go(*place);
	*place = s;
}

int streams_prepare(struct daemon *d, struct process *p, const struct child_view *v)
{
	const char *keeping[2], *name;
	struct stream *s[2] = {NULL, NULL};
	int error = 0;

	if (!d->keeper)
		return 0;
	find_keepings(v->spec, keeping);
	if (!keeping[0] && !keeping[1])
		name = "";
	else if (v->spawned && (p->streams[0] || p->streams[1]))
		return 0;
	else
		name = name_of(d, v);
	for (int i = 0; i < 2; i++) {
		if (!keeping[i])
			continue;
		s[i] = take(d->keeper, keeping[i], name, &error);
		if (!s[i])
			return -error;
		set_exec(s[i], v->spec);
	}
	set_stream(&p->streams[0], s[0]);
	set_stream(&p->streams[1], s[1]);
	return 0;
}

void streams_let_go(struct process *p)
{
	for (int i = 0; i < 2; i++) {
		let_go(p->streams[i]);
		p->streams[i] = NULL;
	}
}

/* Each start has it as a new pipe: what the one before did to it is undone. */
static void direct(struct stream *s, const struct spawn_identity *ids, struct spawn_stream *to)
{
	uid_t uid = ids->set_uid ? ids->uid : geteuid();

	if (!s || to->kind != SPAWN_AS_IT_IS)
		return;
	*to = (struct spawn_stream){SPAWN_TO_FD, s->out, NULL};
	/* So that it can open /dev/stdout. Where that is not allowed it can not, as ever. */
	if (s->owner != uid && fchown(s->out, uid, (gid_t)-1) == 0)
		s->owner = uid;
	if (s->used)
		fcntl(s->out, F_SETFL, 0);
	s->used = true;
}

void streams_direct(struct process *p, const struct spec *spec, struct spawn_request *request)
{
	struct stream *out = p->streams[0], *error = p->streams[1];
	bool same = spec->exec->standard_error.kind == OUTPUT_SAME;
	struct keeper *k;

	if (!out && !error)
		return;
	direct(out, &request->identity, &request->output);
	if (out == error && (same || request->error.kind == SPAWN_AS_IT_IS))
		request->error = request->output;
	else
		direct(error, &request->identity, &request->error);
	k = (out ? out : error)->keeper;
	if (k->hurries)
		keeper_say(k);
}

/* What it has left open is ended before the next one writes there. */
static void end_last_line(struct stream *s)
{
	int64_t at;

	if (stream_is_settled(s, &at))
		return;
	/* Of another one that has ended, which was not said yet. */
	if (s->say & SAY_MARK)
		keeper_say(s->keeper);
	s->ended_at = at;
	keeper_say_later(s, SAY_MARK);
	s->keeper->hurries = true;
}

void streams_ended(struct process *p)
{
	for (int i = 0; i < 2; i++) {
		if (p->streams[i] && (i == 0 || p->streams[1] != p->streams[0]))
			end_last_line(p->streams[i]);
	}
}

void streams_started(struct daemon *d)
{
	if (d->keeper && d->keeper->wonders)
		keeper_say(d->keeper);
}

int streams_output(const struct process *p)
{
	return p->streams[0] ? p->streams[0]->out : -1;
}

/* ---- status ---- */

static void put_service(struct wire_encoder *e, const struct daemon *d, uint32_t slot)
{
	const struct process *p = process_find(d, slot);
	struct buf file CLEANUP(buf_fini) = BUF_INIT;
	const struct stream *s = p ? p->streams[0] ? p->streams[0] : p->streams[1] : NULL;
	bool known = keeper_file(d, slot, KEEPER_OUTPUT, &file) ||
		     keeper_file(d, slot, KEEPER_ERROR, &file);

	field_put_text(e, FIELD_DETAIL, "log_file", known ? buf_text(&file) : NULL);
	field_put_int(e, FIELD_DETAIL, "log_dropped", s ? (int64_t)s->dropped : 0);
	field_put_text(e, FIELD_DETAIL, "log_trouble",
		       s && s->trouble ? s->trouble
		       : s             ? keeper_no_dir(d)
				       : NULL);
}

void streams_put(struct wire_encoder *e, const struct daemon *d, uint32_t slot)
{
	if (slot == 0 && d->keeper)
		keeper_own_put(e, d->keeper);
	else
		put_service(e, d, slot);
}

bool keeper_file(const struct daemon *d, uint32_t slot, enum keeper_stream which, struct buf *out)
{
	const struct process *p = d->keeper && d->processes ? process_find(d, slot) : NULL;
	const char *keeping[2], *name;
	struct child_view v;

	if (!keeper_dir(d) || !core_view(d->core, slot, &v) || !v.spec->exec)
		return false;
	find_keepings(v.spec, keeping);
	if (!keeping[which] || keeping[which][0] != AS_LOG[0])
		return false;
	name = p && p->streams[which] ? p->streams[which]->name : name_of(d, &v);
	buf_printf(out, "%s/", keeper_dir(d));
	return name_put_service_file(out, name) == 0;
}
