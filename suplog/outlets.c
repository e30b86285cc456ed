/* SPDX-License-Identifier: MIT */

/* Where lines go besides the file. */

#include "suplog/outlets.h"

#include <errno.h>
#include <string.h>

#include "suplog/notice.h"
#include "suplog/stream.h"

bool outlets_want(const struct keeper *k, const struct stream *s)
{
	return (s->settings->show && k->console) || s->has_regex || s->settings->rate > 0;
}

/* Looks for a line that matches; once. */
static void match(struct keeper *k, struct stream *s, const char *data, size_t size)
{
	for (size_t at = 0, end; at < size; at = end + 1) {
		const char *newline = memchr(data + at, '\n', size - at);
		regmatch_t where;

		end = newline ? (size_t)(newline - data) : size;
		where = (regmatch_t){.rm_so = 0, .rm_eo = (regoff_t)(end - at)};
		if (regexec(&s->regex, data + at, 1, &where, REG_STARTEND) == 0) {
			regfree(&s->regex);
			s->has_regex = false;
			notice_simple(k, KEEPER_MATCHED, s);
			return;
		}
	}
}

void outlets_show(struct keeper *k, struct stream *s, const char *data, size_t size)
{
	stream_note_tail(s, data, size);
	if (s->has_regex)
		match(k, s, data, size);
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
