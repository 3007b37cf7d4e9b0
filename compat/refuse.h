/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernels on which dualtree cannot work, one sentence each. probe.mk preprocesses this header
 * before anything is compiled, and ends the build with the sentence. Kconfig refuses the same
 * where an option decides.
 */
#ifndef DUALTREE_COMPAT_REFUSE_H
#define DUALTREE_COMPAT_REFUSE_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error dualtree needs Linux 6.1 or newer, and this kernel is older
#elif !defined(CONFIG_64BIT)
#error dualtree needs a 64-bit kernel, and this one has 32 bits
#elif !defined(CONFIG_MMU)
#error dualtree needs a kernel with an MMU, and this one has none
#elif defined(CONFIG_RISCV) && !DT_HAVE_RISCV_CMPXCHG_8
#error dualtree needs a compare-exchange of single bytes, which riscv lacks in this kernel
#else

#include <asm/cache.h>

/* As granule.h asserts: a granule's live-byte count, and the marks above it, fill one byte. */
#if L1_CACHE_BYTES > 128
#error dualtree needs cache lines of at most 128 bytes, and those of this kernel are longer
#endif

#endif

#endif /* DUALTREE_COMPAT_REFUSE_H */
