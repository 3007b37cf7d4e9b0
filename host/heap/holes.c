// SPDX-License-Identifier: GPL-2.0
/*
 * An arena of which free pages went back to the kernel: when they go, what is left of it, and
 * another arena in the pages that went.
 */
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

static void make_sparse(struct sparse *s)
{
	static u8 *blocks[ARENAS * ARENA_BLOCKS];
	unsigned int i, nr = 0;

	s->pool = buddy_pool_create("sparse", NULL);
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
	host_assert(nr == ARENAS && s->pool->nr_arenas == ARENAS);
}

/* The first look begins a window; the second returns what was free all through it. */
static void return_parts(struct sparse *s)
{
	struct buddy_pool_stats stats;
	size_t all = ARENAS * ARENA_BLOCKS * BLOCK_BYTES, live = ARENAS * BLOCK_BYTES;

	host_assert(!buddy_pool_trim(s->pool));
	host_assert(buddy_pool_trim(s->pool) == all - live - SZ_1M);
	stats = stats_of(s->pool);
	host_assert(stats.free_bytes == SZ_1M && stats.held_bytes == live + SZ_1M);
	host_assert(stats.returned_bytes == all - live - SZ_1M && stats.arenas == ARENAS);
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

	make_sparse(&s);
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

void host_hole_cases(void)
{
	arena_in_hole(false);
	arena_in_hole(true);
}
