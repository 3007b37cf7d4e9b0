// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of damage: a link or a node in free memory is overwritten, and a call comes upon it. All
 * that is free is found again.
 */
#include "../../dualtree/cache.h"
#include "../../dualtree/check.h"
#include "../../dualtree/heap.h"
#include "../../dualtree/section.h"
#include "ops.h"

/* Pieces of a case, one after the other, all of one size. */
#define PIECES		9U
#define PIECE		(4U * DT_GRANULE)

/* The first piece of an instance whose pieces 1, 3, 5 and 7 were freed: 5, 3 and 1 are listed. */
u8 *host_listed_pieces(struct dualtree *dt)
{
	u8 *first = NULL, *ptr;
	unsigned int i;

	for (i = 0; i < PIECES; i++) {
		ptr = dualtree_alloc(dt, PIECE, GFP_KERNEL);
		first = first ?: ptr;
		host_assert(ptr && ptr == first + i * PIECE);
	}
	for (i = 1; i < PIECES; i += 2)
		host_assert(!dualtree_free(dt, first + i * PIECE, PIECE));
	host_assert(dt_cache_listed(heap_of_cpu(dt, 0)) == 3 * 4);
	return first;
}

/*
 * The link of one block of a quick list leads to @to, or to that piece, and the next one is to
 * leave the list, since what lies before it grows. If @to is no block the link must not be
 * followed; if it is the block itself the walk ends. All that was listed is found again, with one
 * report. Without damage only that block leaves.
 */
static void unlinked_block(bool damaged, unsigned long to)
{
	struct dualtree *dt = dualtree_create("unlinked", NULL);
	struct dualtree_stats stats;
	struct dt_heap *heap;
	u8 *first;

	host_assert(!IS_ERR(dt));
	first = host_listed_pieces(dt);
	heap = heap_of_cpu(dt, 0);
	if (to < PIECES)
		to = (unsigned long)(first + to * PIECE);
	if (damaged)
		host_scribble(first + 5 * PIECE, to, 8);
	host_assert(dualtree_extend(dt, first + 2 * PIECE, PIECE, 2 * PIECE));
	host_assert(!host_init_on_free || !memchr_inv(first + 2 * PIECE, 0, 2 * PIECE));
	host_assert(dt_cache_listed(heap) == (damaged ? 0 : 2 * 4));
	host_assert(dualtree_check(dt));
	dualtree_get_stats(dt, &stats);
	host_assert(stats.damaged == damaged);
	dualtree_destroy(dt);
}

/* A block is taken off a list, whose damaged link is the first one then: it is not followed. */
static void link_to_first_block(void)
{
	struct dualtree *dt = dualtree_create("first", NULL);
	struct dualtree_stats stats;
	u8 *first, *ptr;

	host_assert(!IS_ERR(dt));
	first = host_listed_pieces(dt);
	host_scribble(first + 5 * PIECE, (unsigned long)first, 8);
	host_assert(dualtree_alloc(dt, PIECE, GFP_KERNEL) == first + 7 * PIECE);
	host_assert(dualtree_alloc(dt, PIECE, GFP_KERNEL) == first + 5 * PIECE);
	/* What is live at the start of the region was not handed out again. */
	ptr = dualtree_alloc(dt, PIECE, GFP_KERNEL);
	host_assert(ptr == first + PIECE && !dt_cache_listed(heap_of_cpu(dt, 0)));
	dualtree_get_stats(dt, &stats);
	host_assert(stats.damaged == 1 && dualtree_check(dt));
	dualtree_destroy(dt);
}

/*
 * The blocks of a list lie in a region that has begun to drain, and a lower one has room. The link
 * of the first block is damaged: that block goes to the trees, the link is not followed, and what
 * else was listed is found again. The request gets memory of the lower region.
 */
static void stale_block(bool damaged)
{
	const unsigned int order = get_order(2 * SZ_64K);
	struct buddy_pool_params pool_params = { .nid = 0 };
	struct buddy_pool *pool = buddy_pool_create("stale", &pool_params);
	const struct dualtree_params params = {
		.pool = pool, .min_region_order = order, .max_region_order = order,
	};
	struct dualtree *dt = dualtree_create("stale", &params);
	u8 *low, *first, *rest, *ptr;
	struct dualtree_stats stats;
	struct dt_heap *heap;

	host_assert(!IS_ERR(pool) && !IS_ERR(dt));
	low = dualtree_alloc(dt, 2 * SZ_64K, GFP_KERNEL);
	first = host_listed_pieces(dt);
	rest = dualtree_alloc(dt, SZ_64K, GFP_KERNEL);
	host_assert(low && rest > first && first > low);
	host_assert(!dualtree_free(dt, low, SZ_64K) && !dualtree_free(dt, rest, SZ_64K));
	/* Of no list: what is hot goes to the trees. */
	host_assert(dualtree_alloc(dt, SZ_16K, GFP_KERNEL) == low);
	heap = heap_of_cpu(dt, 0);
	if (damaged)
		host_scribble((u8 *)heap->quick->lists[PIECE / DT_GRANULE - 1].first, 0x10, 8);
	ptr = dualtree_alloc(dt, PIECE, GFP_KERNEL);
	host_assert(ptr == low + SZ_16K && !dt_cache_listed(heap) && dualtree_check(dt));
	host_assert(!host_init_on_free || !memchr_inv(ptr, 0, PIECE));
	dualtree_get_stats(dt, &stats);
	host_assert(stats.damaged == damaged);
	dualtree_destroy(dt);
	buddy_pool_destroy(pool);
}

/*
 * A list has blocks of two regions, and the link of one leads to another one, or to itself: all are
 * blocks of the list. One region becomes empty then. The walk over the list misses blocks of it, or
 * takes one out more than once; that is found, and so is all that was listed.
 */
static void region_empties_amid_ring(unsigned int from, unsigned int to)
{
	const struct dualtree_params params = { .max_region_order = get_order(SZ_64K) };
	struct dualtree *dt = dualtree_create("ring", &params);
	u8 *blocks[4], *low, *first, *rest;
	struct dualtree_stats stats;
	unsigned int i;

	host_assert(!IS_ERR(dt));
	low = dualtree_alloc(dt, SZ_64K, GFP_KERNEL);
	for (i = 0; i < PIECES; i++)
		rest = dualtree_alloc(dt, PIECE, GFP_KERNEL);
	first = rest - (PIECES - 1) * PIECE;
	rest += PIECE;
	host_assert(low && dualtree_alloc(dt, SZ_64K - PIECES * PIECE, GFP_KERNEL) == rest);
	host_assert(!dualtree_free(dt, low + PIECE, PIECE));
	for (i = 1; i < PIECES; i += 2)
		host_assert(!dualtree_free(dt, first + i * PIECE, PIECE));
	/* The list is 5, 3, 1, and the one of the other region. */
	for (i = 0; i < 4; i++)
		blocks[i] = i < 3 ? first + (5 - 2 * i) * PIECE : low + PIECE;
	host_assert(dt_cache_listed(heap_of_cpu(dt, 0)) == 4 * 4);
	host_scribble(blocks[from], (unsigned long)blocks[to], 8);
	host_assert(!dualtree_free(dt, rest, SZ_64K - PIECES * PIECE));
	for (i = 0; i < PIECES; i += 2)
		host_assert(!dualtree_free(dt, first + i * PIECE, PIECE));
	/* The last of the region is hot, then cold, then in the trees. */
	for (i = 2; i < 8; i += 2)
		host_assert(!dualtree_free(dt, low + i * SZ_4K, DT_GRANULE));
	host_assert(dualtree_check(dt));
	dualtree_get_stats(dt, &stats);
	host_assert(stats.damaged == (to != from + 1));
	host_assert(stats.free_bytes + stats.live_bytes == stats.held_bytes);
	dualtree_destroy(dt);
}

/* Free granules of an allocation at @base. Return: the last of them, where their node lies. */
static unsigned int free_extent(struct dualtree *dt, u8 *base, unsigned int first, unsigned int nr)
{
	host_assert(!dualtree_free(dt, base + first * DT_GRANULE, nr * DT_GRANULE));
	return first + nr - 1;
}

static void damage_word(u8 *base, unsigned int last, unsigned int word)
{
	host_scribble(base + last * DT_GRANULE + word * sizeof(u32), 700, 4);
}

/* Is a word of the node at @last a link on the way from the root to the large extent at @end? */
static bool leads_to(const struct dt_extent_tree *tree, unsigned int last, unsigned int word,
		     unsigned int end)
{
	u64 key = extent_key(tree, true, end, extent_nr_to(tree, end));
	unsigned int at = tree->roots[LEDGER_SIZES], child;
	int bit = extent_key_top(tree, true);

	for (; at != end; bit -= EXTENT_KEY_BITS) {
		child = extent_child(key, bit);
		if (at == last && child == word)
			return true;
		at = extent_node(tree, at)->child[child];
	}
	return false;
}

/*
 * The end of a region is cut off, and a link of one of its other large extents is damaged before
 * that end is freed, or after that (@late). It is found before the cut, after it, or not at all:
 * the region and its trees agree on where it ends. If the link leads to the end, nothing is cut
 * off.
 */
static void cut_of_damaged_trees(unsigned int hole, unsigned int word, bool late)
{
	const struct dualtree_params params = { .flags = DUALTREE_EXACT_FIT };
	struct dualtree *dt = dualtree_create("cut", &params);
	const unsigned int nr = 2 * SZ_64K / DT_GRANULE;
	const struct dt_region *region;
	unsigned int last[3], end;
	bool kept = false;
	u8 *base;

	host_assert(!IS_ERR(dt));
	base = dualtree_alloc(dt, 2 * SZ_64K, GFP_KERNEL);
	host_assert(base);
	region = dt_heap_region_above(heap_of_cpu(dt, 0), NULL);
	host_assert(region->base == base && region->nr == nr);
	last[0] = free_extent(dt, base, 80, 100);
	last[1] = free_extent(dt, base, 181, 120);
	last[2] = free_extent(dt, base, 302, 90);
	if (!late)
		damage_word(base, last[hole], word);
	end = free_extent(dt, base, 393, nr - 393);
	if (late) {
		kept = leads_to(&region->free, last[hole], word, end);
		damage_word(base, last[hole], word);
	}
	dualtree_shrink(dt);
	host_assert((region->nr == nr) == kept);
	host_assert(region->nr == region->free.nr);
	host_assert(region->bytes == (size_t)region->nr * DT_GRANULE);
	host_assert(dualtree_check(dt));
	dualtree_destroy(dt);
}

/*
 * The links of one of two large extents were overwritten by those of a node that has no children:
 * the other one may not be found any more, where an aligned request needs it.
 */
static void aligned_of_lost_extent(unsigned int last)
{
	const struct dualtree_params params = { .flags = DUALTREE_EXACT_FIT };
	struct dualtree *dt = dualtree_create("lost", &params);
	unsigned int word;
	u8 *base, *ptr;

	host_assert(!IS_ERR(dt));
	base = dualtree_alloc(dt, 2 * SZ_64K, GFP_KERNEL);
	host_assert(base);
	free_extent(dt, base, 80, 300);
	free_extent(dt, base, 381, 400);
	for (word = 0; word < 2; word++)
		host_scribble(base + last * DT_GRANULE + word * sizeof(u64), ~0UL, sizeof(u64));
	ptr = dualtree_alloc_aligned(dt, 380 * DT_GRANULE, 2 * DT_GRANULE, GFP_KERNEL);
	host_assert(ptr >= base + 381 * DT_GRANULE && ptr <= base + 401 * DT_GRANULE);
	host_assert(dualtree_check(dt));
	dualtree_destroy(dt);
}

void host_damage_cases(void)
{
	unsigned int hole, word, from, to;

	unlinked_block(false, 0);
	unlinked_block(true, 0);
	unlinked_block(true, 5);
	unlinked_block(true, 0x10);
	link_to_first_block();
	stale_block(false);
	stale_block(true);
	for (from = 0; from < 3; from++)
		for (to = 0; to < 4; to++)
			region_empties_amid_ring(from, to);
	for (hole = 0; hole < 3; hole++)
		for (word = 0; word < DT_GRANULE / sizeof(u32); word++) {
			cut_of_damaged_trees(hole, word, false);
			cut_of_damaged_trees(hole, word, true);
		}
	aligned_of_lost_extent(80 + 300 - 1);
	aligned_of_lost_extent(381 + 400 - 1);
}
