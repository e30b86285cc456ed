/* SPDX-License-Identifier: MIT */

/* What ready and health may say, and what is made of it. */

#include <criterion/criterion.h>
#include <string.h>

#include "base/macros.h"
#include "config/keys.h"
#include "tests/config/support.h"

#define SERVICE "[service a]\ncommand = x\n"
#define BAD(key, text, why)                                                              \
	{                                                                                \
		SERVICE key " = " text "\n", "main:3: " key " = \"" text "\": " why "\n" \
	}
#define READY(text, why) BAD("ready", text, why)
#define HEALTH(text, why) BAD("health", text, why)

#define READY_WORDS                                                                      \
	"use exec, exit, notify, mailbox, fd:N, tcp:ADDRESS:PORT, unix:PATH, http:URL, " \
	"command:CMD, log:REGEX or delay:SPAN"
#define HEALTH_WORDS \
	"use none, tcp:ADDRESS:PORT, unix:PATH, http:URL, command:CMD, mailbox or mailbox:TAG"
#define ADDRESS                                                                              \
	"use a numeric address and a port, such as 127.0.0.1:80, [::1]:80 or localhost:80: " \
	"names are not looked up here"
#define HTTP                                                                                \
	"use a numeric address, such as 127.0.0.1, 127.0.0.1:8080, [::1]:80 or localhost: " \
	"names are not looked up here"
#define PORT "a port is a number from 1 to 65535"
#define LONG_50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define SHOWN_73 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

Test(probe, words)
{
	static const struct message_row rows[] = {
		READY("", READY_WORDS),
		READY("notfy", READY_WORDS "; did you mean \"notify\"?"),
		READY("delay", READY_WORDS),
		READY("delay:x", "use delay: and a time span, such as delay:2s"),
		READY("delay:infinity", "use delay: and a time span, such as delay:2s"),
		READY("mailbox:health", READY_WORDS),
		HEALTH("", HEALTH_WORDS),
		HEALTH("notify", HEALTH_WORDS),
		HEALTH("fd:3", HEALTH_WORDS),
		HEALTH("log:x", HEALTH_WORDS),
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(probe, addresses)
{
	static const struct message_row rows[] = {
		READY("tcp:", ADDRESS),
		READY("tcp:80", ADDRESS),
		READY("tcp::80", ADDRESS),
		READY("tcp:127.0.0.1", ADDRESS),
		READY("tcp:redis.local:80", ADDRESS),
		READY("tcp:127.1:80", ADDRESS),
		READY("tcp:127.0.0.256:80", ADDRESS),
		READY("tcp:[::1", ADDRESS),
		READY("tcp:[::1]", ADDRESS),
		READY("tcp:[::1]80", ADDRESS),
		READY("tcp:[127.0.0.1]:80", ADDRESS),
		READY("tcp:[fe80::1%%eth0]:80", ADDRESS),
		READY("tcp:::1:80", "write an IPv6 address in brackets, as in [::1]:80"),
		READY("tcp:127.0.0.1:", PORT),
		READY("tcp:127.0.0.1:0", PORT),
		READY("tcp:127.0.0.1:65536", PORT),
		READY("tcp:127.0.0.1:99999999999999999999", PORT),
		READY("tcp:127.0.0.1:-1", PORT),
		READY("tcp:127.0.0.1:80x", PORT),
		HEALTH("tcp:127.0.0.1:http", PORT),
		HEALTH("tcp:127.0.0.1:%n", "where %i is 1 and %n is name@1: " PORT),
		HEALTH("tcp:127.0.0.1:8%x",
		       "only %i, %n and %% mean something: write %% for a percent sign"),
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(probe, urls)
{
	static const struct message_row rows[] = {
		READY("http:", "use http://ADDRESS:PORT/PATH"),
		READY("http:127.0.0.1/", "use http://ADDRESS:PORT/PATH"),
		READY("http://", HTTP),
		READY("http://example.org/", HTTP),
		READY("http://me@127.0.0.1/", HTTP),
		READY("http://127.0.0.1:0/", PORT),
		READY("http:https://127.0.0.1/", "https is not spoken here: use http, or command: "
						 "with a program that speaks it"),
		READY("http://127.0.0.1?a", "the path begins with /, as in http://ADDRESS:PORT/"),
		READY("http://127.0.0.1/a b", "its path has a character that is to be written as "
					      "%XX there"),
		READY("http://127.0.0.1/#a", "its path has a character that is to be written as "
					     "%XX there"),
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(probe, paths_commands_fds)
{
	static const struct message_row rows[] = {
		READY("unix:", "use the absolute path of a socket, or @NAME for an abstract one"),
		READY("unix:a", "use the absolute path of a socket, or @NAME for an abstract one"),
		READY("unix:@", "use the absolute path of a socket, or @NAME for an abstract one"),
		READY("unix:/%x", "only %i, %n and %% mean something: write %% for a percent "
				  "sign"),
		{SERVICE "ready = unix:/" LONG_50 LONG_50 "xxxxxxx\n",
		 "main:3: ready = \"unix:/" SHOWN_73 "x...\": the path of a socket has at most 107 "
		 "bytes\n"},
		READY("command:", "the command is empty"),
		READY("command:a 'b", "a quote is opened and not closed"),
		READY("fd:", "use fd: and a number from 3 to 255, such as fd:3"),
		READY("fd:2", "use fd: and a number from 3 to 255, such as fd:3"),
		READY("fd:256", "use fd: and a number from 3 to 255, such as fd:3"),
		READY("fd:3x", "use fd: and a number from 3 to 255, such as fd:3"),
		HEALTH("mailbox:", "use mailbox, or mailbox: and the tag of a message, of at most "
				   "100 bytes"),
		HEALTH("mailbox:a b", "use mailbox, or mailbox: and the tag of a message, of at "
				      "most 100 bytes"),
		{SERVICE "ready = mailbox\nmailbox = none\n",
		 "main:3: service a: ready = mailbox needs a mailbox, not mailbox = none, and "
		 "cannot wait for start_post: use notify\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(probe, health_by_a_mailbox_that_is_none)
{
	static const struct message_row rows[] = {
		{SERVICE "health = mailbox\nmailbox = none\n",
		 "main:3: service a: health = mailbox needs a mailbox: not mailbox = none\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(probe, regular_expressions)
{
	static const struct message_row rows[] = {
		READY("log:", "use log: and an extended regular expression, which a line of its "
			      "output matches"),
		READY("log:a(b", "no extended regular expression: Unmatched ( or \\("),
		READY("log:(a)\\1", "it refers to what it has found before, which may take any "
				    "time"),
		READY("log:(a{1,100}){11}", "it repeats too much: 1000 times at most"),
		READY("log:a{99999999999999999999}", "it repeats too much: 1000 times at most"),
		{SERVICE "ready = log:" LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 "x\n",
		 "main:3: ready = \"log:" SHOWN_73 "xxx...\": it is longer than 250 bytes\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

#define NOT_OURS                                                                                 \
	"main:3: service a: ready = log: looks for a line of what goes to the log: with stdout " \
	"and stderr elsewhere there is none\n"

Test(probe, lines_of_what)
{
	static const struct message_row rows[] = {
		{SERVICE "ready = log:x\nstdout = null\n", NOT_OURS},
		{SERVICE "ready = log:x\nstdout = null\nstderr = file:/tmp/x\n", NOT_OURS},
		{SERVICE "ready = log:x\nstdout = null\nstderr = log\n", ""},
		{SERVICE "ready = log:x\nstdout = inherit\n", ""},
		{SERVICE "ready = log:x\nstdin = tty:/dev/tty9\n", NOT_OURS},
		{SERVICE "ready = log:x\nstdin = tty:/dev/tty9\nstderr = inherit\n", ""},
		{SERVICE "ready = log:x\n", ""},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

#define NOT_ITS_OWN                                                                       \
	"ready = log: can not tell whose a line is where all copies write into one log: " \
	"use notify, fd:N or another form\n"

Test(probe, lines_of_copies)
{
	static const struct message_row rows[] = {
		{"[supervisor s]\nstrategy = simple_one_for_one\n[service s/a]\ncommand = x\n"
		 "ready = log:x\n",
		 "main:5: service s/a: " NOT_ITS_OWN},
		{SERVICE "ready = log:x\nlisten = tcp:127.0.0.1:1\naccept = yes\n",
		 "main:3: service a: " NOT_ITS_OWN},
		{SERVICE "ready = log:x\ninstances = 2\n", ""},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(probe, intervals)
{
	static const struct message_row rows[] = {
		BAD("ready_interval", "1ms", "use at least 10ms"),
		BAD("ready_interval", "0", "use at least 10ms"),
		BAD("health_interval", "1ns", "use at least 10ms"),
		BAD("health_interval", "infinity",
		    "it must end some time: infinity is not allowed here"),
		BAD("health_timeout", "x", "use a time span such as 500ms, 5s, 1min 30s or 2h"),
		BAD("health_retries", "0", "use a number from 1 to 1000"),
		BAD("health_retries", "1001", "use a number from 1 to 1000"),
		BAD("health_start_period", "infinity",
		    "it must end some time: infinity is not allowed here"),
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

/* ---- what is made of it ---- */

static const struct exec_probes *probes_of(const struct config *config, const char *name)
{
	return find_spec(config, name)->exec->probes;
}

static const char text[] =
	"[defaults]\nready = tcp:127.0.0.1:80\nhealth = tcp:127.0.0.1:80\n"
	"[service v4]\ncommand = x\nready_interval = 50ms\n"
	"[service v6]\ncommand = x\nready = tcp:[fe80::1]:65535\nhealth = mailbox\n"
	"[service local]\ncommand = x\nready = tcp:localhost:1\nhealth = mailbox:are_you_well\n"
	"[service web]\ncommand = x\nready = http://127.0.0.1:8080/a%20b?c\n"
	"health = http:http://[::1]\nhealth_retries = 7\nhealth_start_period = 1min\n"
	"[service none]\ncommand = x\nready = exec\nhealth = none\n"
	"[service unix]\ncommand = x\nready = unix:/run/%n.sock\nhealth = unix:@a\n"
	"health_interval = 1s\nhealth_timeout = 2s\n"
	"[service cmd]\ncommand = x\nready = command:redis-cli -p 1 'a b'\n"
	"[service fd]\ncommand = x\nready = fd:255\n"
	"[service log]\ncommand = x\nready = log:^ready[.]{3} (to|for) .*$\n"
	"[service mail]\ncommand = x\nready = mailbox\n";

Test(probe, parsed)
{
	struct folder folder CLEANUP(folder_fini);
	const struct exec_probes *p;
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, text);
	cr_assert_eq(config->n_errors, 0, "%s", messages_of(&folder, config));
	p = probes_of(config, "v4");
	cr_expect_eq(find_spec(config, "v4")->ready, READY_TCP);
	cr_expect_eq(p->ready.kind, PROBE_TCP);
	cr_expect_str_eq(p->ready.text, "tcp:127.0.0.1:80");
	cr_expect_str_eq(p->ready.host, "127.0.0.1:80");
	cr_expect_eq(p->ready_interval.ns, SPAN_MS(50).ns);
	p = probes_of(config, "v6");
	cr_expect_str_eq(p->ready.host, "[fe80::1]:65535");
	cr_expect_eq(p->ready_interval.ns, 0);
	cr_expect_eq(p->health.kind, PROBE_MAILBOX);
	cr_expect_str_eq(p->health.what, "health");
	p = probes_of(config, "local");
	cr_expect_str_eq(p->health.what, "are_you_well");
	cr_expect(strncmp(p->ready.host, "localhost:", 10) == 0);
	p = probes_of(config, "web");
	cr_expect_str_eq(p->ready.what, "/a%20b?c");
	cr_expect_str_eq(p->ready.host, "127.0.0.1:8080");
	cr_expect_str_eq(p->health.what, "/");
	cr_expect_eq(p->health.host[0], '[');
	cr_expect_eq(p->health_retries, 7);
	cr_expect_eq(p->health_start_period.ns, SPAN_S(60).ns);
	config_free(config);
}

Test(probe, parsed_otherwise)
{
	struct folder folder CLEANUP(folder_fini);
	const struct exec_probes *p;
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, text);
	p = probes_of(config, "none");
	cr_expect_eq(find_spec(config, "none")->ready, READY_EXEC);
	cr_expect_null(p->ready.text);
	cr_expect_eq(p->health.kind, PROBE_NONE);
	p = probes_of(config, "unix");
	cr_expect_str_eq(p->ready.what, "/run/%n.sock");
	cr_expect_str_eq(p->health.what, "@a");
	cr_expect_eq(p->health_interval.ns, SPAN_S(1).ns);
	cr_expect_eq(p->health_timeout.ns, SPAN_S(2).ns);
	p = probes_of(config, "cmd");
	cr_expect_str_eq(p->ready.argv[0], "redis-cli");
	cr_expect_str_eq(p->ready.argv[3], "a b");
	cr_expect_null(p->ready.argv[4]);
	cr_expect_eq(p->health_interval.ns, SPAN_S(10).ns);
	cr_expect_eq(p->health_retries, 3);
	cr_expect_eq(probes_of(config, "fd")->ready.fd, 255);
	cr_expect_str_eq(probes_of(config, "log")->ready.what, "^ready[.]{3} (to|for) .*$");
	cr_expect_eq(find_spec(config, "log")->ready, READY_LOG);
	cr_expect_eq(find_spec(config, "mail")->ready, READY_MAILBOX);
	config_free(config);
}

/* Nothing of it, and there is no record. */
Test(probe, nothing)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, SERVICE "ready = delay:1s\n");
	cr_expect_null(probes_of(config, "a"));
	config_free(config);
}
