/* SPDX-License-Identifier: MIT */

#include "supd/fallback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/words.h"
#include "core/exec.h"
#include "supd/foreground.h"
#include "supd/log.h"
#include "supd/place.h"

#define NAME "accepted"
#define EMERGENCY_DELAY SPAN_S(1)
/* As for a configuration; what is larger is not ours. */
#define COPY_MAX ((off_t)512 * 1024 * 1024)
#define AGAIN "SIGHUP reads it again"

/* ---- the copy ---- */

/* All of a file. 0 or -errno. */
static int read_copy(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 1;
	int r = 0;

	if (fd < 0)
		return -errno;
	/* Nobody else's: it says what is run, and as whom. */
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 022) || st.st_size > COPY_MAX)
		r = -EPERM;
	while (r == 0 && n > 0) {
		char *to = buf_reserve(out, (size_t)64 * 1024);

		n = to ? read(fd, to, (size_t)64 * 1024) : -1;
		if (n < 0)
			r = to ? -errno : -ENOMEM;
		else
			out->size += (size_t)n;
	}
	close(fd);
	return r;
}

static int write_copy(const char *path, const struct buf *copy)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t done = 0;
	int r = 0;

	if (fd < 0)
		return -errno;
	while (r == 0 && done < copy->size) {
		ssize_t n = write(fd, copy->data + done, copy->size - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			r = n == 0 ? -EIO : -errno;
	}
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* The whole of the new one or the whole of the old one, whatever happens meanwhile. */
static int replace_copy(const struct buf *path, const struct buf *copy)
{
	struct buf fresh CLEANUP(buf_fini) = BUF_INIT;
	struct buf old CLEANUP(buf_fini) = BUF_INIT;
	int r;

	if (read_copy(buf_text(path), &old) == 0 && old.size == copy->size &&
	    memcmp(old.data, copy->data, copy->size) == 0)
		return 0;
	if (buf_printf(&fresh, "%s.new", buf_text(path)) < 0)
		return -ENOMEM;
	if (unlink(buf_text(&fresh)) < 0 && errno != ENOENT)
		return -errno;
	r = write_copy(buf_text(&fresh), copy);
	if (r == 0 && rename(buf_text(&fresh), buf_text(path)) < 0)
		r = -errno;
	if (r < 0)
		unlink(buf_text(&fresh));
	return r;
}

void fallback_keep(const struct settings *settings)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	struct buf why CLEANUP(buf_fini) = BUF_INIT;
	int r = place_state_dir(&path, &why);

	if (r == 0 && mkdir(buf_text(&path), 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = buf_puts(&path, "/" NAME);
	if (r == 0)
		r = settings->copy.size ? replace_copy(&path, &settings->copy) : -ENOMEM;
	if (r < 0)
		log_line(LOG_AT_INFO,
			 "no copy of the configuration is kept for a start at which it can not be "
			 "used: %s%s%s",
			 why.size ? buf_text(&why) : buf_text(&path), why.size ? "" : ": ",
			 why.size ? "" : strerror(-r));
}

/* 1. */
static bool take_copy(struct settings *settings)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	struct buf why CLEANUP(buf_fini) = BUF_INIT;
	struct buf copy CLEANUP(buf_fini) = BUF_INIT;
	struct config *config = NULL;

	if (!settings->file.size || place_state_dir(&path, &why) < 0 ||
	    buf_puts(&path, "/" NAME) < 0 || read_copy(buf_text(&path), &copy) < 0)
		return false;
	if (config_load_copy(buf_text(&settings->file), buf_text(&copy), copy.size, &config) < 0 ||
	    config->n_errors) {
		config_free(config);
		return false;
	}
	log_line(LOG_AT_ERROR, "%s can not be used: its last accepted copy is, %s; " AGAIN,
		 buf_text(&settings->file), buf_text(&path));
	config_free(settings->config);
	settings->config = config;
	settings->source = SETTINGS_COPY;
	return true;
}

/* ---- the others ---- */

/* 2. It is tried for ever: there is nothing else to do. */
static bool take_emergency(struct settings *settings)
{
	static const char *const none[] = {NULL};
	struct config *config = settings->config;
	struct spec *spec;
	char **words = NULL;

	if (!config || !config->emergency || words_split(config->emergency, &words) != 0)
		return false;
	if (config_empty(config) < 0 ||
	    config_add_service(config, FOREGROUND_EMERGENCY, none, &spec) < 0) {
		strings_free(words);
		return false;
	}
	strings_free(spec->exec->argv);
	spec->exec->argv = words;
	spec->restart_delay = EMERGENCY_DELAY;
	config->root->intensity = SPEC_INTENSITY_MAX;
	log_line(LOG_AT_ERROR, "%s can not be used: emergency = %s is run instead; " AGAIN,
		 buf_text(&settings->file), config->emergency);
	settings->source = SETTINGS_EMERGENCY;
	return true;
}

int fallback_to_nothing(struct settings *settings)
{
	int r = settings->config ? config_empty(settings->config) : config_new(&settings->config);

	if (r < 0)
		return SUPD_EXIT_FAILED;
	log_line(LOG_AT_ERROR,
		 "%s can not be used, there is no accepted copy of it, and no emergency = COMMAND: "
		 "nothing is started; mend it, then " AGAIN,
		 settings->file.size ? buf_text(&settings->file) : "the configuration");
	settings->source = SETTINGS_NOTHING;
	return 0;
}

int fallback_load(struct settings *settings)
{
	if (take_copy(settings) || take_emergency(settings))
		return 0;
	return fallback_to_nothing(settings);
}

void fallback_try_again(struct daemon *d)
{
	static const struct event shutdown = {.kind = EVENT_SHUTDOWN};
	struct settings settings CLEANUP(settings_fini) = {0};

	if (d->told_to_end.ns || d->again)
		return;
	if (settings_load(d->options, &settings)) {
		log_line(LOG_AT_ERROR, "SIGHUP: %s still can not be used; nothing was changed",
			 settings.file.size ? buf_text(&settings.file) : "the configuration");
		return;
	}
	log_line(LOG_AT_INFO, "SIGHUP: %s can be used: what runs is stopped for it",
		 buf_text(&settings.file));
	d->again = true;
	daemon_step(d, &shutdown);
}
