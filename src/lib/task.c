/* SPDX-License-Identifier: MIT */

/*
 * Tasks. What a task prints goes into a memory file that its owner keeps: so it never waits for its
 * owner to read, and all of it is there when its end is told. That end comes as the DOWN of the
 * monitor made with it; the link ends the one with the other (SEMANTICS 196 to 201).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/spawn.h"

struct sup_task {
	struct sup *sup; /* borrowed */
	sup_pid pid;
	sup_ref ref;
	int fd;       /* of the memory file */
	bool ended;   /* its end was taken */
	char *result; /* owned */
};

int sup_async(struct sup *sup, const struct sup_command *command, struct sup_task **ret_task)
{
	struct sup_command with_output = *command;
	struct sup_task *task = calloc(1, sizeof(*task));
	int fds[3] = {-1, -1, -1}, r;

	if (!task)
		return -ENOMEM;
	task->sup = sup;
	task->ref.n = ref_new(sup);
	task->fd = memfd_create("sup-task", MFD_CLOEXEC);
	r = task->fd < 0 ? -errno : 0;
	if (r == 0) {
		fds[0] = command->fds ? command->fds[0] : -1;
		fds[1] = task->fd;
		fds[2] = command->fds ? command->fds[2] : -1;
		with_output.fds = fds;
		r = spawn_command(sup, &with_output, true, task->ref.n, &task->pid);
	}
	if (r < 0)
		sup_task_free(task);
	else
		*ret_task = task;
	return r;
}

sup_pid sup_task_pid(const struct sup_task *task)
{
	return task->pid;
}

void sup_task_free(struct sup_task *task)
{
	if (!task)
		return;
	if (task->fd >= 0)
		close(task->fd);
	free(task->result);
	free(task);
}

/* ---- its end ---- */

static int task_read(struct sup_task *task, struct sup_bytes *ret_result)
{
	size_t size, done = 0;
	struct stat st;

	if (fstat(task->fd, &st) < 0)
		return -errno;
	size = (size_t)st.st_size;
	if (size > SUP_RESULT_MAX)
		return -EMSGSIZE;
	task->result = malloc(size + 1);
	if (!task->result)
		return -ENOMEM;
	while (done < size) {
		ssize_t n = pread(task->fd, task->result + done, size - done, (off_t)done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0)
			done += (size_t)n;
	}
	task->result[done] = '\0';
	*ret_result = sup_bytes(task->result, done);
	return 0;
}

static int task_outcome(struct sup_task *task, const struct sup_message *down,
			struct sup_bytes *ret_result)
{
	struct buf *reason = &task->sup->reason;

	task->ended = true;
	if (strcmp(down->payload, "normal") == 0)
		return task_read(task, ret_result);
	buf_clear(reason);
	buf_append(reason, down->payload, down->size);
	return -ECONNRESET;
}

int sup_yield(struct sup_task *task, int64_t timeout_ms, struct sup_bytes *ret_result)
{
	struct sup_clause down = {.kind = SUP_DOWN, .ref = task->ref};
	struct mono deadline = deadline_in(timeout_ms);
	struct sup_message *message;
	int r;

	if (task->ended)
		return -EINVAL;
	do
		r = receive_aside(task->sup, &down, deadline_left(deadline), &message);
	while (r == -EINTR);
	if (r < 0)
		return r;
	r = task_outcome(task, message, ret_result);
	sup_message_free(message);
	return r;
}

/* Its end is nobody's business any more: it neither ends us nor is it told. */
static int task_forsake(struct sup_task *task, const char *reason)
{
	int r = sup_unlink(task->sup, task->pid);

	if (r == 0 || r == -ESRCH)
		r = sup_exit(task->sup, task->pid, reason);
	return r == -ESRCH ? 0 : r;
}

int sup_await(struct sup_task *task, int64_t timeout_ms, struct sup_bytes *ret_result)
{
	int r = sup_yield(task, timeout_ms, ret_result), error;

	if (r != -ETIMEDOUT)
		return r;
	task->ended = true;
	error = task_forsake(task, "timeout");
	if (error == 0)
		error = sup_demonitor(task->sup, task->ref, SUP_FLUSH);
	return error < 0 ? error : -ETIMEDOUT;
}

int sup_task_shutdown(struct sup_task *task, int64_t timeout_ms, struct sup_bytes *ret_result)
{
	int r = sup_yield(task, 0, ret_result);

	if (r != -ETIMEDOUT)
		return r;
	r = task_forsake(task, "shutdown");
	if (r == 0)
		r = sup_yield(task, timeout_ms, ret_result);
	if (r == -ETIMEDOUT) {
		r = task_forsake(task, "kill");
		if (r == 0)
			r = sup_yield(task, SUP_FOREVER, ret_result);
	}
	if (r == -ECONNRESET && (strcmp(sup_reason(task->sup), "shutdown") == 0 ||
				 strcmp(sup_reason(task->sup), "killed") == 0))
		return -ECANCELED;
	return r;
}
