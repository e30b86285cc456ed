/* SPDX-License-Identifier: MIT */

/* What the keys of sockets mean together, and with others. */

#include "config/loader.h"

static void complain(struct loader *loader, const struct section *section, const char *key,
		     const char *text)
{
	loader_complain(loader, CONFIG_ERROR, section->file, section_line(section, key),
			"service %s: %s", section->path, text);
}

static void check_lazy(struct loader *loader, struct section *section, const struct section *parent)
{
	struct spec *spec = section->spec;

	if (spec->ready == READY_EXIT)
		complain(loader, section, "activation",
			 "activation = lazy is for a service that serves: ready = exit is one "
			 "that runs and ends; remove one of them");
	else if (parent && parent->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE)
		complain(loader, section, "activation",
			 "the children of a simple_one_for_one are started one by one, by name: "
			 "remove activation");
	spec->on_demand = true;
}

void section_check_sockets(struct loader *loader, struct section *section,
			   const struct section *parent)
{
	const struct exec_sockets *sockets = section->spec->exec->sockets;

	if (!sockets || section->damaged)
		return;
	if (sockets->activation == ACTIVATION_LAZY && !sockets->n_listen)
		complain(loader, section, "activation",
			 "activation = lazy needs something to connect to: add listen");
	else if (sockets->activation == ACTIVATION_LAZY)
		check_lazy(loader, section, parent);
}
