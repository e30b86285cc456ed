/* SPDX-License-Identifier: MIT */

/* What a good configuration turns into. */

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/config/support.h"
#include "tests/support/alloc.h"

static const char sample[] = "# a sample\n"
			     "[supd]\n"
			     "run_dir = /run/x ; y # z\n"
			     "log_level = debug\n"
			     "shutdown_timeout = 1min 30s\n"
			     "emergency = /bin/sh -c 'echo \"no\"'\n"
			     "\n"
			     "[defaults]\n"
			     "environment = A=1\n"
			     "shutdown = 1s\n"
			     "restart = temporary\n"
			     "[service web/late]\n"
			     "command = x\n"
			     "[supervisor web]\n"
			     "strategy = rest_for_one\n"
			     "intensity = 0\n"
			     "period = 2s\n"
			     "auto_shutdown = any_significant\n"
			     "start = parallel\n"
			     "max_children = 7\n"
			     "[service web/api]\n"
			     "  command =   sh -c 'echo ${A} ; echo b' \\\n"
			     "     %n \"${A} x\"   \n"
			     "restart = transient\n"
			     "significant = on\n"
			     "success_exit = 3 TERM\n"
			     "ready = delay:1.5s\n"
			     "stop_signal = INT\n"
			     "kill_mode = mixed\n"
			     "notify_access = none\n"
			     "watchdog = 1min 500ms\n"
			     "fd_store_max = 3\n"
			     "fd_store_preserve = yes\n"
			     "user = nobody\n"
			     "group = 7\n"
			     "groups = a b\n"
			     "working_directory = /srv\n"
			     "umask = 027\n"
			     "environment = B=\"two words\"\n"
			     "environment = A=again\n"
			     "environment = C=it's 5%% ; # of ${it}\n"
			     "environment_file = -api.env\n"
			     "environment_file = /etc/x.env\n"
			     "pass_environment = *\n"
			     "stdout = file:/var/log/%n.log\n"
			     "stderr = null\n"
			     "[supervisor web/sub]\n"
			     "shutdown = brutal_kill\n"
			     "restart_delay = 1min\n"
			     "period = 1h\n"
			     "intensity = 1\n"
			     "[supervisor web/jobs]\n"
			     "strategy = simple_one_for_one\n"
			     "[service web/jobs/job]\n"
			     "command = sleep\n"
			     "[service once]\n"
			     "command = true\n"
			     "ready = exit\n"
			     "autostart = no\n"
			     "[service last@7]\n"
			     "command = x\n";

Test(load, supd)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, sample);
	cr_expect_eq(config->n_messages, 0, "%s",
		     config->n_messages ? config->messages[0].text : "");
	cr_expect_str_eq(config->run_dir, "/run/x ; y # z");
	cr_expect_str_eq(config->log_level, "debug");
	cr_expect_null(config->log_dir);
	cr_expect_eq(config->shutdown_timeout.ns, SPAN_S(90).ns);
	cr_expect_str_eq(config->emergency, "/bin/sh -c 'echo \"no\"'");
	config_free(config);
	config = load_text(&folder, "[service a]\ncommand = x\n");
	cr_expect_null(config->run_dir);
	cr_expect_eq(config->shutdown_timeout.ns, SPAN_S(90).ns);
	cr_expect_eq(config->root->give_up, GIVE_UP_HOLD);
	config_free(config);
	config_free(NULL);
}

Test(load, supervisors)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;
	const struct spec *spec;

	folder_init(&folder);
	config = load_text(&folder, sample);
	spec = find_spec(config, "web");
	cr_assert_not_null(spec);
	cr_expect_eq(spec->strategy, STRATEGY_REST_FOR_ONE);
	cr_expect_eq(spec->intensity, 0);
	cr_expect_eq(spec->period.ns, SPAN_S(2).ns);
	cr_expect_eq(spec->auto_shutdown, AUTO_ANY_SIGNIFICANT);
	cr_expect_eq(spec->start, START_PARALLEL);
	cr_expect_eq(spec->max_children, 7);
	cr_expect_eq(spec->restart, RESTART_PERMANENT, "[defaults] is for services");
	cr_expect_eq(spec->give_up, GIVE_UP_ESCALATE);
	spec = find_spec(config, "web/sub");
	cr_expect_eq(spec->shutdown, SHUTDOWN_BRUTAL_KILL);
	cr_expect_eq(spec->restart_delay.ns, SPAN_S(60).ns);
	cr_expect_eq(spec->restart_delay_max.ns, SPAN_S(60).ns, "not below the delay");
	config_free(config);
}

static const char *joined(char *const *texts)
{
	static char out[256];

	*out = '\0';
	for (size_t i = 0; texts && texts[i]; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s ", texts[i]);
	return out;
}

Test(load, actors)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;
	const struct spec *spec;

	folder_init(&folder);
	config = load_text(&folder, "[defaults]\ngrants = admin\nmailbox = none\n"
				    "[supervisor s]\nlink = a\n"
				    "[service a]\ncommand = x\ntrap_exit = on\nmailbox = durable\n"
				    "mailbox_limit = infinity\nmailbox_overflow = reject\n"
				    "outbox_limit = 64K\nalias = x  y.z\n"
				    "grants = link:s/* spawn:www-data\nlink = b\n"
				    "[service b]\ncommand = x\nmailbox = volatile\n"
				    "mailbox_limit = 10M\n[service c]\ncommand = x\n");
	cr_assert_eq(config->n_messages, 0, "%s",
		     config->n_messages ? config->messages[0].text : "");
	spec = find_spec(config, "a");
	cr_expect(spec->trap_exit);
	cr_expect_eq(spec->mailbox, MAILBOX_DURABLE);
	cr_expect_eq(spec->mailbox_limit, UINT64_MAX);
	cr_expect_eq(spec->mailbox_overflow, OVERFLOW_REJECT);
	cr_expect_eq(spec->outbox_limit, 65536);
	cr_expect_str_eq(joined(spec->aliases), "x y.z ");
	cr_expect_str_eq(joined(spec->grants), "link:s/* spawn:www-data ");
	cr_expect_str_eq(joined(spec->links), "b ");
	cr_expect_str_eq(joined(find_spec(config, "s")->links), "a ");
	spec = find_spec(config, "b");
	cr_expect_not(spec->trap_exit);
	cr_expect_eq(spec->mailbox, MAILBOX_VOLATILE);
	cr_expect_eq(spec->mailbox_limit, UINT64_C(10) << 20);
	cr_expect_eq(spec->mailbox_overflow, OVERFLOW_BLOCK);
	cr_expect_eq(spec->outbox_limit, SPEC_OUTBOX_LIMIT);
	cr_expect_str_eq(joined(spec->grants), "admin ");
	cr_expect_null(spec->aliases);
	cr_expect_eq(find_spec(config, "c")->mailbox, MAILBOX_NONE);
	config_free(config);
}

/* A child added at run time may name partners that only the tree knows. */
Test(load, links_of_a_child_added_at_run_time)
{
	static const char text[] = "[service b]\ncommand = x\nlink = somebody/else\n";
	struct config *config;

	cr_assert_eq(config_load_child(text, strlen(text), "b", &config), 0);
	cr_expect_eq(config->n_errors, 0);
	cr_expect_str_eq(joined(config->root->links), "somebody/else ");
	config_free(config);
}

Test(load, service)
{
	struct folder folder CLEANUP(folder_fini);
	char path[SUPPORT_PATH_MAX];
	struct config *config;
	const struct spec *spec;
	const struct exec *exec;

	folder_init(&folder);
	config = load_text(&folder, sample);
	spec = find_spec(config, "web/api");
	exec = spec->exec;
	cr_expect_eq(spec->restart, RESTART_TRANSIENT);
	cr_expect_eq(spec->significant, true);
	cr_expect_eq(spec->shutdown_span.ns, SPAN_S(1).ns);
	cr_expect_eq(spec_classify_exit(spec, 3).kind, REASON_NORMAL);
	cr_expect_eq(spec_classify_exit(spec, 0).kind, REASON_NORMAL);
	cr_expect_eq(spec_classify_exit(spec, 15).kind, REASON_EXIT);
	cr_expect_eq(spec_classify_signal(spec, SIGTERM).kind, REASON_NORMAL);
	cr_expect_eq(spec->ready, READY_DELAY);
	cr_expect_eq(spec->ready_delay.ns, SPAN_MS(1500).ns);
	cr_expect_str_eq(exec->argv[0], "sh");
	cr_expect_str_eq(exec->argv[2], "echo %${A} ; echo b");
	cr_expect_str_eq(exec->argv[3], "%n");
	cr_expect_str_eq(exec->argv[4], "${A} x");
	cr_expect_null(exec->argv[5]);
	cr_expect_eq(exec->stop_signal, SIGINT);
	cr_expect_eq(exec->kill_mode, KILL_MIXED);
	cr_expect_eq(exec->notify_access, NOTIFY_NONE);
	cr_expect_eq(exec->notify->watchdog.ns, SPAN_MS(60500).ns);
	cr_expect_eq(exec->notify->watchdog_signal, SIGABRT);
	cr_expect_eq(exec->notify->fd_store_max, 3);
	cr_expect(exec->notify->fd_store_preserve);
	cr_expect_str_eq(exec->user, "nobody");
	cr_expect_str_eq(exec->group, "7");
	cr_expect_str_eq(exec->groups[1], "b");
	cr_expect_str_eq(exec->working_directory, "/srv");
	cr_expect_eq(exec->umask, 027);
	cr_expect_str_eq(exec->environment[0], "A=again", "the last one of a name counts");
	cr_expect_str_eq(exec->environment[1], "B=two words");
	cr_expect_str_eq(exec->environment[2], "C=it's 5%% ; # of ${it}");
	cr_expect_null(exec->environment[3]);
	cr_expect_eq(exec->environment_files[0][0], '-');
	cr_expect_str_eq(exec->environment_files[0] + 1, folder_file(&folder, "api.env", path));
	cr_expect_str_eq(exec->environment_files[1], "/etc/x.env");
	cr_expect_str_eq(exec->pass_environment[0], "*");
	cr_expect_eq(exec->standard_output.kind, OUTPUT_FILE);
	cr_expect_str_eq(exec->standard_output.path, "/var/log/%n.log");
	cr_expect_eq(exec->standard_error.kind, OUTPUT_NULL);
	cr_expect_not_null(strstr(exec->source, "/main:21"), "%s", exec->source);
	spec = find_spec(config, "once");
	cr_expect_eq(spec->ready, READY_EXIT);
	cr_expect_eq(spec->autostart, false);
	cr_expect_eq(spec->restart, RESTART_TEMPORARY, "from [defaults]");
	config_free(config);
	config = load_text(&folder, "[service once]\ncommand = true\nready = exit\n");
	cr_expect_eq(config->root->children[0]->restart, RESTART_TRANSIENT, "a oneshot's default");
	config_free(config);
}

/* The order of sections is the order of children, also where a parent comes after its child. */
Test(load, order)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;
	const struct spec *web;

	folder_init(&folder);
	config = load_text(&folder, sample);
	cr_assert_eq(config->root->n_children, 3);
	cr_expect_str_eq(config->root->children[0]->name, "web");
	cr_expect_str_eq(config->root->children[1]->name, "once");
	cr_expect_str_eq(config->root->children[2]->name, "last@7");
	web = config->root->children[0];
	cr_assert_eq(web->n_children, 4);
	cr_expect_str_eq(web->children[0]->name, "late");
	cr_expect_str_eq(web->children[1]->name, "api");
	cr_expect_str_eq(web->children[2]->name, "sub");
	cr_expect_str_eq(web->children[3]->name, "jobs");
	config_free(config);
}

/* Read at the place of the include, sorted; [defaults] stay in their file. */
Test(load, includes)
{
	struct folder folder CLEANUP(folder_fini);
	char path[SUPPORT_PATH_MAX];
	struct config *config;

	folder_init(&folder);
	cr_assert_eq(mkdir(folder_file(&folder, "conf.d", path), 0700), 0);
	folder_puts(&folder, "conf.d/b.conf", "[service b]\ncommand = x\nenvironment_file = e\n");
	folder_puts(&folder, "conf.d/a.conf",
		    "[supd]\ninclude = ../more\n[service a]\ncommand = x\n");
	folder_puts(&folder, "conf.d/c.no", "nonsense");
	folder_puts(&folder, "more", "[defaults]\nshutdown = 9s\n[service more]\ncommand = x\n");
	config = load_text(&folder,
			   "[defaults]\nshutdown = 7s\n[service first]\ncommand = x\n[supd]\n"
			   "include = conf.d/*.conf\nlog_level = info\n[service last]\n"
			   "command = x\n");
	cr_assert_eq(config->n_messages, 0, "%s", config->messages[0].text);
	cr_assert_eq(config->root->n_children, 5);
	cr_expect_str_eq(config->root->children[0]->name, "first");
	cr_expect_str_eq(config->root->children[1]->name, "more");
	cr_expect_str_eq(config->root->children[2]->name, "a");
	cr_expect_str_eq(config->root->children[3]->name, "b");
	cr_expect_str_eq(config->root->children[4]->name, "last");
	cr_expect_eq(find_spec(config, "first")->shutdown_span.ns, SPAN_S(7).ns);
	cr_expect_eq(find_spec(config, "more")->shutdown_span.ns, SPAN_S(9).ns);
	cr_expect_eq(find_spec(config, "a")->shutdown_span.ns, SPAN_S(5).ns);
	cr_expect_eq(find_spec(config, "last")->shutdown_span.ns, SPAN_S(7).ns);
	cr_expect_str_eq(find_spec(config, "b")->exec->environment_files[0],
			 folder_file(&folder, "conf.d/e", path));
	config_free(config);
}

/* A value of any length comes whole, and lines after it keep their numbers. */
Test(load, long_line)
{
	const size_t size = 10UL * 1024 * 1024;
	struct folder folder CLEANUP(folder_fini);
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct config *config;
	size_t names = 0;
	size_t n = 0;

	folder_init(&folder);
	buf_puts(&text, "[service a]\npass_environment =");
	for (; text.size < size; names++)
		buf_puts(&text, " SOME_NAME");
	buf_puts(&text, "\ncommand = x\nfoo = 1\n");
	config = load_data(&folder, text.data, text.size);
	cr_expect_eq(config->n_messages, 1);
	cr_expect_str_neq(message_at(config, 4), "");
	config_free(config);
	text.size -= strlen("foo = 1\n");
	config = load_data(&folder, text.data, text.size);
	cr_assert_not_null(config->root);
	while (config->root->children[0]->exec->pass_environment[n])
		n++;
	cr_expect_eq(n, names);
	config_free(config);
}

/* 10 MB of anything, in any place of a line, gets a short message with its line. */
Test(load, long_nonsense)
{
	static const struct {
		const char *before, *after;
		int line;
	} rows[] = {
		{"[supd]\n\n", "\n", 3},
		{"[supd]\n\n[", "]\n", 3},
		{"[supd]\n\n[service ", "]\ncommand = x\n", 3},
		{"[supd]\n\n[", "\n", 3},
		{"[supd]\n\n", " = 1\n", 3},
		{"[service a]\ncommand = x\nrestart = ", "\n", 3},
		{"[service a]\n\ncommand = ", "\n", 3},
		{"[service a]\ncommand = x\nenvironment = A=", "\n", 3},
		{"[service a]\ncommand = x\nuser = ", "\n", 3},
		{"[service a]\ncommand = x\n#", "", 0},
	};
	const size_t size = 10UL * 1024 * 1024;
	struct folder folder CLEANUP(folder_fini);

	folder_init(&folder);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf text CLEANUP(buf_fini) = BUF_INIT;
		struct config *config;

		buf_puts(&text, rows[i].before);
		memset(buf_reserve(&text, size), 'x', size);
		text.size += size;
		buf_puts(&text, rows[i].after);
		config = load_data(&folder, text.data, text.size);
		cr_expect_eq(config->n_errors, rows[i].line ? 1 : 0, "row %zu: %zu", i,
			     config->n_errors);
		for (size_t j = 0; j < config->n_messages; j++) {
			cr_expect_eq(config->messages[j].line, rows[i].line, "row %zu", i);
			cr_expect_lt(strlen(config->messages[j].text), 400, "row %zu", i);
		}
		config_free(config);
	}
}

/* Ten thousand services take no time worth a thought. */
Test(load, many)
{
	struct folder folder CLEANUP(folder_fini);
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	struct config *config;

	folder_init(&folder);
	for (int i = 0; i < 10000; i++)
		buf_printf(&text, "[service s%d]\ncommand = sleep 1\n", i);
	config = load_data(&folder, text.data, text.size);
	cr_assert_not_null(config->root);
	cr_expect_eq(config->root->n_children, 10000);
	config_free(config);
}

Test(load, child)
{
	static const struct {
		const char *text, *path;
		const char *message; /* NULL: good */
	} rows[] = {
		{"[service web/api]\ncommand = x\n", "web/api", NULL},
		{"[service api]\ncommand = x\n", "web/api", NULL},
		{"[defaults]\nshutdown = 1s\n[service api]\ncommand = x\n", "web/api", NULL},
		{"[supervisor api]\n[service api/x]\ncommand = x\n", "web/api", NULL},
		{"", "web/api", "argument:1: there is no section that describes web/api"},
		{"[service b]\ncommand = x\n", "web/api",
		 "argument:1: the first section describes b, not the new child, web/api"},
		{"[service api]\ncommand = x\n[service b]\ncommand = x\n", "api",
		 "argument:3: b has no parent: no section describes /; add [supervisor /]"},
		{"[supd]\nlog_level = info\n", "api",
		 "argument:1: [supd] belongs into the daemon's own configuration"},
		{"[service api]\ncommand = x\nenvironment_file = y\n", "api",
		 "argument:3: environment_file = \"y\": use an absolute path, one that begins with "
		 "/"},
		{"[service api]\ncommand = x\nrestrat = y\n", "api",
		 "argument:3: unknown key \"restrat\": did you mean \"restart\"?"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out CLEANUP(buf_fini) = BUF_INIT;
		struct config *config = NULL;

		cr_assert_eq(config_load_child(rows[i].text, strlen(rows[i].text), rows[i].path,
					       &config),
			     0);
		config_print_messages(config, &out);
		if (rows[i].message) {
			cr_expect_null(config->root, "row %zu", i);
			cr_expect_eq(
				strncmp(buf_text(&out), rows[i].message, strlen(rows[i].message)),
				0, "row %zu: %s", i, buf_text(&out));
		} else {
			cr_assert_not_null(config->root, "row %zu: %s", i, buf_text(&out));
			cr_expect_str_eq(config->root->name, "api", "row %zu", i);
		}
		config_free(config);
	}
}

/* A child's text with a NUL in it, and one without a final newline. */
Test(load, child_bytes)
{
	struct config *config = NULL;

	cr_assert_eq(config_load_child("[service a]\ncommand = x\0y", 25, "a", &config), 0);
	cr_expect_eq(config->n_errors, 1);
	cr_expect_eq(config->messages[0].line, 2);
	config_free(config);
	cr_assert_eq(config_load_child("[service a]\ncommand = x", 23, "a", &config), 0);
	cr_expect_str_eq(config->root->exec->argv[0], "x");
	config_free(config);
}

/* Loads main with the n-th allocation failing; false where there was no n-th. */
static bool load_short(const struct folder *folder, unsigned long n, const char *expected)
{
	char *messages CLEANUP(cleanup_free) = NULL;
	char path[SUPPORT_PATH_MAX];
	struct config *config = NULL;
	bool failed;
	int r;

	folder_file(folder, "main", path);
	alloc_fail_at(n);
	r = config_load(path, &config);
	failed = alloc_fail_end();
	if (r == 0) {
		/* A check that can do without memory did. */
		messages = messages_of(folder, config);
		cr_assert_str_eq(messages, expected, "allocation %lu: %s", n, messages);
	} else {
		cr_assert_eq(r, -ENOMEM, "allocation %lu: %d", n, r);
		cr_assert(failed);
		cr_assert_null(config);
	}
	config_free(config);
	return failed;
}

/* A shortage of memory anywhere is told, and nothing is lost. */
Test(load, short_of_memory)
{
	static const char *const texts[] = {
		sample,
		"[supd]\nfoo = 1\n[service a/b]\nrestart = x\n[service c]\n[servce]\n"
		"[supervisor b]\n[service z]\ncommand = 'x\nbar = '\n",
	};
	struct folder folder CLEANUP(folder_fini);

	folder_init(&folder);
	for (size_t t = 0; t < ARRAY_LEN(texts); t++) {
		struct config *config = load_text(&folder, texts[t]);
		char *expected CLEANUP(cleanup_free) = messages_of(&folder, config);

		config_free(config);
		for (unsigned long n = 1; load_short(&folder, n, expected); n++)
			;
	}
}

/* A file of every length, and one with each byte changed: an answer, in bounded time, and no harm.
 */
Test(load, every_truncation)
{
	struct folder folder CLEANUP(folder_fini);

	folder_init(&folder);
	for (size_t size = 0; size <= strlen(sample); size++) {
		struct config *config = load_data(&folder, sample, size);

		cr_assert(config->root || config->n_errors, "%zu", size);
		config_free(config);
	}
}

Test(load, every_change)
{
	static const char bytes[] = {0,    '\n', ' ', '[', ']', '=', '\\',   '"',
				     '\'', '%',  '$', '/', '#', 'x', '\xff', '\r'};
	size_t size = strlen(sample);
	char *copy CLEANUP(cleanup_free) = strdup(sample);

	for (size_t i = 0; i < size; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++) {
			struct config *config = NULL;

			copy[i] = bytes[j];
			cr_assert_eq(config_load_child(copy, size, "web", &config), 0, "%zu", i);
			cr_assert(config->root || config->n_errors, "%zu", i);
			config_free(config);
		}
		copy[i] = sample[i];
	}
}

Test(load, a_working_directory_may_be_relative_to_the_file)
{
	struct folder folder CLEANUP(folder_fini);
	char path[SUPPORT_PATH_MAX];
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, "[service a]\ncommand = /bin/true\nworking_directory = sub\n");
	cr_expect_str_eq(find_spec(config, "a")->exec->working_directory,
			 folder_file(&folder, "sub", path));
	config_free(config);
}
