/* SPDX-License-Identifier: MIT */

/* The decision of rights.h, its rules under their numbers. */

#include "core/rights.h"

#include <stddef.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"

/* What a grant for an act begins with; NULL: there is no such grant. */
static const char *const grant_words[RIGHTS_N_ACTS] = {
	[RIGHTS_LINK] = "link:",
	[RIGHTS_EXIT] = "exit:",
	[RIGHTS_SPAWN] = "spawn:",
};

static const char *const refusals[RIGHTS_N_ACTS] = {
	[RIGHTS_LINK] = "a link is for actors of one Unix user; a grant link:PATH permits others",
	[RIGHTS_EXIT] = "an exit signal is for actors of the same Unix user; a grant exit:PATH "
			"permits others",
	[RIGHTS_SPAWN] = "a process is spawned as one's own Unix user; a grant spawn:USER permits "
			 "others",
	[RIGHTS_REGISTER] = "a name is registered for actors of the same Unix user",
};

static const char *grant_object(const char *grant, const char *word)
{
	size_t size = word ? strlen(word) : 0;

	return word && strncmp(grant, word, size) == 0 && grant[size] ? grant + size : NULL;
}

static bool rights_granted(const char *grant, enum rights_act act, const char *name)
{
	const char *glob = grant_object(grant, grant_words[act]);

	return glob && name && text_glob(glob, name);
}

const char *rights_refusal(const struct rights_who *who, enum rights_act act,
			   const struct rights_whom *whom)
{
	if (who->admin) /* 1 */
		return NULL;
	for (size_t i = 0; who->grants && who->grants[i]; i++) {
		if (strcmp(who->grants[i], "admin") == 0) /* 2 */
			return NULL;
		if (rights_granted(who->grants[i], act, whom->name)) /* 4 */
			return NULL;
	}
	if (who->uid != RIGHTS_NO_UID && who->uid == whom->uid) /* 3 */
		return NULL;
	return refusals[act]; /* 5 */
}

bool rights_is_grant(const char *text)
{
	for (size_t act = 0; act < ARRAY_LEN(grant_words); act++)
		if (grant_object(text, grant_words[act]))
			return true;
	return strcmp(text, "admin") == 0;
}
