/* SPDX-License-Identifier: MIT */

#include "supd/prepare_setup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "config/capabilities.h"

void prepare_setup(struct spawn_setup *setup, const struct exec_setup *exec)
{
	*setup = (struct spawn_setup){.exec = exec, .terminal = -1};
	if (exec->oom_score_adj != SETUP_NOT_GIVEN)
		snprintf(setup->oom_score_adj, sizeof(setup->oom_score_adj), "%d",
			 exec->oom_score_adj);
}

/* ---- values as text ---- */

static void put_amount(struct buf *out, uint64_t amount, enum exec_limit_kind kind)
{
	char text[SPAN_TEXT_MAX];

	if (amount == UINT64_MAX)
		buf_puts(out, "infinity");
	else if (kind == LIMIT_RTTIME && amount < INT64_MAX / 1000)
		buf_puts(out, span_format((struct span){(int64_t)amount * 1000}, text));
	else
		buf_printf(out, "%" PRIu64, amount);
}

void setup_print_limit(struct buf *out, const struct exec_limit *limit, enum exec_limit_kind kind)
{
	put_amount(out, limit->soft, kind);
	if (limit->soft == limit->hard)
		return;
	buf_putc(out, ':');
	put_amount(out, limit->hard, kind);
}

void setup_print_io(struct buf *out, const struct exec_io *io)
{
	if (io->class == IO_CLASS_IDLE)
		buf_puts(out, "idle");
	else
		buf_printf(out, "%s:%d",
			   io->class == IO_CLASS_REALTIME ? "realtime" : "best-effort", io->level);
}

static bool has_cpu(const struct exec_cpus *cpus, unsigned cpu)
{
	return cpu < EXEC_CPUS_MAX && cpus->bits[cpu / 64] >> (cpu % 64) & 1;
}

void setup_print_cpus(struct buf *out, const struct exec_cpus *cpus)
{
	const char *comma = "";

	for (unsigned from = 0; from < EXEC_CPUS_MAX; from++) {
		unsigned to = from;

		if (!has_cpu(cpus, from))
			continue;
		while (has_cpu(cpus, to + 1))
			to++;
		buf_printf(out, "%s%u", comma, from);
		if (to > from)
			buf_printf(out, "-%u", to);
		comma = ",";
		from = to;
	}
}

/* ---- what went wrong ---- */

static void explain_limit(const struct exec_setup *exec, const struct spawn_failure *failure,
			  struct buf *out)
{
	enum exec_limit_kind kind = (enum exec_limit_kind)failure->which;

	buf_printf(out, "%s ", exec_limit_names[kind]);
	setup_print_limit(out, &exec->limits[kind], kind);
	if (failure->error == EPERM)
		buf_printf(
			out,
			" (its hard limit is above the daemon's%s, which takes CAP_SYS_RESOURCE)",
			kind == LIMIT_NOFILE ? " or fs.nr_open" : "");
}

static void explain_privilege(const struct spawn_failure *failure, const char *capability,
			      struct buf *out)
{
	if (failure->error == EPERM || failure->error == EACCES)
		buf_printf(out, " (that takes %s)", capability);
}

static void explain_capabilities(uint64_t set, const struct spawn_failure *failure, struct buf *out)
{
	if (failure->which >= 0 && failure->which < 64)
		capability_print(out, UINT64_C(1) << failure->which);
	else
		capability_print(out, set);
}

static void explain_input(const struct spawn_setup *setup, const struct spawn_failure *failure,
			  struct buf *out)
{
	buf_puts(out, setup->input);
	if (failure->error == EPERM && setup->input_kind == INPUT_TTY)
		buf_puts(out, " (another session has it as its terminal)");
	if (failure->error == EINVAL && setup->input_kind == INPUT_FILE)
		buf_puts(out, " (it is not a regular file)");
}

static bool explain_privileges(const struct spawn_setup *setup, const struct spawn_failure *failure,
			       struct buf *out)
{
	const struct exec_setup *exec = setup->exec;

	if (failure->step == STEP_CHROOT && setup->chroot) {
		buf_puts(out, setup->chroot);
		explain_privilege(failure, "CAP_SYS_CHROOT", out);
	} else if (failure->step == STEP_CAPABILITIES) {
		explain_capabilities(exec->bounding.set, failure, out);
		explain_privilege(failure, "CAP_SETPCAP", out);
	} else if (failure->step == STEP_AMBIENT_CAPABILITIES) {
		explain_capabilities(exec->ambient.set, failure, out);
		if (failure->error == EPERM)
			buf_puts(out, " (it takes one that supd has itself, and that is among its "
				      "capabilities)");
	} else if (failure->step == STEP_STDIN && setup->input) {
		explain_input(setup, failure, out);
	} else {
		return false;
	}
	return true;
}

bool prepare_setup_explain(const struct spawn_setup *setup, const struct spawn_failure *failure,
			   struct buf *out)
{
	const struct exec_setup *exec = setup->exec;

	if (failure->step == STEP_LIMIT) {
		explain_limit(exec, failure, out);
	} else if (failure->step == STEP_NICE) {
		buf_printf(out, "%d", exec->nice);
		explain_privilege(failure, "CAP_SYS_NICE", out);
	} else if (failure->step == STEP_IO_CLASS) {
		setup_print_io(out, &exec->io);
		explain_privilege(failure, "CAP_SYS_ADMIN or CAP_SYS_NICE", out);
	} else if (failure->step == STEP_CPU_AFFINITY) {
		setup_print_cpus(out, &exec->cpus);
		if (failure->error == EINVAL)
			buf_puts(out, " (it may run on none of these)");
	} else if (failure->step == STEP_OOM_SCORE_ADJ) {
		buf_puts(out, setup->oom_score_adj);
		explain_privilege(failure, "CAP_SYS_RESOURCE", out);
	} else {
		return explain_privileges(setup, failure, out);
	}
	return true;
}
