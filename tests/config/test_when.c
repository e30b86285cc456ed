/* SPDX-License-Identifier: MIT */

/* When a service is started, and whether: what its keys refuse. */

#include <criterion/criterion.h>

#include "base/macros.h"
#include "tests/config/support.h"

Test(when, conditions)
{
	static const struct message_row rows[] = {
		{"[service a]\ncommand = /bin/true\nstart_if = \n",
		 "main:3: start_if = \"\": use path_exists:PATH, path_is_directory:PATH or "
		 "env:NAME[=VALUE], with a ! before it where it must not be so\n"},
		{"[service a]\ncommand = /bin/true\nstart_if = path_exists:etc\n",
		 "main:3: start_if = \"path_exists:etc\": use path_exists: and an absolute path\n"},
		{"[service a]\ncommand = /bin/true\nstart_if = !path_is_directory:\n",
		 "main:3: start_if = \"!path_is_directory:\": use path_is_directory: and an "
		 "absolute "
		 "path\n"},
		{"[service a]\ncommand = /bin/true\nstart_if = env:=1\n",
		 "main:3: start_if = \"env:=1\": use env:NAME or env:NAME=VALUE\n"},
		{"[service a]\ncommand = /bin/true\nstart_if = path_exists:/%z\n",
		 "main:3: start_if = \"path_exists:/%z\": only %i, %n and %% mean something: write "
		 "%% "
		 "for a percent sign\n"},
		{"[supervisor a]\nstart_if = env:A\n", "main:2: start_if is a key of [service]\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}
