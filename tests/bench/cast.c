/* SPDX-License-Identifier: MIT */

#include "tests/bench/cast.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t fork_bound(void)
{
	pid_t os_pid = fork();

	if (os_pid < 0)
		die("fork: %s", strerror(errno));
	if (os_pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return os_pid;
}

/* [0]: the relay's end, [1]: the actor's. */
static void pairs_make(enum relay_kind kind, uint32_t n, int (*ret_pairs)[2])
{
	for (uint32_t i = 0; i < n; i++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_pairs[i]) < 0)
			die("socketpair: %s", strerror(errno));
	if (kind == RELAY_NONE) {
		dup2(ret_pairs[0][0], ret_pairs[1][1]);
		close(ret_pairs[0][0]);
	}
}

static void relay_start(struct cast *cast, enum relay_kind kind, int (*pairs)[2])
{
	const uint32_t n = cast->stage->n;
	int *fds;

	cast->relay = fork_bound();
	if (cast->relay > 0)
		return;
	fds = calloc(n, sizeof(*fds));
	for (uint32_t i = 0; fds && i < n; i++) {
		fds[i] = pairs[i][0];
		close(pairs[i][1]);
	}
	if (!fds)
		stage_fail(cast->stage, "no memory");
	relay_run(kind, cast->stage, fds);
}

/* The stage is shared: only one of the two may write there who this is. */
static void actor_start(struct cast *cast, uint32_t i, int fd)
{
	pid_t os_pid = fork_bound();

	if (os_pid == 0)
		cast_actor(cast->stage, i, fd);
	cast->stage->actors[i].os_pid = os_pid;
	close(fd);
}

void cast_start(struct cast *cast, enum relay_kind kind, uint32_t n)
{
	int(*pairs)[2] = calloc(n, sizeof(*pairs));

	*cast = (struct cast){.stage = stage_new(n)};
	if (!pairs || !cast->stage)
		die("no memory");
	pairs_make(kind, n, pairs);
	if (kind != RELAY_NONE)
		relay_start(cast, kind, pairs);
	for (uint32_t i = 0; i < n; i++)
		actor_start(cast, i, pairs[i][1]);
	for (uint32_t i = 0; i < n; i++)
		if (kind != RELAY_NONE || i > 0)
			close(pairs[i][0]);
	free(pairs);
	if (!stage_gather(cast->stage))
		die("actors: %s", cast->stage->wrong);
}

static void end(pid_t os_pid)
{
	kill(os_pid, SIGKILL);
	waitpid(os_pid, NULL, 0);
}

void cast_end(struct cast *cast)
{
	for (uint32_t i = 0; i < cast->stage->n; i++)
		end(cast->stage->actors[i].os_pid);
	if (cast->relay > 0)
		end(cast->relay);
	stage_free(cast->stage);
}

/* So that the driver knows what its receivers wait for. */
static void foretell(struct stage *stage, const struct stage_round *round)
{
	for (uint32_t i = 0; i < stage->n; i++)
		stage->actors[i].expected = 0;
	for (uint32_t i = 0; i < round->senders; i++)
		for (uint32_t k = 0; k < round->count; k++)
			stage->actors[stage_target(round, i, k)].expected++;
}

double cast_play(struct cast *cast, const struct stage_round *round)
{
	if (round->task == STAGE_RANDOM)
		foretell(cast->stage, round);
	return stage_play(cast->stage, round);
}

void cast_pin(const struct cast *cast, int processor)
{
	const size_t n = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	for (size_t i = 0; i < n; i++)
		if (processor < 0 || i == (size_t)processor)
			CPU_SET(i, &set);
	for (uint32_t i = 0; i < cast->stage->n; i++)
		sched_setaffinity(cast->stage->actors[i].os_pid, sizeof(set), &set);
	if (cast->relay > 0)
		sched_setaffinity(cast->relay, sizeof(set), &set);
}
