/* SPDX-License-Identifier: MIT */

/* How a log is kept: what the keys mean, every way to get them wrong, and those that mean nothing
 * together. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "tests/config/support.h"

#define SERVICE "[service a]\ncommand = sleep 1\n"

/* The part, as it is without any key but for what the row has. */
static struct exec_log defaults(void)
{
	struct exec_log log;

	exec_log_init(&log);
	return log;
}

static bool same(const struct exec_log *a, const struct exec_log *b)
{
	return a->size == b->size && a->files == b->files && a->line_max == b->line_max &&
	       a->age.ns == b->age.ns && a->rate == b->rate && a->rate_span.ns == b->rate_span.ns &&
	       a->format == b->format && a->packing == b->packing && a->overflow == b->overflow;
}

#define ROW(text, field, number)                       \
	{                                              \
		struct exec_log expected = defaults(); \
                                                       \
		expected.field = number;               \
		expect_log(text, &expected);           \
	}

static void expect_log(const char *keys, const struct exec_log *expected)
{
	struct folder folder CLEANUP(folder_fini);
	char text[256];
	struct config *config;
	const struct exec_log *log;

	folder_init(&folder);
	snprintf(text, sizeof(text), SERVICE "%s\n", keys);
	config = load_text(&folder, text);
	cr_assert_eq(config->n_messages, 0, "%s: %s", keys,
		     config->n_messages ? config->messages[0].text : "");
	log = find_spec(config, "a")->exec->log;
	cr_assert_not_null(log, "%s", keys);
	cr_expect(same(log, expected), "%s", keys);
	config_free(config);
}

Test(log, taken)
{
	struct exec_log rate = defaults();

	ROW("log_format = text", format, LOG_TEXT);
	ROW("log_format = raw", format, LOG_RAW);
	ROW("log_format = json", format, LOG_JSON);
	ROW("log_size = 4096", size, 4096);
	ROW("log_size = 1G", size, UINT64_C(1) << 30);
	ROW("log_size = infinity", size, UINT64_MAX);
	ROW("log_files = 0", files, 0);
	ROW("log_files = 100000", files, 100000);
	ROW("log_files = infinity", files, UINT32_MAX);
	ROW("log_age = 1s", age, SPAN_S(1));
	ROW("log_age = 1d", age, SPAN_S(86400));
	ROW("log_age = infinity", age, SPAN_INFINITY);
	ROW("log_compress = no", packing, PACK_NO);
	ROW("log_compress = gzip", packing, PACK_GZIP);
	ROW("log_compress = zstd", packing, PACK_ZSTD);
	ROW("log_line_max = 128", line_max, 128);
	ROW("log_line_max = 1M", line_max, 1 << 20);
	ROW("log_overflow = block", overflow, LOG_BLOCK);
	ROW("log_overflow = drop", overflow, LOG_DROP);
	ROW("log_rate = infinity", rate, 0);
	rate.rate = 1000;
	rate.rate_span = SPAN_S(30);
	expect_log("log_rate = 1000/30s", &rate);
	rate.rate_span = SPAN_S(1);
	expect_log("log_rate = 1000/s", &rate);
	expect_log("log_rate = 1000/1", &rate);
	rate.rate_span = SPAN_S(60);
	expect_log("log_rate = 1000/min", &rate);
	rate.rate = 1;
	rate.rate_span = SPAN_MS(1);
	expect_log("log_rate = 1/1ms", &rate);
	rate.rate = UINT32_MAX;
	expect_log("log_rate = 4294967295/ms", &rate);
}

Test(log, none_where_no_key_is)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, SERVICE "stdout = syslog\nstderr = log\n");
	cr_expect_null(find_spec(config, "a")->exec->log);
	cr_expect_eq(find_spec(config, "a")->exec->standard_output.kind, OUTPUT_SYSLOG);
	cr_expect_eq(find_spec(config, "a")->exec->standard_error.kind, OUTPUT_LOG);
	config_free(config);
}

#define SIZE "use a size such as 64K, 10M or 1G, or infinity"
#define SPAN "use a time span such as 500ms, 5s, 1min 30s or 2h, or infinity"
#define RATE "use a number of lines and a time span, such as 1000/30s, or infinity"
#define FILES "use a number from 0 to 100000, or infinity"
#define STDOUT "use log, null, inherit, file:PATH or syslog"
#define STDERR "use log, null, inherit, file:PATH, syslog or stdout"

Test(log, refused)
{
	static const struct {
		const char *key, *value, *why;
	} rows[] = {
		{"log_format", "", "use text, raw or json"},
		{"log_format", "josn", "use text, raw or json; did you mean \"json\"?"},
		{"log_format", "xml", "use text, raw or json"},
		{"log_format", "plain", "use text, raw or json; here that is raw"},
		{"log_format", "1", "use text, raw or json"},
		{"log_size", "", SIZE},
		{"log_size", "0", "it must be 4096 bytes or more"},
		{"log_size", "4095", "it must be 4096 bytes or more"},
		{"log_size", "-1", SIZE},
		{"log_size", "10MB", SIZE},
		{"log_size", "99999999999999999999G", SIZE},
		{"log_size", "10s", SIZE},
		{"log_files", "", FILES},
		{"log_files", "-1", FILES},
		{"log_files", "1.5", FILES},
		{"log_files", "100001", FILES},
		{"log_files", "all", FILES},
		{"log_age", "", SPAN},
		{"log_age", "0", "it must be 1s or longer"},
		{"log_age", "999ms", "it must be 1s or longer"},
		{"log_age", "daily", SPAN},
		{"log_age", "-1d", SPAN},
		{"log_age", "99999999999h", "that is too long: use infinity"},
		{"log_compress", "", "use no, gzip or zstd"},
		{"log_compress", "yes", "use no, gzip or zstd; here that is zstd"},
		{"log_compress", "gz", "use no, gzip or zstd; here that is gzip"},
		{"log_compress", "gizp", "use no, gzip or zstd; did you mean \"gzip\"?"},
		{"log_compress", "bzip2", "use no, gzip or zstd"},
		{"log_line_max", "", "use a size such as 64K, 10M or 1G"},
		{"log_line_max", "0", "it must be 128 bytes or more"},
		{"log_line_max", "127", "it must be 128 bytes or more"},
		{"log_line_max", "1025K", "at most 1M are possible"},
		{"log_line_max", "5G", "at most 1M are possible"},
		{"log_line_max", "infinity", "at most 1M are possible"},
		{"log_line_max", "long", "use a size such as 64K, 10M or 1G"},
		{"log_rate", "", RATE},
		{"log_rate", "1000", RATE},
		{"log_rate", "/s", RATE},
		{"log_rate", "1000/", RATE},
		{"log_rate", "1000/second", RATE},
		{"log_rate", "1000/30s/2", RATE},
		{"log_rate", "-5/s", RATE},
		{"log_rate", "4294967296/s", RATE},
		{"log_rate", "99999999999999999999999999/s", RATE},
		{"log_rate", "5/infinity", RATE},
		{"log_rate", "5/99999999999h", RATE},
		{"log_rate", "0/s", "that takes no line at all: say stdout = null for it"},
		{"log_rate", "5/0", "its time span must be 1ms or longer"},
		{"log_rate", "5/us", "its time span must be 1ms or longer"},
		{"log_overflow", "", "use block or drop"},
		{"log_overflow", "dorp", "use block or drop; did you mean \"drop\"?"},
		{"log_overflow", "reject", "use block or drop"},
		{"stdout", "", STDOUT},
		{"stdout", "syslgo", STDOUT "; did you mean \"syslog\"?"},
		{"stdout", "syslog:daemon", STDOUT},
		{"stdout", "stdout", STDOUT},
		{"stdout", "file", STDOUT},
		{"stdout", "file:", "use an absolute path, as in file:/var/log/name.log"},
		{"stdout", "file:/%x",
		 "only %i, %n and %% mean something: write %% for a "
		 "percent sign"},
		{"stdout", "journal", STDOUT "; here that is log"},
		{"stdout", "append:/var/log/a", STDOUT "; here that is file:PATH"},
		{"stdout", "truncate:/a", STDOUT "; here that is file:PATH, which is appended to"},
		{"stderr", "", STDERR},
		{"stderr", "Syslog+Console", STDERR "; here that is syslog"},
		{"stderr", "/dev/null", STDERR "; here that is null"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct folder folder CLEANUP(folder_fini);
		char text[256], expected[512];
		char *messages CLEANUP(cleanup_free) = NULL;
		struct config *config;

		folder_init(&folder);
		snprintf(text, sizeof(text), SERVICE "%s = %s\n", rows[i].key, rows[i].value);
		snprintf(expected, sizeof(expected), "main:3: %s = \"%s\": %s\n", rows[i].key,
			 rows[i].value, rows[i].why);
		config = load_text(&folder, text);
		messages = messages_of(&folder, config);
		cr_expect_str_eq(messages, expected, "got %s", messages);
		config_free(config);
	}
}

/* Names that are those of no key, and keys where they may not stand. */
Test(log, names)
{
	static const struct message_row rows[] = {
		{SERVICE "log_sise = 1M\n",
		 "main:3: unknown key \"log_sise\": did you mean \"log_size\"?\n"},
		{SERVICE "log_overlow = drop\n",
		 "main:3: unknown key \"log_overlow\": did you mean \"log_overflow\"?\n"},
		{SERVICE "LogRateLimitBurst = 3\n",
		 "main:3: unknown key \"LogRateLimitBurst\": here that is \"log_rate\", a key of "
		 "[service]\n"},
		{SERVICE "stdout_logfile_maxbytes = 1M\n",
		 "main:3: unknown key \"stdout_logfile_maxbytes\": here that is \"log_size\", a "
		 "key of [supd] and of [service]\n"},
		{"[supervisor a]\nlog_size = 1M\nlog_rate = 1/s\nlog_dir = none\n",
		 "main:2: log_size is a key of [supd] and of [service]\n"
		 "main:3: log_rate is a key of [service]\n"
		 "main:4: log_dir is a key of [supd]\n"},
		{"[supd]\nlog_rate = 1/s\nlog_line_max = 1K\nlog_format = raw\n",
		 "main:2: log_rate is a key of [service]\n"
		 "main:3: log_line_max is a key of [service]\n"
		 "main:4: log_format = \"raw\": use text or json\n"},
		{SERVICE "log_size = 1M\nlog_size = 2M\n",
		 "main:4: log_size is given twice: first in line 3; remove one\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

#define NOTHING ": nothing of what it writes goes to the log: remove one of them\n"
#define NO_FILE ": what goes to syslog has no file of its own: remove one of them\n"

Test(log, what_contradicts)
{
	static const struct message_row rows[] = {
		{SERVICE "stdout = null\nlog_size = 1M\n", "main:4: service a: log_size" NOTHING},
		{SERVICE "log_rate = 1/s\nstdout = file:/x\n",
		 "main:3: service a: log_rate" NOTHING},
		{SERVICE "stdout = inherit\nlog_files = 2\nlog_rate = 1/s\n",
		 "main:4: service a: log_files" NOTHING},
		{SERVICE "stdin = tty:/dev/tty9\nlog_size = 1M\n",
		 "main:4: service a: log_size" NOTHING},
		{SERVICE "stdout = null\nstderr = log\nlog_size = 1M\nlog_rate = 1/s\n", ""},
		{SERVICE "stderr = null\nlog_size = 1M\nlog_rate = 1/s\n", ""},
		{SERVICE "stdout = syslog\nlog_size = 1M\n", "main:4: service a: log_size" NO_FILE},
		{SERVICE "stdout = syslog\nlog_rate = 5/s\nlog_overflow = drop\n", ""},
		{SERVICE "stdout = syslog\nstderr = log\nlog_size = 1M\n", ""},
		{SERVICE "stdin = tty:/dev/tty9\nstdout = syslog\nlog_rate = 5/s\n", ""},
		{SERVICE "log_format = raw\nlog_line_max = 1K\n",
		 "main:4: service a: log_line_max: with log_format = raw lines are written as "
		 "they come, and none is split: remove one of them\n"},
		{SERVICE "log_files = 0\nlog_compress = zstd\n",
		 "main:4: service a: log_compress: with log_files = 0 no older file is kept that "
		 "could be packed: remove one of them\n"},
		{SERVICE "log_files = 0\nlog_compress = no\n", ""},
		{"[supd]\nlog_dir = none\n" SERVICE "log_format = json\nlog_age = 1d\n",
		 "main:6: service a: log_age: with log_dir = none there are no files: remove one "
		 "of them\n"},
		{"[supd]\nlog_dir = none\n" SERVICE "log_format = json\nlog_overflow = drop\n", ""},
		{"[service a]\ncommand = x\nlisten = unix:/run/x\naccept = yes\nlog_size = 1M\n",
		 ""},
		{"[service a]\ncommand = x\nlisten = unix:/run/x\naccept = yes\nstderr = null\n"
		 "log_size = 1M\n",
		 "main:6: service a: log_size" NOTHING},
		/* What comes from [defaults] need not all be of use. */
		{"[defaults]\nlog_size = 1M\nlog_rate = 1/s\n" SERVICE "stdout = null\n", ""},
		{"[defaults]\nstdout = null\n" SERVICE "log_rate = 1/s\n",
		 "main:5: service a: log_rate" NOTHING},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(log, of_the_daemon)
{
	struct folder folder CLEANUP(folder_fini);
	struct exec_log expected = defaults();
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, "[supd]\n");
	cr_expect(same(&config->log, &expected));
	cr_expect_eq(config->events_kept, 10000);
	cr_expect_eq(config->reports_kept, 100);
	config_free(config);
	config = load_text(&folder, "[supd]\nlog_dir = none\nlog_size = 1M\nlog_files = 3\n"
				    "log_age = 1d\nlog_compress = gzip\nevents_kept = 100\n"
				    "reports_kept = 0\n");
	cr_assert_eq(config->n_messages, 0);
	expected.size = 1 << 20;
	expected.files = 3;
	expected.age = SPAN_S(86400);
	expected.packing = PACK_GZIP;
	cr_expect_str_eq(config->log_dir, "none");
	cr_expect(same(&config->log, &expected));
	cr_expect_eq(config->events_kept, 100);
	cr_expect_eq(config->reports_kept, 0);
	config_free(config);
}

Test(log, of_the_daemon_refused)
{
	static const char dir[] = "use an absolute path, one that begins with /, or none";
	static const char events[] = "use a number from 100 to 1000000";
	static const char reports[] = "use a number from 0 to 100000";
	static const struct {
		const char *key, *value, *why;
	} rows[] = {
		{"log_dir", "", dir},
		{"log_dir", "no", dir},
		{"log_dir", "logs", dir},
		{"log_size", "0", "it must be 4096 bytes or more"},
		{"log_files", "many", FILES},
		{"log_age", "0", "it must be 1s or longer"},
		{"log_compress", "xz", "use no, gzip or zstd"},
		{"log_format", "jsno", "use text or json; did you mean \"json\"?"},
		{"events_kept", "", events},
		{"events_kept", "99", events},
		{"events_kept", "1000001", events},
		{"events_kept", "1M", events},
		{"events_kept", "infinity", events},
		{"reports_kept", "", reports},
		{"reports_kept", "-1", reports},
		{"reports_kept", "100001", reports},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[256], expected[512];
		struct message_row row = {text, expected};

		snprintf(text, sizeof(text), "[supd]\n%s = %s\n", rows[i].key, rows[i].value);
		snprintf(expected, sizeof(expected), "main:2: %s = \"%s\": %s\n", rows[i].key,
			 rows[i].value, rows[i].why);
		expect_messages(&row, 1);
	}
}

/* Of a child that is added at run time. */
Test(log, of_added_children)
{
	static const char child[] = "[service w]\ncommand = x\nlog_files = 4\nlog_rate = 9/s\n";
	struct config *config;
	const struct exec *exec;

	cr_assert_eq(config_load_child(child, sizeof(child) - 1, "w", &config), 0);
	cr_assert_eq(config->n_errors, 0, "%s", config->messages[0].text);
	exec = config->root->exec;
	cr_assert_not_null(exec->log);
	cr_expect(exec->packed);
	cr_expect_eq(exec->log->files, 4);
	cr_expect_eq(exec->log->rate, 9);
	config_free(config);
}
