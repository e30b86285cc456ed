/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_LOADER_H
#define CONFIG_LOADER_H

/*
 * A configuration under construction, shared by the files of this folder. Reading makes sections
 * (file.c, section.c); linking makes a tree of them (tree.c); places stay for the check of the
 * surroundings. Shortage of memory is sticky: whoever meets it sets loader.error and goes on
 * without harm.
 */

#include <stdarg.h>

#include "base/map.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/lines.h"

enum section_kind { SECTION_SUPD, SECTION_DEFAULTS, SECTION_SUPERVISOR, SECTION_SERVICE };

/* A key that a section has. */
struct given {
	const struct key *key;
	int line;
	bool inherited; /* from [defaults] */
};

struct section {
	enum section_kind kind;
	char *path;    /* owned; "/" or "web/api"; NULL where the kind has none */
	uint32_t file; /* index into places.files */
	int line;
	struct spec *spec;   /* owned count; NULL in [supd] */
	struct given *given; /* owned */
	size_t n_given;
	struct section *parent; /* borrowed; NULL: none */
	bool damaged;           /* a value was refused: what it lacks is not reported */
};

struct config_places {
	char **files; /* owned texts, as the user named them, in the order of reading */
	size_t n_files;
	struct section **sections; /* owned */
	size_t n_sections;
};

/* A value of [defaults]. */
struct default_value {
	const struct key *key;
	char *text; /* owned */
	int line;
};

/* A file in hand. */
struct reading {
	struct loader *loader;
	const struct reading *outer; /* the file that includes this one */
	uint32_t file;
	char *directory; /* owned; absolute; NULL: the text is no file */
	uint64_t device, inode;
	struct section *section; /* in hand; NULL: none yet, or one that is left out */
	bool seen_section;
	struct default_value *defaults; /* owned */
	size_t n_defaults;
};

struct loader {
	struct config *config;        /* owned */
	struct config_places *places; /* config's */
	struct strmap paths;          /* path -> struct section */
	const char *child;            /* of a child added at run time: its path; else NULL */
	struct buf *copy_to;          /* borrowed; where a copy is made (copy.h); NULL: none is */
	const char *copy;             /* borrowed; files are read out of this one; NULL: not */
	size_t copy_size;
	int error; /* 0 or -ENOMEM */
};

/* message.c */
void loader_complain(struct loader *loader, enum config_severity severity, uint32_t file, int line,
		     const char *format, ...) PRINTF(5, 6);
/* As loader_complain() with a text that may be long. */
void message_add(struct loader *loader, enum config_severity severity, uint32_t file, int line,
		 const char *text);

/* file.c: a file, and what an include names. */
void loader_read_main(struct loader *loader, const char *path);
void loader_read_text(struct loader *loader, const char *name, char *text, size_t size);
void loader_include(struct reading *reading, const char *pattern, int line);

/* section.c */
void reading_open_section(struct reading *reading, const struct line *line);
void reading_close_section(struct reading *reading); /* no key is added to it any more */
void reading_fini(struct reading *reading);
struct section *section_new(struct reading *reading, enum section_kind kind, const char *path,
			    int line);
void section_free(struct section *section);
/* The line of a key in section, the last one; that of the section where it has none. */
int section_line(const struct section *section, const char *key);
bool section_has(const struct section *section, const char *key);
/* Appends to owned arrays; false where memory is short. */
bool array_grow(void *array, size_t n, size_t size);

/* assign.c */
void reading_assign(struct reading *reading, const struct line *line);
void section_apply_defaults(struct reading *reading, struct section *section);

/* sockets.c: what keys of sockets mean together. */
/* What stands in the tree for a section: its spec, or with accept = yes a supervisor of that.
 * Owned; NULL: no memory. */
struct spec *section_spec(struct section *section);
void section_check_sockets(struct loader *loader, struct section *section,
			   const struct section *parent);

/* together.c: what keys of different parts mean together. */
void section_check_together(struct loader *loader, const struct section *section);
/* Of a supervisor's section too. */
void section_check_events(struct loader *loader, const struct section *section);

/* tree.c: links what was read; the root is the config's where nothing is wrong. */
void loader_link(struct loader *loader);

#endif
