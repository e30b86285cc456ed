/* SPDX-License-Identifier: MIT */

/* suplog: the log keeper. supd starts it, with a socket as fd 3; nobody else needs to. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "logs/keeper.h"
#include "suplog/keeper.h"
#include "suplog/privileges.h"
#include "wire/hello.h"

#define EXIT_USAGE 2

static const char help[] =
	"usage: suplog [-h | --version]\n"
	"\n"
	"The log keeper of supd(8): reads what services write and keeps their log files.\n"
	"supd starts it, with a socket as fd 3; it is of no use by itself. See suplog(8).\n";

static bool control_is_there(void)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return getsockopt(KEEPER_FD, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       type == SOCK_SEQPACKET;
}

/* Two fds for each stream: what the hard limit allows. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* supd decides when it ends; a terminal's ^C is for supd. A file's size limit is an error like
 * others. */
static void ignore_signals(void)
{
	static const int signals[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTTOU, SIGXFSZ};

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		signal(signals[i], SIG_IGN);
}

#ifdef __SANITIZE_ADDRESS__
/* The search for leaks wants to read /proc, which the keeper is kept from. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

int main(int argc, char **argv)
{
	struct keeper keeper;
	int r;

	if (argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		fputs(help, stdout);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("suplog " WIRE_RELEASE);
		return 0;
	}
	if (argc > 1 || !control_is_there()) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	fcntl(KEEPER_FD, F_SETFD, FD_CLOEXEC);
	raise_limit();
	ignore_signals();
	r = privileges_drop();
	if (r < 0)
		fprintf(stderr, "suplog: cannot give up privileges: %s\n", strerror(-r));
	r = keeper_init(&keeper, KEEPER_FD);
	if (r < 0) {
		fprintf(stderr, "suplog: cannot start: %s\n", strerror(-r));
		return 1;
	}
	r = control_run(&keeper);
	keeper_fini(&keeper);
	return r;
}
