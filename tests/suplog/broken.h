/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPLOG_BROKEN_H
#define TESTS_SUPLOG_BROKEN_H

/*
 * A disk that is broken as long as a test wants it to be: what the keeper writes into files, and
 * how it cuts and renames them, is held up by a filter of system calls (seccomp_unotify(2)) and
 * answered by a thread of the test, with an error or by letting it pass.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "tests/suplog/rig.h"

struct broken {
	_Atomic int write_error; /* errno; 0: it passes */
	_Atomic int cut_error;
	_Atomic int rename_error; /* of a rename that is to replace nothing */
	_Atomic bool hangs;       /* who makes a folder waits */
	_Atomic unsigned refused; /* calls */
	int to_test[2];           /* the filter's fd comes this way */
	pthread_t thread;
};

/* Before rig_start(): keepers of the rig are under it. The test is skipped where that is not to be
 * had. */
void broken_init(struct broken *b, struct rig *r);
/* After the last keeper's end. */
void broken_fini(struct broken *b);

#endif
