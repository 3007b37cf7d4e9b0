/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Types, macros and arithmetic of the kernel, as far as dualtree uses them, in a process.
 *
 * These names are the kernel's; what stands for them is our own, and no more than dualtree needs.
 */
#ifndef DUALTREE_HOST_BASE_H
#define DUALTREE_HOST_BASE_H

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef unsigned int gfp_t;
typedef u16 __be16;
typedef u32 __be32;

/* Errors, since libc's <errno.h> includes headers of the kernel. */
enum {
	ENXIO = 6,
	ENOMEM = 12,
	ENODEV = 19,
	EINVAL = 22,
	ENOSPC = 28,
	ERANGE = 34,
	ENODATA = 61,
	EBADMSG = 74,
	EOPNOTSUPP = 95,
	EALREADY = 114,
};

#define U8_MAX		UINT8_MAX
#define U16_MAX		UINT16_MAX
#define U32_MAX		UINT32_MAX

/* IS_ENABLED(): is a macro of that name, or with _MODULE after it, defined as 1? */
#define host_second(first, second, ...)	second
#define host_comma_1			0,
#define host_is_1(value)		host_is_1_(value)
#define host_is_1_(value)		host_is_1__(host_comma_##value)
#define host_is_1__(comma)		host_second(comma 1, 0)
#define IS_ENABLED(option)		(host_is_1(option) || host_is_1(option##_MODULE))

/* C11's takes a text, too. */
#undef static_assert
#define static_assert(condition)	_Static_assert(condition, #condition)

#define __percpu
#define __rcu
#define __init
#define __exit
#define __read_mostly
#define __must_hold(x)
#define __releases(x)
#define __packed		__attribute__((packed))
#undef __always_inline
#define __force
#define __always_inline		inline __attribute__((always_inline))
#define noinline		__attribute__((noinline))
#define __printf(a, b)		__attribute__((format(printf, a, b)))
#define ____cacheline_aligned_in_smp __attribute__((aligned(L1_CACHE_BYTES)))
#define OPTIMIZER_HIDE_VAR(var)	__asm__("" : "=r"(var) : "0"(var))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define fallthrough		__attribute__((fallthrough))
#define _RET_IP_		((unsigned long)__builtin_return_address(0))

#define __stringify_(x...)	#x
#define __stringify(x...)	__stringify_(x)
#define container_of(ptr, type, member)	((type *)((char *)(ptr) - offsetof(type, member)))
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define struct_size(p, member, n) (sizeof(*(p)) + (n) * sizeof((p)->member[0]))

#ifndef L1_CACHE_BYTES
#define L1_CACHE_BYTES		64
#endif
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define MAX_PAGE_ORDER		10
#define PAGE_ALLOC_COSTLY_ORDER	3
#define BITS_PER_LONG		64
#define BITS_PER_BYTE		8
#define SZ_4K			0x1000
#define SZ_16K			0x4000
#define SZ_64K			0x10000
#define SZ_1M			0x100000
#define SZ_4M			0x400000

#define BIT(n)			(1UL << (n))
#define GENMASK(h, l)		((~0UL << (l)) & (~0UL >> (63 - (h))))
#define BITS_TO_LONGS(n)	DIV_ROUND_UP(n, BITS_PER_LONG)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define round_down(x, y)	((x) & ~((typeof(x))(y) - 1))
#define round_up(x, y)		((((x) - 1) | ((typeof(x))(y) - 1)) + 1)
#define roundup(x, y)		(DIV_ROUND_UP(x, y) * (y))
#define rounddown(x, y)		((x) - (x) % (y))
#define ALIGN(x, a)		(((x) + ((typeof(x))(a) - 1)) & ~((typeof(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((typeof(x))(a) - 1))
#define PTR_ALIGN(p, a)		((typeof(p))ALIGN((unsigned long)(p), a))
#define PTR_ALIGN_DOWN(p, a)	((typeof(p))ALIGN_DOWN((unsigned long)(p), a))
#define IS_ALIGNED(x, a)	(!((x) & ((typeof(x))(a) - 1)))
#define PAGE_ALIGNED(p)		IS_ALIGNED((unsigned long)(p), PAGE_SIZE)
#define offset_in_page(p)	((unsigned long)(p) & (PAGE_SIZE - 1))

#define min(a, b)		({ typeof(a) _a = (a); typeof(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b)		({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define min3(a, b, c)		min(min(a, b), c)
#define max3(a, b, c)		max(max(a, b), c)
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#define swap(a, b)		do { typeof(a) _t = (a); (a) = (b); (b) = _t; } while (0)
#define mult_frac(x, n, d)	((x) / (d) * (n) + (x) % (d) * (n) / (d))

static inline unsigned long __ffs(unsigned long x)
{
	return __builtin_ctzl(x);
}

static inline unsigned long __fls(unsigned long x)
{
	return 63 - __builtin_clzl(x);
}

#define __ffs64(x)		__ffs(x)
#define fls64(x)		((x) ? (int)__fls(x) + 1 : 0)
#define le64_to_cpu(x)		(x)
typedef u64 __le64;

static inline int ilog2(unsigned long x)
{
	return x ? (int)__fls(x) : -1;
}

static inline unsigned int order_base_2(unsigned long x)
{
	return x > 1 ? __fls(x - 1) + 1 : 0;
}

static inline unsigned int get_order(unsigned long size)
{
	return order_base_2(DIV_ROUND_UP(size, PAGE_SIZE));
}

static inline bool is_power_of_2(unsigned long x)
{
	return x && !(x & (x - 1));
}

static inline s64 sign_extend64(u64 value, int sign_bit)
{
	return (s64)(value << (63 - sign_bit)) >> (63 - sign_bit);
}

static inline size_t size_add(size_t a, size_t b)
{
	size_t sum;

	return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

static inline u16 cpu_to_be16(u16 x)
{
	return __builtin_bswap16(x);
}

static inline u32 cpu_to_be32(u32 x)
{
	return __builtin_bswap32(x);
}

#define be16_to_cpu(x)		cpu_to_be16(x)
#define be32_to_cpu(x)		cpu_to_be32(x)

static inline void *ERR_PTR(long err)
{
	return (void *)err;
}

static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return (unsigned long)ptr >= -4095UL;
}

#define IS_ERR_OR_NULL(ptr)	(!(ptr) || IS_ERR(ptr))
#define ERR_CAST(ptr)		((void *)(ptr))
#define PTR_ERR_OR_ZERO(ptr)	(IS_ERR(ptr) ? PTR_ERR(ptr) : 0)

/* The first byte that is not @c, or NULL. */
static inline void *memchr_inv(const void *start, int c, size_t len)
{
	const u8 *p = start;

	if (!len || (p[0] == (u8)c && !memcmp(p, p + 1, len - 1)))
		return NULL;
	while (*p == (u8)c)
		p++;
	return (void *)p;
}

/* Report what must not be, and end: an error of the core, or of how it uses the kernel. */
void host_fail(const char *format, ...) __printf(1, 2) __attribute__((noreturn));

/* A warning is an error here. */
#define WARN_ON_ONCE(condition)						\
({									\
	bool _wrong = (condition);					\
									\
	if (_wrong)							\
		host_fail("%s:%d: %s", __FILE__, __LINE__, #condition);	\
	_wrong;								\
})

#define host_assert(condition)						\
do {									\
	if (unlikely(!(condition)))					\
		host_fail("%s:%d: %s", __FILE__, __LINE__, #condition);	\
} while (0)

#endif /* DUALTREE_HOST_BASE_H */
