/* SPDX-License-Identifier: MIT */

#include "core/exec_probes.h"

#include <stdlib.h>

#include "base/strings.h"

void exec_probe_fini(struct exec_probe *probe)
{
	strings_free(probe->argv);
	free(probe->text);
	free(probe->what);
	free(probe->host);
	*probe = (struct exec_probe){.kind = PROBE_NONE};
}

void exec_probes_init(struct exec_probes *probes)
{
	*probes = (struct exec_probes){
		.health_interval = SPAN_S(10),
		.health_timeout = SPAN_S(5),
		.health_retries = 3,
	};
}

void exec_probes_fini(struct exec_probes *probes)
{
	exec_probe_fini(&probes->ready);
	exec_probe_fini(&probes->health);
}
