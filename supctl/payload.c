/* SPDX-License-Identifier: MIT */

/* What is to be sent. It is kept in memory until it is too large for a datagram, then goes on in a
 * memfd. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/large.h"
#include "supctl/hands.h"

#define READ_SIZE 65536

void payload_fini(struct payload *payload)
{
	if (payload->fd >= 0)
		close(payload->fd);
	buf_fini(&payload->bytes);
}

/* 0 or -errno. */
static int payload_add(struct payload *payload, const char *data, size_t size)
{
	int r;

	payload->size += size;
	if (payload->fd < 0 && payload->size <= LARGE_FROM)
		return buf_append(&payload->bytes, data, size);
	if (payload->fd < 0) {
		r = large_new(&payload->fd);
		if (r == 0)
			r = large_append(payload->fd, payload->bytes.data, payload->bytes.size);
		if (r < 0)
			return r;
		buf_fini(&payload->bytes);
		payload->bytes = BUF_INIT;
	}
	return large_append(payload->fd, data, size);
}

static int payload_failed(const char *what, int error)
{
	if (error == -EFBIG)
		complain("%s: a message has at most %llu bytes", what,
			 (unsigned long long)LARGE_MAX);
	else
		complain("%s: %s", what, strerror(-error));
	return EXIT_FAILED;
}

static int payload_read_stdin(struct payload *payload)
{
	char data[READ_SIZE];
	ssize_t n;
	int r = 0;

	do {
		n = read(STDIN_FILENO, data, sizeof(data));
		if (n > 0)
			r = payload_add(payload, data, (size_t)n);
		else if (n < 0 && errno != EINTR)
			r = -errno;
	} while (r == 0 && n != 0);
	return r < 0 ? payload_failed("standard input", r) : 0;
}

/* *ret_word: NULL where there is none. */
static int payload_word(const struct context *context, int at, const char **ret_word)
{
	char **rest = context->rest;
	const char *word = at < context->n_args ? context->args[at] : NULL;

	if (rest && *rest && (word || rest[1]))
		return complain_usage(context,
				      "more than one payload: quote what belongs together");
	*ret_word = rest && *rest ? *rest : word;
	return 0;
}

int payload_read(const struct context *context, int at, struct payload *ret_payload)
{
	struct payload payload = {.bytes = BUF_INIT, .fd = -1};
	const char *word = NULL;
	int r = payload_word(context, at, &word);

	if (r)
		return r;
	if (word && strcmp(word, "-") == 0 && at < context->n_args)
		r = payload_read_stdin(&payload);
	else if (word && (r = payload_add(&payload, word, strlen(word))) < 0)
		r = payload_failed("the payload", r);
	if (r == 0 && payload.fd >= 0 && (r = large_seal(payload.fd, &payload.size)) < 0)
		r = payload_failed("the payload", r);
	if (r)
		payload_fini(&payload);
	else
		*ret_payload = payload;
	return r;
}
