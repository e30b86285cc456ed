/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUN_SUPPORT_H
#define TESTS_RUN_SUPPORT_H

/*
 * The real daemon with real processes. Each test has a node: a folder of its own, a configuration
 * and a supd in it; every suite is declared with RUN_SUITE, whose end kills whatever a failed test
 * has left, and removes the folder. The test's process is a subreaper: what a supd leaves behind
 * becomes its child, and node_end() fails where there is such a thing.
 *
 * Services are mostly puppets (tests/programs/puppet.c): they take orders, and tell what happens to
 * them through the node's journal. Nothing here sleeps: waits end with what is waited for, or fail
 * the test after PATIENCE. Texts handed out are borrowed, and good until the end of the test.
 */

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "lib/client.h"

#define PATIENCE 60 /* seconds; for a machine that is busy with other things */
#define NODE_LINES_MAX 4096

#define RUN_SUITE(name) TestSuite(name, .init = support_init, .fini = support_fini)

void support_init(void);
void support_fini(void);
/* Keeps memory until the end of the test; returns it. */
void *keep(void *memory);
char *keep_printf(const char *format, ...) PRINTF(1, 2);
/* Skips the test where it does not run as root. */
void need_root(void);

/* Lines that came, with a place up to which the test has looked. */
struct lines {
	char *line[NODE_LINES_MAX]; /* borrowed */
	size_t n, next;
};

/* ---- programs (program.c) ---- */

/* Who a program runs as, and what is done in it before its exec. */
struct person {
	bool other; /* false: as the test */
	uid_t uid;
	gid_t gid;
	gid_t groups[4];
	size_t n_groups;
	void (*prepare)(void *argument);
	void *argument;
};

struct program {
	pid_t os_pid; /* 0: not running */
	int pidfd;
	int out, err; /* what it prints: memory files */
};

struct output {
	int status; /* as a shell would say: 128 + N for a Unix signal */
	char *out, *err;
};

/* The user of that name, with only its own group. */
struct person person_find(const char *user);
gid_t group_find(const char *group);
/* Runs a function as somebody, in a process of its own; what it returns is returned. */
int person_run(const struct person *who, int (*run)(void *argument), void *argument);
/* Starts build/NAME, or a program in PATH where the name has a leading '!'. */
void program_start(struct program *p, const struct person *who, const char *const *env,
		   const char *const *argv);
/* Its exit status. Fails the test where it has not ended within PATIENCE. */
int program_wait(struct program *p);
/* The same, with all that it has printed. */
struct output program_end(struct program *p);
/* All of a memory file or another file that can be read from its beginning. */
char *read_all(int fd);
/* Runs a shell command to its end. */
struct output shell(const char *format, ...) PRINTF(1, 2);
/* Splits at blanks; '...' keeps them. NULL at the end. */
const char *const *split(const char *text);
/* The path of something in the build folder. */
char *build_path(const char *name);

/* ---- the node (node.c) ---- */

struct watch;

struct node {
	char folder[128];
	struct person who;
	struct program supd;
	struct client *client; /* owned; NULL: not connected */
	int journal;
	struct buf journal_rest;
	struct lines heard;
	struct watch *watches;  /* all of them */
	const char *socket;     /* FOLDER/run/control */
	const char *extra_args; /* for supd */
	const char *extra_env;  /* "A=1 B=2" */
	const char *program;    /* supd; NULL: the built one */
	const char *path;       /* supd's PATH; NULL: the usual one */
	bool finds_leaks;       /* of supctl, under a sanitizer; that takes time */
};

struct node *node_new(void);
/* supd is to run as that user, who then owns the folder. Needs root. */
void node_become(struct node *n, const char *user);
/* FOLDER/name */
char *node_path(const struct node *n, const char *name);
/* @puppet/ stands for the puppet with a name in the folder, @folder for the folder. */
char *node_expand(const struct node *n, const char *text);
void node_write(struct node *n, const char *name, const char *text);
char *node_read(const struct node *n, const char *name);
bool node_has_file(const struct node *n, const char *name);
/* Writes supd.conf: run_dir, then the text, which may begin with other keys of [supd]. */
void node_config(struct node *n, const char *text);
/* Starts supd on it; node_start() waits until it answers. */
void node_spawn(struct node *n);
void node_start(struct node *n);
struct node *node_run(const char *config); /* new, config, start */
int node_wait(struct node *n);             /* the exit status of supd */
/* SIGTERM; it must end with status 0, in order, and leave nothing. */
void node_end(struct node *n);
/* Zombies that a killed supd left to the test. */
void reap_orphans(void);
/* supd has ended: no process, no file of it is left, no sanitizer has complained. */
void node_check_nothing_left(struct node *n);
/* The log of a service, as its file has it; "": there is none. */
char *node_service_log(const struct node *n, const char *path);
char *node_log(const struct node *n); /* what supd, and services that inherit, have printed */

/* ---- puppets ---- */

void order(struct node *n, const char *puppet, const char *text);
/* The rest of the first line of the journal, from here on, that matches the glob pattern. */
const char *journal_until(struct node *n, const char *pattern);
/* The first line of all that matches, waited for. */
const char *journal_find(struct node *n, const char *pattern);
/* How many lines so far match. */
size_t journal_count(struct node *n, const char *pattern);
/* The first two lines that match stand in this order. */
bool journal_is_before(struct node *n, const char *first, const char *second);
/* A line of a puppet's report, or NULL: "sid", "env.PATH=..." */
const char *report_get(const struct node *n, const char *file, const char *key);

/* ---- supctl ---- */

/* Words as split() takes them. */
struct output supctl(struct node *n, const char *format, ...) PRINTF(2, 3);
struct output supctl_as(struct node *n, const struct person *who, const char *words);
void supctl_begin(struct node *n, struct program *p, const char *words);
/* It ends with status 0 and complains about nothing; returns what it prints. */
char *ctl(struct node *n, const char *format, ...) PRINTF(2, 3);
/* It ends with that status; returns what it complains about. */
char *ctl_fails(struct node *n, int status, const char *format, ...) PRINTF(3, 4);

/* ---- looking (look.c) ---- */

/* A row of status. */
struct row {
	const char *name, *state, *pid, *reason, *exit_status; /* NULL: none */
	pid_t os_pid;                                          /* 0: none */
	int64_t restarts;
	bool held, ready;
};

struct row look(struct node *n, const char *target);
bool exists(struct node *n, const char *target);
const char *state_of(struct node *n, const char *target);
pid_t os_pid_of(struct node *n, const char *target); /* there must be one */
void sync_tree(struct node *n);
void sync_allow_starting(struct node *n);

/* The stream of events from now on, each as "KIND NAME" or "KIND NAME REASON". */
struct watch *watch_open(struct node *n);
/* Those that were, too: for what happens by itself while supd starts. */
struct watch *watch_open_from_start(struct node *n);
/* The next line, from here on, that matches the glob pattern. */
const char *watch_until(struct watch *w, const char *pattern);
/* How many of the lines so far match. */
size_t watch_count(const struct watch *w, const char *pattern);
/* Ends it: else it ends with the test. */
void watch_close(struct watch *w);
/* The lines, from the place of the last watch_until() up to one that matches, joined by "; ". */
char *watch_join(struct watch *w, const char *pattern);

/* ---- /proc (proc.c) ---- */

bool proc_exists(pid_t os_pid);
char proc_state(pid_t os_pid); /* 'S', 'T', 'Z', ...; 0: gone */
pid_t proc_parent(pid_t os_pid);
char *proc_words(pid_t os_pid); /* its command line */
/* Children of parent but those named; returns how many. */
size_t proc_children(pid_t parent, pid_t *ret_list, size_t max); /* but log keepers */
size_t proc_keepers(pid_t parent, pid_t *ret_list, size_t max);
void proc_wait_gone(pid_t os_pid);
/* Until its state is that one: a process that stops has no event. */
void proc_wait_state(pid_t os_pid, char state);

/* ---- JSON (json.c) ---- */

/* The value of a key of the object that line is, as text without quotes; NULL: no such key. Fails
 * the test where line is no JSON object. */
char *json_get(const char *line, const char *key);
/* Each line is a JSON object; returns how many. */
size_t json_check_lines(const char *text);

#endif
