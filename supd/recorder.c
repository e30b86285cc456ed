/* SPDX-License-Identifier: MIT */

#include "supd/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "core/record.h"
#include "supd/log.h"

/* Written when so much has come together, or after this time. */
#define RECORDER_BATCH ((size_t)64 * 1024)
#define RECORDER_PAUSE SPAN_MS(200)

struct recorder {
	int fd; /* -1: it has stopped */
	char *path;
	struct buf text;
	struct loop *loop; /* borrowed */
	struct loop_timer timer;
	bool due; /* the timer runs */
};

static void recorder_stop(struct recorder *recorder, int error)
{
	log_line(LOG_AT_ERROR, "%s: %s: the recording ends here, and is not complete",
		 recorder->path, strerror(error));
	close(recorder->fd);
	recorder->fd = -1;
	buf_fini(&recorder->text);
}

static void recorder_write(struct recorder *recorder)
{
	size_t done = 0;

	if (recorder->fd >= 0 && recorder->text.error)
		recorder_stop(recorder, ENOMEM);
	while (recorder->fd >= 0 && done < recorder->text.size) {
		ssize_t n =
			write(recorder->fd, recorder->text.data + done, recorder->text.size - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			recorder_stop(recorder, n == 0 ? EIO : errno);
	}
	buf_clear(&recorder->text);
}

static void recorder_on_time(void *owner)
{
	struct recorder *recorder = owner;

	recorder->due = false;
	recorder_write(recorder);
}

int recorder_open(const char *path, struct loop *loop, struct recorder **ret_recorder)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int r;

	if (!recorder)
		return -ENOMEM;
	recorder->loop = loop;
	recorder->timer.call = recorder_on_time;
	recorder->timer.owner = recorder;
	recorder->path = strdup(path);
	/* A FIFO that nobody reads must not hold us up. */
	recorder->fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (recorder->fd < 0 || !recorder->path) {
		r = recorder->fd < 0 ? -errno : -ENOMEM;
		recorder_close(recorder);
		return r;
	}
	*ret_recorder = recorder;
	return 0;
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	recorder_write(recorder);
	loop_timer_stop(recorder->loop, &recorder->timer);
	if (recorder->fd >= 0)
		close(recorder->fd);
	buf_fini(&recorder->text);
	free(recorder->path);
	free(recorder);
}

void recorder_event(struct recorder *recorder, const struct event *event, struct mono now)
{
	if (!recorder || recorder->fd < 0)
		return;
	if (recorder->text.size >= RECORDER_BATCH)
		recorder_write(recorder);
	if (recorder->fd >= 0)
		record_event(&recorder->text, event, now);
	if (recorder->due)
		return;
	recorder->due = true;
	loop_timer_start(recorder->loop, &recorder->timer, mono_add(loop_now(), RECORDER_PAUSE));
}

void recorder_effect(struct recorder *recorder, const struct effect *effect)
{
	if (recorder && recorder->fd >= 0)
		record_effect(&recorder->text, effect);
}
