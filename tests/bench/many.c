/* SPDX-License-Identifier: MIT */

/*
 * Ten thousand services beside one thousand, of the same daemon in the same run: what is linear has
 * the same cost a service, and what concerns one service the same cost.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/bench/samples.h"
#include "tests/bench/table.h"

#define FEW 1000
#define MANY 10000
#define ROUNDS 2
#define PAIRS 100
#define LISTS 11
#define REST_US 20000
#define SETTLE_US 200000

struct many {
	struct samples start[2][2]; /* by kind (raw, supd) and size (few, many); a service, in ns */
	struct samples restart[2];  /* of many: raw, supd */
	struct samples restart_few[2];
	struct samples list[2]; /* ps -e, supctl status */
	double memory[2][2];    /* by kind and size */
};

static void many_start(struct bench *b, struct subject *s, int kind, uint32_t n, struct many *m)
{
	static const struct subject_kind *const kinds[2] = {&subject_raw, &subject_supd};
	int size = n == MANY;

	*s = (struct subject){.n = n};
	subject_prepare(s, b, kinds[kind]);
	samples_add(&m->start[kind][size], subject_start(s) / n);
	usleep(SETTLE_US);
	m->memory[kind][size] = memory_of(s->os_pid);
}

static void many_round(struct bench *b, struct many *m)
{
	struct subject s;

	for (int size = 0; size < 2; size++) {
		for (int kind = 0; kind < 2; kind++) {
			many_start(b, &s, kind, size ? MANY : FEW, m);
			subject_stop(&s);
		}
	}
}

static double time_program(const char *const *argv)
{
	int64_t at = now_ns();
	int status;
	pid_t pid = run_program(argv, "/dev/null");

	if (waitpid(pid, &status, 0) < 0 || status != 0)
		die("%s: it failed", argv[0]);
	return (double)(now_ns() - at);
}

/* Both list what runs while supd has its ten thousand, and nothing else has any. */
static void many_list(struct subject *s, struct samples ret_times[2])
{
	char supctl[300], socket[300];
	const char *const status[] = {supctl, "-s", socket, "status", NULL};
	const char *const ps[] = {"ps", "-e", NULL};

	snprintf(supctl, sizeof(supctl), "%s/supctl", s->bench->build);
	snprintf(socket, sizeof(socket), "%s/run/control", s->dir);
	for (int i = 0; i < LISTS; i++) {
		samples_add(&ret_times[0], time_program(ps));
		samples_add(&ret_times[1], time_program(status));
	}
}

static void many_restarts(struct bench *b, uint32_t n, struct many *m, struct samples *ret_times)
{
	struct subject raw, s;
	struct samples dropped[2] = {{.n = 0}, {.n = 0}};

	many_start(b, &s, 1, n, m);
	if (n == MANY)
		many_list(&s, m->list);
	many_start(b, &raw, 0, n, m);
	latency_pair(&raw, &s, 0, REST_US, dropped);
	for (uint32_t i = 1; i <= PAIRS; i++)
		latency_pair(&raw, &s, i * (n / PAIRS) - 1, REST_US, ret_times);
	subject_stop(&raw);
	subject_stop(&s);
}

static void many_print_memory(const struct many *m)
{
	double few = (m->memory[1][0] - m->memory[0][0]) / FEW;
	double many = (m->memory[1][1] - m->memory[0][1]) / MANY;
	char texts[3][64], verdict[32];

	snprintf(texts[0], sizeof(texts[0]), "%.0f KiB", m->memory[0][1]);
	snprintf(texts[1], sizeof(texts[1]), "%.0f KiB", m->memory[1][1]);
	snprintf(texts[2], sizeof(texts[2]), "%.2f KiB a service more; at 1000: %.2f", many, few);
	table_text("memory (PSS) for 10,000 services", texts[0], texts[1], texts[2],
		   table_verdict(many, 2, verdict));
}

void measure_many(struct bench *b)
{
	static struct many m;

	for (int i = 0; i < ROUNDS; i++)
		many_round(b, &m);
	many_restarts(b, FEW, &m, m.restart_few);
	many_restarts(b, MANY, &m, m.restart);
	table_ratio("10,000 services, cold start to all running, a service", &m.start[0][1],
		    &m.start[1][1], 0);
	table_ratio("raw loop, a service: at 1000, at 10,000", &m.start[0][0], &m.start[0][1], 0);
	table_ratio("supd, a service: at 1000, at 10,000", &m.start[1][0], &m.start[1][1], 1.2);
	many_print_memory(&m);
	table_ratio("restart with 1000 services, idle", &m.restart_few[0], &m.restart_few[1], 1.25);
	table_ratio("restart with 10,000 services, idle", &m.restart[0], &m.restart[1], 1.25);
	table_ratio("10,000 services: ps -e, supctl status", &m.list[0], &m.list[1], 0.5);
}
