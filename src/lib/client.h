/* SPDX-License-Identifier: MIT */
#ifndef LIB_CLIENT_H
#define LIB_CLIENT_H

/*
 * A guest's side of the control connection. Blocking, for tools: requests are composed one behind
 * the other, sent together, and their rows and replies are taken one at a time. Nothing prints.
 */

#include <stdint.h>

#include "base/clock.h"
#include "wire/field.h"
#include "wire/frame.h"

struct client;

/* Beyond -errno. */
enum client_error {
	CLIENT_E_PROTOCOL = 1, /* the other side speaks another version: client_peer_protocol() */
};

/* Connects to the socket at path. 0, -ENOMEM, -ENAMETOOLONG or the errno of socket and connect. */
int client_open(const char *path, struct client **ret_client);
void client_close(struct client *client); /* takes NULL */

/*
 * Begins a request; the caller appends fields to what it returns, then calls client_end(). The ref
 * of its rows and its reply is in *ret_ref.
 */
struct wire_encoder *client_begin(struct client *client, const char *command, uint64_t *ret_ref);
/* 0; -EMSGSIZE: too large for the connection, -ENOMEM; the request is as if it had never begun. */
int client_end(struct client *client);

/* Sends what was composed. 0 or the errno of send; -EPIPE: the daemon has closed the connection. */
int client_flush(struct client *client);

/*
 * Takes the next frame, sending first what is still to be sent. The frame is borrowed until the
 * next call. 0; -ETIMEDOUT; -EPIPE: the connection is closed; -EPROTO: the other side is no supd;
 * CLIENT_E_PROTOCOL; or another -errno.
 */
int client_receive(struct client *client, struct mono deadline, struct wire_frame *ret_frame);

/* What the other side said of itself; 0 and "" before its HELLO has come. Borrowed. */
uint32_t client_peer_protocol(const struct client *client);
const char *client_peer_release(const struct client *client);

#endif
