// SPDX-License-Identifier: GPL-2.0
/* Cases of a pool: what is in its blocks, what it returns at its limit, and what packets hold. */
#include "../../buddy/check.h"
#include "../../buddy/pool.h"
#include "../../buddy/trim.h"
#include "../../dualtree/instance.h"
#include "ops.h"

/* A block is cleared if that is asked for, and else left as it was. */
static void blocks_are_cleared_on_request(void)
{
	struct buddy_pool_params params = { .nid = 0, .reserve = SZ_4M };
	struct buddy_pool *pool = buddy_pool_create("clear", &params);
	u8 *block, *again;

	host_assert(!IS_ERR(pool));
	block = buddy_pool_alloc(pool, 0, GFP_KERNEL | __GFP_ZERO);
	host_assert(block && !memchr_inv(block, 0, PAGE_SIZE));
	memset(block, 0x77, PAGE_SIZE);
	host_assert(!buddy_pool_free(pool, block, 0));
	again = buddy_pool_alloc(pool, 0, GFP_KERNEL);
	host_assert(again == block && !memchr_inv(again, 0x77, PAGE_SIZE));
	host_assert(!buddy_pool_free(pool, again, 0));
	buddy_pool_destroy(pool);
}

/*
 * At its limit a pool returns empty arenas that are too small for a request: a caller that cannot
 * sleep few of them. And a pool that is destroyed too early says so.
 */
static void arenas_too_small(void)
{
	struct buddy_pool_params params = { .nid = 0, .limit = 40 * PAGE_SIZE };
	struct buddy_pool *pool = buddy_pool_create("small", &params);
	unsigned long lines = host_lines;
	void *pages[40];
	unsigned int i;

	host_assert(!IS_ERR(pool));
	host_fail_above = 0;
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = buddy_pool_alloc(pool, 0, GFP_KERNEL);
	host_fail_above = UINT_MAX;
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		host_assert(pages[i] && !buddy_pool_free(pool, pages[i], 0));
	host_assert(!buddy_pool_alloc(pool, 5, GFP_ATOMIC));
	host_assert(buddy_pool_alloc(pool, 5, GFP_KERNEL));
	host_assert(buddy_pool_check(pool) && host_lines == lines);
	buddy_pool_destroy(pool);
	host_assert(host_lines > lines);
}

static void get_pages(void *block, unsigned int nr)
{
	while (nr--)
		get_page(virt_to_page(block) + nr);
}

static void put_pages(void *block, unsigned int nr)
{
	while (nr--)
		put_page(virt_to_page(block) + nr);
}

static size_t abandoned_after_trim(struct buddy_pool *pool)
{
	struct buddy_pool_stats stats;

	buddy_pool_trim(pool);
	host_assert(buddy_pool_check(pool));
	buddy_pool_get_stats(pool, &stats);
	return stats.abandoned_bytes;
}

/* Pages of the arenas whose pages packets hold. */
#define HELD_ARENA	256

static struct buddy_pool *create_held_pool(const char *name)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .arena_order = ilog2(HELD_ARENA),
	};
	struct buddy_pool *pool = buddy_pool_create(name, &params);

	host_assert(!IS_ERR(pool));
	return pool;
}

/* Arenas of which packets hold the first @nr pages, and the last @live ones are live. */
static void hold_pages(struct buddy_pool *pool, u8 **blocks, unsigned int arenas, unsigned int nr,
		       unsigned int live)
{
	unsigned int i;

	for (i = 0; i < arenas; i++) {
		blocks[i] = buddy_pool_alloc(pool, ilog2(HELD_ARENA), GFP_KERNEL);
		host_assert(blocks[i]);
		get_pages(blocks[i], nr);
		host_assert(buddy_pool_abandon(pool, blocks[i], HELD_ARENA - live) == nr);
	}
}

static void free_live(struct buddy_pool *pool, u8 **blocks, unsigned int arenas)
{
	while (arenas--)
		host_assert(!buddy_pool_free_range(pool, blocks[arenas] +
						   (HELD_ARENA - 1) * PAGE_SIZE, 1));
}

/*
 * One trim has all pages that packets have released, however many of each arena, and none that they
 * have not. The last page of each arena is live, so that the arena stays.
 */
static void released_pages(void)
{
	enum { ARENAS = 2, NR = 100, HELD = 3 };
	struct buddy_pool *pool = create_held_pool("released");
	u8 *blocks[ARENAS];

	hold_pages(pool, blocks, ARENAS, NR, 1);
	put_pages(blocks[0] + HELD * PAGE_SIZE, NR - HELD);
	host_assert(abandoned_after_trim(pool) == (NR + HELD) * PAGE_SIZE);
	put_pages(blocks[0], HELD);
	put_pages(blocks[1], NR);
	host_assert(!abandoned_after_trim(pool));
	free_live(pool, blocks, ARENAS);
	buddy_pool_destroy(pool);
}

/* Points in this hold of a lock, and in the longest. */
static unsigned long hold, hold_max;

static void count_hold(void)
{
	hold = host_now.locks ? hold + 1 : 0;
	hold_max = max(hold_max, hold);
	host_points = 1;
}

/* However many arenas have pages that packets hold, the lock is held for a look at one of them. */
static void held_one_by_one(void)
{
	enum { ARENAS = 8, NR = HELD_ARENA - 1 };
	struct buddy_pool *pool = create_held_pool("held");
	u8 *blocks[ARENAS];
	unsigned int i;

	hold_pages(pool, blocks, ARENAS, NR, 1);
	host_interrupt = count_hold;
	host_points = 1;
	buddy_pool_trim(pool);
	host_points = LONG_MAX;
	host_assert(hold_max >= NR && hold_max < 2 * HELD_ARENA);
	for (i = 0; i < ARENAS; i++)
		put_pages(blocks[i], NR);
	free_live(pool, blocks, ARENAS);
	host_assert(!abandoned_after_trim(pool));
	buddy_pool_destroy(pool);
}

/*
 * An arena goes though packets hold pages of it, and these are not counted as returned: under
 * pressure an empty one goes as well.
 */
static void held_pages_are_not_returned(void)
{
	struct buddy_pool *pool = create_held_pool("not returned");
	u8 *empty = buddy_pool_alloc(pool, ilog2(HELD_ARENA), GFP_KERNEL), *held;

	hold_pages(pool, &held, 1, HELD_ARENA - 1, 0);
	host_assert(empty && !buddy_pool_free(pool, empty, ilog2(HELD_ARENA)));
	host_assert(buddy_pool_trim(pool) == (1 + HELD_ARENA) * PAGE_SIZE);
	host_assert(buddy_pool_check(pool));
	put_pages(held, HELD_ARENA - 1);
	buddy_pool_destroy(pool);
}

/* What packets release later on is returned in time, though the pool is not called any more. */
static void released_in_time(void)
{
	struct buddy_pool_params params = { .nid = NUMA_NO_NODE };
	struct buddy_pool *pool = buddy_pool_create("later", &params);
	struct buddy_pool_stats stats;
	u8 *block;

	host_assert(!IS_ERR(pool));
	block = buddy_pool_alloc(pool, 2, GFP_KERNEL);
	host_assert(block);
	get_pages(block, 3);
	host_assert(buddy_pool_abandon(pool, block, 3) == 3);
	put_pages(block, 3);
	host_pass_time(60000);
	buddy_pool_get_stats(pool, &stats);
	host_assert(!stats.abandoned_bytes && stats.held_bytes);
	host_assert(!buddy_pool_free_range(pool, block + 3 * PAGE_SIZE, 1));
	buddy_pool_destroy(pool);
}

/*
 * Empty arenas that are too small for a reserve that lacks a block go once the refill has found
 * larger ones, though the pool is not called any more.
 */
static void small_arenas_go_after_refill(void)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .arena_order = 4,
		.reserve = 64 * PAGE_SIZE, .reserve_order = 4,
	};
	struct buddy_pool *pool = buddy_pool_create("refill", &params);
	struct buddy_pool_stats stats;
	void *block, *pages[8];
	unsigned int i;

	host_assert(!IS_ERR(pool));
	/* One block of four: the reserve is not low, and only the trim starts a refill. */
	block = buddy_pool_alloc(pool, 4, GFP_ATOMIC);
	host_assert(block);
	host_fail_above = 0;
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = buddy_pool_alloc(pool, 0, GFP_KERNEL);
		host_assert(pages[i]);
	}
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		host_assert(!buddy_pool_free(pool, pages[i], 0));
	host_fail_above = UINT_MAX;
	host_pass_time(3000);
	host_pass_time(10000);
	buddy_pool_get_stats(pool, &stats);
	host_assert(stats.held_bytes == (64 + 16) * PAGE_SIZE && buddy_pool_check(pool));
	host_assert(!buddy_pool_free(pool, block, 4));
	buddy_pool_destroy(pool);
}

/* Instances that are charged to one cgroup share its pool. */
static void pool_of_cgroup(void)
{
	const struct dualtree_params params = { .flags = DUALTREE_ACCOUNT };
	struct dualtree *first = dualtree_create("first", &params);
	struct dualtree *second = dualtree_create("second", &params);

	host_assert(!IS_ERR(first) && !IS_ERR(second));
	host_assert(first->pool && first->pool == second->pool);
	dualtree_destroy(first);
	host_assert(dualtree_alloc(second, 64, GFP_KERNEL));
	dualtree_destroy(second);
}

/* Memory is synced for a device that needs that, and for no other. */
static void synced_for_device(bool needs_sync)
{
	u64 mask = DMA_BIT_MASK(64);
	struct device dev = {
		.dma_mask = &mask, .max_mapping = SIZE_MAX, .offset = 1UL << 40,
		.needs_sync = needs_sync,
	};
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .dev = &dev, .dma_dir = DMA_FROM_DEVICE,
	};
	struct buddy_pool *pool = buddy_pool_create("synced", &params);
	struct dualtree *dt = dualtree_create("synced", &(struct dualtree_params){ .pool = pool });
	void *ptr;

	host_assert(!IS_ERR(pool) && !IS_ERR(dt));
	ptr = dualtree_alloc(dt, 1000, GFP_KERNEL);
	host_assert(ptr && dualtree_dma_addr(dt, ptr) == host_dma_addr(&dev, ptr));
	dualtree_dma_sync_for_cpu(dt, ptr + 10, 100);
	host_assert(dev.synced == (needs_sync ? 100 : 0));
	dualtree_dma_sync_for_device(dt, ptr + 500, 200);
	host_assert(dev.synced == (needs_sync ? 300 : 0));
	dualtree_destroy(dt);
	buddy_pool_destroy(pool);
	host_assert(!dev.refs && !dev.mapped);
}

void host_arena_cases(void)
{
	synced_for_device(false);
	synced_for_device(true);
	pool_of_cgroup();
	blocks_are_cleared_on_request();
	arenas_too_small();
	released_pages();
	held_one_by_one();
	held_pages_are_not_returned();
	released_in_time();
	small_arenas_go_after_refill();
}
