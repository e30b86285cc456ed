/* SPDX-License-Identifier: MIT */

/* Faults as texts. The hints are for what an administrator can do something about. */

#include "suplog/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct hint {
	int error;
	const char *text;
};

static const struct hint hints[] = {
	{-ENOSPC, "make room, or have fewer or smaller logs (log_size, log_files)"},
	{-EDQUOT, "make room, or raise the quota"},
	{-EROFS, "mount it for writing, or choose another log_dir"},
	{-EIO, "look at the disk"},
	{-EACCES, "let supd's user write there, or choose another log_dir"},
	{-EMFILE, "raise the limit of open files (LimitNOFILE)"},
};

static const char *hint_for(int error)
{
	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (hints[i].error == error)
			return hints[i].text;
	return NULL;
}

int fault_set(struct fault *fault, int error, const char *text, ...)
{
	const char *hint = hint_for(error);
	va_list args;
	size_t n;

	fault->error = error;
	va_start(args, text);
	vsnprintf(fault->text, sizeof(fault->text), text, args);
	va_end(args);
	n = strlen(fault->text);
	snprintf(fault->text + n, sizeof(fault->text) - n, ": %s%s%s", strerror(-error),
		 hint ? ": " : "", hint ? hint : "");
	return error;
}
