// SPDX-License-Identifier: GPL-2.0
/*
 * Pools: with any parameters, those of devices among them; and the calls of a pool by itself, which
 * a model of its pages checks. Packets may refer to pages that are freed: these are handed out to
 * none until they are released. Free pages go back to the kernel by and by, and under pressure.
 */
#include "../../buddy/check.h"
#include "../../buddy/pool.h"
#include "../../buddy/table.h"
#include "../../buddy/trim.h"
#include "ops.h"

/* Blocks of the pool that is tested by itself. */
#define BLOCKS_MAX	64U

/* Pages of it that packets refer to: more than are freed again in one hold of the lock. */
#define HELD_MAX	100U

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
static struct buddy_pool_params pool_params;
static struct block blocks[BLOCKS_MAX];
static u32 nr_blocks;

/* Pages that were freed not long ago. The pool may have them, or handed them out, or not. */
#define FREED_MAX	64U
static u8 *freed[FREED_MAX];
static u32 nr_freed;

/* What the statistics must say. */
static u64 allocs, frees, failed, bad;

/* A page may be here more than once. Each has a mark of its own in its first bytes. */
static u64 *held[HELD_MAX];
static u32 nr_held;

static u64 masks[] = { DMA_BIT_MASK(64), DMA_BIT_MASK(32) };

/* Those of pools: one that reaches all memory, one with an IOMMU, one with bounce buffers. */
static struct device devices[] = {
	{ .dma_mask = &masks[0], .max_mapping = SIZE_MAX },
	{ .dma_mask = &masks[0], .max_mapping = SIZE_MAX, .offset = 1UL << 40, .needs_sync = true },
	{ .dma_mask = &masks[1], .max_mapping = 256 * 1024 - 1, .needs_sync = true },
	{ .dma_mask = &masks[1], .max_mapping = PAGE_SIZE },
};

static void choose_params(struct buddy_pool_params *p)
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
	if (host_one_in(3)) {
		p->dev = &devices[host_choose(ARRAY_SIZE(devices))];
		p->dma_dir = host_choose(DMA_NONE);
	}
}

struct buddy_pool *host_pool_create(struct buddy_pool_params *params)
{
	struct buddy_pool *new;

	choose_params(params);
	new = buddy_pool_create("pool", params);
	if (!IS_ERR(new))
		return new;
	/* A reserve of less than a page has no order above 0. */
	host_assert(PTR_ERR(new) == -EINVAL || host_fail_every || params->reserve);
	*params = (struct buddy_pool_params){ };
	return NULL;
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
	struct block block = { ptr, pages };

	if (!pages)
		return;
	block_mark(&block, false);
	blocks[nr_blocks++] = block;
}

/* Nothing of a block is another's, or a packet's. */
static void block_check(const struct block *block)
{
	const u8 *end = block->ptr + block->pages * PAGE_SIZE;
	u32 i;

	for (i = 0; i < nr_blocks; i++)
		host_assert(end <= blocks[i].ptr ||
			    blocks[i].ptr + blocks[i].pages * PAGE_SIZE <= block->ptr);
	for (i = 0; i < nr_held; i++)
		host_assert((u8 *)held[i] < block->ptr || (u8 *)held[i] >= end);
}

/*
 * Is a page charged as it should be, and not of the emergency reserve, whatever the caller was
 * allowed? An arena outlives the emergency of its first caller.
 */
void host_arena_page_check(const struct page *page, bool charged)
{
	host_assert(!(page->gfp & __GFP_ACCOUNT) == !charged);
	host_assert(page->gfp & __GFP_NOMEMALLOC && !(page->gfp & __GFP_MEMALLOC));
	host_assert(!page_is_pfmemalloc(page));
}

/* The pages of an arena are of its node and its zone, are charged, and mapped for its device. */
static void page_check(const struct page *page)
{
	bool limited = pool_params.dev && dma_addressing_limited(pool_params.dev);
	int nid = page - host_pages >= HOST_NODE_PAGES;

	host_assert(pool_params.nid == NUMA_NO_NODE || limited || nid == pool_params.nid);
	host_arena_page_check(page, pool_params.flags & BUDDY_POOL_ACCOUNT);
	host_assert(page->mapped == pool_params.dev);
}

static void pool_alloc(void)
{
	u32 order = host_choose(11);
	gfp_t gfp = host_one_in(2) ? GFP_KERNEL : GFP_ATOMIC;
	bool zero = host_one_in(8);
	struct block block;

	host_ops++;
	if (zero)
		gfp |= __GFP_ZERO;
	if (host_one_in(8))
		gfp |= __GFP_MEMALLOC;
	block.ptr = buddy_pool_alloc(pool, order, gfp);
	allocs += !!block.ptr;
	failed += !block.ptr && order <= pool->arena_order;
	if (!block.ptr)
		return;
	block.pages = 1U << order;
	host_assert(IS_ALIGNED((unsigned long)block.ptr, PAGE_SIZE << order));
	block_check(&block);
	page_check(virt_to_page(block.ptr));
	if (zero)
		host_assert(!memchr_inv(block.ptr, 0, block.pages * PAGE_SIZE));
	block_add(block.ptr, block.pages);
}

/* What is refused changes nothing. */
static void refused(u8 *ptr, u32 pages, int err)
{
	bad += 3;
	host_assert(buddy_pool_free_range(pool, ptr, pages) == err);
	host_assert(buddy_pool_free(pool, ptr + 1, 0) == -EINVAL);
	host_assert(buddy_pool_free_range(pool, ptr, 0) == -EINVAL);
	host_assert(!buddy_pool_free(pool, NULL, 0) && !buddy_pool_free_range(pool, NULL, 1));
	host_assert(!buddy_pool_alloc(pool, 11, GFP_ATOMIC));
	host_assert(!buddy_pool_alloc(pool, 0, GFP_ATOMIC | __GFP_DMA));
}

/* Take all or some pages out of a block of the model, which keeps the rest. */
static struct block part_take(void)
{
	u32 i = host_choose(nr_blocks), first = 0, end;
	struct block block = blocks[i];

	blocks[i] = blocks[--nr_blocks];
	block_mark(&block, true);
	end = block.pages;
	if (nr_blocks < BLOCKS_MAX - 2 && host_one_in(2)) {
		first = host_choose(block.pages);
		end = first + 1 + host_choose(block.pages - first);
	}
	block_add(block.ptr, first);
	block_add(block.ptr + end * PAGE_SIZE, block.pages - end);
	return (struct block){ block.ptr + first * PAGE_SIZE, end - first };
}

/*
 * Is it a block as it was handed out? A part of one may be of the same pages, but lies in a block
 * of which other pages are live, or was split.
 */
static bool is_block(const struct block *part)
{
	return is_power_of_2(part->pages) &&
	       IS_ALIGNED((unsigned long)part->ptr, part->pages * PAGE_SIZE);
}

/* Free pages; then once more, which is refused. */
static void pool_free(void)
{
	struct block part = part_take();
	int err = -EINVAL;

	host_ops++;
	if (is_block(&part) && host_one_in(2)) {
		err = buddy_pool_free(pool, part.ptr, ilog2(part.pages));
		bad += !!err;
	}
	if (err)
		err = buddy_pool_free_range(pool, part.ptr, part.pages);
	host_assert(!err);
	frees++;
	freed[nr_freed++ % FREED_MAX] = part.ptr + host_choose(part.pages) * PAGE_SIZE;
	refused(part.ptr, part.pages, -EALREADY);
}

static bool page_live(const u8 *page)
{
	u32 i;

	for (i = 0; i < nr_blocks; i++)
		if (page >= blocks[i].ptr && page < blocks[i].ptr + blocks[i].pages * PAGE_SIZE)
			return true;
	return false;
}

/* A page that was freed, and maybe returned since, and maybe taken for another arena. */
static void pool_free_again(void)
{
	u8 *page = freed[host_choose(min(nr_freed, FREED_MAX))];

	if (page_live(page))
		return;
	host_assert(buddy_pool_free_range(pool, page, 1) < 0);
	host_assert(buddy_pool_free(pool, page, 0) < 0);
	bad += 2;
}

/* A free of pages that are not all live in one block is refused. */
static void pool_bad_free(void)
{
	const struct block *block = &blocks[host_choose(nr_blocks)];
	u8 *end = block->ptr + block->pages * PAGE_SIZE;
	u32 i;

	for (i = 0; i < nr_blocks; i++) {
		if (blocks[i].ptr != end)
			continue;
		/* Two blocks in one free, or two parts of what was one: then a head is between. */
		host_assert(buddy_pool_free_range(pool, end - PAGE_SIZE, 2) == -EINVAL);
		bad++;
		return;
	}
	host_assert(buddy_pool_free_range(pool, block->ptr, block->pages + 1) < 0);
	host_assert(buddy_pool_free(pool, block->ptr, 64) == -EINVAL);
	bad += 2;
	/* Of a pool that there is not. */
	host_assert(buddy_pool_free_range(NULL, block->ptr, 1) == -EINVAL);
}

/* Packets refer to some pages of a part. Return: the number of pages that one at least does. */
static u32 hold_some(const struct block *part)
{
	u32 nr = 1 + host_choose(host_one_in(4) ? 60 : 3), pages = 0;
	struct page *page;

	for (; nr && nr_held < HELD_MAX; nr--) {
		u64 *mark = (u64 *)(part->ptr + host_choose(part->pages) * PAGE_SIZE);

		page = virt_to_page(mark);
		pages += page->refs == 1;
		get_page(page);
		*mark = (unsigned long)mark;
		held[nr_held++] = mark;
	}
	return pages;
}

static void pool_abandon(void)
{
	struct block part = part_take();
	u32 first = nr_held, pages = hold_some(&part);
	struct buddy_pool_stats stats;

	host_ops++;
	host_assert(buddy_pool_abandon(pool, part.ptr, part.pages) == pages);
	/* A free for each run of pages between those that are held. */
	buddy_pool_get_stats(pool, &stats);
	host_assert(stats.frees >= frees && stats.frees - frees <= pages + 1);
	frees = stats.frees;
	if (first == nr_held)
		return;
	host_assert(buddy_pool_free_range(pool, held[first], 1) == -EINVAL);
	bad++;
}

/* A packet is sent. */
static void release(void)
{
	u32 i = host_choose(nr_held);
	u64 *mark = held[i];

	held[i] = held[--nr_held];
	host_assert(*mark == (unsigned long)mark);
	put_page(virt_to_page(mark));
}

static void pool_release(void)
{
	u32 nr = host_one_in(8) ? nr_held : 1;

	for (; nr && nr_held; nr--)
		release();
}

/* Under memory pressure all that is free goes, unless a device or the reserve needs it. */
static void pool_shrink(void)
{
	struct buddy_pool_stats before, after;

	buddy_pool_get_stats(pool, &before);
	host_shrink(host_one_in(2));
	host_assert(buddy_pool_check(pool));
	buddy_pool_get_stats(pool, &after);
	host_assert(!pool_params.dev || !after.returned_bytes);
	/* Abandoned pages that packets have released are found after the count. */
	if (!pool_params.dev && !pool_params.reserve && !before.abandoned_bytes)
		host_assert(!after.free_bytes);
}

/* Nothing was taken since the last trim: no more stays free than a quarter of what is out. */
static void pool_trim_again(size_t out)
{
	size_t mark = max(out / 4, (size_t)2 * BUDDY_KEEP_MIN);
	struct buddy_pool_stats stats;

	buddy_pool_trim(pool);
	host_assert(buddy_pool_check(pool));
	buddy_pool_get_stats(pool, &stats);
	host_assert(stats.held_bytes - stats.free_bytes - stats.abandoned_bytes == out);
	if (!pool_params.dev && !pool_params.reserve)
		host_assert(stats.free_bytes <= mark);
}

static void pool_check(void)
{
	struct buddy_pool_stats stats;
	size_t out = 0;
	u32 i;

	for (i = 0; i < nr_blocks; i++)
		out += blocks[i].pages * PAGE_SIZE;
	host_assert(buddy_pool_check(pool));
	buddy_pool_get_stats(pool, &stats);
	host_assert(stats.held_bytes - stats.free_bytes - stats.abandoned_bytes == out);
	host_assert(stats.allocs == allocs && stats.frees == frees);
	host_assert(stats.failed_allocs == failed && stats.bad_frees == bad);
	host_assert(!pool_params.limit || stats.held_bytes <= pool_params.limit);
	host_assert(!pool_params.dev || pool_params.dev->mapped >= stats.held_bytes);
	if (host_one_in(2))
		return;
	/* A trim frees what was released, and returns arenas in which nothing is live. */
	buddy_pool_trim(pool);
	host_assert(buddy_pool_check(pool));
	buddy_pool_get_stats(pool, &stats);
	host_assert(stats.held_bytes - stats.free_bytes - stats.abandoned_bytes == out);
	host_assert(stats.abandoned_bytes <= nr_held * PAGE_SIZE);
	host_assert(out || stats.held_bytes <= pool_params.reserve + (PAGE_SIZE << 10));
	pool_trim_again(out);
}

void host_pool_end(void)
{
	if (!pool)
		return;
	while (nr_blocks)
		pool_free();
	pool_check();
	if (host_one_in(2))
		pool_release();
	buddy_pool_destroy(pool);
	pool = NULL;
	while (nr_held)
		release();
}

static void pool_begin(void)
{
	pool = host_pool_create(&pool_params);
	allocs = 0;
	frees = 0;
	failed = 0;
	bad = 0;
	nr_freed = 0;
}

void host_pool_step(void)
{
	if (!pool)
		pool_begin();
	else if (host_one_in(500))
		host_pool_end();
	else if (host_one_in(100))
		pool_check();
	else if (host_one_in(400))
		pool_shrink();
	else if (nr_freed && host_one_in(16))
		pool_free_again();
	else if (nr_held && host_one_in(16))
		pool_release();
	else if (nr_blocks && nr_held < HELD_MAX && host_one_in(32))
		pool_abandon();
	else if (nr_blocks && host_one_in(16))
		pool_bad_free();
	else if (nr_blocks && (nr_blocks > BLOCKS_MAX - 4 || host_one_in(2)))
		pool_free();
	else
		pool_alloc();
}
