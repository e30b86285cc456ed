/* SPDX-License-Identifier: MIT */

/* A stream whose lines go to the system's log, which is a socket of the test's here. */

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "suplog/syslog.h"
#include "tests/suplog/rig.h"

#define LINE "there may be nobody who takes this line\n"
#define LINES 20000

/* A /dev of the test's own, and the socket there. */
static int make_log(void)
{
	const struct sockaddr_un address = {AF_UNIX, SYSLOG_PATH};
	int fd;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		cr_skip_test("it needs a mount namespace of its own");
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount("dev", "/dev", "tmpfs", 0, "mode=755"), 0);
	cr_assert_eq(mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)), 0, "%s", strerror(errno));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* How many lines have come. */
static long take_lines(int log)
{
	char line[256];
	long n = 0;

	while (recv(log, line, sizeof(line), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

/* Nobody takes lines: what may be dropped is, and counted; the service does not wait. */
Test(syslog_stream, a_log_that_takes_nothing)
{
	struct rig r;
	struct rig_notice n;
	int log = make_log(), waiting;
	long taken = 0, dropped = 0;

	rig_init(&r);
	rig_stream(&r, 0, &(struct rig_stream){.output = "syslog", .overflow = "drop"});
	rig_start(&r);
	for (int i = 0; i < LINES; i++)
		rig_puts(&r, 0, LINE);
	do {
		taken += take_lines(log);
		usleep(1000);
	} while (ioctl(r.pipes[0][0], FIONREAD, &waiting) == 0 && waiting > 0);
	rig_ask(&r, KEEPER_FINISH, -1, 0);
	while (rig_hear(&r, &n, RIG_PATIENCE_MS))
		if (strcmp(n.kind, "dropped") == 0)
			dropped += field_int(&n.frame, "lines", 0);
	taken += take_lines(log);
	cr_assert_gt(dropped, 0);
	cr_assert_eq(taken + dropped, LINES, "%ld and %ld", taken, dropped);
	close(log);
	rig_fini(&r);
}
