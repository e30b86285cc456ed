/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "core/spec.h"
#include "tests/support/alloc.h"

static struct spec *add(struct spec *parent, enum child_type type, const char *name)
{
	struct spec *child = spec_new(type, name);

	cr_assert_not_null(child);
	cr_assert_eq(spec_add_child(parent, child), 0);
	return child;
}

/* SEMANTICS 86, 87, D6, D12 */
Test(spec, defaults)
{
	struct spec *service = spec_new(CHILD_SERVICE, "a");
	struct spec *supervisor = spec_new(CHILD_SUPERVISOR, "b");
	struct spec *root = spec_new(CHILD_SUPERVISOR, "/");

	cr_expect_eq(service->restart, RESTART_PERMANENT);
	cr_expect_eq(service->shutdown, SHUTDOWN_SPAN);
	cr_expect_eq(service->shutdown_span.ns, SPAN_S(5).ns);
	cr_expect_eq(service->significant, false);
	cr_expect_eq(service->autostart, true);
	cr_expect_eq(service->ready, READY_EXEC);
	cr_expect_eq(service->restart_delay.ns, 0);
	cr_expect_eq(service->restart_delay_max.ns, SPAN_S(30).ns);
	cr_expect_eq(service->restart_reset.ns, SPAN_S(60).ns);
	cr_expect_eq(service->start_timeout.ns, SPAN_S(30).ns);
	cr_expect_eq(supervisor->shutdown, SHUTDOWN_INFINITY);
	cr_expect_eq(supervisor->strategy, STRATEGY_ONE_FOR_ONE);
	cr_expect_eq(supervisor->intensity, 3);
	cr_expect_eq(supervisor->period.ns, SPAN_S(5).ns);
	cr_expect_eq(supervisor->give_up, GIVE_UP_ESCALATE);
	cr_expect_eq(supervisor->auto_shutdown, AUTO_NEVER);
	cr_expect_eq(supervisor->start, START_ORDERED);
	cr_expect_eq(supervisor->max_children, UINT32_MAX);
	cr_expect_eq(root->give_up, GIVE_UP_HOLD);
	cr_expect_eq(spec_validate(root, NULL), SPEC_OK);
	spec_unref(service);
	spec_unref(supervisor);
	spec_unref(root);
	spec_unref(NULL);
}

Test(spec, names)
{
	static const struct {
		const char *name;
		enum spec_error error;
	} rows[] = {
		{"a", SPEC_OK},          {"Web-2.x_y@3:4+5", SPEC_OK}, {".hidden", SPEC_OK},
		{"", SPEC_E_NAME},       {"a b", SPEC_E_NAME},         {"a/b", SPEC_E_NAME},
		{"-a", SPEC_E_NAME},     {".", SPEC_E_NAME},           {"..", SPEC_E_NAME},
		{"0.42.0", SPEC_E_NAME}, {"<0.42.0>", SPEC_E_NAME},    {"\xc3\xa4", SPEC_E_NAME},
		{"a\nb", SPEC_E_NAME},   {"*", SPEC_E_NAME},           {"1.2.3", SPEC_OK},
	};
	char name[SPEC_NAME_MAX + 2];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spec *spec = spec_new(CHILD_SERVICE, rows[i].name);

		cr_expect_eq(spec_validate(spec, NULL), rows[i].error, "\"%s\"", rows[i].name);
		spec_unref(spec);
	}
	for (size_t size = SPEC_NAME_MAX; size <= SPEC_NAME_MAX + 1; size++) {
		struct spec *spec;

		memset(name, 'x', size);
		name[size] = '\0';
		spec = spec_new(CHILD_SERVICE, name);
		cr_expect_eq(spec_validate(spec, NULL),
			     size > SPEC_NAME_MAX ? SPEC_E_NAME : SPEC_OK);
		spec_unref(spec);
	}
}

/* SEMANTICS 187 */
Test(spec, significant)
{
	static const struct {
		enum restart_type restart;
		enum auto_shutdown auto_shutdown;
		enum spec_error error;
	} rows[] = {
		{RESTART_PERMANENT, AUTO_NEVER, SPEC_E_SIGNIFICANT},
		{RESTART_PERMANENT, AUTO_ANY_SIGNIFICANT, SPEC_E_SIGNIFICANT},
		{RESTART_PERMANENT, AUTO_ALL_SIGNIFICANT, SPEC_E_SIGNIFICANT},
		{RESTART_TRANSIENT, AUTO_NEVER, SPEC_E_SIGNIFICANT},
		{RESTART_TRANSIENT, AUTO_ANY_SIGNIFICANT, SPEC_OK},
		{RESTART_TRANSIENT, AUTO_ALL_SIGNIFICANT, SPEC_OK},
		{RESTART_TEMPORARY, AUTO_NEVER, SPEC_E_SIGNIFICANT},
		{RESTART_TEMPORARY, AUTO_ANY_SIGNIFICANT, SPEC_OK},
		{RESTART_TEMPORARY, AUTO_ALL_SIGNIFICANT, SPEC_OK},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int type = 0; type < CHILD_N_TYPES; type++) {
			struct spec *parent = spec_new(CHILD_SUPERVISOR, "p");
			struct spec *child = add(parent, (enum child_type)type, "c");

			child->restart = rows[i].restart;
			parent->auto_shutdown = rows[i].auto_shutdown;
			cr_expect_eq(spec_validate(child, parent), SPEC_OK);
			child->significant = true;
			cr_expect_eq(spec_validate(child, parent), rows[i].error, "row %zu, %s", i,
				     child_type_names[type]);
			spec_unref(parent);
		}
	}
}

/* SEMANTICS 88, 89, 166 */
Test(spec, supervisors)
{
	struct spec *s = spec_new(CHILD_SUPERVISOR, "s");

	s->strategy = STRATEGY_SIMPLE_ONE_FOR_ONE;
	cr_expect_eq(spec_validate(s, NULL), SPEC_E_TEMPLATE);
	add(s, CHILD_SERVICE, "a");
	cr_expect_eq(spec_validate(s, NULL), SPEC_OK);
	add(s, CHILD_SERVICE, "b");
	cr_expect_eq(spec_validate(s, NULL), SPEC_E_TEMPLATE);
	s->strategy = STRATEGY_REST_FOR_ONE;
	cr_expect_eq(spec_validate(s, NULL), SPEC_OK);
	s->intensity = SPEC_INTENSITY_MAX;
	cr_expect_eq(spec_validate(s, NULL), SPEC_OK);
	s->intensity++;
	cr_expect_eq(spec_validate(s, NULL), SPEC_E_INTENSITY);
	s->intensity = 0;
	s->period = SPAN_S(0);
	cr_expect_eq(spec_validate(s, NULL), SPEC_E_PERIOD);
	s->period = SPAN_MS(1);
	add(s, CHILD_SUPERVISOR, "a");
	cr_expect_eq(spec_validate(s, NULL), SPEC_E_DUPLICATE);
	alloc_fail_at(1);
	cr_expect_eq(spec_validate(s, NULL), SPEC_E_DUPLICATE, "without memory");
	cr_assert(alloc_fail_end());
	spec_unref(s);
}

Test(spec, oneshot)
{
	struct spec *spec = spec_new(CHILD_SERVICE, "a");

	spec->ready = READY_EXIT;
	cr_expect_eq(spec_validate(spec, NULL), SPEC_E_ONESHOT);
	spec->restart = RESTART_TRANSIENT;
	cr_expect_eq(spec_validate(spec, NULL), SPEC_OK);
	spec->restart = RESTART_TEMPORARY;
	cr_expect_eq(spec_validate(spec, NULL), SPEC_OK);
	spec_unref(spec);
}

Test(spec, error_texts)
{
	for (int error = 0; error < SPEC_N_ERRORS; error++)
		cr_expect_gt(strlen(spec_error_text((enum spec_error)error)), 3, "error %d", error);
}

/* SEMANTICS 49, 51, 56, 117 */
Test(spec, classify)
{
	struct spec *spec = spec_new(CHILD_SERVICE, "a");
	struct reason reason;

	for (int code = 0; code < 256; code++) {
		reason = spec_classify_exit(spec, code);
		cr_expect_eq(reason.kind, code == 0 ? REASON_NORMAL : REASON_EXIT, "%d", code);
		cr_expect_eq(reason.code, code);
	}
	for (int n = 1; n <= 64; n++) {
		reason = spec_classify_signal(spec, n);
		cr_expect_eq(reason.kind, n == SIGKILL ? REASON_KILLED : REASON_SIGNAL, "signal %d",
			     n);
		spec_success_signal(spec, n);
		reason = spec_classify_signal(spec, n);
		cr_expect_eq(reason.kind, REASON_NORMAL, "signal %d is listed", n);
		reason = spec_classify_signal(spec, n == 64 ? 65 : n + 1);
		cr_expect_neq(reason.kind, REASON_NORMAL, "signal %d is not", n + 1);
	}
	spec_success_code(spec, 255);
	spec_success_code(spec, 3);
	spec_success_code(spec, 256);
	spec_success_code(spec, -1);
	for (int code = 1; code < 256; code++) {
		reason = spec_classify_exit(spec, code);
		cr_expect_eq(reason.kind, code == 3 || code == 255 ? REASON_NORMAL : REASON_EXIT,
			     "%d", code);
	}
	memset(spec->success_codes, 0, sizeof(spec->success_codes));
	reason = spec_classify_exit(spec, 0);
	cr_expect_eq(reason.kind, REASON_NORMAL, "0 is normal, whatever is listed");
	spec_unref(spec);
}

/* The order of children is kept, a shared spec outlives one of its owners. */
Test(spec, sharing)
{
	struct spec *parent = spec_new(CHILD_SUPERVISOR, "p");
	struct spec *shared = NULL;
	char name[16];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		shared = add(parent, CHILD_SERVICE, name);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		cr_expect_str_eq(parent->children[i]->name, name);
	}
	spec_ref(shared);
	spec_unref(parent);
	cr_expect_str_eq(shared->name, "c99");
	cr_expect_eq(shared->refs, 1);
	spec_unref(shared);
}

/* Far deeper than any stack: freed without recursion, with siblings on both sides. */
Test(spec, deep)
{
	struct spec *top = spec_new(CHILD_SUPERVISOR, "top");
	struct spec *s = top;

	for (int i = 0; i < 200000; i++) {
		struct spec *next;

		if (i % 3 == 0)
			add(s, CHILD_SERVICE, "before");
		next = add(s, CHILD_SUPERVISOR, "n");
		if (i % 2 == 0)
			add(s, CHILD_SERVICE, "after");
		s = next;
	}
	spec_unref(top);
}

Test(spec, short_of_memory)
{
	struct spec *parent = spec_new(CHILD_SUPERVISOR, "p");
	struct spec *child = spec_new(CHILD_SERVICE, "c");

	alloc_fail_at(1);
	cr_expect_null(spec_new(CHILD_SERVICE, "x"));
	cr_assert(alloc_fail_end());
	alloc_fail_at(1);
	cr_expect_eq(spec_add_child(parent, child), -ENOMEM);
	cr_assert(alloc_fail_end());
	cr_expect_eq(parent->n_children, 0);
	alloc_fail_at(1);
	cr_expect_null(exec_new());
	cr_assert(alloc_fail_end());
	exec_free(NULL);
	child->exec = exec_new();
	cr_expect_eq(child->exec->stop_signal, SIGTERM);
	cr_expect_eq(child->exec->umask, -1);
	cr_expect_eq(child->exec->standard_error.kind, OUTPUT_SAME);
	spec_unref(child);
	spec_unref(parent);
}
