/* SPDX-License-Identifier: MIT */

/* Processes that actors spawn: linked, monitored, both, or by themselves: post.h. */

#include <stdlib.h>

#include "base/macros.h"
#include "tests/sim/post.h"

static struct spec *random_spec(struct sim *sim)
{
	static const int64_t spans[] = {0, 100, 5000, 60000};
	struct spec *spec = spec_new(CHILD_SERVICE, "spawned");

	if (!spec)
		abort();
	spec->ready = READY_EXEC;
	spec->restart = RESTART_TEMPORARY;
	spec->shutdown_span = SPAN_MS(spans[rng_below(&sim->rng, ARRAY_LEN(spans))]);
	actors_random_spec(sim, spec);
	return spec;
}

void spawn_random(struct sim *sim, struct player *player)
{
	struct post *post = sim->post;
	struct spec *spec;
	struct spawning *s;
	struct event event = {.kind = EVENT_REQUEST};

	if (post->n_spawns == SPAWNS_MAX || !post_is_well(sim, player))
		return;
	spec = random_spec(sim);
	s = &post->spawns[post->n_spawns++];
	*s = (struct spawning){.id = POST_SPAWN_IDS + post->next_id++, .creator = player->pid};
	s->linked = rng_chance(&sim->rng, 60);
	s->ref = rng_chance(&sim->rng, 50) ? post->next_ref++ : 0;
	event.request = (struct request){.id = s->id,
					 .kind = REQUEST_SPAWN,
					 .source = player->source,
					 .spec = spec,
					 .on = s->linked,
					 .ref = s->ref};
	post->is_spawning = true;
	actors_event(sim, player->source, &event);
	post->is_spawning = false;
	spec_unref(spec);
}

/* Its ties are there before it is. */
void spawn_starts(struct sim *sim, struct player *player)
{
	struct post *post = sim->post;
	struct spawning *s = post->n_spawns ? &post->spawns[post->n_spawns - 1] : NULL;

	if (!post->is_spawning || !s || s->pid.n) {
		sim_fail(sim, "pid %llu: started outside the tree, and nobody has spawned it",
			 (unsigned long long)player->pid.n);
		return;
	}
	s->pid = player->pid;
	player->spawned = true;
	if (s->linked)
		post_link(sim, s->creator, s->pid);
	if (s->ref)
		post_watch(sim, BOND_MONITOR, s->creator, s->pid, s->ref);
}

void spawn_take_reply(struct sim *sim, const struct reply *reply)
{
	struct post *post = sim->post;
	uint32_t i = 0;

	while (i < post->n_spawns && post->spawns[i].id != reply->id)
		i++;
	if (i == post->n_spawns) {
		sim_fail(sim, "a spawn is answered twice");
		return;
	}
	if (reply->answer == ANSWER_OK && reply->pid.n != post->spawns[i].pid.n)
		sim_fail(sim, "a spawn is answered with another pid");
	if (reply->answer == ANSWER_START_FAILED && !post_player(sim, post->spawns[i].pid)->dead)
		sim_fail(sim, "pid %llu: said not to have started, and it lives",
			 (unsigned long long)post->spawns[i].pid.n);
	post->spawns[i] = post->spawns[--post->n_spawns];
}

void spawn_check_rest(struct sim *sim)
{
	if (sim->post->n_spawns)
		sim_fail(sim, "a spawn has no answer, and the tree rests");
}
