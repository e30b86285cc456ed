/* SPDX-License-Identifier: MIT */

/* The tree as a trace shows it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/otp/play_state.h"

/* ---- the tree ---- */

void play_tree_node(struct play *play, const char *path, unsigned depth, enum node_state state,
		    actor_pid pid)
{
	const struct actor_def *def = play_def(play, path);
	struct node *node;
	struct label *label;

	play->nodes = play_grow(play->nodes, play->n_nodes, sizeof(*play->nodes));
	node = &play->nodes[play->n_nodes++];
	*node = (struct node){.def = def, .depth = depth, .state = state};
	play_path_name(play, path, node->label);
	if (play_simple_parent(play, def)) {
		label = label_of_pid(play, pid);
		if (label && state == NODE_UP) {
			snprintf(node->label, sizeof(node->label), "%s", label->text);
			node->number = (unsigned)strtoul(strchr(label->text, '#') + 1, NULL, 10);
		}
	} else {
		label = label_find(play, node->label);
	}
	node->starts = label ? label->starts : 0;
	node->busy = def && def->supervisor && play->ops->is_held(play->world, def->name);
}

/* Children of a simple_one_for_one by number: a few, so the simplest sort will do. */
static void tree_sort(struct node *nodes, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = i; k && nodes[k].number < nodes[k - 1].number; k--) {
			struct node other = nodes[k];

			nodes[k] = nodes[k - 1];
			nodes[k - 1] = other;
		}
	}
}

static size_t tree_print(struct play *play, size_t i);

static void tree_print_kids(struct play *play, size_t first, size_t end)
{
	if (play->nodes[first - 1].def->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE)
		tree_sort(play->nodes + first, end - first);
	buf_putc(play->out, '{');
	for (size_t k = first; k < end;) {
		if (k > first)
			buf_putc(play->out, ' ');
		k = tree_print(play, k);
	}
	buf_putc(play->out, '}');
}

/* Returns the node after i and all that is below it. */
static size_t tree_print(struct play *play, size_t i)
{
	static const char *const states[] = {[NODE_DOWN] = "down",
					     [NODE_UP] = "up",
					     [NODE_STARTING] = "starting",
					     [NODE_RESTARTING] = "restarting"};
	const struct node *node = &play->nodes[i];
	size_t end = i + 1;

	while (end < play->n_nodes && play->nodes[end].depth > node->depth)
		end++;
	if (play_simple_parent(play, node->def) && node->state != NODE_UP) {
		buf_puts(play->out, states[node->state]);
		return end;
	}
	buf_printf(play->out, "%s:%s:%u", node->label, node->busy ? "busy" : states[node->state],
		   node->starts);
	if (node->def->supervisor && node->state == NODE_UP && !node->busy)
		tree_print_kids(play, i + 1, end);
	return end;
}

int play_put_tree(struct play *play)
{
	const char *root = scenario_root(play->scenario)->name;
	struct label *label = label_find(play, root);

	buf_puts(play->out, "tree ");
	if (!label || !label->alive) {
		buf_printf(play->out, "%s:down:%u", root, label ? label->starts : 0);
	} else {
		play->n_nodes = 0;
		if (play->ops->walk(play->world) < 0)
			return -1;
		tree_print(play, 0);
	}
	buf_puts(play->out, "\n.\n");
	return 0;
}
