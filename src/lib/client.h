/* SPDX-License-Identifier: MIT */
#ifndef LIB_CLIENT_H
#define LIB_CLIENT_H

/*
 * The client's side of the control connection: a guest's, or that of a helper, which acts for an
 * actor. Blocking, for tools: requests and signals are composed one behind the other, sent
 * together, and what comes back is taken one frame at a time. Nothing prints.
 */

#include <stdint.h>

#include "base/clock.h"
#include "wire/field.h"
#include "wire/frame.h"
#include "wire/hello.h"

struct client;

/* Beyond -errno. */
enum client_error {
	CLIENT_E_PROTOCOL = 1, /* the other side speaks another version: client_peer_protocol() */
};

/* Connects to the socket at path. 0, -ENOMEM, -ENAMETOOLONG or the errno of socket and connect. */
int client_open(const char *path, struct client **ret_client);
/* The same, to act for the actor with that pid, by its token. */
int client_open_helper(const char *path, uint64_t pid, const uint8_t token[HELLO_TOKEN_SIZE],
		       struct client **ret_client);
void client_close(struct client *client); /* takes NULL */
/* A guest's orderly end, to be followed by client_close(): it has ended normally then. */
void client_goodbye(struct client *client);

/*
 * Begins a request; the caller appends fields to what it returns, then calls client_end(). The ref
 * of its rows and its reply is in *ret_ref.
 */
struct wire_encoder *client_begin(struct client *client, const char *command, uint64_t *ret_ref);
/* 0; -EMSGSIZE: too large for the connection, -ENOMEM; the request is as if it had never begun. */
int client_end(struct client *client);

/* A ref for a signal: a guest's count from 1, a helper's are random with the top bit set. */
uint64_t client_new_ref(struct client *client);
/* Composes a whole frame. 0; -EMSGSIZE or -ENOMEM, and then nothing of it is composed. */
int client_put(struct client *client, const struct wire_frame *frame, const void *payload,
	       size_t size);
/*
 * Sends what was composed, then a frame whose payload is a sealed memfd of that size; the fd stays
 * the caller's. 0, or as client_flush().
 */
int client_send_large(struct client *client, const struct wire_frame *frame, int fd, uint64_t size);

/* Sends what was composed. 0 or the errno of send; -EPIPE: the daemon has closed the connection. */
int client_flush(struct client *client);

/*
 * Takes the next frame, sending first what is still to be sent; WINDOW and QUEUED are passed over.
 * The frame is borrowed until the next call. A payload that came in a memfd is mapped and stands in
 * the frame like any other, with the flag still set. 0; -ETIMEDOUT; -EPIPE: the connection is
 * closed; -EPROTO: the other side is no supd; CLIENT_E_PROTOCOL; or another -errno.
 */
int client_receive(struct client *client, struct mono deadline, struct wire_frame *ret_frame);

/* True where the datagram with the last frame has another one. */
bool client_has_frame(const struct client *client);
/* True where the next frame of the datagram with the last one is a message. */
bool client_has_message(const struct client *client);

/* Hands over the mapping of the last frame's payload, for large_unmap(). */
void client_take_mapping(struct client *client);

/* What the other side said of itself; 0 and "" before its HELLO has come. Borrowed. */
uint32_t client_peer_protocol(const struct client *client);
const char *client_peer_release(const struct client *client);

#endif
