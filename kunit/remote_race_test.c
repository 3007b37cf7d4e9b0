// SPDX-License-Identifier: GPL-2.0
/*
 * Two CPUs at the same time: one frees what the other allocates, or both free parts of a block.
 * What a single free on another CPU does is in remote_test.c.
 */
#include <linux/sched.h>
#include "fixtures/instance.h"

#define RING 64
#define PACKETS 20000

/**
 * struct pipe - a producer and a consumer
 * @dt: the instance
 * @ring: packets in flight
 * @head: how many were put in; written by the producer
 * @tail: how many were taken out; written by the consumer
 * @errors: of both
 * @producer: works on one CPU
 * @consumer: works on another
 */
struct pipe {
	struct dualtree *dt;
	u8 *ring[RING];
	unsigned int head;
	unsigned int tail;
	atomic_t errors;
	struct work_struct producer;
	struct work_struct consumer;
};

static size_t packet_size(unsigned int n)
{
	return 60 + n * 37 % 1941;
}

/* Take 2000, receive some, give the tail back; the rest goes to the consumer. */
static void produce(struct work_struct *work)
{
	struct pipe *pipe = container_of(work, struct pipe, producer);
	unsigned int n;
	u8 *ptr;

	for (n = 0; n < PACKETS; n++) {
		/* The slot is empty: the consumer has read it. */
		while (n - smp_load_acquire(&pipe->tail) >= RING)
			cond_resched();
		ptr = dualtree_alloc(pipe->dt, 2000, GFP_KERNEL);
		if (ptr)
			memset(ptr, n, packet_size(n));
		if (!ptr || dualtree_trim(pipe->dt, ptr, 2000, packet_size(n)))
			atomic_inc(&pipe->errors);
		pipe->ring[n % RING] = ptr;
		/* The packet is written before the count. */
		smp_store_release(&pipe->head, n + 1);
	}
}

/* Free the headers first, then the rest. */
static void consume(struct work_struct *work)
{
	struct pipe *pipe = container_of(work, struct pipe, consumer);
	unsigned int n;
	u8 *ptr;

	for (n = 0; n < PACKETS; n++) {
		/* The producer has written the packet. */
		while (smp_load_acquire(&pipe->head) == n)
			cond_resched();
		ptr = pipe->ring[n % RING];
		if (ptr && (!all_bytes(ptr, n, packet_size(n)) ||
			    dualtree_free(pipe->dt, ptr, 54) ||
			    !all_bytes(ptr + 54, n, packet_size(n) - 54) ||
			    dualtree_free(pipe->dt, ptr + 54, packet_size(n) - 54)))
			atomic_inc(&pipe->errors);
		/* From now on the slot may be written again. */
		smp_store_release(&pipe->tail, n + 1);
	}
}

/* Many times the bytes that the limit allows pass from producer to consumer. */
static void remote_producer_consumer(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .limit = SZ_1M);
	struct pipe *pipe = dt_test_zalloc(test, sizeof(*pipe));
	struct workqueue_struct *wq = dt_test_queue(test);
	unsigned int a = raw_smp_processor_id(), b = dt_other_cpu(test, a);
	struct dualtree_stats stats;

	pipe->dt = dt;
	INIT_WORK(&pipe->producer, produce);
	INIT_WORK(&pipe->consumer, consume);
	queue_work_on(b, wq, &pipe->consumer);
	queue_work_on(a, wq, &pipe->producer);
	flush_work(&pipe->producer);
	flush_work(&pipe->consumer);
	stats = stats_of(dt);
	KUNIT_EXPECT_EQ(test, atomic_read(&pipe->errors), 0);
	KUNIT_EXPECT_EQ(test, stats.allocs, PACKETS);
	KUNIT_EXPECT_EQ(test, stats.failed_allocs, 0);
	KUNIT_EXPECT_EQ(test, stats.bad_frees, 0);
	KUNIT_EXPECT_GT(test, stats.remote_frees, 0);
	KUNIT_EXPECT_LE(test, stats.held_bytes, SZ_1M);
	dt_expect_drained(test, dt);
}

#define SPLITS 4000

/**
 * struct halves - two CPUs free the two parts of a block at the same time
 * @dt: the instance
 * @ptr: the block of this round; written by the first
 * @size: its bytes
 * @round: which round has begun; written by the first
 * @done: rounds that the second has finished
 * @errors: of both
 * @second: the other CPU's work
 */
struct halves {
	struct dualtree *dt;
	u8 *ptr;
	size_t size;
	unsigned int round;
	unsigned int done;
	atomic_t errors;
	struct work_struct second;
};

/* Somewhere in a granule, so that it is shared. */
static size_t split_at(const struct halves *h, unsigned int round)
{
	return 1 + round * 29 % (h->size - 1);
}

static void free_second(struct work_struct *work)
{
	struct halves *h = container_of(work, struct halves, second);
	unsigned int round;
	size_t at;

	for (round = 1; round <= SPLITS; round++) {
		/* The block of this round is there. */
		while (smp_load_acquire(&h->round) != round)
			cpu_relax();
		at = split_at(h, round);
		if (dualtree_free(h->dt, h->ptr + at, h->size - at))
			atomic_inc(&h->errors);
		/* This half is free: the counts may be looked at. */
		smp_store_release(&h->done, round);
	}
}

static void split_rounds(struct halves *h)
{
	unsigned int round;

	for (round = 1; round <= SPLITS; round++) {
		h->size = 2 + round % 700;
		/* Without memory the other CPU still has to finish its rounds. */
		h->ptr = dualtree_alloc(h->dt, h->size, GFP_KERNEL | __GFP_ZERO);
		if (!h->ptr)
			atomic_inc(&h->errors);
		/* The block is written before the round. */
		smp_store_release(&h->round, round);
		if (dualtree_free(h->dt, h->ptr, split_at(h, round)))
			atomic_inc(&h->errors);
		/* Both halves are free. */
		while (smp_load_acquire(&h->done) != round)
			cpu_relax();
		if (stats_of(h->dt).live_bytes)
			atomic_inc(&h->errors);
	}
}

/* The granule that both have bytes in is freed once, by the CPU that frees the last byte. */
static void remote_shared_granule(struct kunit *test)
{
	struct dualtree *dt = test_instance(test, .min_region_order = 1, .limit = 4 * PAGE_SIZE);
	struct halves *h = dt_test_zalloc(test, sizeof(*h));
	unsigned int a = raw_smp_processor_id(), b = dt_other_cpu(test, a);

	dt_stay_on(test, a);
	h->dt = dt;
	INIT_WORK(&h->second, free_second);
	queue_work_on(b, dt_test_queue(test), &h->second);
	split_rounds(h);
	flush_work(&h->second);
	KUNIT_EXPECT_EQ(test, atomic_read(&h->errors), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	/* No granule was lost, or the allocations would have failed. */
	KUNIT_EXPECT_EQ(test, stats_of(dt).failed_allocs, 0);
	dt_expect_drained(test, dt);
}

static struct kunit_case remote_race_cases[] = {
	KUNIT_CASE(remote_producer_consumer),
	KUNIT_CASE(remote_shared_granule),
	{}
};

DUALTREE_SUITE(remote_race, "two CPUs that allocate and free at the same time");
