/* SPDX-License-Identifier: MIT */

/*
 * Specs as lines: "spec DEPTH TYPE NAME key=value ...". One table of the fields that decide
 * something, for both directions. What a process is made of (struct exec) decides nothing and is
 * left out.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/record_spec.h"

enum field_type { FIELD_NAME, FIELD_FLAG, FIELD_NS, FIELD_NUMBER, FIELD_SIZE };

struct spec_field {
	const char *key;
	enum field_type type;
	size_t offset;
	const char *const *names; /* FIELD_NAME */
};

static const char *const shutdown_names[] = {"span", "infinity", "brutal_kill", NULL};

#define AT(member) offsetof(struct spec, member)

/* A key each time a text. */
struct spec_list {
	const char *key;
	size_t offset;
};

static const struct spec_list lists[] = {{"alias", AT(aliases)},     {"link", AT(links)},
					 {"after", AT(after)},       {"requires", AT(requires)},
					 {"provides", AT(provides)}, {"grant", AT(grants)}};

static const struct spec_field fields[] = {
	{"restart", FIELD_NAME, AT(restart), restart_type_names},
	{"significant", FIELD_FLAG, AT(significant), NULL},
	{"autostart", FIELD_FLAG, AT(autostart), NULL},
	{"remain", FIELD_FLAG, AT(remain), NULL},
	{"on_demand", FIELD_FLAG, AT(on_demand), NULL},
	{"overlap", FIELD_FLAG, AT(overlap), NULL},
	{"template", FIELD_FLAG, AT(template), NULL},
	{"instance", FIELD_FLAG, AT(instance), NULL},
	{"instances", FIELD_NUMBER, AT(instances), NULL},
	{"shutdown", FIELD_NAME, AT(shutdown), shutdown_names},
	{"shutdown_span", FIELD_NS, AT(shutdown_span), NULL},
	{"restart_delay", FIELD_NS, AT(restart_delay), NULL},
	{"restart_delay_max", FIELD_NS, AT(restart_delay_max), NULL},
	{"restart_reset", FIELD_NS, AT(restart_reset), NULL},
	{"ready", FIELD_NAME, AT(ready), ready_kind_names},
	{"ready_delay", FIELD_NS, AT(ready_delay), NULL},
	{"start_post", FIELD_FLAG, AT(start_post), NULL},
	{"start_timeout", FIELD_NS, AT(start_timeout), NULL},
	{"strategy", FIELD_NAME, AT(strategy), strategy_names},
	{"intensity", FIELD_NUMBER, AT(intensity), NULL},
	{"period", FIELD_NS, AT(period), NULL},
	{"give_up", FIELD_NAME, AT(give_up), give_up_names},
	{"auto_shutdown", FIELD_NAME, AT(auto_shutdown), auto_shutdown_names},
	{"start", FIELD_NAME, AT(start), start_mode_names},
	{"max_children", FIELD_NUMBER, AT(max_children), NULL},
	{"trap_exit", FIELD_FLAG, AT(trap_exit), NULL},
	{"mailbox", FIELD_NAME, AT(mailbox), mailbox_kind_names},
	{"mailbox_limit", FIELD_SIZE, AT(mailbox_limit), NULL},
	{"mailbox_overflow", FIELD_NAME, AT(mailbox_overflow), mailbox_overflow_names},
	{"outbox_limit", FIELD_SIZE, AT(outbox_limit), NULL},
};

/* ---- words ---- */

static bool record_is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_./:@+-,", c));
}

static void record_put_value(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (record_is_plain(*text))
			buf_putc(out, *text);
		else
			buf_printf(out, "%%%02x", (unsigned)(unsigned char)*text);
	}
}

void record_put_text(struct buf *out, const char *key, const char *text)
{
	if (!text)
		return;
	buf_printf(out, " %s=", key);
	record_put_value(out, text);
}

void record_put_int(struct buf *out, const char *key, int64_t value)
{
	buf_printf(out, " %s=%lld", key, (long long)value);
}

void record_put_uint(struct buf *out, const char *key, uint64_t value)
{
	buf_printf(out, " %s=%llu", key, (unsigned long long)value);
}

void record_put_bytes(struct buf *out, const char *key, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;

	buf_printf(out, " %s=", key);
	for (size_t i = 0; i < size; i++) {
		buf_putc(out, digits[bytes[i] >> 4]);
		buf_putc(out, digits[bytes[i] & 15]);
	}
}

char *record_next_word(char **cursor)
{
	char *word = *cursor;

	while (*word == ' ')
		word++;
	if (!*word)
		return NULL;
	*cursor = word + strcspn(word, " ");
	if (**cursor)
		*(*cursor)++ = '\0';
	return word;
}

static int record_hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

int record_read_bytes(char *value, size_t *ret_size)
{
	size_t size = strlen(value);

	if (size % 2)
		return -EINVAL;
	for (size_t i = 0; i < size; i += 2) {
		int high = record_hex(value[i]);
		int low = record_hex(value[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		value[i / 2] = (char)(high << 4 | low);
	}
	*ret_size = size / 2;
	return 0;
}

/* In place; false where a percent sign is not followed by two digits, or encodes a NUL. */
static bool record_decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '%') {
			int high = record_hex(text[1]);
			int low = high < 0 ? -1 : record_hex(text[2]);

			if (low < 0 || !(high | low))
				return false;
			*to++ = (char)(high << 4 | low);
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
	return true;
}

bool record_split(char *word, const char **ret_key, const char **ret_value)
{
	char *equals = strchr(word, '=');

	if (!equals || !record_decode(equals + 1))
		return false;
	*equals = '\0';
	*ret_key = word;
	*ret_value = equals + 1;
	return true;
}

bool record_read_uint(const char *text, uint64_t *ret_value)
{
	return text_parse_u64(text, UINT64_MAX, ret_value) == 0;
}

bool record_read_int(const char *text, int64_t *ret_value)
{
	bool negative = *text == '-';
	uint64_t n;

	if (text_parse_u64(text + negative, INT64_MAX, &n) < 0)
		return false;
	*ret_value = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

int record_find_name(const char *word, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(word, names[i]) == 0)
			return i;
	return -1;
}

/* ---- writing ---- */

static void record_put_field(struct buf *out, const struct spec *spec, const struct spec_field *f)
{
	const char *at = (const char *)spec + f->offset;
	uint32_t number;
	uint64_t bytes;
	int64_t ns;

	switch (f->type) {
	case FIELD_NAME:
		memcpy(&number, at, sizeof(number));
		record_put_text(out, f->key, f->names[number]);
		break;
	case FIELD_NUMBER:
		memcpy(&number, at, sizeof(number));
		record_put_uint(out, f->key, number);
		break;
	case FIELD_SIZE:
		memcpy(&bytes, at, sizeof(bytes));
		record_put_uint(out, f->key, bytes);
		break;
	case FIELD_FLAG:
		record_put_uint(out, f->key, *(const bool *)at);
		break;
	case FIELD_NS:
		memcpy(&ns, at, sizeof(ns));
		record_put_int(out, f->key, ns);
		break;
	}
}

static char ***record_list(const struct spec *spec, const struct spec_list *list)
{
	return (char ***)((uintptr_t)spec + list->offset);
}

static void record_put_lists(struct buf *out, const struct spec *spec)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		char *const *texts = *record_list(spec, &lists[i]);

		for (size_t j = 0; texts && texts[j]; j++)
			record_put_text(out, lists[i].key, texts[j]);
	}
}

static void record_put_one_spec(struct buf *out, const struct spec *spec, unsigned depth)
{
	buf_printf(out, "spec %u %s ", depth, child_type_names[spec->type]);
	record_put_value(out, spec->name);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		record_put_field(out, spec, &fields[i]);
	buf_puts(out, " success_codes=");
	for (size_t i = 0; i < sizeof(spec->success_codes); i++)
		buf_printf(out, "%02x", (unsigned)spec->success_codes[i]);
	record_put_uint(out, "success_signals", spec->success_signals);
	record_put_lists(out, spec);
	buf_putc(out, '\n');
}

/* The way down is a path of positions: no recursion over the tree. */
void record_put_spec(struct buf *out, const struct spec *spec)
{
	const struct spec *path[SPEC_DEPTH_MAX + 2];
	uint32_t next[SPEC_DEPTH_MAX + 2];
	unsigned depth = 0;

	path[0] = spec;
	next[0] = 0;
	record_put_one_spec(out, spec, 0);
	for (;;) {
		if (depth <= SPEC_DEPTH_MAX && next[depth] < path[depth]->n_children) {
			path[depth + 1] = path[depth]->children[next[depth]++];
			next[++depth] = 0;
			record_put_one_spec(out, path[depth], depth);
		} else if (!depth--) {
			return;
		}
	}
}

/* ---- reading ---- */

static bool record_read_field(struct spec *spec, const struct spec_field *f, const char *value)
{
	char *at = (char *)spec + f->offset;
	int name = f->type == FIELD_NAME ? record_find_name(value, f->names) : 0;
	uint64_t number = 0;
	int64_t ns;
	uint32_t n;

	if (f->type == FIELD_NS) {
		if (!record_read_int(value, &ns) || ns < 0)
			return false;
		memcpy(at, &ns, sizeof(ns));
		return true;
	}
	if (f->type == FIELD_SIZE) {
		if (!record_read_uint(value, &number))
			return false;
		memcpy(at, &number, sizeof(number));
		return true;
	}
	if (name < 0 || (f->type != FIELD_NAME && !record_read_uint(value, &number)) ||
	    number > (f->type == FIELD_FLAG ? 1 : UINT32_MAX))
		return false;
	if (f->type == FIELD_FLAG) {
		*(bool *)at = number;
		return true;
	}
	n = f->type == FIELD_NAME ? (uint32_t)name : (uint32_t)number;
	memcpy(at, &n, sizeof(n));
	return true;
}

static bool record_read_codes(struct spec *spec, const char *value)
{
	if (strlen(value) != 2 * sizeof(spec->success_codes))
		return false;
	for (size_t i = 0; i < sizeof(spec->success_codes); i++) {
		int high = record_hex(value[2 * i]);
		int low = record_hex(value[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		spec->success_codes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool record_read_key(struct spec *spec, char *word)
{
	const char *key, *value;

	if (!record_split(word, &key, &value))
		return false;
	if (strcmp(key, "success_codes") == 0)
		return record_read_codes(spec, value);
	if (strcmp(key, "success_signals") == 0)
		return record_read_uint(value, &spec->success_signals);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (strcmp(key, lists[i].key) == 0)
			return spec_add_text(record_list(spec, &lists[i]), value) == 0;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(key, fields[i].key) == 0)
			return record_read_field(spec, &fields[i], value);
	return false;
}

int record_read_spec(char *line, unsigned *ret_depth, struct spec **ret_spec)
{
	char *depth_word = record_next_word(&line);
	char *type_word = record_next_word(&line);
	char *name = record_next_word(&line);
	int type = type_word ? record_find_name(type_word, child_type_names) : -1;
	uint64_t depth;
	struct spec *spec;
	char *word;

	if (type < 0 || !name || text_parse_u64(depth_word, SPEC_DEPTH_MAX + 1, &depth) < 0 ||
	    !record_decode(name))
		return -EINVAL;
	spec = spec_new((enum child_type)type, name);
	if (!spec)
		return -ENOMEM;
	while ((word = record_next_word(&line))) {
		if (!record_read_key(spec, word)) {
			spec_unref(spec);
			return -EINVAL;
		}
	}
	*ret_depth = (unsigned)depth;
	*ret_spec = spec;
	return 0;
}
