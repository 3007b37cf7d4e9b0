// SPDX-License-Identifier: GPL-2.0
/*
 * A pool that belongs to a device: which devices are accepted, where its memory is, what addresses
 * ranges have, and that a mapping that fails is as memory that is not there.
 */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include "fixtures/dma_device.h"
#include "fixtures/faults.h"
#include "fixtures/pool.h"

/* The address of a byte is that of its arena and the offset: for the direct mapping, its own. */
static void dma_addresses(struct kunit *test)
{
	struct device *dev = dt_dma_device(test, DMA_BIT_MASK(64));
	struct buddy_pool *pool = test_pool(test, .dev = dev, .dma_dir = DMA_FROM_DEVICE);
	struct dualtree *dt = test_instance(test, .pool = pool), *plain = test_instance(test);
	static const size_t sizes[] = { 1, 100, 1500, 4096, 70000, 1000000 };
	unsigned int i;
	u8 *ptr;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ptr = dt_must_alloc(test, dt, sizes[i]);
		KUNIT_EXPECT_EQ(test, dualtree_dma_addr(dt, ptr),
				phys_to_dma(dev, virt_to_phys(ptr)));
		KUNIT_EXPECT_EQ(test, dualtree_dma_addr(dt, ptr + sizes[i] - 1),
				dualtree_dma_addr(dt, ptr) + sizes[i] - 1);
		dualtree_dma_sync_for_device(dt, ptr, sizes[i]);
		memset(ptr, i, sizes[i]);
		dualtree_dma_sync_for_cpu(dt, ptr, sizes[i]);
		KUNIT_EXPECT_TRUE(test, all_bytes(ptr, i, sizes[i]));
		/* Not of this instance's pool, or of none. */
		KUNIT_EXPECT_EQ(test, dualtree_dma_addr(plain, ptr), DMA_MAPPING_ERROR);
		dualtree_free(dt, ptr, sizes[i]);
	}
	KUNIT_EXPECT_EQ(test, dualtree_dma_addr(dt, NULL), DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, dualtree_dma_addr(dt, &sizes), DMA_MAPPING_ERROR);
	dt_expect_drained(test, dt);
}

/* A device that reaches 32 bits gets memory below 4 GiB; one that reaches less gets no pool. */
static void dma_masks(struct kunit *test)
{
	struct device *dev = dt_dma_device(test, DMA_BIT_MASK(32));
	struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .dma_dir = DMA_BIDIRECTIONAL };
	struct buddy_pool *pool = test_pool(test, .dev = dev, .dma_dir = DMA_BIDIRECTIONAL);
	unsigned int i;
	void *block;

	for (i = 0; i < 20; i++) {
		block = dt_block_alloc(test, pool, 6);
		KUNIT_EXPECT_LE(test, virt_to_phys(block) + (PAGE_SIZE << 6), BIT_ULL(32));
		KUNIT_ASSERT_TRUE(test, block);
	}
	params.dev = dt_dma_device(test, DMA_BIT_MASK(31));
	KUNIT_EXPECT_EQ(test, PTR_ERR(buddy_pool_create("short", &params)), -EOPNOTSUPP);
	params.dev = dt_dma_device(test, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(buddy_pool_create("none", &params)), -EOPNOTSUPP);
	params.dev = dev;
	params.dma_dir = DMA_NONE;
	KUNIT_EXPECT_EQ(test, PTR_ERR(buddy_pool_create("direction", &params)), -EINVAL);
}

/* A mapping that fails: no block, and nothing is lost. */
static void dma_faults(struct kunit *test)
{
	struct device *dev = dt_dma_device(test, DMA_BIT_MASK(64));
	struct buddy_pool *pool = test_pool(test, .arena_order = SMALL_ORDER, .dev = dev,
					    .dma_dir = DMA_FROM_DEVICE);
	unsigned int n, failed = 0;
	bool hit = true;
	void *block;

	dt_faults_or_skip(test);
	for (n = 1; hit && n < FAULT_POINTS_MAX; n++) {
		dt_fault_arm(n);
		block = buddy_pool_alloc(pool, SMALL_ORDER, GFP_KERNEL);
		hit = dt_fault_disarm();
		failed += !block;
		if (block)
			dt_block_free(test, pool, block, SMALL_ORDER);
		else
			KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, 0);
		dt_expect_trimmed(test, pool);
	}
	/* The record, the pages, the mapping, the leaf of the table. */
	KUNIT_EXPECT_GE(test, failed, 4);
}

static struct kunit_case pool_dma_cases[] = {
	KUNIT_CASE(dma_addresses),
	KUNIT_CASE(dma_masks),
	KUNIT_CASE(dma_faults),
	{}
};

static int pool_dma_init(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_HAS_DMA))
		kunit_skip(test, "needs a kernel that maps memory for devices");
	return 0;
}

DUALTREE_SUITE(pool_dma, "pools of a device", .init = pool_dma_init, .exit = dt_faults_exit);
