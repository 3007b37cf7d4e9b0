// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_realloc(): trims, extends or moves a range, in that order of preference. Any context
 * that the caller's gfp flags allow.
 *
 * Locks: those of the calls that it makes.
 */
#include <linux/export.h>
#include <linux/string.h>
#include <dualtree/dualtree.h>
#include "../buddy/pool.h"
#include "../compat/compat.h"
#include "range.h"
#include "section.h"

/* Allocate @new_len bytes, copy the range there and free it. */
static void *range_move(struct dualtree *dt, void *ptr, size_t len, size_t new_len, gfp_t gfp)
{
	void *to = dualtree_alloc(dt, new_len, gfp);

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
		return dualtree_alloc(dt, new_len, gfp);
	err = dt_range_status(dt, ptr, len);
	if (unlikely(err)) {
		dt_report_bad_free(dt, ptr, len, err, _RET_IP_);
		return NULL;
	}
	if (!new_len || buddy_refuse_gfp("", dt->name, gfp))
		return NULL;
	if (new_len == len)
		return ptr;
	if (new_len < len)
		return dualtree_trim(dt, ptr, len, new_len) ? NULL : ptr;
	if (!dualtree_extend(dt, ptr, len, new_len))
		return range_move(dt, ptr, len, new_len, gfp);
	if (gfp & __GFP_ZERO)
		memset(ptr + len, 0, new_len - len);
	return ptr;
}
EXPORT_SYMBOL_GPL(dualtree_realloc);
