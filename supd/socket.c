/* SPDX-License-Identifier: MIT */

#include "supd/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "supd/identity.h"

#define NOBODY ((uid_t)-1)
#define NO_GROUP ((gid_t)-1)

/* What is being made. */
struct making {
	const struct exec_listen *listen;
	struct endpoint where;
	struct held_socket *held;
	const char *why;
};

static int failed(struct making *m, int error, const char *why)
{
	m->why = why;
	return -error;
}

static int type_of(enum listen_kind kind)
{
	switch (kind) {
	case LISTEN_TCP:
	case LISTEN_UNIX:
		return SOCK_STREAM;
	case LISTEN_UDP:
	case LISTEN_UNIX_DGRAM:
		return SOCK_DGRAM;
	case LISTEN_UNIX_SEQPACKET:
		return SOCK_SEQPACKET;
	case LISTEN_FIFO:
	case LISTEN_N_KINDS:
		break;
	}
	return 0;
}

/* ---- internet ---- */

static bool set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static int bind_internet(struct making *m, int family, const struct sockaddr *address,
			 socklen_t size)
{
	const struct exec_listen *l = m->listen;
	int fd = socket(family, type_of(l->kind) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	m->held->fd = fd;
	/* Connections of an earlier life that are still dying down are nobody's. */
	if (l->kind == LISTEN_TCP && !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return -errno;
	if (l->reuse_port && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return -errno;
	if (family == AF_INET6 &&
	    !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, m->where.host_size == 16))
		return -errno;
	return bind(fd, address, size) < 0 ? -errno : 0;
}

static int bind_ipv6(struct making *m)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(m->where.port)};

	if (m->where.host_size)
		memcpy(&address.sin6_addr, m->where.host, sizeof(address.sin6_addr));
	return bind_internet(m, AF_INET6, (const struct sockaddr *)&address, sizeof(address));
}

static int bind_ipv4(struct making *m)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(m->where.port)};

	if (m->where.host_size)
		memcpy(&address.sin_addr, m->where.host, sizeof(address.sin_addr));
	return bind_internet(m, AF_INET, (const struct sockaddr *)&address, sizeof(address));
}

static int make_internet(struct making *m)
{
	int r = m->where.host_size == 4 ? bind_ipv4(m) : bind_ipv6(m);

	/* All addresses of a host without IPv6 are those of IPv4. */
	if (m->where.host_size == 0 && (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)) {
		socket_unmake(m->held);
		r = bind_ipv4(m);
	}
	if (r == -EADDRNOTAVAIL)
		return failed(m, EADDRNOTAVAIL, "this host has no such address");
	if (r == -EACCES)
		return failed(m, EACCES,
			      "ports below net.ipv4.ip_unprivileged_port_start are for "
			      "a supd that runs as root");
	return r;
}

/* ---- paths ---- */

static int find_owner(struct making *m, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct exec exec = {.user = m->listen->owner, .group = m->listen->group};
	struct identity id = {0};
	enum start_step step;
	const char *name;
	int r = identity_find(&id, &exec, &step, &name);

	*ret_uid = exec.user ? id.ids.uid : NOBODY;
	*ret_gid = exec.group ? id.ids.gid : NO_GROUP;
	identity_fini(&id);
	if (r == -ENOENT)
		return failed(m, ENOENT,
			      step == STEP_USER ? "its owner: there is no such user"
						: "its group: there is no such group");
	return r;
}

/* fd is of what was made, and by nobody else: its owner may be changed. */
static int own(struct making *m, int fd, mode_t kind, const struct stat *st)
{
	bool given = m->listen->owner || m->listen->group;
	uid_t uid = NOBODY;
	gid_t gid = NO_GROUP;
	int r = 0;

	m->held->device = st->st_dev;
	m->held->inode = st->st_ino;
	if (given)
		r = find_owner(m, &uid, &gid);
	if (r < 0)
		return r;
	if ((st->st_mode & S_IFMT) != kind || st->st_nlink != 1 ||
	    (st->st_uid != geteuid() && st->st_uid != uid))
		return failed(m, EEXIST,
			      "what is there is somebody else's: remove it, or choose "
			      "another path");
	if (given && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return failed(m, errno, "its owner can not be set: only root may give things away");
	return 0;
}

/* 1 where someone listens at the address, or nobody can say; 0, -errno. */
static int find_used(const struct sockaddr_un *address, socklen_t size, int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool used;

	if (fd < 0)
		return -errno;
	used = connect(fd, (const struct sockaddr *)address, size) == 0 || errno != ECONNREFUSED;
	close(fd);
	return used;
}

/* There is something at path: takes it away where it is a socket that nobody listens on. */
static int clear_path(struct making *m, const struct sockaddr_un *address, socklen_t size)
{
	struct stat st;
	int used;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return failed(m, EEXIST,
			      "what is there is no socket: remove it, or choose another "
			      "path");
	used = find_used(address, size, type_of(m->listen->kind));
	if (used)
		return used < 0 ? used : failed(m, EADDRINUSE, "a process listens there");
	return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int bind_mode(int fd, const struct sockaddr_un *address, socklen_t size, mode_t mode)
{
	mode_t old = umask(0777 & ~mode);
	int r = bind(fd, (const struct sockaddr *)address, size) < 0 ? -errno : 0;

	umask(old);
	return r;
}

/* What was bound and can not be used is to go again. */
static void note_inode(struct making *m, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	m->held->device = st.st_dev;
	m->held->inode = st.st_ino;
}

static int bind_path(struct making *m, const struct sockaddr_un *address, socklen_t size)
{
	int r = bind_mode(m->held->fd, address, size, m->listen->mode);
	struct stat st;
	int at;

	if (r == -EADDRINUSE) {
		r = clear_path(m, address, size);
		if (r == 0)
			r = bind_mode(m->held->fd, address, size, m->listen->mode);
	}
	if (r == -ENOENT && !m->why)
		return failed(m, ENOENT, "its directory does not exist");
	if (r < 0)
		return r;
	at = open(address->sun_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (at < 0 || fstat(at, &st) < 0) {
		r = -errno;
		note_inode(m, address->sun_path);
	} else {
		r = own(m, at, S_IFSOCK, &st);
	}
	if (at >= 0)
		close(at);
	m->held->path = strdup(address->sun_path);
	return r < 0 ? r : m->held->path ? 0 : -ENOMEM;
}

static int make_unix(struct making *m, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	int r;

	if (length >= sizeof(address.sun_path))
		return failed(m, ENAMETOOLONG, "a Unix socket's path has at most 107 bytes");
	memcpy(address.sun_path, path, length);
	m->held->fd = socket(AF_UNIX, type_of(m->listen->kind) | SOCK_CLOEXEC, 0);
	if (m->held->fd < 0)
		return -errno;
	if (*path != '@')
		return bind_path(m, &address, size + 1);
	address.sun_path[0] = '\0';
	r = bind(m->held->fd, (const struct sockaddr *)&address, size);
	return r < 0 ? -errno : 0;
}

/* Open for both directions: it has a writer as long as we hold it, so that readers never see an
 * end. One that is there already is used. */
static int make_fifo(struct making *m, const char *path)
{
	mode_t old = umask(0777 & ~m->listen->mode);
	int r = mkfifo(path, 0666) < 0 ? -errno : 0;
	struct stat st;
	int fd;

	umask(old);
	if (r < 0 && r != -EEXIST)
		return r == -ENOENT ? failed(m, ENOENT, "its directory does not exist") : r;
	fd = open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return r == -EEXIST ? failed(m, errno, "what is there can not be used") : -errno;
	m->held->fd = fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISFIFO(st.st_mode))
		return failed(m, EEXIST,
			      "what is there is no FIFO: remove it, or choose another "
			      "path");
	r = own(m, fd, S_IFIFO, &st);
	if (r == 0 && !(m->held->path = strdup(path)))
		r = -ENOMEM;
	if (r == 0 && fchmod(fd, m->listen->mode) < 0)
		r = -errno;
	return r < 0 || fcntl(fd, F_SETFL, O_RDWR) == 0 ? r : -errno;
}

/* ---- all kinds ---- */

static int make(struct making *m)
{
	int r;

	if (listen_is_internet(m->listen->kind))
		r = make_internet(m);
	else if (m->listen->kind == LISTEN_FIFO)
		r = make_fifo(m, m->where.name);
	else
		r = make_unix(m, m->where.name);
	if (r == 0 && listen_is_stream(m->listen->kind) &&
	    listen(m->held->fd, (int)m->listen->backlog) < 0)
		return -errno;
	return r;
}

int socket_endpoint(const struct exec_listen *listen, const char *service,
		    struct endpoint *ret_endpoint, const char **ret_advice)
{
	return endpoint_find(listen->address,
			     listen_is_internet(listen->kind) ? ENDPOINT_LISTEN : ENDPOINT_PATH,
			     service, ret_endpoint, ret_advice);
}

int socket_make(const struct exec_listen *listen, const char *service, struct held_socket *ret_held,
		const char **ret_why)
{
	struct held_socket held = {.fd = -1};
	struct making m = {.listen = listen, .held = &held};
	int r = socket_endpoint(listen, service, &m.where, &m.why);

	if (r == 0)
		r = make(&m);
	endpoint_fini(&m.where);
	*ret_why = m.why;
	if (r < 0)
		socket_unmake(&held);
	else
		*ret_held = held;
	return r;
}

bool socket_is_there(const struct held_socket *held)
{
	struct stat st;

	return !held->path || (lstat(held->path, &st) == 0 && st.st_dev == held->device &&
			       st.st_ino == held->inode);
}

void socket_unmake(struct held_socket *held)
{
	if (held->path && socket_is_there(held))
		unlink(held->path);
	if (held->fd >= 0)
		close(held->fd);
	free(held->path);
	*held = (struct held_socket){.fd = -1};
}
