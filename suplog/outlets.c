/* SPDX-License-Identifier: MIT */

/* Where lines go besides the file. */

#include "suplog/outlets.h"

#include <errno.h>
#include <string.h>

#include "suplog/stream.h"
#include "suplog/watch.h"

bool outlets_want(const struct keeper *k, const struct stream *s)
{
	return (s->settings->show && k->console) || s->watch.live || s->settings->rate > 0;
}

void outlets_show(struct keeper *k, struct stream *s, const char *data, size_t size)
{
	stream_note_tail(s, data, size);
	watch_look(k, s, data, size);
	if (s->settings->show && k->console)
		console_show(k->console, &s->shown, data, size, utc_now());
}

bool outlets_are_full(const struct keeper *k, const struct stream *s)
{
	return s->settings->show && k->console && !stream_has_file(s) && !s->settings->syslog &&
	       !console_has_room(k->console);
}

ssize_t outlets_send(struct keeper *k, struct stream *s, const char *data, size_t size, bool rest,
		     struct fault *fault)
{
	struct syslog_input in = {.name = s->settings->name,
				  .priority = s->settings->priority,
				  .data = data,
				  .size = size,
				  .time = utc_now(),
				  .rest = rest};
	size_t taken = 0;
	int r = syslog_put(&k->syslog, &in, &taken);

	if (taken > 0 || r == 0)
		return (ssize_t)taken;
	return r == -EAGAIN ? r : fault_set(fault, r, "the system's log " SYSLOG_PATH);
}
