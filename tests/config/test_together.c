/* SPDX-License-Identifier: MIT */

/* Keys that do not go together. */

#include <criterion/criterion.h>

#include "support.h"

#define SERVICE "[service a]\ncommand = sleep 1\n"
#define ACCEPT SERVICE "listen = tcp:127.0.0.1:80\naccept = yes\n"
#define ONESHOT SERVICE "ready = exit\n"
#define FD SERVICE "ready = fd:5\n"

Test(together, messages)
{
	static const struct message_row rows[] = {
		{ACCEPT "tty = yes\n",
		 "main:5: service a: with accept = yes its standard input and output are the "
		 "connection: remove tty and stdin\n"},
		{ACCEPT "stdin = file:/etc/hostname\n",
		 "main:5: service a: with accept = yes its standard input and output are the "
		 "connection: remove tty and stdin\n"},
		{ACCEPT "stdin = null\ntty = no\n", ""},
		{ACCEPT "every = 5s\n",
		 "main:5: service a: with accept = yes it starts by connections alone: describe a "
		 "service of its own for a schedule\n"},
		{ACCEPT "schedule = 12:00\n",
		 "main:5: service a: with accept = yes it starts by connections alone: describe a "
		 "service of its own for a schedule\n"},
		{ACCEPT "ready = exit\nremain = yes\n",
		 "main:6: service a: with accept = yes a process ends with its connection: remove "
		 "remain\n"},
		{ONESHOT "every = 5s\n", ""},
		{ONESHOT "every = 5s\nremain = yes\n",
		 "main:5: service a: a run that remains is never over, and the next ones are left "
		 "out: remove remain\n"},
		{ONESHOT "health = command:true\n",
		 "main:4: service a: with ready = exit it has ended when it counts as started, and "
		 "can not be asked how it is: remove health, or say health = none here\n"},
		{"[defaults]\nwatchdog = 5s\n" ONESHOT "[service b]\ncommand = sleep 1\n",
		 "main:2: service a: with ready = exit it has ended when it counts as started, and "
		 "is silent: remove watchdog, or say watchdog = infinity here\n"},
		{"[defaults]\nwatchdog = 5s\n" ONESHOT "watchdog = infinity\n", ""},
		{FD "listen = tcp:127.0.0.1:80\nfd_store_max = 1\n", ""},
		{FD "listen = tcp:127.0.0.1:80\nfd_store_max = 2\n",
		 "main:3: service a: ready = fd:5: its sockets and stored files may be there: use "
		 "fd:6 or a greater one\n"},
		{FD "listen = tcp:127.0.0.1:80\naccept = yes\nfd_store_max = 2\n", ""},
		{FD "fd_store_max = 3\n",
		 "main:3: service a: ready = fd:5: its sockets and stored files may be there: use "
		 "fd:6 or a greater one\n"},
	};

	expect_messages(rows, sizeof(rows) / sizeof(*rows));
}
