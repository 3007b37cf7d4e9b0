/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of the public calls share: instances and pools that a test cannot leak,
 * work on a chosen CPU, and what has to hold of an instance at the end of every test.
 */
#ifndef DUALTREE_KUNIT_INSTANCE_H
#define DUALTREE_KUNIT_INSTANCE_H

#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include "../compat/workqueue.h"
#include "../dualtree/check.h"
#include "../dualtree/granule.h"
#include "../dualtree/reclaim.h"

static inline void idle_ms_restore(struct kunit_resource *res)
{
	dt_reclaim_set_idle_ms((uintptr_t)res->data);
}

static inline bool is_idle_ms(struct kunit *test, struct kunit_resource *res, void *unused)
{
	return res->free == idle_ms_restore;
}

/* Has this test said how long a heap may be idle? */
static inline bool idle_ms_is_set(struct kunit *test)
{
	struct kunit_resource *res = kunit_find_resource(test, is_idle_ms, NULL);

	if (res)
		kunit_put_resource(res);
	return res;
}

/* Until the end of the test. */
static inline void idle_ms_set(struct kunit *test, unsigned int ms)
{
	if (!idle_ms_is_set(test))
		kunit_alloc_resource(test, NULL, idle_ms_restore, GFP_KERNEL,
				     (void *)(uintptr_t)READ_ONCE(dt_idle_ms));
	dt_reclaim_set_idle_ms(ms);
}

static inline void instance_release(struct kunit_resource *res)
{
	dualtree_destroy(res->data);
}

static inline void pool_release(struct kunit_resource *res)
{
	buddy_pool_destroy(res->data);
}

/*
 * The test ends here if there is no instance; at its end the instance is destroyed. What a test
 * has counted does not go back while a slow machine looks at it, unless the test wants that.
 */
static inline struct dualtree *instance_create(struct kunit *test,
					       const struct dualtree_params *params)
{
	struct dualtree *dt;

	if (!idle_ms_is_set(test))
		idle_ms_set(test, 0);
	dt = dualtree_create(test->name, params);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(dt));
	kunit_alloc_resource(test, NULL, instance_release, GFP_KERNEL, dt);
	return dt;
}

static inline void busy_queue_release(struct kunit_resource *res)
{
	destroy_workqueue(res->data);
}

/*
 * For work that keeps its CPU for long: the kernel does not hold back other work for it, and does
 * not take the CPU's queue for locked up on a slow machine.
 */
static inline struct workqueue_struct *busy_queue_create(struct kunit *test)
{
	struct workqueue_struct *wq;

	wq = alloc_workqueue("dualtree_test", WQ_PERCPU | WQ_CPU_INTENSIVE, 0);
	KUNIT_ASSERT_NOT_NULL(test, wq);
	kunit_alloc_resource(test, NULL, busy_queue_release, GFP_KERNEL, wq);
	return wq;
}

static inline bool resource_is(struct kunit *test, struct kunit_resource *res, void *data)
{
	return res->data == data;
}

/* Destroy an instance before the end of its test. */
static inline void instance_destroy(struct kunit *test, struct dualtree *dt)
{
	KUNIT_EXPECT_EQ(test, kunit_destroy_resource(test, resource_is, dt), 0);
}

/* Resources go in the opposite order: a pool outlives the instances made after it. */
static inline struct buddy_pool *pool_create(struct kunit *test,
					     const struct buddy_pool_params *params)
{
	struct buddy_pool *pool = buddy_pool_create(test->name, params);

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(pool));
	kunit_alloc_resource(test, NULL, pool_release, GFP_KERNEL, pool);
	return pool;
}

/* Arena order of the pool that a test makes for itself: 128 KiB where a page is 4 KiB. */
#define SMALL_ARENA	5

static inline struct buddy_pool *small_pool(struct kunit *test, size_t limit)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE,
		.arena_order = SMALL_ARENA,
		.limit = limit,
	};

	return pool_create(test, &params);
}

/* Bytes of a pool's blocks that are out. */
static inline size_t pool_out(struct buddy_pool *pool)
{
	struct buddy_pool_stats stats;

	buddy_pool_get_stats(pool, &stats);
	return stats.held_bytes - stats.free_bytes;
}

static inline struct dualtree_stats stats_of(struct dualtree *dt)
{
	struct dualtree_stats stats;

	dualtree_get_stats(dt, &stats);
	return stats;
}

static inline bool stats_equal(const struct dualtree_stats *a, const struct dualtree_stats *b)
{
	/* Not the padding behind the last member. */
	return !memcmp(a, b, offsetofend(struct dualtree_stats, regions));
}

static inline size_t granule_bytes(size_t size)
{
	return (size_t)granules_of(size) << DT_GRANULE_SHIFT;
}

/* Is all of a range this one value? */
static inline bool all_bytes(const void *ptr, u8 value, size_t len)
{
	return !memchr_inv(ptr, value, len);
}

/* On one CPU there is one heap, and what it does can be foretold. */
static inline void stay_on(struct kunit *test, unsigned int cpu)
{
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(cpu)), 0);
}

static inline void stay_here(struct kunit *test)
{
	stay_on(test, raw_smp_processor_id());
}

/* Some other CPU, or the test is skipped. */
static inline unsigned int other_cpu(struct kunit *test, unsigned int cpu)
{
	unsigned int other = cpumask_any_but(cpu_online_mask, cpu);

	if (other >= nr_cpu_ids)
		kunit_skip(test, "needs two CPUs");
	return other;
}

/* Everything has been freed: nothing is live, sums are right, all of it can go back. */
static inline void expect_drained(struct kunit *test, struct dualtree *dt)
{
	struct dualtree_stats stats = stats_of(dt);
	size_t held = stats.held_bytes;

	KUNIT_EXPECT_EQ(test, stats.live_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats.free_bytes, held);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
	KUNIT_EXPECT_EQ(test, dualtree_shrink(dt), held);
	stats = stats_of(dt);
	KUNIT_EXPECT_EQ(test, stats.held_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats.free_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats.largest_free, 0);
	KUNIT_EXPECT_EQ(test, stats.extents, 0);
	KUNIT_EXPECT_EQ(test, stats.regions, 0);
	KUNIT_EXPECT_EQ(test, stats.region_gets, stats.region_puts);
	KUNIT_EXPECT_TRUE(test, dualtree_check(dt));
}

#endif /* DUALTREE_KUNIT_INSTANCE_H */
