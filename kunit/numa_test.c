// SPDX-License-Identifier: GPL-2.0
/*
 * Pools and NUMA nodes: memory comes from the node of the request, and from another node only on
 * OOM. Skipped on a machine with one node; the harness gives its guests two.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/smp.h>
#include <linux/topology.h>
#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>
#include "fixtures/suite.h"

static int node_of(const void *addr)
{
	return page_to_nid(virt_to_page(addr));
}

/* A CPU of another node than the first, or -1. */
static int far_cpu(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (cpu_to_node(cpu) != first_online_node)
			return cpu;
	return -1;
}

#define NEED_FAR_CPU(test)						\
({									\
	int _cpu = far_cpu();					\
									\
	if (_cpu < 0)							\
		kunit_skip(test, "needs two nodes with CPUs");		\
	_cpu;								\
})

/**
 * struct job - one allocation, made on a CPU of choice in process context
 * @pool: where from, or NULL
 * @dt: where from, if there is no @pool
 * @gfp: how
 * @ptr: the result
 */
struct job {
	struct buddy_pool *pool;
	struct dualtree *dt;
	gfp_t gfp;
	void *ptr;
};

static int do_job(void *data)
{
	struct job *job = data;

	job->ptr = job->pool ? buddy_pool_alloc(job->pool, 4, job->gfp) :
			       dualtree_alloc(job->dt, 1500, job->gfp);
	return 0;
}

static void *alloc_on(int cpu, struct buddy_pool *pool, struct dualtree *dt, gfp_t gfp)
{
	struct job job = { .pool = pool, .dt = dt, .gfp = gfp };

	return smp_call_on_cpu(cpu, do_job, &job, false) ? NULL : job.ptr;
}

static void numa_instance_uses_the_node_of_the_cpu(struct kunit *test)
{
	struct dualtree *dt;
	void *ptr;
	int cpu;

	NEED_FAR_CPU(test);
	dt = dualtree_create("numa", NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dt));
	for_each_online_cpu(cpu) {
		ptr = alloc_on(cpu, NULL, dt, GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, ptr);
		if (ptr)
			KUNIT_EXPECT_EQ(test, node_of(ptr), cpu_to_node(cpu));
	}
	dualtree_destroy(dt);
}

static void numa_pool_stays_on_its_node(struct kunit *test)
{
	struct buddy_pool_params params = { .arena_order = 5 };
	int far = NEED_FAR_CPU(test), nid;
	struct buddy_pool *pool;
	void *block;

	for_each_online_node(nid) {
		params.nid = nid;
		pool = buddy_pool_create("numa", &params);
		KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
		block = alloc_on(far, pool, NULL, GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, block);
		if (block)
			KUNIT_EXPECT_EQ(test, node_of(block), nid);
		KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 4), 0);
		buddy_pool_destroy(pool);
	}
}

static void numa_pool_without_a_node_follows_the_cpu(struct kunit *test)
{
	int far = NEED_FAR_CPU(test);
	struct buddy_pool *pool = buddy_pool_create("numa", NULL);
	void *block;

	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	block = alloc_on(far, pool, NULL, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, block);
	if (block)
		KUNIT_EXPECT_EQ(test, node_of(block), cpu_to_node(far));
	buddy_pool_free(pool, block, 4);
	buddy_pool_destroy(pool);
}

/* Also where the node has no arena of the order that the pool prefers, but has smaller ones. */
static void numa_small_arena_here_before_a_large_one_there(struct kunit *test)
{
	int far = NEED_FAR_CPU(test), nid = cpu_to_node(far);
	gfp_t gfp = GFP_KERNEL | __GFP_THISNODE | __GFP_NORETRY | __GFP_NOWARN;
	struct buddy_pool *pool = buddy_pool_create("numa", NULL);
	static struct page *taken[256];
	unsigned int nr = 0;
	void *block;

	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	/* All that lies ready in blocks of the preferred order. */
	while (nr < ARRAY_SIZE(taken)) {
		taken[nr] = alloc_pages_node(nid, gfp & ~__GFP_RECLAIM, BUDDY_POOL_ARENA_ORDER);
		if (!taken[nr])
			break;
		nr++;
	}
	block = alloc_on(far, pool, NULL, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, block);
	if (block)
		KUNIT_EXPECT_EQ(test, node_of(block), nid);
	while (nr)
		__free_pages(taken[--nr], BUDDY_POOL_ARENA_ORDER);
	buddy_pool_free(pool, block, 4);
	buddy_pool_destroy(pool);
}

static void numa_node_that_is_not_there_is_refused(struct kunit *test)
{
	struct buddy_pool_params params = { .nid = MAX_NUMNODES };

	KUNIT_EXPECT_PTR_EQ(test, buddy_pool_create("numa", &params), ERR_PTR(-EINVAL));
	params.nid = -2;
	KUNIT_EXPECT_PTR_EQ(test, buddy_pool_create("numa", &params), ERR_PTR(-EINVAL));
}

/**
 * struct hoard - pages taken from a node; lies in them
 * @next: taken before it
 * @order: how many, as a power of two
 */
struct hoard {
	struct hoard *next;
	unsigned int order;
};

/* Take all that a node has, down to what atomic callers are left. */
static struct hoard *exhaust(int nid)
{
	gfp_t gfp = GFP_ATOMIC | __GFP_THISNODE | __GFP_NOWARN;
	struct hoard *all = NULL, *one;
	int order = MAX_PAGE_ORDER;
	struct page *page;

	while (order >= 0) {
		page = alloc_pages_node(nid, gfp, order);
		if (!page) {
			order--;
			continue;
		}
		one = page_address(page);
		one->order = order;
		one->next = all;
		all = one;
	}
	return all;
}

static void give_back(struct hoard *all)
{
	struct hoard *one;

	while ((one = all)) {
		all = one->next;
		free_pages((unsigned long)one, one->order);
	}
}

static void numa_other_nodes_help_out(struct kunit *test)
{
	int far = NEED_FAR_CPU(test), nid = cpu_to_node(far);
	struct dualtree *dt = dualtree_create("numa", NULL);
	struct buddy_pool_params params = { .nid = nid };
	struct buddy_pool *pool = buddy_pool_create("numa", &params);
	struct hoard *hoard;
	void *ptr, *block;

	KUNIT_ASSERT_FALSE(test, IS_ERR(dt));
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	hoard = exhaust(nid);
	/* First goes what the default pool of the node still holds. */
	while ((ptr = alloc_on(far, NULL, dt, GFP_ATOMIC)) && node_of(ptr) == nid)
		;
	block = alloc_on(far, pool, NULL, GFP_ATOMIC);
	give_back(hoard);

	KUNIT_EXPECT_NOT_NULL(test, ptr);
	if (ptr)
		KUNIT_EXPECT_NE(test, node_of(ptr), nid);
	/* A pool with a node of its own does not go elsewhere, whatever came free there since. */
	if (block) {
		KUNIT_EXPECT_EQ(test, node_of(block), nid);
		KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 4), 0);
	}
	dualtree_destroy(dt);
	buddy_pool_destroy(pool);
}

static struct kunit_case numa_cases[] = {
	KUNIT_CASE(numa_instance_uses_the_node_of_the_cpu),
	KUNIT_CASE(numa_pool_stays_on_its_node),
	KUNIT_CASE(numa_pool_without_a_node_follows_the_cpu),
	KUNIT_CASE(numa_small_arena_here_before_a_large_one_there),
	KUNIT_CASE(numa_node_that_is_not_there_is_refused),
	KUNIT_CASE(numa_other_nodes_help_out),
	{}
};

DUALTREE_SUITE(numa, "pools and NUMA nodes");
