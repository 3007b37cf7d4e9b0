// SPDX-License-Identifier: GPL-2.0
/*
 * The public calls on memory.
 *
 * include/dualtree/dualtree.h is the contract, front.h says how it is kept.
 */
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/string.h>
#include "front.h"

void *dualtree_alloc(struct dualtree *dt, size_t size, gfp_t gfp)
{
	return front_alloc(dt, size, gfp);
}
EXPORT_SYMBOL_GPL(dualtree_alloc);

void *dualtree_alloc_aligned(struct dualtree *dt, size_t size, size_t align, gfp_t gfp)
{
	if (!is_power_of_2(align))
		return NULL;
	if (align <= DT_GRANULE)
		return front_alloc(dt, size, gfp);
	return dt_front_alloc_aligned(dt, size, align, gfp);
}
EXPORT_SYMBOL_GPL(dualtree_alloc_aligned);

unsigned int dualtree_alloc_bulk(struct dualtree *dt, size_t size, gfp_t gfp, unsigned int nr,
				 void **ptrs)
{
	return dt_front_alloc_bulk(dt, size, gfp, nr, ptrs);
}
EXPORT_SYMBOL_GPL(dualtree_alloc_bulk);

int dualtree_free(struct dualtree *dt, const void *ptr, size_t len)
{
	return front_free(dt, ptr, len, 0);
}
EXPORT_SYMBOL_GPL(dualtree_free);

int dualtree_trim(struct dualtree *dt, const void *ptr, size_t len, size_t keep)
{
	if (likely(ptr && keep < len))
		return front_free(dt, ptr + keep, len - keep, keep);
	if (!ptr || (len && keep == len))
		return 0;
	return dt_front_refuse(dt, ptr, len, -EINVAL, _RET_IP_);
}
EXPORT_SYMBOL_GPL(dualtree_trim);

int dualtree_free_bulk(struct dualtree *dt, const struct dualtree_range *ranges, unsigned int nr)
{
	return dt_front_free_bulk(dt, ranges, nr, _RET_IP_);
}
EXPORT_SYMBOL_GPL(dualtree_free_bulk);

bool dualtree_extend(struct dualtree *dt, const void *ptr, size_t len, size_t new_len)
{
	if (new_len <= len)
		return !dt_front_check(dt, ptr, len);
	return dt_front_extend(dt, ptr, len, new_len);
}
EXPORT_SYMBOL_GPL(dualtree_extend);

/* Move a range to where there is room for more. */
static void *move(struct dualtree *dt, void *ptr, size_t len, size_t new_len, gfp_t gfp)
{
	void *to = front_alloc(dt, new_len, gfp);

	if (!to)
		return NULL;
	memcpy(to, ptr, len);
	dualtree_free(dt, ptr, len);
	return to;
}

void *dualtree_realloc(struct dualtree *dt, void *ptr, size_t len, size_t new_len, gfp_t gfp)
{
	int err;

	if (!ptr)
		return front_alloc(dt, new_len, gfp);
	err = dt_front_check(dt, ptr, len);
	if (unlikely(err)) {
		dt_front_refuse(dt, ptr, len, err, _RET_IP_);
		return NULL;
	}
	if (!new_len || buddy_refuse_gfp("", dt->name, gfp))
		return NULL;
	if (new_len == len)
		return ptr;
	if (new_len < len)
		return dualtree_trim(dt, ptr, len, new_len) ? NULL : ptr;
	if (!dt_front_extend(dt, ptr, len, new_len))
		return move(dt, ptr, len, new_len, gfp);
	if (gfp & __GFP_ZERO)
		memset(ptr + len, 0, new_len - len);
	return ptr;
}
EXPORT_SYMBOL_GPL(dualtree_realloc);

bool dualtree_owns(struct dualtree *dt, const void *ptr, size_t len)
{
	return dt_front_owns(dt, ptr, len);
}
EXPORT_SYMBOL_GPL(dualtree_owns);

size_t dualtree_granule(void)
{
	return DT_GRANULE;
}
EXPORT_SYMBOL_GPL(dualtree_granule);

size_t dualtree_max_size(struct dualtree *dt)
{
	return dt->max_size;
}
EXPORT_SYMBOL_GPL(dualtree_max_size);
