/* SPDX-License-Identifier: MIT */

/* Limits of a service's cgroup: what their values mean, and every way to get them wrong. */

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/macros.h"
#include "tests/config/support.h"

#define SERVICE "[service a]\ncommand = sleep 1\n"

static const struct exec_resources *load(struct folder *folder, const char *text,
					 struct config **ret_config)
{
	folder_init(folder);
	*ret_config = load_text(folder, text);
	cr_assert_eq((*ret_config)->n_messages, 0, "%s: %s", text,
		     (*ret_config)->n_messages ? (*ret_config)->messages[0].text : "");
	return find_spec(*ret_config, "a")->exec->resources;
}

static uint64_t or (uint64_t value, uint64_t none)
{
	return value ? value : none;
}

Test(resources, taken)
{
	static const struct {
		const char *key;
		struct exec_resources expected; /* 0 where nothing is */
	} rows[] = {
		{"memory_max = 10M", {.memory_max = 10 << 20}},
		{"memory_max = infinity", {0}},
		{"memory_high = 1", {.memory_high = 1}},
		{"cpu_max = 50%", {.cpu_max = 500}},
		{"cpu_max = 1%", {.cpu_max = 10}},
		{"cpu_max = 12.5%", {.cpu_max = 125}},
		{"cpu_max = 250%", {.cpu_max = 2500}},
		{"cpu_max = 2", {.cpu_max = 2000}},
		{"cpu_max = 2.5", {.cpu_max = 2500}},
		{"cpu_max = 0.125", {.cpu_max = 125}},
		{"cpu_max = 10000", {.cpu_max = 10000000}},
		{"cpu_max = infinity", {0}},
		{"tasks_max = 1", {.tasks_max = 1}},
		{"tasks_max = infinity", {0}},
		{"io_weight = 10000", {.io_weight = 10000}},
		{"enforce = yes", {.enforce = true}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct folder folder CLEANUP(folder_fini);
		char text[256];
		struct config *config;
		const struct exec_resources *r, *e = &rows[i].expected;

		snprintf(text, sizeof(text), SERVICE "%s\n", rows[i].key);
		r = load(&folder, text, &config);
		cr_assert_not_null(r, "%s", rows[i].key);
		cr_expect(r->memory_max == or (e->memory_max, UINT64_MAX) && r->memory_high == or
				  (e->memory_high, UINT64_MAX) && r->cpu_max == e->cpu_max &&
					  r->tasks_max == or
				  (e->tasks_max, UINT32_MAX) && r->io_weight == e->io_weight &&
					  r->enforce == e->enforce,
			  "%s: %u", rows[i].key, r->cpu_max);
		config_free(config);
	}
}

Test(resources, none_where_no_key_is)
{
	struct folder folder CLEANUP(folder_fini);
	struct config *config;

	cr_expect_null(load(&folder, SERVICE, &config));
	config_free(config);
}

Test(resources, refused)
{
	static const char size[] = "use a size such as 64K, 10M or 1G, or infinity";
	static const char cpu[] = "use a share of one processor such as 50%, a number of "
				  "processors such as 2 or 2.5, or infinity";
	static const char tasks[] = "use a number from 1 to 4294967294, or infinity";
	static const char weight[] = "use a number from 1 to 10000";
	static const struct {
		const char *key, *value, *why;
	} rows[] = {
		{"memory_max", "", size},
		{"memory_max", "much", size},
		{"memory_max", "-1", size},
		{"memory_max", "99999999999999999999G", size},
		{"memory_max", "0", "it must be more than 0"},
		{"memory_high", "1X", size},
		{"cpu_max", "", cpu},
		{"cpu_max", "%", cpu},
		{"cpu_max", "half", cpu},
		{"cpu_max", "-1", cpu},
		{"cpu_max", ".5", cpu},
		{"cpu_max", "2.", cpu},
		{"cpu_max", "1.2.3", cpu},
		{"cpu_max", "0.0001", cpu},
		{"cpu_max", "50 %", cpu},
		{"cpu_max", "50%%", cpu},
		{"cpu_max", "99999999999999999999999999", cpu},
		{"cpu_max", "0", "it must be 1% of a processor at least"},
		{"cpu_max", "0.5%", "it must be 1% of a processor at least"},
		{"cpu_max", "10001", "no machine has that many processors: use infinity"},
		{"tasks_max", "", tasks},
		{"tasks_max", "0", tasks},
		{"tasks_max", "4294967295", tasks},
		{"tasks_max", "1.5", tasks},
		{"io_weight", "", weight},
		{"io_weight", "0", weight},
		{"io_weight", "10001", weight},
		{"io_weight", "default 5", weight},
		{"enforce", "", "use yes or no"},
		{"enforce", "always", "use yes or no"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct folder folder CLEANUP(folder_fini);
		char text[256], expected[512];
		char *messages CLEANUP(cleanup_free) = NULL;
		struct config *config;

		folder_init(&folder);
		snprintf(text, sizeof(text), SERVICE "%s = %s\n", rows[i].key, rows[i].value);
		snprintf(expected, sizeof(expected), "main:3: %s = \"%s\": %s\n", rows[i].key,
			 rows[i].value, rows[i].why);
		config = load_text(&folder, text);
		messages = messages_of(&folder, config);
		cr_expect_str_eq(messages, expected, "got %s", messages);
		config_free(config);
	}
}
