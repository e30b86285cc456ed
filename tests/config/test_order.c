/* SPDX-License-Identifier: MIT */

/* The keys after, requires and provides: names, and circles (SEMANTICS D16). */

#include <criterion/criterion.h>

#include "base/macros.h"
#include "tests/config/support.h"

#define SERVICE(name) "[service " name "]\ncommand = x\n"

Test(order, names)
{
	static const struct message_row rows[] = {
		{SERVICE("a") "requires = databse\n" SERVICE("database"),
		 "main:3: service a: requires = databse: nobody has that name; did you mean "
		 "\"database\"?\n"},
		{SERVICE("a") "after = nothing_like_it\n",
		 "main:3: service a: after = nothing_like_it: nobody has that name: use the path "
		 "or the alias of a section, or what one provides\n"},
		{SERVICE("a") "after = a\n",
		 "main:3: service a: after = a: that is itself: remove it\n"},
		{"[supervisor s]\nrequires = s/a\n" SERVICE("s/a") "requires = s\n",
		 "main:2: supervisor s: requires = s/a: that is below it in the tree, and can not "
		 "be there before it: remove it\n"
		 "main:5: service s/a: requires = s: that is above it in the tree, and starts "
		 "before it and stops after it by that: remove it\n"},
		{"[supervisor s]\nstrategy = simple_one_for_one\n" SERVICE("s/t")
			 SERVICE("a") "requires = s/t\n",
		 "main:7: service a: requires = s/t: that is a template, which never runs itself: "
		 "give the template a name in provides, and depend on that\n"},
		{SERVICE("t") "instances = 2\n" SERVICE("a") "after = t@1 t@2\n" SERVICE(
			 "b") "after = t@\n" SERVICE("c") "after = t@3\n",
		 "main:9: service b: after = t@: that is a template, which never runs itself: give "
		 "the template a name in provides, and depend on that\n"
		 "main:12: service c: after = t@3: nobody has that name; did you mean \"t@\"?\n"},
		{SERVICE("a") "provides = b\n" SERVICE("b"),
		 "main:3: service a: provides = b: a section has that as its path or alias: choose "
		 "another name\n"},
		{SERVICE("a") "requires = v\n" SERVICE("b") "provides = v\n" SERVICE(
			 "c") "provides = v w\nalias = x\n" SERVICE("d") "after = x w\n",
		 ""},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

Test(order, values)
{
	static const struct message_row rows[] = {
		{SERVICE("a") "after =\n",
		 "main:3: after = \"\": use paths or aliases of services or supervisors, or what "
		 "they provide\n"},
		{SERVICE("a") "requires = b b\n" SERVICE("b"),
		 "main:3: requires = \"b b\": \"b\" is there twice\n"},
		{SERVICE("a") "provides =\n",
		 "main:3: provides = \"\": use names with blanks between them\n"},
		{SERVICE("a") "provides = x/y\n",
		 "main:3: provides = \"x/y\": \"x/y\": a name in provides has no / in it\n"},
		{SERVICE("a") "provides = v v\n",
		 "main:3: provides = \"v v\": \"v\" is there twice\n"},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}

/* Each of these would wait for the next one: by the keys alone, and with what supervisors do. */
Test(order, circles)
{
	static const struct message_row rows[] = {
		{SERVICE("a") "after = b\n" SERVICE("b") "requires = a\n",
		 "main:3: each of these would wait for the next one: a -> b -> a (main:3: after; "
		 "main:6: requires); remove one of them\n"},
		{SERVICE("a") "after = v\n" SERVICE("b") "requires = a\nprovides = v\n",
		 "main:3: each of these would wait for the next one: a -> b -> a (main:3: after; "
		 "main:6: requires); remove one of them\n"},
		{"[supervisor s]\nstrategy = rest_for_one\n" SERVICE("s/a") "after = s/b\n" SERVICE(
			 "s/b"),
		 "main:5: each of these would wait for the next one: s/a -> s/b -> s/a (main:5: "
		 "after; s/b and s/a stop and start together); remove one of them\n"},
		{"[supervisor s]\nstrategy = one_for_all\n" SERVICE("s/a") "requires = t\n" SERVICE(
			 "t") "after = s\n",
		 "main:5: each of these would wait for the next one: s -> s/a -> t -> s (s is "
		 "ready "
		 "when s/a is; main:5: requires; main:8: after); remove one of them\n"},
		/* The order of sections is none under one_for_one. */
		{SERVICE("a") "requires = b\n" SERVICE("b"), ""},
		{"[supervisor s]\n" SERVICE("s/a") "requires = t\n" SERVICE("t") "after = s\n", ""},
	};

	expect_messages(rows, ARRAY_LEN(rows));
}
