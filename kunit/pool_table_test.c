// SPDX-License-Identifier: GPL-2.0
/*
 * The table from address to arena and owner: every page of an arena is found, no other
 * address is, whatever it may be, and what has been found stays readable under RCU.
 */
#include <dualtree/fault.h>
#include <linux/memory.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "../buddy/arena.h"
#include "../buddy/sparse.h"
#include "../buddy/table.h"
#include "fixtures/one_arena.h"
#include "fixtures/orders.h"
#include "fixtures/random.h"
#include "fixtures/scale.h"

static bool owners_are(void *block, unsigned long nr_pages, void *owner)
{
	unsigned long i;
	bool same = true;

	rcu_read_lock();
	for (i = 0; i < nr_pages; i++) {
		void *page = block + pages_bytes(i);

		/* Any byte of the page. */
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
		KUNIT_EXPECT_TRUE(test, dt_block_aligned(arena->base, order));
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

/* Every page of a block has the owner, no adjacent page has, and none after it is reset. */
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
	/* An owner that is not reset goes with the arena. */
	buddy_set_owner(base, pages, test);
	KUNIT_EXPECT_TRUE(test, owners_are(base, pages, test));
	buddy_arena_destroy(arena);
	KUNIT_EXPECT_TRUE(test, owners_are(base, pages, NULL));
}

/* A block's owner does not change when adjacent blocks are allocated and freed. */
static void buddy_table_owner_in_pool(struct kunit *test)
{
	struct one_arena *one = dt_one_arena(test, 3);
	void *a = dt_one_alloc(one, 1), *b = dt_one_alloc(one, 1);

	buddy_set_owner(a, 2, a);
	buddy_set_owner(b, 2, b);
	dt_one_free_range(one, dt_one_alloc(one, 2), 4);
	KUNIT_EXPECT_TRUE(test, owners_are(a, 2, a));
	KUNIT_EXPECT_TRUE(test, owners_are(b, 2, b));
	buddy_set_owner(a + PAGE_SIZE, 1, NULL);
	dt_one_free_range(one, a + PAGE_SIZE, 1);
	KUNIT_EXPECT_TRUE(test, owners_are(a, 1, a));
	KUNIT_EXPECT_TRUE(test, owners_are(a + PAGE_SIZE, 1, NULL));
	KUNIT_EXPECT_TRUE(test, owners_are(b, 2, b));
	/* The pool goes with both out. */
	dt_test_pool_destroy(test, one->pool);
	KUNIT_EXPECT_TRUE(test, owners_are(a, 2, NULL));
	KUNIT_EXPECT_TRUE(test, owners_are(b, 2, NULL));
	KUNIT_EXPECT_TRUE(test, arenas_are(one->base, 8, NULL));
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

static void expect_no_owner(struct kunit *test, const void *addr)
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

/* Lookups accept any value. */
static void buddy_table_foreign(struct kunit *test)
{
	unsigned long covered = buddy_table.nr_spans << (BUDDY_SPAN_ORDER + PAGE_SHIFT);
	const void *end = (void *)(buddy_table.base + covered);
	void *object = kunit_kmalloc(test, 64, GFP_KERNEL), *mapped = vmalloc(PAGE_SIZE);
	unsigned int bit, i, wrong = 0;
	struct rnd_state rnd;
	int on_stack;

	for (bit = 0; bit < BITS_PER_LONG; bit++) {
		expect_no_owner(test, (void *)BIT(bit));
		expect_no_owner(test, (void *)~BIT(bit));
		expect_no_owner(test, (void *)(BIT(bit) - 1));
		expect_no_owner(test, (void *)-BIT(bit));
	}
	expect_no_owner(test, object);
	expect_no_owner(test, mapped);
	expect_no_owner(test, &on_stack);
	expect_no_owner(test, expect_no_owner);
	expect_no_owner(test, kfree);
	expect_no_owner(test, buddy_table.owners);
	expect_no_owner(test, buddy_table.leaves);
	for (i = 0; i < 4; i++) {
		expect_no_owner(test, end + pages_bytes(i));
		expect_no_owner(test, (void *)buddy_table.base + pages_bytes(i));
		expect_no_owner(test, (void *)buddy_table.base - 1 - pages_bytes(i));
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

/* An arena that was found stays readable to the end of the RCU read section. */
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
	owner = buddy_table.owners[buddy_pfn(base) >> BUDDY_SPAN_ORDER] +
		buddy_pfn(base) % BUDDY_SPAN_PAGES;
	buddy_set_owner(base, 1UL << order, test);
	buddy_arena_destroy(arena);
	/* KASAN sees it if either is gone. */
	same = found && READ_ONCE(found->order) == order && READ_ONCE(found->base) == base;
	owner_gone = READ_ONCE(*owner) == buddy_table.null_owner;
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, same);
	KUNIT_EXPECT_TRUE(test, owner_gone);
}

/* The owner of pages in the next case; freed after a grace period, as records are. */
struct test_owner {
	struct rcu_head rcu;
	const void *self;
};

struct lookup_thread {
	struct work_struct work;
	void *where[8];
	unsigned long hits, wrong;
	bool stop;
};

static void look_up(struct work_struct *work)
{
	struct lookup_thread *thread = container_of(work, struct lookup_thread, work);
	unsigned int i = 0;

	while (!READ_ONCE(thread->stop)) {
		const void *addr = READ_ONCE(thread->where[i++ % ARRAY_SIZE(thread->where)]);
		const struct buddy_arena *arena;
		const struct test_owner *owner;

		rcu_read_lock();
		owner = buddy_owner(addr);
		if (owner) {
			thread->hits++;
			thread->wrong += READ_ONCE(owner->self) != owner;
		}
		arena = buddy_table_arena(addr);
		if (arena)
			thread->wrong += arena->order > BUDDY_MAX_ORDER || addr < arena->base ||
					 addr >= arena->base + (PAGE_SIZE << arena->order);
		rcu_read_unlock();
		cond_resched();
	}
}

/* Arenas come and go, each with an owner, while another thread looks them up. */
static void churn(struct kunit *test, struct lookup_thread *thread)
{
	const unsigned int rounds = SLOW_KERNEL ? 500 : 5000;
	unsigned int i, order;

	for (i = 0; i < rounds; i++) {
		struct test_owner *owner = kmalloc(sizeof(*owner), GFP_KERNEL);
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
		WRITE_ONCE(thread->where[i % ARRAY_SIZE(thread->where)], arena->base);
		buddy_set_owner(arena->base, 1UL << order, owner);
		cond_resched();
		if (i % 2)
			buddy_set_owner(arena->base, 1UL << order, NULL);
		buddy_arena_destroy(arena);
		kfree_rcu(owner, rcu);
		/* Bounds the records that wait for a grace period. */
		if (i % 256 == 255)
			rcu_barrier();
	}
}

static void buddy_table_concurrent(struct kunit *test)
{
	struct lookup_thread *thread = dt_test_zalloc(test, sizeof(*thread));

	INIT_WORK(&thread->work, look_up);
	queue_work(system_dfl_wq, &thread->work);
	churn(test, thread);
	WRITE_ONCE(thread->stop, true);
	flush_work(&thread->work);
	KUNIT_EXPECT_EQ(test, thread->wrong, 0);
	kunit_info(test, "%lu lookups found an owner\n", thread->hits);
}

/*
 * What loading the module relies on: a page's address leads to its frame on every node, and a base
 * outside of the linear map, or a table that is too small, is found.
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

/* Sparse arrays */

/* An index far away: the span of 2^45, where the memory of a node begins on some machines. */
#define FAR	((1ULL << 45) >> (PAGE_SHIFT + BUDDY_SPAN_ORDER))

static unsigned long own_blocks(const struct buddy_sparse *sparse)
{
	unsigned long i, nr = 0;

	for (i = 0; i < sparse->nr_blocks; i++)
		nr += sparse->blocks[i] != sparse->hole;
	return nr;
}

static bool all_empty(const struct buddy_sparse *sparse, const void *empty)
{
	unsigned long i;

	for (i = 0; i < buddy_sparse_length(sparse); i += BUDDY_SPARSE_BLOCK / 4)
		if (sparse->at[i] != empty)
			return false;
	return sparse->at[buddy_sparse_length(sparse) - 1] == empty;
}

/* Entries far away cost the memory of those entries, and all that lie below can be read. */
static void buddy_table_sparse(struct kunit *test)
{
	struct buddy_sparse none, far, both;
	int empty, value;

	if (BITS_PER_LONG < 64)
		kunit_skip(test, "no address is so large");
	KUNIT_ASSERT_EQ(test, buddy_sparse_init(&none, &empty), 0);
	KUNIT_EXPECT_FALSE(test, buddy_sparse_has(&none, 0));
	KUNIT_ASSERT_EQ(test, buddy_sparse_grow(&far, &none, FAR, FAR + 10), 0);
	KUNIT_EXPECT_EQ(test, own_blocks(&far), 1);
	KUNIT_EXPECT_TRUE(test, all_empty(&far, &empty));
	KUNIT_EXPECT_TRUE(test, buddy_sparse_has(&far, FAR));
	KUNIT_EXPECT_TRUE(test, buddy_sparse_has(&far, FAR + 9));
	KUNIT_EXPECT_FALSE(test, buddy_sparse_has(&far, FAR - 1));
	KUNIT_EXPECT_FALSE(test, buddy_sparse_has(&far, 0));
	KUNIT_EXPECT_FALSE(test, buddy_sparse_has(&far, buddy_sparse_length(&far)));
	buddy_sparse_replaced(&none);

	/* What is written is seen in what replaces it, and in what was replaced. */
	far.at[FAR] = &value;
	KUNIT_ASSERT_EQ(test, buddy_sparse_grow(&both, &far, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, own_blocks(&both), 2);
	KUNIT_EXPECT_PTR_EQ(test, both.at[FAR], (void *)&value);
	both.at[FAR + 1] = &value;
	KUNIT_EXPECT_PTR_EQ(test, far.at[FAR + 1], (void *)&value);
	both.at[0] = &value;
	KUNIT_EXPECT_PTR_EQ(test, far.at[0], (void *)&empty);
	KUNIT_EXPECT_PTR_EQ(test, both.at[BUDDY_SPARSE_BLOCK], (void *)&empty);
	buddy_sparse_replaced(&far);
	buddy_sparse_free(&both);
}

/* Without memory for it an array stays as it was. */
static void buddy_table_sparse_oom(struct kunit *test)
{
	struct buddy_sparse none, one, more;
	unsigned int every;
	int empty;

	KUNIT_ASSERT_EQ(test, buddy_sparse_init(&none, &empty), 0);
	KUNIT_ASSERT_EQ(test, buddy_sparse_grow(&one, &none, 0, 1), 0);
	buddy_sparse_replaced(&none);
	/* The first block of three fails, the second, the third. */
	for (every = 1; every <= 3; every++) {
		dualtree_fail_every(every);
		KUNIT_EXPECT_EQ(test, buddy_sparse_grow(&more, &one, 0, 4 * BUDDY_SPARSE_BLOCK),
				-ENOMEM);
		dualtree_fail_every(0);
		KUNIT_EXPECT_EQ(test, own_blocks(&one), 1);
	}
	KUNIT_EXPECT_EQ(test, buddy_sparse_grow(&more, &one, 0, 4 * BUDDY_SPARSE_BLOCK), 0);
	KUNIT_EXPECT_EQ(test, own_blocks(&more), 4);
	buddy_sparse_undo(&more, &one);
	KUNIT_EXPECT_PTR_EQ(test, one.at[0], (void *)&empty);
	buddy_sparse_free(&one);
}

/* Memory is plugged in whether the table can grow for it or not, and refused until it has. */
static void buddy_table_hotplug(struct kunit *test)
{
	unsigned long end = buddy_table.nr_spans;
	struct buddy_arena arena = {
		.base = (void *)buddy_table.base + (end << (BUDDY_SPAN_ORDER + PAGE_SHIFT)),
	};
	struct memory_notify memory = {
		.start_pfn = end << BUDDY_SPAN_ORDER, .nr_pages = BUDDY_SPAN_PAGES,
	};

	dualtree_fail_every(1);
	KUNIT_EXPECT_EQ(test, buddy_table_memory_event(NULL, MEM_GOING_ONLINE, &memory), NOTIFY_OK);
	dualtree_fail_every(0);
	KUNIT_EXPECT_EQ(test, buddy_table.nr_spans, end);
	KUNIT_EXPECT_EQ(test, buddy_table_add(&arena, GFP_KERNEL), -ERANGE);
	expect_no_owner(test, arena.base);

	KUNIT_EXPECT_EQ(test, buddy_table_memory_event(NULL, MEM_GOING_ONLINE, &memory), NOTIFY_OK);
	KUNIT_EXPECT_GT(test, buddy_table.nr_spans, end);
	KUNIT_ASSERT_EQ(test, buddy_table_add(&arena, GFP_KERNEL), 0);
	KUNIT_EXPECT_TRUE(test, arenas_are(arena.base, 1, &arena));
	buddy_table_remove(&arena);
	synchronize_rcu();
	expect_no_owner(test, arena.base);
}

static void faults_end(struct kunit *test)
{
	dualtree_fail_every(0);
}

static struct kunit_case pool_table_cases[] = {
	KUNIT_CASE(buddy_table_base),
	KUNIT_CASE_PARAM(buddy_table_finds_arena, order_gen_params),
	KUNIT_CASE_PARAM(buddy_table_owner, order_gen_params),
	KUNIT_CASE(buddy_table_owner_in_pool),
	KUNIT_CASE(buddy_table_shared_span),
	KUNIT_CASE(buddy_table_foreign),
	KUNIT_CASE_PARAM(buddy_table_readable_under_rcu, order_gen_params),
	KUNIT_CASE(buddy_table_concurrent),
	KUNIT_CASE(buddy_table_sparse),
	KUNIT_CASE(buddy_table_sparse_oom),
	KUNIT_CASE(buddy_table_hotplug),
	{}
};

DUALTREE_SUITE(pool_table, "the page pool: from address to arena and owner", .exit = faults_end);
