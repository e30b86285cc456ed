/* SPDX-License-Identifier: MIT */

#include "supd/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "logs/dir.h"

/* The longest name that is made in it. */
#define LONGEST_NAME "/control"

/* A variable that names an absolute path; others do not count (XDG base directories). */
static const char *place_variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

int place_config(struct buf *out, struct buf *why)
{
	const char *config = place_variable("XDG_CONFIG_HOME");
	const char *home = place_variable("HOME");

	if (geteuid() == 0)
		return buf_puts(out, "/etc/supd/supd.conf");
	if (config)
		return buf_printf(out, "%s/supd/supd.conf", config);
	if (home)
		return buf_printf(out, "%s/.config/supd/supd.conf", home);
	buf_puts(why, "neither XDG_CONFIG_HOME nor HOME is set: name the configuration with -c");
	return why->error ? why->error : -ENOENT;
}

int place_run_dir(const char *configured, struct buf *out, struct buf *why)
{
	const char *runtime = place_variable("XDG_RUNTIME_DIR");

	if (configured)
		return buf_puts(out, configured);
	if (geteuid() == 0)
		return buf_puts(out, "/run/supd");
	if (runtime)
		return buf_printf(out, "%s/supd", runtime);
	buf_puts(why, "XDG_RUNTIME_DIR is not set: name a folder of your own in the configuration, "
		      "as run_dir = PATH under [supd]");
	return why->error ? why->error : -ENOENT;
}

void place_put_supctl(struct buf *out, const char *run_dir)
{
	struct buf usual CLEANUP(buf_fini) = BUF_INIT, why CLEANUP(buf_fini) = BUF_INIT;

	buf_puts(out, "supctl");
	if (run_dir &&
	    (place_run_dir(NULL, &usual, &why) < 0 || strcmp(buf_text(&usual), run_dir) != 0))
		buf_printf(out, " -s %s/control", run_dir);
}

int place_state_dir(struct buf *out, struct buf *why)
{
	const char *state = place_variable("XDG_STATE_HOME");
	const char *home = place_variable("HOME");

	if (geteuid() == 0)
		return buf_puts(out, "/var/lib/supd");
	if (state)
		return buf_printf(out, "%s/supd", state);
	if (home)
		return buf_printf(out, "%s/.local/state/supd", home);
	buf_puts(why, "neither XDG_STATE_HOME nor HOME is set");
	return why->error ? why->error : -ENOENT;
}

int place_log_dir(struct buf *out, struct buf *why)
{
	int r = logs_default_dir(out);

	if (r == -ENOENT)
		buf_puts(why, "neither XDG_STATE_HOME nor HOME is set");
	return why->error ? why->error : r;
}

int place_open_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int ends[2];

	if (fd >= 0)
		return fd;
	/* A pipe that nobody writes to is at its end. */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	close(ends[1]);
	return ends[0];
}

/* NULL, or what is wrong with the folder. */
static const char *place_judge(const struct stat *st)
{
	if (!S_ISDIR(st->st_mode))
		return "is not a folder";
	if (st->st_uid != geteuid())
		return "belongs to another user";
	if (st->st_mode & 022)
		return "can be written by others: chmod go-w it";
	return NULL;
}

static int place_open(const char *path, bool made, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const char *wrong = NULL;
	struct stat st;

	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		wrong = "is not a folder (symbolic links do not count)";
	else if (fd < 0 || fstat(fd, &st) < 0)
		wrong = strerror(errno);
	else if (made && fchmod(fd, 0755) < 0)
		wrong = strerror(errno);
	else if (!made)
		wrong = place_judge(&st);
	if (fd >= 0)
		close(fd);
	if (!wrong)
		return 0;
	buf_printf(why, "run_dir %s: %s", path, wrong);
	return why->error ? why->error : -EINVAL;
}

int place_make(const char *path, bool *ret_made, struct buf *why)
{
	size_t most = sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof(LONGEST_NAME);
	bool made = false;

	if (strlen(path) > most)
		buf_printf(why, "run_dir %s: a path of at most %zu bytes is needed, for sockets",
			   path, most);
	else if (mkdir(path, 0755) == 0)
		made = true;
	else if (errno == ENOENT)
		buf_printf(why, "run_dir %s: the folder above it does not exist: make it first",
			   path);
	else if (errno != EEXIST)
		buf_printf(why, "run_dir %s: %s", path, strerror(errno));
	if (why->error || why->size)
		return why->error ? why->error : -EINVAL;
	*ret_made = made;
	return place_open(path, made, why);
}
