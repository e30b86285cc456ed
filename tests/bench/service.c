/* SPDX-License-Identifier: MIT */

/*
 * The service under test: takes the time at its first instruction, writes it on the board
 * (board.h), and waits for ever. It has no C library and is linked statically, so that what is
 * measured is the supervisor and the kernel, not a dynamic linker.
 *
 *     service BOARD INDEX [say|tell|serve]
 *
 *   say     after that it writes a line to standard output
 *   tell    ... says READY=1 on the socket that NOTIFY_SOCKET names
 *   serve   ... accepts connections at fd 3 for ever, and writes a byte to each
 *
 * Without arguments they are looked for in the working directory: "board" and "index" are symbolic
 * links to what the arguments would be. So it can be the `run` of a supervisor that knows no
 * arguments, with no shell in between.
 */

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "tests/bench/board.h"

void service_main(const long *stack) __attribute__((noreturn, used));

#if defined(__x86_64__)
__asm__(".global _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call service_main\n");

static long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
__asm__(".global _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x0, sp\n"
	"	bl service_main\n");

static long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "no start-up code for this processor"
#endif

static long call3(long number, long a, long b, long c)
{
	return call6(number, a, b, c, 0, 0, 0);
}

static void give_up(int status) __attribute__((noreturn));
static void give_up(int status)
{
	for (;;)
		call3(SYS_exit_group, status, 0, 0);
}

static uint32_t parse(const char *digits)
{
	uint32_t n = 0;

	for (; *digits >= '0' && *digits <= '9'; digits++)
		n = n * 10 + (uint32_t)(*digits - '0');
	return n;
}

static uint32_t parse_link(void)
{
	char digits[16];
	long size = call6(SYS_readlinkat, AT_FDCWD, (long)"index", (long)digits, sizeof(digits) - 1,
			  0, 0);

	if (size <= 0)
		give_up(2);
	digits[size] = '\0';
	return parse(digits);
}

static void arrive(struct board_head *head, uint32_t index, int64_t now)
{
	struct board_cell *cell = (struct board_cell *)((uintptr_t)head + BOARD_CELLS) + index;
	uint32_t wanted, n;

	cell->at = now;
	cell->os_pid = (int32_t)call3(SYS_getpid, 0, 0, 0);
	cell->count++;
	n = __atomic_add_fetch(&head->arrived, 1, __ATOMIC_SEQ_CST);
	wanted = __atomic_load_n(&head->wanted, __ATOMIC_SEQ_CST);
	if (n != wanted)
		return;
	__atomic_store_n(&head->done, 1, __ATOMIC_SEQ_CST);
	call6(SYS_futex, (long)&head->done, FUTEX_WAKE, 1, 0, 0, 0);
}

/* ---- what some of them do once they are up ---- */

/* Behind argv and its NULL; the value of NAME=VALUE, or NULL. */
static const char *find_setting(const char *const *settings, const char *name)
{
	for (; *settings; settings++) {
		const char *c = *settings, *n = name;

		while (*n && *c == *n)
			c++, n++;
		if (!*n && *c == '=')
			return c + 1;
	}
	return NULL;
}

static void tell(const char *const *settings)
{
	const char *name = find_setting(settings, "NOTIFY_SOCKET");
	struct sockaddr_un address;
	long size = 0, fd;

	if (!name)
		give_up(4);
	address.sun_family = AF_UNIX;
	for (; name[size] && size < (long)sizeof(address.sun_path) - 1; size++)
		address.sun_path[size] = name[size];
	address.sun_path[size] = '\0';
	size += (long)offsetof(struct sockaddr_un, sun_path) + (*name != '@');
	if (*name == '@')
		address.sun_path[0] = '\0';
	fd = call3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (call6(SYS_sendto, fd, (long)"READY=1", 7, MSG_NOSIGNAL, (long)&address, size) != 7)
		give_up(5);
	call3(SYS_close, fd, 0, 0);
}

/*
 * As a server that ends in good order: it can be told to end only while it waits, so that it
 * answers whom it has accepted, and leaves the others to whoever is next at that socket.
 */
static void serve(void) __attribute__((noreturn));
static void serve(void)
{
	const uint64_t none = 0, term = (uint64_t)1 << (SIGTERM - 1);

	call6(SYS_rt_sigprocmask, SIG_BLOCK, (long)&term, 0, sizeof(term), 0, 0);
	for (;;) {
		struct pollfd wait = {.fd = 3, .events = POLLIN};
		long fd;

		if (call6(SYS_ppoll, (long)&wait, 1, 0, (long)&none, sizeof(none), 0) < 0)
			continue;
		fd = call6(SYS_accept4, 3, 0, 0, SOCK_CLOEXEC, 0, 0);
		if (fd < 0)
			give_up(6);
		call6(SYS_sendto, fd, (long)"\n", 1, MSG_NOSIGNAL, 0, 0);
		call3(SYS_close, fd, 0, 0);
	}
}

static void act(const char *what, const char *const *settings)
{
	if (what[0] == 's' && what[1] == 'a')
		call3(SYS_write, 1, (long)"up\n", 3);
	else if (what[0] == 't')
		tell(settings);
	else if (what[0] == 's')
		serve();
}

void service_main(const long *stack)
{
	struct timespec now;
	const char *const *argv;
	uint32_t index;
	long fd, map;

	call3(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0);
	argv = (const char *const *)(stack + 1);
	index = stack[0] >= 3 ? parse(argv[2]) : parse_link();
	fd = call6(SYS_openat, AT_FDCWD, (long)(stack[0] >= 3 ? argv[1] : "board"),
		   O_RDWR | O_CLOEXEC, 0, 0, 0);
	if (fd < 0 || index >= BOARD_MAX)
		give_up(2);
	map = call6(SYS_mmap, 0, BOARD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map < 0 && map > -4096)
		give_up(3);
	call3(SYS_close, fd, 0, 0);
	arrive((struct board_head *)map, index, now.tv_sec * 1000000000L + now.tv_nsec);
	call3(SYS_munmap, map, BOARD_SIZE, 0);
	if (stack[0] >= 4)
		act(argv[3], argv + stack[0] + 1);
	for (;;)
		call6(SYS_ppoll, 0, 0, 0, 0, 0, 0);
}
