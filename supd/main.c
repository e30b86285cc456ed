/* SPDX-License-Identifier: MIT */

/* supd: from the command line to the daemon's loop, and the exit status. */

#include <fcntl.h>
#include <unistd.h>

#include "supd/fallback.h"
#include "supd/place.h"
#include "supd/settings.h"
#include "supd/setup.h"
#include "supd/signals.h"

/* Nothing that is opened later may become standard input, output or error. */
static void settle_standard_fds(void)
{
	int fd;

	do {
		fd = place_open_null();
	} while (fd >= 0 && fd <= STDERR_FILENO && fcntl(fd, F_SETFD, 0) == 0);
	/* What else we have inherited is nobody's business here, and would be held for ever. */
	closefrom(STDERR_FILENO + 1);
}

static int run(const struct options *options, struct settings *settings, bool *ret_again)
{
	bool is_file = settings->source == SETTINGS_FILE;
	struct daemon daemon = {0};
	int status = daemon_open(&daemon, settings, options);
	bool opened = status == 0;

	if (opened && options->init && is_file)
		fallback_keep(settings);
	buf_fini(&settings->copy);
	if (opened)
		status = daemon_run(&daemon);
	*ret_again = daemon.again;
	daemon_close(&daemon);
	/* A file that can not be run is as good as one that can not be read. */
	if (opened || !options->init || settings->source >= SETTINGS_NOTHING || options->command)
		return status;
	status = fallback_to_nothing(settings);
	return status ? status : run(options, settings, ret_again);
}

static int start(const struct options *options, bool *ret_again)
{
	struct settings settings CLEANUP(settings_fini) = {0};
	int status = settings_load(options, &settings);

	*ret_again = false;
	if (options->test)
		return status;
	/* A container that is to run a COMMAND is better told at once that it can not. */
	if (status && options->init && !options->command)
		status = fallback_load(&settings);
	return status ? status : run(options, &settings, ret_again);
}

int main(int argc, char **argv)
{
	struct options options;
	bool again;
	int status;

	settle_standard_fds();
	if (!options_parse(argc, argv, &options, &status))
		return status;
	options.init |= getpid() == 1;
	if (options.init)
		signals_hold();
	do
		status = start(&options, &again);
	while (again);
	return status;
}
