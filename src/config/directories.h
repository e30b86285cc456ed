/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_DIRECTORIES_H
#define CONFIG_DIRECTORIES_H

/*
 * Where the directories of services are: below /run, /var/lib, /var/cache and /var/log for a daemon
 * that runs as root; for an ordinary user's below what the XDG base directories say, as systemd's
 * user manager has it.
 */

#include "base/buf.h"
#include "core/exec_setup.h"

/* "runtime_directory": the key. */
extern const char *const directory_keys[DIRECTORY_N_KINDS];
/* "RUNTIME_DIRECTORY": the variable that tells the service, with a : between several. */
extern const char *const directory_variables[DIRECTORY_N_KINDS];

/* Of a key of those. */
enum directory_kind directory_kind_of(const char *key);
/* "/run", or where an ordinary user's are, in words. */
const char *directory_kind_base(enum directory_kind kind);
/* Appends the path to out. 0; -ENOMEM; -ENOENT: no variable says where (directory_kind_base()). */
int directory_find_base(enum directory_kind kind, struct buf *out);
/* A name that may be made there: relative, without . and .., without : and control characters. */
bool directory_is_name(const char *name);

#endif
