/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_ACTORS_H
#define CONFIG_ACTORS_H

struct loader;

/* After linking: links, aliases and mailboxes of all sections. Complains of what does not go. */
void loader_check_actors(struct loader *loader);

#endif
