/* SPDX-License-Identifier: MIT */

/*
 * replay FILE: plays a recording (supd --record) through the core, and compares what comes out with
 * the recording, byte for byte. Exit status 0 where both are the same; else the first line that
 * differs is shown.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "core/record.h"

static int complain(const char *file, const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", file, what);
	return 1;
}

static int read_file(const char *file, struct buf *out)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;
	char *room;

	while (n > 0) {
		room = buf_reserve(out, 64 * 1024);
		n = room ? read(fd, room, 64 * 1024) : -1;
		if (n > 0) {
			out->size += (size_t)n;
			out->data[out->size] = '\0';
		}
	}
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* How many lines of text begin like that. */
static size_t count(const char *text, const char *word)
{
	size_t n = 0, size = strlen(word);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		n += strncmp(text, word, size) == 0;
	}
	return n;
}

static void show_line(const char *label, const char *line)
{
	printf("%s: %.*s\n", label, (int)strcspn(line, "\n"), *line ? line : "(the end)");
}

static void show_difference(const char *recorded, const char *replayed)
{
	size_t same = 0, line = 1, start = 0;

	for (; recorded[same] && recorded[same] == replayed[same]; same++) {
		if (recorded[same] == '\n') {
			line++;
			start = same + 1;
		}
	}
	printf("line %zu differs\n", line);
	show_line("recorded", recorded + start);
	show_line("replayed", replayed + start);
}

int main(int argc, char **argv)
{
	struct buf recorded CLEANUP(buf_fini) = BUF_INIT;
	struct buf replayed CLEANUP(buf_fini) = BUF_INIT;
	int r;

	if (argc != 2) {
		fputs("usage: make replay FILE=RECORDING   (supd --record RECORDING makes one)\n",
		      stderr);
		return 2;
	}
	if (read_file(argv[1], &recorded) < 0)
		return complain(argv[1], strerror(errno));
	if (!recorded.size)
		return complain(argv[1], "it is empty");
	if (strlen(recorded.data) != recorded.size)
		return complain(argv[1], "it is no recording: there are bytes of value 0 in it");
	r = record_replay(recorded.data, &replayed);
	if (r == -ENOMEM)
		return complain(argv[1], "out of memory");
	if (strcmp(recorded.data, buf_text(&replayed)) != 0) {
		show_difference(recorded.data, buf_text(&replayed));
		return 1;
	}
	if (r < 0)
		return complain(argv[1], "it is damaged");
	printf("%zu events, %zu effects: the replay is the same, byte for byte\n",
	       count(recorded.data, "ev "), count(recorded.data, "fx "));
	return 0;
}
