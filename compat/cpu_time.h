/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPU time of the running kernel, for benchmarks.
 *
 * User-mode Linux is a process: its clocks advance while the host runs other processes. So it
 * asks the host for its thread's CPU time, by a system call. Elsewhere the monotonic clock is
 * used. Any context.
 */
#ifndef DUALTREE_COMPAT_CPU_TIME_H
#define DUALTREE_COMPAT_CPU_TIME_H

#include <linux/ktime.h>
#include <linux/time64.h>
#include <linux/types.h>

#ifdef CONFIG_UML

#include <asm/unistd.h>
#include <uapi/linux/time_types.h>

/* CLOCK_THREAD_CPUTIME_ID: all of the kernel is one thread of its process. */
static inline u64 dt_cpu_time_ns(void)
{
	struct __kernel_timespec now = { };
	long number = __NR_clock_gettime;

	asm volatile("syscall"
		     : "+a" (number), "+m" (now)
		     : "D" (CLOCK_THREAD_CPUTIME_ID), "S" (&now)
		     : "rcx", "r11", "memory");
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

#else

static inline u64 dt_cpu_time_ns(void)
{
	return ktime_get_ns();
}

#endif

#endif /* DUALTREE_COMPAT_CPU_TIME_H */
