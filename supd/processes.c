/* SPDX-License-Identifier: MIT */

/* All processes: what they need of us at the beginning, and the end of everything. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "supd/caller.h"
#include "supd/command.h"
#include "supd/place.h"
#include "supd/probing.h"
#include "supd/processes.h"
#include "supd/remover.h"

/* Services read nothing from our terminal, and no fd of ours may ever be 0, 1 or 2. */
static int settle_standard_fds(int null_fd)
{
	if (dup2(null_fd, STDIN_FILENO) < 0)
		return -errno;
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && dup2(null_fd, fd) < 0)
			return -errno;
	}
	return 0;
}

static int open_null(void)
{
	int low = place_open_null();
	int fd;
	int r;

	if (low < 0)
		return low;
	fd = fcntl(low, F_DUPFD_CLOEXEC, 3);
	r = fd < 0 ? -errno : settle_standard_fds(fd);
	if (low > STDERR_FILENO)
		close(low);
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

static int set_up(struct processes *ps)
{
	int r;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -errno;
	if (ps->daemon->run_dir &&
	    asprintf(&ps->control_socket, "%s/control", ps->daemon->run_dir) < 0) {
		ps->control_socket = NULL;
		return -ENOMEM;
	}
	ps->null_fd = open_null();
	if (ps->null_fd < 0)
		return ps->null_fd;
	r = spawner_init(&ps->spawner);
	ps->spawner.window = &ps->window;
	if (r == 0)
		r = reap_open(ps);
	if (r == 0)
		sweep_open(ps);
	return r;
}

static void processes_free(struct processes *ps)
{
	sweep_close(ps);
	reap_close(ps);
	commands_forget(ps);
	caller_free(ps->caller);
	for (size_t slot = 0; slot < ps->n_slots; slot++) {
		if (!ps->by_slot[slot])
			continue;
		process_drop_directories(ps, ps->by_slot[slot]);
		process_let_go(ps->by_slot[slot]);
	}
	commands_fini(ps);
	for (size_t slot = 0; slot < ps->n_slots; slot++)
		process_free(ps->by_slot[slot]);
	free(ps->by_slot);
	remover_free(ps->remover);
	map_fini(&ps->by_os_pid);
	spawner_fini(&ps->spawner);
	window_close(&ps->window);
	preparation_fini(&ps->preparation);
	if (ps->null_fd >= 0)
		close(ps->null_fd);
	free(ps->control_socket);
	free(ps);
}

int processes_open(struct daemon *d)
{
	struct processes *ps = calloc(1, sizeof(*ps));
	int r;

	if (!ps)
		return -ENOMEM;
	ps->daemon = d;
	ps->null_fd = ps->signal_fd = -1;
	window_open(&ps->window);
	ps->probes.max = probing_max();
	list_init(&ps->ending);
	list_init(&ps->commands);
	r = set_up(ps);
	if (r < 0) {
		processes_free(ps);
		return r;
	}
	d->processes = ps;
	return 0;
}

void processes_close(struct daemon *d)
{
	if (!d->processes)
		return;
	sweep_everything(d->processes);
	processes_free(d->processes);
	d->processes = NULL;
}
