// SPDX-License-Identifier: GPL-2.0
/*
 * Bursts: many packets are allocated, and then all of them freed. The loops of loops.h replace one
 * packet by one.
 *
 *	burst		allocate each -> free each, in order or at random
 *	batch		one call for all of them each, and more than a region holds
 *	remote burst	free each while the heap looks busy (busy.h) -> allocate each
 *	scattered	the same of a random eighth of what is live
 *
 * "In order" is the order of allocation. A random order is drawn from the seed before the clock is
 * read, another one for each burst, and the same ones for every allocator. The clock is read twice
 * for each share of a burst, which adds one or two instructions a packet to bursts of 64.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include <dualtree/dualtree.h>

#include "allocators.h"
#include "busy.h"
#include "bench.h"

#define SIZE		1500
/* Packets of a batch: 768 KiB. A heap of that size has grown by 64 KiB at a time. */
#define BATCH		512
/* Of SCATTERED_LIVE packets, those that a remote burst frees: scattered ones. */
#define SCATTERED	512
#define SCATTERED_LIVE	4096
/* Operations of a remote burst's loop: bursts of 64 or 512 again and again. */
#define REMOTE_OPS	4096

/* In c->arg: a random order, and the shares of a remote burst that a row is the sum of. */
#define RANDOM_ORDER	BIT(0)
#define PUSH		BIT(1)
#define ALLOC		BIT(2)
#define COLLECT		BIT(3)

/* Moves random ones of what is live to the first @nr slots; @from says which draws to use. */
static void shuffle(const struct bench *b, unsigned int nr, unsigned int from)
{
	struct bench_slot *slots = b->table->slots;
	unsigned int i;

	for (i = 0; i < nr; i++)
		swap(slots[i], slots[b->table->picks[(from + i) % BENCH_OPS]]);
}

static u64 time_loop(const struct bench *b, enum bench_loop loop, unsigned int ops)
{
	u64 start = ktime_get_ns();

	b->allocator->loops[loop](b, ops);
	return ktime_get_ns() - start;
}

static u64 timed_burst(const struct bench *b, unsigned int ops)
{
	unsigned int nr = b->c->live, done;
	u64 ns = 0;

	for (done = 0; done < ops; done += nr) {
		ns += time_loop(b, LOOP_ALLOC, nr);
		if (b->c->arg & RANDOM_ORDER)
			shuffle(b, nr, done);
		ns += time_loop(b, LOOP_FREE, nr);
	}
	return ns;
}

static void *ptrs[BATCH];
static struct dualtree_range ranges[BATCH];

static void batch_loop(const struct bench *b, unsigned int ops)
{
	bulk_loop(b, ops, BATCH, ptrs, ranges);
}

/* A batch that one region holds is not what the row says. */
static int close_batch(const struct bench *b)
{
	struct dualtree_stats stats;
	int err;

	dualtree_get_stats(b->ctx, &stats);
	err = dt_bench_close_instance(b->ctx);
	if (!err && stats.region_gets < 2)
		err = -EINVAL;
	return err;
}

static void *open_cache(const struct bench *b)
{
	return kmem_cache_create("dualtree_bench", b->c->size, 0, 0, NULL) ?: ERR_PTR(-ENOMEM);
}

static int close_cache(const struct bench *b)
{
	kmem_cache_destroy(b->ctx);
	return 0;
}

static void cache_batch_loop(const struct bench *b, unsigned int ops)
{
	for (; ops >= BATCH; ops -= BATCH)
		if (!WARN_ON_ONCE(!kmem_cache_alloc_bulk(b->ctx, GFP_ATOMIC, BATCH, ptrs)))
			kmem_cache_free_bulk(b->ctx, BATCH, ptrs);
}

/*
 * Requests that only the trees serve, until nothing is in flight any more; less as many of them
 * with nothing to collect. The sizes alternate, since the hot range would serve the same again.
 */
static u64 collect(const struct bench *b, unsigned int nr)
{
	static const unsigned int sizes[] = { LARGE, LARGER };
	unsigned int requests, i;
	u64 with = 0, without = 0;

	tree_alloc(b->ctx, LARGER);
	push(b, 0, 1, nr);
	for (requests = 0; in_flight(b->ctx) && requests < nr; requests++)
		with += tree_alloc(b->ctx, sizes[requests % 2]);
	WARN_ON_ONCE(in_flight(b->ctx));
	for (i = requests; i < 2 * requests; i++)
		without += tree_alloc(b->ctx, sizes[i % 2]);
	refill(b, 0, 1, nr);
	return with - min(with, without);
}

static u64 remote_burst(const struct bench *b, unsigned int nr)
{
	u64 push_ns, alloc_ns;

	if (b->c->arg & COLLECT)
		return collect(b, nr);
	push_ns = push(b, 0, 1, nr);
	alloc_ns = refill(b, 0, 1, nr);
	return (b->c->arg & PUSH ? push_ns : 0) + (b->c->arg & ALLOC ? alloc_ns : 0);
}

static u64 timed_remote(const struct bench *b, unsigned int ops)
{
	unsigned int nr = min_t(unsigned int, b->c->live, SCATTERED), done;
	u64 ns = 0;

	for (done = 0; done < ops; done += nr) {
		if (b->c->arg & RANDOM_ORDER)
			shuffle(b, nr, done);
		ns += remote_burst(b, nr);
	}
	return ns;
}

#define OURS	(BIT(DUALTREE) | BIT(EXACT))
#define PEERS	(BIT(KMALLOC) | BIT(FRAG))

#define BURST(what, nr, in_arg, in_cost)						\
	{ what, .timed = timed_burst, .size = SIZE, .live = nr, .open_fills = true,		\
	  .arg = in_arg, .cost = in_cost }

/* kmalloc() has no call for a batch, but the caches that it is made of do. */
static const struct bench_case bursts[] = {
	BURST("burst 64, in order", 64, 0, OURS | PEERS),
	BURST("burst 64, random", 64, RANDOM_ORDER, OURS | PEERS),
	BURST("burst 512, in order", 512, 0, OURS | PEERS),
	BURST("burst 512, random", 512, RANDOM_ORDER, OURS | PEERS),
	BURST("burst 4096, in order", 4096, 0, OURS | PEERS),
	BURST("burst 4096, random", 4096, RANDOM_ORDER, OURS | PEERS),
	{ "batch of 512 over regions", .cost = OURS, .loop = batch_loop, .close = close_batch,
	  .size = SIZE },
	BURST("batch of 512 over regions", BATCH, 0, BIT(KMALLOC)),
	{ "batch of 512 over regions", .cost = BIT(KMALLOC), .label = "kmem_cache bulk",
	  .loop = cache_batch_loop, .open = open_cache, .close = close_cache, .size = SIZE },
};

const struct bench_set dt_burst_cases = { bursts, ARRAY_SIZE(bursts) };

#define REMOTE(what, nr, in_arg)							\
	{ what, .timed = timed_remote, .size = SIZE, .live = nr, .ops = REMOTE_OPS,		\
	  .arg = in_arg, .cost = BIT(DUALTREE) }

static const struct bench_case remote_bursts[] = {
	REMOTE("remote push, 64 in order", 64, PUSH),
	REMOTE("remote push, 64 random", 64, PUSH | RANDOM_ORDER),
	REMOTE("remote collection, 64 in order", 64, COLLECT),
	REMOTE("remote collection, 64 random", 64, COLLECT | RANDOM_ORDER),
	REMOTE("alloc after a remote burst of 64, in order", 64, ALLOC),
	REMOTE("alloc after a remote burst of 64, random", 64, ALLOC | RANDOM_ORDER),
	REMOTE("alloc after 512 scattered remote frees", SCATTERED_LIVE, ALLOC | RANDOM_ORDER),
	REMOTE("remote push + alloc, 512 scattered", SCATTERED_LIVE,
	       PUSH | ALLOC | RANDOM_ORDER),
};

const struct bench_set dt_remote_burst_cases = { remote_bursts, ARRAY_SIZE(remote_bursts) };
