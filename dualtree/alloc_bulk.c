// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_alloc_bulk(): many blocks of one size, several in one section. Any context that the
 * caller's gfp flags allow. Where the heap has no more, dt_alloc_request() gets one.
 *
 * Locks: none in a section. After it those of dt_alloc_request(), and the pool's for retired
 * regions.
 */
#include <linux/export.h>
#include "alloc.h"
#include "grow.h"
#include "section.h"

/* Allocate up to @nr in one section, without growing. Return: the number of them. */
static unsigned int alloc_some(struct dualtree *dt, const struct dt_request *req, unsigned int nr,
			       void **ptrs)
{
	struct dt_heap *heap = section_enter(dt);
	struct dt_region *retired;
	unsigned int i = 0;

	nr = min3(nr, (unsigned int)BULK_MAX, (unsigned int)(BULK_BYTES / req->size) ?: 1);
	while (heap && i < nr) {
		ptrs[i] = heap_alloc_cached(heap, req->size);
		if (!ptrs[i])
			break;
		i++;
	}
	if (heap) {
		local64_add(i, &heap->counts.allocs);
		local64_add((s64)i * req->size, &heap->counts.live_bytes);
	}
	retired = section_exit(dt, heap);
	dt_regions_put(dt, retired);
	return i;
}

unsigned int dualtree_alloc_bulk(struct dualtree *dt, size_t size, gfp_t gfp, unsigned int nr,
				 void **ptrs)
{
	struct dt_request req = { .size = size, .gfp = gfp };
	unsigned int done = 0, got, i;

	if (!size_valid(dt, size) || buddy_refuse_gfp("", dt->name, gfp))
		return 0;
	while (done < nr) {
		got = alloc_some(dt, &req, nr - done, ptrs + done);
		if (ALLOC_TRACKED || alloc_watched(dt, gfp))
			for (i = done; i < done + got; i++)
				dt_alloc_post(dt, ptrs[i], size, gfp);
		done += got;
		if (got)
			continue;
		ptrs[done] = dt_alloc_request(dt, &req);
		if (!ptrs[done])
			break;
		done++;
	}
	return done;
}
EXPORT_SYMBOL_GPL(dualtree_alloc_bulk);
