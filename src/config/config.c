/* SPDX-License-Identifier: MIT */

/* The ways in and out: a configuration from a file, from a text; and its end. */

#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "config/copy.h"
#include "config/loader.h"

static void places_free(struct config_places *places)
{
	for (size_t i = 0; places && i < places->n_sections; i++)
		section_free(places->sections[i]);
	for (size_t i = 0; places && i < places->n_files; i++)
		free(places->files[i]);
	if (places) {
		free(places->sections);
		free(places->files);
	}
	free(places);
}

void config_forget_messages(struct config *config)
{
	for (size_t i = 0; i < config->n_messages; i++) {
		free(config->messages[i].file);
		free(config->messages[i].text);
	}
	free(config->messages);
	config->messages = NULL;
	config->n_messages = 0;
	places_free(config->places);
	config->places = NULL;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	config_forget_messages(config);
	spec_unref(config->root);
	free(config->run_dir);
	free(config->log_dir);
	free(config->control_group);
	free(config->view_group);
	free(config->emergency);
	free(config->log_level);
	free(config->log_format);
	free(config->cgroup);
	free(config);
}

static int loader_init(struct loader *loader, const char *child)
{
	*loader = (struct loader){.child = child};
	loader->config = calloc(1, sizeof(*loader->config));
	if (!loader->config)
		return -ENOMEM;
	config_init(loader->config);
	loader->config->places = loader->places = calloc(1, sizeof(*loader->places));
	return loader->places ? 0 : -ENOMEM;
}

static void loader_fini(struct loader *loader)
{
	config_free(loader->config);
	strmap_fini(&loader->paths);
}

/* Links what was read, and hands it over. */
static int loader_finish(struct loader *loader, struct config **ret_config)
{
	if (loader->error == 0 && (loader->places->n_sections > 0 || loader->child))
		loader_link(loader);
	if (loader->error)
		return loader->error;
	*ret_config = TAKE(loader->config);
	return 0;
}

int config_load(const char *file, struct config **ret_config)
{
	return config_load_and_copy(file, NULL, ret_config);
}

int config_load_and_copy(const char *file, struct buf *copy, struct config **ret_config)
{
	struct loader loader CLEANUP(loader_fini) = {0};
	int r;

	if (loader_init(&loader, NULL) < 0)
		return -ENOMEM;
	loader.copy_to = copy;
	loader_read_main(&loader, file);
	r = loader_finish(&loader, ret_config);
	if (copy && (r < 0 || !loader.copy_to || copy_end(copy) < 0))
		buf_fini(copy);
	return r;
}

int config_load_copy(const char *file, const char *copy, size_t size, struct config **ret_config)
{
	struct loader loader CLEANUP(loader_fini) = {0};
	struct copy_file first;

	if (!copy_is_whole(copy, size) || !copy_next(copy, size, 0, &first) ||
	    strlen(file) != first.name_size || memcmp(file, first.name, first.name_size) != 0)
		return -ENOENT;
	if (loader_init(&loader, NULL) < 0)
		return -ENOMEM;
	loader.copy = copy;
	loader.copy_size = size;
	loader_read_main(&loader, file);
	return loader_finish(&loader, ret_config);
}

int config_load_child(const char *text, size_t size, const char *path, struct config **ret_config)
{
	struct loader loader CLEANUP(loader_fini) = {0};
	char *copy CLEANUP(cleanup_free) = malloc(size + 1);

	if (!copy || loader_init(&loader, path) < 0)
		return -ENOMEM;
	memcpy(copy, text, size);
	copy[size] = '\0';
	loader_read_text(&loader, "argument", copy, size);
	return loader_finish(&loader, ret_config);
}
