/* SPDX-License-Identifier: MIT */

/*
 * Where the logs are: the daemon knows. Where there is none, or it does not answer, they are looked
 * for where they lie, so that the end of a daemon can be read about, too.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "logs/dir.h"
#include "supctl/logs.h"
#include "supctl/render.h"

/* A daemon that has not answered by then is not waited for. */
#define ANSWER_TIME SPAN_S(5)

static void place_fini(struct log_place *place)
{
	free(place->name);
	free(place->path);
	free(place->file);
	free(place->why);
}

void log_places_fini(struct log_places *places)
{
	for (size_t i = 0; i < places->n; i++)
		place_fini(&places->all[i]);
	free(places->all);
	free(places->dir);
	free(places->no_dir);
	strmap_fini(&places->seen);
	*places = (struct log_places){0};
}

int log_places_add(struct log_places *places, const char *name, const char *file,
		   struct log_place **ret_place)
{
	struct log_place *all = places->all, *place;

	if (strmap_get(&places->seen, file ? file : name))
		return 0;
	/* Room doubles at each power of two. */
	if ((places->n & (places->n - 1)) == 0)
		all = reallocarray(all, places->n ? places->n * 2 : 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	places->all = all;
	place = &all[places->n];
	*place = (struct log_place){.name = strdup(name), .file = file ? strdup(file) : NULL};
	if (!place->name || (file && !place->file) ||
	    strmap_set(&places->seen, file ? place->file : place->name, place->name) < 0) {
		place_fini(place);
		return -ENOMEM;
	}
	places->n++;
	*ret_place = place;
	return 1;
}

const char *log_rights_hint(int error)
{
	if (error != -EACCES && error != -EPERM)
		return "";
	return ": logs are for root, for the user that supd runs as and for its control_group";
}

int log_dir_failed(const char *dir, int error)
{
	complain("%s: %s%s", dir, strerror(-error), log_rights_hint(error));
	return error == -EACCES || error == -EPERM ? EXIT_REFUSED : EXIT_FAILED;
}

static int out_of_memory(void)
{
	complain("out of memory");
	return EXIT_FAILED;
}

/* ---- what the daemon says ---- */

/* Why a service has no log: where its output goes, and how it would get one. */
static void tell_output(struct buf *out, const struct wire_frame *row)
{
	const char *word = field_text(row, "stdout");

	if (!word)
		buf_puts(out, "its output is not kept");
	else if (strcmp(word, "null") == 0)
		buf_puts(out, "its output is thrown away (stdout = null)");
	else if (strcmp(word, "syslog") == 0)
		buf_puts(out, "its output goes to the system's log (stdout = syslog): look there");
	else if (strcmp(word, "inherit") == 0)
		buf_puts(out, "its output goes where that of supd goes (stdout = inherit)");
	else if (strncmp(word, "file:", 5) == 0)
		buf_printf(out, "its output goes to %s: read that file", word + 5);
	else
		buf_printf(out, "its output is not kept (stdout = %s)", word);
	buf_puts(out, "; stdout = log in its section would keep it here");
}

/* The path of a file below the folder of logs. */
static const char *below(const struct log_places *places, const char *file)
{
	size_t size = places->dir ? strlen(places->dir) : 0;

	if (size && strncmp(file, places->dir, size) == 0 && file[size] == '/')
		return file + size + 1;
	return file;
}

static int set_dir(struct log_places *places, const struct wire_frame *row)
{
	const char *dir = field_text(row, "log_dir"), *error = field_text(row, "error");

	if (error && !places->no_dir)
		places->no_dir = strdup(error);
	if (!dir || places->dir)
		return 0;
	places->dir = strdup(dir);
	return places->dir ? 0 : -ENOMEM;
}

/* The log of a service, by whichever name: its supervisor's, where its copies share one. */
static int add_service(struct log_places *places, const struct wire_frame *row, const char *path,
		       struct log_place **ret_place)
{
	const char *file = field_text(row, "file");
	struct buf name CLEANUP(buf_fini) = BUF_INIT;
	bool shared;
	size_t size;
	int r;

	if (file)
		file = below(places, file);
	shared = file && log_name_of_file(file, &name, &size) && strcmp(buf_text(&name), path) != 0;
	if (name.error)
		return -ENOMEM;
	r = log_places_add(places, shared ? buf_text(&name) : path, file, ret_place);
	if (r <= 0 || !shared)
		return r;
	(*ret_place)->path = strdup(path);
	return (*ret_place)->path ? 1 : -ENOMEM;
}

/* What the daemon says first: where they all are. */
static int take_row(struct log_places *places, const struct wire_frame *row, const char *target)
{
	struct buf why CLEANUP(buf_fini) = BUF_INIT;
	const char *path = field_text(row, "name");
	const char *kind = field_text(row, "kind");
	const char *format = field_text(row, "format");
	struct log_place *place;
	int r;

	if (!path)
		return set_dir(places, row);
	r = add_service(places, row, path, &place);
	if (r <= 0)
		return r;
	if (kind && strcmp(kind, "daemon") == 0)
		place->kind = LOG_OF_DAEMON;
	place->raw = format && strcmp(format, "raw") == 0;
	place->named = target && (strcmp(target, path) == 0 || *target == '<' ||
				  (*target >= '0' && *target <= '9'));
	if (place->file)
		return 0;
	tell_output(&why, row);
	place->why = buf_take(&why);
	return place->why ? 0 : -ENOMEM;
}

/* The daemon has logs that are not lines for people. True: it is one of them, and that was said. */
static bool tell_own(const char *name)
{
	bool events = strcmp(name, "events") == 0;

	if (!events && strcmp(name, "reports") != 0)
		return false;
	complain("%s: no service has that name; supd's own log of that name is shown by supctl "
		 "%s, and begun anew by supctl logs --rotate without PATH",
		 name, events ? "events --since 0" : "report");
	return true;
}

/* What lies there of one PATH. 0, -ENOMEM or -errno of the folder. */
static int find_lying(struct log_places *places, char *target)
{
	char *const *args = places->args;
	int n_args = places->n_args;
	int r;

	places->args = &target;
	places->n_args = 1;
	r = logs_find(places);
	places->args = args;
	places->n_args = n_args;
	return r;
}

/* Of a PATH that the tree does not have there may be a log all the same. */
static int find_absent(struct log_places *places, char *target, const struct wire_frame *reply)
{
	size_t before = places->n;

	if (!places->dir)
		return reply_status(reply);
	if (find_lying(places, target) == -ENOMEM)
		return out_of_memory();
	if (places->n > before)
		return 0;
	return tell_own(target) ? EXIT_NOPROC : reply_status(reply);
}

/* What is nobody's in the tree, but is kept. */
static int add_others(struct log_places *places)
{
	static const char *const others[] = {"spawned", "others"};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(others) && places->dir && r >= 0; i++) {
		struct buf path CLEANUP(buf_fini) = BUF_INIT;
		struct log_place *place;

		buf_printf(&path, "%s/services/%s.log", places->dir, others[i]);
		if (!path.error && access(buf_text(&path), F_OK) == 0)
			r = log_places_add(places, others[i], below(places, buf_text(&path)),
					   &place);
	}
	return r < 0 ? out_of_memory() : 0;
}

/* One PATH, or all. 0, an exit status with the message printed, or -ETIMEDOUT. */
static int ask_one(struct context *context, struct log_places *places, char *target)
{
	struct wire_frame frame;
	size_t before = places->n;
	int r = ask(context, "logs", target, NULL);

	while (r == 0) {
		r = context_take(context, deadline_in(ANSWER_TIME), &frame);
		if (r || frame.op != WIRE_ROW)
			break;
		if (take_row(places, &frame, target) < 0)
			return out_of_memory();
	}
	if (r)
		return r;
	if (frame.op != WIRE_REPLY)
		return context_failed(context, -EPROTO);
	if (field_int(&frame, "status", EXIT_FAILED) == EXIT_NOPROC && target)
		return find_absent(places, target, &frame);
	r = reply_status(&frame);
	/* Of a supervisor that has no children any more. */
	if (r == 0 && target && places->dir && places->n == before &&
	    find_lying(places, target) == -ENOMEM)
		return out_of_memory();
	return r;
}

/* The first PATH that fails decides; the others are shown all the same. */
static int ask_all(struct context *context, struct log_places *places)
{
	int status = 0, r;

	if (!context->n_args) {
		r = ask_one(context, places, NULL);
		return r ? r : add_others(places);
	}
	for (int i = 0; i < context->n_args; i++) {
		r = ask_one(context, places, context->args[i]);
		if (r < 0 || r == EXIT_DIED)
			return r;
		status = status ? status : r;
	}
	places->status = status;
	return places->n ? 0 : status;
}

/* ---- without the daemon ---- */

/* All that is meant in places->dir. 0 or an exit status with the message printed. */
static int find_in_dir(struct log_places *places)
{
	size_t before;
	int r = logs_find(places);

	if (r == -ENOMEM)
		return out_of_memory();
	if (r < 0)
		return log_dir_failed(places->dir, r);
	for (int i = 0; i < places->n_args; i++) {
		bool found = false;

		for (before = 0; before < places->n && !found; before++)
			found = path_has(places->args[i], places->all[before].name);
		if (found)
			continue;
		if (!tell_own(places->args[i]))
			complain("%s: there is no log of that name in %s", places->args[i],
				 places->dir);
		places->status = EXIT_NOPROC;
	}
	if (places->n == 0 && !places->n_args) {
		complain("%s: there are no logs of supd in it", places->dir);
		return EXIT_FAILED;
	}
	return places->n ? 0 : places->status;
}

/* error: of the connection. */
static int find_without(const struct context *context, struct log_places *places, int error)
{
	const char *what = error == -ETIMEDOUT ? "the daemon does not answer at" : "no daemon at";
	struct buf dir CLEANUP(buf_fini) = BUF_INIT;

	if (context_names_daemon(context)) {
		complain("%s %s: to read its logs name their folder with --dir DIR", what,
			 context->path);
		return EXIT_NO_DAEMON;
	}
	if (logs_default_dir(&dir) < 0 || access(buf_text(&dir), F_OK) < 0) {
		complain("%s %s, and no logs in %s, where supd keeps them unless its "
			 "configuration has log_dir: name the folder with --dir DIR",
			 what, context->path,
			 dir.size ? buf_text(&dir) : "~/.local/state/supd/log");
		return EXIT_NO_DAEMON;
	}
	complain("%s %s: this is what lies in %s", what, context->path, buf_text(&dir));
	places->dir = buf_take(&dir);
	return places->dir ? find_in_dir(places) : out_of_memory();
}

static int ask_or_find(struct context *context, struct log_places *places)
{
	int r = context_try(context);

	if (r == 0)
		r = ask_all(context, places);
	if (is_no_daemon(r) || r == -ETIMEDOUT || r == -EAGAIN)
		return find_without(context, places, r);
	if (r < 0)
		return context_connect(context);
	if (r)
		return r;
	if (places->dir)
		return 0;
	if (places->no_dir)
		complain("supd keeps no logs: %s; once that is mended, restart it", places->no_dir);
	else
		complain("supd keeps no logs (log_dir = none): it shows them on its standard "
			 "output; log_dir = PATH under [supd] would keep them");
	return EXIT_FAILED;
}

int logs_where(struct context *context, struct log_places *ret_places)
{
	const char *dir = option_value(context, "--dir");
	struct log_places places = {.args = context->args, .n_args = context->n_args};
	int r;

	if (dir) {
		places.dir = strdup(dir);
		r = places.dir ? find_in_dir(&places) : out_of_memory();
	} else {
		r = ask_or_find(context, &places);
	}
	if (r)
		log_places_fini(&places);
	else
		*ret_places = places;
	return r;
}
