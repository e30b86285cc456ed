/* SPDX-License-Identifier: MIT */

/* Tasks (SEMANTICS 196 to 201), the child API and registries of the library, on the real daemon;
 * and programs that are actors by themselves. */

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tests/run/libsup.h"

RUN_SUITE(task);

#define PUPPET(name, more)                                                                 \
	"[service " name "]\ncommand = @puppet/" name " ready\nready = notify\nrestart = " \
	"temporary\nshutdown = 200ms\n" more

static struct node *node;
static struct sup *a;
static struct sup_task *task;
static struct sup_bytes result;

static void begin(const char *more)
{
	node = node_run(keep_printf(PUPPET("a", "") "%s", more));
	sync_tree(node);
	a = sup_borrow(node, "a");
}

static void end(void)
{
	sup_task_free(task);
	sup_close(a);
	node_end(node);
}

/* ---- tasks ---- */

/* 196, 197, 199: the result is what it printed; it is told once. */
Test(task, s196_s197_s199_await)
{
	begin("");
	cr_assert_eq(sup_async(a, shell_command("echo one; sh -c 'echo two'"), &task), 0);
	cr_assert_eq(sup_await(task, 60000, &result), 0);
	cr_expect_str_eq(result.data, "one\ntwo\n");
	cr_expect_eq(result.size, 8);
	cr_expect_eq(sup_await(task, 0, &result), -EINVAL);
	cr_expect_eq(sup_task_shutdown(task, 0, &result), -EINVAL);
	cr_expect_str_eq(sup_take(a, NULL, 0, 0, 0), "ETIMEDOUT");
	end();
}

/* 198: who traps exits fails in await, and has the exit signal as well. */
Test(task, s198_a_task_that_fails)
{
	begin("");
	cr_assert_eq(sup_trap_exit(a, true), 0);
	cr_assert_eq(sup_async(a, shell_command("echo half; exit 3"), &task), 0);
	cr_expect_eq(sup_await(task, 60000, &result), -ECONNRESET);
	cr_expect_str_eq(sup_reason(a), "exit:3");
	cr_expect_str_eq(sup_take(a, NULL, 0, 0, SUP_FOREVER), "exit  exit:3");
	end();
}

/* 197: an await that was too short ends the task, and nothing of it is left. */
Test(task, s197_await_in_vain)
{
	sup_pid pid;
	sup_ref ref;

	begin("");
	cr_assert_eq(sup_async(a, shell_command("exec sleep 60"), &task), 0);
	pid = sup_task_pid(task);
	cr_expect_eq(sup_await(task, 1, &result), -ETIMEDOUT);
	cr_expect_eq(sup_await(task, 1, &result), -EINVAL);
	cr_assert_eq(sup_monitor(a, pid, &ref), 0);
	cr_expect(strstr(sup_take(a, NULL, 0, 0, SUP_FOREVER), "down  ") != NULL);
	cr_expect_str_eq(sup_take(a, NULL, 0, 0, 0), "ETIMEDOUT");
	cr_expect_str_eq(state_of(node, "a"), "running", "its owner lives");
	end();
}

/* 200: yield leaves it running; shutdown ends it. */
Test(task, s200_yield_and_shutdown)
{
	begin("");
	cr_assert_eq(sup_async(a, shell_command("exec sleep 60"), &task), 0);
	cr_expect_eq(sup_yield(task, 0, &result), -ETIMEDOUT);
	cr_expect_eq(sup_yield(task, 1, &result), -ETIMEDOUT);
	cr_expect_eq(sup_task_shutdown(task, 60000, &result), -ECANCELED);
	sup_task_free(task);
	cr_assert_eq(
		sup_async(a, shell_command("trap '' TERM; echo; while :; do sleep 1; done"), &task),
		0);
	cr_expect_eq(sup_task_shutdown(task, 1, &result), -ECANCELED, "by force");
	sup_task_free(task);
	cr_assert_eq(sup_async(a, shell_command("echo done"), &task), 0);
	while (sup_yield(task, 60000, &result) == -ETIMEDOUT)
		;
	cr_expect_str_eq(result.data, "done\n");
	cr_expect_str_eq(state_of(node, "a"), "running", "its owner lives");
	end();
}

/* A task of that puppet, watched by the guest. */
static sup_pid task_of(struct sup *owner, struct sup *guest)
{
	struct sup_task *other;
	sup_ref ref;
	sup_pid pid;

	cr_assert_eq(sup_async(owner, shell_command("exec sleep 60"), &other), 0);
	pid = sup_task_pid(other);
	sup_task_free(other);
	cr_assert_eq(sup_monitor(guest, pid, &ref), 0);
	return pid;
}

/* 201: the abnormal end of its owner ends a task, a normal end does not. */
Test(task, s201_the_end_of_the_owner)
{
	struct sup *b, *guest;
	struct sup_info *info;
	struct watch *events;
	sup_pid of_a, of_b;

	begin(PUPPET("b", ""));
	events = watch_open(node);
	b = sup_borrow(node, "b");
	cr_assert_eq(sup_open_guest(node->socket, &guest), 0);
	of_a = task_of(a, guest);
	of_b = task_of(b, guest);
	order(node, "a", "exit:0");
	watch_until(events, "exit a normal");
	ctl(node, "kill -KILL b");
	cr_expect_str_eq(sup_take(guest, (struct sup_clause[]){{.from = of_b}}, 1, 0, SUP_FOREVER),
			 "down  killed");
	cr_assert_eq(sup_info(guest, of_a, &info), 0, "it lives");
	sup_info_free(info);
	cr_expect_eq(sup_exit(guest, of_a, "enough"), 0);
	cr_expect_str_eq(sup_take(guest, NULL, 0, 0, SUP_FOREVER), "down  enough");
	sup_close(guest);
	sup_close(b);
	end();
}

Test(task, one_that_can_not_be_started)
{
	static const char *const nothing[] = {"/nonexistent/program", NULL};
	struct sup_command missing = {.argv = nothing};

	begin("");
	cr_expect_eq(sup_async(a, &missing, &task), -ENOENT);
	cr_expect_null(task);
	end();
}

/* ---- the child API ---- */

static int list_child(void *argument, const struct sup_child *child)
{
	char *text = argument;

	strcat(strcat(text, child->id), child->is_supervisor   ? "/ "
					: child->is_restarting ? "? "
					: child->pid.n         ? "+ "
							       : "- ");
	return 0;
}

static int refuse_child(void *argument, const struct sup_child *child)
{
	(void)child;
	return *(int *)argument;
}

Test(task, s153_to_s163_children)
{
	static const char extra[] = "[service extra]\ncommand = sleep 60\n";
	struct sup_child_counts counts;
	char text[100] = "";
	sup_pid pid = {0}, again = {0};

	begin("[supervisor web]\n");
	cr_assert_eq(sup_start_child(a, "/", "extra", extra, &pid), 0);
	cr_expect_neq(pid.n, 0);
	cr_expect_eq(sup_start_child(a, "/", "extra", extra, &again), -EALREADY);
	cr_expect_eq(again.n, pid.n);
	cr_expect_eq(sup_restart_child(a, "/", "extra", &again), -EBUSY);
	cr_expect_eq(sup_delete_child(a, "/", "extra"), -EBUSY);
	cr_expect_eq(sup_which_children(a, "/", list_child, text), 3);
	cr_expect_str_eq(text, "extra+ web/ a+ ");
	cr_expect_eq(sup_which_children(a, "/", refuse_child, &(int){-77}), -77);
	cr_assert_eq(sup_count_children(a, "/", &counts), 0);
	cr_expect(counts.specs == 3 && counts.active == 3 && counts.supervisors == 1 &&
		  counts.workers == 2);
	cr_expect_eq(sup_terminate_child(a, "/", "extra"), 0);
	cr_expect_eq(sup_start_child(a, "/", "extra", extra, &again), -EEXIST);
	*text = '\0';
	cr_expect_eq(sup_which_children(a, "/", list_child, text), 3);
	cr_expect_str_eq(text, "extra- web/ a+ ");
	cr_expect_eq(sup_restart_child(a, "/", "extra", &again), 0);
	cr_expect_neq(again.n, pid.n);
	cr_expect_eq(sup_terminate_child(a, "/", "extra"), 0);
	cr_expect_eq(sup_delete_child(a, "/", "extra"), 0);
	cr_expect_eq(sup_delete_child(a, "/", "extra"), -ENOENT);
	cr_expect_eq(sup_terminate_child(a, "nowhere", "extra"), -ESRCH);
	cr_expect_eq(sup_terminate_child(a, "a", "extra"), -ENOTDIR);
	end();
}

Test(task, s154_s166_children_that_fail_and_copies)
{
	static const char *const arguments[] = {"60", NULL};
	sup_pid pid = {0};

	begin("[supervisor jobs]\nstrategy = simple_one_for_one\n"
	      "[service jobs/job]\ncommand = sleep\nrestart = temporary\n");
	cr_expect_eq(
		sup_start_child(a, "/", "bad", "[service bad]\ncommand = /nonexistent\n", &pid),
		-ECHILD);
	cr_expect_str_eq(sup_reason(a), "exec:ENOENT");
	cr_expect_eq(sup_start_child(a, "/", "bad", "[service bad]\nno_such_key = 1\n", &pid),
		     -EINVAL);
	cr_expect_neq(strstr(sup_error(a), "no_such_key"), NULL);
	cr_assert_eq(sup_start_copy(a, "jobs", arguments, &pid), 0);
	cr_expect_neq(pid.n, 0);
	cr_expect_eq(sup_delete_child(a, "jobs", "job"), -ENOTUNIQ);
	end();
}

/* ---- registries ---- */

static void *run_registry(void *argument)
{
	return (void *)(intptr_t)sup_registry_run(argument, 0);
}

static void *run_duplicate(void *argument)
{
	return (void *)(intptr_t)sup_registry_run(argument, SUP_DUPLICATE);
}

static int list_entry(void *argument, sup_pid pid, struct sup_bytes value)
{
	char text[SUP_PID_TEXT_MAX];

	strcat(strcat(argument, sup_pid_format(pid, text)), "=");
	strncat(argument, value.data, value.size);
	strcat(argument, " ");
	return 0;
}

static const char *lookup(struct sup *sup, sup_pid registry, const char *key, int n)
{
	char *text = keep(calloc(1, 500));

	cr_expect_eq(sup_registry_lookup(sup, registry, key, list_entry, text), n);
	return text;
}

static const char *text_of(sup_pid pid)
{
	char text[SUP_PID_TEXT_MAX];

	return keep_printf("%s", sup_pid_format(pid, text));
}

static const char *pid_of(struct sup *sup)
{
	sup_pid pid;

	cr_assert_eq(sup_self(sup, &pid), 0);
	return text_of(pid);
}

/* A registry in a thread, at the puppet's mailbox. */
static struct sup *begin_registry(void *(*run)(void *), pthread_t *ret_thread, sup_pid *ret_pid)
{
	struct sup *registry;

	begin(PUPPET("b", "") PUPPET("registry", ""));
	registry = sup_borrow(node, "registry");
	cr_assert_eq(sup_self(registry, ret_pid), 0);
	cr_assert_eq(pthread_create(ret_thread, NULL, run, registry), 0);
	return registry;
}

/* The end of the registry's actor ends its loop. */
static void end_registry(struct sup *registry, pthread_t thread)
{
	void *r;

	ctl(node, "kill -KILL registry");
	pthread_join(thread, &r);
	cr_expect_eq((intptr_t)r, -EPIPE);
	sup_close(registry);
}

Test(task, a_registry_with_unique_keys)
{
	struct sup *registry, *b;
	pthread_t thread;
	sup_ref ref;
	sup_pid pid, b_pid;

	registry = begin_registry(run_registry, &thread, &pid);
	b = sup_borrow(node, "b");
	cr_assert_eq(sup_self(b, &b_pid), 0);
	cr_expect_str_eq(lookup(a, pid, "room", 0), "");
	cr_expect_eq(sup_registry_register(a, pid, "room", sup_text("1")), 0);
	cr_expect_eq(sup_registry_register(a, pid, "room", sup_text("2")), 0);
	cr_expect_eq(sup_registry_register(b, pid, "room", sup_text("3")), -EEXIST);
	cr_expect_eq(sup_registry_register(b, pid, "hall", sup_text("4")), 0);
	cr_expect_str_eq(lookup(b, pid, "room", 1), keep_printf("%s=2 ", pid_of(a)));
	cr_expect_eq(sup_registry_unregister(b, pid, "room"), -ENOENT);
	cr_expect_eq(sup_registry_unregister(a, pid, "room"), 0);
	cr_expect_eq(sup_registry_register(b, pid, "room", SUP_NOTHING), 0);
	cr_expect_str_eq(lookup(a, pid, "room", 1), keep_printf("%s= ", pid_of(b)));
	/* The dead are forgotten: all are told in one step, so what we send when we have been told
	 * lies behind what the registry is told. */
	cr_assert_eq(sup_monitor(a, b_pid, &ref), 0);
	ctl(node, "kill -KILL b");
	cr_expect_str_eq(sup_take(a, NULL, 0, 0, SUP_FOREVER), "down  killed");
	cr_expect_str_eq(lookup(a, pid, "room", 0), "");
	cr_expect_str_eq(lookup(a, pid, "hall", 0), "");
	cr_expect_eq(sup_registry_register(a, pid, "room", SUP_NOTHING), 0);
	end_registry(registry, thread);
	cr_expect_eq(sup_registry_register(a, pid, "room", SUP_NOTHING), -ESRCH);
	sup_close(b);
	end();
}

Test(task, a_registry_with_duplicate_keys)
{
	struct sup *registry, *b;
	pthread_t thread;
	sup_pid pid;

	registry = begin_registry(run_duplicate, &thread, &pid);
	b = sup_borrow(node, "b");
	cr_expect_eq(sup_registry_register(a, pid, "news", sup_text("1")), 0);
	cr_expect_eq(sup_registry_register(b, pid, "news", sup_text("2")), 0);
	cr_expect_str_eq(lookup(b, pid, "news", 2),
			 keep_printf("%s=1 %s=2 ", pid_of(a), pid_of(b)));
	cr_expect_eq(sup_registry_dispatch(a, pid, "news", "extra", sup_text("!")), 2);
	cr_expect_str_eq(sup_take(a, NULL, 0, 0, SUP_FOREVER), "message extra !");
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, SUP_FOREVER), "message extra !");
	cr_expect_eq(sup_registry_unregister(a, pid, "news"), 0);
	cr_expect_eq(sup_registry_dispatch(a, pid, "news", "extra", SUP_NOTHING), 1);
	cr_expect_str_eq(sup_take(b, NULL, 0, 0, SUP_FOREVER), "message extra ");
	end_registry(registry, thread);
	sup_close(b);
	end();
}

/* ---- programs that are actors by themselves ---- */

static void call_and_stop(sup_pid echo)
{
	struct sup_message *reply;

	cr_assert_eq(sup_call(a, echo, "echo", sup_text("x"), SUP_FOREVER, &reply), 0);
	cr_expect_str_eq(reply->tag, "echo");
	cr_expect_str_eq(reply->payload, "x");
	sup_message_free(reply);
	cr_expect_eq(sup_send(a, echo, "stop", SUP_NOTHING, 0), 0);
}

/* One that was spawned has a mailbox as every service has. */
Test(task, a_spawned_program)
{
	const char *argv[] = {build_path("tests/sup_echo"), NULL, NULL, NULL};
	struct sup_command command = {.argv = argv};
	const char *reasons[] = {NULL, "enough"};
	sup_ref ref;
	sup_pid pid;

	begin("");
	argv[1] = pid_of(a);
	for (int i = 0; i < 2; i++) {
		argv[2] = reasons[i];
		cr_assert_eq(sup_spawn_monitor(a, &command, &pid, &ref), 0);
		cr_expect_str_eq(
			sup_take(a, (struct sup_clause[]){{.from = pid}}, 1, 0, SUP_FOREVER),
			keep_printf("message hello %s", text_of(pid)));
		call_and_stop(pid);
		cr_expect_str_eq(
			sup_take(a, (struct sup_clause[]){{.ref = ref}}, 1, 0, SUP_FOREVER),
			i ? "down  enough" : "down  normal");
	}
	end();
}

/* One that a shell script runs acts for the script. */
Test(task, a_program_inside_a_script)
{
	const char *argv[] = {"sh", "-c", "$0 $1; exit 3", build_path("tests/sup_echo"),
			      NULL, NULL};
	struct sup_command command = {.argv = argv};
	sup_ref ref;
	sup_pid pid;

	begin("");
	argv[4] = pid_of(a);
	cr_assert_eq(sup_spawn_monitor(a, &command, &pid, &ref), 0);
	cr_expect_str_eq(sup_take(a, (struct sup_clause[]){{.from = pid}}, 1, 0, SUP_FOREVER),
			 keep_printf("message hello %s", text_of(pid)));
	call_and_stop(pid);
	cr_expect_str_eq(sup_take(a, (struct sup_clause[]){{.ref = ref}}, 1, 0, SUP_FOREVER),
			 "down  exit:3");
	end();
}

/* ---- processes ---- */

/* SEMANTICS 27, 28, 69. */
Test(task, s27_s28_s69_spawn)
{
	static const char *const nothing[] = {"/nonexistent/program", NULL};
	struct sup_command missing = {.argv = nothing};
	sup_ref ref;
	sup_pid pid;

	begin("");
	cr_assert_eq(sup_trap_exit(a, true), 0);
	cr_assert_eq(sup_spawn_monitor(a, shell_command("exit 3"), &pid, &ref), 0);
	cr_expect_str_eq(
		sup_take(a, (struct sup_clause[]){{.from = pid, .ref = ref}}, 1, 0, SUP_FOREVER),
		"down  exit:3");
	cr_assert_eq(sup_spawn_link(a, shell_command("exit 4"), &pid), 0);
	cr_expect_str_eq(sup_take(a, (struct sup_clause[]){{.from = pid}}, 1, 0, SUP_FOREVER),
			 "exit  exit:4");
	cr_expect_eq(sup_spawn_link(a, &missing, &pid), -ENOENT);
	cr_expect_str_eq(sup_take(a, NULL, 0, 0, 0), "ETIMEDOUT");
	end();
}

/* What it is given: variables, a folder, its standard output. */
Test(task, what_a_spawned_process_is_given)
{
	static const char *const environment[] = {"GREETING=hello", NULL};
	struct sup_command command = *shell_command("echo $GREETING; pwd");
	char text[64] = "";
	sup_ref ref;
	int out[2];

	begin("");
	cr_assert_eq(pipe(out), 0);
	command.environment = environment;
	command.directory = "/";
	command.fds = (int[]){-1, out[1], -1};
	cr_assert_eq(sup_spawn_monitor(a, &command, NULL, &ref), 0);
	close(out[1]);
	cr_expect_str_eq(sup_take(a, (struct sup_clause[]){{.ref = ref}}, 1, 0, SUP_FOREVER),
			 "down  normal");
	cr_expect_eq(read(out[0], text, sizeof(text) - 1), 8);
	cr_expect_str_eq(text, "hello\n/\n");
	close(out[0]);
	end();
}
