/* SPDX-License-Identifier: MIT */

/* Names go before numbers: a user may be called 1000. A number needs no entry. */

#include "supd/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

#define ENTRY_MAX ((size_t)1024 * 1024)

void identity_fini(struct identity *id)
{
	buf_fini(&id->text);
	buf_fini(&id->ours_text);
	free(id->groups);
	*id = (struct identity){0};
}

/* What these functions say of a name that nobody has differs from one database to the next. */
static bool means_absent(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

/* By name, or where that is NULL by uid. *ret_found is NULL where there is none. 0 or -errno. */
static int find_passwd(const char *name, uid_t uid, struct buf *text, struct passwd *entry,
		       struct passwd **ret_found)
{
	for (size_t room = 1024; room <= ENTRY_MAX; room *= 2) {
		struct passwd *found = NULL;
		int error;

		buf_clear(text);
		if (!buf_reserve(text, room))
			return -ENOMEM;
		error = name ? getpwnam_r(name, entry, text->data, room, &found)
			     : getpwuid_r(uid, entry, text->data, room, &found);
		if (error == ERANGE)
			continue;
		*ret_found = found;
		return found || means_absent(error) ? 0 : -error;
	}
	return -ERANGE;
}

static int find_group(const char *name, struct buf *text, gid_t *ret_gid)
{
	for (size_t room = 1024; room <= ENTRY_MAX; room *= 2) {
		struct group entry, *found = NULL;
		uint64_t number;
		int error;

		buf_clear(text);
		if (!buf_reserve(text, room))
			return -ENOMEM;
		error = getgrnam_r(name, &entry, text->data, room, &found);
		if (error == ERANGE)
			continue;
		if (!found && !means_absent(error))
			return -error;
		if (!found && text_parse_u64(name, UINT32_MAX - 1, &number) < 0)
			return -ENOENT;
		*ret_gid = found ? found->gr_gid : (gid_t)number;
		return 0;
	}
	return -ERANGE;
}

/* The user's entry; for a number without one, a group of the same number and no account. */
static int find_user(struct identity *id, const char *name)
{
	struct passwd entry, *found = NULL;
	uint64_t number;
	int r = find_passwd(name, 0, &id->text, &entry, &found);

	if (r == 0 && !found) {
		if (text_parse_u64(name, UINT32_MAX - 1, &number) < 0)
			return -ENOENT;
		r = find_passwd(NULL, (uid_t)number, &id->text, &entry, &found);
		if (r == 0 && !found) {
			id->ids.uid = (uid_t)number;
			id->ids.gid = (gid_t)number;
			return 0;
		}
	}
	if (r < 0)
		return r;
	id->ids.uid = found->pw_uid;
	id->ids.gid = found->pw_gid;
	id->account = (struct account){found->pw_name, found->pw_dir, found->pw_shell};
	return 0;
}

static int reserve_groups(struct identity *id, size_t n)
{
	gid_t *groups;

	if (n <= id->capacity)
		return 0;
	groups = reallocarray(id->groups, n, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	id->groups = groups;
	id->capacity = n;
	return 0;
}

/* The groups that the databases give the user. */
static int find_groups_of_user(struct identity *id)
{
	int n = 0;

	if (!id->account.name)
		return 0;
	getgrouplist(id->account.name, id->ids.gid, NULL, &n);
	do {
		int r = reserve_groups(id, (size_t)n);

		if (r < 0)
			return r;
		n = (int)id->capacity;
	} while (getgrouplist(id->account.name, id->ids.gid, id->groups, &n) < 0);
	id->ids.n_groups = (size_t)n;
	return 0;
}

static int find_groups(struct identity *id, char *const *names, const char **ret_name)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	for (; *names; names++) {
		int r = reserve_groups(id, id->ids.n_groups + 1);

		*ret_name = *names;
		if (r == 0)
			r = find_group(*names, &text, &id->groups[id->ids.n_groups]);
		if (r < 0)
			return r;
		id->ids.n_groups++;
	}
	return 0;
}

/* Once: the daemon's own user does not change. A database that does not work keeps nobody down. */
static int find_ours(struct identity *id)
{
	struct passwd entry, *found = NULL;
	int r;

	if (id->ours_known)
		return 0;
	id->our_uid = geteuid();
	id->our_gid = getegid();
	r = find_passwd(NULL, id->our_uid, &id->ours_text, &entry, &found);
	if (r < 0 && spawn_is_shortage(-r))
		return r;
	id->ours_known = true;
	if (found)
		id->ours = (struct account){found->pw_name, found->pw_dir, found->pw_shell};
	return 0;
}

/* What is to be set. An ordinary user may ask for what it is already. */
static void decide(struct identity *id, const struct exec *exec)
{
	struct spawn_identity *ids = &id->ids;
	bool root = id->our_uid == 0;

	ids->groups = id->groups;
	ids->for_user = exec->user && !exec->group && !exec->groups;
	ids->set_uid = exec->user && (root || ids->uid != id->our_uid);
	ids->set_gid = (exec->user || exec->group) && (root || ids->gid != id->our_gid);
	ids->set_groups = exec->groups || (exec->user && (root || ids->set_uid));
}

int identity_find(struct identity *id, const struct exec *exec, enum start_step *ret_step,
		  const char **ret_name)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	int r;

	*ret_step = STEP_USER;
	*ret_name = exec->user;
	r = find_ours(id);
	if (r < 0)
		return r;
	id->ids = (struct spawn_identity){.uid = id->our_uid, .gid = id->our_gid};
	id->account = exec->user ? (struct account){NULL, NULL, NULL} : id->ours;
	if (exec->user)
		r = find_user(id, exec->user);
	if (r < 0)
		return r;
	*ret_step = STEP_GROUPS;
	*ret_name = exec->group;
	if (exec->group)
		r = find_group(exec->group, &text, &id->ids.gid);
	if (r == 0 && exec->groups)
		r = find_groups(id, exec->groups, ret_name);
	else if (r == 0 && exec->user)
		r = find_groups_of_user(id);
	if (r == 0)
		decide(id, exec);
	return r;
}
