/* SPDX-License-Identifier: MIT */

/* The fd store: what a service leaves with the daemon for its next start. */

#include <string.h>
#include <unistd.h>

#include "script.h"

RUN_SUITE(fdstore);

/* A herald that tells what it was given, does as it is told, says so, and waits. */
static struct node *node_with(const char *keys, const char *words)
{
	return node_run(keep_printf("[service a]\nready = notify\nstdout = file:@folder/a.out\n%s"
				    "command = %s stored %s barrier send:READY=1 pause\n",
				    keys, build_path("tests/herald"), words));
}

static void expect_count(struct node *n, const char *count)
{
	cr_expect_str_eq(json_get(ctl(n, "--json status a"), "fds_stored"), count);
}

/* What it has printed so far, in all its lives. */
static void expect_output(struct node *n, const char *text)
{
	ctl(n, "wait a --for ready");
	cr_expect_str_eq(node_read(n, "a.out"), text);
}

Test(fdstore, kept_over_a_restart_and_given_back_in_order)
{
	struct node *n = node_with("fd_store_max = 10\n", "store:FDNAME=one=1 store:=2");

	expect_output(n, "nothing\n");
	expect_count(n, "2");
	ctl(n, "restart a");
	/* It has stored two more, which are others. */
	expect_output(n, "nothing\none 1\nstored 2\n");
	expect_count(n, "4");
	node_end(n);
}

Test(fdstore, kept_over_a_crash)
{
	struct node *n = node_with("fd_store_max = 1\n", "store:FDNAME=50%%i=x");

	ctl(n, "wait a --for ready");
	for (int i = 0; i < 3; i++) {
		struct watch *w = watch_open(n);

		ctl(n, "kill -KILL a");
		watch_until(w, "ready a");
		watch_close(w);
	}
	expect_output(n, "nothing\n50%i x\n50%i x\n50%i x\n");
	expect_count(n, "1");
	cr_expect_not_null(strstr(node_log(n), "is not kept: fd_store_max is reached"));
	node_end(n);
}

Test(fdstore, dropped_by_a_stop)
{
	struct node *n = node_with("fd_store_max = 10\n", "store:FDNAME=one=1");

	ctl(n, "wait a --for ready");
	ctl(n, "stop a");
	sync_tree(n);
	expect_count(n, "0");
	ctl(n, "start a");
	expect_output(n, "nothing\nnothing\n");
	node_end(n);
}

Test(fdstore, preserved_over_a_stop)
{
	struct node *n =
		node_with("fd_store_max = 10\nfd_store_preserve = yes\n", "store:FDNAME=one=1");

	ctl(n, "wait a --for ready");
	ctl(n, "stop a");
	expect_count(n, "1");
	ctl(n, "start a");
	expect_output(n, "nothing\none 1\n");
	node_end(n);
}

Test(fdstore, refused_by_default)
{
	struct node *n = node_with("", "store:FDNAME=one=1 store:FDNAME=two=2");
	const char *log, *first;

	ctl(n, "wait a --for ready");
	expect_count(n, "0");
	log = node_log(n);
	first = strstr(log, "a file that it wants to store is not kept");
	cr_assert_not_null(first, "%s", log);
	cr_expect_null(strstr(strchr(first, '\n'), "is not kept"), "%s", log);
	node_end(n);
}

Test(fdstore, the_same_file_is_kept_once)
{
	struct node *n = node_with("fd_store_max = 2\n",
				   "store:FDNAME=one=1 again:FDNAME=two again:FDNAME=one");

	ctl(n, "wait a --for ready");
	expect_count(n, "1");
	node_end(n);
}

Test(fdstore, removed_by_name)
{
	struct node *n = node_with("fd_store_max = 10\n",
				   "store:FDNAME=one=1 store:FDNAME=two=2 store:FDNAME=one=3 "
				   "'send:FDSTOREREMOVE=1;FDNAME=one' 'send:FDSTOREREMOVE=1'");

	ctl(n, "wait a --for ready");
	expect_count(n, "1");
	cr_expect_not_null(strstr(node_log(n), "FDSTOREREMOVE= means nothing"));
	node_end(n);
}

Test(fdstore, names_that_would_break_a_list)
{
	struct node *n = node_with("fd_store_max = 10\n",
				   "store:FDNAME=a:b=1 store:FDNAME=caf\303\251=2 store:FDNAME==3");

	ctl(n, "wait a --for ready");
	ctl(n, "restart a");
	expect_output(n, "nothing\nstored 1\nstored 2\nstored 3\n");
	cr_expect_not_null(strstr(node_log(n), "FDNAME= means nothing"));
	node_end(n);
}

/* Its other end has gone: nobody can want it any more. */
Test(fdstore, a_hangup_drops_it)
{
	struct node *n = node_with("fd_store_max = 10\n", "pipe:FDNAME=p barrier hangup");

	ctl(n, "wait a --for ready");
	while (strcmp(json_get(ctl(n, "--json status a"), "fds_stored"), "0") != 0)
		;
	node_end(n);
}

Test(fdstore, a_hangup_does_not_drop_it_with_fdpoll_0)
{
	struct node *n =
		node_with("fd_store_max = 10\n",
			  "'pipe:FDNAME=p;FDPOLL=0' barrier hangup 'pipe:FDNAME=q' hangup");

	ctl(n, "wait a --for ready");
	while (strcmp(json_get(ctl(n, "--json status a"), "fds_stored"), "1") != 0)
		;
	ctl(n, "restart a");
	expect_output(n, "nothing\np\n");
	node_end(n);
}

Test(fdstore, behind_the_listening_sockets)
{
	struct node *n = node_with("fd_store_max = 10\nlisten = unix:@folder/s name=web\n",
				   "store:FDNAME=one=1");

	expect_output(n, "web\n");
	ctl(n, "restart a");
	expect_output(n, "web\nweb\none 1\n");
	node_end(n);
}

Test(fdstore, gone_with_its_service)
{
	struct node *n = node_with("fd_store_max = 10\nfd_store_preserve = yes\n",
				   "store:FDNAME=one=1 'pipe:FDNAME=p'");

	ctl(n, "wait a --for ready");
	expect_count(n, "2");
	ctl(n, "remove a");
	node_end(n);
}
