/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/expand.h"
#include "core/exec.h"

static const char *const words[] = {"echo", "%i ${HOME} %%", "$$", "", NULL};

/* What config_expand() makes of a word is the word. */
Test(made, words_mean_themselves)
{
	char *const environment[] = {NULL};
	const struct expand_vars vars = {.path = "main", .environment = environment};
	struct config *config;
	struct spec *spec;

	cr_assert_eq(config_new(&config), 0);
	cr_assert_eq(config_add_service(config, "main", words, &spec), 0);
	cr_assert_eq(config->root->n_children, 1);
	cr_expect_eq(spec_validate(spec, config->root), SPEC_OK);
	for (size_t i = 0; words[i]; i++) {
		char *word = NULL;

		cr_assert_eq(config_expand(spec->exec->argv[i], &vars, &word), 0);
		cr_expect_str_eq(word, words[i]);
		free(word);
	}
	cr_expect_null(spec->exec->argv[4]);
	cr_expect_str_eq(spec->exec->pass_environment[0], "*");
	cr_expect_eq(spec->exec->standard_output.kind, OUTPUT_INHERIT);
	cr_expect_eq(spec->exec->standard_error.kind, OUTPUT_INHERIT);
	config_free(config);
}

Test(made, name_that_is_taken)
{
	struct config *config;
	struct spec *spec;

	cr_assert_eq(config_new(&config), 0);
	cr_assert_eq(config_add_service(config, "main", words, &spec), 0);
	cr_expect_eq(config_add_service(config, "main", words, &spec), -EEXIST);
	config->root->strategy = STRATEGY_SIMPLE_ONE_FOR_ONE;
	cr_expect_eq(config_add_service(config, "other", words, &spec), -EINVAL);
	cr_expect_eq(config->root->n_children, 1);
	config_free(config);
}

/* Settings stay, children and messages go. */
Test(made, empty)
{
	struct config *config;
	struct spec *spec;

	cr_assert_eq(config_new(&config), 0);
	cr_expect_eq(config->shutdown_timeout.ns, SPAN_S(90).ns);
	config->run_dir = strdup("/run/x");
	config->n_errors = 2;
	cr_assert_eq(config_add_service(config, "main", words, &spec), 0);
	cr_assert_eq(config_empty(config), 0);
	cr_expect_eq(config->root->n_children, 0);
	cr_expect_eq(config->n_errors, 0);
	cr_expect_str_eq(config->run_dir, "/run/x");
	config_free(config);
}
