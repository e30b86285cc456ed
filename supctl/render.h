/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_RENDER_H
#define SUPCTL_RENDER_H

/*
 * Rows for people; for programs they are JSON (wire/json.h). What comes from a process or a file
 * may hold anything: control characters and bytes that are no UTF-8 are shown as \xHH and never
 * reach a terminal.
 */

#include <stdbool.h>

#include "base/buf.h"
#include "wire/field.h"

enum render_newline {
	RENDER_LINE,
	RENDER_LINES
}; /* a newline is escaped like any other; is kept */

/* Appends text, escaped. */
void render_text(struct buf *out, const char *text, enum render_newline newline);
/* A field's value for people; "-" for null. */
void render_field(struct buf *out, const struct field *field);
/* That of a row, with a text before it; nothing where it has none of that name and type. */
void render_named(struct buf *out, const struct wire_frame *row, const char *name,
		  enum field_type type, const char *before);
/* A span for people, rounded down to what one wants to know of it. */
void render_span(struct buf *out, struct span span);
/* "name: value" lines, aligned. */
void render_block(struct buf *out, const struct wire_frame *frame);
/* How many characters a UTF-8 text shows. */
size_t render_width(const char *text);
/* The bytes of the UTF-8 character at text: 1 to 4; 0: it is none. */
size_t render_character(const char *text, uint32_t *ret_character);
/* Colour is wanted: standard output is a terminal, and nobody says otherwise. */
bool render_is_coloured(void);
/* Writes what is in out to standard output and empties it. */
void render_flush(struct buf *out);

/* ---- grid.c: tables: rows of cells, printed when the widths are known ---- */

struct grid;

struct grid *grid_new(void);       /* NULL: no memory */
void grid_free(struct grid *grid); /* takes NULL */
/* A new row. */
void grid_begin(struct grid *grid);
/* The next cell of the row, escaped already; its column's title and side are those of the first
 * row. */
void grid_add(struct grid *grid, const char *title, const char *text, bool right);
/* The columns of a row of the wire. */
void grid_add_row(struct grid *grid, const struct wire_frame *frame);
/* Prints it, with titles where asked; 0 or -ENOMEM where a row was lost. */
int grid_print(const struct grid *grid, bool titles);

#endif
