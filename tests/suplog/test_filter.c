/* SPDX-License-Identifier: MIT */

/* A keeper under a filter of system calls that is older than some of them. */

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/suplog/rig.h"

#define FILE_0 "services/a.log"

/* As a container's filter of system calls does with what it is too old to know. */
static void refuse_new_calls(void *argument)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {ARRAY_LEN(filter), filter};

	(void)argument;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		_exit(126);
}

Test(filter, without_the_newest_calls)
{
	struct rig r;

	rig_init(&r);
	r.prepare = refuse_new_calls;
	rig_stream(&r, 0, &(struct rig_stream){.file = FILE_0, .format = "raw"});
	rig_start(&r);
	/* It waits for the first line, and for the next. */
	for (size_t i = 1; i < 4; i++) {
		CLEANUP(buf_fini) struct buf log = BUF_INIT;

		rig_puts(&r, 0, "line\n");
		for (int n = 0; log.size < 5 * i; n++) {
			cr_assert_lt(n, RIG_PATIENCE_MS);
			usleep(1000);
			buf_clear(&log);
			rig_read_log(&r, FILE_0, &log);
		}
	}
	rig_fini(&r);
}
