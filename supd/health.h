/* SPDX-License-Identifier: MIT */
#ifndef SUPD_HEALTH_H
#define SUPD_HEALTH_H

/*
 * Whether a service that is ready is well: asked again and again while it runs. After so many
 * failures in a row it is unhealthy; what follows is its owner's affair. Questions to many services
 * are spread over the interval, each by its pid, so that they are not asked all at once.
 */

#include "supd/inquiry.h"

enum health_state { HEALTH_NONE, HEALTH_STARTING, HEALTH_WELL, HEALTH_ILL, HEALTH_N_STATES };

extern const char *const health_state_names[]; /* none, starting, healthy, unhealthy */

struct health {
	const struct exec_probes *probes; /* borrowed; NULL: none is wanted */
	struct inquiry inquiry;
	struct loop_timer timer; /* the next question */
	enum health_state
		state;     /* HEALTH_NONE: it does not run; HEALTH_ILL stays until the next start */
	uint32_t failures; /* in a row */
	uint64_t random;
	struct mono since;             /* it became ready */
	struct mono asked;             /* the last time */
	char detail[PROBE_DETAIL_MAX]; /* of the last failure; "": none */
	/* It has become healthy or unhealthy, as state says; or has failed once more; or has not,
	 * after it had. */
	void (*changed)(void *owner);
	void *owner; /* borrowed */
};

/* For a start. 0, or -errno with nothing to free. */
int health_prepare(struct health *h, struct daemon *d, const struct child_view *service);
void health_begin(struct health *h, actor_pid pid); /* it is ready */
void health_stop(struct health *h);
void health_fini(struct health *h);

#endif
