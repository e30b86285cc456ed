/* SPDX-License-Identifier: MIT */

/*
 * Names of Unix signals. Real-time ones are counted from SIGRTMIN as this C library numbers them,
 * since that is what programs mean by RTMIN+3.
 */

#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

struct signal_name {
	int number;
	const char *name;
};

/* Aliases stand behind the name that is printed. */
static const struct signal_name signal_names[] = {
	{SIGHUP, "HUP"},       {SIGINT, "INT"},     {SIGQUIT, "QUIT"}, {SIGILL, "ILL"},
	{SIGTRAP, "TRAP"},     {SIGABRT, "ABRT"},   {SIGABRT, "IOT"},  {SIGBUS, "BUS"},
	{SIGFPE, "FPE"},       {SIGKILL, "KILL"},   {SIGUSR1, "USR1"}, {SIGSEGV, "SEGV"},
	{SIGUSR2, "USR2"},     {SIGPIPE, "PIPE"},   {SIGALRM, "ALRM"}, {SIGTERM, "TERM"},
	{SIGSTKFLT, "STKFLT"}, {SIGCHLD, "CHLD"},   {SIGCHLD, "CLD"},  {SIGCONT, "CONT"},
	{SIGSTOP, "STOP"},     {SIGTSTP, "TSTP"},   {SIGTTIN, "TTIN"}, {SIGTTOU, "TTOU"},
	{SIGURG, "URG"},       {SIGXCPU, "XCPU"},   {SIGXFSZ, "XFSZ"}, {SIGVTALRM, "VTALRM"},
	{SIGPROF, "PROF"},     {SIGWINCH, "WINCH"}, {SIGIO, "IO"},     {SIGIO, "POLL"},
	{SIGPWR, "PWR"},       {SIGSYS, "SYS"},
};

/* "RTMIN", "RTMIN+3", "RTMAX", "RTMAX-1". 0 or -EINVAL. */
static int parse_realtime(const char *name, int *ret_signal)
{
	bool from_min = strncmp(name, "RTMIN", 5) == 0;
	const uint64_t range = (uint64_t)(SIGRTMAX - SIGRTMIN);
	uint64_t offset = 0;

	if (!from_min && strncmp(name, "RTMAX", 5) != 0)
		return -EINVAL;
	if (name[5] &&
	    (name[5] != (from_min ? '+' : '-') || text_parse_u64(name + 6, range, &offset) < 0))
		return -EINVAL;
	*ret_signal = from_min ? SIGRTMIN + (int)offset : SIGRTMAX - (int)offset;
	return 0;
}

int text_parse_signal(const char *text, int *ret_signal)
{
	const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint64_t number;

	/* "SIG9" is no name. */
	if (name == text && text_parse_u64(text, (uint64_t)SIGRTMAX, &number) == 0 && number > 0) {
		*ret_signal = (int)number;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(signal_names); i++) {
		if (strcmp(name, signal_names[i].name) == 0) {
			*ret_signal = signal_names[i].number;
			return 0;
		}
	}
	return parse_realtime(name, ret_signal);
}

const char *text_signal_name(int unix_signal, char buf[16])
{
	for (size_t i = 0; i < ARRAY_LEN(signal_names); i++) {
		if (signal_names[i].number == unix_signal)
			return signal_names[i].name;
	}
	if (unix_signal == SIGRTMIN)
		return "RTMIN";
	if (unix_signal > SIGRTMIN && unix_signal <= SIGRTMAX)
		snprintf(buf, 16, "RTMIN+%d", unix_signal - SIGRTMIN);
	else
		snprintf(buf, 16, "%d", unix_signal);
	return buf;
}
