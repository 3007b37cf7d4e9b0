// SPDX-License-Identifier: GPL-2.0
/* Instances and pools come and go; and the calls of a pool, which a model of its pages checks. */
#include <dualtree/fault.h>
#include "../../buddy/check.h"
#include "../../buddy/grow.h"
#include "../../buddy/table.h"
#include "ops.h"

/* Blocks of the pool that is tested by itself. */
#define BLOCKS_MAX	64U

/**
 * struct block - pages that were taken from a pool and not returned
 * @ptr: first byte
 * @pages: number of pages
 */
struct block {
	u8 *ptr;
	u32 pages;
};

static struct buddy_pool *pool;
static struct block blocks[BLOCKS_MAX];
static u32 nr_blocks;

static void choose_pool_params(struct buddy_pool_params *p)
{
	*p = (struct buddy_pool_params){ .nid = (int)host_choose(3) - 1 };
	p->arena_order = host_choose(11);
	if (host_one_in(3))
		p->limit = (1 + host_choose(16)) * (PAGE_SIZE << (p->arena_order ?: 10)) +
			   host_choose(3) * 1000;
	if (host_one_in(3))
		p->reserve = host_choose(p->limit ? p->limit & PAGE_MASK : SZ_4M);
	if (p->reserve && host_one_in(2))
		p->reserve_order = host_choose(1 + min_t(u32, p->arena_order ?: 10,
							 ilog2(p->reserve >> PAGE_SHIFT | 1)));
	if (host_one_in(8))
		p->flags = BUDDY_POOL_ACCOUNT;
}

static struct buddy_pool *pool_create(size_t *limit)
{
	struct buddy_pool_params params;
	struct buddy_pool *new;

	choose_pool_params(&params);
	new = buddy_pool_create("pool", &params);
	if (IS_ERR(new)) {
		/* A reserve of less than a page has no order above 0. */
		host_assert(PTR_ERR(new) == -EINVAL || host_fail_every || params.reserve);
		return NULL;
	}
	*limit = params.limit;
	return new;
}

static void choose_params(struct subject *s)
{
	struct dualtree_params *p = &s->params;

	*p = (struct dualtree_params){ };
	s->pool_limit = 0;
	s->pool = host_one_in(3) ? pool_create(&s->pool_limit) : NULL;
	p->pool = s->pool;
	if (host_one_in(3))
		p->flags |= DUALTREE_EXACT_FIT;
	if (host_one_in(6))
		p->flags |= DUALTREE_ZERO;
	if (host_one_in(4))
		p->flags |= DUALTREE_REPORT_LEAKS;
	if (host_one_in(6) && !s->pool)
		p->flags |= DUALTREE_ACCOUNT;
	if (host_one_in(4))
		p->min_region_order = host_choose(6);
	if (host_one_in(4))
		p->max_region_order = p->min_region_order + host_choose(5);
	if (host_one_in(6))
		p->limit = (PAGE_SIZE << p->min_region_order) + host_choose(4 * SZ_1M);
}

void host_subject_create(struct subject *s)
{
	struct dualtree *dt;

	s->live = 0;
	s->allocs = 0;
	s->frees = 0;
	s->failed = 0;
	s->bad = 0;
	s->target = host_choose(200);
	host_ops++;
	choose_params(s);
	dt = dualtree_create("subject", &s->params);
	if (!IS_ERR(dt)) {
		s->dt = dt;
		return;
	}
	/* An order above that of the pool's arenas; or no memory. */
	host_assert(PTR_ERR(dt) == -EINVAL ? !!s->pool : !!host_fail_every);
	host_fail_every = 0;
	dualtree_fail_every(0);
	buddy_pool_destroy(s->pool);
	s->pool = NULL;
}

/* More instances than a block of slots has room for, each of which serves. */
void host_op_many(void)
{
	struct dualtree *dts[40];
	u32 nr = 1 + host_choose(ARRAY_SIZE(dts)), i;
	void *ptr;

	for (i = 0; i < nr; i++) {
		dts[i] = dualtree_create("one of many", NULL);
		if (IS_ERR(dts[i])) {
			host_assert(host_fail_every);
			break;
		}
	}
	nr = i;
	for (i = 0; i < nr; i++) {
		ptr = dualtree_alloc(dts[i], 100, GFP_KERNEL);
		host_assert(!ptr || !dualtree_free(dts[i], ptr, host_one_in(2) ? 100 : 50));
	}
	/* In another order than they came. */
	for (i = 0; i < nr; i++) {
		u32 other = i + host_choose(nr - i);

		swap(dts[i], dts[other]);
		dualtree_destroy(dts[i]);
	}
}

void host_subject_destroy(struct subject *s)
{
	struct buddy_pool_stats stats;

	host_subject_forget(s);
	dualtree_destroy(s->dt);
	s->dt = NULL;
	if (!s->pool)
		return;
	buddy_pool_get_stats(s->pool, &stats);
	host_assert(stats.free_bytes == stats.held_bytes && buddy_pool_check(s->pool));
	host_assert(!s->pool_limit || stats.held_bytes <= s->pool_limit);
	buddy_pool_destroy(s->pool);
	s->pool = NULL;
}

/* A page of a block has a mark of its own, and no other block has the page. */
static void block_mark(const struct block *block, bool check)
{
	u32 i;

	for (i = 0; i < block->pages; i++) {
		u64 *mark = (u64 *)(block->ptr + i * PAGE_SIZE);

		if (check)
			host_assert(*mark == (unsigned long)mark);
		*mark = check ? 0 : (unsigned long)mark;
	}
}

static void block_add(u8 *ptr, u32 pages)
{
	if (pages)
		blocks[nr_blocks++] = (struct block){ ptr, pages };
}

static void pool_alloc(void)
{
	u32 order = host_choose(11), i;
	bool zero = host_one_in(8);
	struct block block;

	host_ops++;
	block.ptr = buddy_pool_alloc(pool, order, (host_one_in(2) ? GFP_KERNEL : GFP_ATOMIC) |
				     (zero ? __GFP_ZERO : 0));
	if (!block.ptr)
		return;
	block.pages = 1U << order;
	host_assert(IS_ALIGNED((unsigned long)block.ptr, PAGE_SIZE << order));
	for (i = 0; i < nr_blocks; i++)
		host_assert(block.ptr + block.pages * PAGE_SIZE <= blocks[i].ptr ||
			    blocks[i].ptr + blocks[i].pages * PAGE_SIZE <= block.ptr);
	if (zero)
		host_assert(!memchr_inv(block.ptr, 0, block.pages * PAGE_SIZE));
	block_mark(&block, false);
	block_add(block.ptr, block.pages);
}

/* Free all or some pages of a block; then free them once more, which is refused. */
static void pool_free(void)
{
	u32 i = host_choose(nr_blocks), first = 0, end;
	struct block block = blocks[i];
	int err;
	u8 *ptr;

	host_ops++;
	blocks[i] = blocks[--nr_blocks];
	block_mark(&block, true);
	end = block.pages;
	if (nr_blocks < BLOCKS_MAX - 2 && host_one_in(2)) {
		first = host_choose(block.pages);
		end = first + 1 + host_choose(block.pages - first);
	}
	ptr = block.ptr + first * PAGE_SIZE;
	if (end - first == block.pages && is_power_of_2(block.pages) && host_one_in(2) &&
	    IS_ALIGNED((unsigned long)ptr, block.pages * PAGE_SIZE))
		err = buddy_pool_free(pool, ptr, ilog2(block.pages));
	else
		err = buddy_pool_free_range(pool, ptr, end - first);
	host_assert(!err);
	err = buddy_pool_free_range(pool, ptr, end - first);
	host_assert(err == -EALREADY);
	host_assert(buddy_pool_free(pool, ptr + 1, 0) == -EINVAL);
	host_assert(buddy_pool_free_range(pool, ptr, 0) == -EINVAL);
	host_assert(!buddy_pool_free(pool, NULL, 0) && !buddy_pool_free_range(pool, NULL, 1));
	host_assert(!buddy_pool_alloc(pool, 11, GFP_ATOMIC));
	block_add(block.ptr, first);
	block_add(block.ptr + end * PAGE_SIZE, block.pages - end);
	block_mark(&(struct block){ block.ptr, first }, false);
	block_mark(&(struct block){ block.ptr + end * PAGE_SIZE, block.pages - end }, false);
}

/* Pages of two blocks in one free are refused, unless they are parts of what was one block. */
static void pool_check(void)
{
	struct buddy_pool_stats stats;
	size_t out = 0;
	u32 i;

	for (i = 0; i < nr_blocks; i++)
		out += blocks[i].pages * PAGE_SIZE;
	host_assert(buddy_pool_check(pool));
	buddy_pool_get_stats(pool, &stats);
	host_assert(stats.held_bytes - stats.free_bytes == out);
}

void host_pool_end(void)
{
	if (!pool)
		return;
	while (nr_blocks)
		pool_free();
	pool_check();
	buddy_pool_trim(pool);
	buddy_pool_destroy(pool);
	pool = NULL;
}

void host_pool_step(void)
{
	size_t limit;

	if (!pool)
		pool = pool_create(&limit);
	else if (host_one_in(500))
		host_pool_end();
	else if (host_one_in(100))
		pool_check();
	else if (nr_blocks && (nr_blocks > BLOCKS_MAX - 4 || host_one_in(2)))
		pool_free();
	else
		pool_alloc();
}
