/* SPDX-License-Identifier: MIT */

/* listen = KIND:ADDRESS [OPTION=VALUE...]. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/keys.h"
#include "config/words.h"

#define ACCOUNT_MAX 255

/* Looked up by the word before the colon. 0, or 1. */
static int take_kind(const struct value *value, const char *word, struct exec_listen *listen)
{
	size_t size = strcspn(word, ":");

	for (int kind = 0; kind < LISTEN_N_KINDS && word[size]; kind++) {
		if (strlen(listen_kind_names[kind]) == size &&
		    strncmp(listen_kind_names[kind], word, size) == 0) {
			listen->kind = (enum listen_kind)kind;
			return 0;
		}
	}
	return value_refuse(value,
			    "use tcp:ADDRESS:PORT, udp:ADDRESS:PORT, unix:PATH, unix-dgram:PATH, "
			    "unix-seqpacket:PATH or fifo:PATH");
}

/* For an instance, so that % stands for something. */
int value_check_endpoint(const struct value *value, const char *text, enum endpoint_form form)
{
	static const char *const instances[] = {"name@127.0.0.1", "name@::1", "name@1"};
	struct endpoint endpoint = {.name = NULL};
	const char *advice;
	int r = -EINVAL;

	/* Whatever it may stand for; what is said is about the last. */
	for (size_t i = 0; i < ARRAY_LEN(instances) && r == -EINVAL; i++)
		r = endpoint_find(text, form, instances[i], &endpoint, &advice);
	endpoint_fini(&endpoint);
	if (r != -EINVAL)
		return r;
	if (!strstr(text, "%i") && !strstr(text, "%n"))
		return value_refuse(value, "%s", advice);
	return value_refuse(value, "where %%i is 1 and %%n is name@1: %s", advice);
}

static int check_path(const struct value *value, const char *path, enum listen_kind kind)
{
	bool abstract = *path == '@' && kind != LISTEN_FIFO;

	if (!*path || !path[1] || (*path != '/' && !abstract))
		return value_refuse(value, kind == LISTEN_FIFO
						   ? "use an absolute path, one that begins with /"
						   : "use an absolute path, or @NAME for a socket "
						     "that has none");
	if (kind != LISTEN_FIFO && strlen(path) > LISTEN_PATH_MAX)
		return value_refuse(value, "the path of a Unix socket has at most %d bytes",
				    LISTEN_PATH_MAX);
	return value_check_endpoint(value, path, ENDPOINT_PATH);
}

/* ---- options ---- */

static int take_name(const struct value *value, const char *text, struct exec_listen *listen)
{
	if (!*text || strlen(text) > LISTEN_NAME_MAX || strchr(text, ':'))
		return value_refuse(value, "a name has 1 to %d bytes and no colon",
				    LISTEN_NAME_MAX);
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return value_refuse(value, "a name is made of printable ASCII characters");
	}
	return value_set_text(&listen->name, text);
}

static int take_mode(const struct value *value, const char *text, struct exec_listen *listen)
{
	unsigned mode = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '7' && mode <= 0777; p++)
		mode = mode * 8 + (unsigned)(*p - '0');
	if (*p || p == text || mode > 0777)
		return value_refuse(value, "a mode is an octal number from 0 to 0777, as in "
					   "mode=0660");
	listen->mode = (uint16_t)mode;
	return 0;
}

static int take_account(const struct value *value, const char *text, char **field)
{
	if (!*text || strlen(text) > ACCOUNT_MAX)
		return value_refuse(value, "names of users and groups have 1 to %d bytes",
				    ACCOUNT_MAX);
	return value_set_text(field, text);
}

static int take_owner(const struct value *value, const char *text, struct exec_listen *listen)
{
	return take_account(value, text, &listen->owner);
}

static int take_group(const struct value *value, const char *text, struct exec_listen *listen)
{
	return take_account(value, text, &listen->group);
}

static int take_backlog(const struct value *value, const char *text, struct exec_listen *listen)
{
	uint64_t backlog;

	if (text_parse_u64(text, LISTEN_BACKLOG_MAX, &backlog) < 0 || backlog == 0)
		return value_refuse(value, "backlog is a number from 1 to %u", LISTEN_BACKLOG_MAX);
	listen->backlog = (uint32_t)backlog;
	return 0;
}

static int take_reuse_port(const struct value *value, const char *text, struct exec_listen *listen)
{
	if (text_parse_bool(text, &listen->reuse_port) < 0)
		return value_refuse(value, "reuse_port is yes or no");
	return 0;
}

enum { OF_ANY, OF_PATH, OF_STREAM, OF_INTERNET };

static const struct listen_option {
	const char *name;
	int of;
	int (*take)(const struct value *value, const char *text, struct exec_listen *listen);
	const char *kinds; /* what it is for, in words */
} options[] = {
	{"name", OF_ANY, take_name, ""},
	{"mode", OF_PATH, take_mode, "for what has a path"},
	{"owner", OF_PATH, take_owner, "for what has a path"},
	{"group", OF_PATH, take_group, "for what has a path"},
	{"backlog", OF_STREAM, take_backlog, "for tcp, unix and unix-seqpacket"},
	{"reuse_port", OF_INTERNET, take_reuse_port, "for tcp and udp"},
};

static bool option_fits(const struct listen_option *option, const struct exec_listen *listen,
			const char *address)
{
	switch (option->of) {
	case OF_PATH:
		return !listen_is_internet(listen->kind) && *address == '/';
	case OF_STREAM:
		return listen_is_stream(listen->kind);
	case OF_INTERNET:
		return listen_is_internet(listen->kind);
	default:
		return true;
	}
}

static int refuse_option(const struct value *value, const char *word)
{
	const char *names[ARRAY_LEN(options) + 1] = {0};
	char name[32] = "", shown[QUOTE_TEXT_MAX];
	const char *nearest;

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		names[i] = options[i].name;
	memcpy(name, word, MIN_OF(strcspn(word, "="), sizeof(name) - 1));
	nearest = text_nearest(name, names);
	quote_text(word, shown);
	if (nearest)
		return value_refuse(value, "%s is no option: did you mean \"%s=\"?", shown,
				    nearest);
	return value_refuse(value,
			    "%s is no option: use name=, mode=, owner=, group=, backlog= or "
			    "reuse_port=",
			    shown);
}

/* seen: a bit an option. */
static int take_option(const struct value *value, const char *word, const char *address,
		       unsigned *seen, struct exec_listen *listen)
{
	size_t size = strcspn(word, "=");

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct listen_option *option = &options[i];

		if (word[size] != '=' || strlen(option->name) != size ||
		    strncmp(option->name, word, size) != 0)
			continue;
		if (*seen & 1u << i)
			return value_refuse(value, "%s is given twice", option->name);
		*seen |= 1u << i;
		if (!option_fits(option, listen, address))
			return value_refuse(value, "%s is %s", option->name, option->kinds);
		return option->take(value, word + size + 1, listen);
	}
	return refuse_option(value, word);
}

/* ---- the value ---- */

static int parse(const struct value *value, char *const *words, struct exec_listen *listen)
{
	const char *address;
	unsigned seen = 0;
	int r;

	if (!words[0])
		return value_refuse(value, "it is empty: name what to listen on, as in "
					   "tcp:127.0.0.1:8080 or unix:/run/name.sock");
	r = take_kind(value, words[0], listen);
	if (r)
		return r;
	address = words[0] + strlen(listen_kind_names[listen->kind]) + 1;
	r = listen_is_internet(listen->kind) ? value_check_endpoint(value, address, ENDPOINT_LISTEN)
					     : check_path(value, address, listen->kind);
	for (size_t i = 1; r == 0 && words[i]; i++)
		r = take_option(value, words[i], address, &seen, listen);
	return r ? r : value_set_text(&listen->address, address);
}

static int add(const struct value *value, struct exec_sockets *sockets,
	       const struct exec_listen *listen)
{
	for (size_t i = 0; i < sockets->n_listen; i++) {
		const struct exec_listen *other = &sockets->listen[i];

		if (other->kind == listen->kind && listen->address &&
		    strcmp(other->address, listen->address) == 0)
			return value_refuse(value, "the service listens there already");
	}
	if (sockets->n_listen >= LISTEN_MAX)
		return value_refuse(value, "a service has at most %d of them", LISTEN_MAX);
	return exec_sockets_add(sockets, listen);
}

int value_listen(const struct value *value)
{
	struct exec_listen listen = {.mode = LISTEN_DEFAULT_MODE, .backlog = LISTEN_BACKLOG};
	char **words = NULL;
	int r = words_list(value->text, &words);

	if (r < 0)
		return r;
	r = parse(value, words, &listen);
	if (r == 0)
		r = add(value, value->spec->exec->sockets, &listen);
	if (r)
		exec_listen_fini(&listen);
	strings_free(words);
	return r;
}
