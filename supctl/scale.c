/* SPDX-License-Identifier: MIT */

/*
 * supctl scale: as many numbered instances of a template as are wanted. Those that are missing are
 * started, from the lowest number up, those beyond are removed, from the highest down. Other
 * instances, and those that somebody has stopped, are left alone. The first that fails ends it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "supctl/ask.h"
#include "supctl/instances.h"

#define INSTANCES_MAX 10000

/* One request about one instance, as run_each() does it. */
static int scale_one(struct context *context, const char *request, const char *path,
		     const char *done)
{
	char *args[] = {strdup(path), NULL};
	int r = EXIT_FAILED;

	context->args = args;
	context->n_args = 1;
	if (args[0])
		r = run_each(context, request, done, NULL);
	else
		complain("out of memory");
	free(args[0]);
	return r;
}

static bool scale_has(const struct instances *instances, uint64_t number)
{
	for (size_t i = 0; i < instances->n; i++)
		if (instances->all[i].number == number)
			return true;
	return false;
}

static int scale_up(struct context *context, const char *template,
		    const struct instances *instances, uint64_t wanted)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	int r = 0;

	for (uint64_t number = 1; r == 0 && number <= wanted; number++) {
		if (scale_has(instances, number))
			continue;
		buf_clear(&path);
		buf_printf(&path, "%s%llu", template, (unsigned long long)number);
		r = scale_one(context, "start", buf_text(&path), "started");
	}
	return r;
}

static const struct instance *scale_highest(const struct instances *instances, uint64_t below)
{
	const struct instance *highest = NULL;

	for (size_t i = 0; i < instances->n; i++) {
		const struct instance *one = &instances->all[i];

		if (one->number && one->number < below &&
		    (!highest || one->number > highest->number))
			highest = one;
	}
	return highest;
}

static int scale_down(struct context *context, const struct instances *instances, uint64_t wanted)
{
	const struct instance *one = scale_highest(instances, UINT64_MAX);
	int r = 0;

	while (r == 0 && one && one->number > wanted) {
		r = scale_one(context, "remove", one->path, "removed");
		one = scale_highest(instances, one->number);
	}
	return r;
}

static int scale_run(struct context *context)
{
	struct buf template CLEANUP(buf_fini) = BUF_INIT;
	struct instances instances;
	uint64_t wanted;
	int r;

	if (text_parse_u64(context->args[1], INSTANCES_MAX, &wanted) < 0)
		return complain_usage(context, "%s: use a number from 0 to %d", context->args[1],
				      INSTANCES_MAX);
	buf_puts(&template, context->args[0]);
	if (!instances_are_meant(context->args[0]))
		buf_putc(&template, '@');
	r = instances_list(context, buf_text(&template), &instances);
	if (r == 0)
		r = scale_up(context, buf_text(&template), &instances, wanted);
	if (r == 0)
		r = scale_down(context, &instances, wanted);
	instances_fini(&instances);
	return r;
}

const struct command scale_command = {
	.name = "scale",
	.args = "PATH N",
	.usage = "as many instances of a template as are wanted: PATH@1 to PATH@N",
	.help = "Those that are missing are started, one after the other, each ready before the "
		"next;\n"
		"those beyond are removed. Instances that somebody has stopped, and those with "
		"names that\n"
		"are no numbers, are left alone. The first that fails ends it.",
	.options =
		(const struct option_spec[]){
			{"--timeout", "SPAN", "wait no longer in all (exit status 5)"},
			{NULL, NULL, NULL},
		},
	.min_args = 2,
	.max_args = 2,
	.run = scale_run,
};
