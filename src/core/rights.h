/* SPDX-License-Identifier: MIT */
#ifndef CORE_RIGHTS_H
#define CORE_RIGHTS_H

/*
 * What an actor may do to another (ARCHITECTURE 6): a pure decision. Everybody may send to and
 * monitor everybody; what is asked about here is more than that.
 */

#include <stdbool.h>
#include <stdint.h>

/* The Unix user of an actor that has none yet: it matches nobody's. */
#define RIGHTS_NO_UID UINT32_MAX

enum rights_act {
	RIGHTS_LINK,
	RIGHTS_EXIT,
	RIGHTS_SPAWN,    /* as another Unix user */
	RIGHTS_REGISTER, /* a name for it */
	RIGHTS_N_ACTS,
};

struct rights_who {
	bool admin; /* root, the daemon's own user, a member of control_group */
	uint32_t uid;
	char *const *grants; /* borrowed; of its spec, NULL: none */
};

struct rights_whom {
	uint32_t uid;
	const char *name; /* its path, or for RIGHTS_SPAWN the user's name; NULL: it has none */
};

/*
 * NULL: it may. Else why not and what would permit it, a sentence (static). In this order:
 *   1. who may do everything may do this
 *   2. a grant "admin" is that
 *   3. one's own Unix user: yes
 *   4. a grant for this act whose glob matches whom's name: yes
 *   5. no
 */
const char *rights_refusal(const struct rights_who *who, enum rights_act act,
			   const struct rights_whom *whom);

/* "link:GLOB", "exit:GLOB", "spawn:GLOB" or "admin". */
bool rights_is_grant(const char *text);

#endif
