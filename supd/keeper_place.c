/* SPDX-License-Identifier: MIT */

/*
 * The folder is made where it is not there, and used only where nobody else could put anything
 * into it: the keeper writes there as root. One daemon at a time has it; its keeper may outlive it
 * for a moment, and holds the same lock.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supd/daemon.h"
#include "supd/keeping.h"
#include "supd/place.h"

/* The keeper of a daemon that was killed is waited for so long, while it writes what it has: where
 * that does not work, it gives up in seven seconds. */
#define LOCK_TRIES 400
#define LOCK_WAIT_MS 20

static const char *const installed[] = {"/usr/local/bin", "/usr/bin", "/usr/local/sbin",
					"/usr/sbin"};

/* ---- which folder ---- */

/* Those who only want their COMMAND, and containers, say so where they want files. */
static bool has_default(const struct daemon *d)
{
	return !d->options->init && !d->options->command;
}

static int find_dir(const struct daemon *d, struct buf *out, struct buf *why)
{
	const char *configured = d->config->log_dir;

	if (configured && strcmp(configured, "none") == 0)
		return 0;
	if (configured)
		return buf_puts(out, configured);
	return has_default(d) ? place_log_dir(out, why) : 0;
}

/* All folders above it, too. */
static int make_all(const char *path, bool *ret_made)
{
	char *copy CLEANUP(cleanup_free) = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST && errno != EROFS)
			return -errno;
		*slash = '/';
	}
	*ret_made = mkdir(path, 0750) == 0;
	return *ret_made || errno == EEXIST ? 0 : -errno;
}

/* NULL, or what is wrong. */
static const char *judge(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if (st.st_uid != geteuid())
		return "belongs to another user";
	if (st.st_mode & 022)
		return "can be written by others: chmod go-w it";
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return strerror(errno);
	return NULL;
}

static int lock_dir(int dir)
{
	int fd = openat(dir, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	for (int try = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; try++) {
		if (errno != EWOULDBLOCK || try == LOCK_TRIES) {
			int error = errno;

			close(fd);
			return -error;
		}
		poll(NULL, 0, LOCK_WAIT_MS);
	}
	return fd;
}

/* The lock, or -EINVAL with why. */
static int take_dir(const struct keeper *k, const char *path, struct buf *why)
{
	bool made = false;
	const char *wrong = NULL;
	int r = make_all(path, &made);
	int fd = r < 0 ? r : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int lock = -EINVAL;

	if (fd < 0)
		wrong = strerror(r < 0 ? -r : errno);
	if (fd >= 0 && made && k->group >= 0 && fchown(fd, (uid_t)-1, (gid_t)k->group) < 0)
		wrong = strerror(errno);
	if (!wrong)
		wrong = judge(fd);
	if (!wrong)
		lock = lock_dir(fd);
	if (!wrong && lock == -EWOULDBLOCK)
		wrong = "another supd writes its logs there: give this one a log_dir of its own";
	else if (!wrong && lock < 0)
		wrong = strerror(-lock);
	if (fd >= 0)
		close(fd);
	if (wrong)
		buf_printf(why, "log_dir %s: %s", path, wrong);
	return wrong ? -EINVAL : lock;
}

int keeper_place_dir(struct keeper *k, struct buf *why)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	int r = find_dir(k->daemon, &path, why);
	int lock;

	if (r < 0 || !path.size)
		return r == -ENOENT ? -EINVAL : r;
	lock = take_dir(k, buf_text(&path), why);
	if (lock < 0)
		return lock;
	k->dir = buf_take(&path);
	if (!k->dir) {
		close(lock);
		return -ENOMEM;
	}
	k->lock = lock;
	return 0;
}

/* ---- which program ---- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int keeper_place_program(char **ret_program, struct buf *why)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	char own[4096];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	const char *slash = n > 0 ? memrchr(own, '/', (size_t)n) : NULL;

	if (slash) {
		buf_append(&path, own, (size_t)(slash - own));
		buf_puts(&path, "/suplog");
	}
	for (size_t i = 0; !path.error && !is_program(buf_text(&path)); i++) {
		if (i == ARRAY_LEN(installed)) {
			buf_puts(why, "there is no suplog beside supd: install it; until then");
			return why->error ? why->error : -ENOENT;
		}
		buf_clear(&path);
		buf_printf(&path, "%s/suplog", installed[i]);
	}
	*ret_program = buf_take(&path);
	return *ret_program ? 0 : -ENOMEM;
}
