// SPDX-License-Identifier: GPL-2.0
/* Cases of what is cached and has to go into the trees. Each CPU has a heap of its own. */
#include "../../dualtree/cache.h"
#include "../../dualtree/check.h"
#include "../../dualtree/section.h"
#include "ops.h"

/* A piece of @nr granules whose neighbours are live is freed, then another one: it is listed. */
static void list_block(struct dualtree *dt, unsigned int nr)
{
	static const unsigned int fixed[] = { 3, 0, 3, 5, 3 };
	size_t sizes[ARRAY_SIZE(fixed)];
	void *ptrs[ARRAY_SIZE(fixed)];
	u32 i;

	/* Its region has 64 KiB, and what is left of that is enough for all of them. */
	host_assert(dualtree_alloc(dt, 10 * SZ_4K, GFP_KERNEL));
	for (i = 0; i < ARRAY_SIZE(fixed); i++) {
		sizes[i] = (size_t)(fixed[i] ?: nr) * DT_GRANULE;
		ptrs[i] = dualtree_alloc(dt, sizes[i], GFP_KERNEL);
		host_assert(ptrs[i]);
	}
	host_assert(!dualtree_free(dt, ptrs[1], sizes[1]));
	host_assert(!dualtree_free(dt, ptrs[3], sizes[3]));
}

/* A flush empties the list of each size, and says when it has. */
static void flush_each_size(void)
{
	struct dt_heap *heap;
	struct dualtree *dt;
	unsigned int nr;

	for (nr = 1; nr <= QUICK_LISTS; nr++) {
		dt = dualtree_create("flush", NULL);
		host_assert(!IS_ERR(dt));
		list_block(dt, nr);
		heap = heap_of_cpu(dt, 0);
		host_assert(dt_cache_listed(heap) == nr && heap->hot.nr == 5);
		host_assert(dt_cache_flush(heap, 0) && dt_cache_listed(heap) == nr);
		host_assert(!dt_cache_flush(heap, 1));
		host_assert(!dt_cache_granules(heap) && dualtree_check(dt));
		dualtree_destroy(dt);
	}
}

/* What grows in place takes several blocks that follow each other, cached in turn. */
static void extend_over_blocks(void)
{
	struct dualtree *dt = dualtree_create("extend", NULL);
	u8 *first = host_listed_pieces(dt);
	const size_t piece = 4 * DT_GRANULE;
	struct dt_heap *heap = heap_of_cpu(dt, 0);
	u32 i;

	/* Pieces 1, 3 and 5 are listed, 7 is hot. Then 7, 2 and 4 are listed, and 8 is hot. */
	quick_list(heap->quick, 4)->credit += 4;
	for (i = 2; i <= 4; i += 2)
		host_assert(!dualtree_free(dt, first + i * piece, piece));
	host_assert(!dualtree_free(dt, first + 8 * piece, piece));
	host_assert(dt_cache_listed(heap) == 6 * 4);
	host_assert(dualtree_extend(dt, first, piece, 6 * piece));
	host_assert(!dualtree_extend(dt, first, 6 * piece, 7 * piece));
	host_assert(dualtree_check(dt));
	dualtree_destroy(dt);
}

void host_flush_cases(void)
{
	flush_each_size();
	extend_over_blocks();
}
