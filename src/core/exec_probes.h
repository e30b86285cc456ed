/* SPDX-License-Identifier: MIT */
#ifndef CORE_EXEC_PROBES_H
#define CORE_EXEC_PROBES_H

/*
 * How a service is asked whether it is ready, and whether it is well: part of its struct exec,
 * carried for the daemon. Texts are owned, and as written, before % is expanded.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

enum probe_kind {
	PROBE_NONE,
	PROBE_TCP,
	PROBE_UNIX,
	PROBE_HTTP,
	PROBE_COMMAND,
	PROBE_MAILBOX, /* health: a call that it answers */
	PROBE_FD,      /* ready: it writes a newline there, as s6 has it */
	PROBE_LOG,     /* ready: a line of its output matches */
	PROBE_N_KINDS,
};

struct exec_probe {
	enum probe_kind kind;
	int fd;     /* PROBE_FD */
	char *text; /* the whole of it: "tcp:127.0.0.1:80"; NULL: none */
	/* PROBE_UNIX: a path, or @NAME; PROBE_HTTP: what is asked for; PROBE_LOG: the regular
	 * expression; PROBE_MAILBOX: the tag */
	char *what;
	char *host;  /* PROBE_TCP, PROBE_HTTP: whom it is asked of: "127.0.0.1:80" */
	char **argv; /* PROBE_COMMAND; ends with NULL */
};

struct exec_probes {
	struct exec_probe ready, health;
	struct span ready_interval; /* between two tries; 0: it grows */
	struct span health_interval, health_timeout, health_start_period;
	uint32_t health_retries; /* so many failures in a row, and it is unhealthy */
};

void exec_probes_init(struct exec_probes *probes);
void exec_probes_fini(struct exec_probes *probes);
void exec_probe_fini(struct exec_probe *probe); /* leaves PROBE_NONE */

#endif
