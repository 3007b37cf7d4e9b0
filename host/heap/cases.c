// SPDX-License-Identifier: GPL-2.0
/* Cases that random calls have found: each as few steps as show it. They run before all others. */
#include "../../compat/kasan.h"
#include "../../dualtree/extent_tree.h"
#include "../../dualtree/ledger.h"
#include "ops.h"

/* Granules of the region of a case. */
#define GRANULES	1024U

/**
 * struct region - a region without a heap
 * @tree: its trees
 * @ledger: its ledger, with the guards around it
 * @memory: its memory
 * @index: the tree by address, and lengths
 */
struct region {
	struct dt_extent_tree tree;
	u8 *ledger;
	void *memory;
	void *index;
};

static void region_begin(struct region *r)
{
	size_t bytes = GRANULES * dualtree_granule();

	r->ledger = (u8 *)malloc(GRANULES + 16) + 8;
	r->index = calloc(1, dt_extent_tree_size(GRANULES));
	host_assert(!posix_memalign(&r->memory, PAGE_SIZE, bytes));
	memset(r->ledger - 8, dualtree_granule(), GRANULES + 16);
	dt_extent_tree_init(&r->tree, r->memory, r->ledger, GRANULES, r->index);
}

static void region_end(struct region *r)
{
	dt_unpoison(r->memory, GRANULES * dualtree_granule());
	free(r->ledger - 8);
	free(r->index);
	free(r->memory);
}

static void region_free(struct region *r, unsigned int first, unsigned int nr)
{
	ledger_set(r->ledger, first, nr, LEDGER_OWNED);
	dt_extent_tree_free(&r->tree, first, nr);
}

/*
 * A stray link leads from one large extent to another one, which is too short for the request. That
 * one was handed out, with what is live after it.
 */
static void short_extent(void)
{
	struct dt_extent *root;
	struct region r;
	unsigned int i;

	region_begin(&r);
	region_free(&r, 0, 100);
	region_free(&r, 101, 300);
	region_free(&r, 402, 60);
	root = extent_node(&r.tree, 99);
	for (i = 0; i < EXTENT_CHILDREN; i++)
		if (root->child[i] == EXTENT_NONE)
			root->child[i] = 461;
	i = dt_extent_tree_alloc(&r.tree, 200);
	host_assert(i == 101 || (i == EXTENT_NONE && r.tree.damaged));
	region_end(&r);
}

void host_cases(void)
{
	short_extent();
}
