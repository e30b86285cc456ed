/* SPDX-License-Identifier: MIT */

/* The handshake's one frame. */

#include "wire/hello.h"

#include <errno.h>
#include <string.h>

#include "wire/number.h"

#define MAGIC "supd"
#define MAGIC_SIZE 4
#define VERSION_SIZE 4
#define DAEMON_SIZE 20
#define HELPER_SIZE (8 + HELLO_TOKEN_SIZE)

static int hello_put_with(struct buf *out, const uint8_t *more, size_t size)
{
	struct wire_frame frame = wire_frame(WIRE_HELLO, "", 0);
	struct wire_encoder e;
	uint8_t version[VERSION_SIZE];

	number_store(version, WIRE_PROTOCOL, sizeof(version));
	wire_begin(&e, out, &frame);
	wire_put(&e, MAGIC, MAGIC_SIZE);
	wire_put(&e, version, sizeof(version));
	wire_put(&e, WIRE_RELEASE, sizeof(WIRE_RELEASE));
	wire_put(&e, more, size);
	return wire_end(&e);
}

int hello_put(struct buf *out)
{
	return hello_put_with(out, NULL, 0);
}

int hello_put_daemon(struct buf *out, uint64_t pid, uint64_t window, uint32_t flags)
{
	uint8_t more[DAEMON_SIZE];

	number_store(more, pid, 8);
	number_store(more + 8, window, 8);
	number_store(more + 16, flags, 4);
	return hello_put_with(out, more, sizeof(more));
}

int hello_put_helper(struct buf *out, uint64_t pid, const uint8_t token[HELLO_TOKEN_SIZE])
{
	uint8_t more[HELPER_SIZE];

	number_store(more, pid, 8);
	memcpy(more + 8, token, HELLO_TOKEN_SIZE);
	return hello_put_with(out, more, sizeof(more));
}

int hello_read(const struct wire_frame *frame, uint32_t *ret_protocol, const char **ret_release)
{
	const uint8_t *payload = frame->payload;
	size_t size = frame->payload_size, fixed = MAGIC_SIZE + VERSION_SIZE;

	if (frame->op != WIRE_HELLO || size <= fixed || !memchr(payload + fixed, 0, size - fixed) ||
	    memcmp(payload, MAGIC, MAGIC_SIZE) != 0)
		return -EPROTO;
	*ret_protocol = (uint32_t)number_load(payload + MAGIC_SIZE, VERSION_SIZE);
	*ret_release = (const char *)payload + fixed;
	return 0;
}

/* What is behind the release, NULL where that is less than size. */
static const uint8_t *hello_more(const struct wire_frame *frame, size_t size)
{
	const uint8_t *end = (const uint8_t *)frame->payload + frame->payload_size, *more;
	const char *release;
	uint32_t protocol;

	if (hello_read(frame, &protocol, &release) < 0)
		return NULL;
	more = (const uint8_t *)release + strlen(release) + 1;
	return (size_t)(end - more) >= size ? more : NULL;
}

int hello_read_daemon(const struct wire_frame *frame, struct hello_more *ret_more)
{
	const uint8_t *more = hello_more(frame, DAEMON_SIZE);

	if (!more)
		return -EPROTO;
	*ret_more = (struct hello_more){
		.pid = number_load(more, 8),
		.window = number_load(more + 8, 8),
		.flags = (uint32_t)number_load(more + 16, 4),
	};
	return 0;
}

int hello_read_helper(const struct wire_frame *frame, struct hello_more *ret_more)
{
	const uint8_t *more = hello_more(frame, HELPER_SIZE);

	if (!more)
		return -EPROTO;
	*ret_more = (struct hello_more){.pid = number_load(more, 8)};
	memcpy(ret_more->token, more + 8, HELLO_TOKEN_SIZE);
	return 0;
}

bool hello_has_more(const struct wire_frame *frame)
{
	return hello_more(frame, 1) != NULL;
}
