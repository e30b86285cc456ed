/* SPDX-License-Identifier: MIT */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/* Small parsers and judgements about text; none depends on the locale. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal digits only. 0, -EINVAL, or -ERANGE where it is above max. */
int text_parse_u64(const char *text, uint64_t max, uint64_t *ret_value);
/* yes/no/true/false/on/off/1/0. 0 or -EINVAL. */
int text_parse_bool(const char *text, bool *ret_value);
/* "64K", "10M", "1G", "1T" (1024), "infinity" (UINT64_MAX), bare: bytes. 0, -EINVAL or -ERANGE. */
int text_parse_size(const char *text, uint64_t *ret_value);
/* A Unix signal by name ("TERM", "SIGTERM", "RTMIN+3") or number. 0 or -EINVAL. */
int text_parse_signal(const char *text, int *ret_signal);
/* Its name without SIG, "TERM"; a number as text where it has none. Borrowed from buf or static. */
const char *text_signal_name(int unix_signal, char buf[16]);
/* The symbolic name of an errno, "ENOENT"; "E123" where it has none. */
const char *text_errno_name(int error, char buf[16]);
/* The errno of such a name; 0 where there is none. */
int text_errno_parse(const char *name);
/* Bytes of the UTF-8 character that data, of at least one byte, begins with; 0: none, or a NUL. */
size_t text_utf8_size(const char *data, size_t left);
/*
 * A character that is not to reach a terminal as it is: controls (C0, DEL, C1), those that turn the
 * direction of what follows, so that a line reads as what it is not, ends of lines that are none
 * (U+2028, U+2029), and those that take no room and so hide a difference (zero-width, U+FEFF).
 */
bool text_is_treacherous(uint32_t character);
/* True where data is valid UTF-8 with no NUL. */
bool text_is_utf8(const char *data, size_t size);
/* True where all of text matches a pattern: * is any text, ? one byte, the rest itself. */
bool text_glob(const char *pattern, const char *text);
/*
 * The candidate nearest to word by edit distance, or NULL where none is near enough to suggest
 * (more than a third of the word's letters apart). candidates ends with NULL; borrowed.
 */
const char *text_nearest(const char *word, const char *const *candidates);

#endif
