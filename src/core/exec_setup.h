/* SPDX-License-Identifier: MIT */
#ifndef CORE_EXEC_SETUP_H
#define CORE_EXEC_SETUP_H

/*
 * What a process is made of beyond user, directory and files: limits, priorities, CPUs. A part of
 * struct exec that is there only where one of its keys was given; what was not given is left as the
 * daemon has it.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* Resource limits, in the order of their names. */
enum exec_limit_kind {
	LIMIT_AS,
	LIMIT_CORE,
	LIMIT_CPU,
	LIMIT_DATA,
	LIMIT_FSIZE,
	LIMIT_LOCKS,
	LIMIT_MEMLOCK,
	LIMIT_MSGQUEUE,
	LIMIT_NICE,
	LIMIT_NOFILE,
	LIMIT_NPROC,
	LIMIT_RSS,
	LIMIT_RTPRIO,
	LIMIT_RTTIME,
	LIMIT_SIGPENDING,
	LIMIT_STACK,
	LIMIT_N,
};

/* In bytes, seconds (LIMIT_CPU), microseconds (LIMIT_RTTIME) or numbers; UINT64_MAX: none. */
struct exec_limit {
	uint64_t soft, hard;
	bool given;
};

/* The kernel's numbers. */
enum io_class { IO_CLASS_NONE, IO_CLASS_REALTIME, IO_CLASS_BEST_EFFORT, IO_CLASS_IDLE };

struct exec_io {
	enum io_class class; /* IO_CLASS_NONE: not given */
	int level;           /* 0 (first) to 7 */
};

#define EXEC_CPUS_MAX 1024

struct exec_cpus {
	bool given;
	uint64_t bits[EXEC_CPUS_MAX / 64]; /* CPU n: bit n % 64 of bits[n / 64] */
};

/* Directories that are made for it, below those of the host that are for such things. */
enum directory_kind {
	DIRECTORY_RUNTIME,
	DIRECTORY_STATE,
	DIRECTORY_CACHE,
	DIRECTORY_LOGS,
	DIRECTORY_N_KINDS
};

/* What becomes of the runtime directories at its end. PRESERVE_RESTART: kept over restarts. */
enum directory_preserve { PRESERVE_NO, PRESERVE_YES, PRESERVE_RESTART };

struct exec_directory {
	char **names; /* owned; relative; NULL: none */
	int mode;
};

enum input_kind { INPUT_NULL, INPUT_FILE, INPUT_TTY };

struct input {
	enum input_kind kind;
	char *path; /* owned; NULL with INPUT_NULL */
};

/* Capability n is bit n. */
struct exec_capabilities {
	bool given;
	uint64_t set;
};

#define SETUP_NOT_GIVEN INT_MIN

struct exec_setup {
	struct exec_limit limits[LIMIT_N];
	int nice;          /* SETUP_NOT_GIVEN or -20..19 */
	int oom_score_adj; /* SETUP_NOT_GIVEN or -1000..1000 */
	struct exec_io io;
	struct exec_cpus cpus;
	struct exec_directory directories[DIRECTORY_N_KINDS];
	enum directory_preserve preserve;
	char *chroot; /* owned; NULL: none */
	struct input input;
	struct exec_capabilities bounding, ambient;
	bool no_new_privileges;
	bool tty;
};

/* "nofile": what follows limit_ in a key. */
extern const char *const exec_limit_names[LIMIT_N + 1];
/* RLIMIT_NOFILE: the kernel's number. */
extern const int exec_limit_resources[LIMIT_N];

void exec_setup_init(struct exec_setup *setup);
void exec_setup_fini(struct exec_setup *setup);
/* Any directories are to be made. */
bool exec_setup_has_directories(const struct exec_setup *setup);
/* What a process that `from` has started is to have of it: all that keeps it in bounds. 0 or
 * -ENOMEM. `to` was initialised. */
int exec_setup_inherit(struct exec_setup *to, const struct exec_setup *from);

#endif
