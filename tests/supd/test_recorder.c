/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/core.h"
#include "core/record.h"
#include "supd/log.h"
#include "supd/recorder.h"
#include "tests/supd/folder.h"

static struct folder folder;
static struct loop *loop;

static void set_up(void)
{
	folder_init(&folder);
	cr_assert_eq(loop_new(&loop), 0);
}

static void tear_down(void)
{
	loop_free(loop);
	folder_fini(&folder);
}

TestSuite(recorder, .init = set_up, .fini = tear_down);

static char *read_file(const char *path)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	cr_assert_geq(n, 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static void record_some(struct recorder *recorder, size_t n)
{
	struct event event = {.kind = EVENT_TICK};
	struct effect effect = {.kind = FX_STOP, .slot = 3, .pid = {7}};

	for (size_t i = 0; i < n; i++) {
		recorder_event(recorder, &event, (struct mono){(int64_t)i});
		recorder_effect(recorder, &effect);
	}
}

Test(recorder, nothing_is_recorded_without_one)
{
	record_some(NULL, 1);
	recorder_close(NULL);
}

Test(recorder, its_file)
{
	char *path = folder_write(&folder, "recording", "what was there before", 0644);
	struct recorder *recorder;
	struct stat st;

	unlink(path);
	cr_assert_eq(recorder_open(path, loop, &recorder), 0);
	record_some(recorder, 1);
	recorder_close(recorder);
	cr_assert_str_eq(read_file(path), "ev 0 tick\nfx stop slot=3 pid=7\n");
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	cr_assert_eq(recorder_open(path, loop, &recorder), 0);
	recorder_close(recorder);
	cr_assert_str_empty(read_file(path));
}

static void stop(void *owner)
{
	loop_stop(owner);
}

/* It is there without the end of the daemon: after a moment, or when much has come together. */
Test(recorder, written_while_the_daemon_runs)
{
	struct loop_timer timer = {.call = stop, .owner = loop};
	char *path = folder_at(&folder, "recording");
	struct recorder *recorder;
	size_t size;

	cr_assert_eq(recorder_open(path, loop, &recorder), 0);
	record_some(recorder, 5000);
	size = strlen(read_file(path));
	cr_assert_gt(size, 60000);
	for (int i = 0; i < 600 && strlen(read_file(path)) == size; i++) {
		loop_timer_start(loop, &timer, mono_add(loop_now(), SPAN_MS(100)));
		loop_run(loop);
	}
	cr_assert_gt(strlen(read_file(path)), size);
	recorder_close(recorder);
	unlink(path);
}

Test(recorder, a_full_disk_ends_it)
{
	struct recorder *recorder;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (access("/dev/full", W_OK) < 0)
		cr_skip_test("there is no /dev/full");
	dup2(null, STDERR_FILENO);
	close(null);
	cr_assert_eq(recorder_open("/dev/full", loop, &recorder), 0);
	record_some(recorder, 5000);
	record_some(recorder, 5000);
	recorder_close(recorder);
}

Test(recorder, what_can_not_be_opened)
{
	char *fifo = folder_at(&folder, "fifo");
	struct recorder *recorder;

	cr_assert_eq(mkfifo(fifo, 0600), 0);
	cr_assert_eq(recorder_open(fifo, loop, &recorder), -ENXIO);
	unlink(fifo);
	cr_assert_eq(recorder_open(folder.path, loop, &recorder), -EISDIR);
	cr_assert_eq(recorder_open(folder_at(&folder, "no/file"), loop, &recorder), -ENOENT);
}
