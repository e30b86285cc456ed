/* SPDX-License-Identifier: MIT */
#ifndef SUPD_DIRECTORIES_H
#define SUPD_DIRECTORIES_H

/*
 * Directories that are made for a service before it starts, and the runtime ones removed at its
 * end. What is done here never follows a symbolic link below the host's own directory, and is done
 * to nothing that belongs to somebody else: a directory that is there already must be the
 * service's user's, those above it that user's or the daemon's.
 *
 * Whoever owns a directory can change what is in it while we look. So what is made in one of the
 * service's user's is made as that user, and everything goes by fds.
 */

#include <sys/types.h>

#include "core/exec_setup.h"
#include "supd/remover.h"
#include "supd/texts.h"

/* What is to be removed at a service's end. */
struct directories;

struct directories_what {
	const struct exec_setup *setup;
	const char *path; /* the service's: %n and %i */
	uid_t uid;        /* it runs as */
	gid_t gid;
};

/*
 * Makes them; *record is what there was before, or NULL, and then what there is. 0; or -errno with
 * what it was about in object.
 */
int directories_make(struct directories **record, const struct directories_what *what,
		     struct buf *object);
/* Sets RUNTIME_DIRECTORY and its like. 0 or -errno. */
int directories_tell(const struct exec_setup *setup, const char *path, struct texts *environment);
/* True where they outlive a restart. Takes NULL. */
bool directories_outlive_restart(const struct directories *record);
/* Has them removed, and frees the record. Takes NULL. */
void directories_remove(struct directories *record, struct remover *remover);
void directories_free(struct directories *record); /* removes nothing; takes NULL */

#endif
