/* SPDX-License-Identifier: MIT */

#include "supd/window.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"

/* With fewer, copies of all cost no more than what is done here. */
#define MANY 256

/* ---- which there are ---- */

static void look_at(struct window *w, int fd)
{
	w->highest = MAX_OF(w->highest, fd);
}

/* Numbers are given lowest first: about as many as the highest there are. */
static bool are_many(struct window *w, const struct spawn_request *request)
{
	look_at(w, request->stdin_fd);
	if (request->output.kind == SPAWN_TO_FD)
		look_at(w, request->output.fd);
	if (request->error.kind == SPAWN_TO_FD)
		look_at(w, request->error.fd);
	for (size_t i = 0; i < request->n_fds; i++)
		look_at(w, request->fds[i].fd);
	return w->highest > MANY;
}

/* ---- a view ---- */

/* The number at which the child sees that fd; -1: there is no place. */
static int show(const struct window *w, struct window_view *view, int fd)
{
	int i = 0;

	if (fd < w->above)
		return fd;
	while (i < view->n && view->from[i] != fd)
		i++;
	if (i == WINDOW_SIZE || (i == view->n && dup3(fd, w->fds[i], O_CLOEXEC) < 0))
		return -1;
	view->from[i] = fd;
	view->n = MAX_OF(view->n, i + 1);
	return w->fds[i];
}

static bool show_stream(const struct window *w, struct window_view *view,
			struct spawn_stream *stream)
{
	if (stream->kind == SPAWN_TO_FD)
		stream->fd = show(w, view, stream->fd);
	return stream->kind != SPAWN_TO_FD || stream->fd >= 0;
}

static bool show_all(const struct window *w, struct window_view *view)
{
	struct spawn_request *request = &view->request;

	if (request->stdin_fd >= 0) {
		request->stdin_fd = show(w, view, request->stdin_fd);
		if (request->stdin_fd < 0)
			return false;
	}
	for (size_t i = 0; i < request->n_fds; i++) {
		view->fds[i].fd = show(w, view, view->fds[i].fd);
		if (view->fds[i].fd < 0)
			return false;
	}
	return show_stream(w, view, &request->output) && show_stream(w, view, &request->error);
}

bool window_show(struct window *w, const struct spawn_request *request,
		 struct window_view *ret_view)
{
	struct window_view *view = ret_view;

	if (!w->above || !are_many(w, request) || request->n_fds > WINDOW_SIZE || request->setup ||
	    request->shares_session)
		return false;
	view->request = *request;
	view->n = 0;
	if (request->n_fds) {
		memcpy(view->fds, request->fds, request->n_fds * sizeof(view->fds[0]));
		view->request.fds = view->fds;
	}
	if (show_all(w, view))
		return true;
	window_hide(w, view);
	return false;
}

void window_hide(const struct window *w, const struct window_view *view)
{
	for (int i = 0; i < view->n; i++)
		dup3(w->nothing, w->fds[i], O_CLOEXEC);
}

/* ---- life ---- */

/* Nobody shares our fds, and there is none of that number: it does nothing but tell. */
static bool kernel_can(void)
{
#ifdef SYS_close_range
	return syscall(SYS_close_range, ~0U, ~0U, WINDOW_UNSHARE) == 0;
#else
	return false;
#endif
}

static void clear(struct window *w)
{
	*w = (struct window){.nothing = -1};
	for (int i = 0; i < WINDOW_SIZE; i++)
		w->fds[i] = -1;
}

void window_open(struct window *w)
{
	clear(w);
	w->nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (!kernel_can() || w->nothing < 0) {
		window_close(w);
		return;
	}
	for (int i = 0; i < WINDOW_SIZE; i++) {
		w->fds[i] = fcntl(w->nothing, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (w->fds[i] < 0) {
			window_close(w);
			return;
		}
		w->above = MAX_OF(w->above, w->fds[i] + 1);
	}
}

void window_close(struct window *w)
{
	for (int i = 0; i < WINDOW_SIZE; i++)
		if (w->fds[i] >= 0)
			close(w->fds[i]);
	if (w->nothing >= 0)
		close(w->nothing);
	clear(w);
}
