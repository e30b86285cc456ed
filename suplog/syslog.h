/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_SYSLOG_H
#define SUPLOG_SYSLOG_H

/*
 * Lines to the system's log, as syslog(3) would send them to the socket /dev/log: a datagram a
 * line,
 *
 *   <PRIORITY>Mmm dd hh:mm:ss NAME: text
 *
 * and in a stream socket a NUL behind each. Empty lines are left out, as nothing of them would be
 * kept; control characters and bytes that are not UTF-8 are sent as \xNN; what is longer than
 * SYSLOG_LINE_MAX is sent in pieces, since that is what most of them take.
 *
 * Nothing here waits. A line that was sent and whose bytes were not yet taken out of the pipe when
 * the keeper is killed is sent twice: a socket cannot be asked.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/utc.h"

#define SYSLOG_PATH "/dev/log"
#define SYSLOG_LINE_MAX ((size_t)2048)

struct syslog {
	const char *path; /* borrowed */
	int fd;           /* owned; -1: not connected */
	bool stream;      /* not datagrams */
	struct buf out;   /* of a stream: what it has not taken of a message; else scratch */
	size_t at;
};

#define SYSLOG_INIT ((struct syslog){SYSLOG_PATH, -1, false, {NULL, 0, 0, 0}, 0})

void syslog_fini(struct syslog *s);

/* What is sent. */
struct syslog_input {
	const char *name;
	int priority; /* facility * 8 + severity */
	const char *data;
	size_t size;
	struct utc time;
	bool rest; /* what is behind the last end of a line too */
};

/*
 * Sends lines from the front of the input; *ret_taken: bytes that are sent, and are so whatever is
 * returned. 0; -EAGAIN: it takes no more now; -ENOMEM; -errno: nobody is there. Connects, or
 * connects anew, by itself.
 */
int syslog_put(struct syslog *s, const struct syslog_input *in, size_t *ret_taken);

#endif
