/* SPDX-License-Identifier: MIT */

#include "supd/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supd/foreground.h"
#include "supd/place.h"

/* Of an instance's number, in the widest name that the log has to align. */
#define INSTANCE_DIGITS 2

void settings_fini(struct settings *settings)
{
	config_free(settings->config);
	buf_fini(&settings->file);
	buf_fini(&settings->copy);
	*settings = (struct settings){0};
}

/* The first process must not wait for whoever reads its standard error. */
static void settings_complain(const struct options *options, const char *text)
{
	if (options->init)
		log_line(LOG_AT_ERROR, "%s", text);
	else
		complain("%s", text);
}

static int settings_find(const struct options *options, struct buf *ret_file)
{
	struct buf why CLEANUP(buf_fini) = BUF_INIT;
	int r = options->config ? buf_puts(ret_file, options->config)
				: place_config(ret_file, &why);

	if (r == 0 && !options->config && access(buf_text(ret_file), F_OK) < 0) {
		buf_printf(&why, "%s: %s: write it (see supd.conf(5)), or name another with -c",
			   buf_text(ret_file), strerror(errno));
		r = -ENOENT;
	}
	if (r < 0)
		settings_complain(options,
				  r == -ENOMEM || why.error ? "out of memory" : buf_text(&why));
	return r < 0 ? SUPD_EXIT_CONFIG : 0;
}

/* ---- what is wrong ---- */

/* All at once, so that they are not torn apart by the output of others. */
static int settings_print(const struct config *config)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;

	config_print_messages(config, &text);
	fputs(buf_text(&text), stderr);
	return text.error;
}

void settings_log(struct config *config, enum log_level level)
{
	for (size_t i = 0; i < config->n_messages; i++) {
		const struct config_message *m = &config->messages[i];

		if (m->line > 0)
			log_line(level, "%s:%d: %s", m->file, m->line, m->text);
		else
			log_line(level, "%s: %s", m->file, m->text);
	}
	config_forget_messages(config);
}

static int settings_judge(const struct options *options, const struct config *config,
			  const char *file)
{
	struct census census;

	if (config->n_errors || (options->test && config->n_surroundings))
		return SUPD_EXIT_CONFIG;
	if (!options->test)
		return 0;
	settings_count(config->root, &census);
	printf("%s: %zu service%s, %zu supervisor%s: no mistakes\n", file, census.services,
	       census.services == 1 ? "" : "s", census.supervisors,
	       census.supervisors == 1 ? "" : "s");
	return fflush(stdout) == 0 ? 0 : SUPD_EXIT_FAILED;
}

/* ---- reading ---- */

static int settings_tell(const struct options *options, struct config *config)
{
	if (options->init && config->n_errors)
		settings_log(config, LOG_AT_ERROR);
	else if (options->test || config->n_errors)
		return settings_print(config);
	return 0;
}

static int settings_read(const struct options *options, struct settings *settings)
{
	int status = settings_find(options, &settings->file);
	int r;

	if (status)
		return status;
	r = config_load_and_copy(buf_text(&settings->file), options->init ? &settings->copy : NULL,
				 &settings->config);
	if (r == 0)
		r = config_check_surroundings(settings->config);
	if (r == 0)
		r = settings_tell(options, settings->config);
	if (r == 0)
		return settings_judge(options, settings->config, buf_text(&settings->file));
	settings_complain(options, r == -ENOMEM ? "out of memory" : strerror(-r));
	return SUPD_EXIT_FAILED;
}

/* Its end is the tree's, with its exit status; there is no other end, not by its helpers either. */
static int settings_add_command(const struct options *options, struct settings *settings)
{
	struct config *config = settings->config;
	struct spec *command;
	int r = config_add_service(config, FOREGROUND_COMMAND,
				   (const char *const *)options->command, &command);

	if (r == -EEXIST || r == -EINVAL)
		complain("%s: %s", buf_text(&settings->file),
			 r == -EEXIST ? FOREGROUND_COMMAND
				 ": that is the name of the COMMAND behind --: give this "
				 "one another"
				      : "its root is a simple_one_for_one, which takes no COMMAND "
					"beside its children: leave that out");
	else if (r < 0)
		complain("out of memory");
	if (r < 0)
		return r == -ENOMEM ? SUPD_EXIT_FAILED : SUPD_EXIT_CONFIG;
	command->restart = RESTART_TEMPORARY;
	command->significant = true;
	config->root->auto_shutdown = AUTO_ANY_SIGNIFICANT;
	config->root->give_up = GIVE_UP_ESCALATE;
	settings->source = SETTINGS_COMMAND;
	return 0;
}

int settings_load(const struct options *options, struct settings *settings)
{
	int status = 0;

	if (options->config || !options->command)
		status = settings_read(options, settings);
	else if (config_new(&settings->config) < 0)
		status = SUPD_EXIT_FAILED;
	if (status == 0 && options->command)
		status = settings_add_command(options, settings);
	return status;
}

/* ---- counting ---- */

/* Without recursion: the way down from the root is at hand, with the length of its path. */
void settings_count(const struct spec *root, struct census *ret_census)
{
	struct {
		const struct spec *spec;
		uint32_t next;
		size_t length;
	} way[SPEC_DEPTH_MAX + 2] = {{.spec = root}};
	struct census census = {0};
	size_t depth = 0;

	for (;;) {
		const struct spec *child;

		if (depth > SPEC_DEPTH_MAX || way[depth].next == way[depth].spec->n_children) {
			if (depth-- == 0)
				break;
			continue;
		}
		child = way[depth].spec->children[way[depth].next++];
		depth++;
		way[depth].spec = child;
		way[depth].next = 0;
		way[depth].length = way[depth - 1].length + strlen(child->name) + (depth > 1);
		census.longest =
			MAX_OF(census.longest,
			       way[depth].length + (child->template ? INSTANCE_DIGITS : 0));
		if (child->type == CHILD_SERVICE)
			census.services += child->template ? child->instances : 1;
		else
			census.supervisors++;
	}
	*ret_census = census;
}
