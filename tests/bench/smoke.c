/* SPDX-License-Identifier: MIT */

/* Each way in which relays, raw loop and supd are driven, once and small. Its last line is a
 * suite's. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "tests/bench/measure.h"

#define SERVICES 5

static bool is_gone(pid_t os_pid)
{
	return kill(os_pid, 0) < 0 && errno == ESRCH;
}

/* What is wrong, or NULL. */
static const char *smoke_one(struct bench *b, const struct subject_kind *kind, bool at_once)
{
	struct subject s = {.n = SERVICES, .at_once = at_once};
	pid_t first[SERVICES], second[SERVICES];
	const char *wrong = NULL;

	subject_prepare(&s, b, kind);
	if (subject_start(&s) <= 0)
		wrong = "the services came up before they were started";
	for (uint32_t i = 0; i < SERVICES; i++)
		first[i] = subject_service(&s, i);
	if (subject_kill_one(&s, 1) <= 0 || subject_service(&s, 1) == first[1])
		wrong = "the one that was killed has no successor";
	subject_kill_all(&s);
	for (uint32_t i = 0; i < SERVICES; i++) {
		second[i] = subject_service(&s, i);
		if (second[i] == first[i])
			wrong = "one of all that were killed has no successor";
	}
	if (memory_of(s.os_pid) <= 0)
		wrong = "it takes no memory";
	subject_stop(&s);
	for (uint32_t i = 0; i < SERVICES; i++)
		if (!is_gone(first[i]) || !is_gone(second[i]))
			wrong = "a service outlives its supervisor";
	return wrong;
}

static void smoke_parts(struct bench *b, unsigned *passed, unsigned *failed)
{
	static const struct {
		const char *name;
		const char *(*run)(struct bench *b);
	} parts[] = {
		{"starts", starts_smoke},
		{"probes", probes_smoke},
		{"notify", notify_smoke},
		{"rolling", rolling_smoke},
		{"calls", calls_smoke},
		{"log", log_smoke},
		{"flood of lines", log_flood_smoke},
		{"events", events_smoke},
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *wrong = parts[i].run(b);

		if (wrong)
			printf("%s: %s\n", parts[i].name, wrong);
		*failed += wrong != NULL;
		*passed += wrong == NULL;
	}
}

void measure_smoke(struct bench *b)
{
	static const struct subject_kind *const kinds[] = {&subject_raw, &subject_supd};
	unsigned passed = 0, by_mail = 0, failed = relays_smoke(&passed);

	failed += mail_smoke(b, &by_mail);
	passed += by_mail;

	for (unsigned i = 0; i < 4; i++) {
		const char *wrong = smoke_one(b, kinds[i / 2], i % 2);

		if (wrong)
			printf("%s, %s: %s\n", kinds[i / 2]->name, i % 2 ? "at once" : "one by one",
			       wrong);
		failed += wrong != NULL;
		passed += wrong == NULL;
	}
	smoke_parts(b, &passed, &failed);
	printf("%u passed, %u failed\n", passed, failed);
}
