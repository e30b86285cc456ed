/* SPDX-License-Identifier: MIT */

/* What a service is asked, to find out whether it is ready or well. */

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/text.h"
#include "config/keys.h"
#include "config/words.h"

#define FD_MIN 3
#define FD_MAX 255
#define TAG_MAX 100
#define URL_PATH_MAX 1000
#define PATTERN_MAX 250
/* Of what {N} of a regular expression makes: each is a copy of what is repeated. */
#define REPEATS_MAX 1000
/* Shorter, and the daemon would do nothing else. */
#define INTERVAL_MIN SPAN_MS(10)

/* ---- addresses ---- */

static int take_tcp(const struct value *value, const char *rest, struct exec_probe *probe)
{
	int r = value_check_endpoint(value, rest, ENDPOINT_ADDRESS);

	return r ? r : value_set_text(&probe->host, rest);
}

static int take_http(const struct value *value, const char *rest, struct exec_probe *probe)
{
	size_t size;

	if (strncmp(rest, "http:", 5) == 0)
		rest += 5;
	if (strncmp(rest, "https:", 6) == 0)
		return value_refuse(value, "https is not spoken here: use http, or "
					   "command: with a program that speaks it");
	if (strncmp(rest, "//", 2) != 0)
		return value_refuse(value, "use http://ADDRESS:PORT/PATH");
	rest += 2;
	size = strcspn(rest, "/?#");
	probe->host = strndup(rest, size);
	probe->what = strdup(rest[size] ? rest + size : "/");
	if (!probe->host || !probe->what)
		return -ENOMEM;
	if (*probe->what != '/')
		return value_refuse(value, "the path begins with /, as in http://ADDRESS:PORT/");
	if (strlen(probe->what) > URL_PATH_MAX)
		return value_refuse(value, "its path has more than %d bytes", URL_PATH_MAX);
	for (const char *p = probe->what; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f || *p == '#')
			return value_refuse(value, "its path has a character that is to be written "
						   "as %%XX there");
	}
	return value_check_endpoint(value, probe->host, ENDPOINT_HTTP);
}

/* ---- paths, commands, tags ---- */

static int take_unix(const struct value *value, const char *rest, struct exec_probe *probe)
{
	int r = value_check_endpoint(value, rest, ENDPOINT_PATH);

	if (r)
		return r;
	if ((*rest != '/' && *rest != '@') || !rest[1])
		return value_refuse(value, "use the absolute path of a socket, or @NAME for an "
					   "abstract one");
	if (strlen(rest) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return value_refuse(value, "the path of a socket has at most 107 bytes");
	return value_set_text(&probe->what, rest);
}

static int take_command(const struct value *value, const char *rest, struct exec_probe *probe)
{
	struct value command = *value;

	command.text = rest;
	command.field = &probe->argv;
	return value_command(&command);
}

static int take_fd(const struct value *value, const char *rest, struct exec_probe *probe)
{
	uint64_t number;

	if (text_parse_u64(rest, FD_MAX, &number) < 0 || number < FD_MIN)
		return value_refuse(value, "use fd: and a number from %d to %d, such as fd:3",
				    FD_MIN, FD_MAX);
	probe->fd = (int)number;
	return 0;
}

static int take_mailbox(const struct value *value, const char *rest, struct exec_probe *probe)
{
	size_t size = strlen(rest);

	if (!size || size > TAG_MAX || strchr(rest, ' '))
		return value_refuse(value,
				    "use mailbox, or mailbox: and the tag of a message, of "
				    "at most %d bytes",
				    TAG_MAX);
	return value_set_text(&probe->what, rest);
}

/* ---- regular expressions ---- */

/* How often "{M,N}" repeats, with *p moved to its end. */
static uint64_t count_repeats(const char **p)
{
	uint64_t n = 0, most = 1;

	while ((*p)[1] && (*p)[1] != '}' && n <= REPEATS_MAX) {
		(*p)++;
		n = **p >= '0' && **p <= '9' ? n * 10 + (uint64_t)(**p - '0') : 0;
		most = MAX_OF(most, n);
	}
	return most;
}

/* What would take memory or time out of all proportion; the daemon itself looks for it. */
static const char *judge_pattern(const char *text)
{
	uint64_t repeats = 1;

	if (strlen(text) > PATTERN_MAX)
		return "it is longer than 250 bytes";
	for (const char *p = text; *p; p++) {
		if (*p == '\\' && p[1] >= '1' && p[1] <= '9')
			return "it refers to what it has found before, which may take any time";
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '{')
			repeats *= count_repeats(&p);
		if (repeats > REPEATS_MAX)
			return "it repeats too much: 1000 times at most";
	}
	return NULL;
}

static int take_log(const struct value *value, const char *rest, struct exec_probe *probe)
{
	const char *why = judge_pattern(rest);
	char text[128];
	regex_t regex;
	int r;

	if (!*rest)
		return value_refuse(value, "use log: and an extended regular expression, which a "
					   "line of its output matches");
	if (why)
		return value_refuse(value, "%s", why);
	r = regcomp(&regex, rest, REG_EXTENDED | REG_NOSUB);
	if (r == REG_ESPACE)
		return -ENOMEM;
	if (r) {
		regerror(r, &regex, text, sizeof(text));
		return value_refuse(value, "no extended regular expression: %s", text);
	}
	regfree(&regex);
	return value_set_text(&probe->what, rest);
}

/* ---- the forms ---- */

static const struct form {
	const char *prefix;
	enum probe_kind kind;
	enum ready_kind ready; /* READY_N_KINDS: not for readiness */
	bool health;
	int (*take)(const struct value *value, const char *rest, struct exec_probe *probe);
} forms[] = {
	{"tcp:", PROBE_TCP, READY_TCP, true, take_tcp},
	{"unix:", PROBE_UNIX, READY_UNIX, true, take_unix},
	{"http:", PROBE_HTTP, READY_HTTP, true, take_http},
	{"command:", PROBE_COMMAND, READY_COMMAND, true, take_command},
	{"fd:", PROBE_FD, READY_FD, false, take_fd},
	{"log:", PROBE_LOG, READY_LOG, false, take_log},
	{"mailbox:", PROBE_MAILBOX, READY_N_KINDS, true, take_mailbox},
};

/* The form that text has, of those for readiness or health, or NULL. */
static const struct form *find_form(const char *text, bool health)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		bool here = health ? forms[i].health : forms[i].ready != READY_N_KINDS;

		if (here && strncmp(text, forms[i].prefix, strlen(forms[i].prefix)) == 0)
			return &forms[i];
	}
	return NULL;
}

/* Takes it in place of what was there. */
static int take_form(const struct value *value, const struct form *form, struct exec_probe *field)
{
	struct exec_probe probe = {.kind = form->kind};
	int r = form->take(value, value->text + strlen(form->prefix), &probe);

	if (r == 0)
		r = value_set_text(&probe.text, value->text);
	if (r == 0) {
		exec_probe_fini(field);
		*field = probe;
	} else {
		exec_probe_fini(&probe);
	}
	return r;
}

/* One of those that ask nothing from outside, or -1. */
static int find_plain_ready(const struct value *value, struct span *ret_delay)
{
	static const enum ready_kind plain[] = {READY_EXEC, READY_EXIT, READY_NOTIFY,
						READY_MAILBOX};

	if (strncmp(value->text, "delay:", 6) == 0) {
		bool good = span_parse(value->text + 6, ret_delay) == 0 &&
			    !span_is_infinite(*ret_delay);

		return good ? READY_DELAY : READY_N_KINDS;
	}
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (strcmp(value->text, ready_kind_names[plain[i]]) == 0)
			return (int)plain[i];
	return -1;
}

int value_ready(const struct value *value)
{
	static const char *const words[] = {"exec",      "exit",       "notify",
					    "mailbox",   "fd:N",       "tcp:ADDRESS:PORT",
					    "unix:PATH", "http:URL",   "command:CMD",
					    "log:REGEX", "delay:SPAN", NULL};
	const struct form *form = find_form(value->text, false);
	struct spec *spec = value->spec;
	struct span delay = SPAN_S(0);
	int kind = find_plain_ready(value, &delay);

	if (kind == READY_N_KINDS)
		return value_refuse(value, "use delay: and a time span, such as delay:2s");
	if (form) {
		struct exec_probes *probes = exec_part(spec->exec, PART_PROBES);
		int r = probes ? take_form(value, form, &probes->ready) : -ENOMEM;

		if (r)
			return r;
		kind = (int)form->ready;
	} else if (kind < 0) {
		return value_refuse_word(value, words);
	} else if (spec->exec->probes) {
		exec_probe_fini(&spec->exec->probes->ready);
	}
	spec->ready = (enum ready_kind)kind;
	spec->ready_delay = delay;
	return 0;
}

int value_health(const struct value *value)
{
	static const char *const words[] = {
		"none",        "tcp:ADDRESS:PORT", "unix:PATH",   "http:URL",
		"command:CMD", "mailbox",          "mailbox:TAG", NULL};
	const struct form *form = find_form(value->text, true);
	struct exec_probe *field = value->field;
	struct value mailbox = *value;

	if (form)
		return take_form(value, form, field);
	if (strcmp(value->text, "mailbox") == 0) {
		mailbox.text = "mailbox:health";
		return take_form(&mailbox, find_form(mailbox.text, true), field);
	}
	if (strcmp(value->text, "none") != 0)
		return value_refuse_word(value, words);
	exec_probe_fini(field);
	return 0;
}

int value_interval(const struct value *value)
{
	struct span span;
	int r = value_span(value);

	if (r)
		return r;
	memcpy(&span, value->field, sizeof(span));
	if (span.ns < INTERVAL_MIN.ns)
		return value_refuse(value, "use at least 10ms");
	return 0;
}
