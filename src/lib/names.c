/* SPDX-License-Identifier: MIT */

/* Who one is. */

#include "lib/connection.h"

int sup_self(struct sup *sup, sup_pid *ret_pid)
{
	struct request q;
	int r = 0;

	if (!sup->pid.n) {
		request_begin(&q, sup, "self");
		r = request_ask(&q, NULL, 0);
		if (r == 0)
			r = request_pid(&q, "pid", &sup->pid);
		request_fini(&q);
	}
	if (r == 0)
		*ret_pid = sup->pid;
	return r;
}
