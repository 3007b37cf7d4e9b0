// SPDX-License-Identifier: GPL-2.0
/*
 * What a heap adds up to, whatever its free memory contains: ledgers, trees by address, lengths and
 * sums lie where no stray write gets. The trees by size and the links of quick lists are left out.
 */
#include "../../dualtree/quick.h"
#include "../../dualtree/region.h"
#include "model.h"

/**
 * struct sums - what the ledger of a region has
 * @extents: number of extents
 * @granules: granules in them
 * @cached: granules of blocks in quick lists
 * @dead: granules in flight
 */
struct sums {
	unsigned int extents;
	unsigned int granules;
	unsigned int cached;
	unsigned int dead;
};

/* The granules of the extent that begins with @first: marks, length and address agree. */
static unsigned int extent_sum(const struct dt_region *region, unsigned int first)
{
	const struct dt_extent_tree *tree = &region->free;
	unsigned int nr = extent_nr_from(tree, first), last = first + nr - 1;

	host_assert(nr && last < region->nr && ledger_is_last(region->ledger[last]));
	host_assert(extent_nr_to(tree, last) == nr && extent_next(tree, first) == last);
	host_assert(nr < 3 || !memchr_inv(region->ledger + first + 1, LEDGER_OWNED, nr - 2));
	host_assert(!ledger_is_first(region->ledger[last + 1]));
	return nr;
}

/* Those of the block that does. */
static unsigned int block_sum(const struct dt_region *region, unsigned int first)
{
	unsigned int nr = 1;

	if (region->ledger[first] == LEDGER_CACHED_FIRST)
		while (region->ledger[first + nr++] != LEDGER_CACHED_LAST)
			host_assert(region->ledger[first + nr - 1] == LEDGER_OWNED);
	return nr;
}

static struct sums region_sum(const struct dt_region *region)
{
	struct sums sums = { };
	unsigned int at, nr;

	for (at = 0; at < region->nr; at += nr) {
		u8 mark = region->ledger[at];

		nr = 1;
		if (ledger_is_first(mark)) {
			nr = extent_sum(region, at);
			sums.extents++;
			sums.granules += nr;
		} else if (ledger_is_block(mark)) {
			nr = block_sum(region, at);
			sums.cached += nr;
		} else {
			sums.dead += ledger_is_dead(mark);
		}
	}
	return sums;
}

/* Return: granules in quick lists. */
static unsigned long lists_sum(const struct dt_quick *quick)
{
	unsigned long cached = 0;
	unsigned int nr;

	for (nr = 1; nr <= QUICK_LISTS; nr++) {
		host_assert(quick->lists[nr - 1].depth <= quick->lists[nr - 1].max);
		cached += (unsigned long)nr * quick->lists[nr - 1].depth;
	}
	host_assert(cached == (unsigned long)local64_read(&quick->nr_cached));
	return cached;
}

/*
 * Granules of the hot range and the cold one, the owner's and in use as far as regions know, and
 * those of deferred runs.
 */
static unsigned long ranges_sum(const struct dt_heap *heap)
{
	unsigned int hot = heap->hot.nr == HOT_OFF ? 0 : heap->hot.nr, cold = heap->cold.nr;

	host_assert(!hot || !memchr_inv(heap->hot.region->ledger + heap->hot.first, LEDGER_OWNED,
					hot));
	host_assert(!cold || !memchr_inv(heap->cold.region->ledger + heap->cold.first,
					 LEDGER_OWNED, cold));
	return hot + cold + heap->nr_deferred;
}

/* Check a heap, and add what it has to @stats: what dualtree_get_stats() must say of it. */
void host_heap_sums(const struct dt_heap *heap, struct dualtree_stats *stats)
{
	unsigned long granules = 0, cached = 0, bytes = 0, dead = 0, deferred = 0;
	const struct dt_region *region;
	unsigned int regions = 0, extents = 0;
	struct rb_node *node;

	for (node = rb_first(&heap->regions); node; node = rb_next(node)) {
		struct sums sums;

		region = rb_entry(node, struct dt_region, node);
		sums = region_sum(region);
		host_assert(region->nr == region->free.nr);
		host_assert(sums.extents == region->free.nr_extents);
		host_assert(sums.granules == region->free.nr_free);
		host_assert(sums.cached == region_nr_cached(region));
		granules += sums.granules;
		extents += sums.extents;
		dead += sums.dead;
		cached += sums.cached;
		deferred += region->nr_deferred;
		bytes += region->bytes;
		stats->record_bytes += region->records ? 0 :
				       dt_region_record_bytes(region->order);
		regions++;
	}
	host_assert(granules == heap->nr_free && bytes == heap->held_bytes);
	host_assert(deferred == heap->nr_deferred);
	host_assert(regions == heap->nr_regions && extents == heap->nr_extents);
	host_assert(!heap->spare || heap->spare->bytes == (size_t)heap->spare->nr * DT_GRANULE);
	/* Also of a list of which a link is damaged: no block leaves it, or stays, unnoticed. */
	host_assert(cached == (heap->quick ? lists_sum(heap->quick) : 0));
	granules += cached;
	stats->regions += regions;
	stats->extents += extents;
	stats->largest_free = max(stats->largest_free, (size_t)heap->largest * DT_GRANULE);
	stats->spare_bytes += heap->spare ? heap->spare->bytes : 0;
	stats->in_flight_bytes += dead * DT_GRANULE;
	stats->free_bytes += (granules + ranges_sum(heap) + dead) * DT_GRANULE;
}
