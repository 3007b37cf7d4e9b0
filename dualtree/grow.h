/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Growth: getting and putting regions, see grow.c.
 */
#ifndef DUALTREE_GROW_H
#define DUALTREE_GROW_H

#include <linux/types.h>

struct dualtree;
struct dt_heap;
struct dt_region;

struct dt_region *dt_region_get(struct dualtree *dt, size_t size, const struct dt_heap *heap,
				gfp_t gfp);
void dt_region_put(struct dualtree *dt, struct dt_region *region);
size_t dt_regions_put(struct dualtree *dt, struct dt_region *retired);

#endif /* DUALTREE_GROW_H */
