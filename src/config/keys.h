/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

/*
 * The one table of keys: where each may stand, how its value is read and into what, its default,
 * and a line of help. Parsing, suggestions and the check of the manual page all read it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/endpoint.h"
#include "core/spec.h"

struct config;
struct key;

/* Sections that a key may stand in; a set. */
enum {
	KEY_IN_SUPD = 1,
	KEY_IN_ROOT = 2,
	KEY_IN_SUPERVISOR = 4,
	KEY_IN_SERVICE = 8, /* and [defaults] */
};

/* One value on its way into a configuration. */
struct value {
	const struct key *key;
	const char *text;      /* borrowed */
	void *field;           /* what key->offset names, in config, spec or spec->exec */
	struct spec *spec;     /* NULL in [supd] */
	const char *directory; /* absolute, of the file; NULL: there is none */
	struct buf *why;       /* what is wrong with text and what to do, where it is refused */
};

/* 0; 1 where the value is refused (why says it); -ENOMEM. */
typedef int value_fn(const struct value *value);

/* OBJECT_PART: a part of the exec (exec_parts.h), which the first of its keys makes. */
enum key_object { OBJECT_CONFIG, OBJECT_SPEC, OBJECT_EXEC, OBJECT_PART, OBJECT_INCLUDE };

struct key {
	const char *name;
	unsigned where;
	bool repeats;
	value_fn *parse; /* NULL: known, and not supported yet */
	enum key_object object;
	enum exec_part part;
	size_t offset;
	const char *const *words; /* what may be written, ends with NULL; else NULL */
	uint64_t min, max;
	const char *fallback; /* the default as one would write it, or in words; "" */
	const char *help;
};

/* What the numbers of a resource limit count. */
enum limit_unit { LIMIT_IN_NUMBERS, LIMIT_IN_BYTES, LIMIT_IN_SECONDS, LIMIT_IN_MICROSECONDS };

/* Ends with a key without a name. */
extern const struct key config_keys[];

/* A name may have several rows, each for other sections. NULL: unknown. */
const struct key *key_find(const char *name);
/* The row that may stand in `where`; where none may, one that stands elsewhere. */
const struct key *key_find_in(const char *name, unsigned where);
/* All sections that a key of that name may stand in. */
unsigned key_where(const char *name);
/* The known, supported key nearest to name that may stand in `where`, or NULL. */
const char *key_nearest(const char *name, unsigned where);

/* values.c: words, numbers, spans; values_exec.c, values_setup.c: what a process is made of;
 * values_actor.c: what it is as an actor; values_when.c: when it is started;
 * values_sockets.c: what it listens on. */
value_fn value_absolute_path, value_bool, value_choice, value_command_text, value_count,
	value_number, value_shutdown, value_span, value_success_exit, value_text, value_word;
value_fn value_account, value_command, value_environment, value_environment_file, value_group_list,
	value_hook, value_name_list, value_root_directory, value_signal, value_start_post,
	value_umask, value_working_directory;
value_fn value_condition, value_cpu_max, value_schedule;
value_fn value_listen;
value_fn value_aliases, value_depends, value_grants, value_links, value_provides, value_size;
value_fn value_capabilities, value_cpus, value_directories, value_input, value_integer,
	value_io_class, value_limit, value_mode, value_tty;
value_fn value_health, value_interval, value_ready; /* values_probe.c */
/* values_output.c */
value_fn value_line_max, value_log_dir, value_log_rate, value_output, value_small_word;

value_fn value_on_event, value_on_event_filter, value_on_event_max, value_on_event_rate,
	value_on_event_timeout; /* values_events.c */

/* NUMBER/SPAN, or infinity, which is 0; `what` is what the number counts. 0; 1, refused; -ENOMEM.
 */
int value_rate(const struct value *value, const char *what, uint64_t *ret_rate,
	       struct span *ret_span);
/* Replaces an owned text. 0 or -ENOMEM. */
int value_set_text(char **field, const char *text);
/* 0; 1, refused, as it is none; -ENOMEM. */
int value_check_endpoint(const struct value *value, const char *text, enum endpoint_form form);
/* Says why and returns 1; -ENOMEM where even that is too much. */
int value_refuse(const struct value *value, const char *format, ...) PRINTF(2, 3);
/* Refuses with the words that may be written, and the one that was meant. */
int value_refuse_word(const struct value *value, const char *const *words);

/* Text as it may be shown: controls escaped, cut where it is long, in double quotes. Returns out.
 */
#define QUOTE_TEXT_MAX 400
char *quote_text(const char *text, char out[QUOTE_TEXT_MAX]);

#endif
