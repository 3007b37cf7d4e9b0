// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: pages that outlive their arena, contexts that cannot wait, several pools
 * and several users at once.
 */
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include "fixtures/pool.h"
#include "fixtures/random.h"
#include "fixtures/scale.h"

/* What outlives an arena */

static void expect_only_mine(struct kunit *test, void *addr, u64 tag)
{
	KUNIT_EXPECT_EQ(test, page_count(virt_to_page(addr)), 1);
	KUNIT_EXPECT_TRUE(test, dt_pages_marked(addr, 1, tag));
	put_page(virt_to_page(addr));
}

/* Each page has its own reference: the pool gives up its own of each, no more, no less. */
static void buddy_life_page_outlives_trim(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	void *block = dt_block_alloc(test, pool, SMALL_ORDER);
	unsigned int i;

	dt_mark_pages(block, SMALL_PAGES, 100);
	for (i = 0; i < SMALL_PAGES; i++)
		get_page(virt_to_page(block + pages_bytes(i)));
	dt_block_free(test, pool, block, SMALL_ORDER);
	dt_expect_trimmed(test, pool);
	for (i = 0; i < SMALL_PAGES; i++)
		expect_only_mine(test, block + pages_bytes(i), 100 + i);
}

/* Blocks that are still out are taken back, but for the pages that someone holds. */
static void buddy_life_page_outlives_pool(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	void *whole = dt_block_alloc(test, pool, SMALL_ORDER),
	     *page = dt_block_alloc(test, pool, 0);
	void *part = dt_block_alloc(test, pool, 2);

	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, part, 1), 0);
	dt_mark_pages(whole, SMALL_PAGES, 200);
	dt_mark_pages(page, 1, 300);
	get_page(virt_to_page(whole + pages_bytes(SMALL_PAGES - 1)));
	get_page(virt_to_page(page));
	dt_test_pool_destroy(test, pool);
	expect_only_mine(test, whole + pages_bytes(SMALL_PAGES - 1), 200 + SMALL_PAGES - 1);
	expect_only_mine(test, page, 300);
}

static void buddy_life_destroy_unused(struct kunit *test)
{
	dt_test_pool_destroy(test, small_pool(test, 0, 0));
	dt_test_pool_destroy(test, small_pool(test, 0, 3 * SMALL_BYTES));
	dt_test_pool_destroy(test, small_pool(test, PAGE_SIZE, 0));
}

/* Contexts */

/* Each call, with the pool growing and shrinking. Return: how many went wrong. */
static unsigned int all_calls(struct buddy_pool *pool)
{
	struct buddy_pool_stats before, after;
	void *blocks[3 * SMALL_PAGES];
	unsigned int i, wrong = 0;

	buddy_pool_get_stats(pool, &before);
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		blocks[i] = buddy_pool_alloc(pool, 0, GFP_ATOMIC | (i & 1 ? __GFP_ZERO : 0));
		wrong += !blocks[i];
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		if (i % 2)
			wrong += !!buddy_pool_free(pool, blocks[i], 0);
		else
			wrong += !!buddy_pool_free_range(pool, blocks[i], 1);
	}
	wrong += buddy_pool_free(pool, (void *)1, 0) != -EINVAL;
	buddy_pool_trim(pool);
	buddy_pool_get_stats(pool, &after);
	wrong += after.allocs - before.allocs != ARRAY_SIZE(blocks);
	wrong += after.frees - before.frees != ARRAY_SIZE(blocks);
	wrong += after.bad_frees - before.bad_frees != 1;
	return wrong;
}

static void buddy_life_irqs_off(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	unsigned int wrong;
	unsigned long flags;

	local_irq_save(flags);
	wrong = all_calls(pool);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	dt_expect_trimmed(test, pool);
}

struct hardirq_calls {
	struct irq_work work;
	struct buddy_pool *pool;
	unsigned int wrong;
	bool in_hardirq;
};

static void hardirq_calls(struct irq_work *work)
{
	struct hardirq_calls *calls = container_of(work, struct hardirq_calls, work);

	calls->in_hardirq = in_hardirq();
	calls->wrong = all_calls(calls->pool);
}

static void buddy_life_hardirq(struct kunit *test)
{
	struct hardirq_calls calls = {
		.work = IRQ_WORK_INIT_HARD(hardirq_calls),
		.pool = small_pool(test, 0, 0),
		.wrong = UINT_MAX,
	};

	/* A PREEMPT_RT kernel's page allocator takes locks that sleep. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "no page can be allocated in a hard interrupt");
	irq_work_queue(&calls.work);
	irq_work_sync(&calls.work);
	KUNIT_EXPECT_TRUE(test, calls.in_hardirq);
	KUNIT_EXPECT_EQ(test, calls.wrong, 0);
	dt_expect_trimmed(test, calls.pool);
}

/* Several */

/* Pools share the table and nothing else. */
static void buddy_life_several_pools(struct kunit *test)
{
	struct buddy_pool *pools[4];
	void *blocks[4][20];
	unsigned int p, i;

	for (p = 0; p < 4; p++)
		pools[p] = small_pool(test, p == 3 ? pages_bytes(20) : 0, p % 3 * SMALL_BYTES);
	for (i = 0; i < 20; i++) {
		for (p = 0; p < 4; p++) {
			blocks[p][i] = dt_block_alloc(test, pools[p], 0);
			dt_mark_pages(blocks[p][i], 1, (u64)p << 32 | i);
		}
	}
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pools[3], 2, GFP_KERNEL));
	for (p = 0; p < 4; p++) {
		KUNIT_EXPECT_EQ(test, pool_stats(pools[p]).failed_allocs, p == 3);
		KUNIT_EXPECT_EQ(test, pool_stats(pools[p]).held_bytes -
				      pool_stats(pools[p]).free_bytes, pages_bytes(20));
		for (i = 0; i < 20; i++)
			KUNIT_EXPECT_TRUE(test, dt_pages_marked(blocks[p][i], 1, (u64)p << 32 | i));
	}
	/* One goes, with all its blocks out: the others' are untouched. */
	dt_test_pool_destroy(test, pools[1]);
	for (p = 0; p < 4; p += p ? 1 : 2) {
		for (i = 0; i < 20; i++) {
			KUNIT_EXPECT_TRUE(test, dt_pages_marked(blocks[p][i], 1, (u64)p << 32 | i));
			dt_block_free(test, pools[p], blocks[p][i], 0);
		}
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(pools[p]));
		KUNIT_EXPECT_EQ(test, pool_stats(pools[p]).bad_frees, 0);
	}
	dt_expect_trimmed(test, pools[0]);
}

#define WORKERS		4
#define WORKER_SLOTS	16
#define WORKER_OPS	(SLOW_KERNEL ? 3000 : 50000)

/* One of several threads that use a pool at the same time. */
struct worker {
	struct buddy_pool *pool;
	struct work_struct work;
	struct rnd_state rnd;
	u64 id, allocs, failed, frees, errors;
	struct worker_slot {
		void *block;
		unsigned int order;
	} slots[WORKER_SLOTS];
};

static void worker_alloc(struct worker *worker, struct worker_slot *slot)
{
	slot->order = prandom_u32_state(&worker->rnd) % (SMALL_ORDER + 1);
	slot->block = buddy_pool_alloc(worker->pool, slot->order, GFP_KERNEL);
	if (!slot->block) {
		worker->failed++;
		return;
	}
	worker->allocs++;
	worker->errors += !dt_block_aligned(slot->block, slot->order);
	dt_mark_pages(slot->block, 1U << slot->order, worker->id + (unsigned long)slot->block);
}

static void worker_free(struct worker *worker, struct worker_slot *slot)
{
	unsigned int cut = prandom_u32_state(&worker->rnd) % (1U << slot->order);
	unsigned int rest = (1U << slot->order) - cut;
	void *block = slot->block;

	worker->errors +=
		!dt_pages_marked(block, 1U << slot->order, worker->id + (unsigned long)block);
	slot->block = NULL;
	if (!cut) {
		worker->frees++;
		worker->errors += !!buddy_pool_free(worker->pool, block, slot->order);
		return;
	}
	/* In two parts; another worker may have the first before the second is freed. */
	worker->frees += 2;
	worker->errors += !!buddy_pool_free_range(worker->pool, block + pages_bytes(rest), cut);
	worker->errors += !dt_pages_marked(block, rest, worker->id + (unsigned long)block);
	worker->errors += !!buddy_pool_free_range(worker->pool, block, rest);
}

static void worker_run(struct work_struct *work)
{
	struct worker *worker = container_of(work, struct worker, work);
	unsigned int i;

	for (i = 0; i < WORKER_OPS; i++) {
		u32 random = prandom_u32_state(&worker->rnd);
		struct worker_slot *slot = &worker->slots[random % WORKER_SLOTS];

		if (slot->block)
			worker_free(worker, slot);
		else
			worker_alloc(worker, slot);
		if (random >> 16 < 64)
			buddy_pool_trim(worker->pool);
		cond_resched();
	}
	for (i = 0; i < WORKER_SLOTS; i++)
		if (worker->slots[i].block)
			worker_free(worker, &worker->slots[i]);
}

static void buddy_life_concurrent(struct kunit *test)
{
	struct worker *workers = kunit_kcalloc(test, WORKERS, sizeof(*workers), GFP_KERNEL);
	/* Too little for all of them at their fullest: some calls must fail. */
	struct buddy_pool *pool = small_pool(test, 24 * SMALL_BYTES, 0);
	u64 allocs = 0, frees = 0, failed = 0, errors = 0;
	struct buddy_pool_stats stats;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, workers);
	for (i = 0; i < WORKERS; i++) {
		workers[i].pool = pool;
		workers[i].id = (u64)i << 56;
		prandom_seed_state(&workers[i].rnd, 1000 + i);
		INIT_WORK(&workers[i].work, worker_run);
		queue_work(system_dfl_wq, &workers[i].work);
	}
	for (i = 0; i < WORKERS; i++) {
		flush_work(&workers[i].work);
		allocs += workers[i].allocs;
		frees += workers[i].frees;
		failed += workers[i].failed;
		errors += workers[i].errors;
	}
	KUNIT_EXPECT_EQ(test, errors, 0);
	stats = pool_stats(pool);
	KUNIT_EXPECT_EQ(test, stats.allocs, allocs);
	KUNIT_EXPECT_EQ(test, stats.frees, frees);
	KUNIT_EXPECT_EQ(test, stats.failed_allocs, failed);
	KUNIT_EXPECT_EQ(test, stats.bad_frees, 0);
	KUNIT_EXPECT_GT(test, allocs, 0);
	dt_expect_trimmed(test, pool);
}

static struct kunit_case pool_life_cases[] = {
	KUNIT_CASE(buddy_life_page_outlives_trim),
	KUNIT_CASE(buddy_life_page_outlives_pool),
	KUNIT_CASE(buddy_life_destroy_unused),
	KUNIT_CASE(buddy_life_irqs_off),
	KUNIT_CASE(buddy_life_hardirq),
	KUNIT_CASE(buddy_life_several_pools),
	KUNIT_CASE(buddy_life_concurrent),
	{}
};

DUALTREE_SUITE(pool_life, "the page pool: lifetimes, contexts and users");
