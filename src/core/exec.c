/* SPDX-License-Identifier: MIT */

/* Defaults of a process's set-up, and its end. What the fields mean for a process is the daemon's
 * affair. */

#include "core/exec.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"

const char *const output_kind_names[] = {
	[OUTPUT_LOG] = "log",    [OUTPUT_NULL] = "null",   [OUTPUT_INHERIT] = "inherit",
	[OUTPUT_FILE] = "file",  [OUTPUT_SAME] = "stdout", [OUTPUT_SYSLOG] = "syslog",
	[OUTPUT_N_KINDS] = NULL,
};

struct exec *exec_new(void)
{
	struct exec *exec = calloc(1, sizeof(*exec));

	if (!exec)
		return NULL;
	exec->refs = 1;
	exec->standard_output.kind = OUTPUT_LOG;
	exec->standard_error.kind = OUTPUT_SAME;
	exec->umask = -1;
	exec->stop_signal = SIGTERM;
	exec->kill_mode = KILL_GROUP;
	exec->notify_access = NOTIFY_MAIN;
	return exec;
}

struct exec *exec_ref(struct exec *exec)
{
	if (exec)
		exec->refs++;
	return exec;
}

void exec_free(struct exec *exec)
{
	if (!exec || --exec->refs > 0)
		return;
	exec_parts_free(exec);
	if (exec->packed) {
		free(exec);
		return;
	}
	strings_free(exec->argv);
	strings_free(exec->groups);
	strings_free(exec->environment);
	strings_free(exec->environment_files);
	strings_free(exec->pass_environment);
	free(exec->user);
	free(exec->group);
	free(exec->working_directory);
	free(exec->standard_output.path);
	free(exec->standard_error.path);
	free(exec->source);
	free(exec);
}

/* ---- packing ---- */

/* The first time over the record with both NULL, which only counts; the second time it copies. */
struct packing {
	char **lists;
	char *texts;
	size_t n_pointers, n_bytes;
};

static void pack_text(struct packing *p, char *const *from, char **to)
{
	size_t size = *from ? strlen(*from) + 1 : 0;

	if (size && p->texts) {
		*to = memcpy(p->texts, *from, size);
		p->texts += size;
	}
	p->n_bytes += size;
}

static void pack_list(struct packing *p, char **from, char ***to)
{
	size_t n = 0;
	char **list = p->lists;

	while (from && from[n]) {
		pack_text(p, &from[n], list ? &list[n] : NULL);
		n++;
	}
	if (from && list) {
		list[n] = NULL;
		p->lists += n + 1;
		*to = list;
	}
	p->n_pointers += from ? n + 1 : 0;
}

static void pack_all(struct packing *p, const struct exec *from, struct exec *to)
{
	pack_list(p, from->argv, &to->argv);
	pack_list(p, from->groups, &to->groups);
	pack_list(p, from->environment, &to->environment);
	pack_list(p, from->environment_files, &to->environment_files);
	pack_list(p, from->pass_environment, &to->pass_environment);
	pack_text(p, &from->user, &to->user);
	pack_text(p, &from->group, &to->group);
	pack_text(p, &from->working_directory, &to->working_directory);
	pack_text(p, &from->standard_output.path, &to->standard_output.path);
	pack_text(p, &from->standard_error.path, &to->standard_error.path);
	pack_text(p, &from->source, &to->source);
}

struct exec *exec_pack(struct exec *exec)
{
	struct packing p = {0};
	struct exec *packed;

	if (!exec || exec->packed)
		return exec;
	pack_all(&p, exec, exec);
	packed = malloc(sizeof(*packed) + p.n_pointers * sizeof(char *) + p.n_bytes);
	if (!packed)
		return exec;
	*packed = *exec;
	p.lists = (char **)(packed + 1);
	p.texts = (char *)(p.lists + p.n_pointers);
	pack_all(&p, exec, packed);
	packed->packed = true;
	exec_parts_let_go(exec);
	exec_free(exec);
	return packed;
}
