/* SPDX-License-Identifier: MIT */

/* The beginning and the end of each test: what it kept, what it left. */

#include "support.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

static void **kept;
static size_t n_kept, max_kept;
static struct node *nodes[4];
static size_t n_nodes;

#ifdef __SANITIZE_ADDRESS__
/* Leaks are looked for in supd and supctl: here that would take longer than most tests. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

void *keep(void *memory)
{
	cr_assert_not_null(memory, "no memory");
	if (n_kept == max_kept) {
		max_kept = max_kept ? 2 * max_kept : 1024;
		kept = reallocarray(kept, max_kept, sizeof(*kept));
		cr_assert_not_null(kept, "no memory");
	}
	kept[n_kept++] = memory;
	return memory;
}

char *keep_printf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return keep(text);
}

void need_root(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
}

void support_add_node(struct node *n)
{
	cr_assert_lt(n_nodes, ARRAY_LEN(nodes));
	nodes[n_nodes++] = n;
}

bool support_is_supd(pid_t os_pid)
{
	for (size_t i = 0; i < n_nodes; i++)
		if (nodes[i]->supd.os_pid == os_pid)
			return true;
	return false;
}

void support_init(void)
{
	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
}

/* All that descends from this process: with each death the next generation becomes ours. */
static void kill_all(void)
{
	pid_t list[256];
	size_t n;

	while ((n = proc_children(getpid(), list, ARRAY_LEN(list))) > 0) {
		for (size_t i = 0; i < n; i++) {
			kill(list[i], SIGKILL);
			waitpid(list[i], NULL, 0);
		}
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void support_fini(void)
{
	kill_all();
	for (size_t i = 0; i < n_nodes; i++) {
		node_forget(nodes[i]);
		nftw(nodes[i]->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
	while (n_kept)
		free(kept[--n_kept]);
	free(kept);
	kept = NULL;
	max_kept = 0;
	n_nodes = 0;
}
