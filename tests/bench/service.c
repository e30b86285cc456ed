/* SPDX-License-Identifier: MIT */

/*
 * The service under test: takes the time at its first instruction, writes it on the board
 * (board.h), and waits for ever. It has no C library and is linked statically, so that what is
 * measured is the supervisor and the kernel, not a dynamic linker.
 *
 *     service BOARD INDEX
 *
 * Without arguments they are looked for in the working directory: "board" and "index" are symbolic
 * links to what the arguments would be. So it can be the `run` of a supervisor that knows no
 * arguments, with no shell in between.
 */

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
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
	for (;;)
		call6(SYS_ppoll, 0, 0, 0, 0, 0, 0);
}
