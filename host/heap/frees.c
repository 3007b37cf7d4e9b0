// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of frees: of bytes of one granule by two contexts, the second of which comes at each point
 * of the first in turn; and double-frees, frees beyond a region, and frees of what an interrupt
 * cuts off it, which change nothing.
 */
#include "../../dualtree/check.h"
#include "../../dualtree/free.h"
#include "../../dualtree/grow.h"
#include "../../dualtree/ledger.h"
#include "../../dualtree/percpu.h"
#include "../../dualtree/section.h"
#include "../../dualtree/trim.h"
#include "ops.h"

/* Bytes of the allocation that both contexts free parts of. */
#define SIZE		(2 * DT_GRANULE)

/**
 * struct part - some of the allocation's bytes
 * @at: the first one
 * @len: number of bytes
 */
struct part {
	u32 at;
	u32 len;
};

/**
 * struct other - the context that comes in between
 * @dt: the instance
 * @ptr: what it frees
 * @len: bytes of it
 * @cpu: its CPU; that of the first for an NMI
 * @done: it has come
 */
static struct other {
	struct dualtree *dt;
	u8 *ptr;
	u32 len;
	int cpu;
	bool done;
} other;

static void other_point(void)
{
	struct host_context was = host_now;

	host_points = LONG_MAX;
	host_now.nested = true;
	if (other.cpu == was.cpu) {
		host_now.nmi = true;
		host_now.irqs_off++;
	} else {
		host_assert(!was.locks);
		host_now = (struct host_context){ .cpu = other.cpu, .nested = true };
	}
	host_assert(!dualtree_free(other.dt, other.ptr, other.len));
	host_now = was;
	other.done = true;
}

/* The other free at the @nth point. What neither frees can be freed then, byte by byte. */
static bool free_at_point(struct part first, struct part second, int cpu, long nth)
{
	struct dualtree *dt = dualtree_create("parts", NULL);
	struct dualtree_stats stats;
	bool freed[SIZE] = { };
	unsigned int i;
	u8 *ptr;

	host_assert(!IS_ERR(dt));
	ptr = dualtree_alloc(dt, SIZE, GFP_KERNEL);
	host_assert(ptr);
	other = (struct other){ .dt = dt, .ptr = ptr + second.at, .len = second.len, .cpu = cpu };
	host_interrupt = other_point;
	host_points = nth;
	host_assert(!dualtree_free(dt, ptr + first.at, first.len));
	host_points = LONG_MAX;
	memset(freed + first.at, true, first.len);
	if (other.done)
		memset(freed + second.at, true, second.len);
	dualtree_get_stats(dt, &stats);
	host_assert(stats.live_bytes == SIZE - first.len - (other.done ? second.len : 0));
	for (i = 0; i < SIZE; i++)
		host_assert(freed[i] || !dualtree_free(dt, ptr + i, 1));
	dualtree_get_stats(dt, &stats);
	host_assert(!stats.live_bytes && !stats.bad_frees && dualtree_check(dt));
	dualtree_destroy(dt);
	return other.done;
}

static void free_parts(struct part first, struct part second)
{
	long nth;
	int cpu;

	for (cpu = 0; cpu < 2; cpu++)
		for (nth = 1; free_at_point(first, second, cpu, nth); nth++)
			;
}

/* Fewer bytes of a granule are live than are to be freed: these stay. */
static void more_than_is_live(void)
{
	struct dualtree *dt = dualtree_create("twice", NULL);
	u8 *ptr;

	host_assert(!IS_ERR(dt));
	ptr = dualtree_alloc(dt, DT_GRANULE, GFP_KERNEL);
	host_assert(ptr && !dualtree_free(dt, ptr, DT_GRANULE - 4));
	host_assert(dualtree_free(dt, ptr, 8) == -EALREADY);
	host_assert(!dualtree_free(dt, ptr + DT_GRANULE - 4, 4) && dualtree_check(dt));
	dualtree_destroy(dt);
}

/*
 * With init_on_free, a range of which one granule is free already is refused, and the bytes of it
 * that are live stay.
 */
static void refused_is_not_cleared(void)
{
	const size_t size = 2 * CLEAR_MAX;
	struct dualtree *dt;
	u8 *ptr;

	host_init_on_free = true;
	dt = dualtree_create("refused", NULL);
	host_assert(!IS_ERR(dt));
	ptr = dualtree_alloc(dt, size, GFP_KERNEL);
	host_assert(ptr);
	memset(ptr, 0x77, size);
	host_assert(!dualtree_free(dt, ptr, DT_GRANULE));
	host_assert(dualtree_free(dt, ptr, size) == -EALREADY);
	host_assert(!memchr_inv(ptr + DT_GRANULE, 0x77, size - DT_GRANULE));
	host_assert(!dualtree_free(dt, ptr + DT_GRANULE, size - DT_GRANULE));
	dualtree_destroy(dt);
	host_init_on_free = false;
}

/*
 * A range that goes beyond its region, whose last granules are full as the guard after them is: not
 * freed by its CPU, nor by another one.
 */
static void past_the_end(int cpu)
{
	struct dualtree *dt = dualtree_create("end", NULL);
	struct dualtree_stats stats;
	size_t len;
	u8 *ptr;

	host_assert(!IS_ERR(dt));
	ptr = dualtree_alloc(dt, PAGE_SIZE, GFP_KERNEL);
	dualtree_get_stats(dt, &stats);
	host_assert(ptr && stats.held_bytes == PAGE_SIZE);
	host_now.cpu = cpu;
	for (len = 1; len <= 4 * DT_GRANULE; len++)
		host_assert(dualtree_free(dt, ptr + PAGE_SIZE - DT_GRANULE, DT_GRANULE + len) ==
			    -EINVAL);
	host_assert(dualtree_free(dt, ptr + PAGE_SIZE - DT_GRANULE, 0) == -EINVAL);
	host_assert(!dualtree_free(dt, ptr, PAGE_SIZE));
	host_now.cpu = 0;
	host_assert(dualtree_check(dt));
	dualtree_destroy(dt);
}

/**
 * struct cut - an interrupt that cuts the end off a region
 * @dt: the instance
 * @bytes: what it has returned to the pool
 * @done: it has come
 */
static struct cut {
	struct dualtree *dt;
	size_t bytes;
	bool done;
} cut;

/* In a section there is no heap to enter, and nothing is cut off. */
static void cut_point(void)
{
	struct host_context was = host_now;
	struct dt_trim trim = { .idle = true };
	struct dt_heap *heap;

	host_points = LONG_MAX;
	host_now.nested = true;
	host_now.hardirq = true;
	host_now.irqs_off++;
	heap = section_enter(cut.dt);
	while (heap && dt_trim_step(heap, &trim) && !trim.tail)
		;
	dt_regions_put(cut.dt, section_exit(cut.dt, heap));
	cut.bytes = dt_trim_put(cut.dt, &trim);
	host_now = was;
	cut.done = true;
}

/* @len bytes from near the end of a region on, which is free, are freed; with a cut at a point. */
static bool free_what_is_cut(size_t len, long nth)
{
	struct dualtree *dt = dualtree_create("cut", NULL);
	const size_t bytes = 4 * SZ_64K;
	const struct dt_heap *heap;
	u8 *ptr;

	host_assert(!IS_ERR(dt));
	ptr = dualtree_alloc(dt, bytes, GFP_KERNEL);
	heap = heap_of_cpu(dt, 0);
	host_assert(ptr && heap->nr_regions == 1 && heap->held_bytes == bytes);
	host_assert(!dualtree_free(dt, ptr + DT_GRANULE, bytes - DT_GRANULE));
	/* What was hot is in the trees then. */
	host_assert(dualtree_alloc_aligned(dt, DT_GRANULE, 2 * DT_GRANULE, GFP_KERNEL));
	cut = (struct cut){ .dt = dt };
	host_interrupt = cut_point;
	host_points = nth;
	host_assert(dualtree_free(dt, ptr + bytes - 8, len) < 0);
	host_points = LONG_MAX;
	host_assert(dualtree_check(dt));
	host_assert(heap->held_bytes == bytes - cut.bytes);
	dualtree_destroy(dt);
	return cut.done;
}

/*
 * Between the lookup of a free and its section an interrupt may cut off what is to be freed. Of no
 * length is the sum taken for one that lies in the region; not even for one that wraps.
 */
static void free_at_a_cut(void)
{
	static const size_t lens[] = {
		1, 8, DT_GRANULE, 40 * DT_GRANULE, SZ_64K, 1UL << 40, SIZE_MAX / 2, -SZ_64K, -5, 0,
	};
	bool was_cut = false;
	unsigned int i;
	long nth;

	for (i = 0; i < ARRAY_SIZE(lens); i++)
		for (nth = 1; free_what_is_cut(lens[i], nth); nth++)
			was_cut |= cut.bytes;
	host_assert(was_cut);
}

/*
 * A range of which the granule at @at was freed before, from where it begins and later on, on this
 * CPU or on another one. A free of it changes nothing.
 */
static void hole_inside(size_t size, size_t skip, size_t at, unsigned int cpu)
{
	struct dualtree *dt = dualtree_create("hole", NULL);
	u8 *ptr;

	host_assert(!IS_ERR(dt));
	ptr = dualtree_alloc(dt, size, GFP_KERNEL);
	host_assert(ptr && !dualtree_free(dt, ptr + at, DT_GRANULE));
	host_assert(!skip || !dualtree_free(dt, ptr, skip));
	host_now.cpu = cpu;
	host_assert(dualtree_free(dt, ptr + skip, size - skip) == -EALREADY);
	host_now.cpu = 0;
	host_assert(dualtree_check(dt));
	host_assert(!dualtree_free(dt, ptr + skip, at - skip));
	at += DT_GRANULE;
	host_assert(!dualtree_free(dt, ptr + at, size - at));
	dualtree_destroy(dt);
}

/* Ranges of a few granules, and about as many and more than each path of a free takes. */
static void holes_inside(void)
{
	static const unsigned int granules[] = { 4, 24, 33, 34, 50, 64, 65, 66, 100, 300 };
	unsigned int i, at, step;
	size_t size, skip;

	for (i = 0; i < 4 * ARRAY_SIZE(granules); i++) {
		size = granules[i / 4] * DT_GRANULE - (i & 1 ? DT_GRANULE - 1 : 0);
		skip = i & 2 ? 54 : 0;
		step = granules[i / 4] > 66 ? 31 : 1;
		for (at = 1; at + 1 < granules[i / 4]; at += step) {
			hole_inside(size, skip, at * DT_GRANULE, 0);
			hole_inside(size, skip, at * DT_GRANULE, 1);
		}
	}
}

void host_free_cases(void)
{
	const struct part start = { 0, 8 }, later = { 16, 8 };
	const struct part middle = { DT_GRANULE - 8, 16 }, end = { SIZE - 8, 8 };

	free_parts(start, later);
	free_parts(middle, start);
	free_parts(middle, end);
	more_than_is_live();
	refused_is_not_cleared();
	holes_inside();
	past_the_end(0);
	past_the_end(1);
	free_at_a_cut();
}
