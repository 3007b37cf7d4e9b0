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
	/* A look for more ends with the map, after which there is something else. */
	host_assert(heap_has_remote(t.heap));
	host_assert(t.region->map + region_map_words(NR) == t.region->deferred);
	t.region->deferred[0] = 1;
	host_assert(alloc_granules(&t, nr) && t.region->deferred[0] == 1);
	t.region->deferred[0] = 0;
	taken_end(&t);
}

/* The bit of the map that a piece's first granule has. */
static unsigned long piece_bit(const struct taken *t, unsigned int i)
{
	return BIT(i * t->nr / REGION_MAP_GRANULES);
}

/*
 * A run of several pieces serves one request at once, the others as a hot range. @late: so many of
 * these pieces were pushed when a request had taken the word of the map.
 */
static void take_long(unsigned int pieces, unsigned int late)
{
	struct taken t = taken_begin(PIECE);
	unsigned int i, last = 3 + pieces;

	taken_push(&t, 0, 1);
	taken_push(&t, 2, pieces - late);
	taken_push(&t, last, 1);
	host_assert(alloc_granules(&t, PIECE) == piece(&t, 0));
	taken_push(&t, 2 + pieces - late, late);
	for (i = 0; i < pieces; i++) {
		host_assert(alloc_granules(&t, PIECE) == piece(&t, 2 + i));
		host_assert(t.heap->hot.nr == (pieces - i - 1) * PIECE);
		host_assert(taken_in_flight(&t) == PIECE && !dt_cache_listed(t.heap));
		/* No bit is left of those that begin inside the run: the next is found at once. */
		host_assert((t.region->map_bits & ~piece_bit(&t, 2)) == piece_bit(&t, last));
		host_assert(!(t.region->map[0] & ~piece_bit(&t, 2 + pieces - late)));
	}
	host_assert(alloc_granules(&t, PIECE) == piece(&t, last) && !taken_in_flight(&t));
	taken_end(&t);
}

/*
 * So it does where the request is cleared, and where it is one of several; and where little is in
 * use in the lowest region.
 */
static void take_otherwise(void)
{
	struct taken t = taken_begin(PIECE);
	void *ptrs[2] = {};
	unsigned int i;

	host_assert(!dualtree_free(t.dt, piece(&t, t.pieces / 2), NR / 3 * DT_GRANULE));
	dt_cache_flush_hot(t.heap);
	host_assert(t.region->nr_inuse < t.region->drain_wmark);
	for (i = 1; i < 10; i += 2) {
		memset(piece(&t, i), i, PIECE * DT_GRANULE);
		taken_push(&t, i, 1);
	}
	ptrs[0] = dualtree_alloc(t.dt, PIECE * DT_GRANULE, GFP_KERNEL | __GFP_ZERO);
	host_assert(ptrs[0] == piece(&t, 1) && !memchr_inv(ptrs[0], 0, PIECE * DT_GRANULE));
	host_assert(taken_in_flight(&t) == 4 * PIECE);
	memset(ptrs, 0, sizeof(ptrs));
	host_assert(dualtree_alloc_bulk(t.dt, PIECE * DT_GRANULE, GFP_KERNEL, 2, ptrs) == 2);
	host_assert(ptrs[0] == piece(&t, 3) && ptrs[1] == piece(&t, 5));
	host_assert(taken_in_flight(&t) == 2 * PIECE && !dt_cache_listed(t.heap));
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
	struct dualtree *dt = dualtree_create("end", NULL);
	const unsigned int len = 8 * DT_GRANULE;
	u8 *ptr, *last = NULL;

	host_assert(!IS_ERR(dt));
	/* The region has a page, and its record ends soon after the ledger. */
	while ((ptr = dualtree_alloc(dt, len, GFP_KERNEL)) &&
	       (!last || region_of(ptr) == region_of(last)))
		last = ptr;
	host_assert(ptr && region_of(last)->bytes == PAGE_SIZE);
	host_now.cpu = 1;
	host_assert(!dualtree_free(dt, last, len));
	host_now.cpu = 0;
	host_assert(dualtree_alloc(dt, QUICK_LISTS * DT_GRANULE, GFP_KERNEL) != last);
	host_assert(dualtree_check(dt));
	dualtree_destroy(dt);
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

/* What lies in a region that may have to drain serves no request: it is the higher one of two. */
static void take_not_where_it_drains(void)
{
	struct taken low = taken_begin(PIECE), high = low;
	unsigned int nr;
	void *ptr;

	while (high.heap->nr_regions == 1 || high.heap->nr_free >= PIECE || high.heap->hot.nr)
		host_assert(alloc_granules(&low, PIECE));
	low.region = high.heap->lowest;
	high.region = dt_heap_region_above(high.heap, low.region->base);
	host_assert(high.region && low.region != high.region);
	host_assert(!dualtree_free(low.dt, piece(&low, 0), 2 * PIECE * DT_GRANULE));
	dt_cache_flush_hot(low.heap);
	/* Enough is in use with the piece that is in flight, and not without it. */
	nr = (high.region->nr_inuse - high.region->drain_wmark) / PIECE;
	host_assert(nr * PIECE > QUICK_LISTS);
	host_assert(!dualtree_free(high.dt, piece(&high, 3), nr * PIECE * DT_GRANULE));
	dt_cache_flush_hot(high.heap);
	taken_push(&high, 1, 1);
	host_assert(high.region->nr_inuse >= high.region->drain_wmark);
	ptr = alloc_granules(&high, PIECE);
	host_assert(region_of(ptr) == low.region && !taken_in_flight(&high));
	taken_end(&high);
}

/* The region of which requests take runs always has another: the others have their turn. */
static void others_have_their_turn(void)
{
	struct taken first = taken_begin(PIECE), other = first;
	unsigned int i;

	while (first.heap->nr_regions == 1 || first.heap->nr_free >= PIECE || first.heap->hot.nr)
		host_assert(alloc_granules(&first, PIECE));
	first.region = first.heap->lowest;
	other.region = dt_heap_region_above(first.heap, first.region->base);
	/* The one that is queued last is looked at first. */
	taken_push(&other, 3, 1);
	taken_push(&other, 5, 1);
	for (i = 0; i < REMOTE_TAKE_WORDS; i++) {
		taken_push(&first, 1, 1);
		host_assert(alloc_granules(&first, PIECE) == piece(&first, 1));
		host_assert(taken_in_flight(&other) == 2 * PIECE);
	}
	taken_push(&first, 1, 1);
	host_assert(alloc_granules(&first, PIECE) && !taken_in_flight(&other));
	taken_end(&first);
}

/**
 * struct crossing - a push and a request, of which one arrives in the midst of the other
 * @t: the instance
 * @ptr: what is pushed
 * @len: its bytes
 * @want: granules of the request
 * @got: what serves it
 * @met: the one has arrived in the midst of the other
 */
static struct crossing {
	struct taken t;
	void *ptr;
	size_t len;
	unsigned int want;
	void *got;
	bool met;
} crossing;

static void crossing_push(void)
{
	struct host_context was = host_now;

	host_points = LONG_MAX;
	crossing.met = true;
	host_now.cpu = 1;
	host_now.preempt = 0;
	host_assert(!dualtree_free(crossing.t.dt, crossing.ptr, crossing.len));
	host_now = was;
}

static void crossing_request(void)
{
	struct host_context was = host_now;

	host_points = LONG_MAX;
	crossing.met = true;
	host_now.cpu = 0;
	host_now.preempt = 0;
	crossing.got = alloc_granules(&crossing.t, crossing.want);
	host_assert(crossing.got);
	host_now = was;
}

/* Runs that share bits of the map: their lengths, and those of requests. */
static const unsigned int crossing_runs[] = { 8, 12, 4, 20, 3 };
static const unsigned int crossing_wants[] = { 4, 8, 12, 20, 24 };

#define RUNS	ARRAY_SIZE(crossing_runs)

static void free_run(void *ptr, unsigned int nr, int cpu)
{
	host_now.cpu = cpu;
	host_assert(!dualtree_free(crossing.t.dt, ptr, nr * DT_GRANULE));
	host_now.cpu = 0;
}

/* Number @late of the runs is pushed at a point of a request, or the other way round. */
static void cross_at(long point, u8 *late, unsigned int nr, bool push)
{
	crossing.ptr = late;
	crossing.len = nr * DT_GRANULE;
	crossing.met = false;
	host_interrupt = push ? crossing_push : crossing_request;
	host_points = point;
	if (push)
		crossing.got = alloc_granules(&crossing.t, crossing.want);
	else
		free_run(late, nr, 1);
	host_points = LONG_MAX;
	if (!crossing.met) {
		host_interrupt();
		crossing.met = false;
	}
}

/*
 * Those of @others are in flight, and @late is pushed while a request is served, or a request comes
 * while it is pushed. No run is lost, and none taken twice. Return: false if the point was too far.
 */
static bool cross(unsigned int late, unsigned int others, long point, bool push)
{
	u8 *ptrs[RUNS], *rest = alloc_granules(&crossing.t, NR);
	unsigned int i, sum = 0;

	host_assert(rest);
	for (i = 0; i < RUNS; i++) {
		ptrs[i] = rest + sum * DT_GRANULE;
		sum += crossing_runs[i];
		if (others >> i & 1)
			free_run(ptrs[i], crossing_runs[i], 1);
	}
	cross_at(point, ptrs[late], crossing_runs[late], push);
	for (i = 0; i < RUNS; i++)
		if (i != late && !(others >> i & 1))
			free_run(ptrs[i], crossing_runs[i], 0);
	free_run(rest + sum * DT_GRANULE, NR - sum, 0);
	free_run(crossing.got, crossing.want, 0);
	while (dt_heap_drain(crossing.t.heap, REMOTE_DRAIN_MAX, 0))
		;
	host_assert(!taken_in_flight(&crossing.t) && dualtree_check(crossing.t.dt));
	dt_cache_flush_hot(crossing.t.heap);
	return crossing.met;
}

/* A push at each point of a request, and a request at each point of a push. */
static void pushes_cross_requests(void)
{
	void (*was)(void) = host_interrupt;
	unsigned int late, others, i, push;
	long point;

	crossing.t = taken_begin(NR);
	free_run(piece(&crossing.t, 0), NR, 0);
	for (late = 0; late < RUNS; late++)
		for (others = 0; others < 1U << RUNS; others++)
			for (i = 0; i < 2 * ARRAY_SIZE(crossing_wants); i++) {
				if (others >> late & 1)
					continue;
				push = i % 2;
				crossing.want = crossing_wants[i / 2];
				for (point = 1; cross(late, others, point, push); point++)
					;
			}
	host_interrupt = was;
	dualtree_destroy(crossing.t.dt);
}

/* Where nothing goes into the trees, a large spare ages by what is taken. */
static void takes_age_the_spare(void)
{
	const struct dualtree_params params = { .min_region_order = get_order(2 * SZ_64K) };
	struct taken t = { .dt = dualtree_create("ages", &params), .nr = PIECE };
	unsigned int taken = 0;
	void *ptr, *other;

	host_assert(!IS_ERR(t.dt));
	ptr = alloc_granules(&t, 2 * NR);
	other = alloc_granules(&t, 2 * NR);
	host_assert(ptr && other);
	t.heap = heap_of_cpu(t.dt, 0);
	t.region = t.heap->lowest;
	host_assert(!dualtree_free(t.dt, region_of(ptr) == t.region ? other : ptr, 2 * SZ_64K));
	dt_cache_flush_hot(t.heap);
	/* The map has two words. */
	for (; t.heap->spare; taken++) {
		unsigned int i = taken % 2 ? NR / PIECE + 3 : 3;

		taken_push(&t, i, 1);
		host_assert(alloc_granules(&t, PIECE) == piece(&t, i));
		/* But for a drain now and then. */
		host_assert(taken < 2 * SPARE_IDLE_MAX);
	}
	host_assert(taken >= SPARE_IDLE_MAX && t.heap->nr_regions == 1);
	taken_end(&t);
}

void host_take_cases(void)
{
	take_exactly(PIECE);
	take_exactly(1);
	take_exactly(3);
	take_exactly(8);
	take_exactly(QUICK_LISTS);
	take_long(2, 0);
	take_long(3, 2);
	take_long(8, 1);
	take_otherwise();
	take_another_length();
	take_at_the_end();
	take_then_drain();
	take_not_where_it_drains();
	others_have_their_turn();
	takes_age_the_spare();
	pushes_cross_requests();
}
