/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUN_INTERNAL_H
#define TESTS_RUN_INTERNAL_H

/* Between the files that stand behind support.h. */

#include "support.h"

void support_add_node(struct node *n);
bool support_is_supd(pid_t os_pid); /* of one of the test's nodes */
void node_forget(struct node *n);   /* closes what it holds; kills nothing */

void watch_close_all(struct node *n);

/* PATIENCE from now. */
struct mono deadline(void);
/* True as soon as fd can be read; false at the deadline, or after ms where that is not -1. */
bool wait_readable(int fd, int ms);

void lines_add(struct lines *lines, char *line);
const char *lines_find(struct lines *lines, const char *pattern);
size_t lines_count(const struct lines *lines, const char *pattern);
/* All of them, for the message of a failure. */
const char *lines_join(const struct lines *lines);

/* The client of the node, connected. */
struct client *node_client(struct node *n);

#endif
