/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_FOREIGN_H
#define CONFIG_FOREIGN_H

/*
 * What systemd calls the keys and words of this configuration: for the hint to who writes those
 * here. The manual page has the same list.
 */

/* The key that is meant by that name of systemd's, or NULL. Static. */
const char *foreign_key(const char *name);

/* The word of that key that is meant by systemd's, or NULL. Static. */
const char *foreign_word(const char *key, const char *word);

#endif
