/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "logs/name.h"
#include "logs/pack.h"
#include "logs/reader.h"
#include "suplog/packing.h"

#define T1 "20261130T203710.000001Z"
#define T2 "20261130T203710.000002Z"

struct folder {
	char path[64];
	int dir;
};

static void folder_init(struct folder *f)
{
	strcpy(f->path, "/tmp/packing-XXXXXX");
	cr_assert_not_null(mkdtemp(f->path));
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(f->dir, 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void folder_fini(struct folder *f)
{
	close(f->dir);
	cr_expect_eq(nftw(f->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void write_file(const struct folder *f, const char *name, const char *text)
{
	int fd = openat(f->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	cr_assert_geq(fd, 0);
	cr_assert_eq(pack_write(fd, text, strlen(text)), 0);
	close(fd);
}

static bool is_there(const struct folder *f, const char *name)
{
	return faccessat(f->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void expect_line(const struct folder *f, const char *name, const char *text)
{
	struct reader *reader;
	struct log_line line;

	cr_assert_eq(reader_open(f->dir, name, LOGS_RAW, false, &reader), 0, "%s", name);
	cr_assert_eq(reader_next(reader, &line), 1);
	cr_assert(line.size == strlen(text) && memcmp(line.text, text, line.size) == 0);
	cr_assert_eq(reader_next(reader, &line), 0);
	reader_free(reader);
}

Test(packing, one_file)
{
	struct folder f;

	folder_init(&f);
	mkdirat(f.dir, "web", 0700);
	for (enum logs_packing p = LOGS_GZIP; p < LOGS_N_PACKINGS; p++) {
		const struct timespec times[2] = {{1700000000, 0}, {1700000001, 5000}};
		char packed[64];
		struct stat st;

		snprintf(packed, sizeof(packed), "web/api.log." T1 "%s", logs_packing_endings[p]);
		write_file(&f, "web/api.log." T1, "one\n");
		cr_assert_eq(utimensat(f.dir, "web/api.log." T1, times, 0), 0);
		cr_assert_eq(packing_pack(f.dir, "web/api.log." T1, p), 0);
		cr_assert(!is_there(&f, "web/api.log." T1));
		expect_line(&f, packed, "one");
		cr_assert_eq(fstatat(f.dir, packed, &st, 0), 0);
		cr_expect_eq(st.st_mode & 0777, 0640);
		cr_expect(st.st_mtim.tv_sec == 1700000001 && st.st_mtim.tv_nsec == 5000);
	}
	folder_fini(&f);
}

Test(packing, what_another_has_left)
{
	struct folder f;

	folder_init(&f);
	write_file(&f, "api.log." T1, "one\n");
	write_file(&f, "api.log." T1 ".zst", "half removed");
	write_file(&f, "api.log." T1 ".zst.tmp", "unfinished");
	cr_assert_eq(packing_pack(f.dir, "api.log." T1, LOGS_ZSTD), 0);
	cr_assert(!is_there(&f, "api.log." T1) && !is_there(&f, "api.log." T1 ".zst.tmp"));
	expect_line(&f, "api.log." T1 ".zst", "one");
	cr_assert_eq(packing_pack(f.dir, "api.log." T1, LOGS_ZSTD), 0); /* it is done */
	cr_assert_eq(packing_pack(f.dir, "gone/api.log." T1, LOGS_ZSTD), 0);
	folder_fini(&f);
}

/* Nothing but a file of the folder's own is touched. */
Test(packing, what_is_not_packed)
{
	struct folder f, other;

	folder_init(&f);
	folder_init(&other);
	write_file(&other, "api.log." T1, "one\n");
	cr_assert_eq(symlinkat(other.path, f.dir, "link"), 0);
	cr_expect_eq(packing_pack(f.dir, "link/api.log." T1, LOGS_GZIP), -ELOOP);
	mkdirat(f.dir, "api.log." T1, 0700);
	cr_expect_eq(packing_pack(f.dir, "api.log." T1, LOGS_GZIP), -EINVAL);
	cr_expect(!is_there(&f, "api.log." T1 ".gz.tmp"));
	cr_assert_eq(symlinkat(other.path, f.dir, "api.log." T2), 0);
	cr_expect_eq(packing_pack(f.dir, "api.log." T2, LOGS_GZIP), -ELOOP);
	cr_expect_eq(packing_pack(f.dir, "../api.log." T1, LOGS_GZIP), -EXDEV);
	cr_expect(is_there(&other, "api.log." T1));
	folder_fini(&f);
	folder_fini(&other);
}

/* ---- in the background ---- */

struct failures {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int n, error;
	char file[64];
};

#define FAILURES_INIT                                                         \
	{                                                                     \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, "" \
	}

static void on_failed(void *owner, const char *file, int error)
{
	struct failures *failures = owner;

	pthread_mutex_lock(&failures->lock);
	failures->n++;
	failures->error = error;
	snprintf(failures->file, sizeof(failures->file), "%s", file);
	pthread_cond_signal(&failures->changed);
	pthread_mutex_unlock(&failures->lock);
}

static void wait_gone(const struct folder *f, const char *name)
{
	for (int i = 0; i < 60000 && is_there(f, name); i++)
		usleep(1000);
	cr_assert(!is_there(f, name), "%s", name);
}

Test(packing, in_the_background)
{
	struct failures failures = FAILURES_INIT;
	struct packing *packing;
	struct folder f;

	folder_init(&f);
	packing = packing_new(f.dir, on_failed, &failures);
	cr_assert_not_null(packing);
	write_file(&f, "api.log." T1, "one\n");
	write_file(&f, "api.log." T2, "two\n");
	cr_assert_eq(packing_add(packing, "api.log." T1, LOGS_ZSTD), 0);
	cr_assert_eq(packing_add(packing, "gone.log." T1, LOGS_ZSTD), 0);
	cr_assert_eq(packing_add(packing, "api.log." T2, LOGS_GZIP), 0);
	wait_gone(&f, "api.log." T2);
	cr_assert(packing_end(packing, SPAN_S(60)));
	expect_line(&f, "api.log." T1 ".zst", "one");
	expect_line(&f, "api.log." T2 ".gz", "two");
	cr_expect_eq(failures.n, 0);
	folder_fini(&f);
}

Test(packing, what_was_left)
{
	struct failures failures = FAILURES_INIT;
	struct packing *packing;
	struct folder f;

	folder_init(&f);
	packing = packing_new(f.dir, on_failed, &failures);
	write_file(&f, "api.log", "now\n");
	write_file(&f, "api.log." T1, "one\n");
	write_file(&f, "api.log." T1 ".gz.tmp", "unfinished");
	write_file(&f, "api.log." T2 ".gz", "packed");
	write_file(&f, "api.log." T2 ".zst.tmp", "unfinished");
	cr_assert_eq(packing_add_left(packing, "api.log", LOGS_ZSTD), 0);
	wait_gone(&f, "api.log." T1);
	cr_assert(packing_end(packing, SPAN_S(60)));
	expect_line(&f, "api.log." T1 ".zst", "one");
	cr_expect(is_there(&f, "api.log") && is_there(&f, "api.log." T2 ".gz"));
	cr_expect(!is_there(&f, "api.log." T1 ".gz.tmp") &&
		  !is_there(&f, "api.log." T2 ".zst.tmp"));
	folder_fini(&f);
}

Test(packing, said_once)
{
	struct failures failures = FAILURES_INIT;
	struct packing *packing;
	struct folder f;

	folder_init(&f);
	packing = packing_new(f.dir, on_failed, &failures);
	mkdirat(f.dir, "api.log." T1, 0700);
	write_file(&f, "api.log." T2, "two\n");
	for (int i = 0; i < 3; i++)
		cr_assert_eq(packing_add(packing, "api.log." T1, LOGS_ZSTD), 0);
	cr_assert_eq(packing_add(packing, "api.log." T2, LOGS_ZSTD), 0);
	cr_assert_eq(packing_add(packing, "api.log." T1, LOGS_ZSTD), 0);
	pthread_mutex_lock(&failures.lock);
	while (failures.n < 2)
		pthread_cond_wait(&failures.changed, &failures.lock);
	pthread_mutex_unlock(&failures.lock);
	cr_assert(packing_end(packing, SPAN_S(60)));
	cr_expect_eq(failures.n, 2);
	cr_expect_eq(failures.error, EINVAL);
	cr_expect_str_eq(failures.file, "api.log." T1);
	folder_fini(&f);
}
