/* SPDX-License-Identifier: MIT */

/*
 * Messages, calls and replies on their way out. The daemon keeps what does not fit into its
 * receiver's mailbox, up to so many bytes of each sender; on these the window counts, and who has
 * used it up waits here for the daemon to widen it.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/connection.h"
#include "wire/number.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
#define MEMFD_SIZE 8

struct sup_bytes sup_bytes(const void *data, size_t size)
{
	return (struct sup_bytes){data, size};
}

struct sup_bytes sup_text(const char *text)
{
	return (struct sup_bytes){text, strlen(text)};
}

uint64_t ref_new(struct sup *sup)
{
	return sup->next_ref++;
}

/* ---- frames ---- */

/* The tag of a frame by name begins with the name and a NUL. */
static int send_tag(struct sending *what)
{
	size_t name_size = what->name ? strlen(what->name) + 1 : 0;
	size_t tag_size = what->tag ? strlen(what->tag) : 0;

	/* To nobody: supd would take it for a damaged frame, and close the connection. */
	if (what->name ? name_size == 1 : !what->frame.to)
		return -EINVAL;
	if (name_size + tag_size > SUP_TAG_MAX)
		return what->name ? -ENAMETOOLONG : -EMSGSIZE;
	if (name_size) {
		memcpy(what->bytes, what->name, name_size);
		what->frame.flags |= WIRE_NAMED;
		what->frame.to = 0;
	}
	if (tag_size)
		memcpy(what->bytes + name_size, what->tag, tag_size);
	what->frame.tag = what->bytes;
	what->frame.tag_size = (uint16_t)(name_size + tag_size);
	return 0;
}

/* *ret_size: of the frame; 0 where it was not appended. */
static int send_append(struct sup *sup, const struct wire_frame *frame, struct sup_bytes payload,
		       size_t *ret_size)
{
	size_t from = sup->out.size;
	struct wire_encoder e;
	int r;

	wire_begin(&e, &sup->out, frame);
	wire_put(&e, payload.data, payload.size);
	r = output_end(sup, &e);
	*ret_size = sup->out.size - from;
	return r;
}

/*
 * Until a message may begin. Whoever waits for us to receive, as we for them, must not do so for
 * ever: what comes meanwhile is taken in, without a limit.
 */
static int send_wait_window(struct sup *sup, bool nowait)
{
	int r = 0;

	if (sup->sent >= sup->window)
		r = input_drain(sup);
	while (r == 0 && sup->sent >= sup->window) {
		if (nowait)
			return -EAGAIN;
		r = receive_all(sup);
		if (r == 0)
			r = wait_input(sup, MONO_NEVER);
		if (r == -EINTR)
			r = 0;
	}
	return r;
}

/* ---- memfds ---- */

static int memfd_write(int fd, struct sup_bytes payload)
{
	size_t done = 0;

	while (done < payload.size) {
		ssize_t n = write(fd, (const char *)payload.data + done, payload.size - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -errno : 0;
}

static int memfd_new(struct sup_bytes payload, int *ret_fd)
{
	int fd = memfd_create("sup-message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = memfd_write(fd, payload);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* The fd travels with its frame, which is a datagram of its own. */
static int send_in_memfd(struct sup *sup, struct sending *what, size_t *ret_size)
{
	uint8_t size[MEMFD_SIZE];
	size_t from = sup->out.size;
	int fd = -1, r;

	r = memfd_new(what->payload, &fd);
	if (r != 0)
		return r;
	what->frame.flags |= WIRE_MEMFD;
	number_store(size, what->payload.size, sizeof(size));
	r = send_append(sup, &what->frame, sup_bytes(size, sizeof(size)), ret_size);
	if (r == 0)
		r = output_flush_with(sup, from, &fd, 1, !what->nowait);
	close(fd);
	return r;
}

/*
 * What was consumed is told in the datagram of the next message, and so a server that replies
 * before it waits needs none for that alone.
 */
static int send_inline(struct sup *sup, struct sending *what, size_t *ret_size)
{
	int r = 0;

	if (sup->consumed != sup->told_consumed && sup->role != ROLE_HELPER)
		r = receive_put_credit(sup);
	if (r == 0)
		r = send_append(sup, &what->frame, what->payload, ret_size);
	if (r < 0 || (sup->corked && sup->out.size < WIRE_DATAGRAM_MAX))
		return r;
	return output_flush(sup, !what->nowait);
}

static int send_try(struct sup *sup, struct sending *what)
{
	bool in_memfd = what->payload.size > INLINE_MAX;
	size_t size = 0;
	int r = send_tag(what);

	if (r == 0 && what->payload.size > SUP_PAYLOAD_MAX)
		r = -EMSGSIZE;
	if (r == 0 && sup->closed)
		r = -EPIPE;
	if (r == 0)
		r = send_wait_window(sup, what->nowait);
	if (r < 0)
		return r;
	r = in_memfd ? send_in_memfd(sup, what, &size) : send_inline(sup, what, &size);
	if (r < 0) {
		/* It is the last in the buffer, and has not gone. */
		sup->out.size -= size;
		return r;
	}
	sup->sent += size + (in_memfd ? what->payload.size : 0);
	return 0;
}

int send_frame(struct sup *sup, struct sending *what)
{
	return fail_without_words(sup, send_try(sup, what));
}

int send_signal(struct sup *sup, struct sending *what)
{
	size_t size;
	int r = send_tag(what);

	if (r == 0)
		r = send_append(sup, &what->frame, SUP_NOTHING, &size);
	return r < 0 ? r : output_commit(sup);
}

static int send_flagged(struct sup *sup, struct sending *what, unsigned flags)
{
	if (flags & ~SUP_NOWAIT)
		return -EINVAL;
	return send_frame(sup, what);
}

int sup_send(struct sup *sup, sup_pid to, const char *tag, struct sup_bytes payload, unsigned flags)
{
	struct sending what = {
		.frame = {.op = WIRE_MESSAGE, .to = to.n},
		.tag = tag,
		.payload = payload,
		.nowait = flags & SUP_NOWAIT,
	};

	return send_flagged(sup, &what, flags);
}

int sup_reply(struct sup *sup, sup_pid to, sup_ref ref, const char *tag, struct sup_bytes payload,
	      unsigned flags)
{
	struct sending what = {
		.frame = {.op = WIRE_RESPONSE, .to = to.n, .ref = ref.n},
		.tag = tag,
		.payload = payload,
		.nowait = flags & SUP_NOWAIT,
	};

	return ref.n ? send_flagged(sup, &what, flags) : -EINVAL;
}

int sup_call_begin(struct sup *sup, sup_pid to, const char *tag, struct sup_bytes payload,
		   unsigned flags, sup_ref *ret_ref)
{
	struct sending what = {
		.frame = {.op = WIRE_CALL, .to = to.n, .ref = ref_new(sup)},
		.tag = tag,
		.payload = payload,
		.nowait = flags & SUP_NOWAIT,
	};
	int r = send_flagged(sup, &what, flags);

	if (r == 0)
		ret_ref->n = what.frame.ref;
	return r;
}

/* ---- by name ---- */

/* What a DONE says of a message that was to be confirmed. */
static int send_outcome(const struct wire_frame *done)
{
	if (done->to || wire_tag_is(done, "cancelled"))
		return -EAGAIN;
	if (wire_tag_is(done, "noproc"))
		return -ESRCH;
	return done->tag_size ? -ENOBUFS : 0;
}

/*
 * Where it must not wait a CANCEL follows at once: the message is in the mailbox by then, or was
 * never sent. Where both are answered the second answer is dropped.
 */
int sup_send_name(struct sup *sup, const char *name, const char *tag, struct sup_bytes payload,
		  unsigned flags)
{
	struct sending what = {
		.frame = {.op = WIRE_MESSAGE, .flags = WIRE_CONFIRM, .ref = ref_new(sup)},
		.name = name,
		.tag = tag,
		.payload = payload,
		.nowait = flags & SUP_NOWAIT,
	};
	struct wire_frame cancel = wire_frame(WIRE_CANCEL, "", what.frame.ref);
	uint64_t sent = sup->sent;
	struct waiter waiter;
	int r = flags & ~SUP_NOWAIT ? -EINVAL : 0;

	waiter_add(sup, &waiter, what.frame.ref);
	if (r == 0)
		r = send_frame(sup, &what);
	if (r == 0 && what.nowait)
		r = output_put(sup, &cancel);
	if (r == 0)
		r = wait_for(sup, &waiter, MONO_NEVER);
	if (r == 0)
		r = send_outcome(&waiter.frame);
	/* The daemon has not counted it either. */
	if (waiter.done && wire_tag_is(&waiter.frame, "memfds"))
		sup->sent = sent;
	waiter_remove(&waiter);
	return fail_without_words(sup, r);
}
