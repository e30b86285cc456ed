/* SPDX-License-Identifier: MIT */

/* Keys of different parts that mean nothing together, or something that nobody wants. */

#include <string.h>

#include "config/loader.h"

/* Where the fds begin that a service is handed. */
#define FIRST_FD 3

struct facts {
	bool accepts, scheduled, ends, remains;
};

static struct facts find_facts(const struct spec *spec)
{
	const struct exec *exec = spec->exec;

	return (struct facts){
		.accepts = exec->sockets && exec->sockets->accept,
		.scheduled = exec->when && (exec->when->schedule || exec->when->every.ns),
		.ends = spec->ready == READY_EXIT,
		.remains = spec->remain,
	};
}

static void complain(struct loader *loader, const struct section *section, const char *key,
		     const char *text)
{
	loader_complain(loader, CONFIG_ERROR, section->file, section_line(section, key),
			"service %s: %s", section->path, text);
}

/* Its standard input and output are the connection, and it lives as long as that. */
static void check_accept(struct loader *loader, const struct section *section,
			 const struct facts *facts)
{
	const struct exec_setup *setup = section->spec->exec->setup;

	if (setup && (setup->tty || setup->input.kind != INPUT_NULL))
		complain(loader, section, setup->tty ? "tty" : "stdin",
			 "with accept = yes its standard input and output are the connection: "
			 "remove tty and stdin");
	if (facts->scheduled)
		complain(loader, section, section_has(section, "every") ? "every" : "schedule",
			 "with accept = yes it starts by connections alone: describe a service of "
			 "its own for a schedule");
	if (facts->remains)
		complain(loader, section, "remain",
			 "with accept = yes a process ends with its connection: remove remain");
}

/* Nobody is there to be asked, or to say that it is alive. */
static void check_ends(struct loader *loader, const struct section *section)
{
	const struct exec *exec = section->spec->exec;

	if (exec->probes && exec->probes->health.kind != PROBE_NONE)
		complain(loader, section, "health",
			 "with ready = exit it has ended when it counts as started, and can not be "
			 "asked how it is: remove health, or say health = none here");
	if (exec->notify && !span_is_infinite(exec->notify->watchdog))
		complain(loader, section, "watchdog",
			 "with ready = exit it has ended when it counts as started, and is silent: "
			 "remove watchdog, or say watchdog = infinity here");
}

/* Sockets and stored files come first, from FIRST_FD on, and there may be more at its next start.
 */
static void check_ready_fd(struct loader *loader, const struct section *section,
			   const struct facts *facts)
{
	const struct exec *exec = section->spec->exec;
	int fd = exec->probes ? exec->probes->ready.fd : 0;
	uint64_t end = FIRST_FD;

	if (section->spec->ready != READY_FD)
		return;
	if (exec->sockets && !facts->accepts)
		end += exec->sockets->n_listen;
	if (exec->notify)
		end += exec->notify->fd_store_max;
	if ((uint64_t)fd >= end)
		return;
	loader_complain(loader, CONFIG_ERROR, section->file, section_line(section, "ready"),
			"service %s: ready = fd:%d: its sockets and stored files may be there: use "
			"fd:%llu or a greater one",
			section->path, fd, (unsigned long long)end);
}

void section_check_together(struct loader *loader, const struct section *section)
{
	struct facts facts = find_facts(section->spec);

	if (section->damaged)
		return;
	if (facts.accepts)
		check_accept(loader, section, &facts);
	if (facts.remains && facts.scheduled)
		complain(loader, section, "remain",
			 "a run that remains is never over, and the next ones are left out: remove "
			 "remain");
	if (facts.ends)
		check_ends(loader, section);
	check_ready_fd(loader, section, &facts);
}
