/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KASAN for memory that an allocator of our own hands out: kasan_poison() is exported, but its
 * prototype and the values it takes are private to mm/. Only the generic mode is supported;
 * elsewhere all of this is nothing.
 *
 * The shadow has a byte for eight: 0 says all of them may be touched, 1 to 7 that only so
 * many at their start may, a negative value that none may.
 */
#ifndef DUALTREE_COMPAT_KASAN_H
#define DUALTREE_COMPAT_KASAN_H

#include <linux/align.h>
#include <linux/kasan.h>
#include <linux/types.h>

#ifdef CONFIG_KASAN_GENERIC

#define DT_KASAN_GRAIN		8UL
/* As mm/ has it for freed pages, so that reports call it a use after free. */
#define DT_KASAN_FREE		0xFF

void kasan_poison(const void *addr, size_t size, u8 value, bool init);

static inline u8 *dt_shadow(const void *addr)
{
	return kasan_mem_to_shadow(addr);
}

/* Let nobody touch whole grains. */
static inline void dt_poison(const void *addr, size_t size)
{
	kasan_poison(addr, size, DT_KASAN_FREE, false);
}

/* Let @size bytes from the start of a grain be touched, and no more of the last grain. */
static inline void dt_unpoison(const void *addr, size_t size)
{
	size_t whole = size & ~(DT_KASAN_GRAIN - 1);

	kasan_poison(addr, whole, 0, false);
	if (size != whole)
		kasan_poison(addr + whole, DT_KASAN_GRAIN, size - whole, false);
}

/*
 * Let nobody touch a range that begins and ends anywhere, as exactly as the shadow can say
 * it: of a grain whose first bytes are gone and whose last are not, all may be touched.
 */
static inline void dt_poison_bytes(const void *addr, size_t size)
{
	const void *end = addr + size;
	const void *head = PTR_ALIGN_DOWN(addr, DT_KASAN_GRAIN);
	const void *tail = PTR_ALIGN_DOWN(end, DT_KASAN_GRAIN);
	const void *whole = PTR_ALIGN(addr, DT_KASAN_GRAIN);

	if (whole < tail)
		dt_poison(whole, tail - whole);
	/* Where the range reaches the last byte of a grain that may be touched: */
	if (head != whole && end - head >= (*dt_shadow(head) ?: DT_KASAN_GRAIN))
		kasan_poison(head, DT_KASAN_GRAIN, addr - head, false);
	if (tail != end && tail >= addr && end - tail >= (*dt_shadow(tail) ?: DT_KASAN_GRAIN))
		dt_poison(tail, DT_KASAN_GRAIN);
}

#else

static inline void dt_poison(const void *addr, size_t size)
{
}

static inline void dt_unpoison(const void *addr, size_t size)
{
}

static inline void dt_poison_bytes(const void *addr, size_t size)
{
}

#endif

#endif /* DUALTREE_COMPAT_KASAN_H */
