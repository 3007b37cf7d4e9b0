// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of requests that are served by a run in flight. Each CPU has a heap of its own: what is
 * allocated on the first one is freed on the second.
 */
#include "../../dualtree/cache.h"
#include "../../dualtree/check.h"
#include "../../dualtree/remote_take.h"
#include "../../dualtree/section.h"
#include "ops.h"

/* Granules of a region of these cases, and of a piece that begins and ends inside a bit's. */
#define NR		(SZ_64K / DT_GRANULE)
#define PIECE		24

/**
 * struct taken - an instance whose first region is full, of pieces of equal length
 * @dt: the instance
 * @heap: the first CPU's heap
 * @region: the region
 * @nr: granules of a piece
 * @pieces: number of pieces; what is left after the last one is live, too
 */
struct taken {
	struct dualtree *dt;
	struct dt_heap *heap;
	struct dt_region *region;
	unsigned int nr;
	unsigned int pieces;
};

static void *piece(const struct taken *t, unsigned int i)
{
	return region_addr(t->region, i * t->nr);
}

static void *alloc_granules(const struct taken *t, unsigned int nr)
{
	return dualtree_alloc(t->dt, nr * DT_GRANULE, GFP_KERNEL);
}

static struct taken taken_begin(unsigned int nr)
{
	const struct dualtree_params params = { .min_region_order = get_order(SZ_64K) };
	struct taken t = { .dt = dualtree_create("taken", &params), .nr = nr, .pieces = NR / nr };
	unsigned int i;

	host_assert(!IS_ERR(t.dt));
	for (i = 0; i < t.pieces; i++)
		host_assert(alloc_granules(&t, nr));
	t.heap = heap_of_cpu(t.dt, 0);
	if (NR % nr)
		host_assert(alloc_granules(&t, NR % nr));
	t.region = t.heap->lowest;
	host_assert(t.heap->nr_regions == 1 && t.region->nr == NR && t.region->nr_inuse == NR);
	return t;
}

/* Pieces from the one of number @first on are freed by the other CPU, @nr of them. */
static void taken_push(const struct taken *t, unsigned int first, unsigned int nr)
{
	unsigned int i;

	host_now.cpu = 1;
	for (i = first; i < first + nr; i++)
		host_assert(!dualtree_free(t->dt, piece(t, i), t->nr * DT_GRANULE));
	host_now.cpu = 0;
}

static unsigned int taken_in_flight(const struct taken *t)
{
	struct dualtree_stats stats;

	dualtree_get_stats(t->dt, &stats);
	return stats.in_flight_bytes / DT_GRANULE;
}

/* Whatever a request has left in flight: a drain finds all of it. */
static void taken_end(struct taken *t)
{
	host_assert(dualtree_check(t->dt));
	dualtree_shrink(t->dt);
	host_assert(!taken_in_flight(t) && !t->region->map_bits && dualtree_check(t->dt));
	dualtree_destroy(t->dt);
}

/* Of runs that are just as long as the requests each serves one, and nothing is deposited. */
static void take_exactly(unsigned int nr)
{
	struct taken t = taken_begin(nr);
	unsigned int i, left = 0;
	bool again = false;

	for (i = 1; i + 1 < t.pieces; i += 2, left++)
		taken_push(&t, i, 1);
	for (i = 1; i + 1 < t.pieces; i += 2) {
		host_assert(alloc_granules(&t, nr) == piece(&t, i));
		host_assert(taken_in_flight(&t) == --left * nr);
		host_assert(!t.heap->hot.nr && !t.heap->nr_free && !dt_cache_listed(t.heap));
		/* Pushed where the map was looked at already: it is found all the same. */
		if (!again && i * nr >= 2 * REGION_MAP_GRANULES) {
			taken_push(&t, 1, 1);
			left++;
			again = true;
		}
	}
	host_assert(alloc_granules(&t, nr) == piece(&t, 1) && !taken_in_flight(&t));
	taken_end(&t);
}

/* A run of several pieces serves one request at once, the others as a hot range. */
static void take_long(unsigned int pieces)
{
	struct taken t = taken_begin(PIECE);
	unsigned int i;

	taken_push(&t, 2, pieces);
	taken_push(&t, 2 + pieces + 1, 1);
	for (i = 0; i < pieces; i++) {
		host_assert(alloc_granules(&t, PIECE) == piece(&t, 2 + i));
		host_assert(t.heap->hot.nr == (pieces - i - 1) * PIECE);
		host_assert(taken_in_flight(&t) == PIECE);
	}
	/* No bit is left of those that begin inside the run: the next one is found at once. */
	host_assert(alloc_granules(&t, PIECE) == piece(&t, 2 + pieces + 1));
	host_assert(!taken_in_flight(&t));
	taken_end(&t);
}

/* A run of another length does not serve: it is drained, and what serves is got otherwise. */
static void take_another_length(void)
{
	struct taken t = taken_begin(PIECE);

	taken_push(&t, 1, 1);
	host_assert(region_of(alloc_granules(&t, PIECE + 1)) != t.region);
	host_assert(!taken_in_flight(&t) && dualtree_check(t.dt));
	taken_end(&t);

	/* Long enough, but not for two. */
	t = taken_begin(PIECE);
	taken_push(&t, 1, 1);
	host_assert(alloc_granules(&t, PIECE - 1) == piece(&t, 1));
	host_assert(!taken_in_flight(&t) && t.heap->nr_free == 1);
	taken_end(&t);
}

/* The last run of a region is shorter than the request: nothing after the ledger is looked at. */
static void take_at_the_end(void)
{
	unsigned int nr;

	for (nr = PIECE + 1; nr <= QUICK_LISTS; nr++) {
		struct taken t = taken_begin(NR / 64);
		void *ptr;

		host_assert(t.pieces * t.nr == NR);
		taken_push(&t, t.pieces - 1, 1);
		ptr = alloc_granules(&t, nr);
		host_assert(ptr && (nr == t.nr) == (ptr == piece(&t, t.pieces - 1)));
		taken_end(&t);
	}
}

/* Bits that a request has in hand are drained with all others, by a request that takes nothing. */
static void take_then_drain(void)
{
	struct taken t = taken_begin(PIECE);

	taken_push(&t, 1, 1);
	taken_push(&t, 3, 1);
	taken_push(&t, 5, 1);
	host_assert(alloc_granules(&t, PIECE) == piece(&t, 1) && t.region->map_bits);
	host_assert(alloc_granules(&t, QUICK_LISTS + 1));
	host_assert(!taken_in_flight(&t) && !t.region->map_bits && !heap_has_remote(t.heap));
	taken_end(&t);
}

/* What lies in a region that should drain serves no request. */
static void take_not_where_it_drains(void)
{
	struct taken low = taken_begin(PIECE), high = low;
	void *ptr;

	/* The next region is full, too. Then the lower one has room, and the other one drains. */
	while (high.heap->nr_regions == 1 || high.heap->nr_free >= PIECE)
		host_assert(alloc_granules(&low, PIECE));
	low.region = high.heap->lowest;
	high.region = dt_heap_region_above(high.heap, low.region->base);
	host_assert(high.region && low.region != high.region);
	host_assert(!dualtree_free(low.dt, piece(&low, 0), 2 * PIECE * DT_GRANULE));
	dt_cache_flush_hot(low.heap);
	taken_push(&high, 0, high.pieces / 2);
	ptr = alloc_granules(&low, PIECE);
	host_assert(region_of(ptr) == low.region);
	taken_end(&high);
}

/* Where nothing goes into the trees, a large spare ages by what is taken. */
static void takes_age_the_spare(void)
{
	const struct dualtree_params params = { .min_region_order = get_order(2 * SZ_64K) };
	struct taken t = { .dt = dualtree_create("ages", &params), .nr = PIECE };
	unsigned int taken = 0;
	void *ptr;

	host_assert(!IS_ERR(t.dt));
	ptr = alloc_granules(&t, PIECE);
	host_assert(ptr && alloc_granules(&t, 2 * NR - PIECE));
	t.region = region_of(ptr);
	t.heap = heap_of_cpu(t.dt, 0);
	ptr = alloc_granules(&t, 2 * NR);
	host_assert(!dualtree_free(t.dt, ptr, 2 * SZ_64K));
	dt_cache_flush_hot(t.heap);
	for (; t.heap->spare; taken++) {
		taken_push(&t, 0, 1);
		host_assert(taken < SPARE_IDLE_MAX && alloc_granules(&t, PIECE) == piece(&t, 0));
	}
	host_assert(taken == SPARE_IDLE_MAX && t.heap->nr_regions == 1);
	taken_end(&t);
}

void host_take_cases(void)
{
	take_exactly(PIECE);
	take_exactly(1);
	take_exactly(3);
	take_exactly(8);
	take_exactly(QUICK_LISTS);
	take_long(2);
	take_long(3);
	take_long(8);
	take_another_length();
	take_at_the_end();
	take_then_drain();
	take_not_where_it_drains();
	takes_age_the_spare();
}
