/* SPDX-License-Identifier: MIT */

#include "core/exec_sockets.h"

#include <errno.h>
#include <stdlib.h>

const char *const listen_kind_names[] = {
	"tcp", "udp", "unix", "unix-dgram", "unix-seqpacket", "fifo", NULL,
};

const char *const activation_names[] = {"eager", "lazy", NULL};

bool listen_is_stream(enum listen_kind kind)
{
	return kind == LISTEN_TCP || kind == LISTEN_UNIX || kind == LISTEN_UNIX_SEQPACKET;
}

bool listen_is_internet(enum listen_kind kind)
{
	return kind == LISTEN_TCP || kind == LISTEN_UDP;
}

void exec_listen_fini(struct exec_listen *listen)
{
	free(listen->address);
	free(listen->name);
	free(listen->owner);
	free(listen->group);
	*listen = (struct exec_listen){0};
}

void exec_sockets_fini(struct exec_sockets *sockets)
{
	for (size_t i = 0; i < sockets->n_listen; i++)
		exec_listen_fini(&sockets->listen[i]);
	free(sockets->listen);
	*sockets = (struct exec_sockets){0};
}

int exec_sockets_add(struct exec_sockets *sockets, const struct exec_listen *listen)
{
	struct exec_listen *all =
		reallocarray(sockets->listen, sockets->n_listen + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	sockets->listen = all;
	all[sockets->n_listen++] = *listen;
	return 0;
}
