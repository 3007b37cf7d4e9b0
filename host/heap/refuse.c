// SPDX-License-Identifier: GPL-2.0
/* Calls that must be refused, and change nothing; and questions about ranges. */
#include "../../dualtree/region.h"
#include "ops.h"

/* Would the ledger let a free of this range pass? It counts the bytes of a granule only. */
static bool counts_allow(const u8 *ptr, size_t len)
{
	unsigned long granule = dualtree_granule();
	const u8 *end = ptr + len, *at = (u8 *)((unsigned long)ptr & -granule);

	for (; at < end; at += granule)
		if (host_live_count(at) < min(end, at + granule) - max(ptr, at))
			return false;
	return true;
}

static bool in_memory(const u8 *ptr, size_t len)
{
	return (char *)ptr >= HOST_MEMORY && (char *)ptr < HOST_MEMORY + HOST_BYTES &&
	       len <= HOST_MEMORY + HOST_BYTES - (char *)ptr;
}

/* An address that is no instance's, or whose bytes are not live. */
static u8 *choose_wrong(const struct subject *s, size_t *len)
{
	u8 *ptr = s->nr ? s->pieces[host_choose(s->nr)].ptr : (u8 *)HOST_MEMORY;

	*len = 1 + host_choose(8192);
	switch (host_choose(8)) {
	case 0:
		return (u8 *)HOST_MEMORY + host_choose(HOST_BYTES - 8192);
	case 1:
		return (u8 *)(unsigned long)host_choose(U32_MAX);
	case 2:
		return (u8 *)s;
	case 3:
		*len = 0;
		return ptr;
	case 4:
		*len = ~0UL - host_choose(4096);
		return ptr;
	case 5:
		return (u8 *)HOST_MEMORY - 1 - host_choose(4096);
	default:
		return ptr + host_choose(16384) - 8192;
	}
}

/* Refuse in one of the ways that there are. */
static void refused(struct subject *s, u8 *ptr, size_t len, int err)
{
	struct dualtree_range range = { ptr, len };
	int got;

	host_ops++;
	s->bad++;
	switch (host_choose(4)) {
	case 0:
		got = dualtree_free_bulk(s->dt, &range, 1);
		break;
	case 1:
		host_assert(!dualtree_realloc(s->dt, ptr, len, 1, GFP_ATOMIC));
		return;
	case 2:
		got = dualtree_trim(s->dt, ptr, len, 0);
		break;
	default:
		got = dualtree_free(s->dt, ptr, len);
	}
	if (got != err)
		host_fail("a free of %zu bytes at %p returned %d and not %d", len, ptr, got, err);
}

void host_op_bad_free(struct subject *s)
{
	const struct dt_region *region;
	size_t len;
	u8 *ptr = choose_wrong(s, &len);
	bool owns = dualtree_owns(s->dt, ptr, len);

	if (!ptr)
		return;
	region = region_of(ptr);
	host_assert(owns == (region && region->dt == s->dt && len &&
			     len <= (u8 *)region->base + region->bytes - ptr));
	host_assert(!owns || in_memory(ptr, len));
	if (!owns) {
		refused(s, ptr, len, -EINVAL);
		host_assert(!dualtree_extend(s->dt, ptr, len, len + 1));
	}
	if (owns && !counts_allow(ptr, len))
		refused(s, ptr, len, -EALREADY);
}

/* Devices that reach too little, or map less than a page, and directions that there are not. */
static void ask_devices(void)
{
	u64 masks[] = { DMA_BIT_MASK(31), DMA_BIT_MASK(32) };
	struct device wrong[] = {
		{ .max_mapping = SZ_1M }, { .dma_mask = &masks[0], .max_mapping = SZ_1M },
		{ .dma_mask = &masks[1], .max_mapping = PAGE_SIZE - 1 },
		{ .dma_mask = &masks[1], .max_mapping = PAGE_SIZE },
	};
	struct buddy_pool_params params = { .dma_dir = DMA_NONE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		params.dev = &wrong[i];
		host_assert(PTR_ERR(buddy_pool_create("wrong", &params)) ==
			    (i < 3 ? -EOPNOTSUPP : -EINVAL));
		host_assert(!wrong[i].refs);
	}
}

/* Addresses and syncs for the device of an instance's pool, if it has one. */
static void ask_dma(struct subject *s, const struct piece *piece)
{
	struct device *dev = s->pool_params.dev;
	size_t synced = dev ? dev->synced : 0;

	host_assert(dualtree_dma_addr(s->dt, piece->ptr) ==
		    (dev ? host_dma_addr(dev, piece->ptr) : DMA_MAPPING_ERROR));
	host_assert(dualtree_dma_addr(s->dt, s) == DMA_MAPPING_ERROR);
	dualtree_dma_sync_for_cpu(s->dt, piece->ptr, piece->len);
	dualtree_dma_sync_for_device(s->dt, piece->ptr, piece->len);
	host_assert(!dev || dev->synced - synced == (dev->needs_sync ? 2 * piece->len : 0));
}

/* Parameters of an instance and of a pool that are refused. */
static void ask_create(struct subject *s)
{
	static const struct dualtree_params wrong[] = {
		{ .max_region_order = 11 }, { .min_region_order = 3, .max_region_order = 2 },
		{ .limit = 1 }, { .limit = SZ_4K, .min_region_order = 1 }, { .flags = BIT(9) },
		{ .flags = DUALTREE_SKIP_ZERO },
	};
	static const struct buddy_pool_params wrong_pools[] = {
		{ .nid = -2 }, { .nid = HOST_NODES }, { .arena_order = 11 }, { .flags = BIT(9) },
		{ .limit = SZ_4K, .reserve = SZ_16K }, { .reserve = SZ_4K, .reserve_order = 1 },
		{ .arena_order = 2, .reserve = SZ_1M, .reserve_order = 3 },
	};
	struct dualtree_params charged = { .pool = s->pool, .flags = DUALTREE_ACCOUNT };
	unsigned int i;

	host_assert(!s->pool || host_fail_every ||
		    PTR_ERR(dualtree_create("wrong", &charged)) == -EINVAL);
	host_assert(PTR_ERR(dualtree_create(NULL, NULL)) == -EINVAL);
	host_assert(PTR_ERR(dualtree_create("", NULL)) == -EINVAL);
	host_assert(PTR_ERR(buddy_pool_create("", NULL)) == -EINVAL);
	ask_devices();
	dualtree_destroy(NULL);
	buddy_pool_destroy(NULL);
	for (i = 0; i < ARRAY_SIZE(wrong) && !host_fail_every; i++)
		host_assert(PTR_ERR(dualtree_create("wrong", &wrong[i])) == -EINVAL);
	for (i = 0; i < ARRAY_SIZE(wrong_pools); i++)
		host_assert(PTR_ERR(buddy_pool_create("wrong", &wrong_pools[i])) == -EINVAL);
}

/* A trim of which the bytes that stay begin before the region. */
static void ask_trim_before(struct subject *s, const struct piece *piece)
{
	if (piece->ptr != region_of(piece->ptr)->base)
		return;
	s->bad++;
	host_assert(dualtree_trim(s->dt, piece->ptr - 8, piece->len + 8, 8) == -EINVAL);
}

void host_op_ask(struct subject *s)
{
	struct piece *piece = s->nr ? &s->pieces[host_choose(s->nr)] : NULL;

	host_assert(!dualtree_free(s->dt, NULL, 7) && !dualtree_trim(s->dt, NULL, 7, 1));
	host_assert(!dualtree_alloc(s->dt, 0, GFP_ATOMIC));
	host_assert(!dualtree_alloc(s->dt, dualtree_max_size(s->dt) + 1, GFP_ATOMIC));
	host_assert(!dualtree_alloc(s->dt, 1, GFP_ATOMIC | __GFP_DMA));
	host_assert(!dualtree_alloc(s->dt, 1, GFP_KERNEL | __GFP_NOFAIL));
	host_assert(!dualtree_alloc_aligned(s->dt, 1, 3, GFP_ATOMIC));
	host_assert(!dualtree_alloc_aligned(s->dt, 1, 2 * dualtree_max_size(s->dt), GFP_ATOMIC));
	host_assert(!dualtree_alloc_bulk(s->dt, 0, GFP_ATOMIC, 1, NULL));
	ask_create(s);
	if (!piece)
		return;
	ask_trim_before(s, piece);
	ask_dma(s, piece);
	host_assert(dualtree_owns(s->dt, piece->ptr, piece->len));
	host_assert(!dualtree_owns(s->dt, piece->ptr, 0));
	host_assert(dualtree_extend(s->dt, piece->ptr, piece->len, piece->len));
	host_assert(!dualtree_trim(s->dt, piece->ptr, piece->len, piece->len));
	host_assert(!dualtree_realloc(s->dt, piece->ptr, piece->len, 0, GFP_ATOMIC));
	host_assert(!dualtree_extend(s->dt, piece->ptr, piece->len, ~0UL));
	host_assert(dualtree_realloc(s->dt, piece->ptr, piece->len, piece->len, GFP_ATOMIC) ==
		    piece->ptr);
	s->bad++;
	host_assert(dualtree_trim(s->dt, piece->ptr, piece->len, piece->len + 1) == -EINVAL);
	host_piece_check(piece);
}
