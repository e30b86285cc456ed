/* SPDX-License-Identifier: MIT */

#include "tests/run/hammer.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/run/net.h"

static void hammer_run(unsigned port, int stop, int result)
{
	struct pollfd told = {.fd = stop, .events = POLLIN};
	struct hits hits = {0};

	while (poll(&told, 1, 0) == 0) {
		char text[64];
		int fd = net_connect_tcp(port);

		if (fd < 0)
			hits.refused++;
		else if (send(fd, "x\n", 2, MSG_NOSIGNAL) == 2 && read(fd, text, sizeof(text)) > 0)
			hits.answered++;
		else
			hits.cut++;
		if (fd >= 0)
			close(fd);
	}
	if (write(result, &hits, sizeof(hits)) != sizeof(hits))
		_exit(1);
	_exit(0);
}

struct hammer hammer_start(unsigned port)
{
	struct hammer h;
	int stop[2], result[2];

	cr_assert_eq(pipe2(stop, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(result, O_CLOEXEC), 0);
	h.os_pid = fork();
	cr_assert_geq(h.os_pid, 0);
	if (h.os_pid == 0) {
		close(stop[1]);
		hammer_run(port, stop[0], result[1]);
	}
	close(stop[0]), close(result[1]);
	h.stop = stop[1];
	h.result = result[0];
	return h;
}

struct hits hammer_end(struct hammer *h)
{
	struct hits hits = {0};

	close(h->stop);
	cr_assert_eq(read(h->result, &hits, sizeof(hits)), sizeof(hits));
	close(h->result);
	cr_assert_eq(waitpid(h->os_pid, NULL, 0), h->os_pid);
	return hits;
}
