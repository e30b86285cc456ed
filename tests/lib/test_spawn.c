/* SPDX-License-Identifier: MIT */

/* What is asked of the daemon to start a process, fds and all. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peer.h"

static const char *const argv[] = {"worker", "-x", NULL};
static struct wire_frame asked;

/* A list's texts, a blank behind each. */
static const char *list_of(const char *name)
{
	static char text[128];
	struct field list;
	size_t cursor = 0;
	const char *one;

	*text = '\0';
	if (!field_find(&asked, name, FIELD_LIST, &list))
		return NULL;
	while ((one = field_list_next(&list, &cursor)))
		strcat(strcat(text, one), " ");
	return text;
}

static void started(struct peer *p)
{
	asked = peer_take_request(p, "spawn");
	peer_reply(p, asked.ref, 0, "pid", "<0.12.0>");
}

static void failed(struct peer *p)
{
	asked = peer_take_request(p, "spawn");
	peer_reply(p, asked.ref, 1, "reason", "exec:ENOENT");
}

static void (*const started_once[])(struct peer *) = {started, NULL};

Test(spawn, as_it_is_asked)
{
	struct sup_command command = {.argv = argv};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	sup_pid pid = {0};

	peer_script(p, started_once);
	cr_assert_eq(sup_spawn(p->sup, &command, &pid), 0);
	cr_expect_eq(pid.n, 12);
	cr_expect_str_eq(list_of("command"), "worker -x ");
	cr_expect_null(list_of("environment"));
	cr_expect_null(list_of("fds"));
	cr_expect_null(field_text(&asked, "directory"));
	cr_expect(!field_bool(&asked, "link"));
	cr_expect_eq(field_int(&asked, "monitor", 0), 0);
	peer_end(p);
}

Test(spawn, linked_monitored_and_with_everything)
{
	static const char *const environment[] = {"A=1", "B=2", NULL};
	static const int fds[] = {-1, STDOUT_FILENO, STDERR_FILENO};
	struct sup_command command = {
		.argv = argv, .environment = environment, .directory = "/tmp", .fds = fds};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	struct stat ours, theirs;
	sup_ref ref = {0};

	peer_script(p, started_once);
	cr_assert_eq(sup_spawn_link(p->sup, &command, NULL), 0);
	cr_expect(field_bool(&asked, "link"));
	cr_expect_str_eq(list_of("environment"), "A=1 B=2 ");
	cr_expect_str_eq(field_text(&asked, "directory"), "/tmp");
	cr_expect_str_eq(list_of("fds"), "1 2 ");
	cr_assert_eq(p->n_fds, 2);
	for (size_t i = 0; i < 2; i++) {
		fstat(fds[i + 1], &ours);
		fstat(p->fds[i], &theirs);
		cr_expect(ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev);
		close(p->fds[i]);
	}
	command.fds = NULL;
	peer_script(p, started_once);
	cr_assert_eq(sup_spawn_monitor(p->sup, &command, NULL, &ref), 0);
	cr_expect_neq(ref.n, 0);
	cr_expect_eq((uint64_t)field_int(&asked, "monitor", 0), ref.n);
	cr_expect_neq(ref.n, asked.ref);
	peer_end(p);
}

Test(spawn, a_program_that_is_not_there)
{
	static void (*const steps[])(struct peer *) = {failed, NULL};
	struct sup_command command = {.argv = argv};
	struct peer *p = peer_new(PEER_WINDOW, 0);
	sup_pid pid = {1};

	peer_script(p, steps);
	cr_expect_eq(sup_spawn(p->sup, &command, &pid), -ENOENT);
	cr_expect_eq(pid.n, 1);
	cr_expect_str_eq(sup_reason(p->sup), "exec:ENOENT");
	cr_expect_eq(sup_spawn(p->sup, &(struct sup_command){0}, &pid), -EINVAL);
	peer_end(p);
}
