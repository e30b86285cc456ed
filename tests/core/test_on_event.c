/* SPDX-License-Identifier: MIT */

/* The record of what is run at events: its defaults, its counts, and that instances share it. */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/spec.h"

Test(on_event, defaults_and_counts)
{
	struct on_event *e = on_event_new();

	cr_assert_not_null(e);
	cr_expect(e->max == 1 && e->rate == 10 && e->rate_span.ns == SPAN_S(60).ns);
	cr_expect_eq(e->hook.n, 0);
	cr_expect(on_event_wants(e, "whatever"));
	cr_expect_eq(on_event_ref(e), e);
	on_event_unref(e);
	cr_expect_eq(e->refs, 1);
	on_event_unref(e);
	on_event_unref(NULL);
	cr_expect_null(on_event_ref(NULL));
}

Test(on_event, is_shared_by_instances)
{
	struct spec *template = spec_new(CHILD_SERVICE, "w@");
	struct spec *one;

	template->on_event = on_event_new();
	one = spec_new_instance(template, "w@1");
	cr_assert_not_null(one);
	cr_expect_eq(one->on_event, template->on_event);
	spec_unref(template);
	cr_expect_eq(one->on_event->refs, 1);
	spec_unref(one);
}
