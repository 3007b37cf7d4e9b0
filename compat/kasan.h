/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KASAN for memory that a module hands out. kasan_poison() is exported, but its prototype and
 * its values are private to mm/. Generic KASAN only; without it all functions do nothing.
 *
 * The shadow has one byte per grain of eight bytes. 0: all eight are accessible. 1 to 7: so many
 * at the start of the grain are. Negative: none is.
 */
#ifndef DUALTREE_COMPAT_KASAN_H
#define DUALTREE_COMPAT_KASAN_H

#include <linux/align.h>
#include <linux/kasan.h>
#include <linux/types.h>

#ifdef CONFIG_KASAN_GENERIC

/* Bytes of a grain. */
#define DT_KASAN_GRAIN		8UL
/* The value for freed pages in mm/kasan/kasan.h: reports then say use-after-free. */
#define DT_KASAN_FREE		0xFF

void kasan_poison(const void *addr, size_t size, u8 value, bool init);

static inline u8 *dt_shadow(const void *addr)
{
	return kasan_mem_to_shadow(addr);
}

/* Forbid access to whole grains. */
static inline void dt_poison(const void *addr, size_t size)
{
	kasan_poison(addr, size, DT_KASAN_FREE, false);
}

/* Allow access to @size bytes from the start of a grain, and to no more of the last grain. */
static inline void dt_unpoison(const void *addr, size_t size)
{
	size_t whole = size & ~(DT_KASAN_GRAIN - 1);

	kasan_poison(addr, whole, 0, false);
	if (size != whole)
		kasan_poison(addr + whole, DT_KASAN_GRAIN, size - whole, false);
}

/*
 * Forbid access to a range with any bounds, as exactly as the shadow can express it. A grain
 * whose first bytes are free and whose last bytes are live stays accessible.
 */
static inline void dt_poison_bytes(const void *addr, size_t size)
{
	const void *end = addr + size;
	const void *head = PTR_ALIGN_DOWN(addr, DT_KASAN_GRAIN);
	const void *tail = PTR_ALIGN_DOWN(end, DT_KASAN_GRAIN);
	const void *whole = PTR_ALIGN(addr, DT_KASAN_GRAIN);

	if (whole < tail)
		dt_poison(whole, tail - whole);
	/* At an end, only if the range covers the last accessible byte of the grain. */
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
