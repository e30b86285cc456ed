/* SPDX-License-Identifier: MIT */
#ifndef BASE_STRINGS_H
#define BASE_STRINGS_H

/* Lists of texts that end with NULL: the list and each text in it are memory of their own. */

char **strings_copy(char *const *strings); /* NULL for NULL or no memory */
void strings_free(char **strings);         /* takes NULL */

#endif
