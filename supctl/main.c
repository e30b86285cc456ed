/* SPDX-License-Identifier: MIT */

/* supctl: finds the command, runs it. Everything it knows about the tree comes over the control
 * socket. */

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supctl/ask.h"
#include "wire/hello.h"

#define INSIDE "a service of supd, or what it starts, with SUP_PID and SUP_TOKEN"

static int run_command(const struct command *command, int argc, char **argv)
{
	struct context context = {.command = command};
	int status = options_parse(&context, argc, argv);

	if (status == 0 && command->as == AS_ACTOR_ONLY && !inside_an_actor(&context))
		status = complain_usage(&context, "only inside an actor: " INSIDE);
	if (status == 0)
		status = command->run(&context);
	context_fini(&context);
	/* A reader that has seen enough (head, say) is no failure worth a word; a full disk is. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (errno != EPIPE)
			complain("standard output: %s", strerror(errno));
		status = status ? status : EXIT_FAILED;
	}
	return status;
}

/* supctl -s SOCKET status: options that stand before the command go behind it. */
static void move_command_first(int argc, char **argv)
{
	int at = 1;
	char *command;

	while (at < argc && (strcmp(argv[at], "--json") == 0 || strcmp(argv[at], "-s") == 0))
		at += strcmp(argv[at], "-s") == 0 ? 2 : 1;
	if (at >= argc || at == 1)
		return;
	command = argv[at];
	memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(*argv));
	argv[1] = command;
}

/* supctl -h, supctl help COMMAND. */
static bool help_is_asked(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "help") == 0;
}

/* Of supctl alone: the command version asks the daemon as well. */
static bool version_is_asked(const char *word)
{
	return strcmp(word, "-v") == 0 || strcmp(word, "--version") == 0;
}

/* Where one of them is closed, no socket and no file takes its place: what is printed would go
 * there. Nothing can be written to what is put in its place, and that is said. */
static void hold_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct command *command;
	const char *near;

	hold_standard_fds();
	setlocale(LC_CTYPE, "");
	move_command_first(argc, argv);
	if (argc < 2) {
		help_print();
		return EXIT_USAGE;
	}
	if (help_is_asked(argv[1])) {
		command = argc > 2 ? command_find(argv[2]) : NULL;
		if (command)
			help_print_command(command);
		else
			help_print();
		return EXIT_DONE;
	}
	if (version_is_asked(argv[1])) {
		puts("supctl " WIRE_RELEASE);
		return EXIT_DONE;
	}
	command = command_find(argv[1]);
	if (command)
		return run_command(command, argc - 2, argv + 2);
	near = command_suggest(argv[1]);
	if (strcmp(argv[1], "-s") == 0)
		complain("-s needs SOCKET, and a command behind it");
	else if (argv[1][0] == '-')
		complain("no option %s: supctl -h lists what there is", argv[1]);
	else if (near)
		complain("no command %s: did you mean %s?", argv[1], near);
	else
		complain("no command %s: supctl -h lists them", argv[1]);
	return EXIT_USAGE;
}
