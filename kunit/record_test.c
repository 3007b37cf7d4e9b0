// SPDX-License-Identifier: GPL-2.0
/*
 * Regions' records: they come with the arena, so an instance gets each block that its pool's
 * reserve promises, in a hard interrupt too, when the kernel has no memory and, on PREEMPT_RT,
 * cannot be asked for any.
 */
#include <dualtree/fault.h>
#include <linux/irq_work.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include "../buddy/records.h"
#include "../dualtree/instance.h"
#include "fixtures/pool.h"

/* Blocks of the reserve. */
#define NR	6

/**
 * struct taking - allocations in a hard interrupt, until there is no more
 * @work: the interrupt
 * @dt: the instance
 * @size: bytes of each
 * @ptrs: what they returned
 * @nr: number of them
 * @in_hardirq: it was one
 */
struct taking {
	struct irq_work work;
	struct dualtree *dt;
	size_t size;
	void *ptrs[2 * NR];
	unsigned int nr;
	bool in_hardirq;
};

static void take_all(struct irq_work *work)
{
	struct taking *t = container_of(work, struct taking, work);

	t->in_hardirq = in_hardirq();
	while (t->nr < ARRAY_SIZE(t->ptrs) &&
	       (t->ptrs[t->nr] = dualtree_alloc(t->dt, t->size, GFP_ATOMIC)))
		t->nr++;
}

/* Memory is used up: what is served then, the pool had. */
static void take_all_without_kernel(struct taking *t)
{
	t->work = IRQ_WORK_INIT_HARD(take_all);
	dualtree_fail_every(1);
	irq_work_queue(&t->work);
	irq_work_sync(&t->work);
	dualtree_fail_every(0);
}

static void free_all(struct kunit *test, struct taking *t)
{
	while (t->nr)
		KUNIT_EXPECT_EQ(test, dualtree_free(t->dt, t->ptrs[--t->nr], t->size), 0);
}

/* A pool that has nothing but a reserve of NR blocks, in arenas of one block each. */
static struct buddy_pool *reserve_pool(struct kunit *test, unsigned int order)
{
	struct buddy_pool *pool;

	dualtree_fail_above(order);
	pool = test_pool(test, .reserve = NR * (PAGE_SIZE << order), .reserve_order = order);
	dualtree_fail_above(UINT_MAX);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).free_bytes, NR * (PAGE_SIZE << order));
	KUNIT_EXPECT_GT(test, pool_stats(pool).record_bytes, 0);
	return pool;
}

/* Each block of the reserve, of @order pages, is a region. @min is that of the instance's. */
static void reserve_case(struct kunit *test, unsigned int order, unsigned int min)
{
	struct taking t = { .size = PAGE_SIZE << order };

	t.dt = test_instance(test, .pool = reserve_pool(test, order), .min_region_order = min);
	take_all_without_kernel(&t);
	KUNIT_EXPECT_TRUE(test, t.in_hardirq);
	KUNIT_EXPECT_EQ(test, t.nr, NR);
	KUNIT_EXPECT_EQ(test, stats_of(t.dt).failed_allocs, 1);
	KUNIT_EXPECT_TRUE(test, dualtree_check(t.dt));
	free_all(test, &t);
	dt_expect_drained(test, t.dt);
}

static void record_reserve(struct kunit *test)
{
	reserve_case(test, BUDDY_RECORD_ORDER, 0);
}

/* Blocks that are larger, and smaller, than those that a heap asks for. */
static void record_reserve_large(struct kunit *test)
{
	reserve_case(test, BUDDY_RECORD_ORDER + 2, 0);
}

static void record_reserve_small(struct kunit *test)
{
	reserve_case(test, 1, 1);
}

/* A young heap, whose regions are smaller and have no record then, takes blocks of the reserve. */
static void record_reserve_young(struct kunit *test)
{
	struct taking t = { .size = max_t(size_t, SZ_64K, PAGE_SIZE) / 2 };

	t.dt = test_instance(test, .pool = reserve_pool(test, BUDDY_RECORD_ORDER));
	take_all_without_kernel(&t);
	KUNIT_EXPECT_EQ(test, t.nr, 2 * NR);
	free_all(test, &t);
	dt_expect_drained(test, t.dt);
}

/* Once a region is gone its block has its record again, after a grace period. */
static void record_reserve_again(struct kunit *test)
{
	struct taking t = { .size = max_t(size_t, SZ_64K, PAGE_SIZE) };
	struct buddy_pool *pool = reserve_pool(test, BUDDY_RECORD_ORDER);
	unsigned int round;

	t.dt = test_instance(test, .pool = pool);
	for (round = 0; round < 3; round++) {
		take_all_without_kernel(&t);
		KUNIT_EXPECT_EQ(test, t.nr, NR);
		free_all(test, &t);
		dualtree_shrink(t.dt);
		KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
		rcu_barrier();
		/* What the refill has taken for the blocks that were out. */
		irq_work_sync(&pool->refill_irq);
		flush_delayed_work(&pool->refill_work);
		buddy_pool_trim(pool);
	}
	dt_expect_drained(test, t.dt);
}

/*
 * A large region may be cut, and its end is another's then, while its record stays. So it has one
 * of its own, unless the kernel has none.
 */
static void record_large(struct kunit *test)
{
	const unsigned int order = BUDDY_RECORD_ORDER + 2;
	struct buddy_pool *pool = test_pool(test, .arena_order = order);
	struct dualtree *dt = test_instance(test, .pool = pool);
	void *ptr;

	ptr = dt_must_alloc(test, dt, PAGE_SIZE << order);
	KUNIT_EXPECT_NULL(test, region_of(ptr)->records);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, PAGE_SIZE << order), 0);
	dualtree_shrink(dt);
	dualtree_fail_every(1);
	ptr = dualtree_alloc(dt, PAGE_SIZE << order, GFP_ATOMIC);
	dualtree_fail_every(0);
	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_EXPECT_NOT_NULL(test, region_of(ptr)->records);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, PAGE_SIZE << order), 0);
	dt_expect_drained(test, dt);
}

/* A record that lookups may still use is not another's: its slots are busy. */
static void record_busy(struct kunit *test)
{
	struct buddy_pool *pool = test_pool(test, .arena_order = BUDDY_RECORD_ORDER + 1);
	void *block = dt_block_alloc(test, pool, BUDDY_RECORD_ORDER + 1);
	void *half = block + (PAGE_SIZE << BUDDY_RECORD_ORDER), *whole, *part;
	struct buddy_records *records, *same;

	whole = buddy_record_take(block, BUDDY_RECORD_ORDER + 1, &records);
	KUNIT_ASSERT_NOT_NULL(test, whole);
	KUNIT_EXPECT_NULL(test, buddy_record_take(block, BUDDY_RECORD_ORDER, &same));
	KUNIT_EXPECT_NULL(test, buddy_record_take(half, BUDDY_RECORD_ORDER, &same));
	buddy_record_put(records, whole, BUDDY_RECORD_ORDER + 1);
	part = buddy_record_take(half, BUDDY_RECORD_ORDER, &same);
	KUNIT_ASSERT_NOT_NULL(test, part);
	KUNIT_EXPECT_PTR_EQ(test, same, records);
	KUNIT_EXPECT_NULL(test, buddy_record_take(block, BUDDY_RECORD_ORDER + 1, &same));
	KUNIT_EXPECT_PTR_EQ(test, buddy_record_take(block, BUDDY_RECORD_ORDER, &same), whole);
	buddy_record_put(records, whole, BUDDY_RECORD_ORDER);
	/* Smaller ones have none. */
	KUNIT_EXPECT_NULL(test, buddy_record_take(block, BUDDY_RECORD_ORDER - 1, &same));
	dt_block_free(test, pool, block, BUDDY_RECORD_ORDER + 1);
	/* The record outlives its arena. */
	dt_expect_trimmed(test, pool);
	rcu_barrier();
	memset(part, 0xa5, dt_region_record_bytes(BUDDY_RECORD_ORDER));
	buddy_record_put(records, part, BUDDY_RECORD_ORDER);
}

/* The slots of a block's parts have room for its record, whatever order has a slot. */
static void record_fits(struct kunit *test)
{
	unsigned int order;

	for (order = 0; order < BUDDY_POOL_MAX_ARENA_ORDER; order++)
		KUNIT_EXPECT_LE(test, dt_region_record_bytes(order + 1),
				2 * dt_region_record_bytes(order));
	kunit_info(test, "%zu bytes for a page, %zu for 64 KiB, %zu for %zu KiB\n",
		   dt_region_record_bytes(0), dt_region_record_bytes(BUDDY_RECORD_ORDER),
		   dt_region_record_bytes(order), (PAGE_SIZE << order) / SZ_1K);
}

/* The pool says what the records take, and returns them with the arenas. */
static void record_counted(struct kunit *test)
{
	struct buddy_pool *pool = test_pool(test, .arena_order = BUDDY_RECORD_ORDER + 2);
	void *block = dt_block_alloc(test, pool, 0);

	KUNIT_EXPECT_EQ(test, pool_stats(pool).record_bytes,
			buddy_records_bytes(BUDDY_RECORD_ORDER + 2, BUDDY_RECORD_ORDER));
	KUNIT_EXPECT_GE(test, pool_stats(pool).record_bytes,
			4 * dt_region_record_bytes(BUDDY_RECORD_ORDER));
	dt_block_free(test, pool, block, 0);
	dt_expect_trimmed(test, pool);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).record_bytes, 0);
}

/* The instance says what its own records take: a small region's, but not one of 64 KiB. */
static void record_counted_own(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	size_t none = stats_of(dt).record_bytes, without;
	void *ptr;

	KUNIT_EXPECT_GE(test, none, sizeof(struct dualtree));
	ptr = dt_must_alloc(test, dt, PAGE_SIZE << BUDDY_RECORD_ORDER);
	/* Of this CPU's heap. */
	without = stats_of(dt).record_bytes;
	KUNIT_EXPECT_GT(test, without, none);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, PAGE_SIZE << BUDDY_RECORD_ORDER), 0);
	dualtree_shrink(dt);
	KUNIT_EXPECT_EQ(test, stats_of(dt).record_bytes, without);
	if (smallest_region() == PAGE_SIZE << BUDDY_RECORD_ORDER)
		return;
	ptr = dt_must_alloc(test, dt, 100);
	KUNIT_EXPECT_EQ(test, stats_of(dt).record_bytes - without,
			dt_region_record_bytes(get_order(stats_of(dt).held_bytes)));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 100), 0);
	dualtree_shrink(dt);
	KUNIT_EXPECT_EQ(test, stats_of(dt).record_bytes, without);
	dt_expect_drained(test, dt);
}

static void record_exit(struct kunit *test)
{
	dualtree_fail_every(0);
	dualtree_fail_above(UINT_MAX);
}

static struct kunit_case record_cases[] = {
	KUNIT_CASE(record_reserve),
	KUNIT_CASE(record_reserve_large),
	KUNIT_CASE(record_reserve_small),
	KUNIT_CASE(record_reserve_young),
	KUNIT_CASE(record_reserve_again),
	KUNIT_CASE(record_large),
	KUNIT_CASE(record_busy),
	KUNIT_CASE(record_fits),
	KUNIT_CASE(record_counted),
	KUNIT_CASE(record_counted_own),
	{}
};

DUALTREE_SUITE(record, "records of regions come with the arena", .exit = record_exit);
