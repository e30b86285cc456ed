/* SPDX-License-Identifier: MIT */

/* The key overlap: where it may stand. */

#include <criterion/criterion.h>

#include "base/macros.h"
#include "tests/config/support.h"

#define SERVICE "[service a]\ncommand = /bin/true\noverlap = yes\n"
#define AT3 "main:3: service a: "
#define AT5 "main:5: service s/a: "

Test(overlap, what_is_refused)
{
	static const struct message_row rows[] = {
		{"[service a]\ncommand = /bin/true\noverlap = perhaps\n",
		 "main:3: overlap = \"perhaps\": use yes or no\n"},
		{"[service a]\ncommand = /bin/true\noverlap =\n",
		 "main:3: overlap = \"\": use yes or no\n"},
		{"[supervisor s]\noverlap = yes\n", "main:2: overlap is a key of [service]\n"},
		{SERVICE "restart = temporary\n",
		 AT3 "overlap needs restart = permanent or transient: a temporary service is not "
		     "started again\n"},
		{SERVICE "mailbox = durable\n",
		 AT3 "overlap and mailbox = durable exclude each other: two incarnations can not "
		     "read one mailbox; use mailbox = volatile\n"},
		{SERVICE "ready = exit\n",
		 AT3 "overlap and ready = exit exclude each other: nothing runs that could go on "
		     "until the new one is ready\n"},
		{SERVICE "ready = tcp:127.0.0.1:80\n",
		 AT3 "overlap needs the new one's own word: at that address the old one answers; "
		     "use ready = notify, fd:N, mailbox, log:REGEX or command:...\n"},
		{SERVICE "ready = unix:/x\n",
		 AT3 "overlap needs the new one's own word: at that address the old one answers; "
		     "use ready = notify, fd:N, mailbox, log:REGEX or command:...\n"},
		{SERVICE "ready = http://127.0.0.1:80/\n",
		 AT3 "overlap needs the new one's own word: at that address the old one answers; "
		     "use ready = notify, fd:N, mailbox, log:REGEX or command:...\n"},
		{SERVICE "schedule = daily\n", AT3 "a run at its time never overlaps with another: "
						   "remove this key, or the schedule\n"},
		{SERVICE "every = 5min\n", AT3 "a run at its time never overlaps with another: "
					       "remove this key, or the schedule\n"},
		{SERVICE "accept = yes\nlisten = tcp:127.0.0.1:80\n",
		 AT3 "with accept = yes each connection has a process of its own, and nothing is "
		     "started again: remove overlap\n"},
		{"[supervisor s]\nstrategy = one_for_all\n"
		 "[service s/a]\ncommand = /bin/true\noverlap = yes\n",
		 AT5 "overlap needs a supervisor with strategy = one_for_one: under any other a "
		     "restart is not that of one child alone\n"},
		{"[supervisor s]\nstrategy = rest_for_one\n"
		 "[service s/a]\ncommand = /bin/true\noverlap = yes\n",
		 AT5 "overlap needs a supervisor with strategy = one_for_one: under any other a "
		     "restart is not that of one child alone\n"},
		{"[supervisor s]\nstrategy = simple_one_for_one\n"
		 "[service s/a]\ncommand = /bin/true\noverlap = yes\n",
		 AT5 "overlap needs a supervisor with strategy = one_for_one: under any other a "
		     "restart is not that of one child alone\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(overlap, what_is_taken)
{
	struct folder folder CLEANUP(folder_fini);
	const struct spec *spec;
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, SERVICE "ready = notify\ninstances = 2\n"
					    "[service b]\ncommand = /bin/true\n");
	spec = find_spec(config, "a@");
	cr_assert_not_null(spec);
	cr_expect(spec->overlap);
	cr_expect_not(find_spec(config, "b")->overlap, "it is not the default");
	config_free(config);
}
