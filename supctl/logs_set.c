/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supctl/logs_follow.h"

static size_t count_files(const struct log_places *places)
{
	size_t n = 0;

	for (size_t i = 0; i < places->n; i++)
		n += places->all[i].file != NULL;
	return n;
}

/* Who follows a supervisor, or all, may meet more than there are now. */
static bool may_grow(const struct log_places *places)
{
	bool named = places->n_args > 0;

	for (size_t i = 0; i < places->n; i++)
		named = named && places->all[i].named;
	return !named;
}

int log_set_open(struct log_set *set, struct log_places *places, const struct log_wish *wish)
{
	bool grows = wish->follow && may_grow(places);
	int r = 0;

	*set = (struct log_set){.places = places, .grows = grows};
	set->pool.dir = -1;
	/* What lies there already, of services that are no more, is none that has come. */
	if (grows && logs_find(places) == -ENOMEM)
		r = -ENOMEM;
	log_show_init(&set->show, wish, grows || count_files(places) > 1);
	if (r == 0)
		r = log_pool_open(&set->pool, places->dir, wish);
	if (r == 0)
		r = log_set_add(set, 0);
	if (r == 0)
		return 0;
	log_set_close(set);
	if (r != -ENOMEM)
		return log_dir_failed(places->dir, r);
	complain("out of memory");
	return EXIT_FAILED;
}

void log_set_close(struct log_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		log_series_fini(set->all[i]);
		free(set->all[i]);
	}
	free(set->all);
	log_merge_fini(&set->merge);
	log_show_fini(&set->show);
	log_pool_close(&set->pool);
}

static int add_one(struct log_set *set, const struct log_place *place)
{
	struct log_series *s = malloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	log_series_init(s, &set->pool, place);
	s->index = set->n;
	set->all[set->n++] = s;
	log_show_widen(&set->show, place->name);
	return 0;
}

int log_set_add(struct log_set *set, size_t first_place)
{
	size_t most = set->n + set->places->n - first_place, before = set->n;
	struct log_series **all = reallocarray(set->all, most + 1, sizeof(*all));
	int r = all ? log_merge_reserve(&set->merge, most) : -ENOMEM;

	if (all)
		set->all = all;
	for (size_t i = first_place; i < set->places->n && r == 0; i++)
		if (set->places->all[i].file)
			r = add_one(set, &set->places->all[i]);
	return r ? r : log_files_list(&set->pool, set->all + before, set->n - before);
}

int log_set_show(struct log_set *set)
{
	uint64_t wanted = set->pool.wish->n, there = 0;

	for (size_t i = 0; i < set->n; i++) {
		uint64_t n;
		int r = log_series_start(set->all[i], &n);

		if (r == 0)
			r = log_merge_add(&set->merge, set->all[i]);
		if (r < 0)
			return r;
		there += n;
	}
	return log_merge_show(&set->merge,
			      wanted != UINT64_MAX && there > wanted ? there - wanted : 0,
			      &set->show);
}
