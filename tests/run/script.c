/* SPDX-License-Identifier: MIT */

#include "script.h"

struct node *run_scripts(const char *config, const struct script *scripts)
{
	struct node *n = node_new();
	const char *begin = keep_printf("supctl() { %s \"$@\"; }\n", build_path("supctl"));

	for (; scripts->text; scripts++)
		node_write(n, keep_printf("%s.sh", scripts->name),
			   keep_printf("%s%s", begin, scripts->text));
	node_config(n, config);
	node_start(n);
	return n;
}

char *output_of(struct node *n, const char *name)
{
	/* Before its start it is down, too. */
	sync_tree(n);
	ctl(n, "wait %s --for down", name);
	return node_read(n, keep_printf("%s.out", name));
}

void check_script(const char *text, const char *expected)
{
	const struct script scripts[] = {{"a", text}, {NULL, NULL}};
	struct node *n = run_scripts(SCRIPT("a"), scripts);

	cr_expect_str_eq(output_of(n, "a"), expected);
	node_end(n);
}

struct node *run_script(const char *text)
{
	const struct script scripts[] = {{"a", text}, {NULL, NULL}};
	struct node *n = run_scripts(SCRIPT("a"), scripts);

	ctl(n, "wait a --for ready");
	return n;
}
