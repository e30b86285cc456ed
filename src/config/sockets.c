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

struct spec *section_spec(struct section *section)
{
	struct spec *spec = section->spec;
	const struct exec_sockets *sockets = spec->exec ? spec->exec->sockets : NULL;
	struct spec *above;

	if (!sockets || !sockets->accept)
		return spec_ref(spec);
	above = spec_new(CHILD_SUPERVISOR, spec->name);
	if (!above)
		return NULL;
	above->strategy = STRATEGY_SIMPLE_ONE_FOR_ONE;
	above->max_children = sockets->max_connections;
	above->autostart = spec->autostart;
	spec->autostart = true;
	if (spec_add_child(above, spec_ref(spec)) == 0)
		return above;
	spec_unref(spec);
	spec_unref(above);
	return NULL;
}

static void check_accept(struct loader *loader, struct section *section,
			 const struct section *parent)
{
	const struct exec_sockets *sockets = section->spec->exec->sockets;
	bool streams = sockets->n_listen > 0;

	for (size_t i = 0; i < sockets->n_listen; i++)
		streams &= listen_is_stream(sockets->listen[i].kind);
	if (!streams)
		complain(loader, section, sockets->n_listen ? "listen" : "accept",
			 "accept = yes needs connections: listen on tcp, unix or unix-seqpacket "
			 "alone");
	if (sockets->activation == ACTIVATION_LAZY)
		complain(loader, section, "activation",
			 "with accept = yes it starts by connections alone: remove activation");
	if (section_has(section, "restart") && section->spec->restart != RESTART_TEMPORARY)
		complain(loader, section, "restart",
			 "with accept = yes a process ends with its connection, and is not started "
			 "again: remove restart");
	if (section->spec->overlap)
		complain(loader, section, "overlap",
			 "with accept = yes each connection has a process of its own, and nothing "
			 "is started again: remove overlap");
	section->spec->overlap = false;
	if (section->spec->template || section->spec->instances ||
	    (parent && parent->spec->strategy == STRATEGY_SIMPLE_ONE_FOR_ONE))
		complain(loader, section, "accept",
			 "a service with accept = yes is a template already: it can not be one of "
			 "another kind");
	section->spec->restart = RESTART_TEMPORARY;
}

void section_check_sockets(struct loader *loader, struct section *section,
			   const struct section *parent)
{
	const struct exec_sockets *sockets = section->spec->exec->sockets;

	if (!sockets || section->damaged)
		return;
	if (sockets->accept)
		check_accept(loader, section, parent);
	else if (section_has(section, "max_connections") ||
		 section_has(section, "max_connections_per_source"))
		complain(loader, section,
			 section_has(section, "max_connections") ? "max_connections"
								 : "max_connections_per_source",
			 "limits on connections need accept = yes: else the service itself "
			 "accepts them");
	if (sockets->accept)
		return;
	if (sockets->activation == ACTIVATION_LAZY && !sockets->n_listen)
		complain(loader, section, "activation",
			 "activation = lazy needs something to connect to: add listen");
	else if (sockets->activation == ACTIVATION_LAZY)
		check_lazy(loader, section, parent);
}
