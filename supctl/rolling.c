/* SPDX-License-Identifier: MIT */

/*
 * supctl restart --rolling: batch after batch, each ready before the next goes down. The first one
 * that does not get ready ends it, and what was still to come runs on as it was. What is down
 * already is left alone: somebody, or something, has taken it down.
 */

#include "supctl/rolling.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"
#include "supctl/ask.h"
#include "supctl/instances.h"

#define BATCH_MAX 10000

/* Those that run, as the words of the command line. False: no memory. */
static bool take_running(const struct instances *instances, char ***ret_paths, size_t *ret_n)
{
	char **paths = calloc(instances->n + 1, sizeof(*paths));
	size_t n = 0;

	for (size_t i = 0; paths && i < instances->n; i++)
		if (instances->all[i].up)
			paths[n++] = instances->all[i].path;
	*ret_paths = paths;
	*ret_n = n;
	return paths;
}

static void tell_rest(char *const *paths, size_t n)
{
	if (n == 0)
		return;
	complain("stopped there: still to come, and left as they are: %s%s%s", paths[0],
		 n > 1 ? " to " : "", n > 1 ? paths[n - 1] : "");
}

static int roll(struct context *context, char **paths, size_t n, size_t batch, fill_request *fill)
{
	int r = 0;

	for (size_t done = 0; r == 0 && done < n; done += batch) {
		context->args = paths + done;
		context->n_args = (int)MIN_OF(batch, n - done);
		r = run_each(context, "restart", "restarted", fill);
		if (r)
			tell_rest(paths + done + context->n_args,
				  n - done - (size_t)context->n_args);
	}
	return r;
}

int rolling_run(struct context *context, fill_request *fill)
{
	const char *text = option_value(context, "--batch");
	struct instances instances;
	uint64_t batch = 1;
	char **paths = NULL;
	size_t n = 0;
	int r;

	if (option_value(context, "--no-wait"))
		return complain_usage(context, "either --rolling or --no-wait, not both");
	if (context->n_args != 1 || !instances_are_meant(context->args[0]))
		return complain_usage(context, "--rolling takes one template, PATH@");
	if (text && (text_parse_u64(text, BATCH_MAX, &batch) < 0 || batch == 0))
		return complain_usage(context, "--batch %s: use a number from 1 to %d", text,
				      BATCH_MAX);
	r = instances_list(context, context->args[0], &instances);
	if (r == 0 && !take_running(&instances, &paths, &n)) {
		complain("out of memory");
		r = EXIT_FAILED;
	}
	if (r == 0 && n == 0) {
		complain("%s: no instance runs", context->args[0]);
		r = EXIT_FAILED;
	}
	if (r == 0)
		r = roll(context, paths, n, (size_t)batch, fill);
	free(paths);
	instances_fini(&instances);
	return r;
}
