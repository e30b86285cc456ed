/* SPDX-License-Identifier: MIT */

/* supd: from the command line to the daemon's loop, and the exit status. */

#include <fcntl.h>
#include <unistd.h>

#include "supd/settings.h"
#include "supd/setup.h"

/* Nothing that is opened later may become standard input, output or error. */
static void settle_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	/* What else we have inherited is nobody's business here, and would be held for ever. */
	closefrom(STDERR_FILENO + 1);
}

static int run(const struct options *options, struct settings *settings)
{
	struct daemon daemon = {0};
	int status = daemon_open(&daemon, settings, options);

	if (status == 0)
		status = daemon_run(&daemon);
	daemon_close(&daemon);
	return status;
}

int main(int argc, char **argv)
{
	struct settings settings CLEANUP(settings_fini) = {0};
	struct options options;
	int status;

	settle_standard_fds();
	if (!options_parse(argc, argv, &options, &status))
		return status;
	options.init |= getpid() == 1;
	status = settings_load(&options, &settings);
	if (status || options.test)
		return status;
	return run(&options, &settings);
}
