/* SPDX-License-Identifier: MIT */

/*
 * The chain of causes: every change of a child's state is a link with the link that led to it, its
 * own or another child's. A child keeps its last CHAIN_LENGTH links in a ring; an older one is
 * gone, and whoever follows a cause to it finds nothing under its sequence number.
 *
 * Room for a whole ring is reserved with the slot, so that adding a link never allocates. It lies
 * in blocks, by place in the ring first and by slot second: memory that no child has come to yet is
 * never touched, and costs nothing. Most services only ever have their first few links.
 */

#include <errno.h>
#include <stdlib.h>

#include "core/model.h"

#define CHAIN_BLOCK_SLOTS 128

struct chain_block {
	struct link links[CHAIN_LENGTH][CHAIN_BLOCK_SLOTS];
};

int chain_reserve(struct core *core, size_t n_slots)
{
	size_t n = (n_slots + CHAIN_BLOCK_SLOTS - 1) / CHAIN_BLOCK_SLOTS;
	struct chain_block **chains;

	if (n <= core->n_chains)
		return 0;
	chains = realloc(core->chains, n * sizeof(*chains));
	if (!chains)
		return -ENOMEM;
	core->chains = chains;
	while (core->n_chains < n) {
		chains[core->n_chains] = malloc(sizeof(struct chain_block));
		if (!chains[core->n_chains])
			return -ENOMEM;
		core->n_chains++;
	}
	return 0;
}

/* Where the i-th link of all that the child ever had is, or was. */
static struct link *chain_place(const struct child *c, uint64_t i)
{
	struct chain_block *block = c->core->chains[c->slot / CHAIN_BLOCK_SLOTS];

	return &block->links[i % CHAIN_LENGTH][c->slot % CHAIN_BLOCK_SLOTS];
}

struct cause cause_origin(enum origin origin)
{
	return (struct cause){.slot = SLOT_NONE, .origin = origin};
}

static struct cause chain_put(struct child *c, const struct link *link)
{
	struct core *core = c->core;
	struct link *l = chain_place(c, c->n_links);
	struct effect *e;

	if (c->n_links++ >= CHAIN_LENGTH)
		reason_fini(&l->reason);
	*l = *link;
	l->seq = core->next_seq++;
	l->at = core->now;
	l->pid = c->actor.pid;
	l->reason = reason_copy(&link->reason);
	e = effect_add(core, FX_NOTICE, c);
	e->link = *l;
	e->link.reason = reason_copy(&l->reason);
	return (struct cause){.seq = l->seq, .slot = c->slot};
}

struct cause chain_add(struct child *c, enum link_kind kind, struct cause cause,
		       const struct reason *reason, int32_t code)
{
	return chain_put(c, &(struct link){.kind = kind,
					   .cause = cause,
					   .code = code,
					   .reason = reason ? *reason : REASON(REASON_NONE)});
}

struct cause chain_add_from(struct child *c, enum link_kind kind, struct cause cause,
			    const struct reason *reason, actor_pid from)
{
	return chain_put(c, &(struct link){.kind = kind,
					   .cause = cause,
					   .from = from,
					   .reason = reason ? *reason : REASON(REASON_NONE)});
}

struct cause chain_last(const struct child *c)
{
	if (!c->n_links)
		return cause_origin(ORIGIN_NONE);
	return (struct cause){.seq = chain_place(c, c->n_links - 1)->seq, .slot = c->slot};
}

void chain_fini(struct child *c)
{
	for (uint64_t i = MIN_OF(c->n_links, (uint64_t)CHAIN_LENGTH); i > 0; i--)
		reason_fini(&chain_place(c, c->n_links - i)->reason);
}

void chain_free_all(struct core *core)
{
	for (size_t i = 0; i < core->n_chains; i++)
		free(core->chains[i]);
	free(core->chains);
}

const struct link *core_chain(const struct core *core, uint32_t slot, uint32_t i)
{
	const struct child *c = slot < core->n_slots ? core->slots[slot] : NULL;

	if (!c || i >= CHAIN_LENGTH || i >= c->n_links)
		return NULL;
	return chain_place(c, c->n_links - 1 - i);
}

const struct link *core_find_link(const struct core *core, struct cause cause)
{
	const struct link *l;

	for (uint32_t i = 0; cause.seq && (l = core_chain(core, cause.slot, i)); i++)
		if (l->seq == cause.seq)
			return l;
	return NULL;
}
