/* SPDX-License-Identifier: MIT */

/*
 *     bench-writer FILE INDEX LINES blocks|lines|flood
 *
 * Writes so many lines, in blocks of 64 KiB or each with a write of its own, and ends; flood: lines
 * again and again, without end. All of it is made beforehand, so that nothing but the writes is
 * measured.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/bench/writer.h"

static void await(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct writers *writers =
		fd < 0 ? MAP_FAILED
		       : mmap(NULL, sizeof(*writers), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (writers == MAP_FAILED)
		_exit(2);
	__atomic_add_fetch(&writers->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&writers->go, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &writers->go, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void write_all(const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, data, size);

		if (n < 0 && errno != EINTR)
			_exit(3);
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
}

int main(int argc, char **argv)
{
	size_t lines, size, step;
	unsigned index;
	char *data;

	if (argc != 5)
		return 2;
	index = (unsigned)atoi(argv[2]);
	lines = (size_t)atol(argv[3]);
	size = lines * WRITER_LINE;
	step = strcmp(argv[4], "blocks") == 0 ? WRITER_BLOCK : WRITER_LINE;
	data = malloc(size);
	if (!data)
		return 1;
	for (size_t i = 0; i < lines; i++)
		writer_line(data + i * WRITER_LINE, index, (unsigned)i);
	await(argv[1]);
	do
		for (size_t at = 0; at < size; at += step)
			write_all(data + at, size - at < step ? size - at : step);
	while (strcmp(argv[4], "flood") == 0);
	free(data);
	return 0;
}
