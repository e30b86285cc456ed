/* SPDX-License-Identifier: MIT */

#include "supctl/logs_merge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void log_merge_fini(struct log_merge *merge)
{
	free(merge->heap);
	*merge = (struct log_merge){0};
}

int log_merge_reserve(struct log_merge *merge, size_t n)
{
	struct log_series **heap;

	if (n <= merge->room)
		return 0;
	heap = reallocarray(merge->heap, n, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	merge->heap = heap;
	merge->room = n;
	return 0;
}

static bool is_before(const struct log_series *a, const struct log_series *b)
{
	return a->rank.us != b->rank.us ? a->rank.us < b->rank.us : a->index < b->index;
}

static void sift_up(struct log_merge *merge, size_t i)
{
	struct log_series *s = merge->heap[i];

	for (; i > 0 && is_before(s, merge->heap[(i - 1) / 2]); i = (i - 1) / 2)
		merge->heap[i] = merge->heap[(i - 1) / 2];
	merge->heap[i] = s;
}

static void sift_down(struct log_merge *merge)
{
	struct log_series *s = merge->heap[0];
	size_t i = 0;

	for (;;) {
		size_t below = 2 * i + 1;

		if (below + 1 < merge->n && is_before(merge->heap[below + 1], merge->heap[below]))
			below++;
		if (below >= merge->n || !is_before(merge->heap[below], s))
			break;
		merge->heap[i] = merge->heap[below];
		i = below;
	}
	merge->heap[i] = s;
}

int log_merge_add(struct log_merge *merge, struct log_series *s)
{
	int r = log_series_next(s);

	if (r <= 0)
		return r;
	merge->heap[merge->n] = s;
	sift_up(merge, merge->n++);
	return 0;
}

int log_merge_show(struct log_merge *merge, uint64_t skip, struct log_show *show)
{
	while (merge->n) {
		struct log_series *s = merge->heap[0];
		int r;

		if (skip)
			skip--;
		else
			log_show_line(show, s);
		if (ferror(stdout))
			return -EPIPE;
		r = log_series_next(s);
		if (r < 0)
			return r;
		if (r == 0)
			merge->heap[0] = merge->heap[--merge->n];
		if (merge->n)
			sift_down(merge);
	}
	return 0;
}
