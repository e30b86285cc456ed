/* SPDX-License-Identifier: MIT */
#ifndef TESTS_OTP_PLAY_STATE_H
#define TESTS_OTP_PLAY_STATE_H

/* The state of a play, for play.c, play_tree.c and play_actors.c and no one else. */

#include "tests/otp/play.h"

#define LINE_MAX_SIZE 512

/* A name in the trace: an actor's, or NAME#k for the children of a simple_one_for_one. */
struct label {
	char text[LABEL_MAX];
	actor_pid pid; /* of the last that was ready under it */
	unsigned starts;
	bool alive;
};

/* Every incarnation that was ready: two supervisors may each have a child of one name. */
struct life {
	actor_pid pid;
	size_t label;
};

/* Made by an actor, and neither taken back nor answered yet. */
struct monitor {
	uint64_t ref;
	actor_pid owner;
	char mark[LABEL_MAX]; /* its name in the scenario */
	char of[LABEL_MAX];
};

struct node {
	char label[LABEL_MAX];
	const struct actor_def *def;
	unsigned depth;
	unsigned number; /* under a simple_one_for_one */
	unsigned starts;
	enum node_state state;
	bool busy;
};

struct lines {
	char (*at)[LINE_MAX_SIZE]; /* owned */
	size_t n;
};

struct play {
	const struct scenario *scenario;
	const struct world_ops *ops;
	void *world;
	struct label *labels; /* owned */
	size_t n_labels;
	struct life *lives; /* owned */
	size_t n_lives;
	struct node *nodes; /* owned */
	size_t n_nodes;
	struct lines log, notes, rows;
	struct buf *out;
	char answer[1024];        /* of the call in hand */
	unsigned pending;         /* async calls not answered */
	struct monitor *monitors; /* owned; active ones */
	size_t n_monitors;
	uint64_t n_refs;
	bool ended; /* the root's end, with its reason in end */
	char end[LINE_MAX_SIZE];
};

void *play_grow(void *array, size_t n, size_t size); /* by one; ends the program without memory */
void lines_add(struct lines *lines, const char *text);
struct label *label_find(struct play *play, const char *text); /* NULL: none */
struct label *label_live(struct play *play, const char *text); /* NULL: it is not alive */
struct label *label_of_pid(const struct play *play, actor_pid pid);
/* The name in a path's last part: "/" -> the root's, "d1/d1t@3" -> "d1t". */
void play_path_name(const struct play *play, const char *path, char name[LABEL_MAX]);
/* The parent of def, where it is a simple_one_for_one; else NULL. */
const struct actor_def *play_simple_parent(const struct play *play, const struct actor_def *def);

/* The line of the tree and the end of a block. 0 or -1 (play_tree.c). */
int play_put_tree(struct play *play);
/* An event that one worker does to another: link, unlink, monitor, demonitor, trap; sets the
 * answer. 0 or -1 (play_actors.c). */
int play_do_act(struct play *play, char *const *words);

#endif
