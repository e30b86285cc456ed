/* SPDX-License-Identifier: MIT */

/*
 * What a configuration needs of its host: users, groups, directories, files, programs. It looks as
 * this process sees them now: what another user may reach is found out when the service starts.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/macros.h"
#include "base/text.h"
#include "config/surroundings.h"

void look_complain(const struct look *look, const char *key, const char *what, const char *why)
{
	char shown[QUOTE_TEXT_MAX];

	loader_complain(look->loader, CONFIG_SURROUNDINGS, look->section->file,
			section_line(look->section, key), "%s: %s %s: %s", look->section->path, key,
			quote_text(what, shown), why);
}

char *look_expand(const struct look *look, const char *text)
{
	char *expanded = NULL;

	if (look->nameless && (strstr(text, "%i") || strstr(text, "%n")))
		return NULL;
	if (config_expand(text, &look->vars, &expanded) == -ENOMEM)
		look->loader->error = -ENOMEM;
	return expanded;
}

bool look_find_user(const char *text, uid_t *ret_uid)
{
	const struct passwd *passwd = getpwnam(text);
	uint64_t number;

	if (passwd)
		*ret_uid = passwd->pw_uid;
	else if (text_parse_u64(text, UINT32_MAX - 1, &number) == 0)
		*ret_uid = (uid_t)number;
	else
		return false;
	return true;
}

static bool find_group(const char *text, gid_t *ret_gid)
{
	const struct group *group = getgrnam(text);
	uint64_t number;

	if (group)
		*ret_gid = group->gr_gid;
	else if (text_parse_u64(text, UINT32_MAX - 1, &number) == 0)
		*ret_gid = (gid_t)number;
	else
		return false;
	return true;
}

static void check_group(const struct look *look, const char *key, const char *name)
{
	gid_t gid;

	if (!find_group(name, &gid))
		look_complain(look, key, name,
			      "there is no such group: create it, or name another");
	else if (geteuid() != 0 && gid != getegid())
		look_complain(look, key, name,
			      "only a supd that runs as root can start it as another group");
}

static void check_identity(const struct look *look)
{
	const struct exec *exec = look->exec;
	uid_t uid;

	if (exec->user && !look_find_user(exec->user, &uid))
		look_complain(look, "user", exec->user,
			      "there is no such user: create it, or name another");
	else if (exec->user && geteuid() != 0 && uid != geteuid())
		look_complain(look, "user", exec->user,
			      "only a supd that runs as root can start it as another user");
	if (exec->group)
		check_group(look, "group", exec->group);
	for (char *const *group = exec->groups; group && *group; group++)
		check_group(look, "groups", *group);
}

static void check_directory(const struct look *look)
{
	char *path CLEANUP(cleanup_free) = NULL;
	struct stat st;

	if (look->exec->working_directory)
		path = look_expand(look, look->exec->working_directory);
	if (!path)
		return;
	if (stat(path, &st) < 0)
		look_complain(look, "working_directory", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		look_complain(look, "working_directory", path, "it is not a directory");
}

static void check_environment_files(const struct look *look)
{
	for (char *const *file = look->exec->environment_files; file && *file; file++) {
		bool optional = **file == '-';
		char *path CLEANUP(cleanup_free) = look_expand(look, *file + optional);
		struct stat st;

		if (!path)
			continue;
		if (stat(path, &st) < 0) {
			if (!optional || errno != ENOENT)
				look_complain(look, "environment_file", path, strerror(errno));
		} else if (!S_ISREG(st.st_mode)) {
			look_complain(look, "environment_file", path, "it is not a regular file");
		} else if (access(path, R_OK) < 0) {
			look_complain(look, "environment_file", path, strerror(errno));
		}
	}
}

/* A file that a service writes to is opened without following links and without waiting for a
 * reader. */
static const char *judge_output(char *path)
{
	char *slash = strrchr(path, '/');
	struct stat st;

	if (lstat(path, &st) == 0) {
		if (S_ISREG(st.st_mode))
			return NULL;
		if (S_ISLNK(st.st_mode))
			return "it is a symbolic link, and links are not followed here: name the "
			       "file itself";
		if (S_ISFIFO(st.st_mode))
			return "it is a FIFO, which would wait for a reader: name a regular file";
		if (S_ISCHR(st.st_mode))
			return "it is a device: name a regular file, or say null for /dev/null";
		return S_ISDIR(st.st_mode) ? "it is a directory" : "it is not a regular file";
	}
	if (errno != ENOENT)
		return strerror(errno);
	slash[slash == path] = '\0';
	if (stat(path, &st) < 0)
		return errno == ENOENT ? "its directory does not exist" : strerror(errno);
	return S_ISDIR(st.st_mode) ? NULL : "its directory is not a directory";
}

static void check_output(const struct look *look, const char *key, const struct output *output)
{
	char *path CLEANUP(cleanup_free) = NULL;
	char *judged CLEANUP(cleanup_free) = NULL;
	const char *why;

	if (output->kind != OUTPUT_FILE)
		return;
	path = look_expand(look, output->path);
	judged = path ? strdup(path) : NULL;
	if (!judged) {
		look->loader->error = -ENOMEM;
		return;
	}
	why = judge_output(judged);
	if (why)
		look_complain(look, key, path, why);
}

static bool has_chroot(const struct look *look)
{
	return look->exec->setup && look->exec->setup->chroot;
}

/* As the service will see it: links in its chroot do not lead out of that. */
static int stat_there(const struct look *look, const char *path, struct stat *st)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	char *root CLEANUP(cleanup_free) = NULL;
	int fd, found;

	if (!has_chroot(look))
		return stat(path, st);
	root = look_expand(look, look->exec->setup->chroot);
	fd = root ? open(root, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	found = (int)syscall(SYS_openat2, fd, path, &how, sizeof(how));
	if (found >= 0) {
		fstat(found, st);
		close(found);
	}
	if (fd >= 0)
		close(fd);
	/* Not every kernel and sandbox has that call: then nothing is known against it. */
	if (found < 0 && errno == ENOENT)
		return -1;
	if (found < 0)
		*st = (struct stat){.st_mode = S_IFREG | 0111};
	return 0;
}

/* What keeps path from being executed, or NULL. */
static const char *judge_program(const struct look *look, const char *path)
{
	struct stat st;

	if (stat_there(look, path, &st) < 0)
		return strerror(errno);
	if (S_ISDIR(st.st_mode))
		return "it is a directory";
	if (!S_ISREG(st.st_mode))
		return "it is not a regular file";
	if ((st.st_mode & 0111) == 0)
		return "it is not executable: chmod +x it";
	return look->exec->user || has_chroot(look) || access(path, X_OK) == 0 ? NULL
									       : strerror(errno);
}

/* PATH as the service will have it; borrowed. */
static const char *search_path(const struct look *look)
{
	const char *path = expand_find(look->vars.environment, "PATH", 4);
	bool passed = !look->exec->pass_environment;

	for (char *const *name = look->exec->pass_environment; name && *name; name++)
		passed |= strcmp(*name, "PATH") == 0 || strcmp(*name, "*") == 0;
	if (!path && passed)
		path = getenv("PATH");
	return path ? path : EXEC_DEFAULT_PATH;
}

/* Looks in each directory, as execvp() does. What was found and is no good is remembered. */
static const char *judge_search(const struct look *look, const char *name)
{
	const char *why = "there is no such program in the service's PATH: install it, or write "
			  "its whole path";

	for (const char *path = search_path(look); path; path = strchr(path, ':')) {
		struct buf file CLEANUP(buf_fini) = BUF_INIT;
		const char *found;
		size_t size;

		path += *path == ':';
		size = strcspn(path, ":");
		buf_append(&file, path, size);
		buf_printf(&file, "%s%s", size ? "/" : "./", name);
		if (file.error) {
			look->loader->error = -ENOMEM;
			return NULL;
		}
		found = judge_program(look, buf_text(&file));
		if (!found)
			return NULL;
		if (!has_chroot(look) && access(buf_text(&file), F_OK) == 0)
			why = found;
	}
	return why;
}

static void check_program(const struct look *look, const char *key, const char *name)
{
	char *program CLEANUP(cleanup_free) = look_expand(look, name);
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	const char *why;

	if (!program)
		return;
	if (program[0] != '/' && strchr(program, '/') && look->exec->working_directory) {
		char *directory CLEANUP(cleanup_free) =
			look_expand(look, look->exec->working_directory);

		buf_printf(&path, "%s/", directory ? directory : "");
	}
	buf_puts(&path, program);
	if (path.error)
		look->loader->error = -ENOMEM;
	else if (!*program)
		look_complain(look, key, program, "the name of the program is empty");
	else {
		why = strchr(program, '/') ? judge_program(look, buf_text(&path))
					   : judge_search(look, program);
		if (why)
			look_complain(look, key, program, why);
	}
}

static void check_hooks(const struct look *look)
{
	const struct exec_hooks *hooks = look->exec->hooks;

	for (int kind = 0; hooks && kind < HOOK_N_KINDS; kind++) {
		for (size_t i = 0; i < hooks->of[kind].n; i++) {
			if (!hooks->of[kind].commands[i].may_fail)
				check_program(look, hook_names[kind],
					      hooks->of[kind].commands[i].argv[0]);
		}
	}
}

static void check_events(const struct look *look)
{
	const struct on_event *on_event = look->section->spec->on_event;

	for (size_t i = 0; on_event && i < on_event->hook.n; i++) {
		if (!on_event->hook.commands[i].may_fail)
			check_program(look, "on_event", on_event->hook.commands[i].argv[0]);
	}
}

/* A template never runs itself: what it says is looked at as its first instance has it. */
static const char *path_of(const struct section *section, char first[SPEC_PATH_MAX + 3])
{
	size_t size = strlen(section->path);

	if (!section->spec->template)
		return section->path;
	snprintf(first, SPEC_PATH_MAX + 3, "%.*s%s1", SPEC_PATH_MAX, section->path,
		 section->path[size - 1] == '@' ? "" : "@");
	return first;
}

static void check_probe(const struct look *look, const char *key, const struct exec_probe *probe)
{
	if (probe->kind == PROBE_COMMAND)
		check_program(look, key, probe->argv[0]);
}

/* Owner and group of its sockets: what is not given is the daemon's. */
static void check_sockets(const struct look *look)
{
	const struct exec_sockets *sockets = look->exec->sockets;
	uid_t uid;
	gid_t gid;

	for (size_t i = 0; sockets && i < sockets->n_listen; i++) {
		const struct exec_listen *listen = &sockets->listen[i];

		if (listen->owner && !look_find_user(listen->owner, &uid))
			look_complain(look, "listen", listen->owner,
				      "there is no such user: create it, or name another owner");
		if (listen->group && !find_group(listen->group, &gid))
			look_complain(look, "listen", listen->group,
				      "there is no such group: create it, or name another");
	}
}

static void check_schedule(const struct look *look)
{
	const struct exec_when *when = look->exec->when;

	for (char *const *event = when ? when->schedule : NULL; event && *event; event++) {
		struct calendar calendar;
		const char *why;

		if (calendar_parse(*event, &calendar, &why) == 0 &&
		    calendar_next(&calendar, (int64_t)time(NULL)) < 0)
			look_complain(look, "schedule", *event,
				      "that time has gone by and does not come again: remove it");
	}
}

/* Of a supervisor: as a service without keys of its own would have them. */
static void check_supervisor(struct loader *loader, const struct section *section)
{
	static char *const none[] = {NULL};
	struct exec *exec = section->spec->on_event ? exec_new() : NULL;
	const struct look look = {
		.loader = loader,
		.section = section,
		.exec = exec,
		.vars = {.path = section->path, .environment = none},
	};

	if (exec)
		check_events(&look);
	else if (section->spec->on_event)
		loader->error = -ENOMEM;
	exec_free(exec);
}

static void check_service(struct loader *loader, const struct section *section)
{
	static char *const none[] = {NULL};
	char first[SPEC_PATH_MAX + 3];
	struct look look = {
		.loader = loader,
		.section = section,
		.exec = section->spec->exec,
		.nameless = section->spec->template && section->spec->instances == 0,
		.vars = {.path = path_of(section, first),
			 .environment = section->spec->exec->environment
						? section->spec->exec->environment
						: none},
	};

	check_identity(&look);
	check_environment_files(&look);
	if (!has_chroot(&look)) {
		check_directory(&look);
		check_output(&look, "stdout", &look.exec->standard_output);
		check_output(&look, "stderr", &look.exec->standard_error);
	}
	if (look.exec->argv)
		check_program(&look, "command", look.exec->argv[0]);
	check_hooks(&look);
	check_events(&look);
	if (look.exec->probes) {
		check_probe(&look, "ready", &look.exec->probes->ready);
		check_probe(&look, "health", &look.exec->probes->health);
	}
	check_sockets(&look);
	check_schedule(&look);
	if (look.exec->setup)
		look_at_setup(&look);
}

static void check_groups(struct loader *loader, const struct section *section)
{
	const struct {
		const char *key;
		const char *name;
	} rows[] = {
		{"control_group", loader->config->control_group},
		{"view_group", loader->config->view_group},
	};
	gid_t gid;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (section_has(section, rows[i].key) && rows[i].name &&
		    !find_group(rows[i].name, &gid))
			loader_complain(loader, CONFIG_SURROUNDINGS, section->file,
					section_line(section, rows[i].key),
					"%s %s: there is no such group: create it, or name another",
					rows[i].key, rows[i].name);
	}
}

int config_check_surroundings(struct config *config)
{
	struct loader loader = {.config = config, .places = config->places};

	for (size_t i = 0; i < loader.places->n_sections && loader.error == 0; i++) {
		const struct section *section = loader.places->sections[i];

		if (section->kind == SECTION_SERVICE)
			check_service(&loader, section);
		else if (section->kind == SECTION_SUPERVISOR)
			check_supervisor(&loader, section);
		else if (section->kind == SECTION_SUPD)
			check_groups(&loader, section);
	}
	return loader.error;
}
