/* SPDX-License-Identifier: MIT */

/*
 * Aligned columns. All cells stand one behind the other in one buffer, as texts with their NULs, so
 * that a table of ten thousand rows is one block of memory; they are walked once to print.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supctl/render.h"

#define COLUMNS_MAX 24
#define FLUSH_SIZE 65536

struct column {
	char title[32];
	size_t width;
	bool right;
};

struct grid {
	struct column columns[COLUMNS_MAX];
	size_t n_columns;
	size_t at; /* the next cell's column */
	bool error;
	struct buf cells; /* a row: its cells, then a cell of one byte ROW_END */
};

#define ROW_END "\x01" /* no escaped text holds it */

struct grid *grid_new(void)
{
	struct grid *grid = calloc(1, sizeof(*grid));

	if (grid)
		grid->cells = BUF_INIT;
	return grid;
}

void grid_free(struct grid *grid)
{
	if (!grid)
		return;
	buf_fini(&grid->cells);
	free(grid);
}

void grid_begin(struct grid *grid)
{
	if (grid->cells.size)
		buf_append(&grid->cells, ROW_END, sizeof(ROW_END));
	grid->at = 0;
}

void grid_add(struct grid *grid, const char *title, const char *text, bool right)
{
	struct column *column = &grid->columns[grid->at];
	size_t width = render_width(text);

	if (grid->at == COLUMNS_MAX)
		return;
	if (grid->at == grid->n_columns) {
		strncpy(column->title, title, sizeof(column->title) - 1);
		column->right = right;
		column->width = strlen(column->title);
		grid->n_columns++;
	}
	if (width > column->width)
		column->width = width;
	buf_append(&grid->cells, text, strlen(text) + 1);
	grid->at++;
}

/* Numbers stand right. */
static bool grid_is_right(const char *name)
{
	static const char *const names[] = {"os_pid", "restarts", "uptime"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* os_pid -> OS_PID */
static void grid_title(char *title, size_t size, const char *name)
{
	size_t i;

	for (i = 0; name[i] && i + 1 < size; i++)
		title[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
	title[i] = '\0';
}

/* Of what runs, what it says that it is about: "reloading" in place of "running". */
static void grid_render(struct buf *text, const struct wire_frame *frame, const struct field *f)
{
	const char *activity = strcmp(f->name, "state") == 0 ? field_text(frame, "activity") : NULL;

	if (activity && f->type == FIELD_TEXT && strcmp(f->text, "running") == 0)
		render_text(text, activity, RENDER_LINE);
	else
		render_field(text, f);
}

void grid_add_row(struct grid *grid, const struct wire_frame *frame)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	char title[32];
	size_t cursor = 0;
	struct field f;

	grid_begin(grid);
	while (field_next(frame, &cursor, &f) > 0) {
		if (f.flags & (FIELD_DETAIL | FIELD_HIDDEN))
			continue;
		buf_clear(&text);
		grid_render(&text, frame, &f);
		grid_title(title, sizeof(title), f.name);
		grid_add(grid, title, buf_text(&text), grid_is_right(f.name));
	}
}

/* ---- printing ---- */

static const char *grid_colour(const struct column *column, const char *text)
{
	static const struct {
		const char *state, *colour;
	} colours[] = {
		{"running", "\033[32m"},  {"failed", "\033[31m"},   {"backoff", "\033[33m"},
		{"starting", "\033[33m"}, {"stopping", "\033[33m"}, {"reloading", "\033[33m"},
	};

	for (size_t i = 0; i < ARRAY_LEN(colours); i++)
		if (strcmp(column->title, "STATE") == 0 && strcmp(colours[i].state, text) == 0)
			return colours[i].colour;
	return NULL;
}

static void grid_pad(struct buf *out, size_t n)
{
	static const char spaces[] = "                                ";

	for (; n; n -= n < sizeof(spaces) - 1 ? n : sizeof(spaces) - 1)
		buf_append(out, spaces, n < sizeof(spaces) - 1 ? n : sizeof(spaces) - 1);
}

/* No line ends in spaces. */
static void grid_print_cell(struct buf *out, const struct column *column, const char *text,
			    bool last, bool coloured)
{
	const char *colour = coloured ? grid_colour(column, text) : NULL;
	size_t padding = column->width - render_width(text);

	if (column->right)
		grid_pad(out, padding);
	if (colour)
		buf_puts(out, colour);
	buf_puts(out, text);
	if (colour)
		buf_puts(out, "\033[0m");
	if (!column->right && !last)
		grid_pad(out, padding);
	while (last && out->size && out->data[out->size - 1] == ' ')
		out->size--;
	buf_puts(out, last ? "\n" : "  ");
}

static void grid_print_titles(const struct grid *grid, struct buf *out)
{
	for (size_t i = 0; i < grid->n_columns; i++)
		grid_print_cell(out, &grid->columns[i], grid->columns[i].title,
				i + 1 == grid->n_columns, false);
}

int grid_print(const struct grid *grid, bool titles)
{
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	bool coloured = render_is_coloured();
	const char *at = buf_text(&grid->cells);
	const char *end = at + grid->cells.size;
	size_t column = 0;

	if (titles && at < end)
		grid_print_titles(grid, &out);
	while (at < end) {
		const char *next = at + strlen(at) + 1;
		bool last = next >= end || strcmp(next, ROW_END) == 0;

		grid_print_cell(&out, &grid->columns[column++], at, last, coloured);
		if (last) {
			column = 0;
			next += next < end ? sizeof(ROW_END) : 0;
		}
		if (out.size >= FLUSH_SIZE)
			render_flush(&out);
		at = next;
	}
	render_flush(&out);
	return grid->cells.error ? grid->cells.error : out.error;
}
