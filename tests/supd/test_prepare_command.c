/* SPDX-License-Identifier: MIT */

/* What a command beside the main process is given: the same context, less what is that one's. */

#include <criterion/criterion.h>
#include <string.h>

#include "supd/prepare.h"

/* A struct exec owns its texts; here they are literals, and nothing writes to them. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wincompatible-pointer-types-discards-qualifiers"
#else
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"
#endif

static void expect_value(const struct preparation *p, const char *name, const char *value)
{
	size_t size = strlen(name);
	const char *found = NULL;

	for (char *const *setting = p->request.envp; *setting; setting++) {
		if (strncmp(*setting, name, size) == 0 && (*setting)[size] == '=')
			found = *setting + size + 1;
	}
	if (!value)
		cr_expect_null(found, "%s=%s", name, found);
	else
		cr_expect_str_eq(found ? found : "(not set)", value, "%s", name);
}

Test(prepare_command, its_context)
{
	char *sh[] = {"sh", NULL};
	char *settings[] = {"SUP_OS_PID=5", "MAINPID=6", "A=1", NULL};
	char *words[] = {"check", "${MAINPID}", "${SUP_REASON}", NULL};
	char *variables[] = {"SUP_REASON=exit:3", "A=2", NULL};
	char *ours[] = {"PATH=/bin", NULL};
	struct exec exec = {.argv = sh, .umask = -1, .environment = settings};
	struct prepare_what what = {
		.path = "web/api",
		.pid = {42},
		.exec = &exec,
		.control_socket = "/run/supd/control",
		.notify_socket = "/run/supd/notify",
		.environment = ours,
		.argv = words,
		.variables = variables,
		.main_os_pid = 4711,
	};
	struct preparation p = {0};
	enum start_step step;

	cr_assert_eq(prepare(&p, &what, &step), 0);
	cr_expect_null(p.request.os_pid_texts[0]);
	expect_value(&p, "SUP_OS_PID", NULL);
	expect_value(&p, "SUP_NAME", "web/api");
	expect_value(&p, "SUP_PID", "<0.42.0>");
	expect_value(&p, "MAINPID", "4711");
	expect_value(&p, "SUP_REASON", "exit:3");
	expect_value(&p, "A", "2");
	expect_value(&p, "NOTIFY_SOCKET", NULL);
	cr_expect_str_eq(p.request.argv[0], "check");
	cr_expect_str_eq(p.request.argv[1], "4711");
	cr_expect_str_eq(p.request.argv[2], "exit:3");
	exec.notify_access = NOTIFY_GROUP;
	what.main_os_pid = 0;
	cr_assert_eq(prepare(&p, &what, &step), 0);
	expect_value(&p, "MAINPID", NULL);
	expect_value(&p, "NOTIFY_SOCKET", "/run/supd/notify");
	preparation_fini(&p);
}

/* The room that the child writes into is ours, whatever the configuration sets. */
Test(prepare_command, a_watchdog_is_the_main_processs)
{
	char *sh[] = {"sh", NULL};
	char *settings[] = {"WATCHDOG_PID=1", "WATCHDOG_USEC=2", NULL};
	char *ours[] = {"PATH=/bin", NULL};
	struct exec_notify notify = {.watchdog = SPAN_MS(1500)};
	struct exec exec = {.argv = sh, .umask = -1, .environment = settings};
	struct prepare_what what = {
		.path = "web/api",
		.exec = &exec,
		.control_socket = "/run/supd/control",
		.environment = ours,
	};
	struct preparation p = {0};
	enum start_step step;

	cr_assert_eq(prepare(&p, &what, &step), 0);
	expect_value(&p, "WATCHDOG_PID", "1");
	expect_value(&p, "WATCHDOG_USEC", "2");
	cr_expect_null(p.request.os_pid_texts[1]);
	exec.notify = &notify;
	cr_assert_eq(prepare(&p, &what, &step), 0);
	expect_value(&p, "WATCHDOG_PID", "");
	expect_value(&p, "WATCHDOG_USEC", "1500000");
	cr_expect_not_null(p.request.os_pid_texts[1]);
	what.argv = sh;
	cr_assert_eq(prepare(&p, &what, &step), 0);
	expect_value(&p, "WATCHDOG_PID", "1");
	cr_expect_null(p.request.os_pid_texts[0]);
	preparation_fini(&p);
}
