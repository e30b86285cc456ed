/* SPDX-License-Identifier: MIT */

/*
 * The child must not return from the function that made it: it would do so on a stack that is
 * empty. So the call to what it is to do stands in the same piece of assembly as the system call,
 * out of registers that the kernel leaves alone.
 */

#include "supd/clone_into.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

/* As the kernel has it, up to and with cgroup; see clone3(2). */
struct clone3_arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

#define INTO_CGROUP UINT64_C(0x200000000)

#if defined(SYS_clone3) && defined(__x86_64__) && !defined(__ILP32__)

static long clone3_call(const struct clone3_arguments *arguments, int (*call)(void *), void *with)
{
	register long result __asm__("rax") = SYS_clone3;
	register int (*child)(void *) __asm__("r8") = call;
	register void *argument __asm__("r9") = with;

	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "movq %%r9, %%rdi\n\t"
			 "call *%%r8\n\t"
			 "ud2\n"
			 "1:"
			 : "+r"(result)
			 : "D"(arguments), "S"(sizeof(*arguments)), "r"(child), "r"(argument)
			 : "rcx", "r11", "memory", "cc");
	return result;
}

#elif defined(SYS_clone3) && defined(__aarch64__)

static long clone3_call(const struct clone3_arguments *arguments, int (*call)(void *), void *with)
{
	register long number __asm__("x8") = SYS_clone3;
	register uintptr_t result __asm__("x0") = (uintptr_t)arguments;
	register size_t size __asm__("x1") = sizeof(*arguments);
	register int (*child)(void *) __asm__("x9") = call;
	register void *argument __asm__("x10") = with;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x10\n\t"
			 "blr x9\n\t"
			 "brk #1\n"
			 "1:"
			 : "+r"(result)
			 : "r"(number), "r"(size), "r"(child), "r"(argument)
			 : "memory", "cc");
	return (long)result;
}

#else

static long clone3_call(const struct clone3_arguments *arguments, int (*call)(void *), void *with)
{
	(void)arguments, (void)call, (void)with;
	return -ENOSYS;
}

#endif

pid_t clone_into(int cgroup_fd, int flags, void *stack, size_t stack_size,
		 int (*call)(void *argument), void *argument)
{
	const struct clone3_arguments arguments = {
		.flags = CLONE_VM | CLONE_VFORK | INTO_CGROUP | (unsigned)flags,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)stack,
		.stack_size = stack_size,
		.cgroup = (uint64_t)cgroup_fd,
	};

	return (pid_t)clone3_call(&arguments, call, argument);
}
