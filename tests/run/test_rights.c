/* SPDX-License-Identifier: MIT */

/* Who may do what on the control socket, as real users and groups (ARCHITECTURE 6). */

#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "support.h"

RUN_SUITE(rights);

#define CONTROL_GROUP "games"
#define VIEW_GROUP "man"

static const char config[] = "control_group = " CONTROL_GROUP "\nview_group = " VIEW_GROUP "\n"
			     "[supervisor s]\n"
			     "[service s/a]\ncommand = @puppet/a ready\nready = notify\n";

static const char *const looking[] = {
	"status",
	"status s/a",
	"tree",
	"why s/a",
	"what-if kill s/a",
	"events --timeout 500ms",
	"wait s/a --for ready",
	"sync",
	"child which s",
	"child count s",
	"child spec s a",
	"names",
	"info s/a",
	"whereis s/a",
};

/* Each is refused; where it is not, it changes what check_untouched() looks at. */
static const char *const acting[] = {
	"start s/a",
	"stop s/a",
	"restart s/a",
	"remove s/a",
	"add s/b command=true",
	"exit s/a kill",
	"kill -KILL s/a",
	"child start s b command=true",
	"child terminate s a",
	"child restart s a",
	"child delete s a",
	"self",
	"spawn -- true",
	"send s/a x",
	"call s/a x",
	"monitor s/a",
	"mailbox s/a",
	"logs",
	"logs s/a",
	"logs --rotate",
	"shutdown",
	"shutdown --now",
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void check_refused(struct node *n, const struct person *who, const char *words,
			  const char *needed)
{
	struct output output = supctl_as(n, who, words);

	cr_assert_eq(output.status, 4, "uid %d, supctl %s: %d %s%s", (int)who->uid, words,
		     output.status, output.out, output.err);
	cr_assert_str_empty(output.out);
	/* By the name that was typed, or where no actor may speak at all. */
	cr_assert(text_glob("supctl: to be an actor is *", output.err) ||
			  text_glob(keep_printf("supctl: %.*s is not permitted: it needs root, the "
						"daemon's own user*",
						(int)strcspn(words, " "), words),
				    output.err),
		  "supctl %s: %s", words, output.err);
	cr_assert_not_null(strstr(output.err, needed), "%s", output.err);
}

static void check_all_refused(struct node *n, const struct person *who, const char *const *commands,
			      size_t n_commands, const char *needed)
{
	for (size_t i = 0; i < n_commands; i++)
		check_refused(n, who, commands[i], needed);
}

static void check_allowed(struct node *n, const struct person *who, const char *words)
{
	struct output output = supctl_as(n, who, words);

	/* Events go on for ever. */
	cr_assert_eq(output.status, strncmp(words, "events", 6) == 0 ? 5 : 0,
		     "uid %d, supctl %s: %d %s%s", (int)who->uid, words, output.status, output.out,
		     output.err);
}

static void check_all_allowed(struct node *n, const struct person *who, const char *const *commands,
			      size_t n_commands)
{
	for (size_t i = 0; i < n_commands; i++)
		check_allowed(n, who, commands[i]);
}

/* One who may do everything does some of it, and leaves all as it was. */
static void check_everything(struct node *n, const struct person *who)
{
	check_all_allowed(n, who, looking, COUNT(looking));
	check_allowed(n, who, "stop s/a");
	check_allowed(n, who, "start s/a");
	check_allowed(n, who, "restart s/a");
	check_allowed(n, who, "exit s/a normal");
	check_allowed(n, who, "kill -CONT s/a");
	check_allowed(n, who, "add s/b command='sleep 1000'");
	check_allowed(n, who, "child terminate s b");
	check_allowed(n, who, "child restart s b");
	check_allowed(n, who, "remove s/b");
}

static struct node *run_as_root_daemon(void)
{
	struct node *n;

	need_root();
	n = node_run(config);
	sync_tree(n);
	return n;
}

static struct person member_of(const char *user, const char *group)
{
	struct person who = person_find(user);

	if (group)
		who.groups[who.n_groups++] = group_find(group);
	return who;
}

Test(rights, root_may_do_everything)
{
	struct node *n = run_as_root_daemon();
	struct person root = person_find("root");

	check_everything(n, &root);
	node_end(n);
}

Test(rights, control_group_may_do_everything)
{
	struct node *n = run_as_root_daemon();
	struct person who = member_of("bin", CONTROL_GROUP);

	check_everything(n, &who);
	/* By its first group as well. */
	who = person_find("bin");
	who.gid = group_find(CONTROL_GROUP);
	check_everything(n, &who);
	check_allowed(n, &who, "shutdown");
	cr_assert_eq(node_wait(n), 0);
	node_check_nothing_left(n);
}

Test(rights, view_group_may_look)
{
	struct node *n = run_as_root_daemon();
	struct person who = member_of("bin", VIEW_GROUP);
	const char *pid = look(n, "s/a").pid;

	check_all_allowed(n, &who, looking, COUNT(looking));
	check_all_refused(n, &who, acting, COUNT(acting), "or a member of group " CONTROL_GROUP);
	cr_assert_str_eq(look(n, "s/a").pid, pid);
	cr_assert_not(exists(n, "s/b"));
	node_end(n);
}

Test(rights, others_may_ping)
{
	struct node *n = run_as_root_daemon();
	struct person who = member_of("bin", NULL);
	const char *pid = look(n, "s/a").pid;

	check_allowed(n, &who, "ping");
	check_allowed(n, &who, "version");
	check_all_refused(n, &who, looking, COUNT(looking),
			  ", or a member of group " VIEW_GROUP " or " CONTROL_GROUP);
	check_all_refused(n, &who, acting, COUNT(acting), "or a member of group " CONTROL_GROUP);
	cr_assert_str_eq(look(n, "s/a").pid, pid);
	cr_assert_not(exists(n, "s/b"));
	node_end(n);
}

/* No groups are configured: the sentence says what could allow it. */
Test(rights, without_groups_only_the_daemons_own_user)
{
	struct person games, other, own;
	struct node *n;

	need_root();
	n = node_new();
	node_become(n, "nobody");
	node_config(n, strchr(config, '['));
	node_start(n);
	sync_tree(n);
	own = person_find("nobody");
	games = member_of("bin", CONTROL_GROUP);
	other = member_of("bin", "nogroup");
	check_everything(n, &own);
	check_everything(n, &(struct person){.other = true});
	check_refused(n, &games, "status", "(view_group in [supd] can allow it to a group)");
	check_refused(n, &games, "stop s/a", "(control_group in [supd] can allow it to a group)");
	check_refused(n, &other, "status", "(view_group");
	check_allowed(n, &other, "ping");
	node_end(n);
}

/* A group that is not there allows nothing, to nobody. */
Test(rights, a_group_that_does_not_exist)
{
	struct person who;
	struct node *n;

	need_root();
	who = member_of("bin", "nogroup");
	n = node_run("control_group = no-such-group\nview_group = no-such-group\n"
		     "[service a]\ncommand = sleep 1000\n");
	cr_assert_not_null(strstr(node_log(n), "no-such-group"), "%s", node_log(n));
	check_refused(n, &who, "status", "");
	check_refused(n, &who, "stop a", "");
	node_end(n);
}

static void be_secretive(void *argument)
{
	(void)argument;
	umask(077);
}

/* Whatever the umask was: everybody may knock. */
Test(rights, modes_of_run_dir_and_sockets)
{
	struct node *n = node_new();
	struct stat st;

	node_config(n, "[service a]\ncommand = @puppet/a report:r ready\nready = notify\n");
	n->who.prepare = be_secretive;
	node_start(n);
	sync_tree(n);
	cr_assert_eq(stat(node_path(n, "run"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0755, "%o", st.st_mode);
	cr_assert_eq(stat(n->socket, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0666, "%o", st.st_mode);
	cr_assert_eq(stat(node_path(n, "run/processes"), &st), 0);
	cr_assert_eq(st.st_mode & 0022, 0, "%o", st.st_mode);
	cr_assert_str_eq(report_get(n, "r", "Umask"), "0077");
	node_end(n);
}
