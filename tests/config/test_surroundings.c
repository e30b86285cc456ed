/* SPDX-License-Identifier: MIT */

/* What the host lacks, word for word; and the samples, which lack nothing. */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/config/support.h"
#include "tests/support/alloc.h"

/* Things to trip over: FOLDER in the texts stands for the folder. */
static void furnish(const struct folder *folder)
{
	char path[SUPPORT_PATH_MAX];

	cr_assert_eq(mkdir(folder_file(folder, "dir", path), 0755), 0);
	cr_assert_eq(chmod(folder->path, 0755), 0);
	folder_puts(folder, "plain", "A=1\n");
	folder_puts(folder, "dir/tool", "#!/bin/sh\n");
	cr_assert_eq(chmod(folder_file(folder, "dir/tool", path), 0755), 0);
	cr_assert_eq(mkfifo(folder_file(folder, "fifo", path), 0600), 0);
	cr_assert_eq(symlink("plain", folder_file(folder, "link", path)), 0);
}

/* Text with FOLDER replaced. */
static struct config *load_furnished(const struct folder *folder, const char *text)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	const char *p;

	for (; (p = strstr(text, "FOLDER")); text = p + strlen("FOLDER")) {
		buf_append(&out, text, (size_t)(p - text));
		buf_puts(&out, folder->path);
	}
	buf_puts(&out, text);
	return load_text(folder, buf_text(&out));
}

/* Each text follows "[service a]\ncommand = sleep 1\n" unless it begins with a [. */
static const struct {
	const char *text, *message;
} rows[] = {
	{"", ""},
	{"user = no-such-user\n",
	 "main:3: a: user \"no-such-user\": there is no such user: create it, or name another\n"},
	{"group = no-such-group\n", "main:3: a: group \"no-such-group\": there is no such group: "
				    "create it, or name another\n"},
	{"groups = no-such-group\n", "main:3: a: groups \"no-such-group\": there is no such group: "
				     "create it, or name another\n"},
	{"working_directory = FOLDER/none\n",
	 "main:3: a: working_directory \"none\": No such file or directory\n"},
	{"working_directory = FOLDER/plain\n",
	 "main:3: a: working_directory \"plain\": it is not a directory\n"},
	{"environment_file = none\n",
	 "main:3: a: environment_file \"none\": No such file or directory\n"},
	{"environment_file = -none\nenvironment_file = plain\n", ""},
	{"environment_file = dir\n",
	 "main:3: a: environment_file \"dir\": it is not a regular file\n"},
	{"stdout = file:FOLDER/new\nstderr = file:FOLDER/plain\n", ""},
	{"stdout = file:/dev/null\n", "main:3: a: stdout \"/dev/null\": it is a device: name a "
				      "regular file, or say null for /dev/null\n"},
	{"stdout = file:FOLDER/fifo\n", "main:3: a: stdout \"fifo\": it is a FIFO, which would "
					"wait for a reader: name a regular file\n"},
	{"stderr = file:FOLDER/link\n",
	 "main:3: a: stderr \"link\": it is a symbolic link, and links are "
	 "not followed here: name the file itself\n"},
	{"stdout = file:FOLDER/dir\n", "main:3: a: stdout \"dir\": it is a directory\n"},
	{"stdout = file:FOLDER/none/%n.log\n",
	 "main:3: a: stdout \"none/a.log\": its directory does not exist\n"},
	{"stdout = file:FOLDER/plain/x\n", "main:3: a: stdout \"plain/x\": Not a directory\n"},
	{"chroot = FOLDER/none\n", "main:3: a: chroot \"none\": No such file or directory\n"},
	{"stdin = file:FOLDER/none\n", "main:3: a: stdin \"none\": No such file or directory\n"},
	{"stdin = file:FOLDER/dir\n", "main:3: a: stdin \"dir\": it is not a regular file\n"},
	{"stdin = tty:FOLDER/plain\n", "main:3: a: stdin \"plain\": it is not a terminal\n"},
	{"stdin = file:FOLDER/link\nnice = 19\nlimit_core = 0\n", ""},
	{"[service b@..]\ncommand = sleep 1\nstate_directory = %i\n",
	 "main:3: b@..: state_directory \"..\": with what % stands for it is no name of a "
	 "directory\n"},
	{"[service b@]\ncommand = sleep 1\nstate_directory = x/%i\ninstances = 2\n", ""},
	{"[service b]\ncommand = sleep 1\nworking_directory = FOLDER/dir-%i\ninstances = 2\n",
	 "main:3: b: working_directory \"dir-1\": No such file or directory\n"},
	{"[service b@]\ncommand = sleep 1\nstate_directory = %i\nworking_directory = "
	 "FOLDER/none-%i\n",
	 ""},
	{"[service b]\ncommand = FOLDER/none\n",
	 "main:2: b: command \"none\": No such file or directory\n"},
	{"[service b]\ncommand = FOLDER/dir\n", "main:2: b: command \"dir\": it is a directory\n"},
	{"[service b]\ncommand = FOLDER/plain\n",
	 "main:2: b: command \"plain\": it is not executable: chmod +x it\n"},
	{"[service b]\ncommand = FOLDER/fifo\n",
	 "main:2: b: command \"fifo\": it is not a regular file\n"},
	{"[service b]\ncommand = FOLDER/dir/tool\n", ""},
	{"[service b]\ncommand = ./tool\nworking_directory = FOLDER/dir\n", ""},
	{"[service b]\ncommand = ./none\nworking_directory = FOLDER/dir\n",
	 "main:2: b: command \"./none\": No such file or directory\n"},
	{"[service b]\ncommand = tool\nenvironment = PATH=/nowhere:FOLDER/dir\n", ""},
	{"[service b]\ncommand = ${DIR}/tool\nenvironment = DIR=FOLDER/dir\n", ""},
	{"[service b]\ncommand = plain\nenvironment = PATH=FOLDER\n",
	 "main:2: b: command \"plain\": it is not executable: chmod +x it\n"},
	{"[service b]\ncommand = no-such-program\n",
	 "main:2: b: command \"no-such-program\": there is no such program in the service's PATH: "
	 "install "
	 "it, or write its whole path\n"},
	{"[service b]\ncommand = ${NONE}\n",
	 "main:2: b: command \"\": the name of the program is empty\n"},
	{"ready = command:no-such-program\n",
	 "main:3: a: ready \"no-such-program\": there is no such program in the service's PATH: "
	 "install it, or write its whole path\n"},
	{"health = command:FOLDER/dir x\n", "main:3: a: health \"dir\": it is a directory\n"},
	{"health = command:FOLDER/dir/tool x\n", ""},
	{"listen = unix:/x owner=no-such-user\n",
	 "main:3: a: listen \"no-such-user\": there is no such user: create it, or name another "
	 "owner\n"},
	{"listen = unix:/x group=no-such-group\n",
	 "main:3: a: listen \"no-such-group\": there is no such group: create it, or name "
	 "another\n"},
	{"listen = unix:/x owner=0 group=0\n", ""},
	{"schedule = 2001-02-03\n",
	 "main:3: a: schedule \"2001-02-03\": that time has gone by and does not come again: "
	 "remove it\n"},
	{"schedule = 2001..2199-02-03\n", ""},
	{"[supd]\ncontrol_group = no-such-group\nview_group = no-such-either\n",
	 "main:2: control_group no-such-group: there is no such group: create it, or name another\n"
	 "main:3: view_group no-such-either: there is no such group: create it, or name another\n"},
	{"[service b]\ncommand = FOLDER/none\nuser = nobody-at-all\n[service c]\ncommand = sleep "
	 "1\n"
	 "[service d]\nstdout = file:FOLDER/dir\ncommand = FOLDER/none\n",
	 "main:2: b: command \"none\": No such file or directory\n"
	 "main:3: b: user \"nobody-at-all\": there is no such user: create it, or name another\n"
	 "main:7: d: stdout \"dir\": it is a directory\n"
	 "main:8: d: command \"none\": No such file or directory\n"},
};

static struct config *load_row(const struct folder *folder, const char *row)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	buf_printf(&text, "%s%s", row[0] == '[' ? "" : "[service a]\ncommand = sleep 1\n", row);
	return load_furnished(folder, buf_text(&text));
}

Test(surroundings, messages)
{
	struct folder folder CLEANUP(folder_fini);

	folder_init(&folder);
	furnish(&folder);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config *config = load_row(&folder, rows[i].text);
		char *messages CLEANUP(cleanup_free) = NULL;

		cr_assert_eq(config->n_messages, 0, "%s: %s", rows[i].text,
			     config->messages[0].text);
		cr_assert_eq(config_check_surroundings(config), 0);
		messages = messages_of(&folder, config);
		cr_expect_str_eq(messages, rows[i].message, "%s: got %s", rows[i].text, messages);
		cr_expect_eq(config->n_surroundings > 0, *rows[i].message != '\0');
		cr_expect_eq(config->n_errors, 0);
		cr_expect_not_null(config->root, "the tree may be used all the same");
		config_free(config);
	}
}

Test(surroundings, short_of_memory)
{
	struct folder folder CLEANUP(folder_fini);

	folder_init(&folder);
	furnish(&folder);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (unsigned long n = 1;; n++) {
			struct config *config = load_row(&folder, rows[i].text);
			bool failed;
			int r;

			alloc_fail_at(n);
			r = config_check_surroundings(config);
			failed = alloc_fail_end();
			config_free(config);
			cr_assert_eq(r, failed ? -ENOMEM : 0, "%s: allocation %lu: %d",
				     rows[i].text, n, r);
			if (!failed)
				break;
		}
	}
}

/* Other identities are for root. The test runs as whoever it is: what it may not try, it does not.
 */
Test(surroundings, needs_root)
{
	struct folder folder CLEANUP(folder_fini);
	bool was_root = geteuid() == 0;
	struct config *config;

	if (was_root && (setegid(65534) < 0 || seteuid(65534) < 0))
		cr_skip_test("can not become an ordinary user");
	folder_init(&folder);
	config = load_text(&folder, "[service a]\ncommand = sleep 1\nuser = 0\ngroup = 0\n");
	cr_assert_eq(config_check_surroundings(config), 0);
	cr_expect_str_eq(
		message_at(config, 3),
		"a: user \"0\": only a supd that runs as root can start it as another user");
	cr_expect_str_eq(
		message_at(config, 4),
		"a: group \"0\": only a supd that runs as root can start it as another group");
	config_free(config);
	if (was_root) {
		/* Changing it has made the process undumpable, and leaks would go unseen. */
		cr_assert(seteuid(0) == 0 && setegid(0) == 0);
		prctl(PR_SET_DUMPABLE, 1);
	}
}

/* What is shipped is good; only its programs may be missing here. */
Test(surroundings, samples)
{
	static const char *const samples[] = {"conf/supd.conf", "conf/demo.conf", "conf/web.conf"};

	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct buf out CLEANUP(buf_fini) = BUF_INIT;
		struct config *config = NULL;

		cr_assert_eq(config_load(samples[i], &config), 0);
		config_print_messages(config, &out);
		cr_expect_eq(config->n_messages, 0, "%s", buf_text(&out));
		cr_expect_not_null(config->root, "%s", samples[i]);
		config_free(config);
	}
}

/* The demonstration runs everywhere. */
Test(surroundings, demo)
{
	struct config *config = NULL;

	cr_assert_eq(config_load("conf/demo.conf", &config), 0);
	cr_assert_eq(config_check_surroundings(config), 0);
	cr_expect_eq(config->n_messages, 0, "%s",
		     config->n_messages ? config->messages[0].text : "");
	config_free(config);
}
