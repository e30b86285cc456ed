/* SPDX-License-Identifier: MIT */

/* The keys of sockets. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "tests/config/support.h"

#define SERVICE "[service a]\ncommand = x\n"

static const struct exec_sockets *sockets_of(const struct config *config, const char *path)
{
	return find_spec(config, path)->exec->sockets;
}

Test(sockets, every_form)
{
	static const struct form {
		const char *text;
		enum listen_kind kind;
		const char *address;
	} rows[] = {
		{"tcp:127.0.0.1:80", LISTEN_TCP, "127.0.0.1:80"},
		{"tcp:*:8080", LISTEN_TCP, "*:8080"},
		{"tcp::1", LISTEN_TCP, ":1"},
		{"tcp:[::1]:65535", LISTEN_TCP, "[::1]:65535"},
		{"udp:[fe80::7]:53", LISTEN_UDP, "[fe80::7]:53"},
		{"tcp:127.0.0.1:80%i", LISTEN_TCP, "127.0.0.1:80%i"},
		{"tcp:%i:81", LISTEN_TCP, "%i:81"},
		{"tcp:[%i]:81", LISTEN_TCP, "[%i]:81"},
		{"tcp:localhost:81", LISTEN_TCP, "localhost:81"},
		{"udp:0.0.0.0:53", LISTEN_UDP, "0.0.0.0:53"},
		{"unix:/run/%n.sock", LISTEN_UNIX, "/run/%n.sock"},
		{"unix:@abstract", LISTEN_UNIX, "@abstract"},
		{"unix-dgram:/d", LISTEN_UNIX_DGRAM, "/d"},
		{"unix-seqpacket:/q", LISTEN_UNIX_SEQPACKET, "/q"},
		{"fifo:/f", LISTEN_FIFO, "/f"},
	};
	struct folder folder CLEANUP(folder_fini);
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	const struct exec_sockets *sockets;
	struct config *config;

	folder_init(&folder);
	buf_puts(&text, SERVICE);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		buf_printf(&text, "listen = %s\n", rows[i].text);
	config = load_text(&folder, buf_text(&text));
	cr_assert_eq(config->n_errors, 0, "%s", messages_of(&folder, config));
	sockets = sockets_of(config, "a");
	cr_assert_eq(sockets->n_listen, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct exec_listen *l = &sockets->listen[i];
		const char *what = rows[i].text;

		cr_expect_eq(l->kind, rows[i].kind, "%s", what);
		cr_expect_str_eq(l->address, rows[i].address, "%s", what);
		cr_expect_eq(l->mode, 0666, "%s", what);
		cr_expect_eq(l->backlog, 4096, "%s", what);
		cr_expect_null(l->name, "%s", what);
	}
	config_free(config);
}

Test(sockets, every_option)
{
	struct folder folder CLEANUP(folder_fini);
	const struct exec_listen *l;
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder,
			   SERVICE "listen = tcp:*:1 name=http backlog=128 reuse_port=yes\n"
				   "listen = unix:/s mode=0640 owner=www group=adm name=%i\n");
	cr_assert_eq(config->n_errors, 0, "%s", messages_of(&folder, config));
	l = sockets_of(config, "a")->listen;
	cr_expect_str_eq(l[0].name, "http");
	cr_expect_eq(l[0].backlog, 128);
	cr_expect(l[0].reuse_port);
	cr_expect_str_eq(l[1].name, "%i");
	cr_expect_eq(l[1].mode, 0640);
	cr_expect_str_eq(l[1].owner, "www");
	cr_expect_str_eq(l[1].group, "adm");
	config_free(config);
}

#define BAD(value, why)                                                                     \
	{                                                                                   \
		SERVICE "listen = " value "\n", "main:3: listen = \"" value "\": " why "\n" \
	}
#define KINDS                                                                  \
	"use tcp:ADDRESS:PORT, udp:ADDRESS:PORT, unix:PATH, unix-dgram:PATH, " \
	"unix-seqpacket:PATH or fifo:PATH"
#define NUMERIC                                                                            \
	"use a numeric address and a port, such as 127.0.0.1:80 or [::1]:80, or *:80 for " \
	"all addresses: names are not looked up here"
#define PORT "a port is a number from 1 to 65535"

Test(sockets, bad_addresses)
{
	static const struct message_row rows[] = {
		BAD("", "it is empty: name what to listen on, as in tcp:127.0.0.1:8080 or "
			"unix:/run/name.sock"),
		BAD("8080", KINDS),
		BAD("127.0.0.1:8080", KINDS),
		BAD("tpc:*:80", KINDS),
		BAD("tcp", KINDS),
		BAD("tcp:8080", NUMERIC),
		BAD("tcp:*:", PORT),
		BAD("tcp:*:0", PORT),
		BAD("tcp:*:65536", PORT),
		BAD("tcp:*:http", PORT),
		BAD("tcp:*:-1", PORT),
		BAD("tcp:redis.local:80", NUMERIC),
		BAD("tcp:127.1:80", NUMERIC),
		BAD("tcp:256.0.0.1:80", NUMERIC),
		BAD("tcp:::1:80", "write an IPv6 address in brackets, as in [::1]:80"),
		BAD("tcp:[::g]:80", NUMERIC),
		BAD("tcp:[127.0.0.1]:80", NUMERIC),
		BAD("udp:[fe80::1%eth0]:80",
		    "only %i, %n and %% mean something: write %% for a percent sign"),
		BAD("tcp:*:80x%i", "where %i is 1 and %n is name@1: " PORT),
		BAD("unix:", "use an absolute path, or @NAME for a socket that has none"),
		BAD("unix:run/s", "use an absolute path, or @NAME for a socket that has none"),
		BAD("unix:@", "use an absolute path, or @NAME for a socket that has none"),
		BAD("fifo:@x", "use an absolute path, one that begins with /"),
		BAD("unix:/run/%s",
		    "only %i, %n and %% mean something: write %% for a percent sign"),
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(sockets, bad_options)
{
	static const struct message_row rows[] = {
		BAD("tcp:*:80 nmae=x", "\"nmae=x\" is no option: did you mean \"name=\"?"),
		BAD("tcp:*:80 quickly", "\"quickly\" is no option: use name=, mode=, owner=, "
					"group=, backlog= or reuse_port="),
		BAD("tcp:*:80 name", "\"name\" is no option: did you mean \"name=\"?"),
		BAD("tcp:*:80 name=", "a name has 1 to 255 bytes and no colon"),
		BAD("tcp:*:80 name=a:b", "a name has 1 to 255 bytes and no colon"),
		BAD("tcp:*:80 name=a name=b", "name is given twice"),
		BAD("tcp:*:80 mode=0600", "mode is for what has a path"),
		BAD("unix:@x owner=root", "owner is for what has a path"),
		BAD("unix:/x mode=", "a mode is an octal number from 0 to 0777, as in mode=0660"),
		BAD("unix:/x mode=888",
		    "a mode is an octal number from 0 to 0777, as in mode=0660"),
		BAD("unix:/x mode=4755",
		    "a mode is an octal number from 0 to 0777, as in mode=0660"),
		BAD("unix:/x owner=", "names of users and groups have 1 to 255 bytes"),
		BAD("unix-dgram:/x backlog=5", "backlog is for tcp, unix and unix-seqpacket"),
		BAD("tcp:*:80 backlog=0", "backlog is a number from 1 to 65535"),
		BAD("tcp:*:80 backlog=65536", "backlog is a number from 1 to 65535"),
		BAD("unix:/x reuse_port=yes", "reuse_port is for tcp and udp"),
		BAD("udp:*:80 reuse_port=perhaps", "reuse_port is yes or no"),
		{SERVICE "listen = tcp:*:80\nlisten = tcp:*:80 name=x\n",
		 "main:4: listen = \"tcp:*:80 name=x\": the service listens there already\n"},
		{"[supervisor s]\nlisten = tcp:*:80\n", "main:2: listen is a key of [service]\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(sockets, too_long_and_too_many)
{
	struct folder folder CLEANUP(folder_fini);
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct config *config;

	folder_init(&folder);
	buf_puts(&text, SERVICE);
	for (int i = 0; i < 64; i++)
		buf_printf(&text, "listen = tcp:*:%d\n", i + 1);
	buf_puts(&text, "listen = tcp:*:65\n[service b]\ncommand = x\nlisten = unix:/");
	for (int i = 0; i < 107; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "\n");
	config = load_text(&folder, buf_text(&text));
	cr_expect_eq(config->n_errors, 2);
	cr_expect_not_null(strstr(message_at(config, 67), "a service has at most 64 of them"));
	cr_expect_not_null(
		strstr(message_at(config, 70), "the path of a Unix socket has at most 107 bytes"));
	config_free(config);
}

Test(sockets, activation)
{
	static const struct message_row rows[] = {
		{SERVICE "activation = lazy\n",
		 "main:3: service a: activation = lazy needs something "
		 "to connect to: add listen\n"},
		{SERVICE "activation = lzy\n",
		 "main:3: activation = \"lzy\": use eager or lazy; did you mean \"lazy\"?\n"},
		{SERVICE "activation = \n", "main:3: activation = \"\": use eager or lazy\n"},
		{SERVICE "activation = lazy\nlisten = tcp:*:80\nready = exit\n",
		 "main:3: service a: activation = lazy is for a service that serves: ready = exit "
		 "is "
		 "one that runs and ends; remove one of them\n"},
		{"[supervisor s]\nstrategy = simple_one_for_one\n[service s/a]\ncommand = x\n"
		 "listen = tcp:*:80\nactivation = lazy\n",
		 "main:6: service s/a: the children of a simple_one_for_one are started one by "
		 "one, "
		 "by name: remove activation\n"},
	};
	struct folder folder CLEANUP(folder_fini);
	struct config *config;

	expect_messages(rows, ARRAY_LEN(rows));
	folder_init(&folder);
	config = load_text(&folder, SERVICE "activation = lazy\nlisten = tcp:*:80\n"
					    "[service b]\ncommand = x\nlisten = tcp:*:81\n");
	cr_assert_eq(config->n_errors, 0, "%s", messages_of(&folder, config));
	cr_expect(find_spec(config, "a")->on_demand);
	cr_expect_not(find_spec(config, "b")->on_demand);
	config_free(config);
}

Test(sockets, accept)
{
	static const struct message_row rows[] = {
		{SERVICE "accept = yes\n",
		 "main:3: service a: accept = yes needs connections: listen on tcp, unix or "
		 "unix-seqpacket alone\n"},
		{SERVICE "accept = yes\nlisten = udp:*:80\n",
		 "main:4: service a: accept = yes needs connections: listen on tcp, unix or "
		 "unix-seqpacket alone\n"},
		{SERVICE
		 "accept = yes\nlisten = tcp:*:80\nactivation = lazy\nrestart = permanent\n",
		 "main:5: service a: with accept = yes it starts by connections alone: remove "
		 "activation\n"
		 "main:6: service a: with accept = yes a process ends with its connection, and is "
		 "not started again: remove restart\n"},
		{SERVICE "listen = tcp:*:80\nmax_connections = 5\n",
		 "main:4: service a: limits on connections need accept = yes: else the service "
		 "itself accepts them\n"},
		{SERVICE "max_connections = 0\n",
		 "main:3: max_connections = \"0\": use a number from 1 to 1000000\n"},
		{SERVICE "max_connections_per_source = many\n",
		 "main:3: max_connections_per_source = \"many\": use a number from 1 to 1000000, "
		 "or infinity\n"},
		{"[supervisor s]\nstrategy = simple_one_for_one\n[service s/a]\ncommand = x\n"
		 "listen = tcp:*:80\naccept = yes\n",
		 "main:6: service s/a: a service with accept = yes is a template already: it can "
		 "not be one of another kind\n"},
	};
	struct folder folder CLEANUP(folder_fini);
	const struct spec *spec;
	struct config *config;

	expect_messages(rows, ARRAY_LEN(rows));
	folder_init(&folder);
	config = load_text(&folder, SERVICE "accept = yes\nlisten = tcp:*:80\n"
					    "max_connections = 7\nautostart = no\n");
	cr_assert_eq(config->n_errors, 0, "%s", messages_of(&folder, config));
	spec = find_spec(config, "a");
	cr_expect_eq(spec->type, CHILD_SUPERVISOR);
	cr_expect_eq(spec->strategy, STRATEGY_SIMPLE_ONE_FOR_ONE);
	cr_expect_eq(spec->max_children, 7);
	cr_expect_not(spec->autostart);
	cr_assert_eq(spec->n_children, 1);
	cr_expect_eq(spec->children[0]->restart, RESTART_TEMPORARY);
	cr_expect_str_eq(spec->children[0]->name, "a");
	config_free(config);
}
