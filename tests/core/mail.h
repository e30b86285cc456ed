/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CORE_MAIL_H
#define TESTS_CORE_MAIL_H

/* A world of services that send each other messages, for the tests of mailboxes. */

#include "tests/core/support.h"

extern struct world w;

void mail_init(void);
void mail_fini(void);

/* Services a, b, c, d as far as the tree has them, each with its own connection: sources 1 to 4. */
void boot(const char *tree);
/* Of a connection, as text; good for the next three. */
const char *pid(uint64_t source);
/* A message to a name or a pid in text; one of 1000 bytes, all in all; one to be confirmed. */
void tell(uint64_t source, const char *to, const char *tag);
void tell_long(uint64_t source, const char *to, const char *tag);
void confirm(uint64_t source, const char *to, uint64_t ref, const char *tag);
void acknowledge(uint64_t source, uint64_t number);
uint64_t length(const char *path);
/* "a", "b", "?"; "": nobody. */
const char *blocked_on(const char *path);
const char *send_exit(uint64_t source, const char *target, const char *reason);
void trap(uint64_t source);

#endif
