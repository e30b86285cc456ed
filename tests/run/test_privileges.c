/* SPDX-License-Identifier: MIT */

/* chroot, standard input, capabilities and no_new_privileges of real processes. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

RUN_SUITE(privileges);

/* What a service without a name of its own does in a shell, to the end; its output. */
static const char *run_shell(struct node *n, const char *script, const char *keys)
{
	node_write(n, "a.sh", script);
	node_config(n, keep_printf("[service a]\ncommand = sh -eu @folder/a.sh\nready = exit\n"
				   "restart = temporary\nstdout = file:@folder/out\n"
				   "autostart = no\n%s",
				   keys));
	cr_assert_eq(chmod(n->folder, 0777), 0);
	node_start(n);
	ctl(n, "start a");
	return node_read(n, "out");
}

/* ---- standard input ---- */

Test(privileges, input_from_a_file)
{
	struct node *n = node_new();

	node_write(n, "in.a", "one\ntwo\n");
	cr_assert_eq(symlink("in.a", node_path(n, "link.a")), 0);
	cr_assert_str_eq(run_shell(n, "cat; readlink /proc/self/fd/0 >&2\n",
				   "stdin = file:@folder/link.%n\n"),
			 keep_printf("one\ntwo\n%s/in.a\n", n->folder));
	node_end(n);
}

Test(privileges, input_that_is_none)
{
	static const struct {
		const char *path, *why;
	} rows[] = {
		{"none", "stdin %s/none: No such file or directory"},
		{"dir", "stdin %s/dir (it is not a regular file): Invalid argument"},
		{"fifo", "stdin %s/fifo (it is not a regular file): Invalid argument"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct node *n = node_new();
		char *why;

		cr_assert_eq(mkdir(node_path(n, "dir"), 0755), 0);
		cr_assert_eq(mkfifo(node_path(n, "fifo"), 0666), 0);
		node_config(n, keep_printf("[service a]\ncommand = @puppet/a\nautostart = no\n"
					   "stdin = file:@folder/%s\n",
					   rows[i].path));
		node_start(n);
		why = ctl_fails(n, 1, "start a");
		cr_assert_not_null(strstr(why, keep_printf("/%s", rows[i].path)), "%s", why);
		cr_assert_not_null(strstr(why, strrchr(rows[i].why, ':')), "%s", why);
		cr_assert_not_null(strstr(node_log(n), "a: stdin "), "%s", node_log(n));
		node_end(n);
	}
}

/* The file is opened with the service's rights, not with root's. */
Test(privileges, input_as_the_user)
{
	struct node *n;
	char *why;

	need_root();
	n = node_new();
	cr_assert_eq(chmod(n->folder, 0755), 0);
	node_write(n, "secret", "x");
	cr_assert_eq(chmod(node_path(n, "secret"), 0600), 0);
	node_config(n, "[service a]\ncommand = @puppet/a\nautostart = no\nuser = nobody\n"
		       "stdin = file:@folder/secret\n");
	node_start(n);
	why = ctl_fails(n, 1, "start a");
	cr_assert_not_null(strstr(why, "secret: Permission denied"), "%s", why);
	node_end(n);
}

Test(privileges, terminal_as_input)
{
	struct node *n = node_new();
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64], line[256];
	size_t size = 0;

	cr_assert_geq(master, 0);
	if (grantpt(master) < 0 || unlockpt(master) < 0 || ptsname_r(master, name, sizeof(name)))
		cr_skip_test("no pseudo-terminals here");
	node_config(n, keep_printf("[service a]\ncommand = sh -c 'read x; echo got $x; "
				   "echo again >/dev/tty; echo apart >&2; read x'\n"
				   "stdin = tty:%s\nrestart = temporary\n",
				   name));
	node_start(n);
	cr_assert_eq(write(master, "word\n", 5), 5);
	while (size < sizeof(line) - 1 && (size == 0 || !strstr(line, "apart\r\n"))) {
		ssize_t got = read(master, line + size, sizeof(line) - 1 - size);

		cr_assert_gt(got, 0);
		size += (size_t)got;
		line[size] = '\0';
	}
	cr_assert_str_eq(line, "word\r\ngot word\r\nagain\r\napart\r\n");
	node_end(n);
	close(master);
}

Test(privileges, input_that_is_no_terminal)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nautostart = no\n"
				  "stdin = tty:/dev/null\n");

	cr_assert_str_eq(ctl_fails(n, 1, "start a"),
			 "supctl: a did not start: stdin /dev/null: Inappropriate ioctl for "
			 "device\n");
	node_end(n);
}

/* ---- capabilities ---- */

static bool has(const char *status, const char *key, int capability)
{
	const char *at = strstr(status, keep_printf("%s:\t", key));
	unsigned long long set;

	cr_assert_not_null(at, "%s in %s", key, status);
	set = strtoull(at + strlen(key) + 2, NULL, 16);
	return set >> capability & 1;
}

#define CHOWN 0
#define KILL 5
#define NET_BIND_SERVICE 10
#define NET_RAW 13

#define SHOW "cat /proc/self/status\n"

Test(privileges, bounding_set)
{
	struct node *n;
	const char *status;

	need_root();
	n = node_new();
	status = run_shell(n, SHOW, "capabilities = CAP_KILL net_raw\n");
	cr_assert(has(status, "CapBnd", KILL));
	cr_assert(has(status, "CapBnd", NET_RAW));
	cr_assert(has(status, "CapEff", KILL), "it is root");
	for (int i = 0; i < 64; i++)
		cr_assert(i == KILL || i == NET_RAW ||
			  (!has(status, "CapBnd", i) && !has(status, "CapPrm", i)));
	node_end(n);
}

Test(privileges, bounding_set_without_some)
{
	struct node *n;
	const char *status;

	need_root();
	n = node_new();
	status = run_shell(n, SHOW, "capabilities = ~kill\n");
	cr_assert_not(has(status, "CapBnd", KILL));
	cr_assert_not(has(status, "CapEff", KILL));
	cr_assert(has(status, "CapBnd", CHOWN));
	node_end(n);
}

Test(privileges, none_and_a_user)
{
	struct node *n;
	const char *status;

	need_root();
	n = node_new();
	status = run_shell(n, SHOW, "capabilities = none\nuser = nobody\ngroup = daemon\n");
	cr_assert_not_null(strstr(status, "CapBnd:\t0000000000000000\n"), "%s", status);
	cr_assert_not_null(strstr(status, "CapPrm:\t0000000000000000\n"), "%s", status);
	cr_assert_null(strstr(status, "Uid:\t0"), "%s", status);
	node_end(n);
}

/* What it is for: a port below 1024, without root. */
Test(privileges, ambient_capabilities)
{
	struct node *n;
	const char *status;

	need_root();
	n = node_new();
	status = run_shell(n, SHOW "touch @folder/b\nchown 0 b 2>/dev/null || echo no chown\n",
			   "user = nobody\nambient_capabilities = net_bind_service kill\n");
	cr_assert_not_null(strstr(status, "Uid:\t65534"), "%s", status);
	for (int i = 0; i < 64; i++) {
		bool given = i == NET_BIND_SERVICE || i == KILL;

		cr_assert_eq(has(status, "CapAmb", i), given, "%d", i);
		cr_assert_eq(has(status, "CapEff", i), given, "%d", i);
		cr_assert_eq(has(status, "CapPrm", i), given, "%d", i);
	}
	cr_assert_not_null(strstr(status, "no chown\n"));
	node_end(n);
}

/* Files are opened without them: they count from exec on. */
Test(privileges, ambient_capabilities_open_no_files)
{
	struct node *n;
	char *why;

	need_root();
	n = node_new();
	cr_assert_eq(chmod(n->folder, 0755), 0);
	node_config(n, "[service a]\ncommand = @puppet/a\nautostart = no\nuser = nobody\n"
		       "ambient_capabilities = dac_override\nstdout = file:@folder/out\n");
	node_start(n);
	why = ctl_fails(n, 1, "start a");
	cr_assert_not_null(strstr(why, "out: Permission denied"), "%s", why);
	node_end(n);
}

Test(privileges, ambient_beyond_the_bounds)
{
	struct node *n;

	need_root();
	n = node_new();
	node_config(n, "[service a]\ncommand = @puppet/a\nautostart = no\nuser = nobody\n"
		       "capabilities = chown\nambient_capabilities = kill\n");
	node_start(n);
	cr_assert_not_null(strstr(node_log(n), "a: ambient_capabilities \"kill\": it is not among "
					       "its capabilities"),
			   "%s", node_log(n));
	cr_assert_not_null(strstr(ctl_fails(n, 1, "start a"),
				  "a did not start: ambient_capabilities kill (it takes one that "
				  "supd has itself"));
	node_end(n);
}

Test(privileges, no_new_privileges)
{
	struct node *n = node_new();
	const char *status = run_shell(n, SHOW, "no_new_privileges = yes\n");

	cr_assert_not_null(strstr(status, "NoNewPrivs:\t1\n"), "%s", status);
	node_end(n);
}

Test(privileges, ordinary_user_may_not)
{
	static const struct {
		const char *key, *warning, *why;
	} rows[] = {
		{"chroot = /", "a: chroot \"/\": only a supd with CAP_SYS_CHROOT",
		 "chroot / (that takes CAP_SYS_CHROOT): Operation not permitted"},
		{"capabilities = chown", "a: capabilities \"chown\": only a supd with CAP_SETPCAP",
		 "(that takes "
		 "CAP_SETPCAP): Operation not permitted"},
		{"ambient_capabilities = chown",
		 "a: ambient_capabilities \"chown\": supd does not have it itself",
		 "ambient_capabilities chown (it takes one that supd has itself"},
	};

	need_root();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct node *n = node_new();
		char *why;

		node_become(n, "nobody");
		node_config(n, keep_printf("[service a]\ncommand = @puppet/a\n%s\nautostart = no\n",
					   rows[i].key));
		node_start(n);
		cr_assert_not_null(strstr(node_log(n), rows[i].warning), "%s", node_log(n));
		why = ctl_fails(n, 1, "start a");
		cr_assert_not_null(strstr(why, rows[i].why), "%s", why);
		node_end(n);
	}
}

/* ---- chroot ---- */

/* A root with a shell and what that needs. */
static void furnish_root(struct node *n)
{
	struct output made = shell(
		"mkdir -p %s/root/home %s/root/tmp && chmod 777 %s/root/tmp && for p in sh cat; do "
		"f=$(command -v $p); mkdir -p %s/root/bin; cp -L $f %s/root/bin/$p; "
		"for l in $(ldd $f | grep -o '/[^ ]*'); do cp -L --parents $l %s/root; done; done",
		n->folder, n->folder, n->folder, n->folder, n->folder, n->folder);

	if (made.status != 0)
		cr_skip_test("no shell to put into a chroot: %s", made.err);
	cr_assert_eq(chmod(n->folder, 0755), 0);
}

Test(privileges, chroot_then_user_then_directory)
{
	struct node *n;
	struct stat st;

	need_root();
	n = node_new();
	furnish_root(n);
	node_write(n, "root/in", "from inside\n");
	/* Names are looked up outside: in there is no passwd. */
	node_config(n, "[service a]\nready = exit\nuser = nobody\nchroot = @folder/root\n"
		       "command = sh -c 'cat; pwd; echo *; echo $HOME'\nstdin = file:/in\n"
		       "stdout = file:/tmp/out\nworking_directory = /home\n"
		       "environment = PATH=/nowhere:/bin\n"
		       "[service b]\nready = exit\nchroot = @folder/root\n"
		       "command = /bin/sh -c pwd\nstdout = file:/tmp/b\n");
	node_start(n);
	sync_tree(n);
	cr_assert_str_eq(node_read(n, "root/tmp/b"), "/\n");
	cr_assert_eq(strncmp(node_read(n, "root/tmp/out"), "from inside\n/home\n*\n/", 21), 0, "%s",
		     node_read(n, "root/tmp/out"));
	cr_assert_eq(stat(node_path(n, "root/tmp/out"), &st), 0);
	cr_assert_eq(st.st_uid, person_find("nobody").uid);
	cr_assert_null(strstr(node_log(n), "warning"), "%s", node_log(n));
	node_end(n);
}

Test(privileges, chroot_failures)
{
	struct node *n;
	char *why;

	need_root();
	n = node_new();
	furnish_root(n);
	node_config(n,
		    "[service a]\ncommand = sh\nchroot = @folder/none\nautostart = no\n"
		    "[service b]\ncommand = /usr/bin/env\nchroot = @folder/root\nautostart = no\n"
		    "[service c]\ncommand = /bin/sh\nchroot = @folder/root\nautostart = no\n"
		    "working_directory = /none\n");
	node_start(n);
	cr_assert_not_null(strstr(node_log(n), "a: chroot "), "%s", node_log(n));
	cr_assert_not_null(strstr(node_log(n), "b: command \"/usr/bin/env\": No such file"), "%s",
			   node_log(n));
	why = ctl_fails(n, 1, "start a");
	cr_assert_str_eq(why,
			 keep_printf("supctl: a did not start: chroot %s/none: No such file or "
				     "directory\n",
				     n->folder));
	why = ctl_fails(n, 1, "start b");
	cr_assert_str_eq(why, keep_printf("supctl: b did not start: exec /usr/bin/env (in the "
					  "chroot %s/root): No such file or directory\n",
					  n->folder));
	why = ctl_fails(n, 1, "start c");
	cr_assert_str_eq(why, keep_printf("supctl: c did not start: chdir /none (in the chroot "
					  "%s/root): No such file or directory\n",
					  n->folder));
	node_end(n);
}

/* ---- what is shown, and what is handed on ---- */

Test(privileges, spawned_processes_inherit)
{
	struct node *n = node_new();
	const char *status;

	status = run_shell(n,
			   keep_printf("%s spawn --monitor -- cat /proc/self/status\n"
				       "%s recv --match kind=down --timeout 60s >/dev/null\n",
				       build_path("supctl"), build_path("supctl")),
			   "no_new_privileges = yes\n"
			   "pass_environment = PATH ASAN_OPTIONS UBSAN_OPTIONS\n");
	cr_assert_not_null(strstr(status, "NoNewPrivs:\t1\n"), "%s", status);
	node_end(n);
}

Test(privileges, shown_in_the_spec)
{
	struct node *n = node_run("[service a]\ncommand = @puppet/a\nautostart = no\n"
				  "capabilities = ~sys_admin Cap_Bpf\nno_new_privileges = yes\n"
				  "ambient_capabilities = none\nstdin = file:/x\nchroot = /y\n");
	char *row = ctl(n, "child spec --json / a");

	cr_assert_str_eq(json_get(row, "capabilities"), "~sys_admin bpf");
	cr_assert_str_eq(json_get(row, "ambient_capabilities"), "none");
	cr_assert_str_eq(json_get(row, "no_new_privileges"), "true");
	cr_assert_str_eq(json_get(row, "stdin"), "file:/x");
	cr_assert_str_eq(json_get(row, "chroot"), "/y");
	node_end(n);
}
