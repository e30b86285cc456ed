/* SPDX-License-Identifier: MIT */

/*
 * The lock is flock()'s, on the file itself: it goes with its daemon, however that ends. A file
 * that is not the one in run_dir any more when the lock is ours was taken away by a daemon that
 * ended meanwhile: the new one is opened instead.
 *
 * Room for entries is allocated before it is written to: a full disk must not be a SIGBUS.
 */

#include "supd/run_table.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "supd processes 1"
#define TABLE_MAX ((off_t)64 * 1024 * 1024)
#define CAPACITY_MIN ((size_t)96)
/* A child of a daemon just killed holds the lock until it executes: so long it is waited for. */
#define LOCK_TRIES 50
#define LOCK_WAIT_MS 10

struct run_header {
	char magic[16];
	char boot_id[40];
	uint64_t pid_namespace;
	int32_t owner;
	uint8_t rest[60];
};

_Static_assert(sizeof(struct run_header) == 128, "as the prologue says");
_Static_assert(sizeof(struct run_entry) == 40, "as the prologue says");

struct run_table {
	int fd;
	char *path;             /* owned */
	struct run_header *map; /* NULL: not ours yet, or no room */
	size_t capacity;        /* entries in the map */
	pid_t predecessor;      /* 0: none */
	int error;              /* why it has no room */
	struct run_entry *left; /* owned; the predecessor's */
	size_t n_left;
};

static size_t table_size(size_t capacity)
{
	return sizeof(struct run_header) + capacity * sizeof(struct run_entry);
}

static struct run_entry *entries_of(const struct run_table *table)
{
	return (struct run_entry *)(void *)(table->map + 1);
}

/* ---- header ---- */

static void fill_header(struct run_header *header)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	struct stat st;

	*header = (struct run_header){.owner = getpid()};
	memcpy(header->magic, MAGIC, sizeof(header->magic));
	if (fd >= 0) {
		if (read(fd, header->boot_id, sizeof(header->boot_id) - 1) < 0)
			header->boot_id[0] = '\0';
		close(fd);
	}
	if (stat("/proc/self/ns/pid", &st) == 0)
		header->pid_namespace = st.st_ino;
}

static bool same_world(const struct run_header *header)
{
	struct run_header ours;

	fill_header(&ours);
	return memcmp(header->magic, ours.magic, sizeof(ours.magic)) == 0 &&
	       memcmp(header->boot_id, ours.boot_id, sizeof(ours.boot_id)) == 0 &&
	       header->pid_namespace == ours.pid_namespace && ours.pid_namespace != 0;
}

/* ---- lock ---- */

static pid_t read_owner(int fd)
{
	struct run_header header;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.magic, MAGIC, sizeof(header.magic)) != 0)
		return 0;
	return header.owner;
}

static int lock(int fd, pid_t *ret_owner)
{
	for (int try = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; try++) {
		pid_t owner = read_owner(fd);
		bool dead = owner > 0 && kill(owner, 0) < 0 && errno == ESRCH;

		if (!dead || try == LOCK_TRIES) {
			*ret_owner = owner;
			return -EBUSY;
		}
		poll(NULL, 0, LOCK_WAIT_MS);
	}
	return 0;
}

/* The file, made where it is not there: then nobody was before us, or the end was a good one. */
static int open_file(const char *path, bool *ret_was_there)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(path, flags);

	*ret_was_there = fd >= 0 || errno != ENOENT;
	if (!*ret_was_there)
		fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	return fd;
}

/* The locked file of that path, or -errno. */
static int open_locked(const char *path, pid_t *ret_owner, bool *ret_was_there)
{
	for (;;) {
		int fd = open_file(path, ret_was_there);
		struct stat st, now;
		int r;

		if (fd < 0 && errno == EEXIST)
			continue;
		if (fd < 0)
			return -errno;
		r = fstat(fd, &st) < 0 ? -errno : 0;
		if (r == 0 && (!S_ISREG(st.st_mode) || st.st_uid != geteuid()))
			r = -EPERM;
		if (r == 0)
			r = lock(fd, ret_owner);
		if (r == 0 && lstat(path, &now) == 0 && now.st_ino == st.st_ino &&
		    now.st_dev == st.st_dev)
			return fd;
		close(fd);
		if (r < 0)
			return r;
	}
}

/* ---- the predecessor's ---- */

/* The disk was full, or the file damaged: what is left can still be known by its environment. */
static int leave_nothing_known(struct run_table *table)
{
	table->left = malloc(1);
	return table->left ? 0 : -ENOMEM;
}

/* Takes a copy of what it left: the file stays as it is until that is dealt with. */
static int read_left(struct run_table *table)
{
	struct run_header header;
	struct stat st;
	size_t size;
	ssize_t n;

	if (pread(table->fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.magic, MAGIC, sizeof(header.magic)) != 0)
		return leave_nothing_known(table);
	if (!same_world(&header))
		return 0;
	if (fstat(table->fd, &st) < 0 || st.st_size > TABLE_MAX)
		return leave_nothing_known(table);
	table->predecessor = header.owner;
	size = (size_t)st.st_size - sizeof(header);
	table->left = malloc(size + 1);
	if (!table->left)
		return -ENOMEM;
	n = pread(table->fd, table->left, size, sizeof(header));
	table->n_left = n > 0 ? (size_t)n / sizeof(struct run_entry) : 0;
	/* For whoever asks, while we are at it. */
	header.owner = getpid();
	return pwrite(table->fd, &header, sizeof(header), 0) < 0 ? -errno : 0;
}

static int map_more(struct run_table *table, size_t capacity)
{
	size_t size = table_size(capacity);
	void *map;
	int r = posix_fallocate(table->fd, 0, (off_t)size);

	if (r)
		return -r;
	if (table->map)
		map = mremap(table->map, table_size(table->capacity), size, MREMAP_MAYMOVE);
	else
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, table->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	table->map = map;
	table->capacity = capacity;
	return 0;
}

/* An empty table. Where there is no room for one there is none, and only the lock. */
static void begin(struct run_table *table)
{
	int r = ftruncate(table->fd, 0) < 0 ? -errno : map_more(table, CAPACITY_MIN);

	table->error = -r;
	if (r == 0)
		fill_header(table->map);
}

int run_table_open(const char *run_dir, struct run_table **ret_table, pid_t *ret_owner)
{
	struct run_table *table = calloc(1, sizeof(*table));
	bool was_there = false;
	int r = -ENOMEM;

	*ret_owner = 0;
	if (!table)
		return -ENOMEM;
	table->fd = -1;
	if (asprintf(&table->path, "%s/processes", run_dir) < 0)
		table->path = NULL;
	else
		r = table->fd = open_locked(table->path, ret_owner, &was_there);
	if (r >= 0 && was_there)
		r = read_left(table);
	if (r < 0) {
		if (table->fd >= 0)
			close(table->fd);
		free(table->left);
		free(table->path);
		free(table);
		return r;
	}
	if (!table->left)
		begin(table);
	*ret_table = table;
	return 0;
}

void run_table_end_predecessors(struct run_table *table, const char *socket,
				struct predecessors *ret_found)
{
	*ret_found = (struct predecessors){.os_pid = table->predecessor};
	if (!table->left)
		return;
	predecessors_end(table->left, table->n_left, socket, ret_found);
	free(TAKE(table->left));
	begin(table);
}

void run_table_close(struct run_table *table)
{
	if (!table)
		return;
	/* What a predecessor left and was not dealt with is for the next one. */
	if (!table->left)
		unlink(table->path);
	if (table->map)
		munmap(table->map, table_size(table->capacity));
	close(table->fd);
	free(table->left);
	free(table->path);
	free(table);
}

/* ---- ours ---- */

struct run_entry *run_table_entry(struct run_table *table, uint32_t slot)
{
	size_t capacity;

	if (!table || !table->map)
		return NULL;
	capacity = table->capacity;
	while (capacity <= slot)
		capacity *= 2;
	if (capacity > table->capacity)
		table->error = -map_more(table, capacity);
	return slot < table->capacity ? entries_of(table) + slot : NULL;
}

int run_table_error(const struct run_table *table)
{
	return table ? table->error : 0;
}

void run_table_clear(struct run_table *table, uint32_t slot)
{
	if (table && table->map && slot < table->capacity)
		__atomic_store_n(&entries_of(table)[slot].stamp.os_pid, 0, __ATOMIC_RELEASE);
}
