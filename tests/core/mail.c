/* SPDX-License-Identifier: MIT */

#include "tests/core/mail.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct world w;

void mail_init(void)
{
	world_init(&w);
}

void mail_fini(void)
{
	world_fini(&w);
}

void boot(const char *tree)
{
	static const char *const names[] = {"a", "b", "c", "d"};

	world_boot(&w, tree);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (core_find(w.core, names[i]) != SLOT_NONE)
			world_join(&w, ROLE_MAIN, names[i]);
	world_marks(&w, "");
}

const char *pid(uint64_t source)
{
	static char texts[4][ACTOR_PID_TEXT_MAX];
	static unsigned next;

	return actor_pid_format(world_source_pid(&w, source), texts[next++ % 4]);
}

void tell(uint64_t source, const char *to, const char *tag)
{
	world_message(&w, source, to, tag, 0);
}

void tell_long(uint64_t source, const char *to, const char *tag)
{
	world_message(&w, source, to, tag, 1000 - WIRE_HEADER_SIZE - strlen(tag));
}

void confirm(uint64_t source, const char *to, uint64_t ref, const char *tag)
{
	char named[100];
	int n = snprintf(named, sizeof(named), "%s%c%s", to, 0, tag);

	world_frame(&w, source,
		    &(struct wire_frame){.op = WIRE_MESSAGE,
					 .flags = WIRE_NAMED | WIRE_CONFIRM,
					 .ref = ref,
					 .tag = named,
					 .tag_size = (uint16_t)n});
}

void acknowledge(uint64_t source, uint64_t number)
{
	world_frame(&w, source, &(struct wire_frame){.op = WIRE_ACK, .ref = number});
}

uint64_t length(const char *path)
{
	return mailbox_length(&world_child(&w, path)->actor);
}

const char *blocked_on(const char *path)
{
	actor_pid on = outbox_blocked_on(&world_child(&w, path)->actor);

	for (uint64_t source = 1; source <= w.n_sources; source++)
		if (w.sources[source - 1].n == on.n)
			return source == 1 ? "a" : source == 2 ? "b" : "?";
	return on.n ? "?" : "";
}

const char *send_exit(uint64_t source, const char *target, const char *reason)
{
	struct request request = {.kind = REQUEST_EXIT, .source = source, .target = target};
	const char *answer;

	cr_assert_eq(reason_parse(reason, &request.reason), 0);
	answer = world_request(&w, &request);
	reason_fini(&request.reason);
	return answer;
}

void trap(uint64_t source)
{
	world_request(&w, &(struct request){.kind = REQUEST_TRAP, .source = source, .on = true});
}
