/* SPDX-License-Identifier: MIT */
#ifndef SUPCTL_INSTANCES_H
#define SUPCTL_INSTANCES_H

/* Instances of templates, as commands name them: "PATH@" stands for all of them. */

#include "supctl/command.h"

struct instance {
	char *path;      /* owned; "web/worker@7" */
	bool up;         /* running, or about to */
	uint64_t number; /* of NAME@NUMBER, without leading zeros; 0: it is none */
};

struct instances {
	struct instance *all; /* owned, in the order of the tree */
	size_t n;
};

bool instances_are_meant(const char *path); /* it ends with "@" */
/* Those of a template: none is no failure. 0, or an exit status with the message printed. */
int instances_list(struct context *context, const char *template, struct instances *ret_instances);
void instances_fini(struct instances *instances);
/*
 * Replaces each word "PATH@" of the command line by the instances; from then on context->args is
 * *ret_args, owned, with texts of *ret_instances, an array of its own for each such word. 0, or an
 * exit status with the message printed: there are none.
 */
struct expansion {
	char **args; /* owned; NULL: nothing was to be replaced */
	struct instances *of;
	size_t n;
};
int instances_expand(struct context *context, struct expansion *ret_expansion);
void expansion_fini(struct expansion *expansion);

#endif
