/* SPDX-License-Identifier: MIT */

/* Every message that a configuration can get, word for word, with its line. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/config/support.h"

Test(errors, lines)
{
	static const struct message_row rows[] = {
		{"",
		 "main:1: it is empty: describe at least one [service NAME] with its command\n"},
		{"# nothing\n\n ; here\n",
		 "main:1: it is empty: describe at least one [service NAME] with its command\n"},
		{"a = 1\n[supd]\n", "main:1: \"a\" stands before the first section: begin with "
				    "[supd], [supervisor PATH] "
				    "or [service PATH]\n"},
		{"[supd]\nnonsense\n", "main:2: \"nonsense\": expected [SECTION], KEY = VALUE, or "
				       "a comment that begins with #\n"},
		{"[supd]\n= 1\n", "main:2: \"= 1\": expected [SECTION], KEY = VALUE, or a comment "
				  "that begins with #\n"},
		{"[supd]\nlog_level: info\n",
		 "main:2: \"log_level: info\": expected [SECTION], KEY = VALUE, or a comment that "
		 "begins with #\n"},
		{"[supd]\n\n[service a # b\ncommand = x\n",
		 "main:3: \"[service a # b\": a section's line ends with ], with nothing behind "
		 "it\n"},
		{"[supd]\nlog_level = in\\\n\\\nfo\nlog_format = x\n",
		 "main:5: log_format = \"x\": use text or json\n"},
		{"[supd]\ncgroup = yes\n", "main:2: cgroup = \"yes\": use auto, no or require\n"},
		{"[supd]\ncgroup =\n", "main:2: cgroup = \"\": use auto, no or require\n"},
		{"[supd]\nlog_level = info\\", "main:2: \"log_level\": the last line ends in a "
					       "backslash, and nothing follows to be "
					       "joined\n"},
		{"[supd]\r\nlog_level = info\r\n\r\nlog_format = x\r\n",
		 "main:4: log_format = \"x\": use text or json\n"},
		{"\xef\xbb\xbf[supd]\nlog_level = info\n", ""},
		{"[supd]\n# \xff\n",
		 "main:2: this line is not valid UTF-8: is this a text file?\n"},
		{"[supd]\nlog_level = \x1b[31m\n",
		 "main:2: log_level = \"\\x1b[31m\": use error, warning, info or debug\n"},
		{"[supd]\nlog_level = \xc2\x9b\n",
		 "main:2: log_level = \"\\u009b\": use error, warning, info or debug\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(errors, sections)
{
	static const struct message_row rows[] = {
		{"[servce web/api]\ncommand = x\n",
		 "main:1: unknown section \"servce web/api\": did you mean \"service web/api\"?\n"},
		{"[Unit]\nAfter = x\n",
		 "main:1: unknown section \"Unit\": use supd, defaults, supervisor "
		 "PATH or service PATH\n"},
		{"[]\n", "main:1: unknown section \"\": use supd, defaults, supervisor PATH or "
			 "service PATH\n"},
		{"[supd x]\n", "main:1: [supd] has no name behind it\n"},
		{"[defaults x]\n", "main:1: [defaults] has no name behind it\n"},
		{"[service]\n", "main:1: service \"\": it needs a name, as in [service web/api]\n"},
		{"[service /]\n", "main:1: service \"/\": / is the root, which is a supervisor\n"},
		{"[service /a]\n",
		 "main:1: service \"/a\": a path is names with a / between them, as in web/api\n"},
		{"[service a/]\n",
		 "main:1: service \"a/\": a path is names with a / between them, as in web/api\n"},
		{"[service a//b]\n", "main:1: service \"a//b\": a path is names with a / between "
				     "them, as in web/api\n"},
		{"[service a b]\ncommand = x\n",
		 "main:1: service \"a b\": bad name: use 1 to 200 of A-Z a-z 0-9 _ . @ : + -, not "
		 "beginning with -, and nothing that reads as a pid\n"},
		{"[service 0.42.0]\ncommand = x\n",
		 "main:1: service \"0.42.0\": bad name: use 1 to 200 of A-Z a-z 0-9 _ . @ : + -, "
		 "not "
		 "beginning with -, and nothing that reads as a pid\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(errors, keys)
{
	static const struct message_row rows[] = {
		{"[service a]\ncommand = x\nrestrat = permanent\n",
		 "main:3: unknown key \"restrat\": did you mean \"restart\"?\n"},
		{"[service a]\ncommand = x\nfrobnicate = 1\n",
		 "main:3: unknown key \"frobnicate\": see supd.conf(5) for the keys of this "
		 "section\n"},
		{"[service a]\ncommand = x\nstrategy = one_for_one\n",
		 "main:3: strategy is a key of [supervisor]\n"},
		{"[service a]\nExecStart = x\ncommand = x\nStartLimitBurst = 3\n",
		 "main:2: unknown key \"ExecStart\": here that is \"command\", a key of "
		 "[service]\n"
		 "main:4: unknown key \"StartLimitBurst\": here that is \"intensity\", a key of "
		 "[supervisor]\n"},
		{"[service a]\ncommand = x\n"
		 "restart = on-failure\n",
		 "main:3: restart = \"on-failure\": use "
		 "permanent, transient or temporary; here that "
		 "is transient\n"},
		{"[service a]\ncommand = x\n"
		 "KillMode = mixed\n",
		 "main:3: unknown key \"KillMode\": here that is \"kill_mode\", a key of "
		 "[service]\n"},
		{"[supervisor a]\ncommand = x\n", "main:2: command is a key of [service]\n"},
		{"[supervisor /]\nrestart = transient\n",
		 "main:2: restart is a key of [service] and of a [supervisor] below the root\n"},
		{"[service a]\ncommand = x\nrun_dir = /x\n",
		 "main:3: run_dir is a key of [supd]\n"},
		{"[service a]\ncommand = x\ncommand = y\n",
		 "main:3: command is given twice: first in line 2; remove one\n"},
		{"[supd]\nlog_level = info\n[supd]\nlog_level = info\n",
		 "main:4: log_level is given twice: another [supd] has it; remove one\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

#define SERVICE "[service a]\ncommand = x\n"

Test(errors, values)
{
	static const struct message_row rows[] = {
		{SERVICE "restart = permanant\n",
		 "main:3: restart = \"permanant\": use permanent, transient or "
		 "temporary; did you mean \"permanent\"?\n"},
		{SERVICE "restart =\n",
		 "main:3: restart = \"\": use permanent, transient or temporary\n"},
		{SERVICE "shutdown = soon\n", "main:3: shutdown = \"soon\": use a time span such "
					      "as 5s, infinity or brutal_kill\n"},
		{SERVICE "shutdown = -5\n", "main:3: shutdown = \"-5\": use a time span such as "
					    "5s, infinity or brutal_kill\n"},
		{SERVICE "start_timeout = 0\n",
		 "main:3: start_timeout = \"0\": it must be longer than 0\n"},
		{SERVICE "start_timeout = x\n",
		 "main:3: start_timeout = \"x\": use a time span such as "
		 "500ms, 5s, 1min 30s or 2h, or infinity\n"},
		{SERVICE "restart_delay = 99999999999h\n",
		 "main:3: restart_delay = \"99999999999h\": that is too long: use less than 292 "
		 "years\n"},
		{SERVICE "start_timeout = 99999999999h\n",
		 "main:3: start_timeout = \"99999999999h\": that is too long: use infinity\n"},
		{SERVICE "restart_delay = infinity\n",
		 "main:3: restart_delay = \"infinity\": it must end some time: infinity is not "
		 "allowed here\n"},
		{SERVICE "restart_delay = 2s\nrestart_delay_max = 1s\n",
		 "main:4: service a: restart_delay_max is shorter than restart_delay\n"},
		{SERVICE "autostart = maybe\n", "main:3: autostart = \"maybe\": use yes or no\n"},
		{SERVICE "stop_signal = TREM\n",
		 "main:3: stop_signal = \"TREM\": use the name of a Unix "
		 "signal, such as TERM, INT or RTMIN+3\n"},
		{SERVICE "kill_mode = none\n",
		 "main:3: kill_mode = \"none\": use group, main or mixed\n"},
		{SERVICE "success_exit = 256\n",
		 "main:3: success_exit = \"256\": an exit status is a number from 0 to 255\n"},
		{SERVICE "success_exit = 1 TREM\n",
		 "main:3: success_exit = \"1 TREM\": \"TREM\" is neither an "
		 "exit status nor the name of a Unix signal\n"},
		{SERVICE "success_exit =\n",
		 "main:3: success_exit = \"\": use exit statuses and Unix signals, "
		 "such as 0 3 TERM\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

/* 255 bytes are looked up; more than that the C library may not survive. */
Test(errors, long_names_of_users)
{
	static const char why[] = "names of users and groups have at most 255 bytes";
	struct folder folder CLEANUP(folder_fini);
	char text[2048];

	folder_init(&folder);
	for (int size = 255; size <= 256; size++) {
		struct config *config;

		snprintf(text, sizeof(text), SERVICE "user = %0*d\ngroup = %0*d\ngroups = a %0*d\n",
			 size, 1, size, 1, size, 1);
		config = load_text(&folder, text);
		for (int line = 3; line <= 5; line++)
			cr_expect_eq(strstr(message_at(config, line), why) != NULL, size == 256,
				     "%d: %s", size, message_at(config, line));
		config_free(config);
	}
}

Test(errors, values_of_processes)
{
	static const struct message_row rows[] = {
		{SERVICE "user =\n",
		 "main:3: user = \"\": it is empty: leave the key out to have the default\n"},
		{SERVICE "watchdog = 0\n", "main:3: watchdog = \"0\": it must be longer than 0\n"},
		{SERVICE "watchdog = soon\n", "main:3: watchdog = \"soon\": use a time span such "
					      "as 500ms, 5s, 1min 30s or 2h, or infinity\n"},
		{SERVICE "watchdog =\n",
		 "main:3: watchdog = \"\": use a time span such as 500ms, 5s, "
		 "1min 30s or 2h, or infinity\n"},
		{SERVICE "watchdog = 99999999999h\n",
		 "main:3: watchdog = \"99999999999h\": that is too long: use infinity\n"},
		{SERVICE "fd_store_max = 4097\n",
		 "main:3: fd_store_max = \"4097\": use a number from 0 to 4096\n"},
		{SERVICE "fd_store_max = -1\n",
		 "main:3: fd_store_max = \"-1\": use a number from 0 to 4096\n"},
		{SERVICE "fd_store_max =\n",
		 "main:3: fd_store_max = \"\": use a number from 0 to 4096\n"},
		{SERVICE "fd_store_preserve = maybe\n",
		 "main:3: fd_store_preserve = \"maybe\": use yes or no\n"},
		{SERVICE "watchdog_signal = BARK\n",
		 "main:3: watchdog_signal = \"BARK\": use the name of a Unix "
		 "signal, such as TERM, INT or RTMIN+3\n"},
		{SERVICE "umask = 0888\n",
		 "main:3: umask = \"0888\": use an octal number from 0 to 0777, such as 022\n"},
		{SERVICE "umask = 1000\n",
		 "main:3: umask = \"1000\": use an octal number from 0 to 0777, such as 022\n"},
		{SERVICE "working_directory = %z\n",
		 "main:3: working_directory = \"%z\": only %i, %n and %% mean something: write %% "
		 "for a percent sign\n"},
		{SERVICE "environment = 1A=2\n",
		 "main:3: environment = \"1A=2\": use NAME=VALUE, one to a "
		 "line; the key may be repeated\n"},
		{SERVICE "environment_file = -\n",
		 "main:3: environment_file = \"-\": use the name of a file; "
		 "a - before it: it may be missing\n"},
		{SERVICE "pass_environment = A=1\n",
		 "main:3: pass_environment = \"A=1\": \"A=1\" is no name of "
		 "a variable; use names, or * for all\n"},
		{SERVICE "stdout = fiel:/x\n",
		 "main:3: stdout = \"fiel:/x\": use log, null, inherit, file:PATH or syslog\n"},
		{SERVICE "stdout = stdout\n",
		 "main:3: stdout = \"stdout\": use log, null, inherit, file:PATH or syslog\n"},
		{SERVICE "stderr = file:x\n",
		 "main:3: stderr = \"file:x\": use an absolute path, as in "
		 "file:/var/log/name.log\n"},
		{SERVICE "stderr = file:/x%y\n", "main:3: stderr = \"file:/x%y\": only %i, %n and "
						 "%% mean something: write %% for a "
						 "percent sign\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(errors, values_of_actors)
{
	static const struct message_row rows[] = {
		{SERVICE "trap_exit = perhaps\n",
		 "main:3: trap_exit = \"perhaps\": use yes or no\n"},
		{SERVICE "mailbox = durabel\n",
		 "main:3: mailbox = \"durabel\": use volatile, durable or none; did you mean "
		 "\"durable\"?\n"},
		{SERVICE "mailbox_overflow = wait\n",
		 "main:3: mailbox_overflow = \"wait\": use block, reject, drop or kill\n"},
		{SERVICE "mailbox_limit = big\n",
		 "main:3: mailbox_limit = \"big\": use a size such as 64K, 10M or 1G, or "
		 "infinity\n"},
		{SERVICE "mailbox_limit = 0\n",
		 "main:3: mailbox_limit = \"0\": it must be more than 0\n"},
		{SERVICE "outbox_limit = 1MB\n",
		 "main:3: outbox_limit = \"1MB\": use a size such as 64K, 10M or 1G\n"},
		{SERVICE "outbox_limit = 2G\n",
		 "main:3: outbox_limit = \"2G\": at most 1024M are possible\n"},
		{SERVICE "outbox_limit = infinity\n",
		 "main:3: outbox_limit = \"infinity\": at most 1024M are possible\n"},
		{SERVICE "alias = \n",
		 "main:3: alias = \"\": use names with blanks between them\n"},
		{SERVICE "alias = b web/c\n",
		 "main:3: alias = \"b web/c\": \"web/c\": an alias has no / in it\n"},
		{SERVICE "alias = b c b\n", "main:3: alias = \"b c b\": \"b\" is there twice\n"},
		{SERVICE "alias = 0.5.0\n",
		 "main:3: alias = \"0.5.0\": \"0.5.0\": bad name: use 1 to 200 of A-Z a-z 0-9 _ . "
		 "@ "
		 ": + -, not beginning with -, and nothing that reads as a pid\n"},
		{SERVICE "grants =\n",
		 "main:3: grants = \"\": use link:PATH, exit:PATH, spawn:USER or admin\n"},
		{SERVICE "grants = link:b kill:b\n",
		 "main:3: grants = \"link:b kill:b\": \"kill:b\": use link:PATH, exit:PATH, "
		 "spawn:USER or admin\n"},
		{SERVICE "grants = exti:b\n",
		 "main:3: grants = \"exti:b\": \"exti:b\": did you mean \"exit\"?\n"},
		{SERVICE "grants = admn\n",
		 "main:3: grants = \"admn\": \"admn\": did you mean \"admin\"?\n"},
		{SERVICE "grants = admin:b\n",
		 "main:3: grants = \"admin:b\": \"admin:b\": did you mean \"admin\"?\n"},
		{SERVICE "grants = link\n",
		 "main:3: grants = \"link\": \"link\": for whom? As in link:web/*\n"},
		{SERVICE "grants = spawn:\n",
		 "main:3: grants = \"spawn:\": \"spawn:\": for whom? As in spawn:www-data\n"},
		{SERVICE "grants = admin admin\n",
		 "main:3: grants = \"admin admin\": \"admin\" is there twice\n"},
		{"[supervisor a]\ntrap_exit = yes\nalias = b\n",
		 "main:2: trap_exit is a key of [service]\n"
		 "main:3: alias is a key of [service]\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

#define SERVICE_B "[service b]\ncommand = y\n"

/* What is wrong only when everything is known. */
Test(errors, actors_and_each_other)
{
	static const struct message_row rows[] = {
		{SERVICE "link = web/bd\n[supervisor web]\n[service web/db]\ncommand = y\n",
		 "main:3: service a: link to web/bd, which no section describes; did you mean "
		 "\"web/db\"?\n"},
		{"[supervisor s]\nlink = nobody\n",
		 "main:2: supervisor s: link to nobody, which no section describes\n"},
		{SERVICE "alias = nick\n" SERVICE_B "link = nick\n",
		 "main:6: service b: link to nick, which no section describes\n"},
		{SERVICE "link = b a\n" SERVICE_B,
		 "main:3: service a: link to itself means nothing: remove it\n"},
		{SERVICE "link = b b\n" SERVICE_B,
		 "main:3: link = \"b b\": \"b\" is there twice\n"},
		{"[supervisor s]\nlink = s/a\n[service s/a]\ncommand = y\nlink = s\n",
		 "main:2: supervisor s: s/a is above or below it in the tree, and linked with it "
		 "by "
		 "that: remove it\n"
		 "main:5: service s/a: s is above or below it in the tree, and linked with it by "
		 "that: remove it\n"},
		{SERVICE "link = /\n[supervisor /]\n",
		 "main:3: service a: / is above or below it in the tree, and linked with it by "
		 "that: remove it\n"},
		{"[supervisor s]\nstrategy = simple_one_for_one\n[service s/t]\ncommand = "
		 "y\n" SERVICE "link = s/t\n",
		 "main:7: service a: s/t is a template, which never runs itself: give the template "
		 "the link\n"},
		{SERVICE "alias = b\n" SERVICE_B,
		 "main:3: service a: alias b is the name of b (main:4) already; choose another\n"},
		{SERVICE "alias = x y\n" SERVICE_B "alias = y\n",
		 "main:6: service b: alias y is an alias of a (main:3) already; choose another\n"},
		{"[defaults]\nalias = x\n" SERVICE SERVICE_B,
		 "main:2: service b: alias x is an alias of a (main:2) already; choose another\n"},
		{SERVICE "mailbox = none\ntrap_exit = yes\n",
		 "main:4: service a: trap_exit needs a mailbox: not mailbox = none\n"},
		{SERVICE "mailbox = none\nmailbox_limit = 1M\nmailbox_overflow = drop\n"
			 "outbox_limit = 1M\n",
		 "main:4: service a: mailbox_limit needs a mailbox: not mailbox = none\n"
		 "main:5: service a: mailbox_overflow needs a mailbox: not mailbox = none\n"
		 "main:6: service a: outbox_limit needs a mailbox: not mailbox = none\n"},
		{SERVICE "mailbox = durable\nmailbox_overflow = kill\n",
		 "main:4: service a: mailbox_overflow = kill would end each new process of a "
		 "durable mailbox that is full: use block, reject or drop\n"},
		{"[supervisor s]\nstrategy = simple_one_for_one\n[service s/t]\ncommand = "
		 "y\nmailbox = durable\nrestart = temporary\n",
		 "main:5: service s/t: mailbox = durable keeps messages for the next process, and "
		 "of "
		 "a temporary child of a simple_one_for_one there is none\n"},
		/* and what is right */
		{"[defaults]\nmailbox_limit = 1M\n" SERVICE "mailbox = none\n", ""},
		{"[supervisor s]\nstrategy = simple_one_for_one\n[service s/t]\ncommand = "
		 "y\nmailbox = durable\nlink = a\n" SERVICE,
		 ""},
		{"[supervisor s]\nlink = a\n" SERVICE "link = b\n" SERVICE_B "link = a s\n", ""},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(errors, values_of_supervisors)
{
	static const struct message_row rows[] = {
		{"[supervisor a]\nintensity = 10001\nperiod = 0\n",
		 "main:2: intensity = \"10001\": use a number from 0 to 10000\n"
		 "main:3: period = \"0\": it must be longer than 0\n"},
		{"[supervisor a]\nintensity = -1\nmax_children = many\n",
		 "main:2: intensity = \"-1\": use a number from 0 to 10000\n"
		 "main:3: max_children = \"many\": use a number from 0 to 4294967294, or "
		 "infinity\n"},
		{"[supd]\nrun_dir = here\n",
		 "main:2: run_dir = \"here\": use an absolute path, one that begins with /\n"},
		{"[supd]\nemergency = \"sh\n",
		 "main:2: emergency = \"\"sh\": a quote is opened and not closed\n"},
		{"[defaults]\numask = 8\n" SERVICE "[service b]\ncommand = y\n",
		 "main:2: umask = \"8\": use an octal number from 0 to 0777, such as 022\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(errors, commands)
{
	static const struct message_row rows[] = {
		{"[service a]\nstdout = null\n",
		 "main:1: service a: it has no command: add command = PROGRAM [ARGUMENT...]\n"},
		{"[service a]\ncommand =\n", "main:2: command = \"\": the command is empty\n"},
		{"[service a]\ncommand = ''\n",
		 "main:2: command = \"''\": its first word, the program, is empty\n"},
		{"[service a]\ncommand = sh 'x\n",
		 "main:2: command = \"sh 'x\": a quote is opened and not closed\n"},
		{"[service a]\ncommand = x %z\n", "main:2: command = \"x %z\": only %i, %n and %% "
						  "mean something: write %% for a percent "
						  "sign\n"},
		{"[service a]\ncommand = x 5%\n", "main:2: command = \"x 5%\": only %i, %n and %% "
						  "mean something: write %% for a percent "
						  "sign\n"},
		{"[service a]\ncommand = x %${A}\n",
		 "main:2: command = \"x %${A}\": only %i, %n and %% mean something: write %% for a "
		 "percent "
		 "sign\n"},
		{"[service a]\ncommand = x ${A\n", "main:2: command = \"x ${A\": ${ without }: "
						   "write it in single quotes if it is meant for a "
						   "shell\n"},
		{"[service a]\ncommand = x \"${A:-1}\"\n",
		 "main:2: command = \"x \"${A:-1}\"\": only ${NAME} is known: write it in single "
		 "quotes if "
		 "it is meant for a shell\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

#define API "[service web/api]\ncommand = x\n"

Test(errors, structure)
{
	static const struct message_row rows[] = {
		{"[supervisor web]\n" API API,
		 "main:4: web/api is described twice: first at main:2; rename or remove one\n"},
		{"[service web]\ncommand = x\n[supervisor web]\n",
		 "main:3: web is described twice: first at main:1; rename or remove one\n"},
		{API,
		 "main:1: web/api has no parent: no section describes web; add [supervisor web]\n"},
		{"[supervisor wbe]\n" API, "main:2: web/api has no parent: no section describes "
					   "web; did you mean \"wbe\"?\n"},
		{"[supervisor web]\n" API "[supervisor web/api/sub]\n",
		 "main:4: web/api/sub can not be inside of web/api, which is a service (main:2): "
		 "only "
		 "supervisors have children\n"},
		{"[supervisor web]\n" API "significant = yes\n",
		 "main:4: service web/api: significant needs restart = transient or temporary, and "
		 "a "
		 "supervisor whose auto_shutdown is not never\n"},
		{SERVICE "ready = exit\nrestart = permanent\n",
		 "main:4: service a: ready = exit with restart = permanent would run for ever: use "
		 "transient or temporary\n"},
		{"[defaults]\nrestart = permanent\n" SERVICE "ready = exit\n",
		 "main:2: service a: ready = exit with restart = permanent would run for ever: use "
		 "transient or temporary\n"},
		{"[supervisor web]\nstrategy = simple_one_for_one\n",
		 "main:2: supervisor web: simple_one_for_one needs exactly one service, its "
		 "template\n"},
		{"[supervisor web]\nstrategy = simple_one_for_one\n" API
		 "[service web/b]\ncommand = y\n",
		 "main:2: supervisor web: simple_one_for_one needs exactly one service, its "
		 "template\n"},
		{"[supervisor web]\nstrategy = simple_one_for_one\n[supervisor web/b]\n",
		 "main:3: supervisor web/b: the template of a simple_one_for_one must be a "
		 "service\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

/* SEMANTICS D7, 183 */
Test(errors, warnings)
{
	static const struct message_row rows[] = {
		{"[supervisor w]\nrestart = transient\n",
		 "main:2: supervisor w is transient: when it gives up it ends with shutdown, which "
		 "is a "
		 "normal end, so nobody restarts it; use permanent\n"},
		{"[supervisor w]\n[service w/a]\ncommand = x\nrestart_delay = 2s\n",
		 "main:1: supervisor w can never give up: its children's restart_delay allows at "
		 "most 2 "
		 "restarts in 5s, and it takes 4; lengthen period or lower intensity\n"},
		{"[supervisor w]\nperiod = 20s\n[service w/a]\ncommand = x\nrestart_delay = 2s\n",
		 ""},
		{"[supervisor w]\n[service w/a]\ncommand = x\nrestart_delay = 2s\n"
		 "[service w/b]\ncommand = x\n",
		 ""},
		{"[supervisor w]\ngive_up = hold\nintensity = 2\n[service w/a]\ncommand = x\n"
		 "restart_delay = 2s\n[service w/b]\ncommand = x\nrestart_delay = 2s\n",
		 "main:3: supervisor w can never give up: its children's restart_delay allows at "
		 "most 2 "
		 "restarts in 5s, and it takes 3; lengthen period or lower intensity\n"},
		{"[supervisor w]\nintensity = 2\n[service w/a]\ncommand = x\n"
		 "restart_delay = 2s\n[service w/b]\ncommand = x\nrestart_delay = 2s\n",
		 ""},
		{"[supervisor w]\n[service w/a]\ncommand = x\nrestart = temporary\n", ""},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

/* All of them, in the order of files and lines, however they were found. */
Test(errors, all_at_once)
{
	static const struct message_row rows[] = {
		{"[service a/b]\nfoo = 1\n[supd]\nrun_dir = x\n[service c]\n[service c]\n",
		 "main:1: a/b has no parent: no section describes a; add [supervisor a]\n"
		 "main:1: service a/b: it has no command: add command = PROGRAM [ARGUMENT...]\n"
		 "main:2: unknown key \"foo\": see supd.conf(5) for the keys of this section\n"
		 "main:4: run_dir = \"x\": use an absolute path, one that begins with /\n"
		 "main:5: service c: it has no command: add command = PROGRAM [ARGUMENT...]\n"
		 "main:6: c is described twice: first at main:5; rename or remove one\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

static void expect_load(const struct folder *folder, const char *path, const char *expected)
{
	struct config *config = NULL;
	char *messages CLEANUP(cleanup_free) = NULL;

	cr_assert_eq(config_load(path, &config), 0);
	messages = messages_of(folder, config);
	cr_expect_str_eq(messages, expected, "%s: got %s, not %s", path, messages, expected);
	cr_expect_null(config->root);
	config_free(config);
}

Test(errors, files)
{
	struct folder folder CLEANUP(folder_fini);
	char path[SUPPORT_PATH_MAX];

	folder_init(&folder);
	expect_load(&folder, folder_file(&folder, "none", path),
		    "none: No such file or directory\n");
	folder_file(&folder, "dir", path);
	cr_assert_eq(mkdir(path, 0700), 0);
	expect_load(&folder, path,
		    "dir: it is a directory; name a file, or include directory/*.conf\n");
	expect_load(&folder, "/dev/zero", "/dev/zero: it is not a regular file\n");
	folder_write(&folder, "binary",
		     "[supd]\n\x7f"
		     "ELF\0\0\n",
		     14);
	expect_load(&folder, folder_file(&folder, "binary", path),
		    "binary:2: there is a NUL byte here: this is not a text file\n");
	/* Nobody writes to it: nobody waits for it either. */
	folder_file(&folder, "fifo", path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	expect_load(&folder, path,
		    "fifo:1: it is empty: describe at least one [service NAME] with its command\n");
}

Test(errors, includes)
{
	static const struct message_row rows[] = {
		{"[supd]\ninclude = none.conf\n",
		 "main:2: include none.conf: No such file or directory\n"},
		{"[supd]\ninclude = none*.conf\n", ""},
		{"[supd]\n\ninclude = main\n",
		 "main:3: include main: it is being read already: includes must "
		 "not go round in circles\n"},
		{"[supd]\ninclude = loop.conf\n",
		 "loop.conf:3: include main: it is being read already: "
		 "includes must not go round in circles\n"},
		{"[supd]\ninclude =\n", "main:2: include = \"\": name a file\n"},
		{"[supd]\ninclude = dir\n",
		 "main:2: include dir: it is a directory; name a file, or include "
		 "directory/*.conf\n"},
		{"[supd]\ninclude = bad.conf\nfoo = 1\n",
		 "main:3: unknown key \"foo\": see supd.conf(5) for the keys of this section\n"
		 "bad.conf:2: unknown key \"bar\": see supd.conf(5) for the keys of this "
		 "section\n"},
	};
	struct folder folder CLEANUP(folder_fini);
	char path[SUPPORT_PATH_MAX];

	folder_init(&folder);
	cr_assert_eq(mkdir(folder_file(&folder, "dir", path), 0700), 0);
	folder_puts(&folder, "loop.conf", "# round and round\n[supd]\ninclude = main\n");
	folder_puts(&folder, "bad.conf", "[service z]\nbar = 1\ncommand = x\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config *config = load_text(&folder, rows[i].text);
		char *messages CLEANUP(cleanup_free) = messages_of(&folder, config);

		cr_expect_str_eq(messages, rows[i].messages, "row %zu: got %s", i, messages);
		config_free(config);
	}
}
