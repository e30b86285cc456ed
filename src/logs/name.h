/* SPDX-License-Identifier: MIT */
#ifndef LOGS_NAME_H
#define LOGS_NAME_H

/*
 * A log's old files lie beside it and bear its name, the time of their rotation in UTC, and what
 * they are packed with:
 *
 *   api.log  api.log.20261130T203710.123456Z  api.log.20261130T190000.000001Z.zst
 *
 * While one is packed, the packed bytes go into a file whose name ends with ".tmp" besides. Where a
 * file is there both packed and plain, it was not removed yet: the plain one is whole.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "logs/kinds.h"
#include "base/utc.h"

#define LOGS_TMP ".tmp"

/* An old file. Its name is made of these by name_make(). */
struct logs_name {
	struct utc time;
	enum logs_packing packing;
	bool unfinished; /* ends with .tmp */
};

/* Old files of one log, oldest first, without unfinished ones and each time once. */
struct logs_names {
	struct logs_name *names; /* owned */
	size_t n;
};

/* The name of an old file of that log (a last component or a path); owned, NULL without memory. */
char *name_make(const char *log, const struct logs_name *name);
/* Whether entry, of a folder, is an old file of the log with that last component. */
bool name_parse(const char *log, const char *entry, struct logs_name *ret_name);
/*
 * The live file of a service by its path in the tree, below the folder of logs:
 * services/web/api.log for web/api. So that a supervisor a.log and a service a beside it do not
 * want the same name, a folder that ends with .log, and any number of ~, has a ~ more. Appends; 0
 * or -ENOMEM. And the way back, of the first size bytes of a file's path, which
 * name_is_service_file() has found to be one.
 */
int name_put_service_file(struct buf *out, const char *service);
bool name_is_service_file(const char *path, size_t size);
int name_put_service(struct buf *out, const char *path, size_t size);
/* The last component of a path; borrowed. */
const char *name_base(const char *path);

/*
 * All old files of a log, in the folder that the path in dir (a fd) leads to. 0, -ENOMEM, -errno; a
 * folder that is not there has none.
 */
int names_list(int dir, const char *log, struct logs_names *ret_names);
/* Removes the unfinished ones, which a packing that was cut short has left. */
int names_remove_unfinished(int dir, const char *log);
void names_fini(struct logs_names *names); /* also a CLEANUP function */

#endif
