/* SPDX-License-Identifier: MIT */

#include "supctl/instances.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "supctl/ask.h"

static const char out_of_memory[] = "out of memory";

bool instances_are_meant(const char *path)
{
	size_t size = strlen(path);

	return size > 1 && path[size - 1] == '@';
}

void instances_fini(struct instances *instances)
{
	for (size_t i = 0; i < instances->n; i++)
		free(instances->all[i].path);
	free(instances->all);
	*instances = (struct instances){0};
}

static uint64_t read_number(const char *path)
{
	const char *text = strrchr(path, '@') + 1;
	uint64_t number;

	return *text != '0' && text_parse_u64(text, UINT32_MAX, &number) == 0 ? number : 0;
}

static bool add_row(struct instances *instances, const struct wire_frame *row)
{
	const char *path = field_text(row, "name");
	const char *state = field_text(row, "state");
	struct instance *all =
		reallocarray(instances->all, instances->n + 1, sizeof(*instances->all));

	if (!all)
		return false;
	instances->all = all;
	if (!path || !strrchr(path, '@'))
		return true;
	all[instances->n] = (struct instance){
		.path = strdup(path),
		.up = state && (strcmp(state, "running") == 0 || strcmp(state, "starting") == 0),
		.number = read_number(path),
	};
	return all[instances->n++].path != NULL;
}

int instances_list(struct context *context, const char *template, struct instances *ret_instances)
{
	struct wire_frame frame;
	bool good = true;
	int r = ask(context, "status", template, NULL);

	*ret_instances = (struct instances){0};
	while (r == 0 && (r = context_receive(context, &frame)) == 0 && frame.op == WIRE_ROW)
		good = good && add_row(ret_instances, &frame);
	if (r == 0)
		r = reply_status(&frame);
	if (r == 0 && !good) {
		complain("%s", out_of_memory);
		r = EXIT_FAILED;
	}
	return r;
}

void expansion_fini(struct expansion *expansion)
{
	for (size_t i = 0; i < expansion->n; i++)
		instances_fini(&expansion->of[i]);
	free(expansion->of);
	free(expansion->args);
}

static int list_all(struct context *context, struct expansion *e, size_t *ret_n)
{
	size_t n = 0;

	for (int i = 0; i < context->n_args; i++) {
		const char *arg = context->args[i];
		int r;

		n++;
		if (!instances_are_meant(arg))
			continue;
		r = instances_list(context, arg, &e->of[e->n++]);
		if (r)
			return r;
		if (e->of[e->n - 1].n == 0) {
			complain("%s: there is no instance: supctl start %s1 makes one", arg, arg);
			return EXIT_NOPROC;
		}
		n += e->of[e->n - 1].n - 1;
	}
	*ret_n = n;
	return 0;
}

static void put_words(const struct context *context, struct expansion *e)
{
	size_t n = 0, used = 0;

	for (int i = 0; i < context->n_args; i++) {
		if (!instances_are_meant(context->args[i])) {
			e->args[n++] = context->args[i];
			continue;
		}
		for (size_t j = 0; j < e->of[used].n; j++)
			e->args[n++] = e->of[used].all[j].path;
		used++;
	}
}

int instances_expand(struct context *context, struct expansion *ret_expansion)
{
	struct expansion e = {0};
	bool any = false;
	size_t n;
	int r;

	*ret_expansion = e;
	for (int i = 0; i < context->n_args; i++)
		any |= instances_are_meant(context->args[i]);
	if (!any)
		return 0;
	e.of = calloc((size_t)context->n_args, sizeof(*e.of));
	r = e.of ? list_all(context, &e, &n) : EXIT_FAILED;
	if (r == 0) {
		e.args = calloc(n + 1, sizeof(*e.args));
		r = e.args ? 0 : EXIT_FAILED;
	}
	if (r == EXIT_FAILED && !e.args)
		complain("%s", out_of_memory);
	if (r) {
		expansion_fini(&e);
		return r;
	}
	put_words(context, &e);
	context->args = e.args;
	context->n_args = (int)n;
	*ret_expansion = e;
	return 0;
}
