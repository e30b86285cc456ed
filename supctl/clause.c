/* SPDX-License-Identifier: MIT */

/* Clauses of a receive as text: kind=call,tag=get* */

#include "wire/clause.h"

#include <errno.h>
#include <string.h>

#include "base/pid.h"
#include "base/text.h"
#include "supctl/hands.h"

static const char *const kinds[CLAUSE_N_KINDS + 1] = {
	[CLAUSE_ANY] = "any",     [CLAUSE_MESSAGE] = "message", [CLAUSE_CALL] = "call",
	[CLAUSE_REPLY] = "reply", [CLAUSE_EXIT] = "exit",       [CLAUSE_DOWN] = "down",
};

enum { KEY_KIND, KEY_TAG, KEY_FROM, KEY_REF, KEY_N };

static const char *const keys[KEY_N + 1] = {
	[KEY_KIND] = "kind",
	[KEY_TAG] = "tag",
	[KEY_FROM] = "from",
	[KEY_REF] = "ref",
};

/* One clause under way. */
struct clause_text {
	struct clause clause;
	unsigned given;    /* bits of keys */
	struct buf value;  /* of the key at hand */
	struct buf glob;   /* the tag's */
	struct buf *error; /* borrowed */
};

static int find(const char *const *names, const char *name, size_t size)
{
	for (int i = 0; names[i]; i++)
		if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
			return i;
	return -1;
}

static int take_kind(struct clause_text *t, const char *value)
{
	int kind = find(kinds, value, strlen(value));
	const char *near = text_nearest(value, kinds);

	if (kind < 0) {
		buf_printf(t->error, "kind=%s: message, call, reply, exit, down or any%s%s%s",
			   value, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
		return -EINVAL;
	}
	t->clause.kind = (enum clause_kind)kind;
	return 0;
}

static int take_tag(struct clause_text *t, const char *value)
{
	if (strlen(value) > CLAUSE_GLOB_MAX) {
		buf_printf(t->error, "tag=%.20s...: a tag has at most %d bytes", value,
			   CLAUSE_GLOB_MAX);
		return -EINVAL;
	}
	t->clause.has |= CLAUSE_HAS_TAG;
	return buf_puts(&t->glob, value);
}

static int take_from(struct clause_text *t, const char *value)
{
	actor_pid pid;

	if (actor_pid_parse(value, &pid) < 0) {
		buf_printf(t->error, "from=%s: not a pid such as <0.5.0>; whereis tells a name's",
			   value);
		return -EINVAL;
	}
	t->clause.has |= CLAUSE_HAS_FROM;
	t->clause.from = pid.n;
	return 0;
}

static int take_ref(struct clause_text *t, const char *value)
{
	if (text_parse_u64(value, UINT64_MAX, &t->clause.ref) < 0) {
		buf_printf(t->error, "ref=%s: not a number", value);
		return -EINVAL;
	}
	t->clause.has |= CLAUSE_HAS_REF;
	return 0;
}

static int (*const takers[KEY_N])(struct clause_text *t, const char *value) = {
	[KEY_KIND] = take_kind,
	[KEY_TAG] = take_tag,
	[KEY_FROM] = take_from,
	[KEY_REF] = take_ref,
};

/* The value at *at up to its comma, unescaped; *at is moved to the comma or the end. */
static void read_value(struct clause_text *t, const char **at)
{
	buf_clear(&t->value);
	for (; **at && **at != ','; (*at)++) {
		if (**at == '\\' && ((*at)[1] == ',' || (*at)[1] == '\\'))
			(*at)++;
		buf_putc(&t->value, **at);
	}
}

/* One key=value, which begins at *at. */
static int take_pair(struct clause_text *t, const char **at)
{
	size_t size = strcspn(*at, "=,");
	int key = find(keys, *at, size);

	if ((*at)[size] != '=' || key < 0) {
		buf_printf(t->error,
			   "\"%.*s\": a clause is key=value[,key=value...], with the "
			   "keys kind, tag, from and ref",
			   (int)size, *at);
		return -EINVAL;
	}
	if (t->given & 1u << key) {
		buf_printf(t->error, "%s stands there twice", keys[key]);
		return -EINVAL;
	}
	t->given |= 1u << key;
	*at += size + 1;
	read_value(t, at);
	return t->value.error ? t->value.error : takers[key](t, buf_text(&t->value));
}

int clause_parse(const char *text, struct buf *out, struct buf *error)
{
	struct clause_text t = {.value = BUF_INIT, .glob = BUF_INIT, .error = error};
	int r = take_pair(&t, &text);

	while (r == 0 && *text == ',') {
		text++;
		r = take_pair(&t, &text);
	}
	t.clause.glob = (const uint8_t *)buf_text(&t.glob);
	t.clause.glob_size = t.glob.size;
	if (r == 0)
		r = clause_put(out, &t.clause);
	buf_fini(&t.value);
	buf_fini(&t.glob);
	return r;
}
