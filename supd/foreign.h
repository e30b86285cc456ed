/* SPDX-License-Identifier: MIT */
#ifndef SUPD_FOREIGN_H
#define SUPD_FOREIGN_H

/* Files that others have opened, and sent to us. */

/*
 * As close(); but the last one to close a socket with SO_LINGER, which close(2) makes wait whether
 * it blocks or not, waits for nobody here; nor where such a one was sent on the socket and nobody
 * has read it. Other files than sockets are closed as they are.
 */
void foreign_close(int fd);
/* A Unix socket of ours, with what its other side has sent and nobody has read. */
void foreign_close_connection(int fd);

#endif
