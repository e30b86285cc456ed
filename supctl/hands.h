/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_HANDS_H
#define SUPCTL_HANDS_H

/*
 * Messages from the shell: where they go, what is in them, which ones are wanted, and how one that
 * came is shown.
 */

#include "supctl/ask.h"

/* ---- clause.c: --match key=value[,key=value...] ---- */

/*
 * Appends the clause to the payload of a RECEIVE. 0 or -ENOMEM; -EINVAL with a sentence for the
 * user in error. In a value \, is a comma and \\ a backslash.
 */
int clause_parse(const char *text, struct buf *out, struct buf *error);

/* ---- payload.c ---- */

/* A payload to be sent: bytes, or a sealed memfd where they are too many for a datagram. */
struct payload {
	struct buf bytes;
	int fd; /* owned; -1: none */
	uint64_t size;
};

/*
 * What the command line says: the word at args[at], or the one behind "--"; "-" is standard input
 * to its end; no word is an empty payload. 0 or an exit status with the message printed.
 */
int payload_read(const struct context *context, int at, struct payload *ret_payload);
void payload_fini(struct payload *payload); /* also a CLEANUP function */

/* ---- frames.c: frames from and to the daemon ---- */

/* The header of a frame to DEST, a pid or a name, with that tag. */
struct address {
	struct wire_frame frame;
	char tag[WIRE_TAG_MAX + 1]; /* the frame's */
};

/* 0 or an exit status with the message printed. The tag may be NULL. */
int address_make(const struct context *context, enum wire_op op, const char *dest, const char *tag,
		 struct address *ret_address);
/* Connects where need be and composes a frame, or sends it, where its payload is a memfd. 0 or an
 * exit status with the message printed. */
int frame_put(struct context *context, const struct wire_frame *frame,
	      const struct payload *payload);
/* A frame without tag and payload. */
int frame_put_bare(struct context *context, enum wire_op op, uint8_t flags, uint64_t ref);
/* Connects, and gives a new ref. 0 or an exit status with the message printed. */
int frame_new_ref(struct context *context, uint64_t *ret_ref);
/* Returns when the daemon has taken all that was sent before. 0 or an exit status. */
int frames_settle(struct context *context);
/* Nobody has taken what was for dest: says why, as far as the daemon knows. EXIT_NOPROC. */
int complain_absent(struct context *context, const char *dest);
/* A ref or number on the command line. 0 or EXIT_USAGE with the message printed. */
int ref_parse(const struct context *context, const char *text, uint64_t *ret_ref);

/* ---- monitor.c ---- */

/* A guest waits for the DOWN with that ref and prints it; exit status. */
int monitor_wait(struct context *context, uint64_t ref);

/* ---- message.c: one that came ---- */

struct message {
	uint8_t op;
	bool redelivered; /* handed out before, and not acknowledged */
	uint64_t from, ref;
	uint64_t number; /* its place in the mailbox; 0: it came past it */
	char *from_name; /* owned; NULL: none */
	struct buf tag;  /* any bytes */
	struct buf copy; /* of the payload, where it came in the datagram */
	const char *payload;
	size_t size;
	void *mapping; /* owned; of the payload, where it came in a memfd */
};

/* How it is shown: its payload alone, as assignments for a shell, as JSON. */
enum message_form { MESSAGE_PLAIN, MESSAGE_VARS, MESSAGE_JSON };

/* Makes one out of the last frame that was received. 0 or EXIT_FAILED with the message printed. */
int message_keep(struct context *context, const struct wire_frame *frame,
		 struct message *ret_message);
void message_fini(struct message *message); /* also a CLEANUP function */
/* Asks the daemon for the sender's name; there may be none. 0 or an exit status. */
int message_find_name(struct context *context, struct message *message);
/* Appends what is shown; the two forms but MESSAGE_PLAIN. */
void message_put_vars(struct buf *out, const struct message *message);
void message_put_json(struct buf *out, const struct message *message);
/* Writes it to standard output, all of it. 0 or EXIT_FAILED with the message printed. */
int message_write(const struct message *message, enum message_form form);

#endif
