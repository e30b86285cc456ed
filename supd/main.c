/* SPDX-License-Identifier: MIT */

/* supd: from the command line to the daemon's loop, and the exit status. */

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "supd/options.h"
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
}

int main(int argc, char **argv)
{
	struct buf file CLEANUP(buf_fini) = BUF_INIT;
	struct config *config = NULL;
	struct daemon daemon = {0};
	struct options options;
	int status;

	settle_standard_fds();
	if (!options_parse(argc, argv, &options, &status))
		return status;
	status = settings_load(&options, &config, &file);
	if (status || options.test) {
		config_free(config);
		return status;
	}
	status = daemon_open(&daemon, config, buf_text(&file), &options);
	if (status == 0)
		status = daemon_run(&daemon);
	daemon_close(&daemon);
	return status;
}
