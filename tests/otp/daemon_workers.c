/* SPDX-License-Identifier: MIT */

/*
 * The driver's side of tests/programs/otp_worker.c: orders to the workers that live, and the
 * messages that they have noted.
 *
 * Whom an exit signal ends is told so at once (SEMANTICS 45), and processes that end at the same
 * time end in any order. OTP's end one after the other, and so do these: a doomed worker may end
 * when all have that were killed or doomed before it. One whose service says brutal_kill does not
 * wait for that: where it overtakes another one, the scenario is to be played again.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/otp/daemon.h"

void workers_open(struct workers *workers, struct play *play, const struct node *node)
{
	*workers = (struct workers){.play = play, .node = node};
	workers->notes = open("notes", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
}

void workers_close(struct workers *workers)
{
	if (workers->notes > 0)
		close(workers->notes);
	buf_fini(&workers->rest);
	free(workers->live);
	free(workers->dying);
	free(workers->stopping);
	*workers = (struct workers){0};
}

static void list_add(actor_pid **list, size_t *n, actor_pid pid)
{
	actor_pid *grown = reallocarray(*list, *n + 1, sizeof(*grown));

	if (!grown)
		abort();
	*list = grown;
	grown[(*n)++] = pid;
}

static void list_remove(actor_pid *list, size_t *n, actor_pid pid)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (list[i].n != pid.n)
			list[kept++] = list[i];
	*n = kept;
}

/* ---- orders ---- */

static int open_fifo(const struct workers *workers, actor_pid pid, const char *ending, int flags)
{
	char text[ACTOR_PID_TEXT_MAX], path[ACTOR_PID_TEXT_MAX + 8];
	int fd;

	snprintf(path, sizeof(path), "%s%s", actor_pid_format(pid, text), ending);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? node_fail(workers->node, "%s: %s", path, strerror(errno)) : fd;
}

int workers_order(struct workers *workers, actor_pid pid, const char *order)
{
	int fd = open_fifo(workers, pid, ".orders", O_WRONLY | O_NONBLOCK);
	int size = fd < 0 ? 0 : dprintf(fd, "%s\n", order);

	if (fd >= 0)
		close(fd);
	return size > 0 ? 0 : node_fail(workers->node, "an order to a worker is lost: %s", order);
}

/* The worker has carried out an order, or has ended: nobody else has that FIFO open. */
static int wait_done(const struct workers *workers, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char byte;

	if (poll(&p, 1, PATIENCE * 1000) <= 0)
		return node_fail(workers->node, "a worker does not do what it is told");
	return read(fd, &byte, 1) < 0 ? node_fail(workers->node, "%s", strerror(errno)) : 0;
}

int workers_do(struct workers *workers, actor_pid pid, const char *order)
{
	int fd = open_fifo(workers, pid, ".done", O_RDONLY | O_NONBLOCK);
	int r = fd < 0 ? -1 : workers_order(workers, pid, order);

	if (r == 0)
		r = wait_done(workers, fd);
	if (fd >= 0)
		close(fd);
	return r;
}

/* ---- lives ---- */

/* It may have ended already, or be held before it can be told anything. */
static void may_end(actor_pid pid)
{
	char text[ACTOR_PID_TEXT_MAX], path[ACTOR_PID_TEXT_MAX + 8];
	int fd;

	snprintf(path, sizeof(path), "%s.orders", actor_pid_format(pid, text));
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	dprintf(fd, "end\n");
	close(fd);
}

static bool list_has(const actor_pid *list, size_t n, actor_pid pid)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].n == pid.n)
			return true;
	return false;
}

static void take_doom(struct workers *workers, actor_pid pid)
{
	if (list_has(workers->dying, workers->n_dying, pid) ||
	    list_has(workers->stopping, workers->n_stopping, pid))
		return;
	list_add(&workers->dying, &workers->n_dying, pid);
	if (workers->n_dying == 1)
		may_end(pid);
}

static void take_end(struct workers *workers, actor_pid pid)
{
	if (list_has(workers->dying, workers->n_dying, pid) && workers->dying[0].n != pid.n)
		workers->disordered = true;
	list_remove(workers->live, &workers->n_live, pid);
	list_remove(workers->stopping, &workers->n_stopping, pid);
	list_remove(workers->dying, &workers->n_dying, pid);
	if (workers->n_dying)
		may_end(workers->dying[0]);
}

void workers_take(struct workers *workers, const char *event, actor_pid pid)
{
	if (strcmp(event, "ready") == 0)
		list_add(&workers->live, &workers->n_live, pid);
	if (strcmp(event, "stopping") == 0) {
		list_add(&workers->stopping, &workers->n_stopping, pid);
		may_end(pid);
	}
	if (strcmp(event, "killing") == 0 || strcmp(event, "doomed") == 0)
		take_doom(workers, pid);
	if (strcmp(event, "exit") == 0 || strcmp(event, "start_failed") == 0)
		take_end(workers, pid);
}

void workers_let_go(struct workers *workers)
{
	for (size_t i = 0; i < workers->n_live; i++)
		may_end(workers->live[i]);
}

/* ---- messages ---- */

static void take_note(struct workers *workers, char *line)
{
	char pid_text[ACTOR_PID_TEXT_MAX], what[8];
	uint64_t number;
	actor_pid pid;
	int at = 0;

	if (sscanf(line, "%31s %7s %" SCNu64 " %n", pid_text, what, &number, &at) < 3 || !at ||
	    actor_pid_parse(pid_text, &pid) < 0)
		return;
	if (strcmp(what, "EXIT") == 0)
		play_took_exit(workers->play, pid, (actor_pid){number}, line + at);
	else
		play_took_down(workers->play, pid, number, line + at);
}

int workers_read_notes(struct workers *workers)
{
	struct buf *rest = &workers->rest;
	char chunk[4096];
	char *end;
	ssize_t n;

	while ((n = read(workers->notes, chunk, sizeof(chunk))) > 0)
		buf_append(rest, chunk, (size_t)n);
	if (n < 0 || rest->error)
		return node_fail(workers->node, "the workers' notes can not be read");
	while (rest->size && (end = memchr(rest->data, '\n', rest->size))) {
		*end = '\0';
		take_note(workers, rest->data);
		buf_consume(rest, (size_t)(end - rest->data) + 1);
	}
	return 0;
}

int workers_flush(struct workers *workers)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < workers->n_live; i++)
		r = workers_do(workers, workers->live[i], "flush");
	return r;
}
