/* SPDX-License-Identifier: MIT */

/*
 * Messages from process to process through supd, beside the bare relay that does nothing but pass
 * them on (relays.c), with recvmmsg and sendmmsg, the two in turn. One by one is one by one on both
 * sides: a send each. The receivers of ours receive with clauses, the counts are
 * exact, and supd runs with its defaults.
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/bench/cast.h"
#include "tests/bench/measure.h"
#include "tests/bench/samples.h"

#define ROUNDS 5
#define MANY 1000

struct mail_row {
	const char *what;
	enum relay_kind kind;
	uint32_t n;
	struct stage_round bare;
	struct stage_round ours;
	double target;    /* of the rate, ours by theirs; below 0: of the time, as a limit */
	bool pinned;      /* all of it on one processor */
	uint32_t smoke_n; /* actors in the smoke test; 0: as many */
};

/* round: task, size, count, senders, receivers, batch */
static const struct mail_row rows[] = {
	{"64 B, sent one by one",
	 RELAY_ONE,
	 2,
	 {STAGE_SEND, 64, 200000, 1, 1, 1},
	 {STAGE_SEND, 64, 200000, 1, 1, 1},
	 1.8,
	 false,
	 0},
	{"64 B, corked",
	 RELAY_WHOLE,
	 2,
	 {STAGE_CORKED, 64, 2000000, 1, 1, 1},
	 {STAGE_CORKED, 64, 2000000, 1, 1, 1},
	 0.3,
	 false,
	 0},
	{"1 KiB",
	 RELAY_ONE,
	 2,
	 {STAGE_SEND, 1024, 100000, 1, 1, 1},
	 {STAGE_SEND, 1024, 100000, 1, 1, 1},
	 1.2,
	 false,
	 0},
	{"16 KiB",
	 RELAY_ONE,
	 2,
	 {STAGE_SEND, 16384, 20000, 1, 1, 1},
	 {STAGE_SEND, 16384, 20000, 1, 1, 1},
	 0.9,
	 false,
	 0},
	{"64 B, one to 8",
	 RELAY_ROUTE,
	 9,
	 {STAGE_SEND, 64, 80000, 1, 8, 1},
	 {STAGE_SEND, 64, 80000, 1, 8, 1},
	 0,
	 false,
	 0},
	{"64 B, 8 to one",
	 RELAY_ROUTE,
	 9,
	 {STAGE_SEND, 64, 10000, 8, 1, 1},
	 {STAGE_SEND, 64, 10000, 8, 1, 1},
	 0,
	 false,
	 0},
	{"64 B, 1000 at random",
	 RELAY_PACK,
	 MANY,
	 {STAGE_RANDOM, 64, 320, MANY, 0, 1},
	 {STAGE_RANDOM, 64, 320, MANY, 0, 1},
	 0.8,
	 false,
	 20},
	{"a call and its reply",
	 RELAY_ECHO,
	 2,
	 {STAGE_CALL, 64, 3000, 1, 1, 1},
	 {STAGE_CALL, 64, 3000, 1, 1, 1},
	 -1.3,
	 false,
	 0},
	{"the same on one processor",
	 RELAY_ECHO,
	 2,
	 {STAGE_CALL, 64, 3000, 1, 1, 1},
	 {STAGE_CALL, 64, 3000, 1, 1, 1},
	 -1.3,
	 true,
	 0},
	{"64 MiB in a memfd",
	 RELAY_NONE,
	 2,
	 {STAGE_MAP, 64 << 20, 3, 1, 1, 1},
	 {STAGE_MAP, 64 << 20, 3, 1, 1, 1},
	 -1.2,
	 false,
	 0},
};

/* ---- actors under supd ---- */

struct mail {
	struct cast cast; /* its relay is supd */
	char dir[256];
};

static void mail_configure(const struct mail *mail, const struct bench *b, uint32_t n)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/supd.conf", mail->dir);
	file = fopen(path, "w");
	if (!file)
		die("%s: %s", path, strerror(errno));
	fprintf(file,
		"[supd]\nrun_dir = %s/run\nlog_dir = none\n[supervisor /]\nstart = parallel\n",
		mail->dir);
	for (uint32_t i = 0; i < n; i++)
		fprintf(file, "[service a%u]\ncommand = %s/tests/bench-actor %s/stage %u\n", i,
			b->build, mail->dir, i);
	if (fclose(file) != 0)
		die("%s: %s", path, strerror(errno));
}

static void mail_start(struct mail *mail, struct bench *b, uint32_t n)
{
	const char *argv[] = {NULL, "-c", NULL, NULL};
	char program[300], config[300], log[300], stage[300];

	snprintf(mail->dir, sizeof(mail->dir), "%s/mail-%u", b->dir, ++b->serial);
	if (mkdir(mail->dir, 0755) < 0)
		die("%s: %s", mail->dir, strerror(errno));
	mail_configure(mail, b, n);
	snprintf(stage, sizeof(stage), "%s/stage", mail->dir);
	mail->cast.stage = stage_make(stage, n);
	if (!mail->cast.stage)
		die("%s: %s", stage, strerror(errno));
	snprintf(program, sizeof(program), "%s/supd", b->build);
	snprintf(config, sizeof(config), "%s/supd.conf", mail->dir);
	snprintf(log, sizeof(log), "%s/log", mail->dir);
	argv[0] = program;
	argv[2] = config;
	mail->cast.relay = run_program(argv, log);
	if (!stage_gather(mail->cast.stage))
		die("actors under supd: %s", mail->cast.stage->wrong);
}

static void mail_end(struct mail *mail)
{
	kill(mail->cast.relay, SIGTERM);
	if (waitpid(mail->cast.relay, NULL, 0) < 0)
		die("supd: %s", strerror(errno));
	stage_free(mail->cast.stage);
}

/* ---- rows ---- */

static void print_row(const struct mail_row *row, const struct samples *bare,
		      const struct samples *ours)
{
	const bool is_time = row->ours.task == STAGE_CALL || row->ours.task == STAGE_MAP;
	const double n = (double)row->ours.count * row->ours.senders;
	struct samples both[2] = {{.n = 0}, {.n = 0}}, ratios;
	char texts[2][SAMPLES_TEXT_MAX], ratio[SAMPLES_TEXT_MAX], verdict[64] = "";

	for (size_t i = 0; i < bare->n; i++) {
		const double b = bare->values[i] / n, o = ours->values[i] / n;

		samples_add(&both[0], is_time ? b : 1e9 / b);
		samples_add(&both[1], is_time ? o : 1e9 / o);
	}
	for (int i = 0; i < 2; i++)
		(is_time ? samples_format_ns : samples_format_rate)(&both[i], texts[i]);
	ratios = samples_ratio(&both[1], &both[0]);
	if (row->target > 0)
		snprintf(verdict, sizeof(verdict), ">= %g: %s", row->target,
			 samples_spread(&ratios).median >= row->target ? "yes" : "no");
	if (row->target < 0)
		snprintf(verdict, sizeof(verdict), "<= %g: %s", -row->target,
			 samples_spread(&ratios).median <= -row->target ? "yes" : "no");
	printf("| %s | %s | %s | %s | %s |\n", row->what, texts[0], texts[1],
	       samples_format_ratio(&ratios, ratio), verdict);
	fflush(stdout);
}

static double play(struct cast *cast, const struct mail_row *row, const struct stage_round *round)
{
	double ns = cast_play(cast, round);

	if (ns < 0)
		die("%s: %s", row->what, cast->stage->wrong);
	return ns;
}

/* The two in turn, so that both have the same weather; the first round is left out. */
static void measure_row(struct bench *b, const struct mail_row *row)
{
	struct samples bare = {.n = 0}, ours = {.n = 0};
	struct cast cast;
	struct mail mail;

	cast_start(&cast, row->kind, row->n);
	mail_start(&mail, b, row->n);
	cast_pin(&cast, row->pinned ? 0 : -1);
	cast_pin(&mail.cast, row->pinned ? 0 : -1);
	for (int i = 0; i <= ROUNDS; i++) {
		const double theirs = play(&cast, row, &row->bare);
		const double own = play(&mail.cast, row, &row->ours);

		if (i == 0)
			continue;
		samples_add(&bare, theirs);
		samples_add(&ours, own);
	}
	cast_end(&cast);
	mail_end(&mail);
	print_row(row, &bare, &ours);
}

void measure_mail(struct bench *b)
{
	const char *only = getenv("ONLY");

	printf("\n| messages | bare relay | supd | ratio | target met? |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!only || strstr(rows[i].what, only))
			measure_row(b, &rows[i]);
}

/* Twice, so that what the first round left behind spoils the second. */
static bool smoke_row(struct bench *b, const struct mail_row *row)
{
	struct stage_round round = row->ours;
	struct mail mail;
	bool good;

	round.count = 10 * STAGE_BURST;
	if (row->smoke_n)
		round.senders = row->smoke_n;
	if (round.task == STAGE_MAP)
		round = (struct stage_round){STAGE_MAP, 1 << 20, 2, 1, 1, 1};
	mail_start(&mail, b, row->smoke_n ? row->smoke_n : row->n);
	cast_pin(&mail.cast, row->pinned ? 0 : -1);
	good = cast_play(&mail.cast, &round) > 0 && cast_play(&mail.cast, &round) > 0;
	if (!good)
		printf("mail, %s: %s\n", row->what, mail.cast.stage->wrong);
	mail_end(&mail);
	return good;
}

unsigned mail_smoke(struct bench *b, unsigned *ret_passed)
{
	unsigned passed = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		passed += smoke_row(b, &rows[i]);
	*ret_passed = passed;
	return (unsigned)ARRAY_LEN(rows) - passed;
}
