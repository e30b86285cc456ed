/* SPDX-License-Identifier: MIT */
#ifndef CORE_EXEC_SOCKETS_H
#define CORE_EXEC_SOCKETS_H

/*
 * Sockets that the daemon opens for a service and hands to each of its processes. Addresses,
 * paths and names are as written, before % is expanded. What "listen = KIND:ADDRESS
 * [OPTION=VALUE...]" says.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum listen_kind {
	LISTEN_TCP,
	LISTEN_UDP,
	LISTEN_UNIX,
	LISTEN_UNIX_DGRAM,
	LISTEN_UNIX_SEQPACKET,
	LISTEN_FIFO,
	LISTEN_N_KINDS
};

#define LISTEN_MAX 64             /* of one service */
#define LISTEN_PATH_MAX 107       /* of a Unix socket: sun_path without its NUL */
#define LISTEN_NAME_MAX 255       /* systemd's */
#define LISTEN_DEFAULT_MODE 0666  /* systemd's SocketMode */
#define LISTEN_BACKLOG_MAX 65535u /* what the kernel takes; it cuts to net.core.somaxconn */
#define LISTEN_BACKLOG 4096u      /* as the kernel's own limit is by default */

struct exec_listen {
	enum listen_kind kind;
	char *address; /* owned; behind "KIND:" */
	char *name;    /* owned; in LISTEN_FDNAMES; NULL: the service's own */
	char *owner;   /* owned; of a path; NULL: the daemon's */
	char *group;   /* owned; likewise */
	uint16_t mode; /* of a path */
	uint32_t backlog;
	bool reuse_port;
};

enum activation {
	ACTIVATION_EAGER, /* it starts with its supervisor */
	ACTIVATION_LAZY,  /* ... when somebody connects; also spec.on_demand */
	ACTIVATION_N
};

struct exec_sockets {
	struct exec_listen *listen; /* owned */
	size_t n_listen;
	enum activation activation;
	/* A process for each connection: a service that is the template of a simple_one_for_one. */
	bool accept;
	uint32_t max_connections;
	uint32_t max_connections_per_source; /* UINT32_MAX: no limit */
};

#define ACCEPT_MAX_CONNECTIONS 64u /* systemd's MaxConnections */

extern const char *const listen_kind_names[]; /* ends with NULL; so do others */
extern const char *const activation_names[];

/* What options there are for a kind. */
bool listen_is_stream(enum listen_kind kind);   /* it has a backlog */
bool listen_is_internet(enum listen_kind kind); /* host and port; else a path */

/* Frees what it owns, not the record. */
void exec_listen_fini(struct exec_listen *listen);
void exec_sockets_fini(struct exec_sockets *sockets);
/* Appends *listen, whose texts it takes over on success. 0 or -ENOMEM. */
int exec_sockets_add(struct exec_sockets *sockets, const struct exec_listen *listen);

#endif
