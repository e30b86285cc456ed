/* SPDX-License-Identifier: MIT */

/*
 * otp-core --out DIR FILE...: plays scenarios on the core and writes DIR/NAME.trace for each.
 * Exit status 0 where every one came to its end.
 */

#include <stdio.h>
#include <string.h>

#include "tests/otp/play.h"

int main(int argc, char **argv)
{
	int r = 0;

	if (argc < 4 || strcmp(argv[1], "--out") != 0) {
		fputs("usage: otp-core --out DIR FILE...\n", stderr);
		return 2;
	}
	for (int i = 3; i < argc; i++)
		if (play_file(&world_core, argv[2], argv[i], 1) < 0)
			r = 1;
	return r;
}
