// SPDX-License-Identifier: GPL-2.0
/*
 * Instances, of which there is one for each stream: what one costs before it is used, ten
 * thousand of them at a time, and that the end of one takes as many steps as it has regions.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "../dualtree/section.h"
#include "fixtures/instance.h"
#include "fixtures/scale.h"

/* KASAN saves the stack of each of the many small allocations that an instance makes. */
static uint instances = SLOW_KERNEL ? 1000 : 10000;
module_param(instances, uint, 0444);
MODULE_PARM_DESC(instances, "that are there at a time");

/* What an instance may cost, and a pointer for each CPU. */
#define BYTES_MAX	512

/* Where locks and objects are watched, what watches them is not counted. */
static bool sizes_are_real(void)
{
	return !IS_ENABLED(CONFIG_DEBUG_SPINLOCK) && !IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC) &&
	       !IS_ENABLED(CONFIG_DEBUG_OBJECTS_WORK);
}

static void instances_size(struct kunit *test)
{
	static const char name[] = "a name as drivers have them";
	struct dualtree *dt = dualtree_create(name, NULL);
	size_t own, needed = offsetof(struct dualtree, name) + sizeof(name);

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(dt));
	own = ksize(dt);
	kunit_info(test, "%zu bytes and the name, in a block of %zu; %zu for each of %u CPUs\n",
		   sizeof(*dt), own, sizeof(*dt->slots), nr_cpu_ids);
	/* As it is given out: blocks are rounded up to what there is. */
	KUNIT_EXPECT_GE(test, own, needed);
	KUNIT_EXPECT_EQ(test, sizeof(*dt->slots), 2 * sizeof(void *));
	KUNIT_EXPECT_EQ(test, stats_of(dt).held_bytes, 0);
	/* No files and no heaps either, until it is used. */
	KUNIT_EXPECT_NULL(test, dt->dir);
	if (sizes_are_real()) {
		KUNIT_EXPECT_LT(test, needed, BYTES_MAX);
		KUNIT_EXPECT_LE(test, own, BYTES_MAX);
	}
	dualtree_destroy(dt);
}

struct crowd {
	struct dualtree *dt;
	u8 *ptr;
};

static void crowd_free(struct kunit_resource *res)
{
	struct crowd *crowd = res->data;
	unsigned int i, nr = param_value_of(instances);

	for (i = 0; i < nr; i++)
		dualtree_destroy(crowd[i].dt);
	vfree(crowd);
}

static struct crowd *crowd_create(struct kunit *test, const struct dualtree_params *params)
{
	unsigned int i, nr = param_value_of(instances);
	struct crowd *crowd = vzalloc(array_size(nr, sizeof(*crowd)));

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	kunit_alloc_resource(test, NULL, crowd_free, GFP_KERNEL, crowd);
	for (i = 0; i < nr; i++) {
		struct dualtree *dt = dualtree_create("one of many", params);

		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(dt));
		crowd[i].dt = dt;
		if (i % 256 == 0)
			cond_resched();
	}
	return crowd;
}

/* None is used: the pool is not asked for anything. */
static void instances_unused(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_pool(test, NULL);
	struct dualtree_params params = { .pool = pool };
	struct buddy_pool_stats stats;

	crowd_create(test, &params);
	buddy_pool_get_stats(pool, &stats);
	KUNIT_EXPECT_EQ(test, stats.allocs, 0);
	KUNIT_EXPECT_EQ(test, stats.held_bytes, 0);
}

/* Each is used once, all are there at a time, and half of them still hold what they took. */
static void instances_used_once(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_pool(test, NULL);
	struct dualtree_params params = { .pool = pool, .min_region_order = 1 };
	struct crowd *crowd = crowd_create(test, &params);
	unsigned int i, failed = 0, nr = param_value_of(instances);

	dt_stay_on(test, raw_smp_processor_id());
	for (i = 0; i < nr; i++) {
		crowd[i].ptr = dualtree_alloc(crowd[i].dt, 1 + i % 2000, GFP_KERNEL);
		if (crowd[i].ptr)
			memset(crowd[i].ptr, i, 1 + i % 2000);
		if (i % 256 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, dt_pool_used(pool), nr * 2 * PAGE_SIZE);
	for (i = 0; i < nr; i++) {
		failed += !crowd[i].ptr || !all_bytes(crowd[i].ptr, i, 1 + i % 2000);
		if (i % 2)
			failed += !!dualtree_free(crowd[i].dt, crowd[i].ptr, 1 + i % 2000);
		failed += stats_of(crowd[i].dt).live_bytes != (i % 2 ? 0 : 1 + i % 2000);
		dualtree_destroy(crowd[i].dt);
		crowd[i].dt = NULL;
		if (i % 256 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, failed, 0);
	KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
}

#define OBJECTS	20000

/* The end of an instance gives back a block for each region, however much is live in them. */
static void instances_end_by_regions(struct kunit *test)
{
	struct buddy_pool *pool = dt_test_pool(test, NULL);
	struct dualtree_params params = {
		.pool = pool, .min_region_order = 4, .max_region_order = 4,
	};
	struct buddy_pool_stats before, after;
	unsigned int i, regions, sizes[] = { DT_GRANULE, 2048 };
	struct dualtree *dt;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned int k, failed = 0;

		dt = dt_test_instance(test, &params);
		for (k = 0; k < OBJECTS * DT_GRANULE / sizes[i]; k++)
			failed += !dualtree_alloc(dt, sizes[i], GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, failed, 0);
		regions = stats_of(dt).regions;
		KUNIT_EXPECT_EQ(test, regions, DIV_ROUND_UP(OBJECTS * DT_GRANULE, PAGE_SIZE << 4));
		buddy_pool_get_stats(pool, &before);
		dt_test_instance_destroy(test, dt);
		buddy_pool_get_stats(pool, &after);
		KUNIT_EXPECT_EQ(test, after.frees - before.frees, regions);
		KUNIT_EXPECT_EQ(test, dt_pool_used(pool), 0);
	}
}

static struct kunit_case instances_cases[] = {
	KUNIT_CASE(instances_size),
	KUNIT_CASE(instances_unused),
	KUNIT_CASE(instances_used_once),
	KUNIT_CASE(instances_end_by_regions),
	{}
};

DUALTREE_SUITE(instances, "instances: their size, their number, their end");
