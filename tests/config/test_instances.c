/* SPDX-License-Identifier: MIT */

/* Templates and their instances. */

#include <criterion/criterion.h>

#include "base/macros.h"
#include "tests/config/support.h"

Test(instances, what_is_refused)
{
	static const struct message_row rows[] = {
		{"[service a]\ncommand = /bin/true\ninstances = many\n",
		 "main:3: instances = \"many\": use a number from 0 to 10000\n"},
		{"[service a]\ncommand = /bin/true\ninstances = 10001\n",
		 "main:3: instances = \"10001\": use a number from 0 to 10000\n"},
		{"[service a]\ncommand = /bin/true\ninstances = 2\n"
		 "[service a@2]\ncommand = /bin/true\n",
		 "main:4: a@2 is an instance of the template at main:3 already: remove one\n"},
		{"[service a]\ncommand = /bin/true\ninstances = 2\n"
		 "[service a@]\ncommand = /bin/true\n",
		 "main:1: supervisor /: two children of one supervisor have the same name: rename "
		 "one\nmain:4: a@ is the name of the template at main:3 already: remove one\n"},
		{"[service a@]\ncommand = /bin/true\nalias = b\n",
		 "main:1: service a@: a name that ends with @ is a template's: of a service, "
		 "without "
		 "an alias, not below a simple_one_for_one, with at most 10000 instances\n"},
		{"[supervisor s@]\n",
		 "main:1: supervisor s@: a name that ends with @ is a template's: of a service, "
		 "without an alias, not below a simple_one_for_one, with at most 10000 "
		 "instances\n"},
		{"[supervisor s]\nstrategy = simple_one_for_one\n"
		 "[service s/a]\ncommand = /bin/true\ninstances = 1\n",
		 "main:5: service s/a: a name that ends with @ is a template's: of a service, "
		 "without an alias, not below a simple_one_for_one, with at most 10000 "
		 "instances\n"},
		{"[supervisor s]\ninstances = 1\n", "main:2: instances is a key of [service]\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(instances, a_template_is_named_so)
{
	struct folder folder CLEANUP(folder_fini);
	const struct spec *spec;
	struct config *config;

	folder_init(&folder);
	config = load_text(&folder, "[service a]\ncommand = /bin/true %i\ninstances = 3\n"
				    "[service b@]\ncommand = /bin/true\n"
				    "[service c@1]\ncommand = /bin/true\n");
	spec = find_spec(config, "a@");
	cr_assert_not_null(spec);
	cr_expect(spec->template);
	cr_expect_eq(spec->instances, 3);
	spec = find_spec(config, "b@");
	cr_assert_not_null(spec);
	cr_expect(spec->template);
	cr_expect_eq(spec->instances, 0);
	spec = find_spec(config, "c@1");
	cr_assert_not_null(spec);
	cr_expect_not(spec->template);
	config_free(config);
}
