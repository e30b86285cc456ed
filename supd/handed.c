/* SPDX-License-Identifier: MIT */

#include "supd/handed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "config/expand.h"

void handed_fini(struct handed *h)
{
	free(h->fds);
	buf_fini(&h->names);
	*h = (struct handed){0};
}

void handed_clear(struct handed *h)
{
	h->n = h->n_listen = 0;
	buf_clear(&h->names);
}

static int grow(struct handed *h)
{
	size_t capacity = MAX_OF(h->capacity * 2, (size_t)8);
	struct spawn_fd *fds;

	if (h->n < h->capacity)
		return 0;
	fds = reallocarray(h->fds, capacity, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	h->fds = fds;
	h->capacity = capacity;
	return 0;
}

int handed_add(struct handed *h, int fd, int target, enum start_step step)
{
	size_t at = h->n;

	while (at > 0 && h->fds[at - 1].target > target)
		at--;
	if (at > 0 && h->fds[at - 1].target == target)
		return -EEXIST;
	if (grow(h) < 0)
		return -ENOMEM;
	memmove(h->fds + at + 1, h->fds + at, (h->n - at) * sizeof(*h->fds));
	h->fds[at] = (struct spawn_fd){.fd = fd, .target = target, .step = step};
	h->n++;
	return 0;
}

int handed_listen(struct handed *h, int fd, const char *name, const char *path)
{
	const struct expand_vars vars = {.path = path};
	char *expanded = NULL;
	int r = config_expand(name, &vars, &expanded);

	/* The bare name where it can not be read: what is stored by a process may be any text. */
	buf_printf(&h->names, "%s%s", h->n_listen ? ":" : "", r == 0 ? expanded : name);
	free(expanded);
	if (r == -ENOMEM || h->names.error)
		return -ENOMEM;
	r = handed_add(h, fd, HANDED_FIRST + (int)h->n_listen, STEP_LISTEN);
	if (r == 0)
		h->n_listen++;
	return r;
}

int handed_next(const struct handed *h)
{
	int next = HANDED_FIRST;

	for (size_t i = 0; i < h->n && h->fds[i].target <= next; i++)
		next = h->fds[i].target == next ? next + 1 : next;
	return next;
}
