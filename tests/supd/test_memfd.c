/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macros.h"
#include "supd/memfd.h"
#include "tests/supd/folder.h"

#define ALL (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int make(off_t size, int seals)
{
	int fd = memfd_create("payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, size), 0);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* It is kept while anybody holds it, and no longer. */
Test(memfd, holds)
{
	struct memfds m;
	struct memfd *memfd;
	uint32_t number = 0;
	int fd = make(5000, ALL);

	memfds_init(&m, 8);
	cr_assert_eq(memfd_take(&m, 1, fd, 5000, &number), 0);
	cr_assert_neq(number, 0);
	memfd = memfd_hold(&m, number);
	cr_assert(memfd && memfd->fd == fd);
	memfd_release(&m, number);
	cr_expect(is_open(fd));
	memfd_release(&m, number);
	cr_expect(!is_open(fd));
	cr_expect_null(memfd_hold(&m, number));
	memfd_release(&m, number);
	memfd_release(&m, 0);
	cr_expect_eq(m.n, 0);
	memfds_fini(&m);
}

Test(memfd, what_is_no_payload)
{
	static const struct {
		const char *name;
		off_t size;
		int seals;
		uint64_t said;
	} rows[] = {
		{"not sealed", 4096, 0, 4096},
		{"can shrink", 4096, F_SEAL_GROW | F_SEAL_WRITE, 4096},
		{"can grow", 4096, F_SEAL_SHRINK | F_SEAL_WRITE, 4096},
		{"can be written", 4096, F_SEAL_SHRINK | F_SEAL_GROW, 4096},
		{"shorter than it says", 4095, ALL, 4096},
		{"longer than it says", 4097, ALL, 4096},
		{"says what can not be", 4096, ALL, UINT64_MAX},
		{"too long", (off_t)MEMFD_SIZE_MAX + 1, ALL, MEMFD_SIZE_MAX + 1},
	};
	struct folder folder;
	struct memfds m;
	uint32_t number = 7;
	int fd;

	memfds_init(&m, 8);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fd = make(rows[i].size, rows[i].seals);
		cr_expect_eq(memfd_take(&m, 1, fd, rows[i].said, &number), -EINVAL, "%s",
			     rows[i].name);
		cr_expect(is_open(fd), "%s", rows[i].name);
		close(fd);
	}
	folder_init(&folder);
	fd = open(folder_write(&folder, "file", "text", 0600), O_RDONLY);
	cr_expect_eq(memfd_take(&m, 1, fd, 4, &number), -EINVAL, "a file");
	close(fd);
	folder_fini(&folder);
	fd = make((off_t)MEMFD_SIZE_MAX, ALL);
	cr_expect_eq(memfd_take(&m, 1, fd, MEMFD_SIZE_MAX, &number), 0, "the longest");
	memfds_fini(&m);
	cr_expect(!is_open(fd));
}

/* One sender's many are no other's few; what has gone makes room. */
Test(memfd, budgets)
{
	uint32_t first = 0, number;
	struct memfds m;
	int fd;

	memfds_init(&m, MEMFDS_OF_SENDER + 2);
	for (int i = 0; i < MEMFDS_OF_SENDER; i++) {
		cr_assert_eq(memfd_take(&m, 1, make(1, ALL), 1, &number), 0, "%d", i);
		first = first ? first : number;
	}
	fd = make(1, ALL);
	cr_expect_eq(memfd_take(&m, 1, fd, 1, &number), -EDQUOT);
	cr_expect_eq(memfd_take(&m, 2, fd, 1, &number), 0);
	memfd_release(&m, first);
	cr_expect_eq(memfd_take(&m, 1, make(1, ALL), 1, &number), 0);
	cr_expect_eq(memfd_take(&m, 2, make(1, ALL), 1, &number), 0);
	fd = make(1, ALL);
	cr_expect_eq(memfd_take(&m, 3, fd, 1, &number), -EDQUOT, "all together have too many");
	close(fd);
	memfds_fini(&m);
	memfds_init(&m, 4 * (MEMFDS_OF_SENDER + 1));
	for (int i = 0; i <= MEMFDS_OF_SENDER; i++)
		cr_assert_eq(memfd_take(&m, 1, make(1, ALL), 1, &number), 0, "%d", i);
	fd = make(1, ALL);
	cr_expect_eq(memfd_take(&m, 1, fd, 1, &number), -EDQUOT, "a quarter of all");
	close(fd);
	memfds_fini(&m);
}
