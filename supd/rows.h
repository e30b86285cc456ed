/* SPDX-License-Identifier: MIT */
#ifndef SUPD_ROWS_H
#define SUPD_ROWS_H

/* What the model knows, as fields of a row (INTERFACE 3's names and order). Nothing here fails but
 * the encoder. */

#include "core/exec_setup.h"
#include "core/look.h"
#include "supd/daemon.h"
#include "wire/field.h"

/* A row of status and tree. False where the slot is free. */
bool row_put_status(struct wire_encoder *e, const struct daemon *d, uint32_t slot);
/* A name; an actor's first fields of info. */
void row_put_name(struct wire_encoder *e, const struct name_view *v);
void row_put_actor(struct wire_encoder *e, const struct actor_view *v);
/* The child API's. */
void row_put_child(struct wire_encoder *e, const struct daemon *d, const struct child_row *row);
void row_put_counts(struct wire_encoder *e, const struct child_counts *counts);
void row_put_spec(struct wire_encoder *e, const struct spec *spec);
/* rows_setup.c: of a spec's exec. */
void row_put_output(struct wire_encoder *e, const struct exec *exec);
void row_put_setup(struct wire_encoder *e, const struct exec_setup *setup);

/* A reason in words for a person: a failed step with its object and the errno's text, else as it
 * prints. */
void row_explain(struct buf *out, const struct reason *reason, const struct spec *spec);

/* "more than 2 restarts within 30s", as that supervisor allows. */
void row_explain_intensity(struct buf *out, const struct spec *supervisor);

/* Fields; null where there is none. */
void row_put_pid(struct wire_encoder *e, uint8_t flags, const char *name, actor_pid pid);
void row_put_reason(struct wire_encoder *e, uint8_t flags, const struct reason *reason);

/* ---- rows_event.c ---- */

/* A change of state, for events and why: as an event, of that number (0: it is not kept). */
void row_put_link(struct wire_encoder *e, const struct daemon *d, uint32_t slot,
		  const struct link *link, uint64_t seq);
/* What led to it: the event of that number, in the words of its row. */
void row_put_because(struct wire_encoder *e, uint64_t seq, const struct wire_frame *because);
/* A watch begins behind seq. */
void row_put_watching(struct wire_encoder *e, uint64_t seq);
/* Nanoseconds since 1970, by the clock on the wall. */
int64_t wall_now(void);

/* ---- rows_on_event.c ---- */

/* Of a specification; takes NULL, and puts nothing where nothing is run. */
void row_put_on_event(struct wire_encoder *e, const struct on_event *on_event);

/* ---- rows_probing.c ---- */

/* Whether it is well, as far as that is asked: fields of a row of status. */
void row_put_health(struct wire_encoder *e, const struct daemon *d, uint32_t slot);
/* What the daemon has found that led to that change. False: nothing, or nothing to tell here. */
bool row_explain_found(struct buf *out, const struct link *link, const struct spec *spec);

#endif
