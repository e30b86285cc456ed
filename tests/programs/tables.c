/* SPDX-License-Identifier: MIT */

/*
 * Prints the words that the code's tables hold, a line each, for tests/man/check: "key NAME
 * SECTIONS", "word KEY WORD", "reserved NAME", "state NAME", "reason TEXT", "step NAME", "change
 * NAME", "own NAME" (kinds of events that are no change), "origin NAME".
 */

#include <stdio.h>
#include <string.h>

#include "config/event_kinds.h"
#include "config/keys.h"
#include "core/core.h"

/* "stdout" takes "file:PATH": what is chosen is the part before the colon. */
static void print_words(const struct key *key)
{
	for (size_t i = 0; key->words && key->words[i]; i++)
		printf("word %s %.*s\n", key->name, (int)strcspn(key->words[i], ":"),
		       key->words[i]);
	if (key->parse == value_count || (key->parse == value_span && key->max) ||
	    (key->parse == value_size && key->max == UINT64_MAX))
		printf("word %s infinity\n", key->name);
}

static void print_keys(void)
{
	for (const struct key *key = config_keys; key->name; key++) {
		if (!key->parse) {
			printf("reserved %s\n", key->name);
			continue;
		}
		printf("key %s%s%s%s%s\n", key->name, key->where & KEY_IN_SUPD ? " supd" : "",
		       key->where & KEY_IN_ROOT ? " root" : "",
		       key->where & KEY_IN_SUPERVISOR ? " supervisor" : "",
		       key->where & KEY_IN_SERVICE ? " service" : "");
		print_words(key);
	}
}

/* What varies in a reason, as the manual writes it; NULL: nothing does. */
static const char *reason_variable(enum reason_kind kind)
{
	return kind == REASON_EXIT     ? "N"
	       : kind == REASON_SIGNAL ? "NAME"
	       : kind == REASON_EXEC   ? "ERRNO"
				       : NULL;
}

static void print_reasons(void)
{
	char text[REASON_FORMAT_MAX];

	for (int kind = REASON_NONE + 1; kind < REASON_N_KINDS; kind++) {
		struct reason reason = {.kind = (uint8_t)kind, .code = 3};
		const char *variable = reason_variable((enum reason_kind)kind);

		if (kind == REASON_TEXT && reason_parse("TEXT", &reason) < 0)
			continue;
		if (kind == REASON_SHUTDOWN_TEXT)
			reason = reason_shutdown_text("TEXT");
		reason_format(&reason, text);
		if (variable)
			printf("reason %.*s:%s\n", (int)strcspn(text, ":"), text, variable);
		else
			printf("reason %s\n", text);
		reason_fini(&reason);
	}
}

static void print_names(const char *what, const char *const *names)
{
	for (; *names; names++)
		printf("%s %s\n", what, *names);
}

int main(void)
{
	print_keys();
	print_reasons();
	for (int state = 0; state < CHILD_N_STATES; state++)
		printf("state %s\n", child_state_name((enum child_state)state));
	for (int step = STEP_NONE + 1; step < STEP_N; step++)
		printf("step %s\n", start_step_name((enum start_step)step));
	print_names("change", link_kind_names);
	print_names("own", event_own_kinds);
	print_names("origin", origin_names);
	return fflush(stdout) == 0 ? 0 : 1;
}
