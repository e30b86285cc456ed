/* SPDX-License-Identifier: MIT */

/* What is shown of what the daemon has found by asking a service. */

#include "supd/probing.h"
#include "supd/rows.h"

void row_put_health(struct wire_encoder *e, const struct daemon *d, uint32_t slot)
{
	const struct health *health = probing_health(d, slot);

	if (!health) {
		field_put_null(e, FIELD_DETAIL, "health");
		return;
	}
	field_put_text(e, FIELD_DETAIL, "health", health_state_names[health->state]);
	field_put_int(e, FIELD_DETAIL, "health_failures", health->failures);
	field_put_text(e, FIELD_DETAIL, "health_detail", *health->detail ? health->detail : NULL);
}

bool row_explain_found(struct buf *out, const struct link *link, const struct spec *spec)
{
	const char *object = reason_object(&link->reason);
	char span[SPAN_TEXT_MAX];

	if (!object)
		return false;
	if (link->reason.kind == REASON_TIMEOUT_START && link->kind == LINK_START_FAILED && spec)
		buf_printf(out,
			   "it was not ready within %s: ", span_format(spec->start_timeout, span));
	else if (link->kind != LINK_DOOMED && link->kind != LINK_FAILING &&
		 link->kind != LINK_UNHEALTHY)
		return false;
	return buf_puts(out, object) == 0;
}
