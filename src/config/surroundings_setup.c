/* SPDX-License-Identifier: MIT */

/*
 * What a service's set-up asks of the host: privileges, CPUs, limits. Who may do a thing is asked
 * of the capabilities of this process, which are those of a daemon that the same user starts.
 */

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/capabilities.h"
#include "config/directories.h"
#include "config/surroundings.h"

/* ---- limits ---- */

/* The most files that anybody may have open. */
static uint64_t most_files(void)
{
	FILE *file = fopen("/proc/sys/fs/nr_open", "re");
	uint64_t most = UINT64_MAX;

	if (!file)
		return most;
	if (fscanf(file, "%" SCNu64, &most) != 1)
		most = UINT64_MAX;
	fclose(file);
	return most;
}

static void check_limit(const struct look *look, enum exec_limit_kind kind)
{
	uint64_t hard = look->exec->setup->limits[kind].hard;
	uint64_t most = UINT64_MAX;
	char key[32], text[32], why[128];
	struct rlimit now;

	snprintf(key, sizeof(key), "limit_%s", exec_limit_names[kind]);
	snprintf(text, sizeof(text), "%" PRIu64, hard);
	if (hard == UINT64_MAX)
		strcpy(text, "infinity");
	if (getrlimit((__rlimit_resource_t)exec_limit_resources[kind], &now) == 0 &&
	    now.rlim_max != RLIM_INFINITY && hard > now.rlim_max &&
	    !capability_is_ours(CAP_SYS_RESOURCE)) {
		snprintf(why, sizeof(why),
			 "only a supd with CAP_SYS_RESOURCE can raise this hard limit above its "
			 "own, %llu",
			 (unsigned long long)now.rlim_max);
		look_complain(look, key, text, why);
		return;
	}
	if (kind == LIMIT_NOFILE)
		most = most_files();
	if (hard > most) {
		snprintf(why, sizeof(why), "at most %" PRIu64 " are possible here (fs.nr_open)",
			 most);
		look_complain(look, key, text, why);
	}
}

/* ---- priorities and CPUs ---- */

static void check_nice(const struct look *look, int nice)
{
	struct rlimit limit;
	char text[16];
	int now;

	errno = 0;
	now = getpriority(PRIO_PROCESS, 0);
	if (errno != 0 || nice >= now || capability_is_ours(CAP_SYS_NICE))
		return;
	if (getrlimit(RLIMIT_NICE, &limit) == 0 &&
	    (limit.rlim_cur == RLIM_INFINITY || nice >= 20 - (int)MIN_OF(limit.rlim_cur, 40ul)))
		return;
	snprintf(text, sizeof(text), "%d", nice);
	look_complain(look, "nice", text, "only a supd with CAP_SYS_NICE can go below its own");
}

static bool has_cpu(const struct exec_cpus *cpus, int i)
{
	return i < EXEC_CPUS_MAX && (cpus->bits[i / 64] >> (i % 64) & 1);
}

/* "0-3,5" */
static void print_cpus(struct buf *out, const struct exec_cpus *cpus)
{
	for (int i = 0; i < EXEC_CPUS_MAX; i++) {
		int first = i;

		if (!has_cpu(cpus, i))
			continue;
		while (has_cpu(cpus, i + 1))
			i++;
		buf_printf(out, "%s%d", buf_text(out)[0] ? "," : "", first);
		if (i > first)
			buf_printf(out, "-%d", i);
	}
}

static void check_cpus(const struct look *look, const struct exec_cpus *cpus)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	long n = sysconf(_SC_NPROCESSORS_CONF);
	char why[64];

	for (long i = 0; i < n && i < EXEC_CPUS_MAX; i++)
		if (has_cpu(cpus, (int)i))
			return;
	if (n <= 0)
		return;
	print_cpus(&text, cpus);
	if (text.error) {
		look->loader->error = text.error;
		return;
	}
	snprintf(why, sizeof(why), "there are none of these here, but 0 to %ld", n - 1);
	look_complain(look, "cpu_affinity", buf_text(&text), why);
}

static void check_oom_score_adj(const struct look *look, int wanted)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "re");
	char text[16];
	int now = wanted;

	snprintf(text, sizeof(text), "%d", wanted);
	if (!file) {
		look_complain(look, "oom_score_adj", text, "there is no /proc here to set it");
		return;
	}
	if (fscanf(file, "%d", &now) != 1)
		now = wanted;
	fclose(file);
	if (wanted < now && !capability_is_ours(CAP_SYS_RESOURCE))
		look_complain(look, "oom_score_adj", text,
			      "only a supd with CAP_SYS_RESOURCE can go below its own");
}

/* ---- directories ---- */

static void judge_directory(const struct look *look, const char *key, const char *path)
{
	uid_t uid = geteuid();
	struct stat st;
	char why[96];

	if (look->exec->user && !look_find_user(look->exec->user, &uid))
		return;
	if (lstat(path, &st) < 0)
		return;
	if (S_ISLNK(st.st_mode)) {
		look_complain(look, key, path, "there is a symbolic link in its place: remove it");
	} else if (!S_ISDIR(st.st_mode)) {
		look_complain(look, key, path, "there is a file in its place: remove it");
	} else if (st.st_uid != uid) {
		snprintf(why, sizeof(why),
			 "it belongs to user %u, and the service runs as %u: chown it, or name "
			 "another",
			 (unsigned)st.st_uid, (unsigned)uid);
		look_complain(look, key, path, why);
	}
}

static void check_directories(const struct look *look, enum directory_kind kind)
{
	const char *key = directory_keys[kind];
	char *const *name = look->exec->setup->directories[kind].names;

	for (; name && *name; name++) {
		struct buf path CLEANUP(buf_fini) = BUF_INIT;
		char *expanded CLEANUP(cleanup_free) = look_expand(look, *name);

		if (!expanded)
			continue;
		if (!directory_is_name(expanded)) {
			look_complain(look, key, expanded,
				      "with what % stands for it is no name of a directory");
		} else if (directory_find_base(kind, &path) == -ENOENT) {
			look_complain(look, key, directory_kind_base(kind),
				      "that variable is not set, so there is no place for it");
		} else {
			buf_printf(&path, "/%s", expanded);
			if (path.error)
				look->loader->error = -ENOMEM;
			else
				judge_directory(look, key, buf_text(&path));
		}
	}
}

/* ---- privileges ---- */

static void check_chroot(const struct look *look)
{
	char *path CLEANUP(cleanup_free) = look_expand(look, look->exec->setup->chroot);
	struct stat st;

	if (!path)
		return;
	if (stat(path, &st) < 0)
		look_complain(look, "chroot", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		look_complain(look, "chroot", path, "it is not a directory");
	else if (!capability_is_ours(CAP_SYS_CHROOT))
		look_complain(look, "chroot", path,
			      "only a supd with CAP_SYS_CHROOT, which root has, can change it");
}

static void check_capabilities(const struct look *look)
{
	const struct exec_setup *setup = look->exec->setup;
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	if (setup->bounding.given && !capability_is_ours(CAP_SETPCAP)) {
		capability_print(&text, setup->bounding.set);
		look_complain(look, "capabilities", buf_text(&text),
			      "only a supd with CAP_SETPCAP, which root has, can take any away");
	}
	for (int i = 0; capability_names[i]; i++) {
		const char *why = NULL;

		if (!(setup->ambient.set >> i & 1))
			continue;
		if (setup->bounding.given && !(setup->bounding.set >> i & 1))
			why = "it is not among its capabilities: add it there, or remove it here";
		else if (!capability_is_ours(i))
			why = "supd does not have it itself, and so can not give it";
		if (why)
			look_complain(look, "ambient_capabilities", capability_names[i], why);
	}
	if (text.error)
		look->loader->error = text.error;
}

static void check_input(const struct look *look)
{
	const struct input *input = &look->exec->setup->input;
	char *path CLEANUP(cleanup_free) = look_expand(look, input->path);
	bool elsewhere = input->kind == INPUT_FILE && look->exec->setup->chroot;
	struct stat st;

	if (!path || elsewhere)
		return;
	if (stat(path, &st) < 0)
		look_complain(look, "stdin", path, strerror(errno));
	else if (input->kind == INPUT_FILE && !S_ISREG(st.st_mode))
		look_complain(look, "stdin", path, "it is not a regular file");
	else if (input->kind == INPUT_TTY && !S_ISCHR(st.st_mode))
		look_complain(look, "stdin", path, "it is not a terminal");
}

void look_at_setup(const struct look *look)
{
	const struct exec_setup *setup = look->exec->setup;

	for (int kind = 0; kind < LIMIT_N; kind++)
		if (setup->limits[kind].given)
			check_limit(look, (enum exec_limit_kind)kind);
	if (setup->nice != SETUP_NOT_GIVEN)
		check_nice(look, setup->nice);
	if (setup->io.class == IO_CLASS_REALTIME && !capability_is_ours(CAP_SYS_ADMIN) &&
	    !capability_is_ours(CAP_SYS_NICE))
		look_complain(look, "io_class", "realtime",
			      "only a supd with CAP_SYS_ADMIN or CAP_SYS_NICE can give it");
	if (setup->cpus.given)
		check_cpus(look, &setup->cpus);
	if (setup->oom_score_adj != SETUP_NOT_GIVEN)
		check_oom_score_adj(look, setup->oom_score_adj);
	if (setup->chroot)
		check_chroot(look);
	if (setup->input.path)
		check_input(look);
	check_capabilities(look);
	for (int kind = 0; kind < DIRECTORY_N_KINDS; kind++)
		check_directories(look, (enum directory_kind)kind);
}
