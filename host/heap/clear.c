// SPDX-License-Identifier: GPL-2.0
/*
 * Cases with init_on_free: what is handed out is clear, whatever lay there before. Links and nodes
 * of free memory are cleared as well, also where damage was found.
 */
#include "../../dualtree/check.h"
#include "../../dualtree/free.h"
#include "../../dualtree/ledger.h"
#include "../../dualtree/section.h"
#include "ops.h"

static void *alloc_clear(struct dualtree *dt, size_t size)
{
	void *ptr = dualtree_alloc(dt, size, GFP_KERNEL);

	host_assert(ptr && !memchr_inv(ptr, 0, size));
	return ptr;
}

/* A range that takes long to clear is cleared before it is freed; not one of others. */
static void large_ranges(void)
{
	struct dualtree *dt = dualtree_create("large", NULL);
	static u8 others[2 * CLEAR_MAX];
	struct dualtree_range range;
	u8 *ptr;

	host_assert(!IS_ERR(dt));
	ptr = alloc_clear(dt, sizeof(others));
	memset(ptr, 0x77, sizeof(others));
	memset(others, 0x77, sizeof(others));
	host_assert(dualtree_free(dt, others, sizeof(others)) == -EINVAL);
	host_assert(!memchr_inv(others, 0x77, sizeof(others)));
	range = (struct dualtree_range){ ptr, sizeof(others) };
	host_assert(!dualtree_free_bulk(dt, &range, 1));
	host_assert(alloc_clear(dt, sizeof(others)) == ptr);
	dualtree_destroy(dt);
}

/* Bytes of a piece, as host_listed_pieces() makes them. */
#define PIECE		(4U * DT_GRANULE)

/* Free what is live of a region with blocks in a quick list, in parts that no list takes. */
static void free_parts(struct dualtree *dt, u8 *first)
{
	u8 *end = first + 9 * PIECE, *ptr;

	for (ptr = first; ptr < end; ptr += 2 * PIECE)
		host_assert(!dualtree_free(dt, ptr, DT_GRANULE));
	for (ptr = first; ptr < end; ptr += 2 * PIECE)
		host_assert(!dualtree_free(dt, ptr + DT_GRANULE, PIECE - DT_GRANULE));
}

/* A block from a list has no link left; a region that becomes empty has neither links nor nodes. */
static void links_and_nodes(void)
{
	const struct dualtree_params params = { .min_region_order = 2 };
	struct dualtree *dt = dualtree_create("links", &params);
	const struct dt_region *region;
	u8 *first, *hot, *block;

	host_assert(!IS_ERR(dt));
	first = host_listed_pieces(dt);
	region = heap_of_cpu(dt, 0)->lowest;
	hot = alloc_clear(dt, PIECE);
	block = alloc_clear(dt, PIECE);
	host_assert(hot == first + 7 * PIECE && block == first + 5 * PIECE);
	host_assert(!dualtree_free(dt, block, PIECE) && !dualtree_free(dt, hot, PIECE));
	free_parts(dt, first);
	host_assert(alloc_clear(dt, region->bytes) == region->base && dualtree_check(dt));
	dualtree_destroy(dt);
}

/* The same of an instance that is destroyed while blocks are listed. */
static void links_of_destroyed(void)
{
	struct buddy_pool_params params = { .nid = 0, .limit = SZ_4M };
	struct buddy_pool *pool = buddy_pool_create("links", &params);
	struct dualtree_params use = { .pool = pool, .min_region_order = 2 };
	struct dualtree *dt;
	size_t bytes;
	u8 *first;

	host_assert(!IS_ERR(pool));
	dt = dualtree_create("links", &use);
	host_assert(!IS_ERR(dt));
	first = host_listed_pieces(dt);
	bytes = heap_of_cpu(dt, 0)->lowest->bytes;
	host_assert(heap_of_cpu(dt, 0)->lowest->base == first);
	dualtree_destroy(dt);
	/* Nothing else was written to the region, which the pool keeps. */
	host_assert(!memchr_inv(first, 0, bytes));
	buddy_pool_destroy(pool);
}

void host_clear_cases(void)
{
	host_init_on_free = true;
	large_ranges();
	links_and_nodes();
	links_of_destroyed();
	host_damage_cases();
	host_init_on_free = false;
}
