/* SPDX-License-Identifier: MIT */

/* From a scenario's file to its trace's. */

#include <stdio.h>
#include <string.h>

#include "tests/otp/play.h"

static int write_trace(const char *dir, const struct scenario *scenario, const struct buf *trace)
{
	struct buf path CLEANUP(buf_fini) = BUF_INIT;
	FILE *file;
	int r;

	buf_printf(&path, "%s/%s.trace", dir, scenario->name);
	file = fopen(buf_text(&path), "we");
	if (!file) {
		perror(buf_text(&path));
		return -1;
	}
	r = fwrite(trace->data, 1, trace->size, file) == trace->size ? 0 : -1;
	return fclose(file) == 0 ? r : -1;
}

int play_file(const struct world_ops *ops, const char *dir, const char *path, unsigned pace)
{
	struct buf trace CLEANUP(buf_fini) = BUF_INIT;
	struct scenario scenario;
	int r = scenario_read(path, &scenario);

	scenario.pace = pace;
	if (r < 0)
		fprintf(stderr, "otp: %s: %s\n", path, scenario.error);
	else if ((r = play_scenario_in(ops, &scenario, &trace)) == 0)
		r = write_trace(dir, &scenario, &trace);
	scenario_fini(&scenario);
	return r;
}
