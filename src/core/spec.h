/* SPDX-License-Identifier: MIT */
#ifndef CORE_SPEC_H
#define CORE_SPEC_H

/*
 * Child specifications, whatever file or call they came from. A spec is shared and counted, and
 * does not change once it has been handed over. A supervisor's spec holds the specs of the children
 * that it starts with, in order (the result of OTP's init); a simple_one_for_one has exactly one,
 * its template.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "core/exec.h"
#include "core/on_event.h"
#include "core/reason.h"

enum child_type { CHILD_SERVICE, CHILD_SUPERVISOR, CHILD_N_TYPES };
enum restart_type { RESTART_PERMANENT, RESTART_TRANSIENT, RESTART_TEMPORARY, RESTART_N_TYPES };
enum strategy {
	STRATEGY_ONE_FOR_ONE,
	STRATEGY_ONE_FOR_ALL,
	STRATEGY_REST_FOR_ONE,
	STRATEGY_SIMPLE_ONE_FOR_ONE,
	STRATEGY_N,
};
enum give_up { GIVE_UP_ESCALATE, GIVE_UP_HOLD, GIVE_UP_N };
enum auto_shutdown { AUTO_NEVER, AUTO_ANY_SIGNIFICANT, AUTO_ALL_SIGNIFICANT, AUTO_N };
enum ready_kind {
	READY_EXEC,   /* the exec succeeded */
	READY_EXIT,   /* a oneshot: ready when it has ended normally */
	READY_NOTIFY, /* READY=1 on the notify socket */
	READY_DELAY,  /* ready_delay after the exec */
	/* the daemon finds out, and tells by EVENT_READY */
	READY_FD,      /* a newline on an fd, as s6 has it */
	READY_MAILBOX, /* it asks for messages */
	READY_TCP,
	READY_UNIX,
	READY_HTTP,
	READY_COMMAND,
	READY_LOG, /* a line of its output */
	READY_N_KINDS,
};
enum start_mode { START_ORDERED, START_PARALLEL, START_N_MODES };

/* How long a stop may take. */
enum shutdown_kind { SHUTDOWN_SPAN, SHUTDOWN_INFINITY, SHUTDOWN_BRUTAL_KILL };

/* What becomes of messages that were not taken when the process ends (SEMANTICS D3). */
enum mailbox_kind { MAILBOX_VOLATILE, MAILBOX_DURABLE, MAILBOX_NONE, MAILBOX_N_KINDS };
/* What becomes of a message that does not fit (SEMANTICS D2). */
enum mailbox_overflow {
	OVERFLOW_BLOCK,
	OVERFLOW_REJECT,
	OVERFLOW_DROP,
	OVERFLOW_KILL,
	OVERFLOW_N,
};

/* Bounds, checked by spec_validate(). */
#define SPEC_NAME_MAX 200
/* Of an actor that no spec describes. */
#define SPEC_OUTBOX_LIMIT (UINT64_C(1) << 20)
#define SPEC_PATH_MAX 1000
#define SPEC_DEPTH_MAX 64
#define SPEC_INTENSITY_MAX 10000
#define SPEC_INSTANCES_MAX 10000

struct spec {
	uint32_t refs;
	enum child_type type;
	char *name; /* the last part of the path; "/" for the root; in the same block of memory */
	enum restart_type restart;
	enum shutdown_kind shutdown;
	bool significant;
	bool autostart;
	bool remain; /* of a oneshot: it is up from its normal end to its stop; the daemon tells */
	bool on_demand;  /* not started with its supervisor, but by a trigger; after a normal end it
			    waits for the next */
	bool template;   /* no child itself: its name ends with "@", and so its instances' begin */
	bool instance;   /* made from a template */
	bool overlap;    /* a restart by request starts the new one before it stops the old one */
	bool start_post; /* ready only when the daemon says so: something is run after it */
	bool trap_exit;
	struct on_event *on_event; /* owned count; NULL: nothing is run at events */
	uint32_t instances; /* of a template: NAME@1 to NAME@N are there from the beginning */
	enum ready_kind ready;
	struct span shutdown_span;
	struct span restart_delay; /* zero: at once, as OTP */
	struct span restart_delay_max;
	struct span restart_reset;

	/* service */
	struct span ready_delay;
	struct span start_timeout;
	uint8_t success_codes[32]; /* bit set: this exit status counts as normal */
	uint64_t success_signals;  /* likewise, bit N for Unix signal N */
	struct exec *exec;         /* owned; NULL in tests of the core */
	enum mailbox_kind mailbox;
	enum mailbox_overflow mailbox_overflow;
	uint64_t mailbox_limit; /* bytes; UINT64_MAX: no limit */
	uint64_t outbox_limit;
	/* owned lists of owned texts, each ends with NULL; NULL where empty */
	char **aliases;  /* further names, reserved for it */
	char **links;    /* names of those that it is linked to whenever both run (D16) */
	char **after;    /* names of those that it is not started before (D16) */
	char **requires; /* names of those without which it does not run (D16) */
	char **provides; /* names that others may have in after and requires */
	char **grants;   /* "link:GLOB", "exit:GLOB", "spawn:USER", "admin" (ARCHITECTURE 6) */

	/* supervisor */
	enum strategy strategy;
	uint32_t intensity;
	struct span period;
	enum give_up give_up;
	enum auto_shutdown auto_shutdown;
	enum start_mode start;
	uint32_t max_children; /* UINT32_MAX: no limit */
	uint32_t n_children;
	struct spec **children; /* owned list of owned counts */
};

/* What spec_validate() found. Texts: spec_error_text(). */
enum spec_error {
	SPEC_OK,
	SPEC_E_NAME,        /* empty, too long, or with characters outside [A-Za-z0-9_.@:+-] */
	SPEC_E_DUPLICATE,   /* duplicate_child_name (SEMANTICS 89) */
	SPEC_E_SIGNIFICANT, /* bad_combination (SEMANTICS 187) */
	SPEC_E_PERIOD,      /* zero */
	SPEC_E_INTENSITY,   /* above SPEC_INTENSITY_MAX */
	SPEC_E_TEMPLATE,    /* simple_one_for_one without exactly one template (SEMANTICS 166) */
	SPEC_E_DEPTH,
	SPEC_E_ONESHOT,   /* ready = exit with restart = permanent would run for ever */
	SPEC_E_ALIAS,     /* no name that could be registered, or twice the same */
	SPEC_E_GRANT,     /* none of the forms above */
	SPEC_E_TRAP,      /* trap_exit without a mailbox */
	SPEC_E_REMAIN,    /* remain of what is no oneshot, or has a mailbox */
	SPEC_E_POST,      /* start_post of what has ended when it is ready */
	SPEC_E_READY,     /* ready = mailbox without one, or with start_post */
	SPEC_E_ADDED,     /* a template that is added at run time */
	SPEC_E_INSTANCES, /* a template that is a supervisor, or of a simple_one_for_one, has an
			     alias, or more than SPEC_INSTANCES_MAX instances */
	SPEC_E_PROVIDES,  /* no name, or twice the same */
	SPEC_E_OVERLAP,   /* overlap of what can not be there twice, or not under one_for_one */
	SPEC_E_UNKNOWN,   /* after or requires: nobody in the tree has that name (call.c) */
	SPEC_E_CYCLE,     /* after or requires: it would wait for itself (call.c) */
	SPEC_N_ERRORS,
};

/* One count, all defaults of INTERFACE 2 (86, 87, D12); name is copied. NULL: no memory. */
struct spec *spec_new(enum child_type type, const char *name);
struct spec *spec_ref(struct spec *spec);
void spec_unref(struct spec *spec); /* takes NULL; frees a whole tree without recursion over it */

/* The instance of that name (which is valid) of a template: shares its exec. NULL: no memory. */
struct spec *spec_new_instance(const struct spec *template, const char *name);

/* Appends child, whose count it takes over on success. 0 or -ENOMEM. */
int spec_add_child(struct spec *supervisor, struct spec *child);

/* Appends a copy of text to one of a spec's lists. 0 or -ENOMEM. */
int spec_add_text(char ***list, const char *text);
/* A name that an actor may have: as a child's, so without "/". */
bool spec_name_is_valid(const char *name);

/*
 * Checks a spec alone, as a child of parent (NULL: the root, or not known yet), without its
 * children's own content. 0 or an enum spec_error.
 */
enum spec_error spec_validate(const struct spec *spec, const struct spec *parent);
const char *spec_error_text(enum spec_error error); /* what is wrong and what to do */

/* NULL, or why a service with overlap is refused: what is wrong and what to do. */
const char *spec_refuses_overlap(const struct spec *spec, const struct spec *parent);

/* Marks exit status 0..255, a Unix signal, as normal. */
void spec_success_code(struct spec *spec, int code);
void spec_success_signal(struct spec *spec, int unix_signal);

/* EVENT_READY counts for it. */
bool spec_is_told_ready(const struct spec *spec);

/* The reason that a wait status stands for, by this spec's success_exit (SEMANTICS 49, 117). */
struct reason spec_classify_exit(const struct spec *spec, int code);
struct reason spec_classify_signal(const struct spec *spec, int unix_signal);

/* Words of the configuration, in enum order, each list ends with NULL. */
extern const char *const child_type_names[];
extern const char *const restart_type_names[];
extern const char *const strategy_names[];
extern const char *const give_up_names[];
extern const char *const auto_shutdown_names[];
extern const char *const ready_kind_names[];
extern const char *const start_mode_names[];
extern const char *const mailbox_kind_names[];
extern const char *const mailbox_overflow_names[];

#endif
