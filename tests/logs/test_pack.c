/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "logs/pack.h"
#include "tests/support/alloc.h"

/* A fd of a file with that in it. */
static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("pack", MFD_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(pack_write(fd, data, size), 0);
	return fd;
}

static void read_file(int fd, struct buf *ret_data)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *to = buf_reserve(ret_data, (size_t)size);

	cr_assert_eq(pread(fd, to, (size_t)size, 0), size);
	ret_data->size += (size_t)size;
}

/* All that can be read, in steps of `room`; what it ended with. */
static int unpack(const struct packer *packer, int fd, size_t room, struct buf *ret_data)
{
	void *reader = packer->open(fd);
	size_t size = 1;
	int r = 0;

	cr_assert_not_null(reader);
	while (r == 0 && size > 0) {
		r = packer->read(reader, buf_reserve(ret_data, room), room, &size);
		if (r == 0)
			ret_data->size += size;
	}
	packer->close(reader);
	ret_data->data[ret_data->size] = '\0';
	return r;
}

static void pack(const struct packer *packer, const void *data, size_t size, struct buf *ret_packed)
{
	int from = file_of(data, size), to = file_of("", 0);

	cr_assert_eq(packer->pack(from, to), 0);
	read_file(to, ret_packed);
	close(from);
	close(to);
}

/* Half of it can be packed, half of it can not. */
static void make_data(struct buf *b, size_t size)
{
	srand(7);
	while (b->size < size) {
		if (rand() % 2)
			buf_puts(b, "the same line as ever, and some more of it\n");
		else
			for (int i = 0; i < 40; i++)
				buf_putc(b, (char)rand());
	}
	b->size = size;
}

static void there_and_back(enum logs_packing packing)
{
	static const size_t sizes[] = {0, 1, 100, 65535, 65536, 65537, 1000000};
	static const size_t rooms[] = {1000, 65536, 4000000};
	const struct packer *packer = pack_with(packing);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct buf data = BUF_INIT, packed = BUF_INIT;
		int fd;

		make_data(&data, sizes[i]);
		pack(packer, buf_text(&data), data.size, &packed);
		fd = file_of(packed.data, packed.size);
		for (size_t k = 0; k < sizeof(rooms) / sizeof(*rooms); k++) {
			struct buf back = BUF_INIT;

			cr_assert_eq(unpack(packer, fd, rooms[k], &back), 0);
			cr_assert_eq(back.size, data.size);
			cr_assert_eq(memcmp(buf_text(&back), buf_text(&data), data.size), 0);
			buf_fini(&back);
		}
		close(fd);
		buf_fini(&data);
		buf_fini(&packed);
	}
}

Test(pack, there_and_back)
{
	there_and_back(LOGS_GZIP);
	there_and_back(LOGS_ZSTD);
	cr_assert_null(pack_with(LOGS_PLAIN));
}

/* Two packed files, one behind the other, are one. */
static void behind_each_other(enum logs_packing packing)
{
	const struct packer *packer = pack_with(packing);
	struct buf packed = BUF_INIT, back = BUF_INIT;
	int fd;

	pack(packer, "one\n", 4, &packed);
	pack(packer, "", 0, &packed);
	pack(packer, "two\n", 4, &packed);
	fd = file_of(packed.data, packed.size);
	cr_assert_eq(unpack(packer, fd, 100, &back), 0);
	cr_assert_str_eq(buf_text(&back), "one\ntwo\n");
	buf_clear(&back);
	close(fd);

	buf_puts(&packed, "garbage");
	fd = file_of(packed.data, packed.size);
	cr_assert_eq(unpack(packer, fd, 100, &back), -EBADMSG);
	cr_assert_str_eq(buf_text(&back), "one\ntwo\n");
	close(fd);
	buf_fini(&packed);
	buf_fini(&back);
}

Test(pack, files_behind_each_other)
{
	behind_each_other(LOGS_GZIP);
	behind_each_other(LOGS_ZSTD);
}

/* Of a cut file the beginning is read, whatever is cut off, and then it is said. */
static void every_cut(enum logs_packing packing, size_t step)
{
	const struct packer *packer = pack_with(packing);
	struct buf data = BUF_INIT, packed = BUF_INIT;
	size_t most = 0;

	make_data(&data, 300000);
	pack(packer, data.data, data.size, &packed);
	for (size_t size = 0; size < packed.size; size += step) {
		struct buf back = BUF_INIT;
		int fd = file_of(packed.data, size);

		cr_assert_eq(unpack(packer, fd, 30000, &back), -ENODATA, "cut at %zu", size);
		cr_assert_leq(back.size, data.size);
		cr_assert_eq(memcmp(buf_text(&back), data.data, back.size), 0);
		cr_assert_geq(back.size, most);
		most = back.size;
		close(fd);
		buf_fini(&back);
	}
	cr_assert_gt(most, data.size / 3);
	buf_fini(&data);
	buf_fini(&packed);
}

Test(pack, every_cut)
{
	every_cut(LOGS_GZIP, 997);
	every_cut(LOGS_ZSTD, 997);
}

/* Whatever byte is damaged, it ends, and what is in front of it is not. */
static void every_damage(enum logs_packing packing, size_t *ret_noticed, size_t *ret_all)
{
	const struct packer *packer = pack_with(packing);
	struct buf data = BUF_INIT, packed = BUF_INIT;

	make_data(&data, 3000);
	pack(packer, data.data, data.size, &packed);
	for (size_t at = 0; at < packed.size; at++) {
		struct buf back = BUF_INIT;
		int fd, r;

		packed.data[at] = (char)~packed.data[at];
		fd = file_of(packed.data, packed.size);
		packed.data[at] = (char)~packed.data[at];
		r = unpack(packer, fd, 100, &back);
		cr_assert(r == 0 || r == -EBADMSG || r == -ENODATA || r == -ENOMEM, "%zu: %d", at,
			  r);
		*ret_noticed += r != 0;
		++*ret_all;
		close(fd);
		buf_fini(&back);
	}
	buf_fini(&data);
	buf_fini(&packed);
}

Test(pack, every_damage)
{
	size_t noticed = 0, all = 0;

	every_damage(LOGS_GZIP, &noticed, &all);
	every_damage(LOGS_ZSTD, &noticed, &all);
	cr_assert_gt(noticed + 20, all); /* a header has bytes that mean nothing */
}

Test(pack, errors_of_the_file)
{
	int from = file_of("hello", 5), to = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int reading = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct buf back = BUF_INIT;

	for (enum logs_packing p = LOGS_GZIP; p < LOGS_N_PACKINGS; p++) {
		cr_expect_eq(pack_with(p)->pack(from, to), -ENOSPC);
		cr_expect_eq(pack_with(p)->pack(reading, to), -EISDIR);
		cr_expect_eq(unpack(pack_with(p), reading, 100, &back), -EISDIR);
	}
	close(from);
	close(to);
	close(reading);
	buf_fini(&back);
}

Test(pack, no_memory)
{
	int from = file_of("hello", 5), to = file_of("", 0);
	long before = alloc_live();

	for (enum logs_packing p = LOGS_GZIP; p < LOGS_N_PACKINGS; p++) {
		alloc_fail_at(1);
		cr_expect_eq(pack_with(p)->pack(from, to), -ENOMEM);
		cr_expect(alloc_fail_end());
		alloc_fail_at(1);
		cr_expect_null(pack_with(p)->open(from));
		cr_expect(alloc_fail_end());
	}
	cr_expect_eq(alloc_live(), before);
	close(from);
	close(to);
}
