/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RELAY_H
#define BENCH_RELAY_H

/*
 * Bare relays: what it costs at the least that a third process stands between sender and receiver.
 * A relay does nothing but receive and send; what is behind its sockets is not its affair.
 *
 *   ONE    from the first socket to the second, one datagram a message, as many as there are with
 *          one recvmmsg and one sendmmsg
 *   WHOLE  from the first to the second, datagrams full of messages, passed on unread
 *   ECHO   one datagram from the first to the second, one back, in turn
 *   ROUTE  between N sockets, one datagram a message, to where its head says
 *   PACK   between N sockets, datagrams of many messages, which it packs anew for each receiver
 *   NONE   there is none: the first two sockets are each other's ends
 */

#include <sys/types.h>

#include "tests/bench/stage.h"

#define RELAY_DATAGRAM_MAX 65536

enum relay_kind { RELAY_NONE, RELAY_ONE, RELAY_WHOLE, RELAY_ECHO, RELAY_ROUTE, RELAY_PACK };

/* Relays between stage->n sockets; never returns. What is wrong it writes on the stage. */
void relay_run(enum relay_kind kind, struct stage *stage, const int *fds) __attribute__((noreturn));

#endif
