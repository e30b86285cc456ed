/* SPDX-License-Identifier: MIT */

/*
 * Messages as the program gets them. A payload that came in a memfd is mapped, over the beginning
 * of a mapping that is one byte longer, so that a NUL follows there, too.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/queue.h"
#include "wire/number.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define MEMFD_SIZE 8

/* Whoever maps what can shrink under it can be killed by that. */
static bool memfd_is_sound(int fd, uint64_t size)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &st) == 0 && st.st_size >= 0 &&
	       (uint64_t)st.st_size == size && size <= SUP_PAYLOAD_MAX;
}

static int letter_map(struct letter *l, const struct wire_frame *frame, int fd)
{
	uint64_t size;

	if (fd < 0 || frame->payload_size != MEMFD_SIZE)
		return -EPROTO;
	size = number_load(frame->payload, MEMFD_SIZE);
	if (!size || !memfd_is_sound(fd, size))
		return -EPROTO;
	l->map_size = (size_t)size + 1;
	l->map = mmap(NULL, l->map_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l->map == MAP_FAILED) {
		l->map = NULL;
		return -ENOMEM;
	}
	if (mmap(l->map, (size_t)size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
		return -ENOMEM;
	l->message.payload = l->map;
	l->message.size = (size_t)size;
	return 0;
}

int letter_new(const struct wire_frame *frame, int fd, struct letter **ret_letter)
{
	bool in_memfd = frame->flags & WIRE_MEMFD;
	size_t size = in_memfd ? 0 : frame->payload_size;
	struct letter *l = malloc(sizeof(*l) + frame->tag_size + 1 + size + 1);
	char *payload;
	int r;

	if (!l)
		return -ENOMEM;
	payload = l->bytes + frame->tag_size + 1;
	*l = (struct letter){
		.message.kind = (enum sup_kind)clause_kind_of(frame->op),
		.message.redelivered = frame->flags & WIRE_REDELIVERED,
		.message.from.n = frame->from,
		.message.ref.n = frame->ref,
		.message.number = frame->to,
		.message.tag = l->bytes,
		.message.payload = payload,
		.message.size = size,
		.tag_size = frame->tag_size,
	};
	list_init(&l->link);
	memcpy(l->bytes, frame->tag, frame->tag_size);
	l->bytes[frame->tag_size] = '\0';
	if (size)
		memcpy(payload, frame->payload, size);
	payload[size] = '\0';
	r = in_memfd ? letter_map(l, frame, fd) : 0;
	if (r < 0) {
		letter_free(l);
		return r;
	}
	*ret_letter = l;
	return 0;
}

void letter_free(struct letter *letter)
{
	if (!letter)
		return;
	if (letter->map)
		munmap(letter->map, letter->map_size);
	free(letter);
}

struct letter *letter_of(struct sup_message *message)
{
	return CONTAINER_OF(message, struct letter, message);
}

void sup_message_free(struct sup_message *message)
{
	if (message)
		letter_free(letter_of(message));
}
