/* SPDX-License-Identifier: MIT */
#ifndef CORE_RECORD_SPEC_H
#define CORE_RECORD_SPEC_H

/* Between record.c (writing), record_read.c (reading) and record_spec.c (specs, both ways). */

#include "base/buf.h"
#include "core/spec.h"

/* " key=value"; everything but plain letters, digits and a few signs is percent-encoded. */
void record_put_text(struct buf *out, const char *key, const char *text); /* NULL: left out */
void record_put_int(struct buf *out, const char *key, int64_t value);
/* As hexadecimal digits; nothing where there are none. */
void record_put_bytes(struct buf *out, const char *key, const void *data, size_t size);
/* Such a value in place: the number of bytes, or -EINVAL. */
int record_read_bytes(char *value, size_t *ret_size);
void record_put_uint(struct buf *out, const char *key, uint64_t value);
/* Lines of a spec and of all below it. */
void record_put_spec(struct buf *out, const struct spec *spec);

/* The next word of a line, which is cut in place; NULL: no more. */
char *record_next_word(char **cursor);
/* Cuts "key=value" into both, the value decoded. False where it is none. */
bool record_split(char *word, const char **ret_key, const char **ret_value);
bool record_read_int(const char *text, int64_t *ret_value);
bool record_read_uint(const char *text, uint64_t *ret_value);
/* The index of a word in a list that ends with NULL, or -1. */
int record_find_name(const char *word, const char *const *names);
/* One spec line, without its first word. 0 with a count for the caller, -EINVAL, -ENOMEM. */
int record_read_spec(char *line, unsigned *ret_depth, struct spec **ret_spec);

#endif
