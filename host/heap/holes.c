// SPDX-License-Identifier: GPL-2.0
/*
 * An arena of which free pages went back to the kernel: when they go, what is left of it, and
 * another arena in the pages that went.
 */
#include <dualtree/fault.h>
#include "../../buddy/arena.h"
#include "../../buddy/check.h"
#include "../../buddy/pool.h"
#include "../../buddy/table.h"
#include "../../buddy/trim.h"
#include "ops.h"

/* Blocks of 256 KiB: 16 fill an arena. */
#define BLOCK_ORDER	6
#define BLOCK_BYTES	(PAGE_SIZE << BLOCK_ORDER)
#define ARENA_BLOCKS	16
#define ARENAS		4

/**
 * struct sparse - a pool with some arenas, a block of each of which is live
 * @pool: the pool
 * @live: these blocks; each is the first one of its arena
 */
struct sparse {
	struct buddy_pool *pool;
	u8 *live[ARENAS];
};

static struct buddy_pool_stats stats_of(struct buddy_pool *pool)
{
	struct buddy_pool_stats stats;

	host_assert(buddy_pool_check(pool));
	buddy_pool_get_stats(pool, &stats);
	return stats;
}

static void make_sparse(struct sparse *s, const struct buddy_pool_params *params)
{
	static u8 *blocks[ARENAS * ARENA_BLOCKS];
	unsigned int i, nr = 0;

	s->pool = buddy_pool_create("sparse", params);
	host_assert(!IS_ERR(s->pool));
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		blocks[i] = buddy_pool_alloc(s->pool, BLOCK_ORDER, GFP_KERNEL);
		host_assert(blocks[i]);
		memset(blocks[i], i, BLOCK_BYTES);
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		if (IS_ALIGNED((unsigned long)blocks[i], ARENA_BLOCKS * BLOCK_BYTES))
			s->live[nr++] = blocks[i];
		else
			host_assert(!buddy_pool_free(s->pool, blocks[i], BLOCK_ORDER));
	}
	host_assert(nr == ARENAS);
}

/* The first trim has seen that nothing was free; the second returns what was since. */
static void return_parts(struct sparse *s)
{
	struct buddy_pool_stats stats;
	size_t live = ARENAS * BLOCK_BYTES, all = ARENA_BLOCKS * live;

	host_assert(!buddy_pool_trim(s->pool));
	host_assert(buddy_pool_trim(s->pool) == all - live - BUDDY_KEEP_MIN);
	stats = stats_of(s->pool);
	host_assert(stats.free_bytes == BUDDY_KEEP_MIN);
	host_assert(stats.held_bytes == live + BUDDY_KEEP_MIN);
	host_assert(stats.returned_bytes == all - live - BUDDY_KEEP_MIN && stats.arenas == ARENAS);
	host_assert(!buddy_pool_trim(s->pool));
	/* Under pressure the rest goes, too. */
	host_shrink(false);
	stats = stats_of(s->pool);
	host_assert(!stats.free_bytes && stats.held_bytes == live);
}

static void check_sparse(struct sparse *s)
{
	unsigned int i;
	u8 *gone;

	for (i = 0; i < ARENAS; i++) {
		gone = s->live[i] + (ARENA_BLOCKS - 1) * BLOCK_BYTES;
		host_assert(!memchr_inv(s->live[i], *s->live[i], BLOCK_BYTES));
		host_assert(!buddy_owner(gone));
		host_assert(buddy_pool_free(s->pool, gone, BLOCK_ORDER) == -EINVAL);
		host_assert(buddy_pool_free_range(s->pool, gone, 1) == -EINVAL);
		/* What is live, and a page more. */
		host_assert(buddy_pool_free_range(s->pool, s->live[i], (1 << BLOCK_ORDER) + 1) ==
			    -EINVAL);
	}
}

/* Free what is live: of each arena the rest goes as well. */
static void drain_sparse(struct sparse *s)
{
	unsigned int i;

	for (i = 0; i < ARENAS; i++) {
		host_assert(s->pool->nr_arenas == ARENAS - i);
		host_assert(!buddy_pool_free(s->pool, s->live[i], BLOCK_ORDER));
		host_assert(buddy_pool_trim(s->pool) == BLOCK_BYTES);
		host_assert(!buddy_table_arena(s->live[i]));
	}
	host_assert(!stats_of(s->pool).held_bytes && !stats_of(s->pool).returned_bytes);
	buddy_pool_destroy(s->pool);
}

/* A drained arena is used again before the trim sees it: then it is not drained any more. */
static void drained_used_again(struct sparse *s)
{
	host_assert(!buddy_pool_free(s->pool, s->live[0], BLOCK_ORDER));
	s->live[0] = buddy_pool_alloc(s->pool, BLOCK_ORDER, GFP_KERNEL);
	host_assert(s->live[0] && s->pool->nr_arenas == ARENAS);
	memset(s->live[0], 1, BLOCK_BYTES);
	host_assert(!buddy_pool_trim(s->pool) && buddy_pool_check(s->pool));
}

/* At the limit a drained arena makes room for another. */
static void limit_of_drained(void)
{
	struct buddy_pool_params params = { .nid = 0, .limit = ARENA_BLOCKS * BLOCK_BYTES };
	struct buddy_pool *pool = buddy_pool_create("at the limit", &params);
	u8 *arena = buddy_pool_alloc(pool, 10, GFP_KERNEL), *page = arena + 100 * PAGE_SIZE;

	host_assert(arena && !buddy_pool_free_range(pool, arena, 100));
	host_assert(!buddy_pool_free_range(pool, page + PAGE_SIZE, 1023 - 100));
	buddy_pool_trim(pool);
	buddy_pool_trim(pool);
	host_assert(stats_of(pool).returned_bytes && stats_of(pool).free_bytes);
	host_assert(!buddy_pool_alloc(pool, 10, GFP_KERNEL));
	host_assert(!buddy_pool_free_range(pool, page, 1));
	host_assert(!buddy_pool_alloc(pool, 10, GFP_ATOMIC));
	arena = buddy_pool_alloc(pool, 10, GFP_KERNEL);
	host_assert(arena && !stats_of(pool).returned_bytes);
	host_assert(!buddy_pool_free(pool, arena, 10));
	buddy_pool_destroy(pool);
}

static bool in_sparse(const struct sparse *s, const u8 *block)
{
	unsigned int i;

	for (i = 0; i < ARENAS; i++)
		if (block > s->live[i] && block < s->live[i] + ARENA_BLOCKS * BLOCK_BYTES)
			return true;
	return false;
}

/* Take blocks of a pool until one is in what was returned. Those before it are freed. */
static u8 *alloc_in_hole(struct buddy_pool *pool, const struct sparse *s)
{
	static u8 *blocks[HOST_PAGES >> BLOCK_ORDER];
	unsigned int nr = 0;
	u8 *block;

	/* The host's allocator searches from the start again. */
	host_memory_reset();
	while ((block = buddy_pool_alloc(pool, BLOCK_ORDER, GFP_KERNEL)) && !in_sparse(s, block))
		blocks[nr++] = block;
	host_assert(block);
	while (nr)
		host_assert(!buddy_pool_free(pool, blocks[--nr], BLOCK_ORDER));
	return block;
}

/* Another pool has an arena in what was returned; one of the two pools goes before the other. */
static void arena_in_hole(bool sparse_first)
{
	struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .arena_order = BLOCK_ORDER };
	struct buddy_pool *other = buddy_pool_create("in a hole", &params);
	struct sparse s;
	u8 *block;

	make_sparse(&s, NULL);
	return_parts(&s);
	block = alloc_in_hole(other, &s);
	buddy_set_owner(block, 1 << BLOCK_ORDER, other);
	check_sparse(&s);
	host_assert(buddy_table_arena(block)->pool == other);
	host_assert(buddy_table_arena(s.live[0])->pool == s.pool);
	drained_used_again(&s);
	if (sparse_first)
		drain_sparse(&s);
	host_assert(buddy_owner(block) == other && buddy_table_arena(block)->pool == other);
	buddy_set_owner(block, 1 << BLOCK_ORDER, NULL);
	host_assert(!buddy_pool_free(other, block, BLOCK_ORDER));
	buddy_pool_destroy(other);
	host_assert(!buddy_table_arena(block));
	if (!sparse_first) {
		check_sparse(&s);
		drain_sparse(&s);
	}
}

static void free_live(struct sparse *s)
{
	unsigned int i;

	for (i = 0; i < ARENAS; i++)
		host_assert(!buddy_pool_free(s->pool, s->live[i], BLOCK_ORDER));
	buddy_pool_destroy(s->pool);
}

/* The device reaches all of an arena. */
static void of_device(void)
{
	u64 mask = DMA_BIT_MASK(64);
	struct device dev = { .dma_mask = &mask, .max_mapping = SIZE_MAX };
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .dev = &dev, .dma_dir = DMA_FROM_DEVICE,
	};
	struct sparse s;

	make_sparse(&s, &params);
	buddy_pool_trim(s.pool);
	host_assert(!buddy_pool_trim(s.pool));
	host_shrink(false);
	host_assert(stats_of(s.pool).free_bytes == ARENAS * (ARENA_BLOCKS - 1) * BLOCK_BYTES);
	free_live(&s);
}

/* All of the reserve stays, and its blocks: they are as large as all that the pool handed out. */
static void of_reserve(void)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .reserve_order = BLOCK_ORDER, .limit = ARENAS * SZ_4M,
		.reserve = 3 * BLOCK_BYTES + PAGE_SIZE,
	};
	struct buddy_pool_stats stats;
	struct sparse s;

	make_sparse(&s, &params);
	host_shrink(false);
	stats = stats_of(s.pool);
	host_assert(stats.returned_bytes && stats.free_bytes >= params.reserve);
	host_assert(stats.free_bytes < params.reserve + BLOCK_BYTES);
	dualtree_fail_every(1);
	host_assert(buddy_pool_alloc(s.pool, BLOCK_ORDER, GFP_ATOMIC));
	host_assert(buddy_pool_alloc(s.pool, BLOCK_ORDER, GFP_ATOMIC));
	host_assert(buddy_pool_alloc(s.pool, BLOCK_ORDER, GFP_ATOMIC));
	host_assert(buddy_pool_alloc(s.pool, 0, GFP_ATOMIC));
	dualtree_fail_every(0);
	/* The pool goes with these. */
	free_live(&s);
}

static unsigned long free_blocks(const struct buddy_pool *pool)
{
	unsigned long nr = 0;
	unsigned int order;

	for (order = BLOCK_ORDER; order < BUDDY_NR_ORDERS; order++)
		nr += pool->lists.nr_free[order] << (order - BLOCK_ORDER);
	return nr;
}

/* Free every second page of a block. */
static void free_half(struct buddy_pool *pool, u8 *block)
{
	unsigned int page;

	for (page = 0; page < 1 << BLOCK_ORDER; page += 2)
		host_assert(!buddy_pool_free_range(pool, block + page * PAGE_SIZE, 1));
}

/*
 * Most that is free lies in single pages, so the blocks that are free are all that the reserve has:
 * however much could go, of a block of eight no more does than four.
 */
static void of_reserve_in_pages(void)
{
	enum { NR = 8 };
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .reserve_order = BLOCK_ORDER, .reserve = NR * BLOCK_BYTES,
	};
	struct sparse s;
	unsigned int i;

	make_sparse(&s, &params);
	while (free_blocks(s.pool) >= ARENA_BLOCKS)
		free_half(s.pool, buddy_pool_alloc(s.pool, BLOCK_ORDER, GFP_ATOMIC));
	host_shrink(false);
	host_assert(stats_of(s.pool).returned_bytes);
	dualtree_fail_every(1);
	for (i = 0; i < NR; i++)
		host_assert(buddy_pool_alloc(s.pool, BLOCK_ORDER, GFP_ATOMIC));
	dualtree_fail_every(0);
	free_live(&s);
}

/* Much is free in single pages, and less in blocks: what stays is in blocks. */
static void keeps_blocks(void)
{
	unsigned int i;
	struct sparse s;

	make_sparse(&s, NULL);
	while (free_blocks(s.pool) > BUDDY_KEEP_MIN / BLOCK_BYTES + 1)
		free_half(s.pool, buddy_pool_alloc(s.pool, BLOCK_ORDER, GFP_KERNEL));
	buddy_pool_trim(s.pool);
	buddy_pool_trim(s.pool);
	host_assert(stats_of(s.pool).free_bytes == BUDDY_KEEP_MIN);
	dualtree_fail_every(1);
	for (i = 0; i < BUDDY_KEEP_MIN / BLOCK_BYTES; i++)
		host_assert(buddy_pool_alloc(s.pool, BLOCK_ORDER, GFP_KERNEL));
	dualtree_fail_every(0);
	free_live(&s);
}

/* Some of what is free was used in between: that stays. */
static void used_in_between(void)
{
	enum { NR = 20 };
	size_t all = ARENAS * (ARENA_BLOCKS - 1) * BLOCK_BYTES;
	u8 *blocks[NR];
	struct sparse s;
	unsigned int i;

	make_sparse(&s, NULL);
	host_assert(!buddy_pool_trim(s.pool));
	for (i = 0; i < NR; i++)
		blocks[i] = buddy_pool_alloc(s.pool, BLOCK_ORDER, GFP_KERNEL);
	for (i = 0; i < NR; i++)
		host_assert(!buddy_pool_free(s.pool, blocks[i], BLOCK_ORDER));
	host_assert(buddy_pool_trim(s.pool) == all - NR * BLOCK_BYTES - BUDDY_KEEP_MIN);
	free_live(&s);
}

/* What is free is more than the low mark, but not than the high one. */
static void between_marks(void)
{
	struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .arena_order = 8 };
	struct buddy_pool *pool = buddy_pool_create("between the marks", &params);
	u8 *blocks[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		blocks[i] = buddy_pool_alloc(pool, BLOCK_ORDER, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		if (!IS_ALIGNED((unsigned long)blocks[i], PAGE_SIZE << 8))
			host_assert(!buddy_pool_free(pool, blocks[i], BLOCK_ORDER));
	host_assert(stats_of(pool).free_bytes == 6 * BLOCK_BYTES);
	buddy_pool_trim(pool);
	host_assert(!buddy_pool_trim(pool) && !stats_of(pool).returned_bytes);
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		if (IS_ALIGNED((unsigned long)blocks[i], PAGE_SIZE << 8))
			host_assert(!buddy_pool_free(pool, blocks[i], BLOCK_ORDER));
	buddy_pool_destroy(pool);
}

void host_hole_cases(void)
{
	limit_of_drained();
	between_marks();
	of_device();
	of_reserve();
	of_reserve_in_pages();
	keeps_blocks();
	used_in_between();
	arena_in_hole(false);
	arena_in_hole(true);
}
