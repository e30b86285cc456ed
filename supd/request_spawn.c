/* SPDX-License-Identifier: MIT */

/*
 * spawn: an actor has a process started. What that is made of is put together here, as a spec like
 * that of a service: the command as it came, word for word; the caller's working directory, unless
 * another is named; the caller's Unix user, groups, umask and outputs, and what is handed on to it
 * of the daemon's environment, with the settings of the request on top. A guest's process runs as
 * the guest's user with its groups, as the kernel told them when it connected.
 *
 * Fds that come with the request become its standard input, output or error; ours are closed
 * whatever becomes of it.
 */

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "config/expand.h"
#include "config/words.h"
#include "supd/process.h"
#include "supd/foreign.h"
#include "supd/request.h"
#include "supd/rows.h"

/* A start under construction; what is wrong with it is said once, in why. */
struct spawning {
	struct conn *conn; /* borrowed */
	const struct wire_frame *frame;
	struct spec *spec;              /* owned count */
	struct process_streams streams; /* owned fds */
	const struct exec *caller;      /* borrowed; NULL: a guest's */
	const char *caller_path;        /* borrowed */
	uint32_t caller_slot;           /* SLOT_NONE: a guest */
	pid_t caller_os_pid;
	const char *user; /* borrowed; NULL: the caller's own */
	uid_t uid;
	struct buf why; /* empty: nothing is wrong */
	enum status status;
};

static void spawning_fini(struct spawning *s)
{
	for (size_t i = 0; i < ARRAY_LEN(s->streams.fd); i++)
		if (s->streams.fd[i] >= 0)
			foreign_close(s->streams.fd[i]);
	spec_unref(s->spec);
	buf_fini(&s->why);
}

static bool spawning_refuse(struct spawning *s, enum status status, const char *why)
{
	s->status = status;
	buf_puts(&s->why, why);
	return false;
}

/* ---- fds ---- */

void request_drop_fds(struct conn *conn, const struct wire_frame *frame)
{
	struct field list;
	size_t cursor = 0;

	if (!field_find(frame, "fds", FIELD_LIST, &list))
		return;
	while (field_list_next(&list, &cursor)) {
		int fd = conn_take_fd(conn);

		if (fd >= 0)
			foreign_close(fd);
	}
}

static bool spawning_take_fds(struct spawning *s)
{
	struct field list;
	size_t cursor = 0;
	const char *name;
	bool good = true;

	if (!field_find(s->frame, "fds", FIELD_LIST, &list))
		return true;
	while ((name = field_list_next(&list, &cursor))) {
		int fd = conn_take_fd(s->conn);
		size_t i = *name >= '0' && *name <= '2' && !name[1] ? (size_t)(*name - '0') : 3;

		if (i < 3 && fd >= 0 && s->streams.fd[i] < 0) {
			s->streams.fd[i] = fd;
			continue;
		}
		good = false;
		if (fd >= 0)
			foreign_close(fd);
	}
	return good || spawning_refuse(s, STATUS_USAGE,
				       "fds: each of 0, 1 and 2 once at the most, and as many fds "
				       "with the request");
}

/* ---- texts ---- */

/* Appends a text that is to come out of the expansion as it is. False: no memory. */
static bool append_literal(char ***list, const char *text, bool variables)
{
	char *literal CLEANUP(cleanup_free) = config_literal(text, variables);

	return literal && words_append(list, literal) == 0;
}

static bool spawning_take_command(struct spawning *s)
{
	struct exec *exec = s->spec->exec;
	struct field list;
	size_t cursor = 0;
	const char *word;
	bool good = true;

	if (!field_find(s->frame, "command", FIELD_LIST, &list))
		return spawning_refuse(s, STATUS_USAGE, "which command? The list is missing");
	while (good && (word = field_list_next(&list, &cursor)))
		good = append_literal(&exec->argv, word, true);
	if (!good)
		return spawning_refuse(s, STATUS_FAILED, "the daemon is short of memory");
	return (exec->argv && *exec->argv[0]) ||
	       spawning_refuse(s, STATUS_USAGE, "the command is empty");
}

static bool spawning_take_environment(struct spawning *s)
{
	struct exec *exec = s->spec->exec;
	struct field list;
	size_t cursor = 0;
	const char *setting;

	if (!field_find(s->frame, "environment", FIELD_LIST, &list))
		return true;
	while ((setting = field_list_next(&list, &cursor))) {
		const char *equals = strchr(setting, '=');

		if (!equals || equals == setting)
			return spawning_refuse(s, STATUS_USAGE,
					       "environment: use NAME=VALUE for each");
		if (!append_literal(&exec->environment, setting, false))
			return spawning_refuse(s, STATUS_FAILED, "the daemon is short of memory");
	}
	return true;
}

/* The kernel tells us where it is for us. */
static const char *inside_chroot(const struct spawning *s, const char *path)
{
	const struct expand_vars vars = {.path = s->caller_path};
	char *root CLEANUP(cleanup_free) = NULL;
	char *resolved CLEANUP(cleanup_free) = NULL;
	size_t size;

	if (!s->caller || !s->caller->setup || !s->caller->setup->chroot ||
	    config_expand(s->caller->setup->chroot, &vars, &root) != 0)
		return path;
	resolved = realpath(root, NULL);
	size = resolved ? strlen(resolved) : 0;
	if (size <= 1 || strncmp(path, resolved, size) != 0)
		return path;
	return path[size] == '/' ? path + size : path[size] ? path : "/";
}

static bool spawning_take_directory(struct spawning *s)
{
	const char *directory = field_text(s->frame, "directory");
	char link[64], path[PATH_MAX];
	ssize_t size;

	if (directory && *directory != '/')
		return spawning_refuse(s, STATUS_USAGE,
				       "directory: use an absolute path, one that begins with /");
	if (!directory) {
		snprintf(link, sizeof(link), "/proc/%d/cwd", (int)s->caller_os_pid);
		size = readlink(link, path, sizeof(path) - 1);
		if (size < 0)
			return spawning_refuse(s, STATUS_FAILED,
					       "the working directory of who asks can not be "
					       "found: name one");
		path[size] = '\0';
		directory = inside_chroot(s, path);
	}
	s->spec->exec->working_directory = config_literal(directory, false);
	return s->spec->exec->working_directory ||
	       spawning_refuse(s, STATUS_FAILED, "the daemon is short of memory");
}

/* ---- who ---- */

static bool set_number(char **field, unsigned number)
{
	return asprintf(field, "%u", number) >= 0 || (*field = NULL);
}

static bool append_number(char ***list, unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	return words_append(list, text) == 0;
}

/* A guest's own: the last of its groups is its first. An ordinary user's daemon can not change
 * that. */
static bool be_peer(struct exec *exec, const struct peer *peer)
{
	bool good;

	if (geteuid() != 0 && peer->uid == geteuid())
		return true;
	good = words_list("", &exec->groups) == 0 && set_number(&exec->user, peer->uid);
	for (size_t i = 0; good && i + 1 < peer->n_groups; i++)
		good = append_number(&exec->groups, peer->groups[i]);
	return good &&
	       (!peer->n_groups || set_number(&exec->group, peer->groups[peer->n_groups - 1]));
}

static bool copy_list(char ***to, char *const *from)
{
	bool good = !from || words_list("", to) == 0;

	for (; good && from && *from; from++)
		good = words_append(to, *from) == 0;
	return good;
}

static bool copy_text(char **to, const char *from)
{
	return !from || (*to = strdup(from));
}

static bool be_caller(struct exec *exec, const struct exec *caller)
{
	return copy_text(&exec->user, caller->user) && copy_text(&exec->group, caller->group) &&
	       copy_list(&exec->groups, caller->groups);
}

/* The number of a user by name; false: there is none. */
static bool find_uid(const char *name, uid_t *ret_uid)
{
	const struct passwd *passwd = getpwnam(name);
	uint64_t number;

	if (!passwd && text_parse_u64(name, UINT32_MAX - 1, &number) < 0)
		return false;
	*ret_uid = passwd ? passwd->pw_uid : (uid_t)number;
	return true;
}

static bool spawning_take_user(struct spawning *s)
{
	struct exec *exec = s->spec->exec;
	bool good;

	s->user = field_text(s->frame, "user");
	if (s->user && !find_uid(s->user, &s->uid))
		return spawning_refuse(s, STATUS_FAILED, "there is no such user");
	if (s->user)
		good = copy_text(&exec->user, s->user);
	else if (s->caller)
		good = be_caller(exec, s->caller);
	else
		good = be_peer(exec, &s->conn->peer);
	return good || spawning_refuse(s, STATUS_FAILED, "the daemon is short of memory");
}

/* ---- what it has of its caller ---- */

/* A file's name as it is for the caller. */
static bool copy_output(struct output *to, const struct output *from, const char *path)
{
	const struct expand_vars vars = {.path = path};
	char *expanded CLEANUP(cleanup_free) = NULL;

	to->kind = from->kind;
	if (from->kind != OUTPUT_FILE)
		return true;
	if (config_expand(from->path, &vars, &expanded) != 0)
		return false;
	to->path = config_literal(expanded, false);
	return to->path;
}

/*
 * Nobody gets out of what keeps it in bounds by having another process started. What it was given
 * is not for another user.
 */
static bool inherit_setup(const struct spawning *s)
{
	struct exec *exec = s->spec->exec;
	const struct exec_setup *setup = s->caller->setup;
	const struct expand_vars vars = {.path = s->caller_path};
	char *expanded CLEANUP(cleanup_free) = NULL;

	if (!setup)
		return true;
	if (!exec_part(exec, PART_SETUP) || exec_setup_inherit(exec->setup, setup) < 0)
		return false;
	if (s->user)
		exec->setup->ambient = (struct exec_capabilities){.given = false};
	if (!setup->chroot)
		return true;
	if (config_expand(setup->chroot, &vars, &expanded) != 0)
		return false;
	free(exec->setup->chroot);
	exec->setup->chroot = config_literal(expanded, false);
	return exec->setup->chroot;
}

static bool spawning_inherit(struct spawning *s)
{
	struct exec *exec = s->spec->exec;
	const struct exec *caller = s->caller;

	if (!caller)
		return true;
	exec->umask = caller->umask;
	return (inherit_setup(s) && copy_list(&exec->pass_environment, caller->pass_environment) &&
		copy_output(&exec->standard_output, &caller->standard_output, s->caller_path) &&
		copy_output(&exec->standard_error, &caller->standard_error, s->caller_path)) ||
	       spawning_refuse(s, STATUS_FAILED, "the daemon is short of memory");
}

static void spawning_find_caller(struct spawning *s, struct child_view *v)
{
	const struct daemon *d = s->conn->control->daemon;
	uint32_t slot = core_find_pid(d->core, s->conn->actor);

	s->caller_os_pid = s->conn->peer.os_pid;
	s->caller_slot = SLOT_NONE;
	if (s->conn->role == CONN_GUEST || !core_view(d->core, slot, v) || !v->spec->exec)
		return;
	s->caller = v->spec->exec;
	s->caller_path = v->path;
	s->caller_slot = slot;
	s->caller_os_pid = process_os_pid(d, slot);
}

/* ---- the request ---- */

static bool spawning_make_spec(struct spawning *s)
{
	s->spec = spec_new(CHILD_SERVICE, "spawned");
	if (s->spec)
		s->spec->exec = exec_new();
	if (!s->spec || !s->spec->exec)
		return spawning_refuse(s, STATUS_FAILED, "the daemon is short of memory");
	s->spec->restart = RESTART_TEMPORARY;
	if (!spawning_take_command(s) || !spawning_take_environment(s) ||
	    !spawning_take_directory(s) || !spawning_take_user(s) || !spawning_inherit(s))
		return false;
	s->streams.spec = s->spec;
	s->streams.spawner = s->caller_slot;
	return true;
}

static bool spawning_take_ties(struct spawning *s, struct request *request)
{
	request->on = field_bool(s->frame, "link");
	request->ref = (uint64_t)field_int(s->frame, "monitor", 0);
	if (request->on && s->conn->role == CONN_GUEST)
		return spawning_refuse(s, STATUS_USAGE, "link: only inside an actor");
	return true;
}

void request_take_spawn(struct conn *conn, const struct request_command *command,
			const struct wire_frame *frame)
{
	struct request request = {.kind = command->kind};
	struct spawning s CLEANUP(spawning_fini) = {
		.conn = conn,
		.frame = frame,
		.streams.fd = {-1, -1, -1},
		.why = BUF_INIT,
	};
	struct child_view v;

	if (!spawning_take_fds(&s) || !spawning_take_ties(&s, &request)) {
		request_fail(conn, frame->ref, s.status, "spawn: %s", buf_text(&s.why));
		return;
	}
	if (!conn_join(conn))
		return;
	spawning_find_caller(&s, &v);
	if (!spawning_make_spec(&s)) {
		request_fail(conn, frame->ref, s.status, "spawn: %s", buf_text(&s.why));
		return;
	}
	request.spec = s.spec;
	request.child = s.user;
	request.uid = s.uid;
	process_hand(conn->control->daemon, &s.streams);
	request_submit(conn, command, frame, &request);
	process_hand(conn->control->daemon, NULL);
}

/* ---- the answer ---- */

void request_answer_spawn(struct pending *pending, const struct reply *reply)
{
	const struct daemon *d = pending->conn->control->daemon;
	struct buf error CLEANUP(buf_fini) = BUF_INIT;
	char pid[ACTOR_PID_TEXT_MAX], reason[REASON_FORMAT_MAX];
	struct wire_encoder e;
	struct child_view v;

	if (reply->answer != ANSWER_OK && reply->answer != ANSWER_START_FAILED) {
		request_answer_actor(pending, reply);
		return;
	}
	conn_begin(pending->conn, &e, WIRE_REPLY, pending->ref);
	if (reply->answer == ANSWER_OK) {
		field_put_int(&e, FIELD_HIDDEN, "status", STATUS_OK);
		field_put_text(&e, 0, "pid", actor_pid_format(reply->pid, pid));
		field_put_int(&e, 0, "os_pid", process_os_pid(d, reply->slot));
	} else {
		row_explain(&error, &reply->reason,
			    core_view(d->core, reply->slot, &v) ? v.spec : NULL);
		field_put_int(&e, FIELD_HIDDEN, "status", STATUS_FAILED);
		field_put_text(&e, 0, "reason", reason_format(&reply->reason, reason));
		field_put_text(&e, 0, "error", buf_text(&error));
	}
	conn_end(pending->conn, &e);
}
