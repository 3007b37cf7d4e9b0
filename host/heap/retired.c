// SPDX-License-Identifier: GPL-2.0
/*
 * Regions that become empty in NMI, where they cannot be put: the calls that follow, or a pass, put
 * them. Each CPU has a heap of its own.
 */
#include "../../dualtree/check.h"
#include "../../dualtree/heap.h"
#include "../../dualtree/section.h"
#include "ops.h"

/* Regions that an NMI frees, each of one piece. */
#define LARGE_PIECES	4

#define SMALL		(3 * DT_GRANULE)

/* So many that the heap is not worth a trim when the regions are empty. */
static u8 *smalls[2048];

static struct dualtree *retire_in_nmi(void)
{
	struct dualtree *dt = dualtree_create("retired", NULL);
	u8 *larges[LARGE_PIECES];
	u32 i;

	host_assert(!IS_ERR(dt));
	for (i = 0; i < ARRAY_SIZE(smalls); i++)
		smalls[i] = dualtree_alloc(dt, SMALL, GFP_KERNEL);
	for (i = 0; i < LARGE_PIECES; i++)
		larges[i] = dualtree_alloc(dt, 2 * SZ_64K, GFP_KERNEL);
	host_now.nmi = true;
	host_now.irqs_off++;
	for (i = 0; i < LARGE_PIECES; i++)
		host_assert(!dualtree_free(dt, larges[i], 2 * SZ_64K));
	host_now.irqs_off--;
	host_now.nmi = false;
	return dt;
}

static void free_smalls(struct dualtree *dt)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(smalls); i++)
		if (smalls[i])
			host_assert(!dualtree_free(dt, smalls[i], SMALL));
	host_assert(dualtree_check(dt));
	dualtree_destroy(dt);
}

/* A free that makes its range hot in place of another one puts them. */
static void put_by_free(void)
{
	struct dualtree *dt = retire_in_nmi();
	const struct dt_heap *heap = heap_of_cpu(dt, 0);
	u32 i;

	for (i = 2; i < 10; i += 4) {
		host_assert(heap->retired);
		host_assert(!dualtree_free(dt, smalls[i], SMALL));
		smalls[i] = NULL;
	}
	host_assert(!heap->retired);
	free_smalls(dt);
}

/* Where all calls are of the hot range a pass does, though the heap is busy. */
static void put_by_pass(void)
{
	struct dualtree *dt = retire_in_nmi();
	const struct dt_heap *heap = heap_of_cpu(dt, 0);
	u32 i, passes;

	for (passes = 0; passes < 4; passes++) {
		for (i = 0; i < 1000; i++) {
			host_assert(!dualtree_free(dt, smalls[0], SMALL));
			smalls[0] = dualtree_alloc(dt, SMALL, GFP_KERNEL);
		}
		host_assert(passes || heap->retired);
		host_pass_time(2000);
	}
	host_assert(!heap->retired);
	free_smalls(dt);
}

void host_retired_cases(void)
{
	put_by_free();
	put_by_pass();
}
