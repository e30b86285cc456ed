/* SPDX-License-Identifier: MIT */

/* Keys of different parts that mean nothing together, or something that nobody wants. */

#include <string.h>

#include "base/macros.h"
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

/* ---- its log ---- */

enum { TO_FILE = 1, TO_SYSLOG = 2 };

static unsigned log_of(enum output_kind kind)
{
	return kind == OUTPUT_LOG ? TO_FILE : kind == OUTPUT_SYSLOG ? TO_SYSLOG : 0;
}

/* Where what it writes is kept; a set. */
static unsigned find_logs(const struct exec *exec, bool accepts)
{
	enum output_kind out = exec->standard_output.kind, err = exec->standard_error.kind;
	unsigned logs;

	/* Then standard output is the connection, and standard error goes to the log. */
	if (accepts)
		return log_of(err == OUTPUT_SAME ? OUTPUT_LOG : err);
	logs = log_of(out) | log_of(err == OUTPUT_SAME ? out : err);
	/* A terminal stands for the log. */
	if (exec->setup && exec->setup->input.kind == INPUT_TTY)
		logs &= ~(unsigned)TO_FILE;
	return logs;
}

/* What a service says itself: of what comes from [defaults] it need not use everything. */
static bool says(const struct section *section, const char *key)
{
	for (size_t i = 0; i < section->n_given; i++) {
		if (!section->given[i].inherited && strcmp(section->given[i].key->name, key) == 0)
			return true;
	}
	return false;
}

static void warn_unused(struct loader *loader, const struct section *section, const char *key,
			const char *why)
{
	loader_complain(loader, CONFIG_WARNING, section->file, section_line(section, key),
			"service %s: %s: %s: remove one of them", section->path, key, why);
}

/* One warning, for the first key that has no effect. */
static void check_log(struct loader *loader, const struct section *section,
		      const struct facts *facts)
{
	static const char *const of_files[] = {"log_format", "log_size", "log_files", "log_age",
					       "log_compress"};
	static const char *const of_lines[] = {"log_rate", "log_overflow", "log_line_max"};
	const struct exec *exec = section->spec->exec;
	const unsigned logs = find_logs(exec, facts->accepts);
	const char *dir = loader->config->log_dir;
	const char *why = !logs               ? "nothing of what it writes goes to the log"
			  : !(logs & TO_FILE) ? "what goes to syslog has no file of its own"
					      : "with log_dir = none there are no files";

	for (size_t i = 0; i < ARRAY_LEN(of_files); i++) {
		if (says(section, of_files[i]) &&
		    (!(logs & TO_FILE) || (dir && strcmp(dir, "none") == 0 && i > 0))) {
			warn_unused(loader, section, of_files[i], why);
			return;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(of_lines) && !logs; i++) {
		if (says(section, of_lines[i])) {
			warn_unused(loader, section, of_lines[i], why);
			return;
		}
	}
	if (exec->log->format == LOG_RAW && logs == TO_FILE && says(section, "log_line_max"))
		warn_unused(loader, section, "log_line_max",
			    "with log_format = raw lines are written as they come, and none is "
			    "split");
	if (exec->log->files == 0 && exec->log->packing != PACK_NO && says(section, "log_compress"))
		warn_unused(loader, section, "log_compress",
			    "with log_files = 0 no older file is kept that could be packed");
}

/* ---- what is run at events ---- */

void section_check_events(struct loader *loader, const struct section *section)
{
	const struct on_event *on_event = section->spec->on_event;
	const struct given *given = NULL;

	if (!on_event || on_event->hook.n > 0 || section->damaged)
		return;
	for (size_t i = 0; i < section->n_given && !given; i++) {
		if (strncmp(section->given[i].key->name, "on_event", 8) == 0 &&
		    !section->given[i].inherited)
			given = &section->given[i];
	}
	if (given)
		loader_complain(loader, CONFIG_WARNING, section->file, given->line,
				"%s: %s: there is no on_event: add on_event = COMMAND",
				section->path, given->key->name);
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
	if (section->spec->exec->log)
		check_log(loader, section, &facts);
}
