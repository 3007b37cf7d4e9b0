// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool: pages that outlive their arena, contexts that cannot wait, several pools
 * and several users at once.
 */
#include <linux/completion.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched/task.h>
#include "buddy_testing.h"
#include "../compat/compat.h"
#include "effort.h"

/* What outlives an arena */

static void expect_only_mine(struct kunit *test, void *addr, u64 tag)
{
	KUNIT_EXPECT_EQ(test, page_count(virt_to_page(addr)), 1);
	KUNIT_EXPECT_TRUE(test, pages_stamped(addr, 1, tag));
	put_page(virt_to_page(addr));
}

/* Each page has its own reference: the pool gives up its own of each, no more, no less. */
static void buddy_life_page_outlives_trim(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	void *block = block_take(test, pool, SMALL_ORDER);
	unsigned int i;

	stamp_pages(block, SMALL_PAGES, 100);
	for (i = 0; i < SMALL_PAGES; i++)
		get_page(virt_to_page(block + pages_bytes(i)));
	block_give(test, pool, block, SMALL_ORDER);
	expect_trimmed(test, pool);
	for (i = 0; i < SMALL_PAGES; i++)
		expect_only_mine(test, block + pages_bytes(i), 100 + i);
}

/* Blocks that are still out are taken back, but for the pages that someone holds. */
static void buddy_life_page_outlives_pool(struct kunit *test)
{
	struct buddy_pool *pool = small_pool(test, 0, 0);
	void *whole = block_take(test, pool, SMALL_ORDER), *page = block_take(test, pool, 0);
	void *part = block_take(test, pool, 2);

	KUNIT_EXPECT_EQ(test, buddy_pool_free_range(pool, part, 1), 0);
	stamp_pages(whole, SMALL_PAGES, 200);
	stamp_pages(page, 1, 300);
	get_page(virt_to_page(whole + pages_bytes(SMALL_PAGES - 1)));
	get_page(virt_to_page(page));
	pool_drop(test, pool);
	expect_only_mine(test, whole + pages_bytes(SMALL_PAGES - 1), 200 + SMALL_PAGES - 1);
	expect_only_mine(test, page, 300);
}

static void buddy_life_destroy_unused(struct kunit *test)
{
	pool_drop(test, small_pool(test, 0, 0));
	pool_drop(test, small_pool(test, 0, 3 * SMALL_BYTES));
	pool_drop(test, small_pool(test, PAGE_SIZE, 0));
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
	expect_trimmed(test, pool);
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
	expect_trimmed(test, calls.pool);
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
			blocks[p][i] = block_take(test, pools[p], 0);
			stamp_pages(blocks[p][i], 1, (u64)p << 32 | i);
		}
	}
	KUNIT_EXPECT_NULL(test, buddy_pool_alloc(pools[3], 2, GFP_KERNEL));
	for (p = 0; p < 4; p++) {
		KUNIT_EXPECT_EQ(test, pool_stats(pools[p]).failed_allocs, p == 3);
		KUNIT_EXPECT_EQ(test, pool_stats(pools[p]).held_bytes -
				      pool_stats(pools[p]).free_bytes, pages_bytes(20));
		for (i = 0; i < 20; i++)
			KUNIT_EXPECT_TRUE(test, pages_stamped(blocks[p][i], 1, (u64)p << 32 | i));
	}
	/* One goes, with all its blocks out: the others' are untouched. */
	pool_drop(test, pools[1]);
	for (p = 0; p < 4; p += p ? 1 : 2) {
		for (i = 0; i < 20; i++) {
			KUNIT_EXPECT_TRUE(test, pages_stamped(blocks[p][i], 1, (u64)p << 32 | i));
			block_give(test, pools[p], blocks[p][i], 0);
		}
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(pools[p]));
		KUNIT_EXPECT_EQ(test, pool_stats(pools[p]).bad_frees, 0);
	}
	expect_trimmed(test, pools[0]);
}

#define HAMMERS		4
#define HAMMER_SLOTS	16
#define HAMMER_OPS	(KERNEL_CHECKS ? 3000 : 50000)

/* One of several threads that use a pool at the same time. */
struct hammer {
	struct buddy_pool *pool;
	struct task_struct *task;
	struct completion done;
	struct rnd_state rnd;
	u64 id, allocs, failed, frees, errors;
	struct hammer_slot {
		void *block;
		unsigned int order;
	} slots[HAMMER_SLOTS];
};

static void hammer_take(struct hammer *hammer, struct hammer_slot *slot)
{
	slot->order = prandom_u32_state(&hammer->rnd) % (SMALL_ORDER + 1);
	slot->block = buddy_pool_alloc(hammer->pool, slot->order, GFP_KERNEL);
	if (!slot->block) {
		hammer->failed++;
		return;
	}
	hammer->allocs++;
	hammer->errors += !block_aligned(slot->block, slot->order);
	stamp_pages(slot->block, 1U << slot->order, hammer->id + (unsigned long)slot->block);
}

static void hammer_give(struct hammer *hammer, struct hammer_slot *slot)
{
	unsigned int cut = prandom_u32_state(&hammer->rnd) % (1U << slot->order);
	unsigned int rest = (1U << slot->order) - cut;
	void *block = slot->block;

	hammer->errors += !pages_stamped(block, 1U << slot->order,
					 hammer->id + (unsigned long)block);
	slot->block = NULL;
	if (!cut) {
		hammer->frees++;
		hammer->errors += !!buddy_pool_free(hammer->pool, block, slot->order);
		return;
	}
	/* In two parts; the first may be anybody's by the time the second goes. */
	hammer->frees += 2;
	hammer->errors += !!buddy_pool_free_range(hammer->pool, block + pages_bytes(rest), cut);
	hammer->errors += !pages_stamped(block, rest, hammer->id + (unsigned long)block);
	hammer->errors += !!buddy_pool_free_range(hammer->pool, block, rest);
}

static int hammer_thread(void *data)
{
	struct hammer *hammer = data;
	unsigned int i;

	for (i = 0; i < HAMMER_OPS; i++) {
		u32 random = prandom_u32_state(&hammer->rnd);
		struct hammer_slot *slot = &hammer->slots[random % HAMMER_SLOTS];

		if (slot->block)
			hammer_give(hammer, slot);
		else
			hammer_take(hammer, slot);
		if (random >> 16 < 64)
			buddy_pool_trim(hammer->pool);
		cond_resched();
	}
	for (i = 0; i < HAMMER_SLOTS; i++)
		if (hammer->slots[i].block)
			hammer_give(hammer, &hammer->slots[i]);
	complete(&hammer->done);
	return 0;
}

static bool hammer_start(struct hammer *hammer, struct buddy_pool *pool, unsigned int i)
{
	hammer->pool = pool;
	hammer->id = (u64)i << 56;
	init_completion(&hammer->done);
	prandom_seed_state(&hammer->rnd, 1000 + i);
	hammer->task = kthread_create(hammer_thread, hammer, "hammer/%u", i);
	if (IS_ERR(hammer->task))
		return false;
	get_task_struct(hammer->task);
	wake_up_process(hammer->task);
	return true;
}

static void buddy_life_concurrent(struct kunit *test)
{
	struct hammer *hammers = kunit_kcalloc(test, HAMMERS, sizeof(*hammers), GFP_KERNEL);
	/* Too little for all of them at their fullest: some calls must fail. */
	struct buddy_pool *pool = small_pool(test, 24 * SMALL_BYTES, 0);
	u64 allocs = 0, frees = 0, failed = 0, errors = 0;
	struct buddy_pool_stats stats;
	unsigned int i, started = 0;

	KUNIT_ASSERT_NOT_NULL(test, hammers);
	while (started < HAMMERS && hammer_start(&hammers[started], pool, started))
		started++;
	for (i = 0; i < started; i++) {
		wait_for_completion(&hammers[i].done);
		kthread_stop(hammers[i].task);
		put_task_struct(hammers[i].task);
		allocs += hammers[i].allocs;
		frees += hammers[i].frees;
		failed += hammers[i].failed;
		errors += hammers[i].errors;
	}
	KUNIT_EXPECT_EQ(test, started, HAMMERS);
	KUNIT_EXPECT_EQ(test, errors, 0);
	stats = pool_stats(pool);
	KUNIT_EXPECT_EQ(test, stats.allocs, allocs);
	KUNIT_EXPECT_EQ(test, stats.frees, frees);
	KUNIT_EXPECT_EQ(test, stats.failed_allocs, failed);
	KUNIT_EXPECT_EQ(test, stats.bad_frees, 0);
	KUNIT_EXPECT_GT(test, allocs, 0);
	expect_trimmed(test, pool);
}

static struct kunit_case buddy_life_cases[] = {
	KUNIT_CASE(buddy_life_page_outlives_trim),
	KUNIT_CASE(buddy_life_page_outlives_pool),
	KUNIT_CASE(buddy_life_destroy_unused),
	KUNIT_CASE(buddy_life_irqs_off),
	KUNIT_CASE(buddy_life_hardirq),
	KUNIT_CASE(buddy_life_several_pools),
	KUNIT_CASE(buddy_life_concurrent),
	{}
};

static struct kunit_suite buddy_life_suite = {
	.name = "dualtree_pool_life",
	.test_cases = buddy_life_cases,
};

kunit_test_suite(buddy_life_suite);

MODULE_DESCRIPTION("Tests of the page pool: lifetimes, contexts and users");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
