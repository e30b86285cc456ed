/* SPDX-License-Identifier: MIT */
#ifndef SUPD_CORE_PLACE_H
#define SUPD_CORE_PLACE_H

/*
 * Where the core of a process that has dumped one is to be found: the kernel's core_pattern,
 * core(5), read for a process that is dead. Not all that the kernel puts into a name is known any
 * more (the second of the dump, the thread that has crashed): such a place stands as a pattern, and
 * the file is looked for in its folder.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* The dead one. Texts are borrowed; NULL: not known. */
struct core_of {
	pid_t os_pid;
	uid_t uid;
	gid_t gid;
	int unix_signal;
	uint64_t limit;        /* RLIMIT_CORE, soft; UINT64_MAX: none */
	const char *comm;      /* of its first thread */
	const char *exe;       /* the path of its executable, absolute */
	const char *directory; /* that it was started in, absolute */
	const char *chroot;    /* its root directory */
};

enum core_kind {
	CORE_FILE,
	CORE_PROGRAM, /* the kernel has given it to a program */
	CORE_SOCKET,  /* ... or to a server */
};

struct core_place {
	enum core_kind kind;
	struct buf path; /* CORE_FILE: the likeliest; else that program, that socket */
	struct buf glob; /* CORE_FILE: for fnmatch(3), of the file's name; empty: it is known */
};

/*
 * pattern as in /proc/sys/kernel/core_pattern, with or without its newline; uses_pid as
 * core_uses_pid there. 0 or -ENOMEM. ret_place is for core_place_fini() in any case.
 */
int core_place_find(const char *pattern, bool uses_pid, const struct core_of *of,
		    struct core_place *ret_place);
void core_place_fini(struct core_place *place);

/*
 * True where the file is there; place->path then is its path. Files older than `began` (seconds)
 * are not it. Looks at so many names of a folder at most.
 */
bool core_place_look(struct core_place *place, int64_t began);

/* The same with what this host's kernel says. 0, -ENOMEM, or the errno of reading that. */
int core_place_find_here(const struct core_of *of, struct core_place *ret_place);

#endif
