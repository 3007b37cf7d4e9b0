// SPDX-License-Identifier: GPL-2.0
/*
 * Cases that random calls have found, or that a change of the core was not found for: each as few
 * steps as show it. They run once, before all others.
 */
#include "../../compat/kasan.h"
#include "../../dualtree/cache.h"
#include "../../dualtree/check.h"
#include "../../dualtree/heap.h"
#include "../../dualtree/heap_regions.h"
#include "../../dualtree/heap_sums.h"
#include "../../dualtree/percpu.h"
#include "../../dualtree/reclaim.h"
#include "../../dualtree/remote.h"
#include "../../dualtree/repair.h"
#include "../../dualtree/section.h"
#include "ops.h"

/* With init_on_free, what was live when an instance was destroyed is clear when used again. */
static void destroyed_with_live_bytes(void)
{
	struct buddy_pool_params params = { .nid = 0, .limit = SZ_4M };
	struct buddy_pool *pool = buddy_pool_create("left", &params);
	struct dualtree_params use = { .pool = pool };
	struct dualtree *dt;
	unsigned int i;
	u8 *ptr;

	host_init_on_free = true;
	host_assert(!IS_ERR(pool));
	for (i = 0; i < 2; i++) {
		dt = dualtree_create("left", &use);
		host_assert(!IS_ERR(dt));
		ptr = dualtree_alloc(dt, SZ_64K, GFP_KERNEL);
		host_assert(ptr && !memchr_inv(ptr, 0, SZ_64K));
		memset(ptr, 0x77, SZ_64K);
		dualtree_destroy(dt);
	}
	buddy_pool_destroy(pool);
	host_init_on_free = false;
}

/* With init_on_free, a part that is freed is clear at once, and so is what is handed out again. */
static void freed_bytes_are_clear(void)
{
	struct dualtree *dt;
	u8 *ptr, *again;

	host_init_on_free = true;
	dt = dualtree_create("clear", NULL);
	host_assert(!IS_ERR(dt));
	ptr = dualtree_alloc(dt, 8 * DT_GRANULE, GFP_KERNEL);
	host_assert(ptr);
	memset(ptr, 0x77, 8 * DT_GRANULE);
	host_assert(!dualtree_free(dt, ptr + 8, 16));
	dt_unpoison(ptr + 8, 16);
	host_assert(!memchr_inv(ptr + 8, 0, 16) && ptr[7] == 0x77 && ptr[24] == 0x77);
	host_assert(!dualtree_free(dt, ptr, 8) &&
		    !dualtree_free(dt, ptr + 24, 8 * DT_GRANULE - 24));
	again = dualtree_alloc(dt, 8 * DT_GRANULE, GFP_KERNEL);
	host_assert(again && !memchr_inv(again, 0, 8 * DT_GRANULE));
	dualtree_destroy(dt);
	host_init_on_free = false;
}

/* With init_on_alloc, what is handed out again is clear; of an instance that is to skip it, not. */
static void skipped_bytes_stay(bool skip)
{
	struct buddy_pool_params pool_params = { .nid = 0 };
	struct buddy_pool *pool = buddy_pool_create("skip", &pool_params);
	const struct dualtree_params params = {
		.pool = pool, .flags = skip ? DUALTREE_SKIP_ZERO : 0,
	};
	struct dualtree *dt;
	u8 *ptr, *again;

	host_init_on_alloc = true;
	dt = dualtree_create("skip", &params);
	host_assert(!IS_ERR(pool) && !IS_ERR(dt));
	ptr = dualtree_alloc(dt, 8 * DT_GRANULE, GFP_KERNEL);
	host_assert(ptr && (skip || !memchr_inv(ptr, 0, 8 * DT_GRANULE)));
	memset(ptr, 0x77, 8 * DT_GRANULE);
	host_assert(!dualtree_free(dt, ptr, 8 * DT_GRANULE));
	again = dualtree_alloc(dt, 8 * DT_GRANULE, GFP_KERNEL);
	/* Links and nodes may lie in the first granule and in the last one. */
	host_assert(again == ptr && !memchr_inv(again + DT_GRANULE, skip ? 0x77 : 0,
						6 * DT_GRANULE));
	dualtree_destroy(dt);
	buddy_pool_destroy(pool);
	host_init_on_alloc = false;
}

/*
 * An instance with something small that is live, and a large spare at a higher address: of a pool
 * of its own, which hands out the start of an arena first.
 */
static struct dualtree *large_spare(struct buddy_pool **pool)
{
	/* No list or range keeps what is freed. */
	struct dualtree_params params = { .flags = DUALTREE_EXACT_FIT };
	struct dt_heap *heap;
	struct dualtree *dt;
	void *small, *large;

	*pool = buddy_pool_create("spare", NULL);
	host_assert(!IS_ERR(*pool));
	params.pool = *pool;
	dt = dualtree_create("spare", &params);
	host_assert(!IS_ERR(dt));
	small = dualtree_alloc(dt, 64, GFP_KERNEL);
	large = dualtree_alloc(dt, 4 * SZ_64K, GFP_KERNEL);
	host_assert(small && large);
	host_assert(!dualtree_free(dt, large, 4 * SZ_64K));
	heap = heap_of_cpu(dt, 0);
	host_assert(heap->spare && heap->spare->bytes >= 4 * SZ_64K && heap->lowest != heap->spare);
	return dt;
}

/* A large spare that was set since the last look is not idle. At the next look it is. */
static void spare_is_young(void)
{
	struct buddy_pool *pool;
	struct dualtree *dt = large_spare(&pool);
	struct dt_heap *heap = heap_of_cpu(dt, 0);

	dt_heap_retire_idle_spare(heap);
	host_assert(heap->spare);
	dt_heap_retire_idle_spare(heap);
	host_assert(!heap->spare && heap->nr_regions == 1 && dualtree_check(dt));
	dualtree_destroy(dt);
	buddy_pool_destroy(pool);
}

/* A large spare is kept for so many frees that do not need it, and no longer. */
static void spare_ages(void)
{
	struct buddy_pool *pool;
	struct dualtree *dt = large_spare(&pool);
	struct dt_heap *heap = heap_of_cpu(dt, 0);
	unsigned int frees;
	void *ptr;

	for (frees = 0; heap->spare; frees++) {
		ptr = dualtree_alloc(dt, 64, GFP_KERNEL);
		host_assert(ptr && frees < SPARE_IDLE_MAX);
		host_assert(!dualtree_free(dt, ptr, 64));
	}
	host_assert(frees == SPARE_IDLE_MAX && heap->nr_regions == 1 && dualtree_check(dt));
	dualtree_destroy(dt);
	buddy_pool_destroy(pool);
}

/* A leak is told in one line, of each range: how long it is, and what it keeps. */
static void leak_lines(void)
{
	const struct dualtree_params params = { .flags = DUALTREE_REPORT_LEAKS };
	struct dualtree *dt = dualtree_create("leaky", &params);
	unsigned long lines = host_lines;
	char within[32];
	u8 *ptr;

	host_assert(!IS_ERR(dt));
	ptr = dualtree_alloc(dt, 9 * DT_GRANULE, GFP_KERNEL);
	host_assert(ptr && !dualtree_free(dt, ptr + 4 * DT_GRANULE, DT_GRANULE));
	host_assert(!dualtree_free(dt, ptr + 9 * DT_GRANULE - 10, 10));
	dualtree_destroy(dt);
	host_assert(host_lines == lines + 3);
	snprintf(within, sizeof(within), ", within %zu\n", (size_t)4 * DT_GRANULE);
	host_assert(strstr(host_last_line, within));
}

/* Return: calls until one of so many CPUs, which take turns, has a heap of its own. */
static unsigned int calls_until_heap(unsigned int cpus, unsigned int shared_calls)
{
	struct dualtree *dt = dualtree_create("turns", NULL);
	unsigned int calls;

	host_assert(!IS_ERR(dt));
	dt_shared_calls = shared_calls;
	for (calls = 0; !heap_of_cpu(dt, 0) && !heap_of_cpu(dt, 1); calls++) {
		host_now.cpu = calls % cpus;
		host_assert(calls < 200 && dualtree_alloc(dt, 64, GFP_KERNEL));
	}
	host_now.cpu = 0;
	dualtree_destroy(dt);
	dt_shared_calls = 0;
	return calls;
}

/* A CPU has a heap of its own from the call on that the parameter says, and not before. */
static void first_heaps(void)
{
	host_assert(calls_until_heap(1, 5) == 6);
	host_assert(calls_until_heap(2, 1) == 33);
}

/* In the heap of all CPUs, too, a range grows into what is free after it. */
static void shared_extend(void)
{
	struct dualtree *dt = dualtree_create("shared", NULL);
	u8 *ptr;

	host_assert(!IS_ERR(dt));
	dt_shared_calls = 100;
	ptr = dualtree_alloc(dt, 4 * DT_GRANULE, GFP_KERNEL);
	host_assert(ptr && !heap_of_cpu(dt, 0));
	host_assert(!dualtree_trim(dt, ptr, 4 * DT_GRANULE, DT_GRANULE));
	host_assert(dualtree_extend(dt, ptr, DT_GRANULE, 3 * DT_GRANULE));
	dualtree_destroy(dt);
	dt_shared_calls = 0;
}

/* The record of a region of 64 KiB comes with the arena. */
static void record_of_arena(void)
{
	const struct dualtree_params params = { .min_region_order = get_order(SZ_64K) };
	struct dualtree *dt = dualtree_create("record", &params);
	struct dualtree_stats before, after;

	host_assert(!IS_ERR(dt));
	host_assert(dualtree_alloc(dt, 64, GFP_KERNEL));
	dualtree_get_stats(dt, &before);
	host_assert(dualtree_alloc(dt, SZ_64K, GFP_KERNEL));
	dualtree_get_stats(dt, &after);
	host_assert(after.regions > before.regions && after.record_bytes == before.record_bytes);
	dualtree_destroy(dt);
}

/* What another CPU frees, one by one or at once, is drained though its owner calls no more. */
static void freed_by_another_cpu(bool bulk)
{
	struct dualtree_range ranges[64];
	struct dualtree *dt = dualtree_create("moved", NULL);
	struct dualtree_stats stats;
	unsigned int i, nr = ARRAY_SIZE(ranges);

	host_assert(!IS_ERR(dt));
	for (i = 0; i < nr; i++) {
		ranges[i].len = SZ_16K;
		ranges[i].ptr = dualtree_alloc(dt, SZ_16K, GFP_KERNEL);
		host_assert(ranges[i].ptr);
	}
	host_now.cpu = 1;
	if (bulk)
		host_assert(!dualtree_free_bulk(dt, ranges, nr));
	for (i = 0; i < nr && !bulk; i++)
		host_assert(!dualtree_free(dt, ranges[i].ptr, ranges[i].len));
	host_now.cpu = 0;
	/* Much less than heaps that are idle are given. */
	host_pass_time(100);
	dualtree_get_stats(dt, &stats);
	host_assert(!stats.live_bytes && stats.in_flight_bytes <= SZ_64K);
	dualtree_destroy(dt);
}

/*
 * While what another CPU freed is hot, its region stays queued: what is freed there next writes to
 * no list.
 */
static void hot_region_stays_queued(void)
{
	struct dualtree *dt = dualtree_create("queued", NULL);
	const struct dt_heap *heap;
	u8 *ptr, *next, *count;

	host_assert(!IS_ERR(dt));
	ptr = dualtree_alloc(dt, 16 * DT_GRANULE, GFP_KERNEL);
	next = dualtree_alloc(dt, DT_GRANULE, GFP_KERNEL);
	heap = heap_of_cpu(dt, 0);
	host_now.cpu = 1;
	host_assert(!dualtree_free(dt, ptr, 16 * DT_GRANULE) && !llist_empty(&heap->remote));
	host_now.cpu = 0;
	host_assert(dualtree_alloc(dt, 4 * DT_GRANULE, GFP_KERNEL) == ptr && heap->hot.nr == 12);
	host_now.cpu = 1;
	host_assert(!dualtree_free(dt, next, DT_GRANULE) && llist_empty(&heap->remote));
	host_now.cpu = 0;
	host_assert(heap_has_remote(heap) && dualtree_check(dt));
	/* What is in flight has a mark: nothing is no count of it. */
	count = &region_of(next)->ledger[region_index(region_of(next), next)];
	host_assert(*count == LEDGER_DEAD);
	*count = 0;
	host_assert(!dualtree_check(dt));
	*count = LEDGER_DEAD;
	dualtree_destroy(dt);
}

/* Pieces of two granules, of which each region that drains has some deferred. */
#define PIECES		8192

/*
 * What a burst has deferred is put into the trees by interrupts, some runs at a time, as blocks of
 * quick lists are.
 */
static void deferred_is_reclaimed_in_steps(void)
{
	struct dualtree *dt = dualtree_create("burst", NULL);
	static void *pieces[PIECES];
	const struct dt_heap *heap;
	unsigned long interrupts, runs;
	unsigned int i;

	host_assert(!IS_ERR(dt));
	for (i = 0; i < PIECES; i++) {
		pieces[i] = dualtree_alloc(dt, 2 * DT_GRANULE, GFP_KERNEL);
		host_assert(pieces[i]);
	}
	heap = heap_of_cpu(dt, 0);
	/* The lowest region has room, so that all others may drain. */
	for (i = 0; i < PIECES; i++)
		if (region_of(pieces[i]) == heap->lowest && i % 8)
			host_assert(!dualtree_free(dt, pieces[i], 2 * DT_GRANULE));
	for (i = 0; i < PIECES; i += 2)
		if (region_of(pieces[i]) != heap->lowest)
			host_assert(!dualtree_free(dt, pieces[i], 2 * DT_GRANULE));
	/* Nothing is in quick lists then. */
	while (dt_cache_listed(heap))
		host_assert(dualtree_alloc(dt, 2 * DT_GRANULE, GFP_KERNEL));
	runs = heap->nr_deferred / 2;
	host_assert(runs > 1000 && dualtree_check(dt));
	interrupts = dt_reclaim_interrupts;
	dualtree_shrink(dt);
	host_assert(!heap->nr_deferred && dualtree_check(dt));
	host_assert(dt_reclaim_interrupts - interrupts >= runs / (2 * CACHE_FLUSH_MAX));
	dualtree_destroy(dt);
}

/* Pieces of an instance of which the lowest region has room, and all others drain. */
static struct dualtree *draining_pieces(u8 **pieces)
{
	struct dualtree *dt = dualtree_create("ends", NULL);
	const unsigned int size = 2 * DT_GRANULE;
	const struct dt_heap *heap;
	unsigned int i;

	host_assert(!IS_ERR(dt));
	for (i = 0; i < PIECES; i++)
		pieces[i] = dualtree_alloc(dt, size, GFP_KERNEL);
	heap = heap_of_cpu(dt, 0);
	for (i = 0; i < PIECES; i++)
		if (region_of(pieces[i]) == heap->lowest ? i % 8 : i % 32 < 20 && i % 2)
			host_assert(!dualtree_free(dt, pieces[i], size));
	return dt;
}

/* What is cold is in its region's trees when these were made again, and cold no more. */
static void cold_is_rebuilt(void)
{
	static u8 *pieces[PIECES];
	struct dualtree *dt = draining_pieces(pieces);
	struct dt_heap *heap = heap_of_cpu(dt, 0);
	struct dt_region *region;
	struct region_sums was;

	host_assert(!dualtree_free(dt, pieces[PIECES / 2 + 22], 2 * DT_GRANULE));
	region = heap->cold.region;
	host_assert(heap->cold.nr == 2 && region == region_of(pieces[PIECES / 2 + 22]));
	was = region_sums(region);
	dt_heap_rebuild(heap, region, true);
	heap_update_sums(heap, region, was);
	host_assert(!heap->cold.nr && dualtree_check(dt));
	/* Of another region it stays as it is. */
	host_assert(!dualtree_free(dt, pieces[PIECES / 2 + 24], 2 * DT_GRANULE));
	was = region_sums(heap->lowest);
	dt_heap_rebuild(heap, heap->lowest, true);
	heap_update_sums(heap, heap->lowest, was);
	host_assert(heap->cold.nr == 2 && dualtree_check(dt));
	dualtree_destroy(dt);
}

/*
 * A deferred run ends where the hot range or the cold one begins: an extension takes no more of it.
 * @together: pieces that are freed after the run at once; many stay hot, as they do not fit below
 */
static void deferred_before_others(unsigned int together)
{
	const unsigned int size = 2 * DT_GRANULE, at = PIECES / 2, other = at + 64;
	static u8 *pieces[PIECES];
	struct dualtree *dt = draining_pieces(pieces);
	const struct dt_heap *heap = heap_of_cpu(dt, 0);

	host_assert(pieces[at + 31] == pieces[at] + 31 * size);
	host_assert(!dualtree_free(dt, pieces[at + 21], size));
	host_assert(!dualtree_free(dt, pieces[other + 24], size));
	host_assert(!dualtree_free(dt, pieces[at + 22], together * size));
	host_assert((heap->hot.nr ?: heap->cold.nr) == 2 * together);
	host_assert(!heap->hot.nr == (together == 1) && heap->nr_deferred);
	host_assert(dualtree_extend(dt, pieces[at + 20], size, 2 * size));
	host_assert((heap->hot.nr ?: heap->cold.nr) == 2 * together && dualtree_check(dt));
	dualtree_destroy(dt);
}

/* A flag that is refused is refused, also where a unit of the hot range would serve. */
static void unit_refused(void)
{
	struct dualtree *dt = dualtree_create("units", NULL);
	const struct dt_hot_range *hot;
	u8 *pieces[3];
	u32 i;

	host_assert(!IS_ERR(dt));
	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		pieces[i] = dualtree_alloc(dt, DT_GRANULE, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		host_assert(!dualtree_free(dt, pieces[i], DT_GRANULE));
	hot = &heap_of_cpu(dt, 0)->hot;
	host_assert(hot->unit == 1 && hot->nr == ARRAY_SIZE(pieces));
	host_assert(!dualtree_alloc(dt, DT_GRANULE, GFP_ATOMIC | __GFP_DMA));
	host_assert(hot->nr == ARRAY_SIZE(pieces));
	host_assert(dualtree_alloc(dt, DT_GRANULE, GFP_ATOMIC) == pieces[0]);
	host_assert(!dualtree_free(dt, pieces[0], DT_GRANULE) && dualtree_check(dt));
	dualtree_destroy(dt);
}

/* A burst that frees all of several regions leaves the spare of them, with its last free. */
static void burst_leaves_a_spare(void)
{
	struct dualtree *dt = dualtree_create("all", NULL);
	const unsigned int size = 2 * DT_GRANULE;
	static u8 *pieces[PIECES];
	const struct dt_heap *heap;
	unsigned int i, odd;

	host_assert(!IS_ERR(dt));
	for (i = 0; i < PIECES; i++)
		pieces[i] = dualtree_alloc(dt, size, GFP_KERNEL);
	heap = heap_of_cpu(dt, 0);
	for (i = 0; i < PIECES; i++)
		if (region_of(pieces[i]) == heap->lowest && i % 8)
			host_assert(!dualtree_free(dt, pieces[i], size));
	for (odd = 0; odd < 2; odd++)
		for (i = odd; i < PIECES; i += 2)
			if (region_of(pieces[i]) != heap->lowest)
				host_assert(!dualtree_free(dt, pieces[i], size));
	host_assert(heap->nr_regions == 2 && heap->spare && !heap->nr_deferred);
	host_assert(dualtree_check(dt));
	dualtree_destroy(dt);
}

void host_test_cases(void)
{
	unsigned int shared_calls = dt_shared_calls;

	/* Each CPU has a heap of its own. */
	dt_shared_calls = 0;
	host_tree_cases();
	host_ledger_cases();
	host_check_cases();
	host_hole_cases();
	host_damage_cases();
	host_flush_cases();
	host_take_cases();
	deferred_is_reclaimed_in_steps();
	cold_is_rebuilt();
	deferred_before_others(1);
	deferred_before_others(9);
	burst_leaves_a_spare();
	unit_refused();
	host_retired_cases();
	host_free_cases();
	host_clear_cases();
	destroyed_with_live_bytes();
	freed_bytes_are_clear();
	skipped_bytes_stay(false);
	skipped_bytes_stay(true);
	spare_is_young();
	spare_ages();
	leak_lines();
	first_heaps();
	shared_extend();
	record_of_arena();
	freed_by_another_cpu(false);
	freed_by_another_cpu(true);
	hot_region_stays_queued();
	host_arena_cases();
	dt_shared_calls = shared_calls;
}
