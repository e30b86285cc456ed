/* SPDX-License-Identifier: MIT */

/* Trees that no file describes: an empty one, and one with a command of the command line. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "config/config.h"
#include "config/expand.h"
#include "config/words.h"

void config_init(struct config *config)
{
	config->shutdown_timeout = SPAN_S(90);
	config->events_kept = CONFIG_EVENTS_KEPT;
	config->reports_kept = CONFIG_REPORTS_KEPT;
	exec_log_init(&config->log);
}

int config_new(struct config **ret_config)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config)
		return -ENOMEM;
	config_init(config);
	if (config_empty(config) < 0) {
		config_free(config);
		return -ENOMEM;
	}
	*ret_config = config;
	return 0;
}

int config_empty(struct config *config)
{
	struct spec *root = spec_new(CHILD_SUPERVISOR, "/");

	if (!root)
		return -ENOMEM;
	config_forget_messages(config);
	config->n_errors = config->n_surroundings = 0;
	spec_unref(config->root);
	config->root = root;
	return 0;
}

/* Its words mean themselves, whatever is in them. */
static int take_words(struct exec *exec, const char *const *argv)
{
	for (; *argv; argv++) {
		char *word CLEANUP(cleanup_free) = config_literal(*argv, true);

		if (!word || words_append(&exec->argv, word) < 0)
			return -ENOMEM;
	}
	return words_append(&exec->pass_environment, "*");
}

/* As the program that called us would have started it. */
static struct exec *inheriting(const char *const *argv)
{
	struct exec *exec = exec_new();

	if (!exec)
		return NULL;
	exec->standard_output.kind = exec->standard_error.kind = OUTPUT_INHERIT;
	if (take_words(exec, argv) < 0) {
		exec_free(exec);
		return NULL;
	}
	return exec;
}

int config_add_service(struct config *config, const char *name, const char *const *argv,
		       struct spec **ret_spec)
{
	struct spec *root = config->root, *spec;

	if (root->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE)
		return -EINVAL;
	for (uint32_t i = 0; i < root->n_children; i++) {
		if (strcmp(root->children[i]->name, name) == 0)
			return -EEXIST;
	}
	spec = spec_new(CHILD_SERVICE, name);
	if (!spec)
		return -ENOMEM;
	exec_free(spec->exec);
	spec->exec = inheriting(argv);
	if (!spec->exec || spec_add_child(root, spec) < 0) {
		spec_unref(spec);
		return -ENOMEM;
	}
	*ret_spec = spec;
	return 0;
}
