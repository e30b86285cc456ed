/* SPDX-License-Identifier: MIT */

/* Keys of a process's set-up: what their values mean, and every way to get them wrong. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/config/support.h"

#define SERVICE "[service a]\ncommand = sleep 1\n"

/* The one service's set-up; the configuration is freed by the caller. */
static const struct exec_setup *load_setup(struct folder *folder, const char *keys,
					   struct config **ret_config)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	const struct spec *spec;

	folder_init(folder);
	buf_printf(&text, "%s%s", SERVICE, keys);
	*ret_config = load_text(folder, buf_text(&text));
	cr_assert_eq((*ret_config)->n_messages, 0, "%s",
		     (*ret_config)->n_messages ? (*ret_config)->messages[0].text : "");
	spec = find_spec(*ret_config, "a");
	return spec->exec->setup;
}

Test(setup, limits)
{
	static const struct {
		const char *key;
		enum exec_limit_kind kind;
		uint64_t soft, hard;
	} rows[] = {
		{"limit_as = 1G", LIMIT_AS, UINT64_C(1) << 30, UINT64_C(1) << 30},
		{"limit_core = 0:infinity", LIMIT_CORE, 0, UINT64_MAX},
		{"limit_cpu = 1500ms:1h", LIMIT_CPU, 2, 3600},
		{"limit_data = 64K:1M", LIMIT_DATA, 65536, 1048576},
		{"limit_fsize = 5", LIMIT_FSIZE, 5, 5},
		{"limit_locks = infinity", LIMIT_LOCKS, UINT64_MAX, UINT64_MAX},
		{"limit_memlock = infinity:infinity", LIMIT_MEMLOCK, UINT64_MAX, UINT64_MAX},
		{"limit_msgqueue = 800K", LIMIT_MSGQUEUE, 819200, 819200},
		{"limit_nice = 0:40", LIMIT_NICE, 0, 40},
		{"limit_nofile = 1024:65536", LIMIT_NOFILE, 1024, 65536},
		{"limit_nproc = 0", LIMIT_NPROC, 0, 0},
		{"limit_rss = 1T", LIMIT_RSS, UINT64_C(1) << 40, UINT64_C(1) << 40},
		{"limit_rtprio = 99", LIMIT_RTPRIO, 99, 99},
		{"limit_rttime = 2ms:infinity", LIMIT_RTTIME, 2000, UINT64_MAX},
		{"limit_sigpending = 1:9223372036854775807", LIMIT_SIGPENDING, 1, INT64_MAX},
		{"limit_stack = 8M", LIMIT_STACK, 8 << 20, 8 << 20},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct folder folder CLEANUP(folder_fini);
		struct config *config;
		const struct exec_setup *setup = load_setup(&folder, rows[i].key, &config);
		const struct exec_limit *limit = &setup->limits[rows[i].kind];

		cr_expect(limit->given, "%s", rows[i].key);
		cr_expect_eq(limit->soft, rows[i].soft, "%s: %llu", rows[i].key,
			     (unsigned long long)limit->soft);
		cr_expect_eq(limit->hard, rows[i].hard, "%s: %llu", rows[i].key,
			     (unsigned long long)limit->hard);
		for (int kind = 0; kind < LIMIT_N; kind++)
			cr_expect_eq(setup->limits[kind].given, kind == (int)rows[i].kind);
		cr_expect_eq(setup->nice, SETUP_NOT_GIVEN);
		config_free(config);
	}
}

Test(setup, priorities_and_cpus)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;
	const struct exec_setup *setup =
		load_setup(&folder,
			   "nice = -20\noom_score_adj = -1000\nio_class = realtime:7\n"
			   "cpu_affinity = 0-2, 5,64-64,1023\n",
			   &config);

	cr_expect_eq(setup->nice, -20);
	cr_expect_eq(setup->oom_score_adj, -1000);
	cr_expect_eq(setup->io.class, IO_CLASS_REALTIME);
	cr_expect_eq(setup->io.level, 7);
	cr_expect(setup->cpus.given);
	cr_expect_eq(setup->cpus.bits[0], 0x27);
	cr_expect_eq(setup->cpus.bits[1], 1);
	cr_expect_eq(setup->cpus.bits[15], UINT64_C(1) << 63);
	config_free(config);
}

/* Who has none of the keys has no record of them. */
Test(setup, none)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;

	cr_expect_null(load_setup(&folder, "", &config));
	config_free(config);
}

#define NUMBERS                                                                            \
	"use a number, or infinity; or two with a : between them, the soft limit and the " \
	"hard one"
#define SIZES                                                                                \
	"use a size such as 64K, 10M or 1G, or infinity; or two with a : between them, the " \
	"soft limit and the hard one"
#define CAPABILITIES "use names as in capabilities(7), such as net_bind_service chown, or none"
#define MODE "use an octal number from 0 to 07777, such as 0750"
#define CPUS "use numbers of CPUs from 0 to 1023, and ranges of them, such as 0-3,5"

static const struct {
	const char *key, *value, *why;
} bad_values[] = {
	{"limit_nofile", "", NUMBERS},
	{"limit_nofile", ":", NUMBERS},
	{"limit_nofile", "1024:", NUMBERS},
	{"limit_nofile", ":1024", NUMBERS},
	{"limit_nofile", "1:2:3", NUMBERS},
	{"limit_nofile", "-1", NUMBERS},
	{"limit_nofile", "1 2", NUMBERS},
	{"limit_nofile", "64K", NUMBERS},
	{"limit_nofile", "99999999999999999999", NUMBERS},
	{"limit_nofile", "00000000000000000000000000000000000000000000000000000000000000001",
	 NUMBERS},
	{"limit_nofile", "2:1", "the soft limit comes first, and is not above the hard one"},
	{"limit_nofile", "infinity:1", "the soft limit comes first, and is not above the hard one"},
	{"limit_as", "much", SIZES},
	{"limit_as", "5s", SIZES},
	{"limit_as", "99999999999T", SIZES},
	{"limit_cpu", "5M",
	 "use a time span such as 30s or 1h, or infinity; or two with a : between them, "
	 "the soft limit and the hard one"},
	{"limit_rttime", "x",
	 "use a time span such as 500ms, or infinity; or two with a : between them, the "
	 "soft limit and the hard one"},
	{"limit_nice", "41",
	 "use a number from 0 to 40, or two with a : between them, the soft limit and the "
	 "hard one"},
	{"limit_nice", "-20",
	 "use a number from 0 to 40, or two with a : between them, the soft limit and the "
	 "hard one"},
	{"limit_rtprio", "infinity",
	 "use a number from 0 to 99, or two with a : between them, the soft limit and the "
	 "hard one"},
	{"nice", "", "use a number from -20 to 19"},
	{"nice", "20", "use a number from -20 to 19"},
	{"nice", "-21", "use a number from -20 to 19"},
	{"nice", "--1", "use a number from -20 to 19"},
	{"nice", "1.5", "use a number from -20 to 19"},
	{"nice", "99999999999999999999", "use a number from -20 to 19"},
	{"oom_score_adj", "-1001", "use a number from -1000 to 1000"},
	{"oom_score_adj", "high", "use a number from -1000 to 1000"},
	{"io_class", "", "use realtime:N, best-effort:N or idle"},
	{"io_class", "idle:1", "use realtime:N, best-effort:N or idle; did you mean \"idle\"?"},
	{"io_class", "realtime", "say which of its levels, from 0 (first) to 7: realtime:4"},
	{"io_class", "best-effort:8",
	 "say which of its levels, from 0 (first) to 7: best-effort:4"},
	{"io_class", "idel", "use realtime:N, best-effort:N or idle; did you mean \"idle\"?"},
	{"capabilities", "", CAPABILITIES},
	{"capabilities", "~", CAPABILITIES},
	{"capabilities", "chown,kill",
	 "there is no capability \"chown,kill\": see capabilities(7)"},
	{"capabilities", "chown ~kill",
	 "there is no capability \"~kill\"; did you mean "
	 "\"kill\"?: see capabilities(7)"},
	{"capabilities", "none chown", "there is no capability \"none\": see capabilities(7)"},
	{"capabilities", "cap_", "there is no capability \"cap_\": see capabilities(7)"},
	{"ambient_capabilities", "~chown",
	 "there is no capability \"~chown\"; did you mean "
	 "\"chown\"?: see capabilities(7)"},
	{"no_new_privileges", "perhaps", "use yes or no"},
	{"tty", "", "use yes or no"},
	{"tty", "/dev/tty9", "use yes or no"},
	{"stdin", "", "use null, file:PATH or tty:PATH"},
	{"stdin", "log", "use null, file:PATH or tty:PATH"},
	{"stdin", "file:", "use an absolute path, as in file:/srv/input"},
	{"stdin", "tty:tty9", "use an absolute path, as in tty:/dev/tty9"},
	{"stdin", "file:/%x", "only %i, %n and %% mean something: write %% for a percent sign"},
	{"chroot", "", "use an absolute path, one that begins with /"},
	{"chroot", "jail", "use an absolute path, one that begins with /"},
	{"runtime_directory", "", "it is empty: leave the key out to have none"},
	{"state_directory_mode", "", MODE},
	{"cache_directory_mode", "0888", MODE},
	{"logs_directory_mode", "10000", MODE},
	{"runtime_directory_mode", "rwx", MODE},
	{"runtime_directory_preserve", "maybe", "use no, yes or restart"},
	{"runtime_directory", "a%",
	 "only %i, %n and %% mean something: write %% for a percent sign"},
	{"cpu_affinity", "", CPUS},
	{"cpu_affinity", "all", CPUS},
	{"cpu_affinity", "3-1", CPUS},
	{"cpu_affinity", "1,", CPUS},
	{"cpu_affinity", ",1", CPUS},
	{"cpu_affinity", "1-", CPUS},
	{"cpu_affinity", "-1", CPUS},
	{"cpu_affinity", "1024", CPUS},
	{"cpu_affinity", "0-99999999999999999999", CPUS},
};

Test(setup, bad_values)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_values); i++) {
		struct folder folder CLEANUP(folder_fini);
		char text[512], expected[512];
		struct config *config;

		folder_init(&folder);
		snprintf(text, sizeof(text), "%s%s = %s\n", SERVICE, bad_values[i].key,
			 bad_values[i].value);
		snprintf(expected, sizeof(expected), "%s = \"%s\": %s", bad_values[i].key,
			 bad_values[i].value, bad_values[i].why);
		config = load_text(&folder, text);
		cr_expect_str_eq(message_at(config, 3), expected, "got %s, not %s",
				 message_at(config, 3), expected);
		cr_expect_null(config->root);
		config_free(config);
	}
}

Test(setup, one_terminal)
{
	static const char why[] = "it can have one terminal: tty = yes, or stdin = tty:PATH";
	static const char *const keys[] = {"stdin = tty:/dev/tty9\ntty = yes\n",
					   "tty = yes\nstdin = tty:/dev/tty9\n"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct folder folder CLEANUP(folder_fini);
		char text[256];
		struct config *config;

		folder_init(&folder);
		snprintf(text, sizeof(text), "%s%s", SERVICE, keys[i]);
		config = load_text(&folder, text);
		cr_expect_not_null(strstr(message_at(config, 4), why), "%s", message_at(config, 4));
		config_free(config);
	}
}

Test(setup, names_of_directories)
{
	static const struct {
		const char *name;
		bool good;
	} rows[] = {
		{"a", true},         {"a/b a", true}, {"..a a.. ...", true}, {"%n web-%i", true},
		{"/a", false},       {"a/", false},   {"a//b", false},       {".", false},
		{"a/..", false},     {"../a", false}, {"a/./b", false},      {"a:b", false},
		{"a b/../c", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct folder folder CLEANUP(folder_fini);
		char text[256];
		struct config *config;

		folder_init(&folder);
		snprintf(text, sizeof(text), "%sstate_directory = %s\n", SERVICE, rows[i].name);
		config = load_text(&folder, text);
		cr_expect_eq(config->n_errors == 0, rows[i].good, "%s: %s", rows[i].name,
			     message_at(config, 3));
		if (!rows[i].good)
			cr_expect_not_null(strstr(message_at(config, 3), "use a name, or"), "%s",
					   message_at(config, 3));
		config_free(config);
	}
}

Test(setup, modes_of_directories)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;
	const struct exec_setup *setup =
		load_setup(&folder, "logs_directory_mode = 2750\nlogs_directory = a b\n", &config);

	cr_expect_eq(setup->directories[DIRECTORY_LOGS].mode, 02750);
	cr_expect_eq(setup->directories[DIRECTORY_RUNTIME].mode, 0755);
	cr_expect_str_eq(setup->directories[DIRECTORY_LOGS].names[1], "b");
	cr_expect_null(setup->directories[DIRECTORY_RUNTIME].names);
	cr_expect_eq(setup->preserve, PRESERVE_NO);
	config_free(config);
}

Test(setup, names_of_keys)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
		{"limit_nofiles = 1", "unknown key \"limit_nofiles\": did you mean "
				      "\"limit_nofile\"?"},
		{"limit_ = 1", "unknown key \"limit_\": did you mean \"limit_as\"?"},
		{"ionice = idle", "unknown key \"ionice\": did you mean \"nice\"?"},
		{"oom_score_adjust = 1", "unknown key \"oom_score_adjust\": did you mean "
					 "\"oom_score_adj\"?"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct folder folder CLEANUP(folder_fini);
		char text[256];
		struct config *config;

		folder_init(&folder);
		snprintf(text, sizeof(text), "%s%s\n", SERVICE, rows[i].line);
		config = load_text(&folder, text);
		cr_expect_str_eq(message_at(config, 3), rows[i].why, "got %s",
				 message_at(config, 3));
		config_free(config);
	}
}

Test(setup, defaults_and_services)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, "[defaults]\nlimit_nofile = 5\nnice = 1\n"
				    "[service a]\ncommand = x\nlimit_nofile = 6\n"
				    "[service b]\ncommand = x\n"
				    "[service c]\ncommand = x\nnice = 2\nnice = 3\n");
	cr_expect_str_eq(message_at(config, 11), "", "the defaults' value is no first one");
	cr_expect_str_eq(message_at(config, 12),
			 "nice is given twice: first in line 11; remove one");
	config_free(config);
	config = load_text(&folder, "[defaults]\nlimit_nofile = 5\nnice = 1\n"
				    "[service a]\ncommand = x\nlimit_nofile = 6\n"
				    "[service b]\ncommand = x\n");
	cr_expect_eq(find_spec(config, "a")->exec->setup->limits[LIMIT_NOFILE].soft, 6);
	cr_expect_eq(find_spec(config, "a")->exec->setup->nice, 1);
	cr_expect_eq(find_spec(config, "b")->exec->setup->limits[LIMIT_NOFILE].soft, 5);
	config_free(config);
}

/* ---- what the host says ---- */

Test(setup, beyond_the_host)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, SERVICE "cpu_affinity = 990,1000-1022,1023\n");
	cr_assert_eq(config_check_surroundings(config), 0);
	cr_expect_not_null(strstr(message_at(config, 3),
				  "cpu_affinity \"990,1000-1023\": there are none of these here"));
	config_free(config);
}

/* As an ordinary user, whoever runs the test. */
Test(setup, takes_privileges)
{
	struct folder folder CLEANUP(folder_fini);
	const struct rlimit few = {10, 4000};
	bool was_root = geteuid() == 0;
	struct config *config;

	folder_init(&folder);
	cr_assert_eq(setrlimit(RLIMIT_SIGPENDING, &few), 0);
	config = load_text(&folder,
			   SERVICE "limit_sigpending = 1:4001\nnice = -20\nio_class = realtime:0\n"
				   "oom_score_adj = -1000\n"
				   "[service b]\ncommand = sleep 1\nlimit_sigpending = 4000\n"
				   "nice = 19\nio_class = idle\noom_score_adj = 1000\n");
	if (was_root && seteuid(65534) < 0)
		cr_skip_test("can not become an ordinary user");
	cr_assert_eq(config_check_surroundings(config), 0);
	cr_expect_str_eq(message_at(config, 3),
			 "a: limit_sigpending \"4001\": only a supd with CAP_SYS_RESOURCE can "
			 "raise this hard limit above its own, 4000");
	cr_expect_str_eq(message_at(config, 4),
			 "a: nice \"-20\": only a supd with CAP_SYS_NICE can go below its own");
	cr_expect_str_eq(message_at(config, 5), "a: io_class \"realtime\": only a supd with "
						"CAP_SYS_ADMIN or CAP_SYS_NICE can give it");
	cr_expect_str_eq(message_at(config, 6), "a: oom_score_adj \"-1000\": only a supd with "
						"CAP_SYS_RESOURCE can go below its own");
	cr_expect_eq(config->n_surroundings, 4);
	config_free(config);
	if (was_root) {
		/* Changing it has made the process undumpable, and leaks would go unseen. */
		cr_assert_eq(seteuid(0), 0);
		prctl(PR_SET_DUMPABLE, 1);
	}
}
