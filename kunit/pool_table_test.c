// SPDX-License-Identifier: GPL-2.0
/*
 * The table from address to arena and owner: every page of an arena is found, no other
 * address is, whatever it may be, and what has been found stays readable under RCU.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "../buddy/arena.h"
#include "../buddy/table.h"
#include "buddy_testing.h"
#include "../compat/compat.h"
#include "effort.h"

static const unsigned int orders[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void order_desc(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "arena order %u", *order);
}

KUNIT_ARRAY_PARAM(order, orders, order_desc);

static unsigned int order_of(struct kunit *test)
{
	return *(const unsigned int *)test->param_value;
}

static bool owners_are(void *block, unsigned long nr_pages, void *owner)
{
	unsigned long i;
	bool same = true;

	rcu_read_lock();
	for (i = 0; i < nr_pages; i++) {
		void *page = block + pages_bytes(i);

		/* Whichever byte of the page. */
		same &= buddy_owner(page) == owner && buddy_owner(page + 1) == owner &&
			buddy_owner(page + PAGE_SIZE - 1) == owner;
	}
	rcu_read_unlock();
	return same;
}

static bool arenas_are(void *block, unsigned long nr_pages, struct buddy_arena *arena)
{
	unsigned long i;
	bool same = true;

	rcu_read_lock();
	for (i = 0; i < nr_pages; i++)
		same &= buddy_table_arena(block + pages_bytes(i)) == arena &&
			buddy_table_arena(block + pages_bytes(i + 1) - 1) == arena;
	rcu_read_unlock();
	return same;
}

static struct buddy_arena *arena_make(struct kunit *test, unsigned int order)
{
	struct buddy_arena *arena = buddy_arena_create(NULL, numa_mem_id(), order, GFP_KERNEL);

	KUNIT_EXPECT_NOT_NULL(test, arena);
	if (arena)
		KUNIT_EXPECT_TRUE(test, block_aligned(arena->base, order));
	return arena;
}

static void buddy_table_finds_arena(struct kunit *test)
{
	unsigned int i, j, order = order_of(test);
	struct buddy_arena *arenas[4];

	for (i = 0; i < ARRAY_SIZE(arenas); i++)
		arenas[i] = arena_make(test, order);
	for (i = 0; i < ARRAY_SIZE(arenas); i++) {
		void *base;

		for (j = i; j < ARRAY_SIZE(arenas); j++)
			if (arenas[j])
				KUNIT_EXPECT_TRUE(test, arenas_are(arenas[j]->base, 1UL << order,
								   arenas[j]));
		if (!arenas[i])
			continue;
		base = arenas[i]->base;
		buddy_arena_destroy(arenas[i]);
		KUNIT_EXPECT_TRUE(test, arenas_are(base, 1UL << order, NULL));
	}
}

/* Every page of a block, none beside it, and none any more when it is taken back. */
static void buddy_table_owner(struct kunit *test)
{
	unsigned int order, arena_order = order_of(test);
	unsigned long first, nr, pages = 1UL << arena_order;
	struct buddy_arena *arena = arena_make(test, arena_order);
	void *base;

	if (!arena)
		return;
	base = arena->base;
	KUNIT_EXPECT_TRUE(test, owners_are(base, pages, NULL));
	for (order = 0; order <= arena_order; order++) {
		nr = 1UL << order;
		first = pages / 2 & ~(nr - 1);
		buddy_set_owner(base + pages_bytes(first), nr, test);
		KUNIT_EXPECT_TRUE(test, owners_are(base, first, NULL));
		KUNIT_EXPECT_TRUE(test, owners_are(base + pages_bytes(first), nr, test));
		KUNIT_EXPECT_TRUE(test, owners_are(base + pages_bytes(first + nr),
						   pages - first - nr, NULL));
		buddy_set_owner(base + pages_bytes(first), nr, NULL);
		KUNIT_EXPECT_TRUE(test, owners_are(base, pages, NULL));
	}
	/* Nobody takes it back: it goes with the arena. */
	buddy_set_owner(base, pages, test);
	KUNIT_EXPECT_TRUE(test, owners_are(base, pages, test));
	buddy_arena_destroy(arena);
	KUNIT_EXPECT_TRUE(test, owners_are(base, pages, NULL));
}

/* A block's owner is not disturbed by what happens to the blocks beside it. */
static void buddy_table_owner_in_pool(struct kunit *test)
{
	struct lone *lone = lone_make(test, 3);
	void *a = lone_take(test, lone, 1), *b = lone_take(test, lone, 1);

	buddy_set_owner(a, 2, a);
	buddy_set_owner(b, 2, b);
	lone_give_range(test, lone, lone_take(test, lone, 2), 4);
	KUNIT_EXPECT_TRUE(test, owners_are(a, 2, a));
	KUNIT_EXPECT_TRUE(test, owners_are(b, 2, b));
	buddy_set_owner(a + PAGE_SIZE, 1, NULL);
	lone_give_range(test, lone, a + PAGE_SIZE, 1);
	KUNIT_EXPECT_TRUE(test, owners_are(a, 1, a));
	KUNIT_EXPECT_TRUE(test, owners_are(a + PAGE_SIZE, 1, NULL));
	KUNIT_EXPECT_TRUE(test, owners_are(b, 2, b));
	/* The pool goes with both out. */
	pool_drop(test, lone->pool);
	KUNIT_EXPECT_TRUE(test, owners_are(a, 2, NULL));
	KUNIT_EXPECT_TRUE(test, owners_are(b, 2, NULL));
	KUNIT_EXPECT_TRUE(test, arenas_are(lone->base, 8, NULL));
}

/* Arenas smaller than a span share one: each comes and goes without the others. */
static void buddy_table_shared_span(struct kunit *test)
{
	enum { NR = 32 };
	struct buddy_arena **arenas = kunit_kcalloc(test, NR, sizeof(*arenas), GFP_KERNEL);
	unsigned int i, j, shared = 0;

	KUNIT_ASSERT_NOT_NULL(test, arenas);
	for (i = 0; i < NR; i++) {
		arenas[i] = buddy_arena_create(NULL, numa_mem_id(), i % 4, GFP_KERNEL);
		if (!arenas[i])
			break;
		buddy_set_owner(arenas[i]->base, 1UL << (i % 4), arenas[i]);
		for (j = 0; j < i; j++)
			shared += buddy_pfn(arenas[i]->base) >> BUDDY_SPAN_ORDER ==
				  buddy_pfn(arenas[j]->base) >> BUDDY_SPAN_ORDER;
	}
	KUNIT_EXPECT_EQ(test, i, NR);
	KUNIT_EXPECT_GT(test, shared, 0);
	/* First every other one, then the rest. */
	for (i = 0; i < NR; i++) {
		unsigned int gone = i < NR / 2 ? 2 * i : 2 * (i - NR / 2) + 1;
		void *base;

		if (!arenas[gone])
			continue;
		base = arenas[gone]->base;
		buddy_arena_destroy(arenas[gone]);
		arenas[gone] = NULL;
		KUNIT_EXPECT_TRUE(test, owners_are(base, 1UL << (gone % 4), NULL));
		KUNIT_EXPECT_TRUE(test, arenas_are(base, 1UL << (gone % 4), NULL));
		for (j = 0; j < NR; j++) {
			if (!arenas[j])
				continue;
			KUNIT_EXPECT_TRUE(test, owners_are(arenas[j]->base, 1UL << (j % 4),
							   arenas[j]));
			KUNIT_EXPECT_TRUE(test, arenas_are(arenas[j]->base, 1UL << (j % 4),
							   arenas[j]));
		}
	}
}

static void expect_nobody(struct kunit *test, const void *addr)
{
	rcu_read_lock();
	KUNIT_EXPECT_NULL_MSG(test, buddy_owner(addr), "owner of %lx", (long)addr);
	KUNIT_EXPECT_NULL_MSG(test, buddy_table_arena(addr), "arena of %lx", (long)addr);
	rcu_read_unlock();
}

/* Is what the table says of an address at least possible? */
static bool found_rightly(const void *addr)
{
	const struct buddy_arena *arena = buddy_table_arena(addr);

	if (!arena)
		return !buddy_owner(addr);
	return arena->order <= BUDDY_MAX_ORDER && addr >= arena->base &&
	       addr < arena->base + (PAGE_SIZE << arena->order);
}

/* Look-ups take any value whatever. */
static void buddy_table_foreign(struct kunit *test)
{
	unsigned long covered = buddy_table.nr_spans << (BUDDY_SPAN_ORDER + PAGE_SHIFT);
	const void *behind = (void *)(buddy_table.base + covered);
	void *object = kunit_kmalloc(test, 64, GFP_KERNEL), *mapped = vmalloc(PAGE_SIZE);
	unsigned int bit, i, wrong = 0;
	struct rnd_state rnd;
	int on_stack;

	for (bit = 0; bit < BITS_PER_LONG; bit++) {
		expect_nobody(test, (void *)BIT(bit));
		expect_nobody(test, (void *)~BIT(bit));
		expect_nobody(test, (void *)(BIT(bit) - 1));
		expect_nobody(test, (void *)-BIT(bit));
	}
	expect_nobody(test, object);
	expect_nobody(test, mapped);
	expect_nobody(test, &on_stack);
	expect_nobody(test, expect_nobody);
	expect_nobody(test, kfree);
	expect_nobody(test, buddy_table.owners);
	expect_nobody(test, buddy_table.leaves);
	for (i = 0; i < 4; i++) {
		expect_nobody(test, behind + pages_bytes(i));
		expect_nobody(test, (void *)buddy_table.base + pages_bytes(i));
		expect_nobody(test, (void *)buddy_table.base - 1 - pages_bytes(i));
	}
	vfree(mapped);

	/* Others may have arenas; what is found is one that the address lies in. */
	prandom_seed_state(&rnd, 1);
	rcu_read_lock();
	for (i = 0; i < 10000; i++) {
		u64 value = (u64)prandom_u32_state(&rnd) << 32 | prandom_u32_state(&rnd);

		wrong += !found_rightly((void *)(unsigned long)value);
		value = buddy_table.base + value % covered;
		wrong += !found_rightly((void *)(unsigned long)value);
	}
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* Whoever found an arena may look into its records to the end of the read section. */
static void buddy_table_readable_under_rcu(struct kunit *test)
{
	unsigned int order = order_of(test);
	struct buddy_arena *found, *arena = arena_make(test, order);
	bool same, owner_gone;
	void **owner, *base;

	if (!arena)
		return;
	base = arena->base;
	rcu_read_lock();
	found = buddy_table_arena(base);
	owner = buddy_owner_slot(buddy_table.owners[buddy_pfn(base) >> BUDDY_SPAN_ORDER],
				 buddy_pfn(base));
	buddy_set_owner(base, 1UL << order, test);
	buddy_arena_destroy(arena);
	/* KASAN sees it if either is gone. */
	same = found && READ_ONCE(found->order) == order && READ_ONCE(found->base) == base;
	owner_gone = READ_ONCE(*owner) == buddy_table.null_owner;
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, same);
	KUNIT_EXPECT_TRUE(test, owner_gone);
}

/* What stands behind a page in the next test; freed as records are, after a grace period. */
struct stand_in {
	struct rcu_head rcu;
	const void *self;
};

struct looker {
	struct completion done;
	struct task_struct *task;
	void *where[8];
	unsigned long hits, wrong;
	bool stop;
};

static int looker_thread(void *data)
{
	struct looker *looker = data;
	unsigned int i = 0;

	while (!READ_ONCE(looker->stop)) {
		const void *addr = READ_ONCE(looker->where[i++ % ARRAY_SIZE(looker->where)]);
		const struct buddy_arena *arena;
		const struct stand_in *owner;

		rcu_read_lock();
		owner = buddy_owner(addr);
		if (owner) {
			looker->hits++;
			looker->wrong += READ_ONCE(owner->self) != owner;
		}
		arena = buddy_table_arena(addr);
		if (arena)
			looker->wrong += arena->order > BUDDY_MAX_ORDER || addr < arena->base ||
					 addr >= arena->base + (PAGE_SIZE << arena->order);
		rcu_read_unlock();
		cond_resched();
	}
	complete(&looker->done);
	return 0;
}

/* Arenas come and go, each with an owner, while another thread looks them up. */
static void come_and_go(struct kunit *test, struct looker *looker)
{
	const unsigned int rounds = KERNEL_CHECKS ? 500 : 5000;
	unsigned int i, order;

	for (i = 0; i < rounds; i++) {
		struct stand_in *owner = kmalloc(sizeof(*owner), GFP_KERNEL);
		struct buddy_arena *arena;

		order = i % 16 ? i % 4 : BUDDY_MAX_ORDER;
		arena = buddy_arena_create(NULL, numa_mem_id(), order, GFP_KERNEL);
		if (!owner || !arena) {
			KUNIT_FAIL(test, "out of memory");
			kfree(owner);
			if (arena)
				buddy_arena_destroy(arena);
			return;
		}
		owner->self = owner;
		WRITE_ONCE(looker->where[i % ARRAY_SIZE(looker->where)], arena->base);
		buddy_set_owner(arena->base, 1UL << order, owner);
		cond_resched();
		if (i % 2)
			buddy_set_owner(arena->base, 1UL << order, NULL);
		buddy_arena_destroy(arena);
		kfree_rcu(owner, rcu);
		/* Not more records on their way out than the guest has room for. */
		if (i % 256 == 255)
			rcu_barrier();
	}
}

static void buddy_table_concurrent(struct kunit *test)
{
	struct looker *looker = kunit_kzalloc(test, sizeof(*looker), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, looker);
	init_completion(&looker->done);
	looker->task = kthread_create(looker_thread, looker, "looker");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, looker->task);
	get_task_struct(looker->task);
	wake_up_process(looker->task);
	come_and_go(test, looker);
	WRITE_ONCE(looker->stop, true);
	wait_for_completion(&looker->done);
	kthread_stop(looker->task);
	put_task_struct(looker->task);
	KUNIT_EXPECT_EQ(test, looker->wrong, 0);
	kunit_info(test, "%lu look-ups found an owner\n", looker->hits);
}

/*
 * What loading the module rests on: a page's address leads to its frame on every node, and a
 * base that is none of the linear map, or a table that is too small, does not go unnoticed.
 */
static void buddy_table_base(struct kunit *test)
{
	struct buddy_table moved = buddy_table, small = buddy_table;
	int nid;

	moved.base += PAGE_SIZE;
	small.nr_spans = 0;
	for_each_node_state(nid, N_MEMORY) {
		struct page *page = alloc_pages_node(nid, GFP_KERNEL, 0);

		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_TRUE(test, buddy_table_finds(&buddy_table, page));
		KUNIT_EXPECT_FALSE(test, buddy_table_finds(&moved, page));
		KUNIT_EXPECT_FALSE(test, buddy_table_finds(&small, page));
		__free_page(page);
	}
}

static struct kunit_case buddy_table_cases[] = {
	KUNIT_CASE(buddy_table_base),
	KUNIT_CASE_PARAM(buddy_table_finds_arena, order_gen_params),
	KUNIT_CASE_PARAM(buddy_table_owner, order_gen_params),
	KUNIT_CASE(buddy_table_owner_in_pool),
	KUNIT_CASE(buddy_table_shared_span),
	KUNIT_CASE(buddy_table_foreign),
	KUNIT_CASE_PARAM(buddy_table_readable_under_rcu, order_gen_params),
	KUNIT_CASE(buddy_table_concurrent),
	{}
};

static struct kunit_suite buddy_table_suite = {
	.name = "dualtree_pool_table",
	.test_cases = buddy_table_cases,
};

kunit_test_suite(buddy_table_suite);

MODULE_DESCRIPTION("Tests of the page pool: from address to arena and owner");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
