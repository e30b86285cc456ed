/* SPDX-License-Identifier: MIT */

#include "supd/process_actor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supd/control.h"
#include "supd/log.h"

/* Half of what the kernel makes of it: one datagram of the largest size, and some more. What waits
 * longer waits where it is counted, in the daemon or in the process. */
#define SOCKET_BUFFER WIRE_DATAGRAM_MAX

/* ---- a start ---- */

static int token_make(struct process_actor_start *start)
{
	static const char digits[] = "0123456789abcdef";
	ssize_t n;

	do
		n = getrandom(start->token, sizeof(start->token), 0);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(start->token))
		return n < 0 ? -errno : -EIO;
	for (size_t i = 0; i < sizeof(start->token); i++) {
		start->token_text[2 * i] = digits[start->token[i] >> 4];
		start->token_text[2 * i + 1] = digits[start->token[i] & 15];
	}
	start->token_text[2 * sizeof(start->token)] = '\0';
	return 0;
}

static int sockets_make(int fds[2])
{
	int size = SOCKET_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	if (setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0 &&
	    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0)
		return 0;
	size = errno;
	close(fds[0]);
	close(fds[1]);
	return -size;
}

int process_actor_prepare(struct daemon *d, const struct conn_actor *actor,
			  struct process_actor_start *start)
{
	struct peer nobody = {0};
	int fds[2] = {-1, -1};
	int r;

	*start = (struct process_actor_start){0};
	r = token_make(start);
	if (r == 0)
		r = sockets_make(fds);
	if (r < 0)
		return r;
	r = conn_new(d->control, fds[0], &nobody, actor, &start->conn);
	if (r < 0) {
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	start->fd = fds[1];
	return 0;
}

void process_actor_abandon(struct process_actor_start *start)
{
	conn_free(start->conn);
	if (start->fd)
		close(start->fd);
	*start = (struct process_actor_start){0};
}

/* Whom the process is to the daemon, as if it had come over the control socket. */
static void peer_be(struct peer *peer, const struct process *p, const struct spawn_identity *who)
{
	gid_t *groups = reallocarray(NULL, who->n_groups + 1, sizeof(*groups));

	peer->uid = p->uid;
	peer->os_pid = p->os_pid;
	/* Without memory for its groups it has none: it may do less than it could, never more. */
	if (!groups)
		return;
	if (who->n_groups)
		memcpy(groups, who->groups, who->n_groups * sizeof(*groups));
	groups[who->n_groups] = who->gid;
	peer->groups = groups;
	peer->n_groups = who->n_groups + 1;
}

void process_actor_begin(struct process *p, struct process_actor_start *start,
			 const struct spawn_identity *who)
{
	struct conn *conn = TAKE(start->conn);

	if (!conn)
		return;
	close(start->fd);
	start->fd = 0;
	memcpy(p->token, start->token, HELLO_TOKEN_SIZE);
	p->has_token = true;
	peer_be(&conn->peer, p, who);
	list_append(&p->conns, &conn->of_actor);
	conn_join(conn);
}

/* ---- helpers ---- */

static bool token_is(const struct process *p, const uint8_t token[HELLO_TOKEN_SIZE])
{
	uint8_t differs = 0;

	for (size_t i = 0; i < HELLO_TOKEN_SIZE; i++)
		differs |= (uint8_t)(p->token[i] ^ token[i]);
	return differs == 0;
}

/* NULL where it may act for that actor; else why not, in words that tell no more than they must. */
static const char *helper_refusal(const struct conn *conn, const struct process *p,
				  const struct hello_more *hello)
{
	if (!p || p->pid.n != hello->pid || !p->os_pid || !p->has_token ||
	    !token_is(p, hello->token))
		return "its token is of no actor that lives: that actor has ended, or it was never "
		       "its token";
	if (conn->peer.uid != p->uid)
		return "a token is good only for the Unix user that its actor runs as";
	return NULL;
}

bool control_takes_helper(struct conn *conn, const struct hello_more *hello)
{
	struct daemon *d = conn->control->daemon;
	actor_pid pid = {hello->pid};
	uint32_t slot = core_find_pid(d->core, pid);
	struct process *p = slot == SLOT_NONE ? NULL : process_find(d, slot);
	const char *refusal = conn->role == CONN_GUEST
				      ? helper_refusal(conn, p, hello)
				      : "it is an actor itself, and can act for no other";

	if (refusal) {
		conn_turn_away(conn, refusal);
		return false;
	}
	conn->role = CONN_HELPER;
	conn->actor = pid;
	list_append(&p->conns, &conn->of_actor);
	return conn_join(conn);
}

/* ---- the end ---- */

void process_actor_drain(struct process *p)
{
	LIST_EACH (it, &p->conns)
		conn_drain(LIST_ENTRY(it, struct conn, of_actor));
}

void process_actor_end(struct process *p)
{
	struct list *l;

	p->has_token = false;
	while ((l = list_take_first(&p->conns))) {
		struct conn *conn = LIST_ENTRY(l, struct conn, of_actor);

		conn_leave(conn);
		if (conn->role == CONN_HELPER && conn->state < CONN_CLOSING)
			conn_refuse(conn, "the actor that this acted for has ended");
		else
			conn_set_state(conn, CONN_BROKEN);
	}
}
