/* SPDX-License-Identifier: MIT */

/* The fields of a service's set-up: those that were given, and no others. */

#include <stdio.h>

#include "config/capabilities.h"
#include "supd/prepare_setup.h"
#include "supd/rows.h"
#include "supd/texts.h"

static void put_limits(struct wire_encoder *e, const struct exec_setup *setup)
{
	struct texts texts CLEANUP(texts_fini) = {0};
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	for (int i = 0; i < LIMIT_N; i++) {
		if (!setup->limits[i].given)
			continue;
		buf_clear(&text);
		buf_printf(&text, "%s=", exec_limit_names[i]);
		setup_print_limit(&text, &setup->limits[i], (enum exec_limit_kind)i);
		texts_add(&texts, buf_text(&text));
	}
	if (texts.n && texts_list(&texts))
		field_put_list(e, 0, "limits", texts_list(&texts));
}

static void row_put_stream(struct wire_encoder *e, const char *key, const struct output *output)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	buf_puts(&text, output_kind_names[output->kind]);
	if (output->kind == OUTPUT_FILE)
		buf_printf(&text, ":%s", output->path);
	field_put_text(e, 0, key, buf_text(&text));
}

static const char endless[] = "infinity";

static void row_put_number(struct wire_encoder *e, const char *key, uint64_t number, bool none)
{
	if (none || number > INT64_MAX)
		field_put_text(e, 0, key, endless);
	else
		field_put_int(e, 0, key, (int64_t)number);
}

void row_put_output(struct wire_encoder *e, const struct exec *exec)
{
	struct exec_log defaults = {0};
	const struct exec_log *log = exec->log ? exec->log : &defaults;
	struct buf rate CLEANUP(buf_fini) = BUF_INIT;
	char span[SPAN_TEXT_MAX];

	exec_log_init(&defaults);
	row_put_stream(e, "stdout", &exec->standard_output);
	row_put_stream(e, "stderr", &exec->standard_error);
	field_put_text(e, 0, "log_format", log_format_names[log->format]);
	row_put_number(e, "log_size", log->size, false);
	row_put_number(e, "log_files", log->files, log->files == UINT32_MAX);
	field_put_span(e, 0, "log_age", log->age);
	field_put_text(e, 0, "log_compress", log_packing_names[log->packing]);
	row_put_number(e, "log_line_max", log->line_max, false);
	if (log->rate)
		buf_printf(&rate, "%llu/%s", (unsigned long long)log->rate,
			   span_format(log->rate_span, span));
	field_put_text(e, 0, "log_rate", log->rate ? buf_text(&rate) : endless);
	field_put_text(e, 0, "log_overflow", log_overflow_names[log->overflow]);
}

static void row_put_names(struct wire_encoder *e, const char *key, char *const *names)
{
	if (names)
		field_put_list(e, 0, key, names);
}

static void row_put_set(struct wire_encoder *e, const char *key,
			const struct exec_capabilities *capabilities)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	if (!capabilities->given)
		return;
	capability_print(&text, capabilities->set);
	field_put_text(e, 0, key, buf_text(&text));
}

static void row_put_privileges(struct wire_encoder *e, const struct exec_setup *setup)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	if (setup->chroot)
		field_put_text(e, 0, "chroot", setup->chroot);
	if (setup->input.path) {
		buf_printf(&text, "%s%s",
			   setup->input.kind == INPUT_TTY ? "tty:" : "file:", setup->input.path);
		field_put_text(e, 0, "stdin", buf_text(&text));
	}
	row_put_set(e, "capabilities", &setup->bounding);
	row_put_set(e, "ambient_capabilities", &setup->ambient);
	if (setup->tty)
		field_put_bool(e, 0, "tty", true);
	if (setup->no_new_privileges)
		field_put_bool(e, 0, "no_new_privileges", true);
}

void row_put_setup(struct wire_encoder *e, const struct exec_setup *setup)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	put_limits(e, setup);
	row_put_names(e, "runtime_directory", setup->directories[DIRECTORY_RUNTIME].names);
	row_put_names(e, "state_directory", setup->directories[DIRECTORY_STATE].names);
	row_put_names(e, "cache_directory", setup->directories[DIRECTORY_CACHE].names);
	row_put_names(e, "logs_directory", setup->directories[DIRECTORY_LOGS].names);
	if (setup->nice != SETUP_NOT_GIVEN)
		field_put_int(e, 0, "nice", setup->nice);
	if (setup->oom_score_adj != SETUP_NOT_GIVEN)
		field_put_int(e, 0, "oom_score_adj", setup->oom_score_adj);
	if (setup->io.class != IO_CLASS_NONE) {
		setup_print_io(&text, &setup->io);
		field_put_text(e, 0, "io_class", buf_text(&text));
	}
	if (setup->cpus.given) {
		buf_clear(&text);
		setup_print_cpus(&text, &setup->cpus);
		field_put_text(e, 0, "cpu_affinity", buf_text(&text));
	}
	row_put_privileges(e, setup);
}
