/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/prepare.h"
#include "tests/supd/folder.h"
#include "tests/support/alloc.h"

/* A struct exec owns its texts; here they are literals, and nothing writes to them. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wincompatible-pointer-types-discards-qualifiers"
#else
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"
#endif

static char *const ours[] = {
	"PATH=/ours/bin:/bin",      "LANG=C.UTF-8", "HOME=/ours", "SECRET=42", "SUP_FD=9",
	"NOTIFY_SOCKET=/elsewhere", "no setting",   NULL};

static char *sh[] = {"sh", NULL};

static struct prepare_what what_of(const struct exec *exec)
{
	return (struct prepare_what){
		.path = "web/api@7",
		.pid = {42},
		.exec = exec,
		.control_socket = "/run/supd/control",
		.notify_socket = "/run/supd/notify",
		.environment = ours,
		.null_fd = 77,
	};
}

static int prepare_it(struct preparation *p, const struct exec *exec)
{
	struct prepare_what what = what_of(exec);
	enum start_step step;

	return prepare(p, &what, &step);
}

static const char *value_of(const struct preparation *p, const char *name)
{
	for (char *const *setting = p->request.envp; *setting; setting++) {
		if (strncmp(*setting, name, strlen(name)) == 0 && (*setting)[strlen(name)] == '=')
			return *setting + strlen(name) + 1;
	}
	return NULL;
}

static void expect_value(const struct preparation *p, const char *name, const char *value)
{
	const char *found = value_of(p, name);

	if (!value)
		cr_expect_null(found, "%s=%s", name, found);
	else
		cr_expect_str_eq(found ? found : "(not set)", value, "%s", name);
}

/* ---- environment ---- */

Test(prepare, environment_by_default)
{
	struct exec exec = {.argv = sh, .umask = -1};
	struct preparation p = {0};

	cr_assert_eq(prepare_it(&p, &exec), 0);
	expect_value(&p, "PATH", "/ours/bin:/bin");
	expect_value(&p, "LANG", "C.UTF-8");
	expect_value(&p, "TZ", NULL);
	expect_value(&p, "SECRET", NULL);
	expect_value(&p, "SUP_FD", NULL);
	expect_value(&p, "SUP_NAME", "web/api@7");
	expect_value(&p, "SUP_PID", "<0.42.0>");
	expect_value(&p, "SUP_SOCKET", "/run/supd/control");
	expect_value(&p, "NOTIFY_SOCKET", "/run/supd/notify");
	expect_value(&p, "SUP_OS_PID", "");
	cr_assert_eq(p.request.os_pid_texts[0], value_of(&p, "SUP_OS_PID"));
	/* The longest one does not reach into what stands behind it. */
	strcpy(p.request.os_pid_texts[0], "4194304000");
	expect_value(&p, "NOTIFY_SOCKET", "/run/supd/notify");
	if (geteuid() == 0)
		expect_value(&p, "USER", "root");
	preparation_fini(&p);
}

Test(prepare, nothing_of_the_notify_socket_without_access)
{
	struct exec exec = {.argv = sh, .umask = -1, .notify_access = NOTIFY_NONE};
	char *all[] = {"*", NULL};
	struct preparation p = {0};

	exec.pass_environment = all;
	cr_assert_eq(prepare_it(&p, &exec), 0);
	expect_value(&p, "NOTIFY_SOCKET", NULL);
	expect_value(&p, "SECRET", "42");
	preparation_fini(&p);
}

/* Nobody but the daemon says where a mailbox is, whether there is one or not. */
Test(prepare, mailbox)
{
	char *settings[] = {"SUP_FD=7", "SUP_TOKEN=mine", NULL};
	struct exec exec = {.argv = sh, .umask = -1, .environment = settings};
	struct prepare_what what = what_of(&exec);
	struct preparation p = {0};
	enum start_step step;

	cr_assert_eq(prepare(&p, &what, &step), 0);
	expect_value(&p, "SUP_FD", NULL);
	expect_value(&p, "SUP_TOKEN", NULL);
	cr_expect_eq(p.request.n_fds, 0);
	what.token = "0123456789abcdef0123456789abcdef";
	what.mailbox_fd = 55;
	cr_assert_eq(prepare(&p, &what, &step), 0);
	expect_value(&p, "SUP_FD", "3");
	expect_value(&p, "SUP_TOKEN", what.token);
	cr_assert_eq(p.request.n_fds, 1);
	cr_expect_eq(p.request.fds[0].fd, 55);
	cr_expect_eq(p.request.fds[0].target, 3);
	cr_expect_eq(p.request.fds[0].step, STEP_MAILBOX);
	preparation_fini(&p);
}

/* What it gets besides has the numbers that it was given; the mailbox moves behind it. */
Test(prepare, mailbox_among_other_fds)
{
	struct exec exec = {.argv = sh, .umask = -1};
	struct prepare_what what = what_of(&exec);
	struct preparation p = {0};
	enum start_step step;

	what.token = "0123456789abcdef0123456789abcdef";
	what.mailbox_fd = 55;
	cr_assert_eq(handed_add(&p.handed, 21, 3, STEP_NONE), 0);
	cr_assert_eq(handed_add(&p.handed, 22, 4, STEP_NONE), 0);
	cr_assert_eq(handed_add(&p.handed, 23, 6, STEP_NONE), 0);
	cr_assert_eq(prepare(&p, &what, &step), 0);
	expect_value(&p, "SUP_FD", "5");
	cr_assert_eq(p.request.n_fds, 4);
	cr_expect_eq(p.request.fds[2].fd, 55);
	cr_expect_eq(p.request.fds[2].target, 5);
	handed_clear(&p.handed);
	cr_assert_eq(prepare(&p, &what, &step), 0);
	expect_value(&p, "SUP_FD", "3");
	preparation_fini(&p);
}

/* Without a user of its own a service keeps what it was passed. */
Test(prepare, environment_passed_on)
{
	char *names[] = {"HOME", "SECRET", "ABSENT", NULL};
	struct exec exec = {.argv = sh, .umask = -1, .pass_environment = names};
	struct preparation p = {0};

	cr_assert_eq(prepare_it(&p, &exec), 0);
	expect_value(&p, "HOME", "/ours");
	expect_value(&p, "SECRET", "42");
	expect_value(&p, "PATH", NULL);
	expect_value(&p, "ABSENT", NULL);
	preparation_fini(&p);
}

Test(prepare, user_goes_before_what_is_passed)
{
	char *names[] = {"HOME", NULL};
	struct exec exec = {.argv = sh, .umask = -1, .pass_environment = names, .user = "root"};
	struct preparation p = {0};

	cr_assert_eq(prepare_it(&p, &exec), 0);
	expect_value(&p, "HOME", "/root");
	expect_value(&p, "LOGNAME", "root");
	/* A number without an entry has no home, and not somebody else's either. */
	exec.user = "3999999999";
	cr_assert_eq(prepare_it(&p, &exec), 0);
	expect_value(&p, "HOME", NULL);
	expect_value(&p, "USER", NULL);
	preparation_fini(&p);
}

Test(prepare, files_and_settings_in_their_order)
{
	struct folder folder;
	char *files[4] = {NULL};
	char *settings[] = {"B=settings %n", "LANG=%i", "SUP_PID=mine", NULL};
	struct exec exec = {.argv = sh, .umask = -1, .environment = settings};
	struct preparation p = {0};
	char *missing;

	folder_init(&folder);
	files[0] = folder_write(&folder, "one", "A=1\nB=1\nC=1\nHOME=/file\n", 0600);
	cr_assert_gt(asprintf(&missing, "-%s/missing", folder.path), 0);
	files[1] = missing;
	files[2] = folder_write(&folder, "two@7", "C=2", 0600);
	exec.environment_files = files;
	cr_assert_eq(prepare_it(&p, &exec), 0);
	expect_value(&p, "A", "1");
	expect_value(&p, "B", "settings web/api@7");
	expect_value(&p, "C", "2");
	expect_value(&p, "LANG", "7");
	expect_value(&p, "HOME", "/file");
	expect_value(&p, "SUP_PID", "<0.42.0>");
	preparation_fini(&p);
	free(missing);
	folder_fini(&folder);
}

Test(prepare, environment_file_lines)
{
	static const struct {
		const char *text;
		unsigned bad_line; /* 0: good, and then A has this value */
		const char *a;
	} rows[] = {
		{"", 0, NULL},
		{"A=1", 0, "1"},
		{"\n# A=2\n  ; A=3\n\tA=1 \r\n", 0, "1"},
		{"A=", 0, ""},
		{"A=\"x y\"", 0, "x y"},
		{"A='x\"y'", 0, "x\"y"},
		{"A=\"x\" \"y\"", 0, "\"x\" \"y\""},
		{"A=\"", 0, "\""},
		{"A=x # y", 0, "x # y"},
		{"A=1\nA=2", 0, "2"},
		{"_a9=1\nA=%n${B}", 0, "%n${B}"},
		{"A=1\nnothing", 2, NULL},
		{"A = 1", 1, NULL},
		{"=1", 1, NULL},
		{"9A=1", 1, NULL},
		{"A-B=1", 1, NULL},
		{"export A=1", 1, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct texts environment = {0};
		struct folder folder;
		struct buf file = BUF_INIT;
		unsigned line;
		const char *a;
		int r;

		folder_init(&folder);
		r = environment_file_read(folder_write(&folder, "file", rows[i].text, 0600), &file,
					  &environment, &line);
		cr_expect_eq(r, rows[i].bad_line ? -EINVAL : 0, "\"%s\": %d", rows[i].text, r);
		cr_expect_eq(line, rows[i].bad_line, "\"%s\": line %u", rows[i].text, line);
		a = texts_get(&environment, "A");
		if (!rows[i].bad_line)
			cr_expect(a == rows[i].a || strcmp(a, rows[i].a) == 0, "\"%s\": \"%s\"",
				  rows[i].text, a);
		texts_fini(&environment);
		buf_fini(&file);
		folder_fini(&folder);
	}
}

/* None of them may hang the daemon or make it grow without end. */
Test(prepare, environment_files_that_are_none)
{
	static const struct {
		const char *name;
		int error;
		const char *object; /* after the folder's path */
	} rows[] = {
		{"missing", ENOENT, "/missing"},
		{"fifo", EINVAL, "/fifo"},
		{"", EISDIR, "/"},
		{"huge", EFBIG, "/huge"},
		{"nul", EINVAL, "/nul:2 (it is no NAME=VALUE)"},
	};
	struct folder folder;
	char *zeros = calloc(1, 1024 * 1024 + 1);
	FILE *file;

	folder_init(&folder);
	cr_assert_eq(mkfifo(folder_at(&folder, "fifo"), 0666), 0);
	file = fopen(folder_write(&folder, "huge", "", 0600), "we");
	fwrite(zeros, 1024 * 1024 + 1, 1, file);
	fclose(file);
	file = fopen(folder_write(&folder, "nul", "", 0600), "we");
	fwrite("A=1\nB\0=2\n", 9, 1, file);
	fclose(file);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *files[] = {folder_at(&folder, rows[i].name), NULL};
		struct exec exec = {.argv = sh, .umask = -1, .environment_files = files};
		struct prepare_what what = what_of(&exec);
		struct preparation p = {0};
		enum start_step step;
		int r = prepare(&p, &what, &step);

		cr_expect_eq(r, -rows[i].error, "%s: %s", rows[i].name, strerror(-r));
		cr_expect_eq(step, STEP_PREPARE);
		cr_expect_str_eq(buf_text(&p.object) + strlen(folder.path), rows[i].object);
		preparation_fini(&p);
	}
	free(zeros);
	folder_fini(&folder);
}

/* ---- the rest ---- */

Test(prepare, command_and_program)
{
	static const struct {
		const char *first, *path; /* PATH; NULL: not set */
		const char *programs;     /* joined with ; */
	} rows[] = {
		{"/bin/sh", "/a", "/bin/sh;"},
		{"./run", "/a", "./run;"},
		{"sub/run", "/a", "sub/run;"},
		{"run", "/a:/b/:", "/a/run;/b//run;./run;"},
		{"run", "", "./run;"},
		{"run", NULL,
		 "/usr/local/sbin/run;/usr/local/bin/run;/usr/sbin/run;/usr/bin/run;/sbin/run;/bin/"
		 "run;"},
		{"%i-${X}", "/a", "/a/7-x y;"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *argv[] = {strdup(rows[i].first), "%n", "${SUP_PID}%%%$", "${NONE}", NULL};
		char *extra[] = {"%raw", NULL};
		char *settings[] = {"X=x y", NULL, NULL};
		char *none[] = {NULL};
		struct exec exec = {.argv = argv,
				    .umask = -1,
				    .environment = settings,
				    .pass_environment = none};
		struct prepare_what what = what_of(&exec);
		struct buf joined CLEANUP(buf_fini) = BUF_INIT;
		struct preparation p = {0};
		enum start_step step;

		if (rows[i].path)
			cr_assert_gt(asprintf(&settings[1], "PATH=%s", rows[i].path), 0);
		what.args = extra;
		cr_assert_eq(prepare(&p, &what, &step), 0);
		for (char *const *program = p.request.programs; *program; program++)
			buf_printf(&joined, "%s;", *program);
		cr_expect_str_eq(buf_text(&joined), rows[i].programs);
		cr_expect_str_eq(p.request.argv[1], "web/api@7");
		cr_expect_str_eq(p.request.argv[2], "<0.42.0>%$");
		cr_expect_str_eq(p.request.argv[3], "");
		cr_expect_str_eq(p.request.argv[4], "%raw");
		cr_expect_null(p.request.argv[5]);
		preparation_fini(&p);
		free(argv[0]), free(settings[1]);
	}
}

Test(prepare, directory_and_streams)
{
	static const struct {
		enum output_kind out, err;
		enum spawn_output to, error_to;
	} rows[] = {
		{OUTPUT_LOG, OUTPUT_SAME, SPAWN_AS_IT_IS, SPAWN_AS_IT_IS},
		{OUTPUT_INHERIT, OUTPUT_SAME, SPAWN_AS_IT_IS, SPAWN_TO_STDOUT},
		{OUTPUT_INHERIT, OUTPUT_INHERIT, SPAWN_AS_IT_IS, SPAWN_AS_IT_IS},
		{OUTPUT_NULL, OUTPUT_SAME, SPAWN_TO_FD, SPAWN_TO_STDOUT},
		{OUTPUT_FILE, OUTPUT_NULL, SPAWN_TO_FILE, SPAWN_TO_FD},
		{OUTPUT_NULL, OUTPUT_FILE, SPAWN_TO_FD, SPAWN_TO_FILE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exec exec = {.argv = sh,
				    .umask = 027,
				    .working_directory = "/srv/%i",
				    .standard_output = {rows[i].out, "/var/log/%n"},
				    .standard_error = {rows[i].err, "/var/log/%i"}};
		struct preparation p = {0};

		cr_assert_eq(prepare_it(&p, &exec), 0);
		cr_expect_eq(p.request.output.kind, rows[i].to, "row %zu", i);
		cr_expect_eq(p.request.error.kind, rows[i].error_to, "row %zu", i);
		if (rows[i].to == SPAWN_TO_FILE)
			cr_expect_str_eq(p.request.output.path, "/var/log/web/api@7");
		if (rows[i].error_to == SPAWN_TO_FILE)
			cr_expect_str_eq(p.request.error.path, "/var/log/7");
		if (rows[i].to == SPAWN_TO_FD)
			cr_expect_eq(p.request.output.fd, 77);
		cr_expect_eq(p.request.umask, 027);
		cr_expect_str_eq(p.request.directory, "/srv/7");
		preparation_fini(&p);
	}
}

Test(prepare, identities)
{
	static char *two[] = {"daemon", "12345", NULL}, *one[] = {"daemon", NULL};
	static const struct {
		char *user, *group, **groups;
		bool set_uid, set_gid, set_groups;
		uid_t uid;
		gid_t gid;
		size_t n_groups; /* only for those without the databases' own */
	} rows[] = {
		{NULL, NULL, NULL, false, false, false, 0, 0, 0},
		{"root", NULL, NULL, true, true, true, 0, 0, 1},
		{"daemon", NULL, one, true, true, true, 1, 1, 1},
		{"daemon", "root", two, true, true, true, 1, 0, 2},
		{"4711", NULL, NULL, true, true, true, 4711, 4711, 0},
		{"4711", "42", NULL, true, true, true, 4711, 42, 0},
		{NULL, "daemon", NULL, false, true, false, 0, 1, 0},
		{NULL, NULL, two, false, false, true, 0, 0, 2},
	};

	if (geteuid() != 0)
		cr_skip("not root");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exec exec = {.argv = sh,
				    .umask = -1,
				    .user = rows[i].user,
				    .group = rows[i].group,
				    .groups = rows[i].groups};
		struct preparation p = {0};
		struct spawn_identity *id = &p.request.identity;

		cr_assert_eq(prepare_it(&p, &exec), 0);
		cr_expect_eq(id->set_uid, rows[i].set_uid, "row %zu", i);
		cr_expect_eq(id->set_gid, rows[i].set_gid, "row %zu", i);
		cr_expect_eq(id->set_groups, rows[i].set_groups, "row %zu", i);
		cr_expect_eq(id->uid, rows[i].uid, "row %zu: %u", i, id->uid);
		cr_expect_eq(id->gid, rows[i].gid, "row %zu: %u", i, id->gid);
		cr_expect_eq(id->n_groups, rows[i].n_groups, "row %zu: %zu", i, id->n_groups);
		preparation_fini(&p);
	}
}

/* An ordinary user need not be allowed to become what it is. */
Test(prepare, own_identity_by_name)
{
	struct exec exec = {.argv = sh, .umask = -1, .user = "65534", .group = "65534"};
	struct preparation p = {0};

	if (geteuid() == 0)
		cr_assert(setgid(65534) == 0 && setuid(65534) == 0);
	else
		cr_skip("not root");
	cr_assert_eq(prepare_it(&p, &exec), 0);
	cr_expect(!p.request.identity.set_uid && !p.request.identity.set_gid &&
		  !p.request.identity.set_groups);
	exec.group = "0";
	cr_assert_eq(prepare_it(&p, &exec), 0);
	cr_expect(p.request.identity.set_gid);
	preparation_fini(&p);
}

Test(prepare, names_that_nobody_has)
{
	char *groups[] = {"daemon", "no-such-group", NULL};
	struct exec no_user = {.argv = sh, .umask = -1, .user = "no-such-user"};
	struct exec no_group = {.argv = sh, .umask = -1, .group = "no-such-group"};
	struct exec no_groups = {.argv = sh, .umask = -1, .groups = groups};
	const struct {
		const struct exec *exec;
		enum start_step step;
		const char *object;
	} rows[] = {
		{&no_user, STEP_USER, "no-such-user"},
		{&no_group, STEP_GROUPS, "no-such-group"},
		{&no_groups, STEP_GROUPS, "no-such-group"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prepare_what what = what_of(rows[i].exec);
		struct preparation p = {0};
		enum start_step step = STEP_NONE;

		cr_expect_eq(prepare(&p, &what, &step), -ENOENT, "row %zu", i);
		cr_expect_eq(step, rows[i].step, "row %zu", i);
		cr_expect_str_eq(buf_text(&p.object), rows[i].object);
		preparation_fini(&p);
	}
}

Test(prepare, memory_runs_out)
{
	char *argv[] = {"run-%i", "${PATH}", NULL};
	char *groups[] = {"daemon", NULL}, *settings[] = {"A=%n", "B=2", NULL};
	struct exec exec = {.argv = argv,
			    .umask = -1,
			    .user = "daemon",
			    .groups = groups,
			    .environment = settings,
			    .working_directory = "/%n",
			    .standard_output = {OUTPUT_FILE, "/%n"}};

	for (unsigned long n = 1;; n++) {
		struct preparation p = {0};
		bool failed;
		int r;

		alloc_fail_at(n);
		r = prepare_it(&p, &exec);
		failed = alloc_fail_end();
		cr_assert_eq(r, failed ? -ENOMEM : 0, "allocation %lu: %d", n, r);
		if (!failed)
			cr_assert_gt(n, 10);
		cr_assert_eq(prepare_it(&p, &exec), 0, "once more after %lu", n);
		cr_assert_str_eq(p.request.argv[0], "run-7");
		preparation_fini(&p);
		if (!failed)
			break;
	}
}

/* The second start of the same service needs no memory that the first has not taken. */
Test(prepare, memory_is_used_again)
{
	char *settings[] = {"A=1", "B=2", NULL};
	struct exec exec = {.argv = sh, .umask = -1, .environment = settings};
	struct preparation p = {0};

	cr_assert_eq(prepare_it(&p, &exec), 0);
	alloc_fail_at(0);
	cr_assert_eq(prepare_it(&p, &exec), 0);
	cr_assert_eq(alloc_count(), 0);
	preparation_fini(&p);
}

/* ---- in words ---- */

Test(prepare, failures_say_what_they_were_about)
{
	struct folder folder;
	struct preparation p = {0};
	char *argv[] = {"nothing-of-that-name", NULL};
	struct exec exec = {.argv = argv, .umask = -1, .working_directory = "/srv/%i"};

	folder_init(&folder);
	exec.standard_output = (struct output){OUTPUT_FILE, folder_at(&folder, "fifo")};
	exec.standard_error = (struct output){OUTPUT_FILE, folder_at(&folder, "link")};
	cr_assert_eq(mkfifo(exec.standard_output.path, 0600), 0);
	cr_assert_eq(symlink("/dev/null", exec.standard_error.path), 0);
	cr_assert_eq(prepare_it(&p, &exec), 0);
	const struct {
		enum start_step step;
		int error;
		const char *program, *object, *remark;
	} rows[] = {
		{STEP_CHDIR, ENOENT, NULL, "/srv/7", ""},
		{STEP_STDOUT, ENXIO, NULL, exec.standard_output.path, " (a FIFO)"},
		{STEP_STDERR, ELOOP, NULL, exec.standard_error.path, " (a symbolic link)"},
		{STEP_EXEC, ENOENT, "/bin/nothing", "nothing-of-that-name", ""},
		{STEP_EXEC, EACCES, folder.path, folder.path, " (a directory)"},
		{STEP_EXEC, EACCES, folder_write(&folder, "plain", "", 0600),
		 folder_at(&folder, "plain"), " (it is not executable)"},
		{STEP_EXEC, ENOEXEC, folder_write(&folder, "text", "", 0700),
		 folder_at(&folder, "text"), " (neither a binary nor a script with #!)"},
		{STEP_SPAWN, ENOSYS, NULL, "", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spawn_failure failure = {
			.step = rows[i].step, .error = rows[i].error, .program = rows[i].program};
		struct buf text CLEANUP(buf_fini) = BUF_INIT;

		buf_printf(&text, "%s%s", rows[i].object, rows[i].remark);
		cr_expect_str_eq(prepare_explain(&p, &failure), buf_text(&text));
	}
	preparation_fini(&p);
	folder_fini(&folder);
}

/* A script whose interpreter is missing is there, and yet "no such file". */
Test(prepare, missing_interpreter)
{
	struct folder folder;
	struct preparation p = {0};
	char *argv[2] = {NULL};
	struct exec exec = {.argv = argv, .umask = -1};
	struct spawn_failure failure = {.step = STEP_EXEC, .error = ENOENT};

	folder_init(&folder);
	failure.program = argv[0] = folder_write(&folder, "run", "#!/no/such/shell\n", 0700);
	cr_assert_eq(prepare_it(&p, &exec), 0);
	cr_assert(strstr(prepare_explain(&p, &failure), "/run (its interpreter is missing)"));
	preparation_fini(&p);
	folder_fini(&folder);
}
