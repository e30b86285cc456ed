/* SPDX-License-Identifier: MIT */

/*
 * Specs: defaults, counts, judgement. A tree of specs is freed by walking it with the parent of the
 * one in hand kept in the slot that its child has left in the parent's own list, so that neither
 * recursion nor memory is needed, however deep the tree.
 */

#include "core/spec.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/map.h"
#include "base/pid.h"
#include "base/strings.h"
#include "core/rights.h"

const char *const child_type_names[] = {"service", "supervisor", NULL};
const char *const restart_type_names[] = {"permanent", "transient", "temporary", NULL};
const char *const strategy_names[] = {"one_for_one", "one_for_all", "rest_for_one",
				      "simple_one_for_one", NULL};
const char *const give_up_names[] = {"escalate", "hold", NULL};
const char *const auto_shutdown_names[] = {"never", "any_significant", "all_significant", NULL};
const char *const ready_kind_names[] = {"exec", "exit", "notify", "delay",   "fd",  "mailbox",
					"tcp",  "unix", "http",   "command", "log", NULL};
const char *const start_mode_names[] = {"ordered", "parallel", NULL};
const char *const mailbox_kind_names[] = {"volatile", "durable", "none", NULL};
const char *const mailbox_overflow_names[] = {"block", "reject", "drop", "kill", NULL};

struct spec *spec_new(enum child_type type, const char *name)
{
	size_t size = strlen(name) + 1;
	struct spec *spec = calloc(1, sizeof(*spec) + size);

	if (!spec)
		return NULL;
	spec->name = memcpy(spec + 1, name, size);
	spec->refs = 1;
	spec->type = type;
	spec->autostart = true;
	spec->shutdown = type == CHILD_SUPERVISOR ? SHUTDOWN_INFINITY : SHUTDOWN_SPAN;
	spec->shutdown_span = type == CHILD_SUPERVISOR ? SPAN_INFINITY : SPAN_S(5);
	spec->restart_delay_max = SPAN_S(30);
	spec->restart_reset = SPAN_S(60);
	spec->start_timeout = SPAN_S(30);
	spec_success_code(spec, 0);
	spec->intensity = 3;
	spec->period = SPAN_S(5);
	spec->give_up = strcmp(name, "/") == 0 ? GIVE_UP_HOLD : GIVE_UP_ESCALATE;
	spec->max_children = UINT32_MAX;
	spec->mailbox_limit = UINT64_C(64) << 20;
	spec->outbox_limit = SPEC_OUTBOX_LIMIT;
	return spec;
}

struct spec *spec_ref(struct spec *spec)
{
	spec->refs++;
	return spec;
}

static void spec_free(struct spec *spec)
{
	exec_free(spec->exec);
	on_event_unref(spec->on_event);
	strings_free(spec->aliases);
	strings_free(spec->links);
	strings_free(spec->after);
	strings_free(spec->requires);
	strings_free(spec->provides);
	strings_free(spec->grants);
	free(spec->children);
	free(spec);
}

void spec_unref(struct spec *spec)
{
	struct spec *parent = NULL;

	if (!spec || --spec->refs > 0)
		return;
	while (spec) {
		struct spec *child;

		if (spec->n_children == 0) {
			spec_free(spec);
			spec = parent;
			parent = spec ? spec->children[spec->n_children] : NULL;
			continue;
		}
		child = spec->children[--spec->n_children];
		spec->children[spec->n_children] = parent;
		if (--child->refs == 0) {
			parent = spec;
			spec = child;
		}
	}
}

int spec_add_child(struct spec *supervisor, struct spec *child)
{
	uint32_t n = supervisor->n_children;

	/* A list of n has room up to the next power of two. */
	if ((n & (n - 1)) == 0) {
		size_t room = n == 0 ? 1 : (size_t)n * 2;
		struct spec **children =
			reallocarray(supervisor->children, room, sizeof(struct spec *));

		if (!children)
			return -ENOMEM;
		supervisor->children = children;
	}
	supervisor->children[supervisor->n_children++] = child;
	return 0;
}

int spec_add_text(char ***list, const char *text)
{
	char **grown;
	size_t n = 0;

	while (*list && (*list)[n])
		n++;
	grown = reallocarray(*list, n + 2, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[n] = strdup(text);
	if (!grown[n])
		return -ENOMEM;
	grown[n + 1] = NULL;
	return 0;
}

static bool copy_texts(char **list, char ***ret_copy)
{
	*ret_copy = strings_copy(list);
	return !list || *ret_copy;
}

struct spec *spec_new_instance(const struct spec *template, const char *name)
{
	size_t size = strlen(name) + 1;
	struct spec *spec = malloc(sizeof(*spec) + size);
	bool good;

	if (!spec)
		return NULL;
	*spec = *template;
	spec->name = memcpy(spec + 1, name, size);
	spec->refs = 1;
	spec->template = false;
	spec->instance = true;
	spec->instances = 0;
	spec->exec = exec_ref(template->exec);
	spec->on_event = on_event_ref(template->on_event);
	good = copy_texts(template->aliases, &spec->aliases);
	good = copy_texts(template->links, &spec->links) && good;
	good = copy_texts(template->after, &spec->after) && good;
	good = copy_texts(template->requires, &spec->requires) && good;
	good = copy_texts(template->provides, &spec->provides) && good;
	good = copy_texts(template->grants, &spec->grants) && good;
	if (good)
		return spec;
	spec_unref(spec);
	return NULL;
}

/*
 * A name is a part of a path, an argument of supctl and, one day, a file's name: so no "/", nothing
 * that an option or a pid looks like, and neither "." nor "..".
 */
bool spec_name_is_valid(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@:+-";
	size_t size = strnlen(name, SPEC_NAME_MAX + 1);
	actor_pid pid;

	return size > 0 && size <= SPEC_NAME_MAX && strspn(name, allowed) == size &&
	       name[0] != '-' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       actor_pid_parse(name, &pid) < 0;
}

/* Every pair is compared where there is no memory for a table. */
static bool has_duplicates(const struct spec *supervisor)
{
	struct strmap names = {0};
	bool mapped = strmap_reserve(&names, supervisor->n_children) == 0;
	bool found = false;

	for (uint32_t i = 0; i < supervisor->n_children && !found; i++) {
		struct spec *child = supervisor->children[i];

		found = mapped && strmap_get(&names, child->name);
		for (uint32_t j = 0; !mapped && j < i && !found; j++)
			found = strcmp(child->name, supervisor->children[j]->name) == 0;
		if (mapped)
			mapped = strmap_set(&names, child->name, child) == 0;
	}
	strmap_fini(&names);
	return found;
}

static enum spec_error validate_supervisor(const struct spec *spec)
{
	if (spec->period.ns <= 0)
		return SPEC_E_PERIOD;
	if (spec->intensity > SPEC_INTENSITY_MAX)
		return SPEC_E_INTENSITY;
	if (spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE && spec->n_children != 1)
		return SPEC_E_TEMPLATE;
	return has_duplicates(spec) ? SPEC_E_DUPLICATE : SPEC_OK;
}

static bool are_names(char *const *names)
{
	for (size_t i = 0; names && names[i]; i++) {
		if (!spec_name_is_valid(names[i]))
			return false;
		for (size_t j = 0; j < i; j++)
			if (strcmp(names[i], names[j]) == 0)
				return false;
	}
	return true;
}

static enum spec_error validate_actor(const struct spec *spec)
{
	if (!are_names(spec->aliases))
		return SPEC_E_ALIAS;
	for (size_t i = 0; spec->grants && spec->grants[i]; i++)
		if (!rights_is_grant(spec->grants[i]))
			return SPEC_E_GRANT;
	if (spec->ready == READY_MAILBOX && spec->start_post)
		return SPEC_E_READY;
	if (spec->mailbox != MAILBOX_NONE)
		return SPEC_OK;
	if (spec->ready == READY_MAILBOX)
		return SPEC_E_READY;
	return spec->trap_exit ? SPEC_E_TRAP : SPEC_OK;
}

static bool validate_instances(const struct spec *spec, const struct spec *parent)
{
	bool named = spec->name[strlen(spec->name) - 1] == '@';

	if (!spec->template && !named && !spec->instances)
		return true;
	return spec->template && named && spec->type == CHILD_SERVICE && !spec->aliases &&
	       spec->instances <= SPEC_INSTANCES_MAX &&
	       (!parent || parent->strategy != STRATEGY_SIMPLE_ONE_FOR_ONE);
}

const char *spec_refuses_overlap(const struct spec *spec, const struct spec *parent)
{
	if (!spec->overlap)
		return NULL;
	if (spec->type != CHILD_SERVICE)
		return "overlap is for services: a supervisor is never there twice";
	if (parent && parent->strategy != STRATEGY_ONE_FOR_ONE)
		return "overlap needs a supervisor with strategy = one_for_one: under any other a "
		       "restart is not that of one child alone";
	if (spec->restart == RESTART_TEMPORARY)
		return "overlap needs restart = permanent or transient: a temporary service is not "
		       "started again";
	if (spec->mailbox == MAILBOX_DURABLE)
		return "overlap and mailbox = durable exclude each other: two incarnations can not "
		       "read one mailbox; use mailbox = volatile";
	if (spec->ready == READY_EXIT)
		return "overlap and ready = exit exclude each other: nothing runs that could go on "
		       "until the new one is ready";
	if (spec->ready == READY_TCP || spec->ready == READY_UNIX || spec->ready == READY_HTTP)
		return "overlap needs the new one's own word: at that address the old one answers; "
		       "use ready = notify, fd:N, mailbox, log:REGEX or command:...";
	return NULL;
}

enum spec_error spec_validate(const struct spec *spec, const struct spec *parent)
{
	bool is_root = !parent && strcmp(spec->name, "/") == 0;

	if (!is_root && !spec_name_is_valid(spec->name))
		return SPEC_E_NAME;
	if (spec->significant &&
	    (spec->restart == RESTART_PERMANENT || (parent && parent->auto_shutdown == AUTO_NEVER)))
		return SPEC_E_SIGNIFICANT;
	if (!is_root && !validate_instances(spec, parent))
		return SPEC_E_INSTANCES;
	if (!are_names(spec->provides))
		return SPEC_E_PROVIDES;
	if (spec_refuses_overlap(spec, parent))
		return SPEC_E_OVERLAP;
	if (spec->type == CHILD_SUPERVISOR)
		return validate_supervisor(spec);
	if (spec->remain &&
	    (spec->ready != READY_EXIT || spec->mailbox != MAILBOX_NONE || spec->trap_exit))
		return SPEC_E_REMAIN;
	if (spec->ready == READY_EXIT && spec->restart == RESTART_PERMANENT && !spec->remain)
		return SPEC_E_ONESHOT;
	if (spec->ready == READY_EXIT && spec->start_post)
		return SPEC_E_POST;
	return validate_actor(spec);
}

const char *spec_error_text(enum spec_error error)
{
	static const char *const texts[SPEC_N_ERRORS] = {
		[SPEC_OK] = "good",
		[SPEC_E_NAME] =
			"bad name: use 1 to 200 of A-Z a-z 0-9 _ . @ : + -, not beginning with -, "
			"and nothing that reads as a pid",
		[SPEC_E_DUPLICATE] =
			"two children of one supervisor have the same name: rename one",
		[SPEC_E_SIGNIFICANT] =
			"significant needs restart = transient or temporary, and a supervisor "
			"whose auto_shutdown is not never",
		[SPEC_E_PERIOD] = "period must be longer than 0",
		[SPEC_E_INTENSITY] = "intensity must be 10000 or less",
		[SPEC_E_TEMPLATE] = "simple_one_for_one needs exactly one service, its template",
		[SPEC_E_DEPTH] = "nested too deeply: at most 64 levels",
		[SPEC_E_ONESHOT] =
			"ready = exit with restart = permanent would run for ever: use transient "
			"or temporary",
		[SPEC_E_ALIAS] = "bad alias: use a name as for a service, each only once",
		[SPEC_E_GRANT] =
			"bad grant: use link:PATH, exit:PATH, spawn:USER or admin, with * and ? "
			"in PATH and USER as wanted",
		[SPEC_E_ADDED] = "templates come from the configuration's files alone: add its "
				 "instances one by one",
		[SPEC_E_INSTANCES] =
			"a name that ends with @ is a template's: of a service, without an alias, "
			"not below a simple_one_for_one, with at most 10000 instances",
		[SPEC_E_PROVIDES] = "bad name in provides: use names as for a service, each only "
				    "once",
		[SPEC_E_OVERLAP] =
			"overlap needs a service that may be there twice for a moment: under "
			"one_for_one, permanent or transient, without a durable mailbox, and one "
			"that says itself that it is ready",
		[SPEC_E_UNKNOWN] = "after or requires names what is not in the tree: add that "
				   "first",
		[SPEC_E_CYCLE] = "after and requires, with the order of the supervisors' children, "
				 "would make it wait for itself",
		[SPEC_E_TRAP] = "trap_exit needs a mailbox: not mailbox = none",
		[SPEC_E_REMAIN] = "remain is for ready = exit, without a mailbox: nobody is there "
				  "to read it",
		[SPEC_E_POST] = "start_post runs beside a main process, and with ready = exit that "
				"has ended: use stop_post, or a service of its own after this one",
		[SPEC_E_READY] = "ready = mailbox needs a mailbox, not mailbox = none, and "
				 "cannot wait for start_post: use notify",
	};

	return error < SPEC_N_ERRORS ? texts[error] : "unknown error";
}

void spec_success_code(struct spec *spec, int code)
{
	if (code >= 0 && code <= 255)
		spec->success_codes[code / 8] |= (uint8_t)(1U << (code % 8));
}

/* Unix signals are 1 to 64: the last one has bit 0. */
static uint64_t signal_bit(int unix_signal)
{
	return unix_signal >= 1 && unix_signal <= 64 ? UINT64_C(1) << (unix_signal % 64) : 0;
}

void spec_success_signal(struct spec *spec, int unix_signal)
{
	spec->success_signals |= signal_bit(unix_signal);
}

struct reason spec_classify_exit(const struct spec *spec, int code)
{
	bool listed = code >= 0 && code <= 255 && (spec->success_codes[code / 8] >> (code % 8)) & 1;

	return code == 0 || listed ? REASON(REASON_NORMAL) : REASON_EXIT_CODE(code);
}

struct reason spec_classify_signal(const struct spec *spec, int unix_signal)
{
	if (spec->success_signals & signal_bit(unix_signal))
		return REASON(REASON_NORMAL);
	if (unix_signal == SIGKILL)
		return REASON(REASON_KILLED);
	return (struct reason){.kind = REASON_SIGNAL, .code = unix_signal};
}

bool spec_is_told_ready(const struct spec *spec)
{
	return spec->start_post || (spec->ready == READY_EXIT && spec->remain) ||
	       (spec->ready != READY_EXEC && spec->ready != READY_EXIT &&
		spec->ready != READY_DELAY);
}
