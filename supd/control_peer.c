/* SPDX-License-Identifier: MIT */

/*
 * Who may do what on the control socket (sup(7)). Everybody can connect; the kernel says who did,
 * with the groups that the process had when it connected, and every request is judged by that:
 *
 *   1. root, the daemon's own user, members of control_group: everything
 *   2. members of view_group: look
 *   3. everybody: ping, version
 */

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supd/control.h"

static int peer_read_groups(int fd, struct peer *peer)
{
	socklen_t size = 0;
	gid_t *groups;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0)
		return 0;
	if (errno != ERANGE)
		return -errno;
	groups = malloc(size);
	if (!groups)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
		free(groups);
		return -errno;
	}
	peer->groups = groups;
	peer->n_groups = size / sizeof(*groups);
	return 0;
}

static int peer_add_group(struct peer *peer, gid_t group)
{
	gid_t *groups = reallocarray(peer->groups, peer->n_groups + 1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	groups[peer->n_groups++] = group;
	peer->groups = groups;
	return 0;
}

int peer_read(int fd, struct peer *ret_peer)
{
	struct peer peer = {0};
	struct ucred who;
	socklen_t size = sizeof(who);
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return -errno;
	peer.uid = who.uid;
	peer.os_pid = who.pid;
	r = peer_read_groups(fd, &peer);
	if (r == 0)
		r = peer_add_group(&peer, who.gid);
	if (r < 0) {
		peer_fini(&peer);
		return r;
	}
	*ret_peer = peer;
	return 0;
}

void peer_fini(struct peer *peer)
{
	free(peer->groups);
	*peer = (struct peer){0};
}

static bool peer_is_in(const struct peer *peer, gid_t group)
{
	for (size_t i = 0; i < peer->n_groups; i++)
		if (peer->groups[i] == group)
			return true;
	return false;
}

enum right peer_right(const struct control *control, const struct peer *peer)
{
	if (peer->uid == 0 || peer->uid == geteuid())
		return RIGHT_EVERYTHING;
	if (control->has_control_group && peer_is_in(peer, control->control_group))
		return RIGHT_EVERYTHING;
	if (control->has_view_group && peer_is_in(peer, control->view_group))
		return RIGHT_LOOK;
	return RIGHT_NONE;
}

/* An actor with the grant "admin" (ARCHITECTURE 6). */
static bool conn_is_admin(const struct conn *conn)
{
	const struct core *core = conn->control->daemon->core;
	struct child_view v;

	if (conn->role == CONN_GUEST || !core_view(core, core_find_pid(core, conn->actor), &v))
		return false;
	for (char **grant = v.spec->grants; grant && *grant; grant++)
		if (strcmp(*grant, "admin") == 0)
			return true;
	return false;
}

enum right conn_right(const struct conn *conn)
{
	enum right right = peer_right(conn->control, &conn->peer);

	return right < RIGHT_EVERYTHING && conn_is_admin(conn) ? RIGHT_EVERYTHING : right;
}

static bool peer_find_group(const char *name, gid_t *ret_group)
{
	const struct group *group = name ? getgrnam(name) : NULL;

	if (!group)
		return false;
	*ret_group = group->gr_gid;
	return true;
}

void peer_find_groups(struct control *control)
{
	const struct config *config = control->daemon->config;

	if (!config)
		return;
	control->has_control_group =
		peer_find_group(config->control_group, &control->control_group);
	control->has_view_group = peer_find_group(config->view_group, &control->view_group);
}

void peer_refusal(const struct control *control, enum right needed, const char *command,
		  struct buf *out)
{
	const struct config *config = control->daemon->config;
	const char *group = config ? config->control_group : NULL;
	const char *viewers = config && needed == RIGHT_LOOK ? config->view_group : NULL;

	buf_printf(out, "%s is not permitted: it needs root, the daemon's own user", command);
	if (viewers && group)
		buf_printf(out, ", or a member of group %s or %s", viewers, group);
	else if (viewers || group)
		buf_printf(out, " or a member of group %s", viewers ? viewers : group);
	else
		buf_printf(out, " (%s in [supd] can allow it to a group)",
			   needed == RIGHT_LOOK ? "view_group" : "control_group");
}
