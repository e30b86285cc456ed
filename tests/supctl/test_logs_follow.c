/* SPDX-License-Identifier: MIT */

/* supctl logs -f: nothing is missed or comes twice, whatever becomes of the files meanwhile. */

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/supctl/logs_place.h"

TestSuite(logs_follow);

static void put(const struct logs_place *place, const char *file, const char *text)
{
	static int64_t us;
	char line[200];

	us += 10;
	snprintf(line, sizeof(line), "%s%s\n", logs_stamp(us), text);
	logs_append_text(place, file, line);
}

Test(logs_follow, the_last_lines_and_what_comes)
{
	struct logs_place place;
	struct logs_running f;
	char text[32];

	logs_place_init(&place);
	for (int i = 0; i < 30; i++) {
		snprintf(text, sizeof(text), "%d", i);
		put(&place, i % 2 ? "services/a.log" : "services/b.log", text);
	}
	logs_begin(&place, "L -f --raw a b", &f);
	for (int i = 20; i < 30; i++) {
		snprintf(text, sizeof(text), "%d", i);
		logs_until(&f, text);
	}
	put(&place, "services/b.log", "more");
	logs_until(&f, "more");
	logs_append_text(&place, "services/a.log", "2026-11-30T12:00:01.000000Z in tw");
	logs_append_text(&place, "services/a.log", "o\n");
	logs_until(&f, "in two");
	logs_end(&f);
	logs_place_fini(&place);
}

/* Old ones are packed, and removed, while they are read; the live one is not there for a while. */
Test(logs_follow, rotations)
{
	struct logs_place place;
	struct logs_running f;
	char text[32];

	logs_place_init(&place);
	put(&place, "services/web/a.log", "first");
	logs_begin(&place, "L -f --raw web", &f);
	logs_until(&f, "first");
	for (int i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "%d", i);
		put(&place, "services/web/a.log", text);
		if (i % 3 == 0)
			logs_rotate(&place, "services/web/a.log", 10000 * i,
				    (enum logs_packing)(i / 3 % LOGS_N_PACKINGS));
		if (i % 7)
			logs_until(&f, text);
		else
			put(&place, "services/web/a.log", text);
		if (i % 7 == 0) {
			logs_until(&f, text);
			logs_until(&f, text);
		}
	}
	logs_end(&f);
	logs_place_fini(&place);
}

/* What was written when nobody looked, over several rotations: supctl is stopped meanwhile. */
Test(logs_follow, rotations_unseen)
{
	struct logs_place place;
	struct logs_running f;
	char text[32];

	logs_place_init(&place);
	put(&place, "services/a.log", "first");
	logs_begin(&place, "L -f --raw a & echo $!; wait", &f);
	{
		char *os_pid = logs_next(&f);
		pid_t supctl = (pid_t)atoi(os_pid);

		free(os_pid);
		logs_until(&f, "first");
		kill(supctl, SIGSTOP);
		for (int i = 0; i < 40; i++) {
			snprintf(text, sizeof(text), "%d", i);
			put(&place, "services/a.log", text);
			if (i % 5 == 4)
				logs_rotate(&place, "services/a.log", 10000 * i,
					    (enum logs_packing)(i / 5 % LOGS_N_PACKINGS));
		}
		kill(supctl, SIGCONT);
		for (int i = 0; i < 40; i++) {
			snprintf(text, sizeof(text), "%d", i);
			logs_until(&f, text);
		}
		kill(supctl, SIGTERM);
	}
	logs_end(&f);
	logs_place_fini(&place);
}

Test(logs_follow, logs_and_folders_that_come)
{
	struct logs_place place;
	struct logs_running f;

	logs_place_init(&place);
	put(&place, "services/a.log", "a");
	logs_begin(&place, "L -f", &f);
	logs_until(&f, "a    | 2026-11-30T12:00:00.000010Z a");
	put(&place, "services/new.log", "new");
	logs_until(&f, "new  | 2026-11-30T12:00:00.000020Z new");
	put(&place, "services/web/deep/x.log", "x");
	logs_until(&f, "web/deep/x | 2026-11-30T12:00:00.000030Z x");
	put(&place, "supd.log", "hm");
	logs_until(&f, "supd       | 2026-11-30T12:00:00.000040Z hm");
	put(&place, "services/web/deep/x.log", "y");
	logs_until(&f, "web/deep/x | 2026-11-30T12:00:00.000050Z y");
	logs_end(&f);
	logs_place_fini(&place);
}

/* Removed, and made anew; the file, then its folder, then all. */
Test(logs_follow, what_is_removed)
{
	struct logs_place place;
	struct logs_running f;

	logs_place_init(&place);
	put(&place, "services/web/a.log", "one");
	logs_begin(&place, "L -f --raw", &f);
	logs_until(&f, "one");
	logs_rename(&place, "services/web/a.log", NULL);
	put(&place, "services/web/a.log", "two");
	logs_until(&f, "two");
	logs_rename(&place, "services/web/a.log", NULL);
	logs_rename(&place, "services/web", NULL);
	put(&place, "services/web/a.log", "three");
	logs_until(&f, "three");
	logs_rename(&place, "services", "gone");
	put(&place, "services/web/a.log", "four");
	logs_until(&f, "four");
	logs_end(&f);
	logs_place_fini(&place);
}

/* Emptied, as by > FILE; it goes on at its new end. */
Test(logs_follow, a_file_that_shrinks)
{
	struct logs_place place;
	struct logs_running f;
	char path[200];

	logs_place_init(&place);
	put(&place, "services/a.log", "one");
	logs_begin(&place, "L -f --raw 2>&1", &f);
	logs_until(&f, "one");
	snprintf(path, sizeof(path), "%s/services/a.log", place.path);
	cr_assert_eq(truncate(path, 0), 0);
	logs_until(&f, "supctl: a: its file has become shorter: what was in it may come again");
	put(&place, "services/a.log", "two");
	logs_until(&f, "two");
	logs_end(&f);
	logs_place_fini(&place);
}

/* A question that waits for its answer has no end. */
Test(logs_follow, a_line_that_waits)
{
	struct logs_place place;
	struct logs_running f;

	logs_place_init(&place);
	logs_append_text(&place, "services/a.log", "2026-11-30T12:00:00.000001Z continue? ");
	logs_begin(&place, "L -f a", &f);
	logs_until(&f, "2026-11-30T12:00:00.000001Z continue? ");
	logs_append_text(&place, "services/a.log", "yes\nbye\n");
	logs_until(&f, "2026-11-30T12:00:00.000001Z+yes");
	logs_until(&f, "bye");
	logs_end(&f);
	logs_place_fini(&place);
}

Test(logs_follow, more_logs_than_open_files)
{
	struct logs_place place;
	struct logs_running f;
	char file[64], text[32];

	logs_place_init(&place);
	for (int i = 0; i < 100; i++) {
		snprintf(file, sizeof(file), "services/s%d.log", i);
		put(&place, file, "first");
	}
	logs_begin(&place, "ulimit -n 44; L -f -n 0 --raw", &f);
	/* It follows when one of these comes; more of them may. */
	do
		put(&place, "services/begin.log", "begin");
	while (!logs_wait(&f, 100));
	put(&place, "services/begin.log", "end");
	for (bool end = false; !end;) {
		char *line = logs_next(&f);

		end = strcmp(line, "end") == 0;
		free(line);
	}
	for (int i = 0; i < 300; i++) {
		int k = i * 37 % 100;

		snprintf(file, sizeof(file), "services/s%d.log", k);
		snprintf(text, sizeof(text), "%d", i);
		put(&place, file, text);
		if (i % 10 == 9)
			logs_rotate(&place, file, 10000 * i, LOGS_GZIP);
		logs_until(&f, text);
	}
	logs_end(&f);
	logs_place_fini(&place);
}

/* Nobody reads any more: it ends, though nothing is written. */
Test(logs_follow, nobody_reads)
{
	struct logs_place place;
	struct logs_running f;
	int status;

	logs_place_init(&place);
	put(&place, "services/a.log", "one");
	logs_begin(&place, "L -f --raw", &f);
	logs_until(&f, "one");
	close(f.fd);
	cr_assert_eq(waitpid(f.os_pid, &status, 0), f.os_pid);
	buf_fini(&f.rest);
	logs_place_fini(&place);
}
