/* SPDX-License-Identifier: MIT */

#include "supd/prepare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/expand.h"
#include "supd/directories.h"
#include "supd/prepare_setup.h"

static const char *const passed_by_default[] = {"PATH", "LANG", "TZ", NULL};

/* What others told the daemon about itself. */
static const char *const never_passed[] = {
	"NOTIFY_SOCKET",   "WATCHDOG_PID",    "WATCHDOG_USEC",  "LISTEN_PID", "LISTEN_FDS",
	"LISTEN_FDNAMES",  "FDSTORE",         "SUP_FD",         "SUP_TOKEN",  "RUNTIME_DIRECTORY",
	"STATE_DIRECTORY", "CACHE_DIRECTORY", "LOGS_DIRECTORY", NULL,
};

void preparation_fini(struct preparation *p)
{
	identity_fini(&p->identity);
	handed_fini(&p->handed);
	texts_fini(&p->environment);
	texts_fini(&p->argv);
	texts_fini(&p->programs);
	buf_fini(&p->directory);
	buf_fini(&p->output);
	buf_fini(&p->error);
	buf_fini(&p->chroot);
	buf_fini(&p->input);
	buf_fini(&p->file);
	buf_fini(&p->object);
	*p = (struct preparation){0};
}

/* ---- expansion ---- */

static bool is_plain(const char *text)
{
	return !text[strcspn(text, "%$")];
}

/* Into out, which is emptied first. 0 or -errno. */
static int expand(const char *text, const struct expand_vars *vars, struct buf *out)
{
	char *expanded = NULL;
	int r;

	buf_clear(out);
	if (is_plain(text))
		return buf_puts(out, text);
	r = config_expand(text, vars, &expanded);
	if (r == 0)
		r = buf_puts(out, expanded);
	free(expanded);
	return r > 0 ? -EINVAL : r;
}

/* Into a list, as a word of a command or as a setting. */
static int expand_to(const char *text, const struct expand_vars *vars, struct texts *list,
		     void (*put)(struct texts *list, const char *text))
{
	char *expanded = NULL;
	int r;

	if (is_plain(text)) {
		put(list, text);
		return list->error;
	}
	r = config_expand(text, vars, &expanded);
	if (r == 0)
		put(list, expanded);
	free(expanded);
	return r > 0 ? -EINVAL : r < 0 ? r : list->error;
}

/* ---- environment ---- */

static void pass_one(struct preparation *p, const struct prepare_what *what, const char *name)
{
	const char *value = expand_find(what->environment, name, strlen(name));

	if (value)
		texts_set_value(&p->environment, name, value);
}

static void pass_environment(struct preparation *p, const struct prepare_what *what)
{
	const char *const *by_default = passed_by_default;
	char *const *names = what->exec->pass_environment;

	for (; !names && *by_default; by_default++)
		pass_one(p, what, *by_default);
	for (; names && *names; names++) {
		if (strcmp(*names, "*") != 0) {
			pass_one(p, what, *names);
			continue;
		}
		for (char *const *setting = what->environment; *setting; setting++) {
			if (strchr(*setting, '='))
				texts_set(&p->environment, *setting);
		}
	}
	for (const char *const *name = never_passed; *name; name++)
		texts_unset(&p->environment, *name);
}

static void set_account(struct preparation *p, const struct exec *exec)
{
	const struct account *account = &p->identity.account;
	const struct {
		const char *name, *value;
	} rows[] = {
		{"HOME", account->home},
		{"USER", account->name},
		{"LOGNAME", account->name},
		{"SHELL", account->shell && *account->shell ? account->shell : "/bin/sh"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!exec->user && texts_get(&p->environment, rows[i].name))
			continue;
		if (account->name && rows[i].value)
			texts_set_value(&p->environment, rows[i].name, rows[i].value);
		else
			texts_unset(&p->environment, rows[i].name);
	}
}

static int add_file(struct preparation *p, const char *name, const struct expand_vars *vars)
{
	bool optional = *name == '-';
	unsigned line = 0;
	int r = expand(name + optional, vars, &p->object);

	if (r == 0)
		r = environment_file_read(buf_text(&p->object), &p->file, &p->environment, &line);
	if (r == -ENOENT && optional)
		return 0;
	if (line > 0)
		buf_printf(&p->object, ":%u (it is no NAME=VALUE)", line);
	return r;
}

static int set_environment(struct preparation *p, const struct prepare_what *what)
{
	const struct expand_vars vars = {.path = what->path};
	char *const *files = what->exec->environment_files;
	char *const *settings = what->exec->environment;
	int r = 0;

	texts_clear(&p->environment);
	pass_environment(p, what);
	set_account(p, what->exec);
	for (; r == 0 && files && *files; files++)
		r = add_file(p, *files, &vars);
	for (; r == 0 && settings && *settings; settings++)
		r = expand_to(*settings, &vars, &p->environment, texts_set);
	return r ? r : p->environment.error;
}

static int set_mailbox(struct preparation *p, const struct prepare_what *what)
{
	int target = handed_next(&p->handed);
	char fd[12];

	if (!what->token) {
		texts_unset(&p->environment, "SUP_FD");
		texts_unset(&p->environment, "SUP_TOKEN");
		return 0;
	}
	snprintf(fd, sizeof(fd), "%d", target);
	texts_set_value(&p->environment, "SUP_FD", fd);
	texts_set_value(&p->environment, "SUP_TOKEN", what->token);
	return handed_add(&p->handed, what->mailbox_fd, target, STEP_MAILBOX);
}

static void set_os_pid(struct preparation *p, const struct prepare_what *what)
{
	char number[12];

	for (char *const *setting = what->variables; setting && *setting; setting++)
		texts_set(&p->environment, *setting);
	/* Room for what the child writes there. */
	if (!what->argv) {
		texts_set_value(&p->environment, "SUP_OS_PID", "01234567890");
		return;
	}
	texts_unset(&p->environment, "SUP_OS_PID");
	texts_unset(&p->environment, "MAINPID");
	snprintf(number, sizeof(number), "%d", (int)what->main_os_pid);
	if (what->main_os_pid)
		texts_set_value(&p->environment, "MAINPID", number);
}

static bool may_notify(const struct prepare_what *what)
{
	enum notify_access access = what->exec->notify_access;

	return what->notify_socket && (what->argv ? access == NOTIFY_GROUP : access != NOTIFY_NONE);
}

/* Its main process has. */
static bool has_watchdog(const struct prepare_what *what)
{
	const struct exec_notify *notify = what->exec->notify;

	return notify && !what->argv && !span_is_infinite(notify->watchdog);
}

/* As sd_watchdog_enabled(3) reads it. */
static void set_watchdog(struct preparation *p, const struct exec_notify *notify)
{
	char span[24];

	snprintf(span, sizeof(span), "%lld",
		 (long long)MAX_OF(notify->watchdog.ns / 1000, (int64_t)1));
	texts_set_value(&p->environment, "WATCHDOG_USEC", span);
	texts_set_value(&p->environment, "WATCHDOG_PID", "01234567890");
}

/* The protocol of sd_listen_fds(3). LISTEN_PID has room for what the child writes there. */
static void set_listen(struct preparation *p)
{
	char n[24];

	if (!p->handed.n_listen)
		return;
	snprintf(n, sizeof(n), "%zu", p->handed.n_listen);
	texts_set_value(&p->environment, "LISTEN_FDS", n);
	texts_set_value(&p->environment, "LISTEN_PID", "01234567890");
	texts_set_value(&p->environment, "LISTEN_FDNAMES", buf_text(&p->handed.names));
}

static void set_fdstore(struct preparation *p, const struct exec_notify *notify)
{
	char max[12];

	snprintf(max, sizeof(max), "%u", (unsigned)notify->fd_store_max);
	if (notify->fd_store_max)
		texts_set_value(&p->environment, "FDSTORE", max);
}

/* What the service is told about itself; nobody overrides it. */
static int set_own(struct preparation *p, const struct prepare_what *what)
{
	char pid[ACTOR_PID_TEXT_MAX];
	int r = 0;

	if (what->unnamed)
		texts_unset(&p->environment, "SUP_NAME");
	else
		texts_set_value(&p->environment, "SUP_NAME", what->path);
	if (what->pid.n)
		texts_set_value(&p->environment, "SUP_PID", actor_pid_format(what->pid, pid));
	else
		texts_unset(&p->environment, "SUP_PID");
	if (what->control_socket)
		texts_set_value(&p->environment, "SUP_SOCKET", what->control_socket);
	else
		texts_unset(&p->environment, "SUP_SOCKET");
	set_os_pid(p, what);
	if (may_notify(what))
		texts_set_value(&p->environment, "NOTIFY_SOCKET", what->notify_socket);
	set_listen(p);
	if (has_watchdog(what))
		set_watchdog(p, what->exec->notify);
	if (what->exec->notify && !what->argv)
		set_fdstore(p, what->exec->notify);
	if (what->exec->setup)
		r = directories_tell(what->exec->setup, what->path, &p->environment);
	return r < 0 ? r : set_mailbox(p, what);
}

/* ---- program and arguments ---- */

/* Its name in each directory of the service's own PATH; a name with a slash stands for itself. */
static void find_programs(struct preparation *p, const char *name)
{
	const char *path = texts_get(&p->environment, "PATH");
	size_t size;

	texts_clear(&p->programs);
	if (strchr(name, '/') || !*name) {
		texts_add(&p->programs, name);
		return;
	}
	for (path = path ? path : EXEC_DEFAULT_PATH; path;
	     path = path[size] ? path + size + 1 : NULL) {
		size = strcspn(path, ":");
		buf_clear(&p->file);
		buf_append(&p->file, path, size);
		buf_printf(&p->file, "%s%s", size ? "/" : "./", name);
		if (p->file.error)
			p->programs.error = -ENOMEM;
		else
			texts_add(&p->programs, buf_text(&p->file));
	}
}

static int set_command(struct preparation *p, const struct prepare_what *what)
{
	const struct expand_vars vars = {.path = what->path, .environment = p->request.envp};
	char *const *word = what->argv ? what->argv : what->exec->argv;
	int r = 0;

	texts_clear(&p->argv);
	for (; r == 0 && *word; word++)
		r = expand_to(*word, &vars, &p->argv, texts_add);
	for (word = what->args; word && *word; word++)
		texts_add(&p->argv, *word);
	if (r < 0)
		return r;
	p->request.argv = texts_list(&p->argv);
	if (!p->request.argv)
		return -ENOMEM;
	find_programs(p, p->request.argv[0]);
	p->request.programs = texts_list(&p->programs);
	return p->request.programs ? 0 : -ENOMEM;
}

/* ---- directory and files ---- */

static int set_stream(const struct prepare_what *what, const struct output *output,
		      struct buf *path, struct spawn_stream *stream)
{
	const struct expand_vars vars = {.path = what->path};
	bool same_log = what->exec->standard_output.kind == OUTPUT_LOG ||
			what->exec->standard_output.kind == OUTPUT_SYSLOG;

	*stream = (struct spawn_stream){.kind = SPAWN_AS_IT_IS};
	switch (output->kind) {
	case OUTPUT_LOG:
	case OUTPUT_SYSLOG:
	case OUTPUT_INHERIT:
		break;
	case OUTPUT_NULL:
		*stream = (struct spawn_stream){.kind = SPAWN_TO_FD, .fd = what->null_fd};
		break;
	case OUTPUT_FILE:
		*stream = (struct spawn_stream){.kind = SPAWN_TO_FILE};
		if (expand(output->path, &vars, path) < 0)
			return -ENOMEM;
		stream->path = buf_text(path);
		break;
	case OUTPUT_SAME:
		stream->kind = same_log ? SPAWN_AS_IT_IS : SPAWN_TO_STDOUT;
		break;
	case OUTPUT_N_KINDS:
		break;
	}
	return 0;
}

/* A terminal that is its standard input stands for the log as well. */
static void set_terminal_streams(struct preparation *p, const struct exec *exec)
{
	const struct spawn_stream terminal = {.kind = SPAWN_TO_FD, .fd = STDIN_FILENO};

	if (exec->standard_output.kind == OUTPUT_LOG)
		p->request.output = terminal;
	if (exec->standard_error.kind == OUTPUT_LOG ||
	    (exec->standard_error.kind == OUTPUT_SAME && exec->standard_output.kind == OUTPUT_LOG))
		p->request.error = terminal;
}

/* A command beside the main process has nothing as its standard input. */
static int set_setup(struct preparation *p, const struct prepare_what *what)
{
	const struct expand_vars vars = {.path = what->path};
	const struct exec_setup *setup = what->exec->setup;
	const struct spawn_identity *ids = &p->identity.ids;
	int r = 0;

	prepare_setup(&p->setup, setup);
	p->setup.enforce = what->exec->resources && what->exec->resources->enforce;
	p->setup.not_enforced = &p->setup_not_enforced;
	p->setup_not_enforced = 0;
	p->request.setup = &p->setup;
	p->setup.leaves_root = ids->set_uid && ids->uid != 0;
	if (setup->chroot) {
		r = expand(setup->chroot, &vars, &p->chroot);
		p->setup.chroot = buf_text(&p->chroot);
		p->request.directory = "/";
	}
	if (r == 0 && setup->input.path && !what->argv) {
		r = expand(setup->input.path, &vars, &p->input);
		p->setup.input = buf_text(&p->input);
		p->setup.input_kind = setup->input.kind;
	}
	return r;
}

static int set_files(struct preparation *p, const struct prepare_what *what)
{
	const struct expand_vars vars = {.path = what->path};
	const struct exec *exec = what->exec;
	int r = 0;

	p->request.umask = exec->umask;
	if (exec->setup)
		r = set_setup(p, what);
	if (exec->working_directory && r == 0) {
		r = expand(exec->working_directory, &vars, &p->directory);
		p->request.directory = buf_text(&p->directory);
	}
	if (r == 0)
		r = set_stream(what, &exec->standard_output, &p->output, &p->request.output);
	if (r == 0)
		r = set_stream(what, &exec->standard_error, &p->error, &p->request.error);
	if (r == 0 && p->request.setup && p->setup.input_kind == INPUT_TTY)
		set_terminal_streams(p, exec);
	return r;
}

/* ---- all of it ---- */

static int find_identity(struct preparation *p, const struct exec *exec, enum start_step *ret_step)
{
	const char *name = NULL;
	int r = identity_find(&p->identity, exec, ret_step, &name);

	buf_clear(&p->object);
	if (r < 0 && name)
		buf_puts(&p->object, name);
	p->request.identity = p->identity.ids;
	return r;
}

/* Where the child writes its OS pid: texts of ours alone, which have room. */
static void set_os_pid_texts(struct preparation *p, const struct prepare_what *what)
{
	const struct {
		const char *name;
		bool ours; /* set here, with room enough */
	} rows[SPAWN_OS_PID_TEXTS] = {
		{"SUP_OS_PID", !what->argv},
		{"LISTEN_PID", p->handed.n_listen > 0},
		{"WATCHDOG_PID", has_watchdog(what)},
	};
	int n = 0;

	for (int i = 0; i < SPAWN_OS_PID_TEXTS; i++) {
		char *text = rows[i].ours ? texts_get(&p->environment, rows[i].name) : NULL;

		if (!text)
			continue;
		*text = '\0';
		p->request.os_pid_texts[n++] = text;
	}
}

int prepare(struct preparation *p, const struct prepare_what *what, enum start_step *ret_step)
{
	int r;

	p->request = (struct spawn_request){.stdin_fd = -1};
	r = find_identity(p, what->exec, ret_step);
	if (r < 0)
		return r;
	*ret_step = STEP_PREPARE;
	r = set_environment(p, what);
	if (r < 0)
		return r;
	buf_clear(&p->object);
	r = set_own(p, what);
	if (r < 0)
		return r;
	p->request.fds = p->handed.fds;
	p->request.n_fds = p->handed.n;
	p->request.envp = texts_list(&p->environment);
	if (!p->request.envp)
		return -ENOMEM;
	set_os_pid_texts(p, what);
	r = set_command(p, what);
	return r < 0 ? r : set_files(p, what);
}

/* ---- what went wrong ---- */

/* What a file is, where that explains why it could not be opened for writing. */
static const char *judge_file(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return NULL;
	if (S_ISLNK(st.st_mode))
		return "a symbolic link";
	if (S_ISFIFO(st.st_mode))
		return "a FIFO";
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return "a device";
	return S_ISSOCK(st.st_mode) ? "a socket" : NULL;
}

/* Relative names are relative to the service's directory, which is not ours: nothing is known. */
static const char *judge_program(const char *path, int error)
{
	struct stat st;

	if (*path != '/' || stat(path, &st) < 0)
		return NULL;
	if (S_ISDIR(st.st_mode))
		return "a directory";
	if (error == ENOENT)
		return "its interpreter is missing";
	if (error == EACCES && !(st.st_mode & 0111))
		return "it is not executable";
	return error == ENOEXEC ? "neither a binary nor a script with #!" : NULL;
}

/* Names are not ours there. */
static bool in_chroot(const struct preparation *p)
{
	return p->request.setup && p->setup.chroot;
}

const char *prepare_explain(struct preparation *p, const struct spawn_failure *failure)
{
	const char *what = NULL, *why = NULL;

	switch (failure->step) {
	case STEP_CGROUP:
		return buf_text(&p->object);
	case STEP_CHDIR:
		what = p->request.directory;
		break;
	case STEP_STDOUT:
		what = p->request.output.path;
		why = what && !in_chroot(p) ? judge_file(what) : NULL;
		break;
	case STEP_STDERR:
		what = p->request.error.path;
		why = what && !in_chroot(p) ? judge_file(what) : NULL;
		break;
	case STEP_EXEC:
		what = p->programs.n > 1 && failure->error == ENOENT ? p->request.argv[0]
								     : failure->program;
		why = in_chroot(p) ? NULL : judge_program(what, failure->error);
		break;
	case STEP_NONE:
	case STEP_SPAWN:
	case STEP_PREPARE:
	case STEP_USER:
	case STEP_GROUPS:
	case STEP_STDIN:
	case STEP_SESSION:
	case STEP_LIMIT:
	case STEP_MAILBOX:
	case STEP_NICE:
	case STEP_IO_CLASS:
	case STEP_CPU_AFFINITY:
	case STEP_OOM_SCORE_ADJ:
	case STEP_DIRECTORIES:
	case STEP_LISTEN:
	case STEP_READY:
	case STEP_CHROOT:
	case STEP_CAPABILITIES:
	case STEP_AMBIENT_CAPABILITIES:
	case STEP_NO_NEW_PRIVILEGES:
	case STEP_TTY:
	case STEP_N:
		break;
	}
	buf_clear(&p->object);
	if (p->request.setup && prepare_setup_explain(p->request.setup, failure, &p->object))
		return buf_text(&p->object);
	buf_puts(&p->object, what ? what : "");
	if (why)
		buf_printf(&p->object, " (%s)", why);
	else if (what && in_chroot(p))
		buf_printf(&p->object, " (in the chroot %s)", p->setup.chroot);
	return buf_text(&p->object);
}
