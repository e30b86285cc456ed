/* SPDX-License-Identifier: MIT */

/* A scenario's tree as supd.conf(5) has it. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/otp/daemon.h"

int daemon_program(const char *name, char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (n < 0)
		return -1;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash + 1 - path) + strlen(name) >= PATH_MAX)
		return -1;
	strcpy(slash + 1, name);
	return 0;
}

/* A word of a command: in quotes, and with nothing that is expanded there. */
static void put_word(struct buf *out, const char *word)
{
	buf_puts(out, " '");
	for (; *word; word++) {
		if (*word == '\'')
			buf_puts(out, "'\\'");
		if (*word == '%')
			buf_putc(out, '%');
		buf_putc(out, *word);
	}
	buf_putc(out, '\'');
}

static void put_command(const struct actor_def *def, struct buf *out)
{
	struct buf fails CLEANUP(buf_fini) = BUF_INIT;
	char program[PATH_MAX], folder[PATH_MAX], on_term[32];

	if (daemon_program("otp_worker", program) < 0 || !getcwd(folder, sizeof(folder)))
		program[0] = folder[0] = '\0';
	for (size_t i = 0; i < def->n_fails; i++)
		buf_printf(&fails, "%s%u", i ? "," : "", def->fails[i]);
	if (def->fail_all)
		buf_puts(&fails, "all");
	buf_puts(out, "command =");
	put_word(out, program);
	put_word(out, def->name);
	put_word(out, folder);
	put_word(out, fails.size ? buf_text(&fails) : "-");
	put_word(out, def->trap ? "yes" : "no");
	snprintf(on_term, sizeof(on_term), "error:%u", def->on_term_code);
	put_word(out, def->on_term == ON_TERM_OBEY     ? "obey"
		      : def->on_term == ON_TERM_IGNORE ? "ignore"
						       : on_term);
	buf_puts(out, "\nready = notify\nstart_timeout = infinity\n");
}

static void put_child_keys(const struct actor_def *def, struct buf *out)
{
	buf_printf(out, "restart = %s\nsignificant = %s\n", restart_type_names[def->restart],
		   def->significant ? "yes" : "no");
	if (def->shutdown == SHUTDOWN_SPAN)
		buf_printf(out, "shutdown = %ums\n", def->shutdown_ms);
	else
		buf_printf(out, "shutdown = %s\n",
			   def->shutdown == SHUTDOWN_INFINITY ? "infinity" : "brutal_kill");
}

/* Scenarios are a few levels deep: recursion is fine in a test's own tool. */
void daemon_put_sections(const struct scenario *scenario, const struct actor_def *def,
			 const char *path, struct buf *out)
{
	struct buf below CLEANUP(buf_fini) = BUF_INIT;
	bool root = strcmp(path, "/") == 0;

	buf_printf(out, "[%s %s]\n", def->supervisor ? "supervisor" : "service", path);
	if (!root)
		put_child_keys(def, out);
	if (!def->supervisor) {
		put_command(def, out);
		return;
	}
	buf_printf(out, "strategy = %s\nintensity = %u\nperiod = %us\nauto_shutdown = %s\n",
		   strategy_names[def->strategy], def->intensity, def->period * scenario->pace,
		   auto_shutdown_names[def->auto_shutdown]);
	buf_puts(out, "give_up = escalate\n");
	for (size_t i = 0; i < scenario->n_defs; i++) {
		const struct actor_def *child = &scenario->defs[i];

		if (strcmp(child->parent, def->name) != 0)
			continue;
		buf_clear(&below);
		buf_printf(&below, "%s%s%s", root ? "" : path, root ? "" : "/", child->name);
		daemon_put_sections(scenario, child, buf_text(&below), out);
	}
}

int daemon_put_config(const struct scenario *scenario, struct buf *out)
{
	char folder[PATH_MAX];

	if (!getcwd(folder, sizeof(folder)))
		return -1;
	buf_printf(
		out,
		"[supd]\nrun_dir = %s/run\nlog_dir = none\nlog_level = debug\nlog_format = json\n"
		"shutdown_timeout = infinity\n",
		folder);
	daemon_put_sections(scenario, scenario_root(scenario), "/", out);
	return 0;
}
